"""Gumbel noise, categories drawn with it, and the Concrete law of their relaxation."""

import numpy as np
from scipy.special import gammaln, log_softmax, logsumexp, softmax

from reparam.guards import guarded, require_finite_array, require_positive_array


def _perturbed(logits, g):
    """Logits and noise added, for one law or a batch of laws."""
    logits, g = require_finite_array("logits", logits, 1), require_finite_array("g", g, 1)
    if logits.shape != g.shape[max(g.ndim - logits.ndim, 0):]:
        raise ValueError(f"g must end in the shape of logits, {logits.shape}, got {g.shape}")
    return logits + g


def _temperatures(tau, batch):
    tau = require_positive_array("tau", tau)
    if tau.shape != batch[max(len(batch) - tau.ndim, 0):]:
        raise ValueError(f"tau must be one number, or have the last axes of the batch {batch}, got shape {tau.shape}")
    return tau[..., None]


@guarded
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


@guarded(g="array ... K")
def gumbel_max(logits, g):
    r"""The Gumbel-max draw :math:`z=\arg\max_k(\ell_k+g_k)`.

    Parameters
    ----------
    logits : array, shape ``(K,)``, or ``(..., K)`` for a batch of laws
    g : array, shape ``(..., K)``
        Standard Gumbel noise.

    Returns
    -------
    integer array, shape ``(...)``
        Categories 0 to K - 1.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or shapes that do not fit.
    """
    return np.argmax(_perturbed(logits, g), axis=-1)


@guarded(g="array ... K")
def log_gumbel_softmax(logits, g, tau):
    r"""The logarithm of the relaxed draw, :math:`\log y=\log\mathrm{softmax}((\ell+g)/\tau)`.

    At a low temperature y itself is one and zeros in floating point; its logarithm keeps all digits, and
    :func:`concrete_log_density` takes it.

    Parameters
    ----------
    logits : array, shape ``(K,)``, or ``(..., K)`` for a batch of laws
    g : array, shape ``(..., K)``
        Standard Gumbel noise.
    tau : float or array, shape ``(...)``
        Temperature, positive; one number, or one for each member of the batch.

    Returns
    -------
    array, shape ``(..., K)``

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, shapes that do not fit, or ``tau`` not positive or so small that
        :math:`\log y` overflows.
    """
    x = _perturbed(logits, g)
    return log_softmax((x - x.max(-1, keepdims=True)) / _temperatures(tau, x.shape[:-1]), axis=-1)


@guarded
def gumbel_softmax(logits, g, tau):
    r"""The relaxed draw :math:`y=\mathrm{softmax}((\ell+g)/\tau)`, a point of the simplex.

    Parameters
    ----------
    logits, g, tau
        As in :func:`log_gumbel_softmax`.

    Returns
    -------
    array, shape ``(..., K)``
        Summing to one on the last axis; positive, but for what is below the smallest number of float64.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, shapes that do not fit, or ``tau`` not positive.

    References
    ----------
    :cite:t:`jang2017categorical`, :cite:t:`maddison2017concrete`
    """
    x = _perturbed(logits, g)
    with np.errstate(over="ignore"):  # a quotient of minus infinity is a zero of y, as it should be
        return softmax((x - x.max(-1, keepdims=True)) / _temperatures(tau, x.shape[:-1]), axis=-1)


@guarded(log_y="array ... K")
def concrete_log_density(log_y, logits, tau):
    r"""Log density of the relaxed draw, with respect to :math:`dy_1\cdots dy_{K-1}`.

    .. math:: (K-1)!\;\tau^{K-1}\prod_k\pi_ky_k^{-\tau-1}\Bigl(\sum_j\pi_jy_j^{-\tau}\Bigr)^{-K}

    Parameters
    ----------
    log_y : array, shape ``(..., K)``
        Logarithm of the point: near a corner of the simplex y itself loses all its digits.
    logits : array, shape ``(K,)``, or ``(..., K)`` for a batch of laws
    tau : float or array, shape ``(...)``
        Temperature, positive.

    Returns
    -------
    array, shape ``(...)``
        In nats.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, shapes that do not fit, ``tau`` not positive, or a point outside the
        simplex.
    """
    log_y, logits = require_finite_array("log_y", log_y, 1), require_finite_array("logits", logits, 1)
    if logits.shape != log_y.shape[max(log_y.ndim - logits.ndim, 0):]:
        raise ValueError(f"log_y must end in the shape of logits, {logits.shape}, got {log_y.shape}")
    if not (abs(logsumexp(log_y, axis=-1)) < 1e-9).all():
        raise ValueError("log_y must be the logarithm of points whose coordinates sum to one")
    tau = _temperatures(tau, log_y.shape[:-1])
    terms = log_softmax(logits, axis=-1) - tau * log_y
    top = terms.max(-1, keepdims=True)
    log_sum = top[..., 0] + np.log(np.exp(terms - top).sum(-1))
    K = log_y.shape[-1]
    return gammaln(K) + (K - 1) * np.log(tau[..., 0]) + (terms - log_y).sum(-1) - K * log_sum


@guarded(g="array ... K", k="count")
def gumbel_top(logits, g, k):
    r"""The k largest perturbed logits in order: categories drawn one after the other without replacement.

    Parameters
    ----------
    logits : array, shape ``(K,)``
    g : array, shape ``(..., K)``
        Standard Gumbel noise.
    k : int
        1 to K.

    Returns
    -------
    integer array, shape ``(..., k)``

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or ``k`` out of range.

    References
    ----------
    :cite:t:`kool2020estimating`
    """
    perturbed = _perturbed(logits, g)
    if not 1 <= k <= perturbed.shape[-1]:
        raise ValueError(f"k must be 1 to {perturbed.shape[-1]}, got {k}")
    return np.argsort(-perturbed, axis=-1)[..., :k]
