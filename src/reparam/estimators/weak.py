r"""Weak derivatives of laws that are not Gaussian: a difference of values under two laws of the same family.

If :math:`\partial_\theta p_\theta=c\,(p^+-p^-)`, then
:math:`\partial_\theta\mathbb E[f]=c\,(\mathbb E^+f-\mathbb E^-f)`. Here the plus law is the minus law plus something
positive: coupled, both values share the first part. Arrays are NumPy's; draws are arguments.
"""

import numpy as np

from reparam.guards import array_values, guarded, require_finite_array, require_positive_array


@guarded(cost="function")
def poisson_difference(cost, n, other=None):
    r"""The slope in the mean of a Poisson law, :math:`f(n+1)-f(n)`.

    Parameters
    ----------
    cost : callable, ``(k,) -> (k,)``
    n : array, shape ``(k,)``
        Counts drawn from the law.
    other : array, shape ``(k,)``, optional
        Independent counts from the same law for the minus side: then the pair is uncoupled.

    Returns
    -------
    array, shape ``(k,)``

    Raises
    ------
    ValueError
        If shapes differ, on NaN or infinity, or if the cost does not return one finite number a count.
    """
    n = require_finite_array("n", n, 1)
    other = n if other is None else require_finite_array("other", other, shape=n.shape)
    return array_values("cost", cost, n + 1) - array_values("cost", cost, other)


@guarded(cost="function", shape="number", scale="number")
def gamma_difference(cost, shape, scale, x, more, other=None):
    r"""The slope in the scale of a Gamma law, :math:`\frac a\theta\,[f(x+\theta e)-f(x)]`; exponential if a is 1.

    Parameters
    ----------
    cost : callable, ``(k,) -> (k,)``
    shape, scale : float
        The numbers a and :math:`\theta`, positive; the mean is :math:`a\theta`.
    x : array, shape ``(k,)``
        Draws from the law.
    more : array, shape ``(k,)``
        Draws e from the exponential law with mean one.
    other : array, shape ``(k,)``, optional
        Independent draws from the same law as ``x`` for the minus side: then the pair is uncoupled.

    Returns
    -------
    array, shape ``(k,)``

    Raises
    ------
    ValueError
        As :func:`poisson_difference`, or if shape or scale is not positive.
    """
    shape, scale = (float(require_positive_array(k, v, shape=())) for k, v in (("shape", shape), ("scale", scale)))
    x = require_finite_array("x", x, 1)
    more = require_finite_array("more", more, shape=x.shape)
    other = x if other is None else require_finite_array("other", other, shape=x.shape)
    lead = array_values("cost", cost, x + scale * more) - array_values("cost", cost, other)
    return shape / scale * lead


@guarded(constant="number", plus="array k", minus="array k", weights="array k")
def with_and_without_coupling(constant, plus, minus, weights):
    r"""Variances of a weak derivative from the values of both sides at the nodes of a quadrature.

    .. math:: c^2\operatorname{Var}[f^+-f^-],\qquad c^2(\operatorname{Var}f^++\operatorname{Var}f^-)

    Parameters
    ----------
    constant : float
        The number c.
    plus, minus : array, shape ``(k,)``
        The cost on both sides, coupled, node by node.
    weights : array, shape ``(k,)``
        Summing to one.

    Returns
    -------
    coupled, uncoupled : float
    """
    plus, minus, weights = (np.asarray(x, dtype=float) for x in (plus, minus, weights))

    def spread(values):
        return weights @ (values - weights @ values) ** 2

    return constant**2 * spread(plus - minus), constant**2 * (spread(plus) + spread(minus))
