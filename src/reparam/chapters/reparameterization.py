"""Chapter 4: gradients through the sample."""

from typing import NamedTuple

import torch

from reparam.estimators.bounds import total_derivative
from reparam.guards import guarded, require_float, require_number, values_of
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws


class ChainRule(NamedTuple):
    """The two parts of a total derivative, one number per draw: along the path, and at a fixed sample."""

    path: torch.Tensor
    direct: torch.Tensor


@guarded(integrand="function", path="function", phi="number", eps="tensor n")
def chain_rule(integrand, path, phi, eps):
    r"""Both parts of :math:`\frac{d}{d\phi}F(G(\epsilon;\phi),\phi)`, one pair per draw, for one parameter.

    .. math:: \partial_z F(z,\phi)\,\partial_\phi G(\epsilon;\phi)\quad\text{and}\quad\partial_\phi F(z,\phi)
        \quad\text{at } z=G(\epsilon;\phi)

    Parameters
    ----------
    integrand : callable, ``(n,), (n,) -> (n,)``
        F(z, phi), differentiable; for the ELBO :math:`\log p(x,z)-\log q(z;\phi)`.
    path : callable, ``(n,), (n,) -> (n,)``
        G(eps, phi), differentiable in phi.
    phi : float
        The parameter.
    eps : Tensor, shape ``(n,)``
        Noise of whatever law belongs to the path.

    Returns
    -------
    ChainRule
        ``path`` and ``direct``, each ``(n,)``; their sum is equation S17, ``path`` alone equation S18.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n,)``.
    """
    if require_float("eps", eps).ndim != 1:
        raise ValueError(f"eps must have shape (n,), got {tuple(eps.shape)}")
    phi = require_number("phi", phi)
    with torch.enable_grad():
        moving, fixed = (torch.full_like(eps, phi).requires_grad_() for _ in range(2))
        z = values_of(lambda eps: path(eps, moving), eps.detach(), "path", eps.shape)
        held = z.detach().requires_grad_()
        value = values_of(lambda z: integrand(z, fixed), held, "integrand", eps.shape)
        if not (value.requires_grad and z.requires_grad):
            raise ValueError("integrand and path must be differentiable, got one that only offers values")
        slope, direct = torch.autograd.grad(value.sum(), (held, fixed), materialize_grads=True)
        (motion,) = torch.autograd.grad(z.sum(), moving, materialize_grads=True)
    return ChainRule(*(require_float("the slope of integrand and path", part) for part in (slope * motion, direct)))


@guarded(weights="tensor k")
def exact_moments(draws, weights):
    """Mean and variance of draws made at the nodes of a quadrature.

    Parameters
    ----------
    draws : GradientDraws
        Each of shape ``(k, d)``, from an estimator fed with nodes in place of noise.
    weights : Tensor, shape ``(k,)``
        The nodes' weights, summing to one.

    Returns
    -------
    mean, variance : GradientDraws
        Each of shape ``(d,)``.
    """
    if any(g.shape[:1] != weights.shape or g.ndim != 2 for g in draws):
        raise ValueError(f"draws (k, d) and weights (k,) must fit, got {[tuple(g.shape) for g in draws]} "
                         f"and {tuple(weights.shape)}")
    mean = [weights @ g for g in draws]
    variance = [weights @ (g - m) ** 2 for g, m in zip(draws, mean, strict=True)]
    return GradientDraws(*mean), GradientDraws(*variance)


@guarded
def gaussian_gradient(q, posterior):
    r"""Gradient of the ELBO where the posterior is :math:`N(m,\mathrm{diag}\,v^2)`, in closed form.

    .. math:: \partial_\mu\mathcal L=-\frac{\mu-m}{v^2},\qquad \partial_{\log\sigma}\mathcal L=1-\frac{\sigma^2}{v^2}

    Parameters
    ----------
    q, posterior : DiagonalGaussian
        Of shapes that broadcast.

    Returns
    -------
    GradientDraws
        Of the broadcast shape.
    """
    return GradientDraws((posterior.mu - q.mu) / posterior.sigma**2, 1 - (q.sigma / posterior.sigma) ** 2)


@guarded(weight="number")
def gaussian_variance(q, posterior, weight, coupling=0.0):
    r"""Variance of one draw of :func:`controlled` where the posterior is Gaussian, in closed form.

    With :math:`r=\sigma^2/v^2` and weight c

    .. math:: \frac{(c-r)^2}{\sigma^2}+\kappa\ \text{ for } \mu,\qquad
        \frac{\sigma^2(\mu-m)^2}{v^4}+2(c-r)^2+\sigma^2\kappa\ \text{ for } \log\sigma .

    Parameters
    ----------
    q, posterior : DiagonalGaussian
        Of shapes that broadcast; for a correlated posterior, its :func:`conditionals`.
    weight : float
        c: 0 for the total derivative, 1 for the path derivative.
    coupling : float or Tensor
        :math:`\kappa` of a correlated posterior, zero for independent coordinates.

    Returns
    -------
    GradientDraws
        Of the broadcast shape.
    """
    variance, ratio = q.sigma**2, (q.sigma / posterior.sigma) ** 2
    offset = gaussian_gradient(q, posterior).mu
    return GradientDraws(
        (weight - ratio) ** 2 / variance + coupling,
        variance * offset**2 + 2 * (weight - ratio) ** 2 + variance * coupling,
    )


