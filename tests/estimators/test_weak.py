"""Weak derivatives: by hand, unbiased by exact sums, and their variances."""

import numpy as np
import pytest

from reparam.chapters import blackbox as chapter
from reparam.derivatives import derivative
from reparam.estimators import weak


def test_by_hand():
    np.testing.assert_array_equal(weak.poisson_difference(np.square, [0, 3]), [1, 7])
    np.testing.assert_array_equal(weak.poisson_difference(np.square, [0, 3], [2, 1]), [-3, 15])
    # shape 2, scale 4: half of (1 + 4 * 0.5)^2 - 1
    np.testing.assert_allclose(weak.gamma_difference(np.square, 2.0, 4.0, [1.0], [0.5]), [4.0])
    np.testing.assert_allclose(weak.gamma_difference(np.square, 2.0, 4.0, [1.0], [0.5], [2.0]), [2.5])


@pytest.mark.parametrize("theta", [0.4, 5.0])
def test_poisson_is_unbiased(theta):
    n, odds = chapter.poisson_nodes(theta)
    # the mean of cos n is Re exp(theta (e^i - 1))
    slope = derivative(lambda t: np.exp(t * (np.exp(1j) - 1)).real, theta)
    assert odds @ weak.poisson_difference(np.cos, n) == pytest.approx(slope, abs=1e-10)
    # negative control: one fewer in place of one more
    assert abs(odds @ (np.cos(n) - np.cos(n - 1)) - slope) > 1e-3


@pytest.mark.parametrize(("shape", "scale"), [(1.0, 0.7), (2.5, 1.3)])
def test_gamma_is_unbiased(shape, scale):
    x, more, w = chapter.gamma_nodes(shape)
    g = weak.gamma_difference(lambda x: x**3, shape, scale, scale * x, more)
    # the mean of x^3 is a (a + 1) (a + 2) theta^3
    assert w @ g == pytest.approx(3 * shape * (shape + 1) * (shape + 2) * scale**2)


def test_variances_by_hand():
    coupled, apart = weak.with_and_without_coupling(2.0, [1.0, 3.0], [0.0, 2.0], [0.5, 0.5])
    assert (coupled, apart) == pytest.approx((0.0, 8.0))  # 4 (1 + 1)
    coupled, apart = weak.with_and_without_coupling(3.0, [1.0, 3.0], [2.0, 0.0], [0.5, 0.5])
    assert (coupled, apart) == pytest.approx((36.0, 18.0))  # 9 times 4, and 9 (1 + 1)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: weak.poisson_difference(np.square, [np.nan]), "n must"),
    (lambda: weak.poisson_difference(np.square, [1.0], [1.0, 2.0]), "other must"),
    (lambda: weak.poisson_difference(np.sum, [1.0, 2.0]), "cost must"),
    (lambda: weak.gamma_difference(np.square, 0.0, 1.0, [1.0], [1.0]), "shape must"),
    (lambda: weak.gamma_difference(np.square, 1.0, -1.0, [1.0], [1.0]), "scale must"),
    (lambda: weak.gamma_difference(np.square, 1.0, 1.0, [1.0], [1.0, 2.0]), "more must"),
], ids=["nan", "sizes", "cost", "shape", "scale", "more"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
