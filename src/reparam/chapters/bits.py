"""Past the source: unbiased gradients of bits, and their exact errors at equal numbers of evaluations."""

import numpy as np
from scipy.special import expit

from reparam.estimators import corrected, relaxations
from reparam.guards import guarded


@guarded(values="array m ...", chances="array m")
def outcome_table(values, chances):
    """Mean and variance of a number with finitely many values.

    Parameters
    ----------
    values, chances : array, shape ``(m,)`` or ``(m, k)`` and ``(m,)``

    Returns
    -------
    mean, variance : float or array, shape ``(k,)``
    """
    mean = chances @ values
    return mean, chances @ np.square(values) - mean**2


@guarded(f="function", slope="function", ell="number", tau="number", bits="number")
def best_rebar(f, slope, ell, tau, bits):
    """The weight with which REBAR has the least variance, and that variance: a parabola in the weight.

    Parameters
    ----------
    f, slope, ell, tau, bits
        As in :func:`reparam.estimators.corrected.rebar_variance`.

    Returns
    -------
    weight, variance : float
    """
    zero, one, two = (corrected.rebar_variance(f, slope, ell, tau, w, bits) for w in (0.0, 1.0, 2.0))
    bend = (zero - 2 * one + two) / 2
    weight = (zero + bend - one) / (2 * bend)
    return weight, zero - bend * weight**2


@guarded(ell="number", tau="number", bits="count", target="number")
def crowd_moments(ell, tau, bits, target):
    r"""Exact mean and variance of the relaxed gradient of one logit for the cost :math:`(\sum_ib_i-c)^2`.

    Parameters
    ----------
    ell, tau : float
        The common logit, and the temperature.
    bits : int
    target : float
        The number c.

    Returns
    -------
    mean, variance : float
    """
    def powers(noise):
        y = relaxations.relaxed(ell, noise, tau)
        g = y * (1 - y) / tau
        return np.stack([y, y**2, g, g * y, g**2, g**2 * y, g**2 * y**2])

    near = -ell + tau * np.array([-40, -10, 0, 10, 40])
    y, y2, g, gy, g2, g2y, g2y2 = relaxations.logistic_expectation(powers, near)
    shift, spread = (bits - 1) * y - target, (bits - 1) * (y2 - y**2)
    mean = 2 * (gy + shift * g)
    return mean, 4 * (g2y2 + 2 * shift * g2y + (shift**2 + spread) * g2) - mean**2


@guarded(bits="count", ell="number", target="number", evaluations="count")
def separable_errors(bits, ell, target, evaluations):
    r"""Exact root mean square errors of one logit's gradient for :math:`\sum_i(b_i-t)^2`, relative to the gradient.

    Parameters
    ----------
    bits : int
    ell : float
        The common logit, not positive.
    target : float
        The number t.
    evaluations : int
        Of the cost, a multiple of 6; a value with its slopes counts as one.

    Returns
    -------
    dict of str to float
    """
    theta, gap = expit(ell), 1 - 2 * target
    v, n = theta * (1 - theta), evaluations
    own, rest = gap**2 * v * (1 - 4 * v), gap**2 * v**2  # what the own bit brings, and each other

    def leave_out(bits, size):
        return (own + (bits - 1) * rest) / size + (gap**2 * v**2 + bits * rest) / (size * (size - 1))

    twins = gap**2 * v * ((1 - theta) / 2 - v) + (bits - 1) * rest
    best = best_rebar(lambda b: (b - target) ** 2, lambda b: 2 * (b - target), ell, 0.2, bits)[1]
    variances = {"leave-one-out": leave_out(bits, n), "on own terms": leave_out(1, n),
                 "twins (DisARM)": 2 * twins / n, "REBAR": 3 * best / n}
    return {name: (x**0.5) / abs(gap * v) for name, x in variances.items()}
