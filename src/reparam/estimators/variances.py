r"""Exact single-draw variances of the gradient estimators, in closed form.

Two layers. A *cost* turns into the few :class:`Expectations` that any variance needs; a *variance* is an
expression in those, the same for every cost. Everything broadcasts, so that a curve over k is one call.
"""

from itertools import combinations, product
from typing import NamedTuple

import numpy as np
from numpy.polynomial import hermite_e
from scipy.optimize import brentq
from scipy.special import dawsn, erf

from reparam.guards import guarded, require_finite, require_positive

NORMAL_MOMENTS = (1.0, 0.0, 1.0, 0.0, 3.0, 0.0, 15.0, 0.0, 105.0)


class Expectations(NamedTuple):
    r"""What the variances of all estimators of one cost are made of.

    With :math:`z=\mu+\sigma\epsilon` and its mirror image :math:`z'=\mu-\sigma\epsilon`: ``value[k]``, ``square[k]``
    and ``mirror[k]`` are :math:`\mathbb E[f(z)\epsilon^k]`, :math:`\mathbb E[f(z)^2\epsilon^k]` and
    :math:`\mathbb E[f(z)f(z')\epsilon^k]` for k = 0, ..., 4; ``slope[k]`` and ``slope_mirror[k]`` are
    :math:`\mathbb E[f'(z)^2\epsilon^k]` and :math:`\mathbb E[f'(z)f'(z')\epsilon^k]` for k = 0 and 2. With the noise of
    :func:`reparam.estimators.measure_valued`, ``rayleigh`` is
    :math:`\mathbb E[(f(\mu+\sigma w)-f(\mu-\sigma w))^2]` and ``maxwell`` is
    :math:`\mathbb E[f(\mu+\sigma m)f(\mu+\sigma\epsilon_1)]`.
    """

    sigma: object
    value: np.ndarray
    square: np.ndarray
    mirror: np.ndarray
    slope: dict
    slope_mirror: dict
    rayleigh: np.ndarray
    maxwell: np.ndarray

    @property
    def gradient(self):
        r"""The exact gradient: with respect to :math:`\mu` and :math:`\log\sigma`."""
        return np.array([self.value[1] / self.sigma, self.value[2] - self.value[0]])


@guarded(sigma="number")
def polynomial(c, sigma):
    r"""Expectations of the cost :math:`f=c_0+c_1\epsilon+c_2\epsilon^2`.

    Parameters
    ----------
    c : sequence of three floats or arrays
        Coefficients in units of the noise.
    sigma : float
        Standard deviation of q, positive.

    Returns
    -------
    Expectations

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or a coefficient is not finite.
    """
    require_positive(sigma=sigma)
    require_finite(c=np.stack(np.broadcast_arrays(*c)))
    c0, c1, c2 = np.broadcast_arrays(*c)

    def moments(first, second, powers=range(5)):
        return np.array([
            sum(a * b * NORMAL_MOMENTS[i + j + k] for i, a in enumerate(first) for j, b in enumerate(second))
            for k in powers
        ])

    f, back, one = (c0, c1, c2), (c0, -c1, c2), (1.0,)
    df, dback = (c1 / sigma, 2 * c2 / sigma), (c1 / sigma, -2 * c2 / sigma)
    maxwell = sum(a * b / (j + 1) * NORMAL_MOMENTS[i + j + 2] for i, a in enumerate(f) for j, b in enumerate(f))
    return Expectations(
        sigma, moments(f, one), moments(f, f), moments(f, back), _even(moments(df, df, (0, 2))),
        _even(moments(df, dback, (0, 2))), 8 * c1**2, maxwell,
    )


def _even(pair):
    return {0: pair[0], 2: pair[1]}


@guarded
def linear(mu, sigma):
    r"""Expectations of the cost f(x) = x. Parameters, result and errors are those of :func:`square`, without k."""
    return polynomial((mu, sigma, 0.0), sigma)


@guarded(mu="number", sigma="number")
def square(k, mu, sigma):
    r"""Expectations of the cost :math:`f(x)=(x-k)^2`.

    Parameters
    ----------
    k : float or array
    mu, sigma : float
        Of q, ``sigma`` positive.

    Returns
    -------
    Expectations

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or a number is not finite.
    """
    shift = mu - np.asarray(k, dtype=float)
    return polynomial((shift**2, 2 * sigma * shift, sigma**2), sigma)


@guarded(mu="number", sigma="number")
def conjugate_elbo(model, mu, sigma):
    r"""Expectations of the ELBO's integrand :math:`\log p(x,z)-\log q(z)` of the conjugate model.

    Parameters
    ----------
    model : reparam.chapters.elbo.ConjugateGaussian
    mu, sigma : float
        Of q, ``sigma`` positive.

    Returns
    -------
    Expectations

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or a number is not finite.
    """
    m, s = model.posterior
    shift, ratio = (mu - m) / s, sigma / s
    return polynomial((
        model.log_evidence - np.log(s) + np.log(sigma) - shift**2 / 2, -shift * ratio, (1 - ratio**2) / 2,
    ), sigma)


