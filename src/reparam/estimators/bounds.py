"""Gradients of the evidence lower bound: by the score, the total and the path derivative, parts in closed form."""

import torch

from reparam.estimators.slopes import pathwise
from reparam.estimators.values import score_function
from reparam.guards import require_float
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws


def elbo_integrand(log_joint, q):
    r"""What the ELBO averages: :math:`z\mapsto\log p(x,z)-\log q(z;\phi)` with :math:`\phi` held fixed.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.

    Returns
    -------
    callable, ``(n, d) -> (n,)``
        In nats.
    """
    fixed = q.detach()
    return lambda z: log_joint(z) - fixed.log_density(z)


def elbo_gradient(log_joint, phi, eps):
    r"""Score-function gradients of the ELBO, one per draw: what equation S10 averages, and S12 over a sample.

    .. math:: \nabla_\phi\log q(z;\phi)\,[\log p(x,z)-\log q(z;\phi)]\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats; only its values are used.
    phi : Tensor, shape ``(2, d)``
        Rows :math:`\mu` and :math:`\log\sigma`; ``(2, r, d)`` for r Gaussians at once.
    eps : Tensor, shape ``(n, d)`` or ``(n, r, d)``
        Standard normal noise.

    Returns
    -------
    Tensor, shape ``(n, 2, d)`` or ``(n, 2, r, d)``
        One gradient per draw, each of the shape of ``phi``.

    Raises
    ------
    ValueError
        If ``phi`` does not have two rows, or as :func:`score_function`.

    References
    ----------
    :cite:t:`ranganath2014black`
    """
    require_float("phi", phi)
    if phi.ndim < 2 or len(phi) != 2:
        raise ValueError(f"phi must have shape (2, d), got {tuple(phi.shape)}")
    q = DiagonalGaussian(*phi)
    return torch.stack(score_function(elbo_integrand(log_joint, q), q, eps), dim=1)


def analytic_entropy(log_joint, q, eps):
    r"""Gradients of the ELBO with the entropy of q in closed form: :math:`\nabla_\phi\log p(x,G(\epsilon;\phi))+(0,1)`.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats.
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
    path = pathwise(log_joint, q, eps)
    return GradientDraws(path.mu, path.log_sigma + 1)


def analytic_kl(log_likelihood, q, eps, prior):
    r"""Gradients of the ELBO with its divergence to the prior in closed form.

    .. math:: \nabla_\phi\log p(x\mid G(\epsilon;\phi))-\nabla_\phi\mathrm{KL}[q\Vert p(z)]

    Parameters
    ----------
    log_likelihood : callable, ``(n, d) -> (n,)``
        Log density of the data given z, in nats.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    prior : DiagonalGaussian
        The law of z.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    path, fixed = pathwise(log_likelihood, q, eps), q.detach()
    precision = prior.sigma**-2
    return GradientDraws(
        path.mu - precision * (fixed.mu - prior.mu),
        path.log_sigma - (precision * fixed.sigma**2 - 1),
    )


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

    Autograd follows :math:`\phi` to both places where it stands. Every draw has a copy of :math:`\phi` of its own, so
    that one call returns one gradient per draw.

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
    q.detach().path(eps)  # refuses noise of another shape
    copies = DiagonalGaussian(*(row.detach().expand_as(eps).clone().requires_grad_() for row in (q.mu, q.log_sigma)))
    z = copies.path(eps)
    bound = log_joint(z) - copies.log_density(z)
    return GradientDraws(*torch.autograd.grad(bound.sum(), (copies.mu, copies.log_sigma)))


def controlled(log_joint, q, eps, weight):
    r"""The total derivative plus a multiple of the score: unbiased for every weight, since the score has mean zero.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    weight : float
        0 is the total derivative (S17), 1 the path derivative (S18).

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    total, score = total_derivative(log_joint, q, eps), q.detach().score(eps)
    return GradientDraws(total.mu + weight * score.mu, total.log_sigma + weight * score.log_sigma)
