"""The von Mises law."""

import numpy as np
import pytest
from scipy import special, stats

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
