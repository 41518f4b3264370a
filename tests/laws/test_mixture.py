"""Mixtures of Gaussians."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch.testing import assert_close

from reparam.laws import mixture

TARGET = mixture.Mixture((0.35, 0.65), (-1.5, 1.0), (0.3, 0.8))


def close(actual, expected, tol=1e-10):
    assert_close(torch.as_tensor(actual), torch.as_tensor(expected), rtol=tol, atol=tol, check_dtype=False)


def test_three_components():
    law = mixture.Mixture((0.2, 0.3, 0.5), (0.0, 10.0, 20.0), (1.0, 1.0, 1.0))
    close(law.draw(np.array([0.1, 0.3, 0.7]), np.zeros(3)), np.array([0.0, 10.0, 20.0]))


def test_the_mean_is_that_of_the_means():
    assert TARGET.mean == pytest.approx(-0.35 * 1.5 + 0.65)


def test_density_is_a_sum_of_bells():
    y = np.array([-2.0, 0.3, 1.1])
    close(TARGET.density(y), 0.35 * stats.norm.pdf(y, -1.5, 0.3) + 0.65 * stats.norm.pdf(y, 1.0, 0.8))


def test_tail_is_the_mass_above_and_keeps_its_digits():
    y = np.array([-2.0, 0.3, 1.1])
    close(TARGET.tail(y), 1 - TARGET.cdf(y))
    np.testing.assert_allclose(TARGET.tail(9.0), 0.65 * stats.norm.sf(10.0), rtol=1e-12)


def test_transport_of_one_component_is_affine():
    z = np.array([[-9.0, -1.0], [0.0, 9.0]])
    close(mixture.Mixture((1.0,), (0.5,), (2.0,)).transport(z), 0.5 + 2 * z)


def test_transport_solves_for_equal_mass_in_both_tails():
    z = np.linspace(-11, 11, 45)
    y, law = TARGET.transport(z), mixture.Mixture((0.65, 0.35), (-1.0, 1.5), (0.8, 0.3))
    assert (np.diff(y) > 0).all()
    lower = z < 0
    np.testing.assert_allclose(TARGET.cdf(y[lower]), stats.norm.cdf(z[lower]), rtol=1e-9)
    close(TARGET.transport(z.reshape(3, 15)), y.reshape(3, 15))
    # the mirrored mixture: its cdf at -y is this one's survival function
    np.testing.assert_allclose(law.cdf(-y[~lower]), stats.norm.sf(z[~lower]), rtol=1e-9)


@pytest.mark.parametrize("arguments", [
    ((0.5, 0.5), (0.0,), (1.0, 1.0)), ((0.5, 0.5), (0.0, 1.0), (1.0,)), ((0.5, 0.4), (0, 1), (1, 1)),
    ((1.0, 0.0), (0, 1), (1, 1)), ((0.5, 0.5), (0, 1), (1.0, 0.0)),
], ids=["means", "sigmas", "sum", "zero weight", "zero sigma"])
def test_bad_mixtures_are_refused(arguments):
    with pytest.raises(ValueError, match=r"one length|weights must|sigmas must"):
        mixture.Mixture(*arguments)
