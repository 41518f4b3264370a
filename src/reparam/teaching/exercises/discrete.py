"""Exercises of the chapter on discrete variables."""

import numpy as np
from scipy.special import expit, logit

from reparam import derivatives
from reparam.teaching.grader import Exercise

_U = np.random.Generator(np.random.SFC64(7)).uniform(0.02, 0.98, (40, 3))
_LOGITS = (np.array([0.3, -1.1, 1.4]), np.array([-0.5, 0.2, -2.0]))
_Y = np.array([0.03, 0.2, 0.5, 0.7, 0.96])


def _race(logits, u):
    """Exponential clocks: the first to ring wins; the same draw by another road."""
    return np.argmin(-np.log(u) * np.exp(-logits), axis=-1)


def _slope_of_cdf(y, ell, tau):
    return np.array([derivatives.derivative(lambda t: expit(tau * logit(t) - ell), v, 0.1 * v * (1 - v)) for v in y])


EXERCISES = {
    "gumbel_max": Exercise(
        task="one category per row of uniform noise, by the Gumbel-max trick.",
        head="draw(logits, u)",
        takes="NumPy arrays: logits (K,), u (n, K) in (0, 1); returns n whole numbers from 0 to K - 1, shape "
              "(n,).",
        reference=_race,
        inputs=tuple((logits, _U) for logits in _LOGITS),
        mistakes=(
            (lambda ell, u: np.argmax(ell - np.log(u), -1), "one logarithm is missing: g = -log(-log u)"),
            (lambda ell, u: np.argmax(ell + np.log(-np.log(u)), -1), "the sign of the noise: g = -log(-log u)"),
            (lambda ell, u: np.argmax(np.exp(ell) / np.exp(ell).sum() - np.log(-np.log(u)), -1),
             "the noise is added to the probabilities: add it to the logits"),
            (lambda ell, u: np.argmin(ell - np.log(-np.log(u)), -1), "the smallest wins here: take the largest"),
            (lambda ell, u: np.argmax(ell - np.log(-np.log(u)), 0), "the maximum runs over draws: take the last axis"),
            (lambda ell, u: np.full(len(u), np.argmax(ell)), "no noise: this gives the likeliest category every time"),
            (lambda ell, u: np.argmax(ell + u, -1), "uniform noise was added: turn it into g = -log(-log u) first"),
            (lambda ell, u: np.argmax(ell + np.log(u), -1), "log u was added: the noise is g = -log(-log u)"),
        ),
    ),
    "binary_density": Exercise(
        task="the density at y of sigmoid((ell + noise)/tau), the noise logistic.",
        head="density(y, ell, tau)",
        takes="A NumPy array y (n,) in (0, 1), and two numbers; returns an array (n,).",
        reference=_slope_of_cdf,
        inputs=((_Y, 0.0, 1.0), (_Y, 0.8, 0.5), (_Y, -1.2, 2.0)),
        tol=1e-6,
        mistakes=(
            (lambda y, ell, tau: expit(tau * logit(y) - ell) * expit(ell - tau * logit(y)) * tau,
             "the Jacobian of logit y is missing: divide by y(1 - y)"),
            (lambda y, ell, tau: expit(tau * logit(y) - ell) * expit(ell - tau * logit(y)) / (y * (1 - y)),
             "the temperature is missing from the Jacobian: the noise is tau*logit(y) - l"),
            (lambda y, ell, tau: expit(tau * logit(y) + ell) * expit(-ell - tau * logit(y)) * tau / (y * (1 - y)),
             "the sign of the logit: the noise is tau*logit(y) - l"),
            (lambda y, ell, tau: expit(tau * logit(y) - ell), "this is the distribution function: differentiate it"),
            (lambda y, ell, tau: expit((logit(y) - ell) / tau) * expit((ell - logit(y)) / tau) / (tau * y * (1 - y)),
             "the temperature is on the wrong side: the noise is tau*logit(y) - l"),
            (lambda y, ell, tau: expit(tau * logit(y) - ell) * expit(ell - tau * logit(y)) * tau * y * (1 - y),
             "the Jacobian of logit y is upside down: divide by y(1 - y)"),
            (lambda y, ell, tau: expit(tau * logit(y) - ell) * expit(ell - tau * logit(y)),
             "the Jacobian is missing: tau/(y(1 - y))"),
        ),
    ),
}
