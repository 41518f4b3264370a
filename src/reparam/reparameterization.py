"""Chapter 4: gradients through the sample."""

import torch

from reparam.gaussian import GradientDraws
from reparam.sgvi import elbo_integrand


def pathwise(cost, q, eps):
    r"""Pathwise gradients of :math:`\mathbb E_q[f(z)]`, one per draw.

    .. math:: \nabla_z f(z)\cdot\nabla_\phi G(\epsilon;\phi)\quad\text{at } z=G(\epsilon;\phi)=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f, differentiable.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    fixed = q.detach()
    z = fixed.path(eps).requires_grad_()
    (slope,) = torch.autograd.grad(cost(z).sum(), z)
    return GradientDraws(slope, slope * fixed.sigma * eps)


def path_derivative(log_joint, q, eps):
    r"""Path-derivative gradients of the ELBO, equation S18.

    .. math:: \nabla_z[\log p(x,z)-\log q(z;\phi)]\cdot\nabla_\phi G(\epsilon;\phi)

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

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
    :cite:t:`roeder2017sticking`
    """
    return pathwise(elbo_integrand(log_joint, q), q, eps)


def total_derivative(log_joint, q, eps):
    r"""Total-derivative gradients of the ELBO, equation S17.

    .. math:: \nabla_\phi\bigl[\log p(x,G(\epsilon;\phi))-\log q(G(\epsilon;\phi);\phi)\bigr]

    The path derivative less the score, which is the gradient that :math:`\log q(z;\phi)` has at fixed z.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    path, score = path_derivative(log_joint, q, eps), q.detach().score(eps)
    return GradientDraws(path.mu - score.mu, path.log_sigma - score.log_sigma)
