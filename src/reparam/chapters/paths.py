r"""Past the source: fields, rejection, and a mixture in the plane, with the exact variances of what is compared."""

from dataclasses import dataclass
from math import hypot

import numpy as np
from scipy.special import gammainc, log_ndtr, ndtr, polygamma

from reparam.estimators import implicit, transport
from reparam.guards import guarded, require_finite_array, require_number, require_positive_array
from reparam.laws.gamma import gamma_density, gamma_mean
from reparam.laws.mixture import Mixture
from reparam.teaching import figures

TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
"""A quarter turn of the plane, antisymmetric."""


@guarded(z="array n", alpha="number")
def gamma_path(z, alpha):
    r"""The implicit path :math:`dz/d\alpha=-\partial_\alpha F/q` of the Gamma law.

    Parameters
    ----------
    z : array, shape ``(n,)``
        Positive.
    alpha : float
        Positive.

    Returns
    -------
    array, shape ``(n,)``
    """
    require_positive_array("z", z)
    step = min(0.01, require_number("alpha", alpha, above=0) / 8)
    return implicit.implicit_path(lambda x, a: gammainc(a, x), gamma_density, z, alpha, step)


@guarded
def times(first, second):
    """Product of two sums of terms, see :func:`reparam.laws.gamma.gamma_mean`, as a dict."""
    product = {}
    for (i, k), c in first.items():
        for (j, m), e in second.items():
            product[i + j, k + m] = product.get((i + j, k + m), 0.0) + c * e
    return product


@guarded
def plus(*sums):
    """Sum of sums of terms, as a dict."""
    total = {}
    for terms in sums:
        for exponents, c in terms.items():
            total[exponents] = total.get(exponents, 0.0) + c
    return total


@guarded(alpha="number")
def gamma_fields(alpha):
    r"""Velocity and residual of three fields in terms of z and its logarithm: none, standardised, and of the sampler.

    Parameters
    ----------
    alpha : float
        Above 2/3, or the sampler's residual has no variance.

    Returns
    -------
    dict of str to (dict, dict)
    """
    d, half = require_number("alpha", alpha, above=2 / 3) - 1 / 3, polygamma(2, alpha) / polygamma(1, alpha) / 2
    rate = {(0, 1): half, (0, 0): polygamma(1, alpha)}
    x = {j: d ** (-j / 3) for j in (-1, 2, 3)}
    speed = {(2, 0): 1.5 * x[2], (3, 0): -0.5 * x[3]}
    per_x = (3 * alpha - 1) / (2 * d)
    back = {(0, 1): 1.0, (-1, 0): per_x * x[-1], (0, 0): -alpha / (2 * d), (2, 0): -speed[2, 0], (3, 0): -speed[3, 0]}
    return {
        "score function": ({}, {(0, 1): 1.0}),
        "standardised log": (times({(3, 0): 1.0}, rate),
                             plus({(0, 1): 1.0, (0, 0): half}, times(rate, {(0, 0): alpha, (3, 0): -1.0}))),
        "rejection": (speed, back),
    }


@guarded(alpha="number")
def field_moments(velocity, residual, alpha):
    r"""Exact mean and variance of :math:`v+(z-\alpha)\rho`, a gradient of :math:`\mathbb E[z]`, the mean its baseline.

    Parameters
    ----------
    velocity, residual : dict
        Terms as in :func:`gamma_fields`.
    alpha : float

    Returns
    -------
    mean, variance : float
    """
    gradient = plus(velocity, times({(3, 0): 1.0, (0, 0): -alpha}, residual))
    mean = gamma_mean(gradient, alpha)
    return mean, gamma_mean(times(gradient, gradient), alpha) - mean**2


def _factor_moments(j, alpha, B):
    r"""Means of :math:`U^jW^k`, k = 0, 1, 2: U is the product of the uniforms' powers, W the slope of its logarithm."""
    steps = alpha + np.arange(B)
    slower = 1 + j / steps
    mean, variance = (steps**-2.0 / slower).sum(), (steps**-4.0 / slower**2).sum()
    return np.prod(1 / slower) * np.array([1.0, mean, mean**2 + variance])