@guarded
def cosine(k, mu, sigma):
    r"""Expectations of the cost :math:`f(x)=\cos kx`. Parameters, result and errors are those of :func:`square`."""
    k = np.asarray(k, dtype=float)
    require_positive(sigma=sigma)
    require_finite(k=k, mu=mu)
    b, a = k * mu, k * sigma

    def wave(phase, t, powers=range(5)):  # E[eps^j cos(phase + t eps)] = exp(-t^2/2) He_j(t) cos(phase + j pi/2)
        return np.array([
            np.exp(-(t**2) / 2) * hermite_e.hermeval(t, [0] * j + [1]) * np.cos(phase + j * np.pi / 2) for j in powers
        ])

    def still(powers=range(5)):
        return np.array([NORMAL_MOMENTS[j] + 0 * a for j in powers])

    even = (0, 2)
    t = 2 * a
    rayleigh = 2 * np.sin(b) ** 2 * t * np.sqrt(2) * dawsn(t / np.sqrt(2))
    fall = np.exp(-(a**2) / 2)
    maxwell = (np.cos(2 * b) * (2 * fall**4 - fall) + fall) / 2
    return Expectations(
        sigma, wave(b, a), (still() + wave(2 * b, t)) / 2, (np.cos(2 * b) * still() + wave(0.0, t)) / 2,
        _even(k**2 * (still(even) - wave(2 * b, t, even)) / 2),
        _even(k**2 * (wave(0.0, t, even) - np.cos(2 * b) * still(even)) / 2), rayleigh, maxwell,
    )


def _tilted(rate, mu, sigma):
    """Mass, mean and variance of the normal law into which exp(-rate (mu + sigma eps)^2) turns that of eps."""
    variance = 1 / (1 + 2 * rate * sigma**2)
    return np.sqrt(variance) * np.exp(-rate * mu**2 * variance), -2 * rate * mu * sigma * variance, variance


def _raw_moments(mass, m, v):
    return mass * np.array([1 + 0 * m, m, m**2 + v, m**3 + 3 * m * v, m**4 + 6 * m**2 * v + 3 * v**2])


@guarded
def exponential(k, mu, sigma):
    r"""Expectations of the cost :math:`f(x)=\exp(-kx^2)`, k positive. The rest is as in :func:`square`."""
    k = np.asarray(k, dtype=float)
    require_positive(sigma=sigma)
    require_finite(k=k, mu=mu)
    if not np.all(k > 0):
        raise ValueError(f"k must be positive, got {k}")
    mass, m, v = _tilted(k, mu, sigma)
    twice = _tilted(2 * k, mu, sigma)
    pair = _tilted(2 * k, 0 * k, sigma)
    value, double = _raw_moments(mass, m, v), _raw_moments(*twice)
    mirror = np.exp(-2 * k * mu**2) * _raw_moments(*pair)
    wide = mu**2, 2 * mu * sigma, sigma**2  # coefficients of (mu + sigma eps)^2
    slope = {i: 4 * k**2 * sum(c * double[i + j] for j, c in enumerate(wide)) for i in (0, 2)}
    slope_mirror = {i: 4 * k**2 * (wide[0] * mirror[i] - wide[2] * mirror[i + 2]) for i in (0, 2)}
    mass2, m2, v2 = twice
    folded = np.sqrt(2 * v2 / np.pi) * np.exp(-(m2**2) / (2 * v2)) + m2 * erf(m2 / np.sqrt(2 * v2))
    rayleigh = np.sqrt(2 * np.pi) * mass2 * folded - 2 * np.exp(-2 * k * mu**2) / (1 + 4 * k * sigma**2)
    root, spread = np.sqrt(k), 1 + 2 * k * sigma**2 * v
    area = np.sqrt(np.pi) / (2 * root * sigma)  # area * erf is the integral of the cost over the noise
    height = np.exp(-k * (mu + sigma * m) ** 2 / spread) / np.sqrt(spread)
    lead = area * (erf(root * (mu + sigma * m) / np.sqrt(spread)) - erf(root * mu))
    return Expectations(
        sigma, value, double, mirror, slope, slope_mirror, rayleigh, mass * (m * lead + v * height),
    )


