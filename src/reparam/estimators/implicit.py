"""Paths of samplers without a formula: implicit differentiation of the distribution function."""

import numpy as np

from reparam.derivatives import derivative
from reparam.guards import require_finite_array, require_positive_array
from reparam.laws.mixture import Mixture


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
        Of the differences that take the derivative of F, see :func:`derivative`.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        On NaN or infinity in ``z``, or where the density is not positive.

    References
    ----------
    :cite:t:`figurnov2018implicit`
    """
    z = require_finite_array("z", z)
    return -derivative(lambda p: cdf(z, p), phi, step) / require_positive_array("density", density(z, phi))


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
    if not z.shape == cdf.shape == density.shape:
        raise ValueError(f"z, cdf and density must have one shape, got {[tuple(x.shape) for x in (z, cdf, density)]}")
    require_positive_array("density", density.detach())
    return z.detach() - (cdf - cdf.detach()) / density.detach()


def _components(law, z):
    if len(law.weights) != 2:
        raise ValueError(f"law must have two components, got {len(law.weights)}")
    z = require_finite_array("z", z)
    parts = (Mixture((1.0,), (m,), (s,)) for m, s in zip(law.means, law.sigmas, strict=True))
    return *parts, z, require_positive_array("density", law.density(z))


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


def weight_score(law, z):
    r"""The score of a mixture's first weight, :math:`\partial_w\log p=(p_1(z)-p_2(z))/p(z)`.

    Parameters, result and errors are those of :func:`weight_path`.
    """
    first, second, z, density = _components(law, z)
    return (first.density(z) - second.density(z)) / density
