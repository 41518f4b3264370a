"""Exercises of the chapter on costs that can only be called."""

import math

import numpy as np

from reparam.teaching.grader import Exercise

_RIGHT, _LEFT = np.array([1.5, -0.4, 2.0]), np.array([0.3, 0.8, -1.1])
_SIGNS = np.array([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]])


def _direction(right, left, direction, h):
    """Gradient by gradient, and axis by axis, divided by the sign as Spall does."""
    return np.array([[(r - b) / (2 * h * sign) for sign in signs]
                     for r, b, signs in zip(right, left, direction, strict=True)])


def _step(A, third, n, p):
    """By logarithms, from where bias and noise are in balance."""
    return math.exp((math.log(p * A / n) - 2 * math.log(abs(third) / 3)) / (4 + p))


EXERCISES = {
    "direction": Exercise(
        task="the gradients from one difference along a random direction each.",
        head="spsa(right, left, direction, h)",
        takes="NumPy arrays (n,), (n,), (n, d) of signs, and the step h, a number; returns an array (n, d).",
        reference=_direction,
        inputs=((_RIGHT, _LEFT, _SIGNS, 0.25), (_RIGHT[:1], _LEFT[:1], _SIGNS[:1], 0.1),
                (_LEFT, _RIGHT, np.hstack([_SIGNS, -_SIGNS[:, :1]]), 1.5)),
        mistakes=(
            (lambda r, b, s, h: _direction(r, b, s, h) * 2, "the two sides are 2 h apart, not h"),
            (lambda r, b, s, h: -_direction(r, b, s, h), "the sign: right less left, then times the direction"),
            (lambda r, b, s, h: _direction(r, b, np.ones_like(s), h),
             "the direction is missing: every axis gets the difference with its own sign"),
            (lambda r, b, s, h: (r - b)[:, None] * (s > 0) / (2 * h),
             "a direction of minus one counts as well: the same difference with the other sign"),
            (lambda r, b, s, h: r[:, None] * s / h, "this uses one side alone; the difference of both is asked for"),
            (lambda r, b, s, h: (r - b).mean() * s / (2 * h),
             "every pair has its own difference; here their mean stands for all"),
            (lambda r, b, s, h: _direction(r, b, s, h).mean(0), "one gradient per pair; you return their mean"),
            (lambda r, b, s, h: _direction(r, b, s, h) / s.shape[1],
             "this is divided by d; each parameter gets the whole difference"),
        ),
    ),
    "step": Exercise(
        task="the step of least mean square error for the mean of N differences, to leading order.",
        head="best(A, third, N, p)",
        takes="Four numbers: factor of the variance, third derivative of either sign, how many, and the power; "
              "returns a number.",
        reference=_step,
        inputs=((0.3, 1.2, 1000, 2), (0.2, -0.7, 50, 1), (1.5, 0.4, 1e6, 2)),
        mistakes=(
            (lambda A, t, n, p: (9 * p * A / (n * t * t)) ** 0.2 if p == 1 else (9 * p * A / (n * t * t)) ** 0.25,
             "the root is of the order 4 + p"),
            (lambda A, t, n, p: (9 * p * A / (n * t * t)) ** (1 / (2 + p)),
             "the root is of the order 4 + p, not 2 + p"),
            (lambda A, t, n, p: (9 * p * A / (n * t * t)) ** 0.2, "the root is of the order 4 + p, not 5 for every p"),
            (lambda A, t, n, p: (9 * p * A / (n * t * t)) ** 0.25, "the root is of the order 4 + p, not 4"),
            (lambda A, t, n, p: 9 * p * A / (n * t * t), "the root of the order 4 + p is missing"),
            (lambda A, t, n, p: (9 * p * A / (n * n * t * t)) ** (1 / (4 + p)), "N enters once, not squared"),
            (lambda A, t, n, p: (p * A / (n * t * t)) ** (1 / (4 + p)),
             "the bias is a sixth of the third derivative times h squared: 36/4 = 9 stands under the root"),
            (lambda A, t, n, p: (36 * A / (n * t * t)) ** (1 / (4 + p)),
             "setting bias squared equal to variance is not the minimum: compare their slopes in h"),
            (lambda A, t, n, p: (9 * A / (n * t * t)) ** (1 / (4 + p)), "the power p stands under the root as well"),
            (lambda A, t, n, p: (9 * p * A / (n * abs(t))) ** (1 / (4 + p)), "the third derivative enters squared"),
            (lambda A, t, n, p: (9 * p * A / (t * t)) ** (1 / (4 + p)), "N is missing: more draws, a shorter step"),
            (lambda A, t, n, p: (p * A / (4 * n * t * t)) ** (1 / (4 + p)),
             "the bias is a sixth of the third derivative times h squared"),
        ),
    ),
}
