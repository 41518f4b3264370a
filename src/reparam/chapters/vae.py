"""Past the source: variational autoencoders, linear and not, against probabilistic PCA. Images are rows of pixels."""

import math
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from reparam.guards import guarded, require_float, require_number
from reparam.laws.gaussian import LOG_2PI, DiagonalGaussian, GradientDraws
from reparam.networks import Stack, descend

LEVELS = 17
"""Grey levels of a pixel, 0 to 16: how many of its 4 x 4 points carry ink."""


def digits():
    """The handwritten digits that ship with scikit-learn: 1797 images of 8 by 8 pixels.

    Returns
    -------
    pixels : array, shape ``(1797, 64)``
        Grey levels 0 to 16.
    labels : array of int, shape ``(1797,)``
        What was written, 0 to 9.
    """
    folder = Path(find_spec("sklearn").submodule_search_locations[0])  # scikit-learn itself takes a second to import
    table = np.loadtxt(folder / "datasets" / "data" / "digits.csv.gz", delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)


@guarded(u="array n D")
def dequantize(pixels, u):
    r"""Turn grey levels into real numbers between 0 and 1: :math:`x=(\text{level}+u)/17`.

    Parameters
    ----------
    pixels : integer-valued array, shape ``(n, D)``
        Grey levels 0 to 16.
    u : array, shape ``(n, D)``
        Uniform noise in [0, 1).

    Returns
    -------
    Tensor, shape ``(n, D)``

    Raises
    ------
    ValueError
        If the levels are not whole numbers from 0 to 16, or ``u`` has another shape or leaves [0, 1).
    """
    pixels, u = np.asarray(pixels), np.asarray(u)
    if not (np.isin(pixels, np.arange(LEVELS))).all():
        raise ValueError(f"pixels must be whole numbers from 0 to {LEVELS - 1}")
    if u.shape != pixels.shape or not ((u >= 0) & (u < 1)).all():
        raise ValueError(f"u must lie in [0, 1) and have shape {pixels.shape}, got {u.shape}")
    return torch.from_numpy((pixels + u) / LEVELS)


class PPCA(NamedTuple):
    r"""Probabilistic PCA: :math:`z\sim N(0,I)`, :math:`x\mid z\sim N(m+Wz,\,s^2I)`.

    ``mean`` is ``(D,)``, ``W`` is ``(D, d)``, ``s2`` the noise variance.
    """

    mean: torch.Tensor
    W: torch.Tensor
    s2: float

    def _images(self, x):
        if require_float("x", x).ndim != 2 or x.shape[1:] != self.mean.shape:
            raise ValueError(f"x must have shape (n, {len(self.mean)}), got {tuple(x.shape)}")
        return x

    @guarded
    def log_density(self, x):
        r""":math:`\log N(x;m,WW^\top+s^2I)` in nats, shape ``(n,)``."""
        D = len(self._images(x).mT)
        covariance = self.W @ self.W.T + self.s2 * torch.eye(D, dtype=x.dtype)
        root = torch.linalg.cholesky(covariance)
        white = torch.linalg.solve_triangular(root, (x - self.mean).T, upper=False)
        return -0.5 * (white * white).sum(0) - root.diagonal().log().sum() - 0.5 * D * LOG_2PI

    @guarded
    def posterior(self, x):
        r"""Mean ``(n, d)`` and covariance ``(d, d)`` of :math:`p(z\mid x)`."""
        self._images(x)
        M = self.W.T @ self.W + self.s2 * torch.eye(self.W.shape[1], dtype=x.dtype)
        return torch.linalg.solve(M, self.W.T @ (x - self.mean).T).T, self.s2 * torch.linalg.inv(M)


@guarded(x="tensor n D")
def covariance(x):
    """Covariance of the rows, with divisor n, and its eigenvalues in descending order with their eigenvectors.

    Parameters
    ----------
    x : Tensor, shape ``(n, D)``

    Returns
    -------
    S : Tensor, shape ``(D, D)``
    values : Tensor, shape ``(D,)``
    vectors : Tensor, shape ``(D, D)``
        One eigenvector per column.
    """
    centred = require_float("x", x) - x.mean(0)
    S = centred.T @ centred / len(x)
    values, vectors = torch.linalg.eigh(S)
    return S, values.flip(0), vectors.flip(1)


