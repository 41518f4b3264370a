r"""Past the source: from the variance of a gradient to the number of steps, on a parabola and on a linear layer.

The parabola is the bound of a Gaussian :math:`q=N(\mu,\sigma^2)` against the posterior :math:`N(0,1)`; along
:math:`\mu` its curvature is 1.
"""

from typing import NamedTuple

import numpy as np
import torch

from reparam.derivatives import value_and_slope
from reparam.estimators.minibatches import batch_variance, mean_covariance
from reparam.estimators.values import score_function
from reparam.guards import guarded, require_count, require_number, require_positive
from reparam.laws.gaussian import DiagonalGaussian, require_law
from reparam.teaching import figures

POSTERIOR = DiagonalGaussian.from_sigma([0.0], [1.0])


@guarded(start="number", rate="number", curvature="number", noise="number", t="array n")
def constant_rate(start, rate, curvature, noise, t):
    r"""Mean and variance of the distance to the optimum after t steps of one size.

    .. math:: \rho^t\delta_0,\qquad\frac{\eta V}{L(2-\eta L)}(1-\rho^{2t}),\qquad\rho=1-\eta L

    Parameters
    ----------
    start : float
        The distance :math:`\delta_0` at the beginning.
    rate, curvature : float
        The step size :math:`\eta` and L, positive, with a product below 2.
    noise : float
        Variance V of the gradient, not negative.
    t : array, shape ``(n,)``
        Numbers of steps, not negative.

    Returns
    -------
    mean, variance : array, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``rate`` does not lie between 0 and 2/L, or ``noise`` or a ``t`` is negative.
    """
    t = np.asarray(t)
    require_positive(curvature=curvature, rate=rate)
    if not rate * curvature < 2:
        raise ValueError(f"rate must lie below 2 / curvature, got {rate} and {curvature}")
    if noise < 0 or (t < 0).any():
        raise ValueError(f"noise and t must not be negative, got {noise} and {t.min() if t.size else t}")
    shrink = (1 - rate * curvature) ** 2
    plateau = rate * noise / (curvature * (2 - rate * curvature))
    return (1 - rate * curvature) ** t * start, plateau * (1 - shrink**t)


def _require_noise(square, curvature, noise, growth):
    square, curvature = (require_number(n, v, 0) for n, v in (("square", square), ("curvature", curvature)))
    noise, growth = require_number("noise", noise), require_number("growth", growth)
    if noise < 0 or growth < 0 or noise + growth == 0:
        raise ValueError(f"noise and growth must not be negative and not both zero, got {noise} and {growth}")
    return square, curvature, noise, growth


@guarded(square="number", curvature="number", noise="number", growth="number", steps="count")
def best_rates(square, curvature, noise, growth, steps):
    r"""The step sizes after which the mean squared distance is least, and what it is after each of them.

    .. math:: \eta_t=\frac{L}{L^2+V_1+V_0/D_t},\qquad D_{t+1}=(1-\eta_tL)\,D_t

    Parameters
    ----------
    square : float
        Mean squared distance :math:`D_0` at the beginning, positive.
    curvature : float
        L, positive.
    noise, growth : float
        Variance :math:`V_0+V_1\delta^2` of the gradient at distance :math:`\delta`; neither negative, not both zero.
    steps : int
        At least 1.

    Returns
    -------
    rates : array, shape ``(steps,)``
    squares : array, shape ``(steps + 1,)``
        From :math:`D_0` to :math:`D_T`.

    Raises
    ------
    ValueError
        As said above.
    """
    square, curvature, noise, growth = _require_noise(square, curvature, noise, growth)
    rates, squares = [], [square]
    for _ in range(require_count("steps", steps)):
        rates.append(curvature / (curvature**2 + growth + noise / squares[-1]))
        squares.append((1 - rates[-1] * curvature) * squares[-1])
    return np.array(rates), np.array(squares)


