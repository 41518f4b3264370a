"""Measure-valued gradients: differences of values under two laws, coupled."""

import math

import numpy as np
import torch

from reparam.guards import require_groups, values_of
from reparam.laws.full_gaussian import as_gaussian
from reparam.laws.gaussian import GradientDraws, require_law


def measure_valued(cost, q, eps):
    r"""Coupled measure-valued gradients: differences of two values of the cost, coordinate by coordinate.

    .. math:: \frac{f(\mu+\sigma w)-f(\mu-\sigma w)}{\sigma\sqrt{2\pi}},\qquad f(\mu+\sigma m)-f(\mu+\sigma\epsilon_1)

    with :math:`w=\sqrt{\epsilon_1^2+\epsilon_2^2}` and :math:`m=\operatorname{sign}(\epsilon_1)\lVert\epsilon\rVert`;
    all other coordinates stay at their draw :math:`\mu+\sigma\epsilon_1`.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used, 3 d + 1 per gradient.
    q : DiagonalGaussian, or a Normal of torch.distributions
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise, three numbers per coordinate.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, 3, d)``.

    References
    ----------
    :cite:t:`mohamed2020monte`
    """
    fixed = require_law("q", as_gaussian(q)).detach()
    n, _, d = require_groups(eps, fixed, rows=3)
    eps, own = eps.detach(), torch.eye(d, dtype=torch.bool, device=eps.device)
    first = eps[:, 0]

    def values_at(noise):  # row j of a draw has coordinate j replaced
        swapped = torch.where(own, noise[:, None, :], first[:, None, :])
        return values_of(cost, fixed.path(swapped).reshape(-1, d)).detach().reshape(n, d)

    w = eps[:, :2].norm(dim=1)
    m = torch.copysign(eps.norm(dim=1), first)
    mu = (values_at(w) - values_at(-w)) / (fixed.sigma * math.sqrt(2 * math.pi))
    return GradientDraws(mu, values_at(m) - values_of(cost, fixed.path(first)).detach()[:, None])


def _panel_nodes(edges, order=20):
    x, w = np.polynomial.legendre.leggauss(order)
    low, half = np.asarray(edges[:-1])[:, None], np.diff(edges)[:, None] / 2
    return (low + half * (1 + x)).ravel(), (half * w).ravel()


def polar_nodes():
    """Nodes and weights with which :func:`measure_valued` gives its expectation for one coordinate and a smooth cost.

    Returns
    -------
    for_mu, for_log_sigma : tuple of (Tensor of shape ``(n, 3, 1)``, array of shape ``(n,)``)
        Polar coordinates of the plane for the mean, of space for the standard deviation; weights sum to one.
    """
    r, dr = _panel_nodes(np.arange(13.0))
    plane = np.stack([r, np.zeros_like(r), np.zeros_like(r)], axis=1)
    u, du = _panel_nodes(np.array([-1.0, 0.0, 1.0]))
    R, U = np.meshgrid(r, u, indexing="ij")
    space = np.stack([R * U, R * np.sqrt(1 - U * U), np.zeros_like(R)], axis=-1).reshape(-1, 3)
    shell = math.sqrt(2 / math.pi) * r * r * np.exp(-r * r / 2) * dr
    return (
        (torch.from_numpy(plane[..., None]), r * np.exp(-r * r / 2) * dr),
        (torch.from_numpy(space[..., None]), np.outer(shell, du / 2).ravel()),
    )
