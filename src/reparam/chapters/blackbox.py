r"""Past the source: slopes of a mean cost that can only be called, on two costs where every error is known.

The draws are :math:`z=\mu+\sigma\epsilon`; the costs are the wave :math:`\cos kz` and the step :math:`1[z>c]`.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from reparam.derivatives import derivative
from reparam.estimators import weak
from reparam.guards import guarded, require_positive
from reparam.teaching import figures


class Difference(NamedTuple):
    """One two-sided difference: its mean, and its variance with common and with fresh noise."""

    mean: np.ndarray
    common: np.ndarray
    fresh: np.ndarray


@guarded(k="number", mu="number", sigma="number", h="array ...")
def wave_difference(k, mu, sigma, h):
    r"""Exact moments of a difference of :math:`\cos kz`.

    Parameters
    ----------
    k, mu, sigma : float
        ``sigma`` positive.
    h : array
        Steps, positive.

    Returns
    -------
    Difference
        Each of the shape of ``h``.

    Raises
    ------
    ValueError
        If ``sigma`` or a step is not positive.
    """
    require_positive(sigma=sigma, h=h)
    h, fall = np.asarray(h, dtype=float), math.exp(-((k * sigma) ** 2) / 2)

    def spread(m):  # variance of cos kz at the mean m; that of its slope has the other sign before the second cosine
        return (1 + fall**4 * np.cos(2 * k * m)) / 2 - (fall * np.cos(k * m)) ** 2

    slope, shrink = -k * fall * math.sin(k * mu), np.sinc(k * h / np.pi)
    quiet = k**2 * (1 - fall**4 * math.cos(2 * k * mu)) / 2 - slope**2
    return Difference(shrink * slope, shrink**2 * quiet, (spread(mu + h) + spread(mu - h)) / (4 * h**2))


@guarded(c="number", mu="number", sigma="number", h="array ...")
def step_difference(c, mu, sigma, h):
    r"""Exact moments of a difference of :math:`1[z>c]`. Parameters, result and errors as :func:`wave_difference`."""
    require_positive(sigma=sigma, h=h)
    h = np.asarray(h, dtype=float)
    right, left = ndtr((mu + h - c) / sigma), ndtr((mu - h - c) / sigma)
    mean = (right - left) / (2 * h)
    spread = right * (1 - right) + left * (1 - left)
    return Difference(mean, mean / (2 * h) - mean**2, spread / (4 * h**2))


@guarded(truth="number", n="number")
def least_error(difference, truth, n, kind, low=1e-3, high=3.0):
    """The step of least mean square error for the mean of n differences, and that error, by search.

    Parameters
    ----------
    difference : callable, ``h -> Difference``
    truth : float
        The slope itself.
    n : float
        How many are averaged, positive.
    kind : str
        ``"common"`` or ``"fresh"``.
    low, high : float
        Where to look.

    Returns
    -------
    step, mean square error : float

    Raises
    ------
    ValueError
        If ``n`` is not positive, or ``kind`` is neither.
    """
    require_positive(n=n, low=low, high=high)
    if kind not in ("common", "fresh"):
        raise ValueError(f"kind must be common or fresh, got {kind!r}")

    def error(log_h):
        d = difference(np.exp(log_h))
        return (d.mean - truth) ** 2 + getattr(d, kind) / n

    grid = np.linspace(math.log(low), math.log(high), 200)
    near = grid[int(np.argmin(error(grid)))]
    best = brentq(lambda t: float(derivative(error, t, 0.02)), near - 0.1, near + 0.1, xtol=1e-13)
    return math.exp(best), float(error(best))


@guarded(theta="number")
def poisson_nodes(theta):
    r"""Counts and chances of the Poisson law with mean :math:`\theta`, up to a tail below 1e-16.

    Parameters
    ----------
    theta : float
        Positive, at most 200.

    Returns
    -------
    counts, chances : array, shape ``(k,)``

    Raises
    ------
    ValueError
        If ``theta`` is out of range.
    """
    require_positive(theta=theta)
    if theta > 200:
        raise ValueError(f"theta must be at most 200, got {theta}")
    counts = np.arange(int(theta + 12 * math.sqrt(theta) + 30))
    logs = counts * math.log(theta) - theta - np.array([math.lgamma(n + 1) for n in counts])
    return counts.astype(float), np.exp(logs)


@guarded(shape="number", order="count")
def gamma_nodes(shape, order=40):
    """Nodes of a Gamma law with scale one beside an exponential one, and their weights.

    Parameters
    ----------
    shape : float
        Positive, at most 50.
    order : int
        Nodes an axis; polynomials up to degree ``2 * order - 1`` are integrated exactly.

    Returns
    -------
    x, more, weights : array, shape ``(order**2,)``
        Weights sum to one.

    Raises
    ------
    ValueError
        If ``shape`` is out of range.
    """
    from scipy.special import roots_genlaguerre

    require_positive(shape=shape)
    if shape > 50 or not 1 <= order <= 100:
        raise ValueError(f"shape must be at most 50 and order 1 to 100, got {shape} and {order}")
    (x, w), (e, v) = roots_genlaguerre(order, shape - 1), roots_genlaguerre(order, 0)
    return np.repeat(x, order), np.tile(e, order), np.outer(w / w.sum(), v).ravel()


@guarded(c="number", mu="number", sigma="number", n="count")
def step_strata(c, mu, sigma, n):
    r"""The score-function gradient of :math:`1[z>c]` in n strata of the noise: its mean and mean square in each.

    Parameters
    ----------
    c, mu, sigma : float
        ``sigma`` positive.
    n : int
        At least 1.

    Returns
    -------
    mean, square : array, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or ``n`` not at least 1.
    """
    require_positive(sigma=sigma, n=n)
    u, edges = (c - mu) / sigma, ndtri(np.arange(1, n) / n)
    low, high = np.maximum(np.array([-40.0, *edges]), u), np.maximum(np.array([*edges, 40.0]), u)

    def bell(t):
        return np.exp(-t * t / 2) / math.sqrt(2 * math.pi)

    square = low * bell(low) - high * bell(high) + ndtr(high) - ndtr(low)
    return n * (bell(low) - bell(high)) / sigma, n * square / sigma**2


@guarded(shape="number", scale="number")
def gamma_rivals(shape, scale):
    r"""Exact variances of five gradients of the mean of :math:`f(x)=x` in the scale of a Gamma law.

    Parameters
    ----------
    shape, scale : float
        Positive, the shape at most 50.

    Returns
    -------
    array, shape ``(5,)``
        The path, the weak derivative coupled, the score with the mean as baseline, the weak derivative uncoupled, and
        the plain score.

    Raises
    ------
    ValueError
        If a number is out of range.
    """
    require_positive(scale=scale)
    unit, more, w = gamma_nodes(shape)
    x = scale * unit
    score = unit / scale - shape / scale
    coupled, apart = weak.with_and_without_coupling(shape / scale, x + scale * more, x, w)
    path, centred, plain = (w @ g**2 - (w @ g) ** 2 for g in (unit, (x - shape * scale) * score, x * score))
    return np.array([path, coupled, centred, apart, plain])


def draw_stairs(width):
    """One frame of the slider: a staircase of unit steps, smoothed, and the slope of that.

    Parameters
    ----------
    width : float
        The blur.

    Returns
    -------
    matplotlib Figure
    """
    figure, axes = figures.panels(2, height=2.6)
    m = np.linspace(-0.5, 3.5, 240)
    j = np.arange(-6, 10)
    away = (m[:, None] - j) / width
    axes[0].step(m, np.floor(m), color=figures.MUTED, where="post")
    axes[0].plot(m, (ndtr(away) - (j <= 0)).sum(1), color=figures.BLUE)
    axes[1].plot(m, np.exp(-away * away / 2).sum(1) / width / math.sqrt(2 * math.pi), color=figures.BLUE)
    axes[0].set(title=f"blur {width:g}", xlabel="μ", ylim=(-1.2, 3.7))
    axes[1].set(title="its slope", xlabel="μ", ylim=(0, 8.4))
    return figure
