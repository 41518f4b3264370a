"""Integrals known in closed form, and refusals."""

import math

import numpy as np
import pytest

from reparam import quadrature


@pytest.mark.parametrize(
    ("f", "a", "b", "points", "exact"),
    [
        (np.cos, 0.0, 2.0, (), math.sin(2.0)),
        (np.abs, -1.0, 2.0, (0.0,), 2.5),  # 1/2 + 2
        (lambda z: np.where(z < 0.3, 0.0, 1.0), 0.0, 1.0, (0.3,), 0.7),
        (lambda z: np.exp(-0.5 * (z / 1e-3) ** 2), -1.0, 1.0, (), 1e-3 * math.sqrt(2 * math.pi)),
    ],
    ids=["cosine", "kink", "jump", "narrow peak"],
)
def test_integral_equals_closed_form(f, a, b, points, exact):
    assert quadrature.integral(f, a, b, points) == pytest.approx(exact, rel=1e-11, abs=1e-13)


def test_several_integrals_at_once():
    value = quadrature.integral(lambda z: np.stack([z, z**2]), 0.0, 1.0)
    np.testing.assert_allclose(value, [1 / 2, 1 / 3], rtol=1e-13)


@pytest.mark.parametrize("k", [0.5, 3.0], ids=["slow", "fast"])
def test_expectation_of_cosine_is_the_characteristic_function(k):
    # E cos(kz) = cos(k mu) exp(-k^2 sigma^2 / 2)
    value = quadrature.expectation(lambda z: np.cos(k * z), 0.4, 1.3)
    assert value == pytest.approx(math.cos(0.4 * k) * math.exp(-0.5 * (1.3 * k) ** 2), abs=1e-12)


@pytest.mark.parametrize("d", [1, 2, 3], ids=["d=1", "d=2", "d=3"])
def test_normal_nodes_integrate_polynomials(d):
    eps, weights = quadrature.normal_nodes(d, 12)
    assert eps.shape == (12**d, d)
    np.testing.assert_allclose(weights.sum(), 1.0, rtol=1e-13)
    np.testing.assert_allclose(weights @ eps**4, np.full(d, 3.0), rtol=1e-11)  # E eps^4 = 3
    np.testing.assert_allclose(weights @ np.prod(eps**2, axis=1), 1.0, rtol=1e-11)


@pytest.mark.parametrize(("a", "b"), [(1.0, 0.0), (0.0, np.inf), (np.nan, 1.0)], ids=["order", "infinite", "nan"])
def test_bad_ends_are_refused(a, b):
    with pytest.raises(ValueError, match="finite with a < b"):
        quadrature.integral(np.cos, a, b)


def test_a_rough_integrand_is_refused_not_guessed():
    with pytest.raises(ValueError, match="too rough"):
        quadrature.integral(lambda z: np.where(z < math.pi / 10, 0.0, 1.0), 0.0, 1.0)


def test_an_integrand_that_is_not_vectorised_is_refused():
    with pytest.raises(ValueError, match="one value per node"):
        quadrature.integral(lambda z: np.zeros(3), 0.0, 1.0)


@pytest.mark.parametrize("sigma", [0.0, -1.0, np.nan], ids=["zero", "negative", "nan"])
def test_expectation_refuses_sigma_that_is_not_positive(sigma):
    with pytest.raises(ValueError, match="sigma must be positive"):
        quadrature.expectation(np.cos, 0.0, sigma)


@pytest.mark.parametrize(("d", "nodes"), [(0, 10), (5, 10), (1, 1), (1, 151)], ids=["d=0", "d=5", "one", "many"])
def test_normal_nodes_refuse_grids_out_of_reach(d, nodes):
    with pytest.raises(ValueError, match="d must be 1 to 4"):
        quadrature.normal_nodes(d, nodes)
