"""Estimators that see slopes of the cost: the pathwise gradient."""

from reparam.derivatives import slope_of
from reparam.laws.full_gaussian import drawn


def pathwise(cost, q, eps):
    r"""Pathwise gradients of :math:`\mathbb E_q[f(z)]`, one per draw.

    .. math:: \nabla_z f(z)\cdot\nabla_\phi G(\epsilon;\phi)\quad\text{at } z=G(\epsilon;\phi)=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f, differentiable; a :class:`reparam.derivatives.WithSlope` brings its own slope.
    q : DiagonalGaussian, FullGaussian or torch.distributions' Gaussians
        With a mean of shape ``(d,)``; see :func:`reparam.laws.full_gaussian.as_gaussian`.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws or FullDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``, or ``mu`` and ``root``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``, or ``cost`` does not return one finite
        number per draw, or hides its derivative.
    """
    fixed, eps, z = drawn(q, eps)
    return fixed._pull(slope_of(cost, z), eps)
