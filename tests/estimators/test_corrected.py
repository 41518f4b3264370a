"""Slopes as control variates, with their correction."""

import numpy as np
import pytest
from samples.bits import ELL, STATES, THETA, WEIGHTS, cost
from scipy.special import expit, logit

from reparam import checks as check
from reparam.derivatives import derivative
from reparam.estimators import corrected, structure

TAU, WEIGHT = 0.6, 0.7


def gradient(b):
    return 3 * ((b.sum(1) - 1.2) ** 2)[:, None] * np.ones(b.shape)


def one(y):
    return (y - 0.3) ** 3


def one_slope(y):
    return 3 * (y - 0.3) ** 2


def grid(theta, nodes=60):
    """Gauss-Legendre nodes for one bit's pair of uniform numbers, cut where the bit turns."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    x, w = (x + 1) / 2, w / 2
    u = np.concatenate([(1 - theta) * x, 1 - theta * x])
    mass = np.concatenate([(1 - theta) * w, theta * w])
    return np.repeat(u, nodes)[:, None], np.tile(x, 2 * nodes)[:, None], np.outer(mass, w).ravel()


def rebar(u, v):
    def control(z):
        return WEIGHT * one(expit(z / TAU)).sum(1)

    def slope(z):
        y = expit(z / TAU)
        return WEIGHT * one_slope(y) * y * (1 - y) / TAU

    return corrected.relax(lambda b: one(b).sum(1), control, slope, np.full(u.shape[1], expit(ELL)), u, v)


def test_muprop_is_unbiased_and_exact_for_linear_costs():
    draws = corrected.muprop(cost, gradient, THETA, STATES)
    np.testing.assert_allclose(WEIGHTS @ draws, structure.enumerated(cost, THETA), rtol=1e-12)
    line = np.array([1.0, -2.0, 0.5])
    flat = corrected.muprop(lambda b: b @ line, lambda b: np.broadcast_to(line, b.shape), THETA, STATES)
    np.testing.assert_allclose(flat, np.broadcast_to(line * THETA * (1 - THETA), flat.shape), rtol=1e-12)


def test_muprop_without_its_correction_is_rejected():
    draws = corrected.muprop(cost, gradient, THETA, STATES) - gradient(THETA[None]) * THETA * (1 - THETA)
    with pytest.raises(check.CheckFailed):
        check.equal("muprop", WEIGHTS @ draws, structure.enumerated(cost, THETA))


def test_relax_has_the_exact_mean_and_the_stated_variance():
    u, v, mass = grid(expit(ELL))
    draws = rebar(u, v)[:, 0]
    theta = expit(ELL)
    truth = theta * (1 - theta) * (one(1.0) - one(0.0))
    assert mass @ draws == pytest.approx(truth, abs=1e-7)
    stated = corrected.rebar_variance(one, one_slope, ELL, TAU, WEIGHT)
    assert mass @ draws**2 - truth**2 == pytest.approx(stated, abs=1e-7)


def test_the_foreign_bits_enter_the_variance_as_the_law_of_total_variance_says():
    # the rest of the control is independent of the first bit: Var = Var1 + 2 m E[own s] + (Var R + m^2) v
    theta = expit(ELL)
    u, v, mass = grid(theta)
    z = logit(theta) + logit(u)
    b = (z > 0).astype(float)
    again = logit(theta) + corrected.conditional_noise(theta, b, v)
    rest = (one(b) - WEIGHT * one(expit(again / TAU)))[:, 0]
    m, own = mass @ rest, rebar(u, v)[:, 0]
    spread, score = mass @ rest**2 - m**2, (b - theta)[:, 0]
    expected = (mass @ (own + 4 * m * score) ** 2 + 4 * spread * theta * (1 - theta) - (mass @ own) ** 2)
    assert corrected.rebar_variance(one, one_slope, ELL, TAU, WEIGHT, 5) == pytest.approx(expected, abs=1e-6)


def test_noise_given_the_bit_lies_on_its_side_and_moves_as_stated():
    for b in (0, 1):
        def moved(ell, b=b):
            return ell + corrected.conditional_noise(expit(ell), b, np.array([0.1, 0.5, 0.9]))

        assert ((moved(ELL) > 0) == b).all()
        np.testing.assert_allclose(
            corrected.conditional_slope(expit(ELL), b, moved(ELL)), derivative(moved, ELL), rtol=1e-8)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: corrected.muprop(cost, gradient, THETA, np.full((1, 3), np.nan)), "b must be finite"),
        (lambda: corrected.muprop(lambda b: b.sum(1) * np.nan, gradient, THETA, STATES), "cost must be finite"),
        (lambda: rebar(np.full((1, 1), np.nan), np.full((1, 1), 0.5)), "u must be finite"),
        (lambda: rebar(np.full((1, 1), 0.5), np.full((1, 1), np.inf)), "v must be finite"),
        (lambda: corrected.rebar_variance(one, one_slope, ELL, 0.0, 1.0), "tau must be positive"),
    ],
    ids=["b", "cost", "u", "v", "tau"],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
