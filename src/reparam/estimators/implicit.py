"""Paths of samplers without a formula: implicit differentiation of the distribution function."""

import numpy as np

from reparam.derivatives import derivative
from reparam.guards import (
    array_values,
    guarded,
    require_finite_array,
    require_float,
    require_number,
    require_positive,
    require_positive_array,
)
from reparam.laws.mixture import Mixture


def _slope_of_cdf(cdf, z, phi, step):
    """The derivative in the parameter, by steps that are halved until two agree and stay where F is a probability."""
    def probability(p):
        F = array_values("cdf", cdf, z, p)
        if not ((F >= -1e-12) & (F <= 1 + 1e-12)).all():
            raise ValueError(f"cdf must lie between 0 and 1, got {F.min():.3g} to {F.max():.3g} at parameter {p:.6g}")
        return F

    probability(phi)
    last, trouble = None, "its differences do not settle"
    for halvings in range(24):
        h = step * 0.5**halvings
        try:
            with np.errstate(all="ignore"):
                now = derivative(probability, phi, h)
        except ValueError as e:  # the differences reach over an edge of the parameter's range
            last, trouble = None, e
            continue
        if last is not None and (abs(now - last) <= 1e-6 * abs(now) + 1e-14 / h).all():
            return now
        last = now
    raise ValueError(f"cdf must be smooth in its parameter around phi = {phi:g}: {trouble}")


def implicit_path(cdf, density, z, phi, step=0.01):
    r"""The slope of a draw in the parameter: :math:`\dot z=-\partial_\phi F(z;\phi)/p(z;\phi)`.

    Parameters
    ----------
    cdf, density : callable, ``(z, phi) -> array``
        F and p of a one-dimensional law.
    z : array
        Draws, from whatever sampler.
    phi : float
        The parameter.
    step : float
        Of the first differences that take the derivative of F, see :func:`derivative`; halved until two agree.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        On NaN or infinity in ``z``, where the density is not positive, or if ``cdf`` is no probability, or not smooth
        around ``phi``.

    References
    ----------
    :cite:t:`figurnov2018implicit`
    """
    z, phi = require_finite_array("z", z), require_number("phi", phi)
    p = require_positive_array("the value of density", array_values("density", density, z, phi))
    return -_slope_of_cdf(cdf, z, phi, require_number("step", step, above=0)) / p


def attach_path(z, cdf, density):
    r"""A finished draw with its implicit path, for automatic differentiation.

    .. math:: z-\frac{F-\lfloor F\rfloor}{\lfloor p\rfloor}

    The value is ``z``; the derivative in every parameter of ``cdf`` is :math:`-\partial_\phi F/p`.

    Parameters
    ----------
    z : Tensor
        Draws, from whatever sampler; taken as constants.
    cdf, density : Tensor, shape of ``z``
        F and p of a one-dimensional law at the same constant ``z``; ``cdf`` carries the graph to the parameters.

    Returns
    -------
    Tensor, shape of ``z``

    Raises
    ------
    ValueError
        If shapes differ, or where the density is not positive.

    References
    ----------
    :cite:t:`figurnov2018implicit`
    """
    require_float("z", z)
    for name, x in (("cdf", cdf), ("density", density)):
        if require_float(name, x, z.shape).dtype != z.dtype or x.device != z.device:
            raise ValueError(f"{name} must be {z.dtype} on {z.device} as z is, got {x.dtype} on {x.device}")
    if not cdf.requires_grad:
        raise ValueError("cdf must carry the graph to its parameters, got one without: z would have no path")
    require_positive(density=density)
    return z.detach() - (cdf - cdf.detach()) / density.detach()


def _components(law, z):
    if len(law.weights) != 2:
        raise ValueError(f"law must have two components, got {len(law.weights)}")
    z = require_finite_array("z", z)
    parts = (Mixture((1.0,), (m,), (s,)) for m, s in zip(law.means, law.sigmas, strict=True))
    return *parts, z, require_positive_array("density", law.density(z))


@guarded
def weight_path(law, z):
    r"""The implicit path of the first weight of :math:`p=w\,p_1+(1-w)\,p_2`: :math:`\dot z=(F_2(z)-F_1(z))/p(z)`.

    Parameters
    ----------
    law : Mixture
        Of two components.
    z : array
        Draws, from whatever sampler.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If there are not two components, on NaN or infinity, or where the density is zero to machine precision.

    References
    ----------
    :cite:t:`graves2016mixture`
    """
    first, second, z, density = _components(law, z)
    upper = first.tail(z) - second.tail(z)  # right of the middle the upper tails keep their digits
    difference = np.where(z > law.mean, upper, second.cdf(z) - first.cdf(z))
    return difference / density


@guarded
def weight_score(law, z):
    r"""The score of a mixture's first weight, :math:`\partial_w\log p=(p_1(z)-p_2(z))/p(z)`.

    Parameters, result and errors are those of :func:`weight_path`.
    """
    first, second, z, density = _components(law, z)
    return (first.density(z) - second.density(z)) / density
