r"""Paths of mixtures in several dimensions: coordinate by coordinate, through conditional distribution functions."""

import torch

from reparam.estimators.implicit import attach_path
from reparam.guards import guarded, require_float
from reparam.laws.gaussian import LOG_2PI


def _require_rows(z, log_weights, means, log_sigmas):
    n, d = z.shape
    k = log_weights.shape[-1]
    require_float("log_weights", log_weights, (n, k))
    for name, x in (("means", means), ("log_sigmas", log_sigmas)):
        if require_float(name, x).shape not in ((k, d), (n, k, d)):
            raise ValueError(f"{name} must be ({k}, {d}) or ({n}, {k}, {d}), got {tuple(x.shape)}")
    if not torch.allclose(log_weights.detach().logsumexp(1), log_weights.new_zeros(n), atol=1e-6):
        raise ValueError("log_weights must be logarithms of weights that sum to one")


@guarded(z="tensor n d", log_weights="tensor n k")
def conditional_path(z, log_weights, means, log_sigmas):
    r"""Finished draws of a mixture of diagonal Gaussians, with a path to all of its parameters.

    Coordinate by coordinate the rank :math:`F(z_i\mid z_1,\dots,z_{i-1})` is held, with the earlier coordinates on
    their paths. Another order of the coordinates in general gives other paths of the same law. The graph is right to
    first order.

    Parameters
    ----------
    z : Tensor, shape ``(n, d)``
        Draws, taken as constants.
    log_weights : Tensor, shape ``(n, k)``
        Logarithms of the weights, a row for each draw.
    means, log_sigmas : Tensor, shape ``(k, d)`` or ``(n, k, d)``
        Of the components.

    Returns
    -------
    Tensor, shape ``(n, d)``
        The value is ``z``.

    Raises
    ------
    ValueError
        If shapes do not fit, weights do not sum to one, no parameter carries a graph, or a density underflows.

    References
    ----------
    :cite:t:`graves2016mixture`
    """
    _require_rows(z, log_weights, means, log_sigmas)
    moved, shares = [], log_weights
    for i in range(z.shape[1]):
        at = z[:, i].detach()
        away = (at[:, None] - means[..., i]) * (-log_sigmas[..., i]).exp()
        bells = (-0.5 * away**2 - log_sigmas[..., i] - 0.5 * LOG_2PI).exp()
        odds = shares.softmax(1)
        nearer = torch.where((odds * away).sum(1) > 0, -1.0, 1.0).to(z.dtype).detach()[:, None]
        masses = 0.5 * torch.erfc(-nearer * away / 2**0.5)  # PyTorch's ndtr has no digits left at minus nine
        tail = (odds * nearer * masses).sum(1)  # F, or F - 1 where that keeps its digits
        moved.append(attach_path(at, tail, (odds * bells).sum(1)))
        off = (moved[-1][:, None] - means[..., i]) * (-log_sigmas[..., i]).exp()
        shares = shares - 0.5 * off**2 - log_sigmas[..., i]
    return torch.stack(moved, 1)
