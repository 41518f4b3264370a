"""Exercises of the chapter on a reader's own model."""

import numpy as np

from reparam.teaching.grader import Exercise

_RNG = np.random.Generator(np.random.SFC64(12))
_REFERENCE = _RNG.standard_normal(40)
_GRADIENT = 0.3 + _REFERENCE + 0.2 * _RNG.standard_normal(40)
_OTHER = _RNG.standard_normal(40)


def _draws(spread, bias):
    """The other road: grow n until five standard errors fit into the bias."""
    n = np.searchsorted(-5 * spread / np.sqrt(np.arange(1, 10**6)), -bias) + 1
    return float(n)


def _paired(gradient, reference):
    """The other road: the variance of a difference from variances and the covariance."""
    (a, c), (_, b) = np.cov(gradient, reference)
    return np.mean(gradient) - np.mean(reference), np.sqrt((a + b - 2 * c) / len(gradient))


EXERCISES = {
    "power": Exercise(
        task="the least whole number of draws whose 5 standard errors are at most the relative bias.",
        head="power(spread, bias)",
        takes="Two positive numbers, both over the mean: the standard deviation of one draw, and the bias; "
              "returns a whole number.",
        reference=_draws,
        inputs=((2.0, 0.1), (1.0, 0.05), (3.7, 0.2), (0.31, 0.021)),
        mistakes=(
            (lambda s, b: np.ceil((s / b) ** 2), "this is one standard error; five are asked for"),
            (lambda s, b: np.ceil(5 * (s / b) ** 2), "the five belongs inside the square"),
            (lambda s, b: np.ceil(5 * s / b), "the square is missing: errors fall with the root of n"),
            (lambda s, b: (5 * s / b) ** 2, "a number of draws is whole: round up"),
            (lambda s, b: np.floor((5 * s / b) ** 2), "round up, not down"),
        ),
    ),
    "paired": Exercise(
        task="the mean difference, gradient less reference, and its standard error.",
        head="paired(gradient, reference)",
        takes="NumPy arrays (n,): one number per replicate, at common noise; returns two numbers.",
        reference=_paired,
        inputs=((_GRADIENT, _REFERENCE), (_OTHER, _REFERENCE), (_REFERENCE[:9], _GRADIENT[:9])),
        mistakes=(
            (lambda g, r: (g.mean() - r.mean(), np.sqrt((g.var(ddof=1) + r.var(ddof=1)) / len(g))),
             "this is the error for independent noise; here both saw the same, so take the differences first"),
            (lambda g, r: (g.mean() - r.mean(), (g - r).std(ddof=1)),
             "this is the spread of one difference; the mean of n has it over the root of n"),
            (lambda g, r: (g.mean() - r.mean(), (g - r).std() / np.sqrt(len(g))),
             "divide by n - 1, not n, in the variance: the mean was estimated"),
            (lambda g, r: (r.mean() - g.mean(), (g - r).std(ddof=1) / np.sqrt(len(g))),
             "the sign: gradient less reference is asked for"),
            (lambda g, r: (g.mean() - r.mean(), (g - r).var(ddof=1) / len(g)),
             "this is the variance of the mean; its root is the standard error"),
        ),
    ),
}
