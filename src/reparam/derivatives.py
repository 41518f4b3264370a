"""Slopes of functions that are handed over: by automatic differentiation, by their owner, and by differences."""

from itertools import pairwise

import numpy as np
import torch

from reparam.guards import (
    guarded,
    require_finite_array,
    require_float,
    require_number,
    require_positive_array,
    values_of,
)

_STEPS = np.array([1, 2, 3, 4])
_STENCIL = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
"""Central differences of order eight: the first derivative from four steps each way."""


def derivative(f, x, step=0.01):
    r"""Derivative of a smooth function by central differences of order eight.

    Parameters
    ----------
    f : callable
        Takes one float, returns a number or an array.
    x : float
    step : float
        Error about ``step**8 / 630`` times the ninth derivative, and rounding of about 1e-16 times the value of ``f``
        over ``step``.

    Returns
    -------
    float or array
        Of the shape that ``f`` returns.

    Raises
    ------
    ValueError
        If ``step`` is not positive, ``x`` is not one finite number, or ``f`` is not finite around it.
    """
    if not callable(f):
        raise ValueError(f"f must be a function, got {type(f).__name__}")
    x, step = require_number("x", x), float(require_positive_array("step", step, shape=()))

    def at(t):
        with np.errstate(over="ignore", invalid="ignore"):
            return require_finite_array("the value of f", f(t))

    return sum(c * (at(x + k * step) - at(x - k * step)) for k, c in zip(_STEPS.tolist(), _STENCIL, strict=True)) / step


@guarded
def extrapolate(values):
    """The limit of a sequence whose error is a power series in 1/K, from values at K, 2K, 4K, ...

    Parameters
    ----------
    values : sequence of float or array
        At least one.

    Returns
    -------
    float or array
    """
    order = 1
    while len(values) > 1:
        values = [(2**order * b - a) / (2**order - 1) for a, b in pairwise(values)]
        order += 1
    return values[0]


def value_and_slope(cost, z, name="cost"):
    r"""The values of a cost and its slopes :math:`\nabla_zf(z)`, one evaluation for both, or the owner's slopes.

    Parameters
    ----------
    cost : callable, ``(..., d) -> (...)``
        Differentiable, or a :class:`WithSlope`.
    z : Tensor, shape ``(..., d)``
    name : str
        What the caller calls the cost.

    Returns
    -------
    value : Tensor, shape ``(...)``
    slope : Tensor, shape ``(..., d)``
        Neither with a graph.

    Raises
    ------
    ValueError
        If ``cost`` does not return one finite number per draw, hides its derivative, or has a slope that is not finite.
    """
    if require_float("z", z).ndim == 0:
        raise ValueError("z must have at least one axis, got one number")
    if isinstance(cost, WithSlope):
        return values_of(cost, z.detach(), name).detach(), slope_of(cost, z, name)
    with torch.enable_grad():
        z = z.detach().requires_grad_()
        value = values_of(cost, z, name)
        (slope,) = torch.autograd.grad(value.sum(), z, allow_unused=True) if value.requires_grad else (None,)
    if slope is None:
        raise ValueError(f"{name} must be differentiable in z, got one that only offers values")
    return value.detach(), require_float(f"the slope of {name}", slope)


def slope_of(cost, z, name="cost"):
    """The slopes of a cost alone: as :func:`value_and_slope`, or from the owner of a :class:`WithSlope`."""
    if not isinstance(cost, WithSlope):
        return value_and_slope(cost, z, name)[1]
    slope = require_float(f"the slope of {name}", cost.slope(require_float("z", z).detach()), z.shape)
    if (slope.dtype, slope.device) != (z.dtype, z.device):
        raise ValueError(f"the slope of {name} must be {z.dtype} on {z.device}, got {slope.dtype} on {slope.device}")
    return slope


class WithSlope:
    r"""A cost whose owner knows its slope :math:`\nabla_zf(z)`, compared with automatic differentiation once.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        Differentiable.
    slope : callable, ``(n, d) -> (n, d)``
    at : Tensor, shape ``(n, d)``
        Points where the two are compared.

    Raises
    ------
    ValueError
        If they differ by more than the square root of the type's precision, relative to the largest slope there.

    Examples
    --------
    >>> points = torch.linspace(-2.0, 2.0, 5)[:, None]
    >>> parabola = WithSlope(lambda z: z.square().sum(-1), lambda z: 2 * z, points)
    >>> float(slope_of(parabola, torch.tensor([[3.0]])))
    6.0
    """

    def __init__(self, cost, slope, at):
        if not callable(slope):
            raise ValueError(f"slope must be a function, got {type(slope).__name__}")
        found = value_and_slope(cost, require_float("at", at))[1]
        said = require_float("the value of slope", slope(at.detach()), at.shape)
        if not at.is_meta and at.numel():
            gap, scale = float((said - found).abs().max()), max(float(found.abs().max()), 1.0)
            if not gap <= torch.finfo(at.dtype).eps ** 0.5 * scale:
                raise ValueError(f"slope must be the derivative of cost, got one that is off by {gap:.3g}")
        self._cost, self.slope = cost, slope

    def __call__(self, z):
        """The values of the cost."""
        return self._cost(z)
