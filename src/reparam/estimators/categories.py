"""Gradients of an expectation over finitely many outcomes: exact, and by leave-one-out."""

from itertools import product

import numpy as np
from scipy.special import softmax

from reparam.guards import guarded, require_count, require_finite_array


def _probabilities(weights):
    w = require_finite_array("weights", weights, 1)
    if w.ndim != 1 or (w < 0).any() or abs(w.sum() - 1) > 1e-9:
        raise ValueError(f"weights must be probabilities of shape (m,), got sum {w.sum()} and shape {w.shape}")
    return w


@guarded
def category_gradient(logits, values):
    r"""The exact gradient :math:`\nabla_{\ell_j}\mathbb E[f(z)]=\pi_j(f_j-\sum_k\pi_kf_k)`.

    Parameters
    ----------
    logits, values : array, shape ``(K,)``, or ``(..., K)`` for a batch of laws
        ``values`` is f at every category.

    Returns
    -------
    array, shape of ``logits``

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or shapes that differ.
    """
    pi = softmax(require_finite_array("logits", logits, 1), axis=-1)
    f = require_finite_array("values", values, 1, pi.shape)
    return pi * (f - (pi * f).sum(-1, keepdims=True))


@guarded(values="array ... N", scores="array ... N K")
def leave_one_out_gradient(values, scores):
    r"""Score-function gradient with the mean of the *other* draws as baseline: a sample covariance.

    .. math:: \frac1N\sum_i\Bigl(f_i-\frac1{N-1}\sum_{j\ne i}f_j\Bigr)s_i=\frac1{N-1}\sum_i(f_i-\bar f)\,s_i

    Parameters
    ----------
    values : array, shape ``(..., N)``
        f at N independent draws, N at least 2.
    scores : array, shape ``(..., N, K)``
        :math:`\nabla\log\pi` at the same draws.

    Returns
    -------
    array, shape ``(..., K)``

    Raises
    ------
    ValueError
        On NaN, infinity, shapes that do not match, or fewer than two draws.
    """
    f, s = require_finite_array("values", values, 1), require_finite_array("scores", scores, 2)
    if f.shape != s.shape[:-1] or f.shape[-1] < 2:
        raise ValueError(f"values must be (..., N) with N >= 2 and scores (..., N, K), got {f.shape} and {s.shape}")
    return ((f - f.mean(-1, keepdims=True))[..., None] * s).sum(-2) / (f.shape[-1] - 1)


@guarded(weights="array m", values="array m", scores="array m K", n="count")
def leave_one_out_variance(weights, values, scores, n):
    r"""Exact variance of :func:`leave_one_out_gradient` with ``n`` draws: that of a sample covariance.

    .. math:: \frac{\mu_{22}-c^2}{N}+\frac{c^2+\mathrm{Var}f\,\mathrm{Var}s}{N(N-1)}

    Parameters
    ----------
    weights : array, shape ``(m,)``
        Probabilities of the m possible outcomes of one draw.
    values : array, shape ``(m,)``
    scores : array, shape ``(m, K)``
    n : int
        Draws, at least 2.

    Returns
    -------
    array, shape ``(K,)``

    Raises
    ------
    ValueError
        If the weights are not probabilities, or ``n`` is below 2.
    """
    w, n = _probabilities(weights), require_count("n", n, least=2)
    f, s = require_finite_array("values", values, 1, w.shape), require_finite_array("scores", scores, 2)
    if s.ndim != 2 or len(s) != len(w):
        raise ValueError(f"scores must have shape ({len(w)}, K), got {s.shape}")
    f, s = (f - w @ f)[:, None], s - w @ s
    covariance, spread = w @ (f * s), (w @ f**2) * (w @ s**2)
    fourth = w @ (f * s) ** 2
    return (fourth - covariance**2) / n + (covariance**2 + spread) / (n * (n - 1))


def outcomes(weights, n):
    """Every outcome of ``n`` independent draws from a finite law, for exact expectations.

    Parameters
    ----------
    weights : array, shape ``(m,)``
        Probabilities.
    n : int
        Draws; ``m**n`` at most a million.

    Returns
    -------
    indices : integer array, shape ``(m**n, n)``
    probabilities : array, shape ``(m**n,)``

    Raises
    ------
    ValueError
        If there are more than a million outcomes.
    """
    w, n = _probabilities(weights), require_count("n", n, least=0)
    if len(w) ** n > 1_000_000:
        raise ValueError(f"outcomes must number at most 1000000, got {len(w)}**{n}")
    indices = np.array(list(product(range(len(w)), repeat=n)), dtype=int)
    return indices, w[indices].prod(-1)
