"""The von Mises law on the circle: density and distribution function."""

import numpy as np
from scipy.special import i0e, ive

from reparam.guards import guarded, require_count, require_finite_array, require_number

BY_SERIES = 60.0
"""Concentration up to which the Fourier series is short; beyond, the density is a narrow bell, and is integrated."""
_X, _W = np.polynomial.legendre.leggauss(64)


@guarded(kappa="number")
def von_mises_density(z, kappa):
    r"""The von Mises density :math:`e^{\kappa\cos z}/(2\pi I_0(\kappa))` on the circle.

    Parameters
    ----------
    z : array
        Angles in radians.
    kappa : float
        Concentration, positive.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``kappa`` is not positive, or ``z`` is not finite.
    """
    z, kappa = require_finite_array("z", z), require_number("kappa", kappa, above=0)
    return np.exp(-2 * kappa * np.sin(z / 2) ** 2) / (2 * np.pi * i0e(kappa))


def von_mises_cdf(z, kappa, terms=None):
    r"""Its distribution function, from the Fourier series of the density, or its integral where the law is narrow.

    .. math:: F(z;\kappa)=\frac{z+\pi}{2\pi}+\frac1\pi\sum_{j\ge1}\frac{I_j(\kappa)}{I_0(\kappa)}\frac{\sin jz}{j}

    Parameters
    ----------
    z : array
        Angles from :math:`-\pi` to :math:`\pi`.
    kappa : float
        Concentration, positive; good to 1e-12 for every one.
    terms : int, optional
        So many terms of the series, instead of what float64 can see.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``kappa`` is not positive, ``z`` not between :math:`-\pi` and :math:`\pi`, or ``terms`` below 1.
    """
    z, kappa = require_finite_array("z", z), require_number("kappa", kappa, above=0)
    if not (abs(z) <= np.pi).all():
        raise ValueError(f"z must lie between -pi and pi, got {abs(z).max()}")
    if terms is None and kappa > BY_SERIES:
        end = np.minimum(abs(z), 14.2 / np.sqrt(kappa))  # beyond, the density is below 1e-17 of its height
        heights = von_mises_density(np.multiply.outer(end, (1 + _X) / 2), kappa)
        return 0.5 + np.sign(z) * end / 2 * (heights @ _W)
    j = np.arange(1, 60 + 1 if terms is None else require_count("terms", terms) + 1)
    heights = ive(j, kappa) / ive(0, kappa) / j
    seen = heights > 1e-17  # the rest would change no digit, and sines are what this costs
    waves = np.sin(np.multiply.outer(z, j[seen]))
    return (z + np.pi) / (2 * np.pi) + waves @ heights[seen] / np.pi
