"""Paths of samplers without a formula: implicit differentiation of the distribution function."""

from reparam.derivatives import derivative
from reparam.guards import require_finite_array, require_positive_array


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
