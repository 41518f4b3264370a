"""Past the source: noise that fills its space, a cost of several coordinates over a Latin hypercube, and a picture."""

import numpy as np

from reparam.estimators.filling_variances import latin_product_variance, stratified_variance, stratum_moments
from reparam.guards import guarded, require_count, require_positive
from reparam.teaching import figures


@guarded(h="function", d="count", n="count", sigma="number")
def latin_score_variance(h, d, n, sigma):
    r"""Variance of the mean of :math:`\sum_jh(\epsilon_j)\,\epsilon_1/\sigma` over a Latin hypercube.

    The term of the own coordinate is stratified, the d - 1 others are products of two coordinates.

    Parameters
    ----------
    h : callable, ``(k,) -> (k,)``
        A smooth function of one coordinate's noise, with mean zero.
    d : int
        Coordinates, at least 1.
    n : int
        Points, at least 2.
    sigma : float
        Positive.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is out of range, or the mean of h is not zero.
    """
    d, n = require_count("d", d), require_count("n", n, 2)
    require_positive(sigma=sigma)
    own, line = stratum_moments(lambda e: h(e) * e, n), stratum_moments(lambda e: e, n)
    mean, square = stratum_moments(h, n)
    if abs(mean.mean()) > 1e-9 * (1 + square.mean()):
        raise ValueError(f"h must have mean zero, got {mean.mean():.3g}")
    product = latin_product_variance(mean, square, *line)
    return float(stratified_variance(*own) + (d - 1) * product) / sigma**2


def draw_points(clouds):
    """Points in the unit square over an eight by eight board.

    Parameters
    ----------
    clouds : dict of str to array, shape ``(n, 2)``
        By their titles, two or three.

    Returns
    -------
    matplotlib Figure
    """
    figure, axes = figures.panels(len(clouds), height=2.5)
    for ax, (title, points) in zip(axes, clouds.items(), strict=True):
        ax.plot(*np.transpose(points), "o", color=figures.BLUE, markersize=3)
        ticks = np.arange(9) / 8
        ax.set(title=title, xlim=(0, 1), ylim=(0, 1), xticks=ticks, yticks=ticks, xticklabels=[], yticklabels=[],
               aspect="equal")
        ax.grid(color=figures.PALE[1], linewidth=0.6)
        ax.tick_params(length=0)
    return figure