@guarded(alpha="number", B="count")
def augmented_moments(alpha, B):
    r"""The same as :func:`field_moments` for Marsaglia and Tsang's sampler at shape :math:`\alpha+B`.

    Parameters
    ----------
    alpha : float
        Positive, :math:`\alpha+B>2/3`.
    B : int
        Not negative.

    Returns
    -------
    mean, variance : float
    """
    if B < 0:
        raise ValueError(f"B must not be negative, got {B}")
    top = require_number("alpha", alpha, above=0) + B
    speed, rho = gamma_fields(top)["rejection"]
    z = {(3, 0): 1.0}
    whole = plus(speed, times(z, rho))

    def mean(*factors):
        return gamma_mean(times(*factors), top)

    one, two, none = (_factor_moments(j, alpha, B) for j in (1, 2, 0))
    first = one[0] * gamma_mean(whole, top) + one[1] * gamma_mean(z, top) - alpha * none[0] * gamma_mean(rho, top)
    square = two @ [mean(whole, whole), 2 * mean(z, whole), mean(z, z)] + alpha**2 * mean(rho, rho)
    crossed = one[:2] @ [mean(rho, whole), mean(rho, z)]
    return float(first), float(square - 2 * alpha * crossed - first**2)


@guarded(alpha="number")
def all_factors(alpha):
    r"""The limit of the variance of :func:`augmented_moments` as B grows.

    Parameters
    ----------
    alpha : float
        Positive.

    Returns
    -------
    float
    """
    a = require_number("alpha", alpha, above=0)
    once = 1 / a + 1 / (a + 1)
    twice = (2 * polygamma(1, a) - a**-2 - (a + 1) ** -2 - once) / 4
    return float(a * (a + 1) * (once**2 / 4 + twice) - 1)


@guarded(x="array ...")
def hazard(x):
    r""":math:`\varphi(x)/(1-\Phi(x))`, the density of a normal number just above x, given that it lies above.

    Parameters
    ----------
    x : array

    Returns
    -------
    array, shape of ``x``
    """
    x = require_finite_array("x", x)
    return np.exp(-0.5 * x * x - 0.5 * np.log(2 * np.pi) - log_ndtr(-x))


