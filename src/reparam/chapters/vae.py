"""Past the source: variational autoencoders, many side by side, and what their bounds and gradients cost."""

import math

import numpy as np
import torch
from torch import nn

from reparam.guards import guarded, require_number
from reparam.laws.gaussian import LOG_2PI, DiagonalGaussian, GradientDraws
from reparam.networks import Adam, Stack


class VAE(nn.Module):
    r"""A Gaussian encoder and a Gaussian decoder: :math:`q(z\mid x;\phi)` and :math:`p(x\mid z;\theta)=N(g(z),s^2I)`.

    Parameters
    ----------
    encoder : nn.Module, ``(n, D) -> (n, 2d)``
        Gives :math:`\mu(x)` and :math:`\log\sigma(x)` side by side.
    decoder : nn.Module, ``(..., d) -> (..., D)``
        The mean g of the pixels.
    log_noise : float or Tensor
        Where :math:`\log s` starts; shape ``(copies, 1)`` for several VAEs side by side.
    learn_noise : bool
        Whether s is a parameter or stays.
    """

    def __init__(self, encoder, decoder, log_noise=-1.0, learn_noise=True):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder
        if not isinstance(log_noise, torch.Tensor):
            log_noise = torch.tensor(require_number("log_noise", log_noise), dtype=torch.float64)
        self.log_noise = nn.Parameter(log_noise, requires_grad=learn_noise)

    @guarded
    def posterior(self, x):
        r"""Encode: q(z | x) for every row, a DiagonalGaussian with parameters ``(n, d)``.

        Raises
        ------
        ValueError
            If what the encoder says is not finite, or has no finite variance, see :class:`DiagonalGaussian`.
        """
        return DiagonalGaussian(*self.encoder(x).chunk(2, -1))

    @guarded
    def log_likelihood(self, x, z):
        r""":math:`\log p(x\mid z)` in nats: x is ``(n, D)``, z ``(..., n, d)``, the result ``(..., n)``."""
        image = self.decoder(z)
        if x.shape[-1:] != image.shape[-1:]:
            raise ValueError(f"x must have {image.shape[-1]} pixels, as the decoder paints, got shape {tuple(x.shape)}")
        error = (x - image).square().sum(-1)
        return -0.5 * error * (-2 * self.log_noise).exp() - x.shape[-1] * (self.log_noise + 0.5 * LOG_2PI)

    @guarded(x="tensor ... D")
    def elbo(self, x, eps):
        r"""One ELBO per draw and image, with the divergence from the prior in closed form.

        .. math:: \log p(x\mid G(\epsilon,x;\phi))-\mathrm{KL}[q(z\mid x;\phi)\,\Vert\,N(0,I)]

        Parameters
        ----------
        x : Tensor, shape ``(n, D)``
        eps : Tensor, shape ``(k, n, d)``
            Standard normal noise.

        Returns
        -------
        Tensor, shape ``(k, n)``
            In nats.
        """
        fit, divergence = self.parts(x, eps)
        return fit - divergence

    @guarded
    def parts(self, x, eps):
        """The two parts of :meth:`elbo`: log likelihood ``(k, n)`` of each draw, and divergence ``(n,)``, in nats."""
        q = self.posterior(x)
        return self.log_likelihood(x, q.path(eps)), prior_divergence(q).sum(-1)

    @guarded
    def log_weights(self, x, eps):
        r"""Logarithms of the importance weights, :math:`\log p(x,z)-\log q(z\mid x)`, shape ``(k, n)``, in nats."""
        q = self.posterior(x)
        z = q.path(eps)
        log_prior = -0.5 * (z * z + LOG_2PI).sum(-1)
        return self.log_likelihood(x, z) + log_prior - q.log_density(z)


@guarded(copies="count", d="count", hidden="count", mean="tensor D")
def many(copies, d, hidden, mean, generator, log_noise=-1.4, learn_noise=True):
    r"""Several independent VAEs side by side, in single precision, each with one hidden layer in both networks.

    Every one starts with the mean image painted for z = 0 and, its last encoder layer being zero, with q the prior.

    Parameters
    ----------
    copies, d, hidden : int
        How many; latent dimensions; hidden units.
    mean : Tensor, shape ``(D,)``
        The mean image.
    generator : torch.Generator
    log_noise : float or Tensor, shape ``(copies, 1)``
        Where :math:`\log s` starts.
    learn_noise : bool

    Returns
    -------
    VAE
        Takes images ``(n, D)`` or ``(copies, n, D)`` and noise ``(copies, n, d)``.
    """
    encoder, decoder = (Stack(s, copies, generator) for s in ((len(mean), hidden, 2 * d), (d, hidden, len(mean))))
    with torch.no_grad():
        encoder.biases[0] -= mean[None] @ encoder.weights[0]
        encoder.weights[-1].zero_()
        decoder.biases[-1] += mean - torch.tanh(decoder.biases[0]) @ decoder.weights[-1]
    return VAE(encoder, decoder, torch.as_tensor(log_noise).expand(copies, 1).clone(), learn_noise).float()


