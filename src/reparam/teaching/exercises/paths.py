"""Exercises of the chapter on many paths."""

import math

import numpy as np
from scipy.special import digamma, gammaln

from reparam.derivatives import derivative
from reparam.teaching.grader import Exercise

_Z = np.array([0.3, 1.1, 2.6, 4.2])


def _scaled(z, alpha):
    """The score of the noise e = z / alpha at fixed e, by differences; it has the Gamma law with the rate alpha."""
    eps = np.asarray(z) / alpha
    return derivative(lambda a: a * math.log(a) + (a - 1) * np.log(eps) - a * eps - math.lgamma(a), alpha)


def _odds(mu, a):
    """The density at the edge, by the complementary error function."""
    return math.exp(-0.5 * (a - mu) ** 2) / (math.sqrt(2 * math.pi) * 0.5 * math.erfc((a - mu) / math.sqrt(2)))


def _mended(z, f, slope, mu, a):
    return np.array([slope(x) - _odds(mu, a) * (f(x) - f(a)) for x in z])


EXERCISES = {
    "scaled": Exercise(
        task="the residual of the field z / alpha, for the Gamma law.",
        head="residual(z, alpha)",
        takes="A NumPy array z (n,) of positive draws and a number alpha; returns an array (n,).",
        reference=_scaled,
        inputs=((_Z, 2.0), (_Z[:3], 0.8), (_Z[1:], 5.5)),
        mistakes=(
            (lambda z, a: np.log(z) - digamma(a), "this is the score alone; the divergence of q v over q is missing"),
            (lambda z, a: np.log(z) - digamma(a) - 1 + z / a, "the sign of the divergence: it is added to the score"),
            (lambda z, a: 1 - z / a, "this is the divergence of q v over q alone; the score is missing"),
            (lambda z, a: -z / a, "the score is missing, and so is the derivative of v"),
            (lambda z, a: np.log(z) - digamma(a) + 1 - z,
             "(log q)' = (alpha - 1)/z - 1 is multiplied by v = z / alpha, not by z"),
            (lambda z, a: np.log(z) - digamma(a) + a - z, "the field is z / alpha, not z"),
            (lambda z, a: np.log(z) - np.log(a) + 1 - z / a,
             "the score has digamma(alpha), the slope of the log of the Gamma function, not log(alpha)"),
            (lambda z, a: np.log(z) - gammaln(a) + 1 - z / a,
             "the score has digamma(alpha), the slope of log Gamma, not log Gamma itself"),
            (lambda z, a: np.log(z) - digamma(a) + 1 / a, "the divergence of v alone: q varies along v as well"),
            (lambda z, a: np.log(z) - digamma(a) + (a - 1) / a - z / a, "the derivative of v, 1 / alpha, is missing"),
        ),
    ),
    "truncated": Exercise(
        task="the mended gradients in mu of a cost under a Gaussian that is cut off below a.",
        head="mended(z, f, slope, mu, a)",
        takes="A NumPy array z (n,) of kept draws, two functions of arrays or numbers, and two numbers; returns (n,).",
        reference=_mended,
        inputs=(
            (np.array([0.2, 0.9, 2.1]), lambda x: x**2, lambda x: 2 * x, 0.4, 0.0),
            (np.array([1.1, 1.5, 3.0]), np.cos, lambda x: -np.sin(x), -0.3, 1.0),
        ),
        mistakes=(
            (lambda z, f, g, m, a: g(z), "this is the kept draw as it is: what flows over the edge is missing"),
            (lambda z, f, g, m, a: g(z) - _odds(m, a) * f(z), "the edge's own term is missing: compare f(z) with f(a)"),
            (lambda z, f, g, m, a: g(z) - _odds(-m, -a) * (f(z) - f(a)),
             "divide by the part above a, which is kept, not by the part below"),
            (lambda z, f, g, m, a: -_odds(m, a) * (f(z) - f(a)), "this is the correction alone; add the slope"),
            (lambda z, f, g, m, a: f(z) - _odds(m, a) * (f(z) - f(a)),
             "the kept draw's gradient is slope(z), not f(z)"),
            (lambda z, f, g, m, a: g(z) - _odds(m, a) * f(a), "compare f(z) with f(a): the difference enters"),
            (lambda z, f, g, m, a: g(z) + _odds(m, a) * f(a), "compare f(z) with f(a): the difference enters"),
            (lambda z, f, g, m, a: (z - m) * f(z),
             "this is a score gradient of the law that is not cut off; mend the path gradient"),
            (lambda z, f, g, m, a: (z - m - _odds(m, a)) * f(z), "this is the score gradient; mend the path gradient"),
            (lambda z, f, g, m, a: g(z) + _odds(m, a) * (f(z) - f(a)), "the sign of the correction"),
            (lambda z, f, g, m, a: g(z) - _odds(m, a) * 0.5 * math.erfc((a - m) / math.sqrt(2)) * (f(z) - f(a)),
             "lambda is the density at the edge of the law that is cut off: divide by the part that is kept"),
        ),
    ),
}
