"""Exercises of the chapter on gradient estimators."""

import numpy as np

from reparam.teaching.grader import Exercise


def _loop(values, scores):
    """Leave-one-out by its first form: for every draw the mean of the others, one at a time."""
    gradients = []
    for v, s in zip(values, scores, strict=True):
        leads = [v[i] - np.delete(v, i).mean() for i in range(len(v))]
        gradients.append(np.dot(leads, s) / len(v))
    return np.array(gradients)


def _polar(f, mu, sigma, w):
    scale = np.sqrt(1 / (2 * np.pi)) / sigma
    return scale * f(mu + sigma * w) - scale * f(mu - sigma * w)


_VALUES = np.array([[1.0, 2.5, -0.5], [4.0, 0.3, 1.1]])
_SCORES = np.array([[0.4, -1.2, 0.9], [-0.3, 0.8, 1.7]])
_W = np.array([0.3, 1.1, 2.4])

EXERCISES = {
    "leave_one_out": Exercise(
        task="the n leave-one-out gradients, each the mean over its k draws of (value - mean of the other "
             "values) times score.",
        head="leave_one_out(values, scores)",
        takes="NumPy arrays (n, k): n gradients of k draws each; returns an array (n,).",
        reference=_loop,
        inputs=((_VALUES, _SCORES), (_VALUES[:, :2] + 7.0, _SCORES[:, :2]), (_VALUES[:1] * 3, _SCORES[:1])),
        mistakes=(
            (lambda v, s: ((v - v.mean(1, keepdims=True)) * s).mean(1),
             "the baseline holds the draw's own value: the gradient is too small by (k-1)/k; leave the draw out"),
            (lambda v, s: (v * s).mean(1), "the baseline is missing: this is the plain score-function gradient"),
            (lambda v, s: _loop(v, s) * v.shape[1], "this is the sum over the group; the gradient is its mean"),
            (lambda v, s: -_loop(v, s), "the sign: take the baseline from the value, not the value from the baseline"),
            (lambda v, s: ((v - v.mean()) * s).mean(1),
             "the mean runs over all groups; every group of k draws has its own baseline"),
            (lambda v, s: _loop(v, s).mean(), "one number for all groups; asked for is one gradient per group"),
            (lambda v, s: (v * s).mean(1) - _loop(v, s),
             "this is the baseline times the score: subtract the baseline from the value"),
            (lambda v, s: ((v - np.median(v, 1, keepdims=True)) * s).mean(1),
             "the median holds the draw's own value: the baseline is the mean of the others"),
        ),
    ),
    "best_baseline": Exercise(
        task="the estimate of E[f s^2] / E[s^2] from pilot draws.",
        head="best_baseline(values, scores)",
        takes="NumPy arrays (n,): costs f and scores s; returns a number.",
        reference=lambda v, s: np.average(v, weights=s**2),
        inputs=((_VALUES[0], _SCORES[0]), (_VALUES[1], _SCORES[1]), (_VALUES.ravel() + 5.0, _SCORES.ravel())),
        mistakes=(
            (lambda v, s: v.mean(), "this is the mean baseline; the optimal one weighs values with squared scores"),
            (lambda v, s: (v * s).mean() / (s**2).mean(),
             "the weight is the score, not its square: this is a regression slope of the cost on the score"),
            (lambda v, s: (v * s**2).mean(), "the division by the mean of the squared scores is missing"),
            (lambda v, s: (v * abs(s)).mean() / abs(s).mean(), "the weight is |s| where s^2 is asked for"),
            (lambda v, s: (v * s**2).mean() / s.var(), "divide by the mean of s^2; the variance subtracts a mean"),
            (lambda v, s: np.median(v), "this is the median; the optimal baseline weighs values with squared scores"),
            (lambda v, s: np.average(v, weights=s**4), "the weight is s^4 where s^2 is asked for"),
            (lambda v, s: np.cov(v * s, s)[0, 1] / s.var(ddof=1), "sample means were subtracted; the task has none"),
        ),
    ),
    "mean_gradient": Exercise(
        task="the measure-valued gradients with respect to mu, one per draw.",
        head="mean_gradient(f, mu, sigma, w)",
        takes="f maps a NumPy array (n,) to (n,); mu, sigma are numbers, w (n,) draws of Rayleigh's law; returns "
              "an array (n,).",
        reference=_polar,
        inputs=((np.cos, 0.4, 0.8, _W), (np.square, 1.0, 2.0, _W[:2]), (np.exp, -0.5, 0.5, _W)),
        mistakes=(
            (lambda f, m, s, w: _polar(f, m, s, w) * s, "a factor 1/sigma is missing"),
            (lambda f, m, s, w: _polar(f, m, s, w) * np.sqrt(2 * np.pi), "the constant sqrt(2 pi) is missing"),
            (lambda f, m, s, w: f(m + s * w) / (s * np.sqrt(2 * np.pi)),
             "only the positive part; take the value at mu - sigma w from it"),
            (lambda f, m, s, w: -_polar(f, m, s, w), "the sign: the value above mu comes first"),
            (lambda f, m, s, w: (f(m + w) - f(m - w)) / (s * np.sqrt(2 * np.pi)),
             "the steps are w where sigma w is asked for"),
            (lambda f, m, s, w: _polar(f, m, s, w).mean(), "one number; asked for is one gradient per draw"),
            (lambda f, m, s, w: (f(m + s * w) + f(m - s * w)) / (s * np.sqrt(2 * np.pi)),
             "the two values are subtracted, not added"),
            (lambda f, m, s, w: (f(m + s * w) - f(m - s * w)) / (2 * s * w),
             "these are finite differences; here the weight is the same for each w, 1/(sigma sqrt(2 pi))"),
            (lambda f, m, s, w: (f(m + s * w) - f(m)) / (s * np.sqrt(2 * np.pi)),
             "the second value is taken at mu - sigma w, not at mu"),
            (lambda f, m, s, w: (f(m + s**2 * w) - f(m - s**2 * w)) / (s * np.sqrt(2 * np.pi)),
             "the steps are sigma w, not sigma^2 w"),
        ),
    ),
}
