"""Exercises of the chapter on hierarchies and diffusion."""

import numpy as np

from reparam.teaching.grader import Exercise

_X = np.array([-1.4, 0.2, 0.9])
_MIX = np.array([0.3, 0.7]), np.array([-1.0, 0.6]), np.array([0.4, 0.5])


def _bridge(x_0, x_t, r_s, r_t):
    """By precisions: what is seen through x_t, and what is known from x_0, each a Gaussian for x_s."""
    a_s, a_t = np.sqrt(r_s / (1 + r_s)), np.sqrt(r_t / (1 + r_t))
    seen = (a_t / a_s) ** 2 / (1 / (1 + r_t) - (a_t / a_s) ** 2 / (1 + r_s))
    known = 1 + r_s
    return (seen * x_t * a_s / a_t + known * a_s * x_0) / (seen + known), 1 / (seen + known)


def _guess(x, r, w, m, s):
    """By integration over the datum."""
    x_0 = np.linspace(-6, 6, 2401)[:, None]
    prior = (w / s * np.exp(-0.5 * ((x_0 - m) / s) ** 2)).sum(1, keepdims=True)
    joint = prior * np.exp(-0.5 * (x - np.sqrt(r / (1 + r)) * x_0) ** 2 * (1 + r))
    return (x_0 * joint).sum(0) / joint.sum(0)


def _no_odds(x, r, w, m, s):
    alpha, total = np.sqrt(r / (1 + r)), (r * s**2 + 1) / (1 + r)
    return ((m + alpha * s**2 * (x[:, None] - alpha * m) / total) * w).sum(1)


def _signal_only(x, r, w, m, s):
    return x * np.sqrt((1 + r) / r)


EXERCISES = {
    "bridge": Exercise(
        task="mean and variance of the less noised level, given the datum and the more noised one.",
        head="way_back(x_0, x_t, r_s, r_t)",
        takes="NumPy arrays or numbers x_0, x_t of one shape, and two ratios; returns a tuple (mean, variance).",
        reference=_bridge,
        inputs=((_X, _X[::-1], 4.0, 1.5), (_X[:1], _X[1:2], 0.9, 0.2), (0.3, -0.8, 50.0, 20.0)),
        mistakes=(
            (lambda x_0, x_t, r_s, r_t: (_bridge(x_0, x_t, r_s, r_t)[0], np.sqrt(_bridge(x_0, x_t, r_s, r_t)[1])),
             "the second number is the deviation; asked for is the variance"),
            (lambda x_0, x_t, r_s, r_t: (_bridge(x_t, x_0, r_s, r_t)[0], _bridge(x_0, x_t, r_s, r_t)[1]),
             "datum and noised level have changed places in the mean"),
            (lambda x_0, x_t, r_s, r_t: (_bridge(x_0, x_t, r_s, r_t)[0], (1 - r_t / r_s) / (1 + r_t)),
             "this is the variance of one step forward; times the noise of s, over that of t"),
        ),
    ),
    "guess": Exercise(
        task="the mean of the datum, given what is seen through noise.",
        head="best_guess(x, r, w, m, s)",
        takes="NumPy arrays x (n,), w, m, s (k,), and a number r; returns an array (n,).",
        reference=_guess,
        inputs=((_X, 2.0, *_MIX), (_X, 0.3, *_MIX), (_X[:1], 9.0, _MIX[0][::-1], _MIX[1], _MIX[2])),
        mistakes=(
            (_no_odds, "the components are weighed as before anything was seen: multiply by their densities at x"),
            (_signal_only, "this divides by the signal's weight and leaves the noise in; what is the mean given x?"),
        ),
    ),
}