@guarded(square="number", goal="number", curvature="number", noise="number", growth="number")
def steps_between(square, goal, curvature, noise, growth):
    r"""Two numbers between which the steps to a mean squared distance lie, with the best step sizes.

    .. math:: \frac{V_0}{L^2}\Bigl(\frac1D-\frac1{D_0}\Bigr)+\frac{V_1}{L^2}\log\frac{D_0}D\ \le\ T\ \le\
        \frac{V_0}{L^2}\Bigl(\frac1D-\frac1{D_0}\Bigr)+\frac{\log(D_0/D)}{\log(1+L^2/V_1)}

    Parameters
    ----------
    square, curvature, noise, growth
        As :func:`best_rates`.
    goal : float
        The mean squared distance D to be reached, positive and not above ``square``.

    Returns
    -------
    low, high : float
        Equal if ``growth`` is zero.

    Raises
    ------
    ValueError
        As :func:`best_rates`, or if ``goal`` is not positive or above ``square``.
    """
    square, curvature, noise, growth = _require_noise(square, curvature, noise, growth)
    if not 0 < goal <= square:
        raise ValueError(f"goal must be positive and not above square, got {goal} and {square}")
    near, far = noise / curvature**2 * (1 / goal - 1 / square), float(np.log(square / goal))
    last = far / float(np.log1p(curvature**2 / growth)) if growth else 0.0
    return near + growth / curvature**2 * far, near + last


class Noise(NamedTuple):
    r"""Variance :math:`V_0+V_1\delta^2` of a gradient at distance :math:`\delta` from the optimum."""

    constant: float
    growth: float


@guarded(sigma="number", miss="number")
def gaussian_noise(sigma, miss):
    r"""Noise of the gradients in the mean of q = N(mu, sigma²), with the posterior N(0, 1) and distance :math:`|\mu|`.

    Parameters
    ----------
    sigma : float
        Of q, positive.
    miss : float
        By how much a baseline lies below the bound, in nats.

    Returns
    -------
    dict of str to Noise
        ``"total"``, ``"path"``, ``"score, baseline exact"`` and ``"score, baseline off"``.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive.
    """
    require_positive(sigma=sigma)
    s2, gap = sigma**2, 1 - sigma**2
    exact = 2.5 * gap**2 / s2
    return {
        "total": Noise(s2, 0.0), "path": Noise(gap**2 / s2, 0.0), "score, baseline exact": Noise(exact, 2.0),
        "score, baseline off": Noise(exact + (miss**2 + 2 * miss * gap) / s2, 2.0),
    }


def score_below(miss):
    r"""The score function with the bound, less ``miss`` nats, as its baseline; for many Gaussians q at once.

    Parameters
    ----------
    miss : float

    Returns
    -------
    callable, ``(log_joint, q, eps) -> GradientDraws``
        ``log_joint`` normalized, with the posterior N(0, 1), so that its bound is minus the divergence.
    """
    miss = require_number("miss", miss)

    def estimator(log_joint, q, eps):
        bound = -require_law("q", q).kl(POSTERIOR)
        return score_function(lambda z: log_joint(z) - q.log_density(z) - bound + miss, q, eps)

    return estimator


@guarded(mu="tensor r", sigma="number", rates="array n", eps="tensor n r")
def ascents(estimator, mu, sigma, rates, eps):
    """Many independent ascents of the bound in the mean, one draw a step.

    Parameters
    ----------
    estimator : callable, ``(log_joint, q, eps) -> GradientDraws``
    mu : Tensor, shape ``(r,)``
        Where each copy starts.
    sigma : float
        Of q, held fixed.
    rates : array, shape ``(n,)``
        Step sizes.
    eps : Tensor, shape ``(n, r)``
        Standard normal noise.

    Returns
    -------
    Tensor, shape ``(n + 1, r)``
        All means along the way.
    """
    if not callable(estimator):
        raise ValueError(f"estimator must be a function, got {type(estimator).__name__}")
    places, width = [mu], torch.full_like(mu, sigma)[:, None]
    for rate, noise in zip(rates.tolist(), eps, strict=True):
        q = DiagonalGaussian.from_sigma(places[-1][:, None], width)
        step = estimator(POSTERIOR.log_density, q, noise[None, :, None]).mu[0, :, 0]
        places.append(places[-1] + rate * step)
    return torch.stack(places)


