r"""Slopes of a cost that can only be called: differences along each axis, and along one direction for all axes.

A difference has a right and a left side, :math:`z^+` and :math:`z^-`: draws at the same parameters, from the same noise
(common random numbers), from fresh noise, or one point twice, if the cost is a function without noise.
"""

import math

import numpy as np
import torch

from reparam.guards import guarded, require_float, require_number, require_positive, values_of


def _sides(z):
    if require_float("z", z).ndim != 3 or z.shape[1] != 2:
        raise ValueError(f"z must have shape (n, 2, d), a right and a left side, got {tuple(z.shape)}")
    return z.detach()


@guarded(h="number")
def coordinate_differences(cost, z, h):
    r"""Differences along each axis, with the unit vectors :math:`e_i`.

    .. math:: g_i=\frac{f(z^++he_i)-f(z^--he_i)}{2h}

    Parameters
    ----------
    cost : callable, ``(m, d) -> (m,)``
        Only its values are used, 2 d per gradient.
    z : Tensor, shape ``(n, 2, d)``
        Right and left side, before the step.
    h : float
        The step, positive.

    Returns
    -------
    Tensor, shape ``(n, d)``

    Raises
    ------
    ValueError
        If ``z`` is not ``(n, 2, d)``, ``h`` not positive, or the cost does not return one finite number per point.

    References
    ----------
    :cite:t:`glasserman1992guidelines`
    """
    require_positive(h=h)
    (n, _, d), step = _sides(z).shape, h * torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
    moved = z.detach()[:, :, None, :] + torch.stack([step, -step])
    right, left = values_of(cost, moved.reshape(-1, d)).detach().reshape(n, 2, d).unbind(1)
    return (right - left) / (2 * h)


@guarded(h="number")
def directional_difference(cost, z, direction, h):
    r"""One difference along a direction, shared out to all axes.

    .. math:: g=\frac{f(z^++h\Delta)-f(z^--h\Delta)}{2h}\,\Delta

    Parameters
    ----------
    cost : callable, ``(m, d) -> (m,)``
        Only its values are used, 2 per gradient, whatever d is.
    z : Tensor, shape ``(n, 2, d)``
        Right and left side, before the step.
    direction : Tensor, shape ``(n, d)``
        Random signs give the simultaneous perturbation (then :math:`\Delta_i=1/\Delta_i`), normal draws give
        mirrored evolution strategies.
    h : float
        The step, positive.

    Returns
    -------
    Tensor, shape ``(n, d)``

    Raises
    ------
    ValueError
        As :func:`coordinate_differences`, or if ``direction`` is not ``(n, d)``.

    References
    ----------
    :cite:t:`spall1992multivariate`, :cite:t:`nesterov2017random`
    """
    require_positive(h=h)
    (n, _, d), direction = _sides(z).shape, require_float("direction", direction).detach()
    if direction.shape != (n, d) or (direction.dtype, direction.device) != (z.dtype, z.device):
        raise ValueError(f"direction must be {z.dtype} of shape {(n, d)}, got {direction.dtype} of shape "
                         f"{tuple(direction.shape)}")
    moved = z.detach() + h * torch.stack([direction, -direction], 1)
    right, left = values_of(cost, moved.reshape(-1, d)).detach().reshape(n, 2).unbind(1)
    return ((right - left) / (2 * h))[:, None] * direction


@guarded(third="number", n="number", order="count")
def best_step(noise, third, n, order):
    r"""The step of least mean square error, and that error, to leading order for many averaged differences.

    If one difference has the bias :math:`\frac{h^2}6J'''` and the variance :math:`A/h^p`, the mean of N has

    .. math:: h_\star^{4+p}=\frac{9pA}{NJ'''^2},\qquad
        \mathrm{MSE}_\star=\frac{h_\star^4J'''^2}{36}\Bigl(1+\frac4p\Bigr)

    Parameters
    ----------
    noise : float or array
        The factor A, positive.
    third : float
        The third derivative of the mean cost, not zero.
    n : float
        How many differences are averaged, positive.
    order : int
        The power p: 2 for fresh noise, 1 for common noise and a jump.

    Returns
    -------
    step, mean square error : float or array

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    require_positive(noise=noise, n=n)
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order}")
    if require_number("third", third) == 0:
        raise ValueError("third must not be zero, or the longest step is the best")
    step = (9 * order * np.asarray(noise, dtype=float) / (n * third**2)) ** (1 / (4 + order))
    return step, step**4 * third**2 / 36 * (1 + 4 / order)


@guarded(slope="array d")
def direction_variance(slope, fourth):
    r"""Variance of :math:`\Delta_i\,\Delta^\top a`, the directional difference of a parabola of any curvature.

    .. math:: \lVert a\rVert^2+(\mathbb E[\Delta_i^4]-2)\,a_i^2

    Parameters
    ----------
    slope : array, shape ``(d,)``
        The slope a at the point.
    fourth : float
        :math:`\mathbb E[\Delta_i^4]`, at least 1: 1 for random signs, 3 for normal directions. The coordinates of
        :math:`\Delta` are independent and symmetric, with variance one.

    Returns
    -------
    array, shape ``(d,)``

    Raises
    ------
    ValueError
        If ``fourth`` is less than one.
    """
    if not (fourth := require_number("fourth", fourth)) >= 1:
        raise ValueError(f"fourth must be at least 1, the square of the variance, got {fourth}")
    a = np.asarray(slope, dtype=float)
    return a @ a + (fourth - 2) * a**2


@guarded(mu="number", sigma="number", c="number")
def step_smoothing(c, mu, sigma):
    r"""The step :math:`1[z>c]` under :math:`N(\mu,\sigma^2)`: slope in :math:`\mu`, and variances of two estimators.

    With :math:`u=(c-\mu)/\sigma`: slope :math:`\varphi(u)/\sigma`; second moment of the score function
    :math:`[u\varphi(u)+1-\Phi(u)]/\sigma^2`, of its mirrored version half of that at :math:`\lvert u\rvert`.

    Parameters
    ----------
    c, mu, sigma : float
        ``sigma`` positive.

    Returns
    -------
    slope, plain, mirrored : float
        The slope, the variance of one score function, and that of a mirrored pair.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive.
    """
    require_positive(sigma=sigma)
    u = (c - mu) / sigma
    bell = math.exp(-u * u / 2) / math.sqrt(2 * math.pi)

    def tail(t):
        return t * bell + 0.5 * math.erfc(t / math.sqrt(2))

    slope = bell / sigma
    return slope, tail(u) / sigma**2 - slope**2, tail(abs(u)) / (2 * sigma**2) - slope**2
