"""The von Mises law."""

import numpy as np
import pytest
from scipy import special, stats
from scipy.integrate import quad

from reparam.laws import von_mises


@pytest.mark.parametrize("kappa", [0.3, 2.0, 30.0], ids=str)
def test_von_mises_equals_scipy(kappa):
    z = np.linspace(-np.pi, np.pi, 13)
    np.testing.assert_allclose(von_mises.von_mises_density(z, kappa), stats.vonmises.pdf(z, kappa), rtol=1e-10)
    np.testing.assert_allclose(von_mises.von_mises_cdf(z, kappa), stats.vonmises.cdf(z, kappa), atol=1e-12)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(von_mises.von_mises_cdf(z, kappa, terms=1), stats.vonmises.cdf(z, kappa), atol=1e-3)


def test_von_mises_series_sums_exactly_its_terms():
    ratio = special.ive([1, 2], 2.0) / special.ive(0, 2.0)
    expected = (1.0 + np.pi) / (2 * np.pi) + (ratio[0] * np.sin(1.0) + ratio[1] * np.sin(2.0) / 2) / np.pi
    assert von_mises.von_mises_cdf(1.0, 2.0, terms=2) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("kappa", [59.9, 60.1, 1e3, 1e6, 1e12], ids=str)
def test_the_law_keeps_its_digits_at_every_concentration(kappa):
    # z = 2 asin(s / sqrt(4 kappa) ) turns the density into exp(-s^2/2) / sqrt(1 - s^2/(4 kappa)), a smooth bell
    s = np.array([-2.0, -0.3, 0.0, 1.0, 4.0])
    top = 9.0
    whole, *parts = (quad(lambda t: np.exp(-t * t / 2) / np.sqrt(1 - t * t / (4 * kappa)), *ends, epsabs=1e-14)[0]
                     for ends in ((-top, top), *((-top, end) for end in s)))
    z = 2 * np.arcsin(s / np.sqrt(4 * kappa))
    np.testing.assert_allclose(von_mises.von_mises_cdf(z, kappa), np.array(parts) / whole, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda: von_mises.von_mises_cdf(4.0, 1.0), "z must lie between -pi and pi"),
     (lambda: von_mises.von_mises_cdf(0.0, [1.0, 2.0]), "kappa must be positive and finite, one number"),
     (lambda: von_mises.von_mises_cdf(0.0, 1.0, terms=0), "terms must be a whole number at least 1")],
    ids=["off the circle", "two concentrations", "no terms"],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()
