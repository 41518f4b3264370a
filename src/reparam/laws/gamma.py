r"""The Gamma law of shape :math:`\alpha` and unit rate: density, score, exact means of powers and logarithms."""

import math

import numpy as np
from scipy.special import digamma, gammaln, polygamma

from reparam.guards import guarded, require_number, require_positive_array


@guarded(z="array ...", alpha="number")
def gamma_density(z, alpha):
    r""":math:`z^{\alpha-1}e^{-z}/\Gamma(\alpha)`.

    Parameters
    ----------
    z : array
        Positive.
    alpha : float
        The shape, positive.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``z`` or ``alpha`` is not positive.
    """
    z, alpha = require_positive_array("z", z), require_number("alpha", alpha, above=0)
    return np.exp((alpha - 1) * np.log(z) - z - gammaln(alpha))


@guarded(z="array ...", alpha="number")
def gamma_score(z, alpha):
    r"""The score :math:`\partial_\alpha\log q=\log z-\psi(\alpha)`; parameters and errors as :func:`gamma_density`."""
    return np.log(require_positive_array("z", z)) - digamma(require_number("alpha", alpha, above=0))


@guarded(alpha="number")
def gamma_mean(terms, alpha):
    r"""Exact mean of a sum of terms :math:`c\,z^{i/3}\ell^{\,k}`, where :math:`\ell=\log z-\psi(\alpha)`.

    With :math:`m(s)=\mathbb E[z^s]=\Gamma(\alpha+s)/\Gamma(\alpha)` and :math:`\delta=\psi(\alpha+s)-\psi(\alpha)`:

    .. math:: \mathbb E[z^s\ell]=m(s)\,\delta,\qquad\mathbb E[z^s\ell^2]=m(s)\bigl(\delta^2+\psi'(\alpha+s)\bigr)

    Parameters
    ----------
    terms : dict of (int, int) to float
        The coefficient c by the exponents (i, k), k from 0 to 2.
    alpha : float
        The shape, positive.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a mean is infinite, :math:`\alpha+i/3\le0`, or k is not 0, 1 or 2.
    """
    alpha, total = require_number("alpha", alpha, above=0), 0.0
    for (thirds, logs), coefficient in terms.items():
        s = thirds / 3
        if logs not in (0, 1, 2) or alpha + s <= 0:
            raise ValueError(f"terms must have logs 0, 1 or 2 and a finite mean at alpha = {alpha:g}, "
                             f"got z^({thirds}/3) with {logs} logs")
        moment = math.exp(gammaln(alpha + s) - gammaln(alpha))
        delta = digamma(alpha + s) - digamma(alpha)
        total += coefficient * moment * (1.0, delta, delta**2 + polygamma(1, alpha + s))[logs]
    return float(total)
