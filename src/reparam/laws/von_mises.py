"""The von Mises law on the circle: density and distribution function."""

import numpy as np
from scipy.special import ive

from reparam.guards import require_positive_array


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
        If ``kappa`` is not positive.
    """
    require_positive_array("kappa", kappa)
    return np.exp(kappa * (np.cos(z) - 1)) / (2 * np.pi * ive(0, kappa))


def von_mises_cdf(z, kappa, terms=60):
    r"""Its distribution function, from the Fourier series of the density.

    .. math:: F(z;\kappa)=\frac{z+\pi}{2\pi}+\frac1\pi\sum_{j\ge1}\frac{I_j(\kappa)}{I_0(\kappa)}\frac{\sin jz}{j}

    Parameters
    ----------
    z : array
        Angles from :math:`-\pi` to :math:`\pi`.
    kappa : float
        Concentration, positive; with 60 terms good to 1e-12 up to 60.
    terms : int

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``kappa`` is not positive.
    """
    require_positive_array("kappa", kappa)
    j = np.arange(1, terms + 1)
    heights = ive(j, kappa) / ive(0, kappa) / j
    seen = heights > 1e-17  # the rest would change no digit, and sines are what this costs
    waves = np.sin(np.multiply.outer(z, j[seen]))
    return (np.asarray(z) + np.pi) / (2 * np.pi) + waves @ heights[seen] / np.pi