@dataclass(frozen=True)
class TwoBumps:
    r"""The mixture :math:`w\,N(m,s^2I)+(1-w)\,N(-m,s^2I)` in the plane.

    Parameters
    ----------
    weight : float
        w, between 0 and 1.
    centre : pair of float
        m, both not zero.
    width : float
        s, positive.
    """

    weight: float
    centre: tuple
    width: float

    def __post_init__(self):
        require_number("weight", self.weight, 0, 1)
        require_number("width", self.width, above=0)
        centre = require_finite_array("centre", self.centre, shape=(2,))
        if not (centre != 0).all():
            raise ValueError(f"centre must be two numbers that are not zero, got {self.centre}")
        object.__setattr__(self, "centre", tuple(centre.tolist()))

    def _along(self, half):
        return Mixture((self.weight, 1 - self.weight), (half, -half), (self.width, self.width))

    @property
    def axis(self):
        """The unit vector from the middle to the first bump, shape ``(2,)``."""
        return np.array(self.centre) / hypot(*self.centre)

    @guarded(u="array n", eps="array n 2")
    def draw(self, u, eps):
        """Draws ``(n, 2)`` from uniform and normal noise: choose a bump, then a place in it."""
        sign = np.where(np.asarray(u) < self.weight, 1.0, -1.0)
        return sign[:, None] * self.centre + self.width * np.asarray(eps)

    @guarded
    def nodes(self, step=0.15):
        """Points ``(k, 2)`` and their masses ``(k,)``: the trapezoidal rule, steps in units of the width."""
        long, h = hypot(*self.centre), require_number("step", step, 0, 1) * self.width
        y = np.arange(-long - 9 * self.width, long + 9 * self.width + h, h)
        t = np.arange(-9 * self.width, 9 * self.width + h, h)
        tangent = np.exp(-0.5 * (t / self.width) ** 2)
        masses = np.outer(self._along(long).density(y), tangent).ravel()
        points = y[:, None, None] * self.axis + t[:, None] * (TURN @ self.axis)
        return points.reshape(-1, 2), masses / masses.sum()

    @guarded(z="array n 2")
    def score(self, z):
        r""":math:`\partial_w\log q` at ``z``, shape ``(n,)``."""
        return implicit.weight_score(self._along(hypot(*self.centre)), np.asarray(z) @ self.axis)

    @guarded(z="array n 2")
    def straight(self, z):
        """The velocity in w along the line that joins the bumps, ``(n, 2)``."""
        speed = implicit.weight_path(self._along(hypot(*self.centre)), np.asarray(z) @ self.axis)
        return speed[:, None] * self.axis

    @guarded(z="array n 2", first="count")
    def by_coordinates(self, z, first=0):
        """The velocity in w, ``(n, 2)``: holds the rank of coordinate ``first``, then that of the other given it."""
        if first not in (0, 1):
            raise ValueError(f"first must be 0 or 1, got {first}")
        z, (near, far), s, w = np.asarray(z), np.roll(self.centre, -first), self.width, self.weight
        a, b = z[:, first], z[:, 1 - first]
        lead = implicit.weight_path(self._along(near), a)
        odds = 1 / (1 + (1 - w) / w * np.exp(-2 * near * a / s**2))
        drift = odds * (1 - odds) * (1 / (w * (1 - w)) + 2 * near / s**2 * lead)
        up, down = (b - far) / s, (b + far) / s
        bell = (odds * np.exp(-0.5 * up**2) + (1 - odds) * np.exp(-0.5 * down**2)) / (s * np.sqrt(2 * np.pi))
        follow = drift * (ndtr(down) - ndtr(up)) / bell
        return np.stack([lead, follow] if first == 0 else [follow, lead], 1)

    @guarded(target="array 2")
    def added_up(self, target):
        r"""Exact variances of gradients in w of :math:`\mathbb E\frac12\lVert z-t\rVert^2` that choose or add up bumps.

        Parameters
        ----------
        target : array, shape ``(2,)``
            t.

        Returns
        -------
        dict of str to float
        """
        t, m, s2, w = np.asarray(target), np.array(self.centre), self.width**2, self.weight
        away = [(c - t) @ (c - t) for c in (m, -m)]
        means, variances = [s2 + a / 2 for a in away], [s2 * a + s2**2 for a in away]
        mean, truth = w * means[0] + (1 - w) * means[1], means[0] - means[1]
        bet = sum((v + (e - mean) ** 2) / p for v, e, p in zip(variances, means, (w, 1 - w), strict=True))
        return {"score of the bump": bet - truth**2, "both bumps": sum(variances),
                "both, one noise": 4 * s2 * m @ m, "both, mirrored noise": 4 * s2 * t @ t}


def draw_turn(k, z):
    """One frame of the slider: the field that turns by k, and the variance of the gradient over k.

    Parameters
    ----------
    k : float
    z : array, shape ``(n, 2)``
        Draws from which arrows start.

    Returns
    -------
    matplotlib Figure
    """
    figure, (left, right) = figures.panels(2, height=2.9)
    change = np.diag([1.0, 0.0])
    v = z @ transport.turned_field(np.eye(2), change, k * TURN).T
    left.quiver(*z.T, *v.T, angles="xy", scale_units="xy", scale=2.5, color=figures.BLUE, width=0.006)
    left.plot([-2.5, 2.5], [2.5, -2.5], color=figures.MUTED, linewidth=1, linestyle="--")
    left.set(xlabel="z₁", ylabel="z₂", xlim=(-3, 3), ylim=(-3, 3), aspect="equal", title=f"velocities, k = {k:g}")
    turns = np.linspace(-1.5, 0.5, 81)
    right.plot(turns, [variance_of_turn(x) for x in turns], color=figures.BLUE)
    right.plot([k], [variance_of_turn(k)], "o", color=figures.INK)
    right.set(xlabel="k", ylim=(0, 9), title="variance of one gradient")
    return figure


@guarded(k="number")
def variance_of_turn(k):
    r"""The variance :math:`2[(1+k)^2+k^2]+1` of the example by hand, by :func:`transport.quadratic_moments`.

    Parameters
    ----------
    k : float

    Returns
    -------
    float
    """
    field = transport.turned_field(np.eye(2), np.diag([1.0, 0.0]), k * TURN)
    return transport.quadratic_moments(np.ones((2, 2)), np.zeros(2), np.eye(2), field)[1]
