"""Exact variances over noise that fills its space."""

import math

import numpy as np
import pytest

from reparam import noise
from reparam.estimators import filling
from reparam.estimators import filling_variances as exact


def test_strata_of_the_noise_in_closed_form():
    n = 5
    edges = np.array([-40.0, *filling.as_normal(np.arange(1, n) / n), 40.0])
    bell = np.exp(-(edges**2) / 2) / math.sqrt(2 * math.pi)
    mean, square = exact.stratum_moments(lambda e: e, n)
    np.testing.assert_allclose(mean, n * (bell[:-1] - bell[1:]), atol=1e-10)
    np.testing.assert_allclose(square, 1 + n * (edges[:-1] * bell[:-1] - edges[1:] * bell[1:]), atol=1e-10)
    assert square.mean() == pytest.approx(1.0)


def test_one_stratum_is_plain():
    mean, square = exact.stratum_moments(lambda e: np.stack([e, np.cos(e)]), 1)
    assert exact.stratified_variance(mean, square)[0] == pytest.approx(1.0)
    assert mean[1, 0] == pytest.approx(math.exp(-0.5))


def test_a_uniform_variable_has_a_twelfth_of_n_cubed():
    from scipy.special import ndtr

    for n in (1, 4, 9):
        assert exact.stratified_variance(*exact.stratum_moments(ndtr, n)) == pytest.approx(1 / (12 * n**3))


def test_two_strata_by_hand():
    # halves with means -1, 1 and mean squares 2, 4: (1/4) (1 + 3)
    assert exact.stratified_variance([-1.0, 1.0], [2.0, 4.0]) == pytest.approx(1.0)


def test_a_product_over_a_latin_hypercube_by_enumeration():
    # two strata, factors constant in them: A = -1, 1 and B = 2, -2; the two shuffles give means 2 and -2
    assert exact.latin_product_variance([-1.0, 1.0], [1.0, 1.0], [2.0, -2.0], [4.0, 4.0]) == pytest.approx(4.0)


def test_a_jump_by_simulation():
    n, c = 5, 0.3
    u = noise.generator("test/jump").uniform(size=(20_000, n))
    means = (filling.as_normal(filling.strata(u)) > c).mean(1)
    stated = exact.jump_variance(c, 0.0, 1.0, n)
    # Phi(0.3) = 0.6179: r = 0.0896 of the fourth stratum
    assert stated == pytest.approx(0.08956 * 0.91044 / 25, rel=1e-3)
    assert means.var() == pytest.approx(stated, rel=0.15)
    assert exact.jump_variance(0.0, 0.0, 1.0, 4) == pytest.approx(0.0)
    assert exact.jump_variance(0.0, 0.0, 1.0, 1) == pytest.approx(0.25)  # one stratum is the law itself


@pytest.mark.parametrize(("call", "word"), [
    (lambda: exact.stratum_moments(np.cos, 0), "n must"),
    (lambda: exact.stratum_moments(lambda e: 1.0, 3), "g must"),
    (lambda: exact.latin_product_variance([1.0, 0.0], [1.0, 1.0], [1.0, -1.0], [1.0, 1.0]), "a must"),
    (lambda: exact.latin_product_variance([0.0], [1.0], [0.0], [1.0]), "a must"),
    (lambda: exact.jump_variance(0.0, 0.0, 0.0, 3), "sigma must"),
    (lambda: exact.stratified_variance(1.0, 1.0), "mean must"),
], ids=["none", "values", "mean", "lone", "sigma", "scalar"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