@guarded(x="tensor n D", d="count")
def fit_ppca(x, d):
    r"""The maximum-likelihood fit of probabilistic PCA, in closed form.

    Parameters
    ----------
    x : Tensor, shape ``(n, D)``
    d : int
        Latent dimensions, 1 to D - 1.

    Returns
    -------
    PPCA

    Raises
    ------
    ValueError
        If ``d`` is not 1 to D - 1.

    References
    ----------
    :cite:t:`tipping1999probabilistic`
    """
    if not 1 <= d < x.shape[1]:
        raise ValueError(f"d must be 1 to {x.shape[1] - 1}, got {d}")
    _, values, vectors = covariance(x)
    s2 = values[d:].mean()
    return PPCA(x.mean(0), vectors[:, :d] * (values[:d] - s2).sqrt(), float(s2))


class LinearEncoder(nn.Module):
    r"""The encoder :math:`\mu(x)=V(x-m)`, with one standard deviation per latent dimension, whatever x is.

    Parameters
    ----------
    mean : Tensor, shape ``(D,)``
    V : Tensor, shape ``(d, D)``
    log_sigma : Tensor, shape ``(d,)``
    """

    def __init__(self, mean, V, log_sigma):
        super().__init__()
        require_float("mean", mean), require_float("V", V), require_float("log_sigma", log_sigma)
        if V.ndim != 2 or mean.shape != V.shape[1:] or log_sigma.shape != V.shape[:1]:
            raise ValueError(f"mean (D,), V (d, D) and log_sigma (d,) must fit, got {tuple(mean.shape)}, "
                             f"{tuple(V.shape)} and {tuple(log_sigma.shape)}")
        self.register_buffer("mean", mean)
        self.V, self.log_sigma = nn.Parameter(V), nn.Parameter(log_sigma)

    def forward(self, x):
        """Return mean and log standard deviation side by side, shape ``(n, 2d)``."""
        if require_float("x", x).shape[-1:] != self.mean.shape or (x.dtype, x.device) != (
            self.mean.dtype, self.mean.device
        ):
            raise ValueError(f"x must be {self.mean.dtype} and end in shape {tuple(self.mean.shape)}, "
                             f"got {x.dtype} of shape {tuple(x.shape)}")
        mu = (x - self.mean) @ self.V.T
        return torch.cat([mu, self.log_sigma.expand_as(mu)], -1)


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
    r"""The best Gaussian of every image for a fixed decoder: ascent on :math:`\mu,\log\sigma` themselves, no encoder.

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
    optimizer = torch.optim.Adam([mu, log_sigma], fused=True)
    for step, noise in enumerate(eps):
        moving = DiagonalGaussian(mu, log_sigma)
        bound = model.log_likelihood(x, moving.path(noise)) - prior_divergence(moving).sum(-1)
        descend(optimizer, -bound.sum(), rate * (1 - step / len(eps)))
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

    The trapezoidal rule is exact to rounding once the step is well below the width of every posterior.

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


@guarded(S="tensor D D", W="tensor D d", V="tensor d D", log_sigma="tensor d", beta="number")
def linear_elbo(S, W, V, log_sigma, s2, beta=1.0):
    r"""The exact ELBO per image of a linear VAE, all expectations taken, at the best offset m (the mean image).

    .. math::

        -\tfrac D2\log2\pi s^2
        &-\tfrac1{2s^2}\bigl[\mathrm{tr}\,(I-WV)S(I-WV)^\top+\sum_j\sigma_j^2\lVert w_j\rVert^2\bigr]\\
        &-\tfrac12\bigl[\mathrm{tr}\,VSV^\top+\sum_j(\sigma_j^2-1-\log\sigma_j^2)\bigr]

    Parameters
    ----------
    S : Tensor, shape ``(D, D)``
        Covariance of the images, divisor n.
    W, V, log_sigma : Tensor, shapes ``(D, d)``, ``(d, D)``, ``(d,)``
        Decoder, encoder and the encoder's log standard deviations.
    s2 : Tensor or float
        Noise variance of the decoder, positive.
    beta : float
        Weight of the divergence, the last bracket; 1 is the bound.

    Returns
    -------
    Tensor
        A scalar, in nats.
    """
    if np.ndim(s2):
        raise ValueError(f"s2 must be one number, got shape {tuple(np.shape(s2))}")
    s2, variance = torch.as_tensor(s2, dtype=S.dtype), (2 * log_sigma).exp()
    rest = torch.eye(len(S), dtype=S.dtype) - W @ V
    error = ((rest @ S) * rest).sum() + (variance * W.square().sum(0)).sum()
    divergence = 0.5 * (((V @ S) * V).sum() + (variance - 1).sum()) - log_sigma.sum()
    return -0.5 * len(S) * (LOG_2PI + s2.log()) - 0.5 * error / s2 - beta * divergence


@guarded(S="tensor D D", d="count", start="tensor 2 D d", s2="number?", beta="number")
def fit_linear(S, d, start, s2=None, beta=1.0):
    r"""Maximise :func:`linear_elbo` by L-BFGS over everything, or at a fixed noise variance.

    Parameters
    ----------
    S : Tensor, shape ``(D, D)``
        Covariance of the images, positive definite.
    d : int
        Latent dimensions.
    start : Tensor, shape ``(2, D, d)``
        Small random numbers: where W and the transposed encoder of whitened images start. Zero would be a saddle.
    s2 : float, optional
        The noise variance, if it is to stay fixed.
    beta : float
        Weight of the divergence.

    Returns
    -------
    W, V, log_sigma, s2 : Tensor
        The optimum, without gradient.

    Raises
    ------
    ValueError
        If ``start`` has another shape.
    """
    from scipy.optimize import minimize
    from scipy.sparse.linalg import LinearOperator, cg

    D = len(S)
    if start.shape != (2, D, d):
        raise ValueError(f"start must have shape {(2, D, d)}, got {tuple(start.shape)}")

    whiten = torch.linalg.inv(torch.linalg.cholesky(S))  # an encoder of whitened images is far better conditioned

    def unpack(phi):
        W, V, log_sigma, log_s2 = phi.split([D * d, D * d, d, 1])
        return W.view(D, d), V.view(d, D) @ whiten, log_sigma, log_s2[0].exp() if s2 is None else S.new_tensor(s2)

    def loss(phi):
        phi = torch.from_numpy(phi).requires_grad_()
        value = -linear_elbo(S, *unpack(phi), beta)
        return value.item(), torch.autograd.grad(value, phi)[0].numpy()

    first = torch.cat([start[0].ravel(), start[1].T.ravel(), torch.zeros(d + 1, dtype=S.dtype)]).numpy()
    options = {"maxiter": 5000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-10, "maxcor": 30}
    best = minimize(loss, first, jac=True, method="L-BFGS-B", options=options)
    # a climb that compares values ends where rounding hides their slope; a step of Newton's looks at slopes alone
    here = torch.from_numpy(best.x).requires_grad_()
    (slope,) = torch.autograd.grad(-linear_elbo(S, *unpack(here), beta), here, create_graph=True)

    def curved(v):
        return torch.autograd.grad(slope, here, torch.from_numpy(v).view(-1), retain_graph=True)[0].numpy()

    newton = cg(LinearOperator((len(here),) * 2, curved, dtype=float), slope.detach().numpy(), rtol=1e-8, maxiter=500)
    return unpack(here.detach() - torch.from_numpy(newton[0]))


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
    optimizer, history = torch.optim.Adam([p for p in vae.parameters() if p.requires_grad], fused=True), []
    for step, (row, noise) in enumerate(zip(rows, eps, strict=True)):
        fit, divergence = vae.parts(x[row], noise)
        descend(optimizer, (divergence - fit).mean(), rate * (1 - step / len(rows)))
        history.append(divergence.detach().mean(-1))
    return torch.stack(history)


@guarded(n="count", size="count", steps="count")
def batches(generator, n, size, steps):
    """Shuffled batches, epoch after epoch.

    Parameters
    ----------
    generator : numpy.random.Generator
    n, size, steps : int
        Images, images per batch (at most n), batches.

    Returns
    -------
    integer Tensor, shape ``(steps, size)``
    """
    each = n // size
    epochs = [generator.permutation(n)[: each * size].reshape(each, size) for _ in range(-(-steps // each))]
    return torch.from_numpy(np.concatenate(epochs)[:steps])


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


@guarded(columns="count")
def mosaic(images, columns):
    """Lay 8 x 8 images side by side, row after row, with a dark line between them.

    Parameters
    ----------
    images : Tensor or array, shape ``(n, 64)``
        n a multiple of ``columns``.
    columns : int

    Returns
    -------
    array, shape ``(9 * n / columns - 1, 9 * columns - 1)``
        Clipped to [0, 1].

    Raises
    ------
    ValueError
        If ``images`` is not ``(n, 64)`` with n a multiple of ``columns``.
    """
    x = np.asarray(images)
    if x.ndim != 2 or x.shape[1] != 64 or len(x) % columns:
        raise ValueError(f"images must be (n, 64) with n a multiple of {columns}, got {x.shape}")
    framed = np.pad(x.reshape(-1, columns, 8, 8).clip(0, 1), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
    return framed.transpose(0, 2, 1, 3).reshape(-1, 9 * columns)[:-1, :-1]


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
