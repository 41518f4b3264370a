"""Gumbel noise, categories drawn with it, and the Concrete law of their relaxation."""

import numpy as np
from scipy.special import gammaln, log_softmax, softmax

from reparam.guards import require_finite_array, require_positive_array


def gumbel(u):
    r"""Gumbel noise from uniform noise, :math:`g=-\log(-\log u)`.

    Parameters
    ----------
    u : array
        Strictly between 0 and 1.

    Returns
    -------
    array, shape of ``u``

    Raises
    ------
    ValueError
        If some ``u`` is not strictly between 0 and 1.
    """
    u = require_finite_array("u", u)
    if not ((u > 0) & (u < 1)).all():
        raise ValueError("u must lie strictly between 0 and 1")
    return -np.log(-np.log(u))


def gumbel_max(logits, g):
    r"""The Gumbel-max draw :math:`z=\arg\max_k(\ell_k+g_k)`.

    Parameters
    ----------
    logits : array, shape ``(K,)``
    g : array, shape ``(..., K)``
        Standard Gumbel noise.

    Returns
    -------
    integer array, shape ``(...)``
        Categories 0 to K - 1.

    Raises
    ------
    ValueError
        On NaN, infinity or an empty argument.
    """
    return np.argmax(require_finite_array("logits", logits, 1) + require_finite_array("g", g, 1), axis=-1)


def gumbel_softmax(logits, g, tau):
    r"""The relaxed draw :math:`y=\mathrm{softmax}((\ell+g)/\tau)`, a point inside the simplex.

    Parameters
    ----------
    logits : array, shape ``(K,)``
    g : array, shape ``(..., K)``
        Standard Gumbel noise.
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape ``(..., K)``
        Positive, summing to one on the last axis.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or ``tau`` not positive.

    References
    ----------
    :cite:t:`jang2017categorical`, :cite:t:`maddison2017concrete`
    """
    perturbed = require_finite_array("logits", logits, 1) + require_finite_array("g", g, 1)
    return softmax(perturbed / require_positive_array("tau", tau), axis=-1)


def concrete_log_density(log_y, logits, tau):
    r"""Log density of the relaxed draw, with respect to :math:`dy_1\cdots dy_{K-1}`.

    .. math:: (K-1)!\;\tau^{K-1}\prod_k\pi_ky_k^{-\tau-1}\Bigl(\sum_j\pi_jy_j^{-\tau}\Bigr)^{-K}

    Parameters
    ----------
    log_y : array, shape ``(..., K)``
        Logarithm of the point: near a corner of the simplex y itself loses all its digits.
    logits : array, shape ``(K,)``
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape ``(...)``
        In nats.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or ``tau`` not positive.
    """
    log_y, tau = require_finite_array("log_y", log_y, 1), require_positive_array("tau", tau)
    terms = log_softmax(require_finite_array("logits", logits, 1)) - tau * log_y
    top = terms.max(-1, keepdims=True)
    log_sum = top[..., 0] + np.log(np.exp(terms - top).sum(-1))
    K = log_y.shape[-1]
    return gammaln(K) + (K - 1) * np.log(tau) + (terms - log_y).sum(-1) - K * log_sum
