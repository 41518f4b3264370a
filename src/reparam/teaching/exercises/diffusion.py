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


def _bell(x, v):
    return np.exp(-0.5 * x**2 / v) / np.sqrt(v)


def _mixed(x, r, w, m, s, odds, gain):
    """Guesses of the components, mixed by given odds."""
    alpha, total = np.sqrt(r / (1 + r)), (r * s**2 + 1) / (1 + r)
    share = odds(x[:, None], alpha, total)
    return ((m + gain(alpha, total) * (x[:, None] - alpha * m)) * share / share.sum(1, keepdims=True)).sum(1)


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
            (lambda x_0, x_t, r_s, r_t: (_bridge(x_0, x_t, r_s, r_t)[0], 1 / (1 + r_s)),
             "this is the variance of level s given the datum alone; level t tells more"),
            (lambda x_0, x_t, r_s, r_t: (_bridge(x_0, x_t, r_s, r_t)[0], 1 - r_t / r_s),
             "this is the share that is left over; times the noise of level s"),
            (lambda x_0, x_t, r_s, r_t: (np.sqrt(r_s / (1 + r_s)) * x_0, _bridge(x_0, x_t, r_s, r_t)[1]),
             "this mean knows the datum alone; level t tells more"),
            (lambda x_0, x_t, r_s, r_t: (r_t / r_s * x_t + (1 - r_t / r_s) * x_0, _bridge(x_0, x_t, r_s, r_t)[1]),
             "bring both to the scale of level s first: each level has its own signal's weight"),
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
            (lambda x, r, w, m, s: _mixed(x, r, w, m, s, lambda x, a, v: w * np.exp(-0.5 * (x - a * m) ** 2 / v),
                                          lambda a, v: a * s**2 / v),
             "the densities lack their factor one over the deviation, and the components differ in it"),
            (lambda x, r, w, m, s: _mixed(x, r, w, m, s, lambda x, a, v: w * _bell(x - a * m, v),
                                          lambda a, v: 0 * v),
             "this mixes the components' means; each component also corrects its guess by what is seen"),
            (lambda x, r, w, m, s: _mixed(x, r, w, m, s, lambda x, a, v: w * _bell(x - a * m, v),
                                          lambda a, v: s**2 / v),
             "the covariance of datum and level has the signal's weight in it"),
            (lambda x, r, w, m, s: np.sqrt(r / (1 + r)) * _guess(x, r, w, m, s),
             "this is the signal's part of x; the datum itself is asked for"),
            (_signal_only, "this divides by the signal's weight and leaves the noise in; what is the mean given x?"),
        ),
    ),
}
