"""Noised mixtures: what is seen tells of what was there."""

import numpy as np
import pytest

from reparam.derivatives import derivative
from reparam.laws.mixture import Mixture
from reparam.laws.noising import Noised, bridge, level

DATA = Mixture((0.35, 0.65), (-1.0, 0.7), (0.3, 0.5))
X = np.array([-2.0, -0.3, 0.1, 1.4])


def test_levels_by_hand():
    # r = 1: half the variance each; r = 3: three quarters signal
    alpha, sigma = level(np.array([1.0, 3.0]))
    np.testing.assert_allclose(alpha**2, [0.5, 0.75])
    np.testing.assert_allclose(sigma**2, [0.5, 0.25])


@pytest.mark.parametrize(("alpha", "sigma"), [(0.8, 0.6), (0.3, 1.2), (1.0, 0.05)], ids=str)
def test_moments_of_the_datum_by_integration(alpha, sigma):
    here = Noised(DATA, alpha, sigma)
    x_0 = np.arange(-5, 5, 0.004)[:, None]
    joint = DATA.density(x_0) * np.exp(-0.5 * ((X - alpha * x_0) / sigma) ** 2)
    joint /= joint.sum(0)
    mean = (x_0 * joint).sum(0)
    np.testing.assert_allclose(here.guess(X), mean, atol=1e-10)
    central = [((x_0 - mean) ** power * joint).sum(0) for power in (2, 3, 4)]
    np.testing.assert_allclose(here.central(X), central, atol=1e-10)


def test_datum_noise_and_slope_are_one():
    here = Noised(DATA, 0.7, 0.4)
    slope = derivative(lambda h: np.log(here.law.density(X + h)), 0.0, 0.002)
    np.testing.assert_allclose(slope, -here.noise(X) / 0.4, atol=1e-7)
    np.testing.assert_allclose(0.7 * here.guess(X) + 0.4 * here.noise(X), X, atol=1e-12)
    assert abs(slope + here.noise(X)).min() > 0.01  # negative control: the deviation forgotten


def test_one_level_per_point():
    many = Noised(DATA, np.array([0.7, 0.2]), np.array([0.4, 0.9]))
    for k, one in enumerate((Noised(DATA, 0.7, 0.4), Noised(DATA, 0.2, 0.9))):
        for name in ("guess", "noise", "central"):
            np.testing.assert_allclose(getattr(many, name)(X[:2])[..., k], getattr(one, name)(X[k]))
    with pytest.raises(ValueError, match="alpha must"):
        _ = many.law


def test_no_noise_leaves_the_datum():
    here = Noised(DATA, 1.0, 0.0)
    np.testing.assert_allclose(here.guess(X), X)
    np.testing.assert_allclose(here.noise(X), 0.0)
    np.testing.assert_allclose(here.central(X), 0.0, atol=1e-15)
    np.testing.assert_allclose(here.law.density(X), DATA.density(X))


def test_pure_noise_leaves_the_mean():
    here = Noised(DATA, 0.0, 1.0)
    np.testing.assert_allclose(here.guess(X), DATA.mean)
    np.testing.assert_allclose(here.central(X)[0], DATA.variance)


def test_bridge_is_bayes_rule():
    near, far = (0.9, 0.3), (0.5, 0.8)
    along = 0.5 / 0.9
    fresh = 0.64 - along**2 * 0.09
    # precisions add: of x_s through x_t, and of x_s given x_0
    precision = along**2 / fresh + 1 / 0.09
    mean, deviation = bridge(np.array([0.4, -1.0]), 0.2, near, far)
    expected = (along * 0.2 / fresh + 0.9 * np.array([0.4, -1.0]) / 0.09) / precision
    np.testing.assert_allclose(mean, expected, atol=1e-12)
    assert deviation == pytest.approx(precision**-0.5)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: level(np.array([1.0, 0.0])), "r must"),
    (lambda: bridge(0.1, 0.2, (0.5, 0.8), (0.9, 0.3)), "far must have a lower"),
    (lambda: bridge(0.1, 0.2, (0.5, 0.0), (0.4, 0.3)), "near must"),
    (lambda: Noised(0.3, 1.0, 1.0), "data must"),
    (lambda: Noised(DATA, -1.0, 1.0), "alpha must"),
    (lambda: Noised(DATA, 0.0, 0.0), "alpha and sigma"),
], ids=["ratio", "order", "no noise", "no law", "sign", "nothing"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
