"""Numerical derivatives."""

import math

import numpy as np
import pytest

from reparam import derivatives


def test_derivative_steps_one_hundredth_four_times_each_way():
    asked = []
    derivatives.derivative(lambda t: asked.append(t) or t, 0.0)
    assert sorted(asked) == pytest.approx([-0.04, -0.03, -0.02, -0.01, 0.01, 0.02, 0.03, 0.04])


@pytest.mark.parametrize("step", [0.0, -1e-3, math.nan])
def test_derivative_refuses_a_bad_step(step):
    with pytest.raises(ValueError, match=r"step must be (positive|finite)"):
        derivatives.derivative(math.sin, 0.0, step)


def test_derivative_is_exact_for_polynomials_of_degree_eight():
    expected = 8 * 1.3**7 - 15 * 1.3**4
    assert derivatives.derivative(lambda x: x**8 - 3 * x**5, 1.3, 0.1) == pytest.approx(expected, rel=1e-12)
    # the error of x^9 is 9!/630 h^8 in size: the order is eight, not more
    error = derivatives.derivative(lambda x: x**9, 0.0, 0.5)
    assert abs(error) == pytest.approx(576 * 0.5**8, rel=1e-9)
    assert derivatives.derivative(np.sin, 0.4) == pytest.approx(np.cos(0.4), abs=1e-13)
