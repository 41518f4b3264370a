"""Past the source: gradients where a sample is a category.

Arrays are NumPy's, in float64. The categorical law with logits :math:`\\ell` has the probabilities
:math:`\\pi_k=e^{\\ell_k}/\\sum_j e^{\\ell_j}`; the binary case has one logit, :math:`\\theta=\\sigma(\\ell)`.
"""

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax

from reparam import quadrature
from reparam.derivatives import derivative
from reparam.estimators import relaxations
from reparam.guards import guarded


@guarded(log_density="function", low="number", high="number")
def triangle_integral(log_density, low, high):
    r"""Integral over the simplex of three categories, in the coordinates :math:`\log(y_1/y_2),\log(y_1/y_3)`.

    The change of coordinates costs the factor :math:`y_1y_2y_3`. Both coordinates positive is the part where
    :math:`y_1` is the largest of the three.

    Parameters
    ----------
    log_density : callable, ``(..., 3) -> (...)``
        Takes :math:`\log y`; density with respect to :math:`dy_1dy_2`, in nats.
    low, high : float
        Range of both coordinates.

    Returns
    -------
    float
    """
    def inner(a, b):
        ratios = np.stack(np.broadcast_arrays(0.0, -a[:, None], -b), -1)
        log_y = log_softmax(ratios, axis=-1)
        return np.exp(log_density(log_y) + log_y.sum(-1))

    def outer(a):
        return quadrature.integral(lambda b: inner(a, b), low, high, tol=1e-10)

    return float(quadrature.integral(outer, low, high, tol=1e-10))


@guarded(slope="function", ell="number", truth="number", draws="number", guess="number")
def best_temperature(slope, ell, truth, draws, guess):
    r"""The temperature near a guess at which the relaxed gradient's exact mean square error is least.

    Parameters
    ----------
    slope, ell
        As in :func:`reparam.estimators.relaxations.relaxed_gradient`.
    truth : float
        The gradient that is to be estimated.
    draws : float
        As many are averaged.
    guess : float
        The minimum is sought between 0.7 and 1.6 times it.

    Returns
    -------
    temperature, error : float

    Raises
    ------
    ValueError
        If the error has no minimum there.
    """
    def error(tau):
        mean, variance = relaxations.relaxed_moments(slope, ell, tau)
        return (mean - truth) ** 2 + variance / draws

    found = brentq(lambda tau: derivative(error, tau, 0.05 * tau), 0.7 * guess, 1.6 * guess, xtol=1e-12)
    return found, error(found)


def draw_wax(points, colours, y, density):
    """One frame of the chapter's slider: relaxed draws in the triangle, and the density of two categories.

    Parameters
    ----------
    points : array, shape ``(n, 3)``
        Points of the simplex.
    colours : sequence of str
        One per point.
    y, density : array, shape ``(k,)``

    Returns
    -------
    matplotlib Figure
    """
    from reparam.teaching import figures

    figure, (left, right) = figures.panels(2, height=2.7)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
    left.fill(*corners.T, facecolor="none", edgecolor=figures.MUTED)
    left.scatter(*(points @ corners).T, s=8, c=colours)
    left.set(title="three categories", aspect="equal")
    left.axis("off")
    right.plot(y, density)
    right.set(xlabel="y", ylabel="density", ylim=(0, 4), title="two categories")
    return figure