@guarded
def in_dimension(e, d):
    r"""Expectations for one coordinate of the separable cost :math:`f(z)=\sum_{j=1}^d h(z_j)`.

    Parameters
    ----------
    e : Expectations
        Of h.
    d : int or array
        Dimension.

    Returns
    -------
    Expectations
        Of f, as a function of one coordinate's noise, the other coordinates averaged over.
    """
    others = d - 1
    r = others * e.value[0]
    second = others * (e.square[0] - e.value[0] ** 2) + r**2
    mirrored = others * (e.mirror[0] - e.value[0] ** 2) + r**2
    a = NORMAL_MOMENTS[:5]
    return e._replace(
        value=np.array([e.value[k] + r * a[k] for k in range(5)]),
        square=np.array([e.square[k] + 2 * r * e.value[k] + second * a[k] for k in range(5)]),
        mirror=np.array([e.mirror[k] + r * e.value[k] * (1 + (-1) ** k) + mirrored * a[k] for k in range(5)]),
        slope={i: v + 0 * r for i, v in e.slope.items()},
        slope_mirror={i: v + 0 * r for i, v in e.slope_mirror.items()},
        rayleigh=e.rayleigh + 0 * r,
        maxwell=e.maxwell + r * (e.value[0] + e.value[2]) + second,
    )


def _with_scores(e, m):
    """From m[k] = E[h eps^k] to E[h s^2] for both scores."""
    return np.array([m[2] / e.sigma**2, m[4] - 2 * m[2] + m[0]])


def _information(e):
    return np.array([1 / e.sigma**2 + 0 * e.value[0], 2 + 0 * e.value[0]])


@guarded
def of_score_function(e, baseline=0.0):
    r"""Variance of :math:`(f-b)s`: :math:`\mathbb E[f^2s^2]-2b\,\mathbb E[fs^2]+b^2\,\mathbb E[s^2]-(\nabla)^2`.

    Parameters
    ----------
    e : Expectations
    baseline : float or array, shape ``(2, ...)``
        The number b, or one for each parameter.

    Returns
    -------
    array, shape ``(2, ...)``
        For :math:`\mu` and :math:`\log\sigma`.
    """
    second, first = _with_scores(e, e.square), _with_scores(e, e.value)
    return second - 2 * baseline * first + baseline**2 * _information(e) - e.gradient**2


@guarded
def best_baseline(e):
    r"""The baseline :math:`b^*=\mathbb E[fs^2]/\mathbb E[s^2]` for both parameters, shape ``(2, ...)``."""
    return _with_scores(e, e.value) / _information(e)


@guarded(k="count")
def of_leave_one_out(e, k):
    r"""Variance of the leave-one-out gradient of k draws.

    .. math:: \frac1k\Bigl(V_{\text{mean}}+\frac{\mathrm{Var}f\;\mathbb E[s^2]+(\nabla)^2}{k-1}\Bigr)

    Parameters
    ----------
    e : Expectations
    k : int
        Draws per gradient, at least 2.

    Returns
    -------
    array, shape ``(2, ...)``
    """
    spread = e.square[0] - e.value[0] ** 2
    return (of_score_function(e, e.value[0]) + (spread * _information(e) + e.gradient**2) / (k - 1)) / k


@guarded
def of_pathwise(e):
    r"""Variance of :math:`f'(z)` and of :math:`f'(z)\sigma\epsilon`, shape ``(2, ...)``."""
    return np.array([e.slope[0], e.sigma**2 * e.slope[2]]) - e.gradient**2


@guarded
def of_measure_valued(e):
    """Variance of the coupled measure-valued gradient, shape ``(2, ...)``."""
    second = [e.rayleigh / (2 * np.pi * e.sigma**2), e.square[2] + e.square[0] - 2 * e.maxwell]
    return np.array(second) - e.gradient**2


@guarded
def of_antithetic_score(e):
    """Variance of the score-function gradient averaged over a draw and its mirror image, shape ``(2, ...)``."""
    crossed = np.array([-1.0, 1.0]).reshape(2, *[1] * np.ndim(e.value[0])) * _with_scores(e, e.mirror)
    return (_with_scores(e, e.square) + crossed) / 2 - e.gradient**2


@guarded
def of_antithetic_pathwise(e):
    """Variance of the pathwise gradient averaged over a draw and its mirror image, shape ``(2, ...)``."""
    second = [e.slope[0] + e.slope_mirror[0], e.sigma**2 * (e.slope[2] - e.slope_mirror[2])]
    return np.array(second) / 2 - e.gradient**2


@guarded(k="count")
def all_estimators(e, k=2):
    """Variances of one gradient by every estimator that takes any cost.

    Parameters
    ----------
    e : Expectations
    k : int
        Draws per leave-one-out gradient.

    Returns
    -------
    dict of str to array, shape ``(2, ...)``
    """
    return {
        "score function": of_score_function(e),
        "mean baseline": of_score_function(e, e.value[0]),
        "optimal baseline": of_score_function(e, best_baseline(e)),
        "leave-one-out": of_leave_one_out(e, k),
        "antithetic score": of_antithetic_score(e),
        "pathwise": of_pathwise(e),
        "antithetic pathwise": of_antithetic_pathwise(e),
        "measure-valued": of_measure_valued(e),
    }


