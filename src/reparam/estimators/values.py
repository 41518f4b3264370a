"""Estimators that see values of the cost alone: the score function, with and without baselines."""

import torch

from reparam.guards import require_groups
from reparam.laws.gaussian import GradientDraws


def score_function(cost, q, eps):
    r"""Score-function gradients of :math:`\mathbb E_q[f(z)]`, one per draw; with :func:`elbo_integrand`, equation S10.

    .. math:: f(z)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``, or ``(r, d)`` for r Gaussians at once.
    eps : Tensor, shape ``(n, d)`` or ``(n, r, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each of the shape of ``eps``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``, or ``cost`` returns another shape than
        one number per draw.

    References
    ----------
    :cite:t:`williams1992simple`
    """
    fixed = q.detach()
    z = fixed.path(eps)
    if eps.ndim != fixed.mu.ndim + 1:
        raise ValueError(f"eps must have shape (n, {', '.join(map(str, fixed.mu.shape))}), got {tuple(eps.shape)}")
    values = cost(z).detach()
    if values.shape != z.shape[:-1]:
        raise ValueError(f"cost must return shape {tuple(z.shape[:-1])}, got {tuple(values.shape)}")
    score = fixed.score(eps)
    return GradientDraws(values[..., None] * score.mu, values[..., None] * score.log_sigma)


def score_with_baseline(cost, q, eps, baseline):
    r"""Score-function gradients with a baseline for every parameter.

    .. math:: (f(z)-b)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    baseline : GradientDraws
        One number b per parameter, each of shape ``(d,)``, independent of ``eps``.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    fixed = q.detach()
    values = cost(fixed.path(eps)).detach()[:, None]
    score = fixed.score(eps)
    return GradientDraws((values - baseline.mu) * score.mu, (values - baseline.log_sigma) * score.log_sigma)


def _average(numbers, weights):
    return numbers.mean(0) if weights is None else torch.as_tensor(weights) @ numbers


def mean_baseline(cost, q, pilot, weights=None):
    r"""The baseline :math:`b=\mathbb E_q[f(z)]` for every parameter, from pilot noise.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.
    """
    fixed = q.detach()
    mean = _average(cost(fixed.path(pilot)).detach()[:, None], weights)
    return GradientDraws(mean.expand_as(fixed.mu), mean.expand_as(fixed.mu))


def optimal_baseline(cost, q, pilot, weights=None):
    r"""The baseline of least variance, :math:`b=\mathbb E[f s^2]/\mathbb E[s^2]` with s the score of one parameter.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    fixed = q.detach()
    values = cost(fixed.path(pilot)).detach()[:, None]
    squares = [s * s for s in fixed.score(pilot)]
    return GradientDraws(*(_average(values * s, weights) / _average(s, weights) for s in squares))


def leave_one_out(cost, q, eps):
    r"""Score-function gradients of k draws, each with the mean of the other k - 1 values as its baseline.

    .. math:: \frac1k\sum_{i=1}^k\Bigl(f(z_i)-\frac1{k-1}\sum_{j\ne i}f(z_j)\Bigr)\nabla_\phi\log q(z_i;\phi)

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used, k per gradient.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, k, d)``
        Standard normal noise, k at least 2.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per group of k draws.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, k, d)``.

    References
    ----------
    :cite:t:`kool2019buy`
    """
    n, k, d = require_groups(eps, q)
    fixed = q.detach()
    values = cost(fixed.path(eps).reshape(-1, d)).detach().reshape(n, k, 1)
    lead = (values - values.mean(1, keepdim=True)) * (k / (k - 1))
    score = fixed.score(eps)
    return GradientDraws((lead * score.mu).mean(1), (lead * score.log_sigma).mean(1))
