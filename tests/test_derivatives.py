"""Numerical derivatives."""

import math

import numpy as np
import pytest
import torch

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


def test_values_and_slopes_come_from_one_evaluation():
    asked, z = [], torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    value, slope = derivatives.value_and_slope(lambda z: asked.append(1) or (z**3).sum(-1), z)
    assert (asked, value.tolist(), slope.tolist()) == ([1], [-7.0], [[3.0, 12.0]])


def test_a_cost_without_slopes_is_refused_by_its_name():
    z = torch.ones(2, 1, dtype=torch.float64)
    with pytest.raises(ValueError, match="energy must be differentiable"):
        derivatives.value_and_slope(lambda z: z.detach().sum(-1), z, "energy")


def test_a_slope_of_ones_own_is_used_and_a_wrong_one_refused():
    z, cost = torch.tensor([[0.5], [-1.5]], dtype=torch.float64), lambda z: z.square().sum(-1)
    known = derivatives.WithSlope(cost, lambda z: 2 * z, z)
    torch.testing.assert_close(derivatives.slope_of(known, 3 * z), 6 * z)
    torch.testing.assert_close(derivatives.slope_of(cost, 3 * z), 6 * z)
    for wrong in (lambda z: -2 * z, lambda z: z, lambda z: 2 * z[:1], None):
        with pytest.raises(ValueError, match="slope"):
            derivatives.WithSlope(cost, wrong, z)


def test_extrapolation_removes_powers_of_one_over_k():
    K = np.array([5.0, 10, 20, 40])
    assert derivatives.extrapolate(list(3 + 2 / K - 7 / K**2 + 1 / K**3)) == pytest.approx(3.0, abs=1e-12)
    assert derivatives.extrapolate([4.0]) == 4.0