@guarded(k="count")
def single(model, k):
    """One of the VAEs of :func:`many`, as plain layers in double precision.

    Parameters
    ----------
    model : VAE
        From :func:`many`.
    k : int

    Returns
    -------
    VAE
    """
    def plain(stack):
        layers = []
        for weight, bias in zip(stack.weights, stack.biases, strict=True):
            layers += [nn.Linear(*weight.shape[1:]), nn.Tanh()]
            layers[-2].weight.data, layers[-2].bias.data = weight[k].detach().T, bias[k, 0].detach()
        return nn.Sequential(*layers[:-1])

    return VAE(plain(model.encoder), plain(model.decoder), model.log_noise[k, 0].detach().clone()).double()


@guarded(rate="number")
def refine(model, x, q, eps, rate=0.03):
    r"""Towards the best Gaussian of every image, decoder fixed: ascent on :math:`\mu,\log\sigma`, without encoder.

    Parameters
    ----------
    model : VAE
    x : Tensor, shape ``(..., n, D)``
    q : DiagonalGaussian
        Where the climb starts, parameters ``(..., n, d)``.
    eps : Tensor, shape ``(steps, ..., n, d)``
        Fresh noise for every step.
    rate : float
        The first learning rate; it falls linearly to zero.

    Returns
    -------
    DiagonalGaussian
    """
    mu, log_sigma = (p.detach().clone().requires_grad_() for p in (q.mu, q.log_sigma))
    optimizer = Adam([mu, log_sigma])
    for step, noise in enumerate(eps):
        moving = DiagonalGaussian(mu, log_sigma)
        bound = model.log_likelihood(x, moving.path(noise)) - prior_divergence(moving).sum(-1)
        optimizer.descend(-bound.sum(), rate * (1 - step / len(eps)))
    return DiagonalGaussian(mu, log_sigma).detach()


@guarded
def prior_divergence(q):
    r"""The divergence from the prior, :math:`\mathrm{KL}[q\,\Vert\,N(0,I)]`, dimension by dimension.

    .. math:: \tfrac12(\mu_j^2+\sigma_j^2-1)-\log\sigma_j

    Parameters
    ----------
    q : DiagonalGaussian
        With parameters ``(..., d)``.

    Returns
    -------
    Tensor, shape ``(..., d)``
        In nats.
    """
    return 0.5 * (q.mu.square() + q.sigma.square() - 1) - q.log_sigma


@guarded(log_weights="tensor ... K n")
def importance_bound(log_weights):
    r"""The bound of :math:`K` draws, :math:`\log\frac1K\sum_kw_k`, image by image.

    Parameters
    ----------
    log_weights : Tensor, shape ``(..., K, n)``

    Returns
    -------
    Tensor, shape ``(..., n)``
        In nats.

    References
    ----------
    :cite:t:`burda2016importance`
    """
    return torch.logsumexp(log_weights, -2) - math.log(log_weights.shape[-2])


@guarded(x="tensor n D", half="number", step="number", block="count")
def plane_evidence(vae, x, half=5.0, step=0.05, block=128):
    r"""The log evidence :math:`\log\int p(x\mid z)p(z)\,dz` of a two-dimensional latent plane, on a grid.

    The trapezoidal rule is exact to rounding once the step is well below the width of every posterior, and each of them
    lies within the grid.

    Parameters
    ----------
    vae : VAE
        With two latent dimensions.
    x : Tensor, shape ``(n, D)``
    half, step : float
        The grid runs from ``-half`` to ``half`` both ways.
    block : int
        Images per pass.

    Returns
    -------
    Tensor, shape ``(n,)``
        In nats.
    """
    axis = torch.arange(-half, half + step / 2, step, dtype=x.dtype)
    z = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        images, s2 = vae.decoder(z), float((2 * vae.log_noise).exp())
        offset = -0.5 * (z * z).sum(-1) - 0.5 * images.square().sum(-1) / s2
        sums = [torch.logsumexp(rows @ images.T / s2 + offset, -1) for rows in x.split(block)]
    D = x.shape[1]
    constant = 2 * math.log(step) - LOG_2PI - 0.5 * D * (LOG_2PI + math.log(s2))
    return torch.cat(sums) - 0.5 * x.square().sum(-1) / s2 + constant


