"""Exercises of the chapter on structure."""

import numpy as np

from reparam.estimators import structure as chapter
from reparam.teaching.grader import Exercise

_THETA = np.array([0.3, 0.6, 0.45])
_B = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


def _cost(b):
    return (b @ np.array([1.0, 2.0, -0.7]) - 1) ** 2


def _steep(b):
    return np.exp(b @ np.array([0.5, -1.0, 0.3]))


def _one_by_one(cost, theta, b):
    return np.stack([chapter.local_expectation(cost, theta, row[None])[0] for row in b])


def _raised(cost, b, i, value):
    moved = b.copy()
    moved[:, i] = value
    return cost(moved)


def _differences(cost, theta, b, factor):
    return np.stack([factor(t) * (_raised(cost, b, i, 1) - _raised(cost, b, i, 0)) for i, t in enumerate(theta)], 1)


def _weighted(cost, theta, b):
    return np.stack([t * _raised(cost, b, i, 1) - (1 - t) * _raised(cost, b, i, 0) for i, t in enumerate(theta)], 1)


_TERMS = np.array([[1.0, 2.0, -0.5, 0.3], [0.4, -1.0, 2.0, 1.5]])
_READS = np.array([[True, False, False], [True, True, False], [False, True, True], [False, False, True]])


def _loop(terms, reads):
    return np.array([[sum(f for f, r in zip(row, reads, strict=True) if r[i]) for i in range(reads.shape[1])]
                     for row in terms])


EXERCISES = {
    "local": Exercise(
        task="the local-expectation gradients with respect to the logits, one row per draw.",
        head="local(cost, theta, b)",
        takes="NumPy: cost maps an array (n, D) to (n,), theta (D,) are probabilities, b (n, D) draws of zeros "
              "and ones; returns an array (n, D).",
        reference=_one_by_one,
        inputs=((_cost, _THETA, _B), (_steep, _THETA[::-1].copy(), _B), (_cost, 1 - _THETA, _B[:1])),
        mistakes=(
            (lambda c, t, b: _differences(c, t, b, lambda p: 1.0),
             "the factor theta (1 - theta) is missing: this is the gradient in theta, not in the logit"),
            (lambda c, t, b: -_differences(c, t, b, lambda p: p * (1 - p)), "the sign: f at one, less f at zero"),
            (lambda c, t, b: _differences(c, t, b, lambda p: p), "the factor theta lacks its partner 1 - theta"),
            (lambda c, t, b: c(b)[:, None] * (b - t), "this is the score function: no bit was averaged over"),
            (lambda c, t, b: _one_by_one(c, t, b).mean(0), "one mean; asked for is one gradient per draw"),
            (lambda c, t, b: _weighted(c, t, b),
             "this is the mean cost of the bit, with a sign; the gradient is theta (1 - theta) times the difference"),
        ),
    ),
    "own": Exercise(
        task="for every draw and every variable the sum of the terms that read it.",
        head="own(terms, reads)",
        takes="NumPy arrays: terms (n, C) of numbers, reads (C, D) of booleans; returns an array (n, D).",
        reference=_loop,
        inputs=((_TERMS, _READS), (_TERMS[:1, :3], _READS[:3, :2]), (_TERMS * 3 - 1, _READS)),
        mistakes=(
            (lambda f, r: np.repeat(f.sum(1, keepdims=True), r.shape[1], 1), "all terms: drop those of others"),
            (lambda f, r: f @ ~r, "these are the terms of the others: keep those that read the variable"),
            (lambda f, r: f @ r / r.sum(0), "this is the mean of the own terms; asked for is their sum"),
            (lambda f, r: (f @ r).mean(0), "one number per variable; asked for is one per draw too"),
            (lambda f, r: f @ r / r.sum(),
             "divided by the number of all readings: the sum of the own terms is asked for"),
        ),
    ),
}
