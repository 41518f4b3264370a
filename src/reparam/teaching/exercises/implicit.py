"""Exercises of the chapter on implicit paths."""

import numpy as np

from reparam import derivatives
from reparam.estimators import implicit
from reparam.teaching.grader import Exercise

_Z = np.array([0.1, 0.7, 1.0, 2.3])
_INSIDE = np.array([0.1, 0.7, 1.3])


def _weibull(z, k):
    return implicit.implicit_path(
        lambda x, s: -np.expm1(-(x**s)), lambda x, s: s * x ** (s - 1) * np.exp(-(x**s)), z, k, 0.005)


def _truncated(z, r, c):
    """The quantile at fixed rank, differentiated: another road than the distribution function's."""
    rank = np.expm1(-r * z) / np.expm1(-r * c)
    return derivatives.derivative(lambda s: -np.log1p(rank * np.expm1(-s * c)) / s, r)


EXERCISES = {
    "weibull": Exercise(
        task="dz/dk at z, of the law with distribution function F(z; k) = 1 - exp(-z^k).",
        head="path(z, k)",
        takes="A NumPy array z (n,) of positive numbers, and a positive number k; returns an array (n,).",
        reference=_weibull,
        inputs=((_Z, 1.0), (_Z, 0.6), (_Z, 2.5)),
        tol=1e-7,
        mistakes=(
            (lambda z, k: z * np.log(z) / k, "the sign: dz/dk = -(dF/dk)/p"),
            (lambda z, k: -np.exp(-(z**k)) * z**k * np.log(z), "divide by the density p(z; k)"),
            (lambda z, k: np.log(z) + 1 / k - z**k * np.log(z), "this is the score d log p/dk, not the path"),
            (lambda z, k: -np.log(z) / k, "a factor z is missing: divide dF/dk by the density, which has z^(k - 1)"),
            (lambda z, k: k * z ** (k - 1) * np.exp(-(z**k)), "this is the density; the path is -(dF/dk) over it"),
            (lambda z, k: np.exp(-(z**k)) * z**k * np.log(z), "this is dF/dk: divide by minus the density"),
        ),
    ),
    "truncated": Exercise(
        task="dz/dr at z, of the exponential law cut off at c: F(z; r) = (1 - exp(-r z))/(1 - exp(-r c)) on (0, "
             "c).",
        head="path(z, r, c)",
        takes="A NumPy array z (n,) in (0, c), and two positive numbers; returns an array (n,).",
        reference=_truncated,
        inputs=((_INSIDE, 1.0, 1.5), (_INSIDE, 0.6, 2.0), (_INSIDE, 2.5, 1.4)),
        tol=1e-7,
        mistakes=(
            (lambda z, r, c: -z / r, "this is the path of the law without the cut: the divisor 1 - exp(-rc) moves too"),
            (lambda z, r, c: (z - c * np.expm1(r * z) / np.expm1(r * c)) / r, "the sign: dz/dr = -(dF/dr)/p"),
            (lambda z, r, c: -np.exp(-r * z) * (z - c * np.expm1(r * z) / np.expm1(r * c)) / -np.expm1(-r * c),
             "divide by the density p(z; r)"),
        ),
    ),
}
