"""Gradients of the evidence lower bound: by the score, the total and the path derivative, parts in closed form."""

import torch

from reparam.derivatives import slope_of, value_and_slope
from reparam.estimators.slopes import pathwise
from reparam.estimators.values import score_function
from reparam.guards import require_float, require_number, values_of
from reparam.laws.full_gaussian import as_gaussian, drawn
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws, require_law


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
    fixed = as_gaussian(q).detach()
    return lambda z: values_of(log_joint, z, "log_joint") - fixed.log_density(z)


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
    fixed, eps, z = drawn(q, eps)
    return _with_entropy(fixed, slope_of(log_joint, z, "log_joint"), eps)


def _with_entropy(fixed, slope, eps):
    """The slopes of the log joint pulled back along the path, and the gradient of the entropy."""
    in_mean, in_scale = path = fixed._pull(slope, eps)
    return type(path)(in_mean, in_scale + fixed.entropy_gradient()[1])  # the entropy does not move with the mean


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
    fixed, eps, z = drawn(require_law("q", as_gaussian(q)), eps)
    prior = require_law("prior", as_gaussian(prior, "prior")).detach()
    if (prior.mu.shape, prior.mu.dtype, prior.mu.device) != (fixed.mu.shape, fixed.mu.dtype, fixed.mu.device):
        raise ValueError(f"prior must be {fixed.mu.dtype} on {fixed.mu.device} of shape {tuple(fixed.mu.shape)}, as q, "
                         f"got {prior.mu.dtype} on {prior.mu.device} of shape {tuple(prior.mu.shape)}")
    path = fixed._pull(slope_of(log_likelihood, z, "log_likelihood"), eps)
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

    Along the path :math:`\log q(G(\epsilon;\phi);\phi)` is :math:`\log p(\epsilon)` less the part of the entropy that
    depends on :math:`\phi`, so that this *is* :func:`analytic_entropy`, draw by draw; automatic differentiation with
    a live :math:`\phi` in both places gives the same numbers, and takes longer.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian, FullGaussian or torch.distributions' Gaussians
        With a mean of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws or FullDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``, or ``mu`` and ``root``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``, or ``log_joint`` does not return one
        finite number per draw, or hides its derivative.
    """
    return analytic_entropy(log_joint, q, eps)


def score_and_total(log_joint, q, eps):
    r"""Score-function (S10) and total-derivative (S17) gradients of the ELBO at the same draws, by one evaluation.

    Parameters
    ----------
    log_joint, q, eps
        As in :func:`total_derivative`.

    Returns
    -------
    tuple of two GradientDraws or FullDraws
        What :func:`score_function` of :func:`elbo_integrand` and :func:`total_derivative` return.

    Raises
    ------
    ValueError
        As :func:`total_derivative`.
    """
    fixed, eps, z = drawn(q, eps)
    value, slope = value_and_slope(log_joint, z, "log_joint")
    return score_function(lambda _: value - fixed.log_density(z), fixed, eps), _with_entropy(fixed, slope, eps)


def controlled(log_joint, q, eps, weight):
    r"""The total derivative plus a multiple of the score: unbiased for any fixed weight, as the score has mean zero.

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
    weight = require_number("weight", weight)
    total, score = total_derivative(log_joint, q, eps), as_gaussian(q).detach().score(eps.detach())
    return type(total)(*(t + weight * s for t, s in zip(total, score, strict=True)))