@guarded(mean="tensor d", precision="tensor d d")
def conditionals(q, mean, precision):
    r"""Laws of each coordinate under a Gaussian posterior, the other coordinates held at the mean of q.

    Parameters
    ----------
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    mean : Tensor, shape ``(d,)``
        Posterior mean.
    precision : Tensor, shape ``(d, d)``
        Inverse of the posterior covariance.

    Returns
    -------
    posterior : DiagonalGaussian
        Standard deviations :math:`\Lambda_{ii}^{-1/2}`.
    coupling : Tensor, shape ``(d,)``
        :math:`\kappa_i=\sum_{j\ne i}\Lambda_{ij}^2\sigma_j^2`, the noise that the other coordinates bring.

    Raises
    ------
    ValueError
        If ``precision`` is not ``(d, d)`` and symmetric with a positive diagonal.
    """
    diagonal = precision.diagonal()
    if precision.shape != 2 * q.mu.shape or not torch.equal(precision, precision.T) or not (diagonal > 0).all():
        raise ValueError(f"precision must be symmetric ({len(q.mu)}, {len(q.mu)}) with a positive diagonal, "
                         f"got shape {tuple(precision.shape)}")
    centre = q.mu - precision @ (q.mu - mean) / diagonal
    coupling = (precision - diagonal.diag()) ** 2 @ q.sigma**2
    return DiagonalGaussian.from_sigma(centre, diagonal**-0.5), coupling


@guarded(log_joint="function", eps="tensor k d", weights="tensor k")
def best_weight(log_joint, q, eps, weights):
    r"""The weight of the score that leaves the least variance.

    .. math:: -\frac{\mathrm{Cov}(\text{total},\text{score})}{\mathrm{Var}(\text{score})}

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(k, d)``
        Nodes of a quadrature.
    weights : Tensor, shape ``(k,)``
        Their weights, summing to one.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``. Path beats total exactly where it exceeds 1/2.
    """
    total, score = total_derivative(log_joint, q, eps), q.detach().score(eps)
    return GradientDraws(*(-(weights @ (g * s)) / (weights @ s**2) for g, s in zip(total, score, strict=True)))


@guarded(estimator="function", log_joint="function", noise="tensor steps n d", rate="number")
def ascend(estimator, log_joint, q, noise, rate):
    r"""Gradient ascent on :math:`(\mu,\log\sigma)`, equation S9, with the noise of every step given.

    Parameters
    ----------
    estimator : callable, ``log_joint, q, eps -> GradientDraws``
        For instance :func:`path_derivative`.
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        Where to start, with parameters of shape ``(d,)``.
    noise : Tensor, shape ``(steps, n, d)``
        n draws for each step.
    rate : float
        Step size, positive.

    Returns
    -------
    Tensor, shape ``(steps + 1, 2, d)``
        Mean and standard deviation before each step and after the last.

    Raises
    ------
    ValueError
        If ``rate`` is not positive.
    """
    if not rate > 0:
        raise ValueError(f"rate must be positive, got {rate}")
    track = [q]
    for eps in noise:
        gradient = estimator(log_joint, q, eps)
        q = DiagonalGaussian(q.mu + rate * gradient.mu.mean(0), q.log_sigma + rate * gradient.log_sigma.mean(0))
        track.append(q)
    return torch.stack([torch.stack([q.mu, q.sigma]) for q in track])


class Counted:
    """A log joint density that counts what is asked of it.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``

    Attributes
    ----------
    values, slopes : int
        Points at which a value was computed, and at which a gradient with respect to z was.
    """

    def __init__(self, log_joint):
        self._log_joint = log_joint
        self.values = self.slopes = 0

    def __call__(self, z):
        """The values at ``z``, counted."""
        self.values += len(z)
        seen = z.view_as(z)
        if seen.requires_grad:
            seen.register_hook(self._count)
        return self._log_joint(seen)

    def _count(self, gradient):
        self.slopes += len(gradient)


@guarded(phi="tensor 3", x="tensor N")
def linear_encoder(phi, x):
    r"""The family :math:`q(z\mid x_i;\phi)=N(w x_i+b,e^{2\rho})`, one coordinate per data point.

    Parameters
    ----------
    phi : Tensor, shape ``(3,)``
        w, b, rho, shared by all data.
    x : Tensor, shape ``(N,)``
        The data.

    Returns
    -------
    DiagonalGaussian
        With parameters of shape ``(N,)``.

    Raises
    ------
    ValueError
        If ``phi`` is not of shape ``(3,)``.
    """
    if phi.shape != (3,):
        raise ValueError(f"phi must have shape (3,), got {tuple(phi.shape)}")
    slope, shift, log_sigma = phi
    return DiagonalGaussian(slope * x + shift, log_sigma.expand(len(x)))


@guarded(x="tensor N")
def encoder_gradient(draws, x):
    r"""Gradients with respect to the shared parameters of :func:`linear_encoder`: the sum over data, by the chain rule.

    Parameters
    ----------
    draws : GradientDraws
        Each ``(n, N)``: gradients with respect to each data point's own mean and log deviation.
    x : Tensor, shape ``(N,)``
        The data.

    Returns
    -------
    Tensor, shape ``(n, 3)``
        With respect to w, b, rho.
    """
    return torch.stack([draws.mu @ x, draws.mu.sum(-1), draws.log_sigma.sum(-1)], dim=-1)
