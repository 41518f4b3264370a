r"""Derivatives of any order of an expectation, by automatic differentiation of one objective."""

import torch

from reparam.guards import guarded, require_count, require_float


@guarded(log_density="tensor ...")
def magic_box(log_density):
    r"""The number one, whose k-th derivative is that of the density divided by the density.

    .. math:: \exp(\log p(z;\theta)-[\log p(z;\theta)]_{\text{held}})

    Times a cost it is an objective: the derivatives of every order that automatic differentiation finds are unbiased.

    Parameters
    ----------
    log_density : Tensor, shape ``(...)``
        Of the draws, at fixed z, with a graph that reaches the parameters.

    Returns
    -------
    Tensor, shape ``(...)``

    References
    ----------
    :cite:t:`foerster2018dice`
    """
    return (log_density - log_density.detach()).exp()


@guarded(objective="function", theta="tensor n", order="count")
def repeated(objective, theta, order):
    """Derivatives of order 1 to ``order`` in one parameter, one per draw, by automatic differentiation over and over.

    Parameters
    ----------
    objective : callable, ``(n,) -> (n,)``
        One number per draw from one copy of the parameter per draw.
    theta : Tensor, shape ``(n,)``
        The copies.
    order : int
        At least 1.

    Returns
    -------
    Tensor, shape ``(order, n)``
        Without a graph; zero from the order on at which nothing is left that depends on ``theta``.

    Raises
    ------
    ValueError
        If ``objective`` does not return one finite number per draw, or has no derivative.
    """
    order = require_count("order", order)
    theta = theta.detach().requires_grad_()
    with torch.enable_grad():
        value = require_float("the value of objective", objective(theta), theta.shape)
        if not value.requires_grad:
            raise ValueError("objective must be differentiable in theta, got one that only offers values")
        found = []
        for _ in range(order):
            slope = None
            if value.requires_grad:
                (slope,) = torch.autograd.grad(value.sum(), theta, create_graph=True, allow_unused=True)
            value = torch.zeros_like(theta) if slope is None else slope
            found.append(value.detach())
    return torch.stack(found)