@guarded(integers=("rows",), x="tensor n D", eps="tensor steps ...", rate="number")
def train(vae, x, rows, eps, rate=8e-3):
    r"""Climb the ELBO by Adam on small batches, with a rate that falls linearly to zero.

    Parameters
    ----------
    vae : VAE
        Changed in place.
    x : Tensor, shape ``(n, D)``
    rows : integer Tensor, shape ``(steps, b)``
        Which images make up each batch.
    eps : Tensor, shape ``(steps, 1, b, d)``
        One draw of noise per image and step.
    rate : float
        The first learning rate.

    Returns
    -------
    Tensor, shape ``(steps, ...)``
        The batch's mean divergence at each step, in nats; one per VAE if there are several side by side.
    """
    optimizer, history = Adam(vae.parameters()), []
    for step, (row, noise) in enumerate(zip(rows, eps, strict=True)):
        fit, divergence = vae.parts(x[row], noise)
        optimizer.descend((divergence - fit).mean(), rate * (1 - step / len(rows)))
        history.append(divergence.detach().mean(-1))
    return torch.stack(history)


@guarded(x="tensor ... D")
def encoder_gradients(vae, x, eps):
    r"""Three unbiased gradients of the ELBO with respect to what the encoder puts out, draw by draw and image by image.

    With :math:`r=\nabla_z\log p(x\mid z)` at :math:`z=\mu+\sigma\epsilon`, the gradients in :math:`\mu` are

    .. math:: \text{total: } r-z,\qquad\text{analytic KL: } r-\mu,\qquad\text{path: } r-z+\epsilon/\sigma,

    and those in :math:`\log\sigma` follow by the chain rule.

    Parameters
    ----------
    vae : VAE
    x : Tensor, shape ``(n, D)``
    eps : Tensor, shape ``(k, n, d)``

    Returns
    -------
    dict of str to GradientDraws
        ``"total"``, ``"analytic"`` and ``"path"``, each pair ``(k, n, d)``.
    """
    with torch.no_grad():
        q = vae.posterior(x)
    z = q.path(eps).requires_grad_()
    (r,) = torch.autograd.grad(vae.log_likelihood(x, z).sum(), z)
    z, moved = z.detach(), q.sigma * eps
    path = r - z + eps / q.sigma
    return {
        "total": GradientDraws(r - z, (r - z) * moved + 1),
        "analytic": GradientDraws(r - q.mu, r * moved + 1 - q.sigma.square()),
        "path": GradientDraws(path, path * moved),
    }


@guarded(x="tensor n D", threshold="number")
def active_units(vae, x, threshold=0.01):
    """How many latent dimensions the encoder uses: those whose mean varies over the images.

    Parameters
    ----------
    vae : VAE
    x : Tensor, shape ``(n, D)``
    threshold : float
        Variance of the mean above which a dimension counts.

    Returns
    -------
    int

    References
    ----------
    :cite:t:`burda2016importance`
    """
    with torch.no_grad():
        return int((vae.posterior(x).mu.var(0) > threshold).sum())


def draw_level(eigenvalues, level):
    r"""One frame of the chapter's slider: eigenvalues over the noise level, and the divergence per dimension.

    Parameters
    ----------
    eigenvalues : array, shape ``(k,)``
        In descending order.
    level : float
        The noise variance.

    Returns
    -------
    matplotlib Figure
    """
    from reparam.teaching import figures

    figure, (left, right) = figures.panels(2, height=2.5)
    place = np.arange(1, len(eigenvalues) + 1)
    left.bar(place, eigenvalues, color=np.where(eigenvalues > level, figures.BLUE, "#c5ccd6"))
    left.axhline(level, color=figures.RED)
    left.set(xlabel="dimension", ylabel="eigenvalue", ylim=(0, 0.8), title="eigenvalues and s² (line)")
    right.bar(place, 0.5 * np.log(np.maximum(eigenvalues / level, 1)), color=figures.BLUE)
    right.set(xlabel="dimension", ylabel="nats", ylim=(0, 1.3), title="divergence per dimension")
    return figure
