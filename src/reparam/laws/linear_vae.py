"""Probabilistic PCA, and the linear VAE that climbs to it, in closed form. Images are rows of pixels."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from reparam.guards import guarded, require_float
from reparam.laws.gaussian import LOG_2PI


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
        Varying in more than d directions.
    d : int
        Latent dimensions, 1 to D - 1.

    Returns
    -------
    PPCA

    Raises
    ------
    ValueError
        If ``d`` is not 1 to D - 1, or no variance is left beside d directions: then the likelihood has no maximum.

    References
    ----------
    :cite:t:`tipping1999probabilistic`
    """
    if not 1 <= d < x.shape[1]:
        raise ValueError(f"d must be 1 to {x.shape[1] - 1}, got {d}")
    _, values, vectors = covariance(x)
    s2 = values[d:].mean()
    if s2 <= 1e-12 * values[0]:
        raise ValueError(f"x must vary in more than d = {d} directions, got none beside them")
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