@guarded(start="tensor d")
def stationary(log_joint, start):
    """Where a smooth, strictly concave log joint has no slope, by Newton's method.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
    start : Tensor, shape ``(d,)``

    Returns
    -------
    Tensor, shape ``(d,)``

    Raises
    ------
    ValueError
        If the slope has not vanished after 50 steps.
    """
    z = start.detach().double()
    for _ in range(50):
        slope = value_and_slope(log_joint, z[None], "log_joint")[1][0]
        if float(slope.abs().max()) < 1e-12:
            return z
        curvature = torch.autograd.functional.hessian(lambda p: log_joint(p[None])[0], z)
        z = z - torch.linalg.solve(curvature, slope)
    raise ValueError(f"log_joint must be strictly concave: from start {start.tolist()} its slope did not vanish")


def regression():
    """Twelve made-up observations for a layer with three inputs and one output.

    Returns
    -------
    x : Tensor, shape ``(12, 3)``
    y : Tensor, shape ``(12,)``
    """
    i = torch.arange(12, dtype=torch.float64)
    x = torch.stack([torch.ones_like(i), torch.cos(i), torch.sin(2 * i + 1)], 1)
    return x, x @ torch.tensor([0.4, 1.0, -0.7], dtype=torch.float64) + 0.3 * torch.cos(3 * i)


class LayerMoments(NamedTuple):
    """Gradients of a squared loss in (mu, sigma) of every weight: 2d parameters, mu first."""

    means: np.ndarray
    weights: np.ndarray
    local: np.ndarray
    covariance: np.ndarray


@guarded(x="array N d", y="array N", mu="array d", sigma="array d")
def layer_moments(x, y, mu, sigma):
    r"""Exact moments of the gradients of :math:`\frac12(y_i-a_i)^2`, noise on the weights or on the activation.

    Parameters
    ----------
    x, y : array, shape ``(N, d)``, ``(N,)``
        Data; no row of ``x`` is zero.
    mu, sigma : array, shape ``(d,)``
        Of the weights, ``sigma`` positive.

    Returns
    -------
    LayerMoments
        ``means``, and variances of one draw with ``weights`` and ``local`` noise, each ``(N, 2d)``; ``covariance`` of
        two data that share the weights' noise, ``(N, N, 2d)``.

    Raises
    ------
    ValueError
        If some ``sigma`` is not positive, or a row of ``x`` is zero.
    """
    require_positive(sigma=sigma)
    if not x.any(1).all():
        raise ValueError("x must have no row of zeros")
    r, K, own = y - x @ mu, (x * sigma**2) @ x.T, x * sigma
    spread, outer = np.diag(K)[:, None], x[:, None] * x[None]
    wide = np.outer(r, r)[..., None] + K[..., None] + own[:, None] * own[None]
    covariance = np.concatenate([outer * K[..., None], outer * wide], -1)
    means = np.concatenate([-x * r[:, None], x * own], 1)
    local = np.concatenate([x**2 * spread, x**2 * own**2 * (r[:, None] ** 2 / spread + 2)], 1)
    return LayerMoments(means, np.einsum("iip->ip", covariance).copy(), local, covariance)


def draw_layer_noise(x, y, mu, sigma):
    """One frame of the slider: exact variances of the gradient for the second weight's deviation over the batch.

    Parameters
    ----------
    x, y, mu, sigma
        As :func:`layer_moments`.

    Returns
    -------
    matplotlib Figure
    """
    exact, parameter = layer_moments(x, y, mu, sigma), len(mu) + 1
    kinds = {"shared weights": (exact.weights, mean_covariance(exact.covariance), figures.RED),
             "own weights": (exact.weights, None, figures.BLUE), "activations": (exact.local, None, figures.GREEN)}
    figure, ax = figures.panels(height=2.8)
    sizes = range(1, len(x) + 1)
    for name, (within, together, color) in kinds.items():
        curve = [batch_variance(exact.means, within, B, together=together)[parameter] for B in sizes]
        ax.plot(sizes, np.log10(curve), color=color, label=name)
    ax.set(xlabel="batch B", ylabel="variance", ylim=(-0.2, 3), yticks=range(4), yticklabels=["1", "10", "100", "1000"])
    figures.name_lines(ax)
    return figure
