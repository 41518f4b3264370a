"""Estimators that see slopes of the cost: the pathwise gradient."""

import torch

from reparam.laws.gaussian import GradientDraws


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
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``, or ``cost`` hides its derivative.
    """
    fixed = q.detach()
    z = fixed.path(eps).requires_grad_()
    value = cost(z)
    if not value.requires_grad:
        raise ValueError("cost must be differentiable in z, got one that only offers values")
    (slope,) = torch.autograd.grad(value.sum(), z)
    return GradientDraws(slope, slope * fixed.sigma * eps)