@guarded
def parabola(slope, curvature, sigma):
    r"""Variance of the pathwise gradient whose path has slope a at the mean of q and curvature -c everywhere.

    .. math:: \mathrm{Var}_\mu=c^2\sigma^2,\qquad \mathrm{Var}_{\log\sigma}=a^2\sigma^2+2c^2\sigma^4

    Parameters
    ----------
    slope, curvature : float or array
    sigma : float or array
        Standard deviation of q.

    Returns
    -------
    array, shape ``(2, ...)``
    """
    return np.array([curvature**2 * sigma**2, slope**2 * sigma**2 + 2 * curvature**2 * sigma**4])


@guarded
def elbo_estimators(model, mu, sigma):
    """Variances of the pathwise gradients of the conjugate model's ELBO, by what each leaves to the path.

    Parameters
    ----------
    model : reparam.chapters.elbo.ConjugateGaussian
    mu, sigma : float or array
        Of q, ``sigma`` positive.

    Returns
    -------
    dict of str to array, shape ``(2, ...)``
    """
    m, s = model.posterior
    slope = (m - mu) / s**2
    total = parabola(slope, s**-2, sigma)
    return {
        "total derivative": total,
        "analytic entropy": total,
        "analytic KL": parabola((model.x - mu) / model.s**2, model.s**-2, sigma),
        "path derivative": parabola(slope, s**-2 - sigma**-2, sigma),
    }


@guarded(precision="array d d", slope="array d", sigma="array d")
def gaussian_target(precision, slope, sigma, path):
    r"""Variance of pathwise ELBO gradients when the log joint is a Gaussian with any correlations.

    With :math:`B=-P\,\mathrm{diag}(\sigma)`, to which the path derivative adds :math:`\mathrm{diag}(1/\sigma)`:

    .. math:: \mathrm{Var}_{\mu_i}=\sum_jB_{ij}^2,\qquad
        \mathrm{Var}_{\log\sigma_i}=\sigma_i^2\Bigl(a_i^2+2B_{ii}^2+\sum_{j\ne i}B_{ij}^2\Bigr)

    Parameters
    ----------
    precision : array, shape ``(d, d)``
        The matrix P, symmetric.
    slope : array, shape ``(d,)``
        Gradient a of the log joint at the mean of q.
    sigma : array, shape ``(d,)``
        Standard deviations of q.
    path : bool
        The path derivative, else the total derivative.

    Returns
    -------
    array, shape ``(2, d)``
    """
    b = np.diag(path / sigma) - precision * sigma
    squares = (b**2).sum(1)
    return np.array([squares, sigma**2 * (slope**2 + squares + np.diag(b) ** 2)])


@guarded(difference="function", low="number", high="number", cells="count")
def crossovers(difference, low, high, cells=2000):
    """All places where a curve changes sign, to full precision.

    Parameters
    ----------
    difference : callable, ``(k,) -> (k,)``
        For instance one variance less another, vectorised.
    low, high : float
        Where to look.
    cells : int
        Two roots within one of these equal cells go unseen.

    Returns
    -------
    array
        The roots in ascending order.
    """
    grid = np.linspace(low, high, cells + 1)
    signs = np.sign(difference(grid))
    hit = grid[1:-1][(signs[1:-1] == 0) & (signs[:-2] * signs[2:] < 0)]
    between = [
        brentq(lambda t: float(difference(np.array(t))), grid[i], grid[i + 1], xtol=1e-14, rtol=1e-14)
        for i in np.flatnonzero(signs[:-1] * signs[1:] < 0)
    ]
    return np.sort([*hit, *between])


@guarded(family="function", low="number", high="number")
def all_crossovers(family, low, high, names):
    """Where the variances of some estimators cross over the parameter of a cost, at mu = sigma = 1.

    Parameters
    ----------
    family : callable, ``(k, mu, sigma) -> Expectations``
    low, high : float
        Range of k.
    names : sequence of str
        Estimators of :func:`all_estimators`, compared in pairs.

    Returns
    -------
    list of (int, str, str, float)
        Parameter (0 for mu, 1 for sigma), the better estimator below the root, the better one above it, and the root.
    """
    found = []
    for part, (a, b) in product((0, 1), combinations(names, 2)):

        def lead(k, part=part, a=a, b=b):
            table = all_estimators(family(k, 1.0, 1.0))
            return table[a][part] - table[b][part]

        for k in crossovers(lead, low, high):
            found.append((part, *((a, b) if lead(k + 1e-6) > 0 else (b, a)), float(k)))
    return found
