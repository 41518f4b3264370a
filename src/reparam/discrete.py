"""Past the source: gradients where a sample is a category, or comes out of a sampler without a formula.

Arrays are NumPy's, in float64. The categorical law with logits :math:`\\ell` has the probabilities
:math:`\\pi_k=e^{\\ell_k}/\\sum_j e^{\\ell_j}`; the binary case has one logit, :math:`\\theta=\\sigma(\\ell)`.
"""

from itertools import product

import numpy as np
from scipy.special import expit, gammaln, ive, log_softmax, softmax

from reparam import quadrature

_STEPS = np.array([1, 2, 3, 4])
_STENCIL = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
"""Central differences of order eight: the first derivative from four steps each way."""


def _finite(name, value, axes=None):
    x = np.asarray(value, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if axes is not None and (x.ndim < axes or x.size == 0):
        raise ValueError(f"{name} must have at least {axes} axes and not be empty, got shape {x.shape}")
    return x


def _positive(name, value):
    x = _finite(name, value)
    if not (x > 0).all():
        raise ValueError(f"{name} must be positive, got {value}")
    return x


def gumbel(u):
    r"""Gumbel noise from uniform noise, :math:`g=-\log(-\log u)`.

    Parameters
    ----------
    u : array
        Strictly between 0 and 1.

    Returns
    -------
    array, shape of ``u``

    Raises
    ------
    ValueError
        If some ``u`` is not strictly between 0 and 1.
    """
    u = _finite("u", u)
    if not ((u > 0) & (u < 1)).all():
        raise ValueError("u must lie strictly between 0 and 1")
    return -np.log(-np.log(u))


def gumbel_max(logits, g):
    r"""The Gumbel-max draw :math:`z=\arg\max_k(\ell_k+g_k)`.

    Parameters
    ----------
    logits : array, shape ``(K,)``
    g : array, shape ``(..., K)``
        Standard Gumbel noise.

    Returns
    -------
    integer array, shape ``(...)``
        Categories 0 to K - 1.

    Raises
    ------
    ValueError
        On NaN, infinity or an empty argument.
    """
    return np.argmax(_finite("logits", logits, 1) + _finite("g", g, 1), axis=-1)


def gumbel_softmax(logits, g, tau):
    r"""The relaxed draw :math:`y=\mathrm{softmax}((\ell+g)/\tau)`, a point inside the simplex.

    Parameters
    ----------
    logits : array, shape ``(K,)``
    g : array, shape ``(..., K)``
        Standard Gumbel noise.
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape ``(..., K)``
        Positive, summing to one on the last axis.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or ``tau`` not positive.

    References
    ----------
    :cite:t:`jang2017categorical`, :cite:t:`maddison2017concrete`
    """
    return softmax((_finite("logits", logits, 1) + _finite("g", g, 1)) / _positive("tau", tau), axis=-1)


def concrete_log_density(log_y, logits, tau):
    r"""Log density of the relaxed draw, with respect to :math:`dy_1\cdots dy_{K-1}`.

    .. math:: (K-1)!\;\tau^{K-1}\prod_k\pi_ky_k^{-\tau-1}\Bigl(\sum_j\pi_jy_j^{-\tau}\Bigr)^{-K}

    Parameters
    ----------
    log_y : array, shape ``(..., K)``
        Logarithm of the point: near a corner of the simplex y itself loses all its digits.
    logits : array, shape ``(K,)``
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape ``(...)``
        In nats.

    Raises
    ------
    ValueError
        On NaN, infinity, an empty argument, or ``tau`` not positive.
    """
    log_y, tau = _finite("log_y", log_y, 1), _positive("tau", tau)
    terms = log_softmax(_finite("logits", logits, 1)) - tau * log_y
    top = terms.max(-1, keepdims=True)
    log_sum = top[..., 0] + np.log(np.exp(terms - top).sum(-1))
    K = log_y.shape[-1]
    return gammaln(K) + (K - 1) * np.log(tau) + (terms - log_y).sum(-1) - K * log_sum


def category_gradient(logits, values):
    r"""The exact gradient :math:`\nabla_{\ell_j}\mathbb E[f(z)]=\pi_j(f_j-\sum_k\pi_kf_k)`.

    Parameters
    ----------
    logits, values : array, shape ``(K,)``
        ``values`` is f at every category.

    Returns
    -------
    array, shape ``(K,)``

    Raises
    ------
    ValueError
        On NaN, infinity or an empty argument.
    """
    pi, f = softmax(_finite("logits", logits, 1)), _finite("values", values, 1)
    return pi * (f - pi @ f)


def logistic_expectation(draw, points=(), tol=1e-12):
    r"""Exact expectation over logistic noise: the very function that makes draws, fed with nodes.

    Parameters
    ----------
    draw : callable, ``(k,) -> (..., k)``
        Maps logistic noise to one value per draw.
    points, tol
        As in :func:`reparam.quadrature.integral`: jumps, and the middle of a narrow peak.

    Returns
    -------
    float or array, shape ``(...)``
    """
    return quadrature.integral(lambda x: expit(x) * expit(-x) * draw(x), -45.0, 45.0, points, tol)


def relaxed(logit, noise, tau):
    r"""The binary relaxed draw :math:`y=\sigma((\ell+\lambda)/\tau)`.

    Parameters
    ----------
    logit : float
    noise : array
        Standard logistic noise :math:`\lambda`.
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape of ``noise``
        Strictly between 0 and 1, but for rounding.

    Raises
    ------
    ValueError
        On NaN, infinity, or ``tau`` not positive.
    """
    return expit((_finite("logit", logit) + _finite("noise", noise)) / _positive("tau", tau))


def _relaxed_slope(logit, noise, tau):
    y = relaxed(logit, noise, tau)
    return y, y * expit(-(logit + noise) / tau) / tau


def relaxed_gradient(slope, logit, noise, tau):
    r"""Gumbel-softmax gradients in the binary case: :math:`f'(y)\,y(1-y)/\tau`.

    Parameters
    ----------
    slope : callable
        The derivative f' of the cost, on [0, 1].
    logit, noise, tau
        As in :func:`relaxed`.

    Returns
    -------
    array, shape of ``noise``
        One gradient with respect to the logit per draw.

    Raises
    ------
    ValueError
        As :func:`relaxed`.
    """
    y, dy = _relaxed_slope(logit, noise, tau)
    return slope(y) * dy


def straight_through_gumbel(slope, logit, noise, tau):
    r"""Straight-through Gumbel-softmax: the cost sees :math:`b=1\{y>\frac12\}`, the gradient :math:`y`.

    .. math:: f'(b)\,y(1-y)/\tau

    Parameters, result and errors are those of :func:`relaxed_gradient`.
    """
    y, dy = _relaxed_slope(logit, noise, tau)
    return slope((y > 0.5).astype(float)) * dy


def straight_through(slope, logit, noise):
    r"""The plain straight-through gradient :math:`f'(b)\,\theta(1-\theta)`, with :math:`b=1\{\ell+\lambda>0\}`.

    Parameters
    ----------
    slope : callable
        The derivative f' of the cost, on [0, 1].
    logit : float
    noise : array
        Standard logistic noise.

    Returns
    -------
    array, shape of ``noise``

    Raises
    ------
    ValueError
        On NaN or infinity.

    References
    ----------
    :cite:t:`bengio2013estimating`
    """
    b = (_finite("logit", logit) + _finite("noise", noise) > 0).astype(float)
    return slope(b) * expit(logit) * expit(-logit)


def leave_one_out(values, scores):
    r"""Score-function gradient with the mean of the *other* draws as baseline: a sample covariance.

    .. math:: \frac1N\sum_i\Bigl(f_i-\frac1{N-1}\sum_{j\ne i}f_j\Bigr)s_i=\frac1{N-1}\sum_i(f_i-\bar f)\,s_i

    Parameters
    ----------
    values : array, shape ``(..., N)``
        f at N independent draws, N at least 2.
    scores : array, shape ``(..., N, K)``
        :math:`\nabla\log\pi` at the same draws.

    Returns
    -------
    array, shape ``(..., K)``

    Raises
    ------
    ValueError
        On NaN, infinity, shapes that do not match, or fewer than two draws.
    """
    f, s = _finite("values", values, 1), _finite("scores", scores, 2)
    if f.shape != s.shape[:-1] or f.shape[-1] < 2:
        raise ValueError(f"values must be (..., N) with N >= 2 and scores (..., N, K), got {f.shape} and {s.shape}")
    return ((f - f.mean(-1, keepdims=True))[..., None] * s).sum(-2) / (f.shape[-1] - 1)


def leave_one_out_variance(weights, values, scores, n):
    r"""Exact variance of :func:`leave_one_out` with ``n`` draws: that of a sample covariance.

    .. math:: \frac{\mu_{22}-c^2}{N}+\frac{c^2+\mathrm{Var}f\,\mathrm{Var}s}{N(N-1)}

    Parameters
    ----------
    weights : array, shape ``(m,)``
        Probabilities of the m possible outcomes of one draw.
    values : array, shape ``(m,)``
    scores : array, shape ``(m, K)``
    n : int
        Draws, at least 2.

    Returns
    -------
    array, shape ``(K,)``

    Raises
    ------
    ValueError
        If the weights are not probabilities, or ``n`` is below 2.
    """
    w, f, s = _finite("weights", weights, 1), _finite("values", values, 1), _finite("scores", scores, 2)
    if (w < 0).any() or abs(w.sum() - 1) > 1e-9 or n < 2:
        raise ValueError(f"weights must be probabilities and n at least 2, got sum {w.sum()} and n={n}")
    f, s = (f - w @ f)[:, None], s - w @ s
    covariance, spread = w @ (f * s), (w @ f**2) * (w @ s**2)
    fourth = w @ (f * s) ** 2
    return (fourth - covariance**2) / n + (covariance**2 + spread) / (n * (n - 1))


def outcomes(weights, n):
    """Every outcome of ``n`` independent draws from a finite law, for exact expectations.

    Parameters
    ----------
    weights : array, shape ``(m,)``
        Probabilities.
    n : int
        Draws; ``m**n`` at most a million.

    Returns
    -------
    indices : integer array, shape ``(m**n, n)``
    probabilities : array, shape ``(m**n,)``

    Raises
    ------
    ValueError
        If there are more than a million outcomes.
    """
    w = _finite("weights", weights, 1)
    if len(w) ** n > 1_000_000:
        raise ValueError(f"outcomes must number at most 1000000, got {len(w)}**{n}")
    indices = np.array(list(product(range(len(w)), repeat=n)))
    return indices, w[indices].prod(-1)


def derivative(f, x, step=0.01):
    r"""Derivative of a smooth function by central differences of order eight.

    Parameters
    ----------
    f : callable
        Takes one float, returns a number or an array.
    x : float
    step : float
        Error about ``step**8`` times the ninth derivative, and rounding of about 1e-16 over ``step``.

    Returns
    -------
    float or array
        Of the shape that ``f`` returns.

    Raises
    ------
    ValueError
        If ``step`` is not positive.
    """
    _positive("step", step)
    return sum(c * (f(x + k * step) - f(x - k * step)) for k, c in zip(_STEPS, _STENCIL, strict=True)) / step


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
    z = _finite("z", z)
    return -derivative(lambda p: cdf(z, p), phi, step) / _positive("density", density(z, phi))


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
    _positive("density", density.detach())
    return z.detach() - (cdf - cdf.detach()) / density.detach()


def von_mises_density(z, kappa):
    r"""The von Mises density :math:`e^{\kappa\cos z}/(2\pi I_0(\kappa))` on the circle.

    Parameters
    ----------
    z : array
        Angles in radians.
    kappa : float
        Concentration, positive.

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``kappa`` is not positive.
    """
    _positive("kappa", kappa)
    return np.exp(kappa * (np.cos(z) - 1)) / (2 * np.pi * ive(0, kappa))


def von_mises_cdf(z, kappa, terms=60):
    r"""Its distribution function, from the Fourier series of the density.

    .. math:: F(z;\kappa)=\frac{z+\pi}{2\pi}+\frac1\pi\sum_{j\ge1}\frac{I_j(\kappa)}{I_0(\kappa)}\frac{\sin jz}{j}

    Parameters
    ----------
    z : array
        Angles from :math:`-\pi` to :math:`\pi`.
    kappa : float
        Concentration, positive; with 60 terms good to 1e-12 up to 60.
    terms : int

    Returns
    -------
    array, shape of ``z``

    Raises
    ------
    ValueError
        If ``kappa`` is not positive.
    """
    _positive("kappa", kappa)
    j = np.arange(1, terms + 1)
    heights = ive(j, kappa) / ive(0, kappa) / j
    seen = heights > 1e-17  # the rest would change no digit, and sines are what this costs
    waves = np.sin(np.multiply.outer(z, j[seen]))
    return (np.asarray(z) + np.pi) / (2 * np.pi) + waves @ heights[seen] / np.pi


def relaxed_moments(slope, logit, tau):
    r"""Exact mean and variance of one draw of :func:`relaxed_gradient`.

    Parameters
    ----------
    slope, logit, tau
        As in :func:`relaxed_gradient`.

    Returns
    -------
    mean, variance : float
    """
    def powers(noise):
        draw = relaxed_gradient(slope, logit, noise, tau)
        return np.stack([draw, draw**2])

    near = -logit + tau * np.array([-40, -10, 0, 10, 40])  # at low temperature all happens here
    mean, square = logistic_expectation(powers, points=near)
    return mean, square - mean**2


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


def small_temperature(f, step=0.01, points=8):
    r"""Limit and slope, as :math:`\tau\to0`, of a function that is smooth down to zero but cannot be asked there.

    Parameters
    ----------
    f : callable
        Takes a positive temperature, returns a number.
    step : float
        The polynomial runs through ``step``, ``2 * step``, ...
    points : int
        At least 2.

    Returns
    -------
    limit, slope : float

    Raises
    ------
    ValueError
        If ``step`` is not positive or ``points`` below 2.
    """
    if not (step > 0 and points >= 2):
        raise ValueError(f"step must be positive and points at least 2, got {step} and {points}")
    k = np.arange(1, points + 1)
    limit, slope, *_ = np.linalg.solve(np.vander(k, increasing=True).astype(float), [f(step * i) for i in k])
    return limit, slope / step


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
    from reparam import figures

    figure, (left, right) = figures.panels(2, height=2.7)
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.75**0.5]])
    left.fill(*corners.T, facecolor="none", edgecolor=figures.MUTED)
    left.scatter(*(points @ corners).T, s=8, c=colours)
    left.set(title="three categories", aspect="equal")
    left.axis("off")
    right.plot(y, density)
    right.set(xlabel="y", ylabel="density", ylim=(0, 4), title="two categories")
    return figure
