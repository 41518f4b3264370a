"""Exercises of the chapter on noise that fills its space."""

import numpy as np

from reparam.teaching.grader import Exercise

_V = np.array([0.3, 0.9, 0.05, 0.5])
_A = np.array([[0.2, 0.7], [0.6, 0.1], [0.9, 0.4], [0.5, 0.55]])
_B = np.array([[0.8, 0.35], [0.15, 0.9], [0.4, 0.6], [0.25, 0.05]])


def _strata(v):
    """From the left end of each part."""
    ends = np.linspace(0, 1, len(v) + 1)
    return np.array([a + (b - a) * x for a, b, x in zip(ends[:-1], ends[1:], v, strict=True)])


def _latin(v, w):
    """Rank by rank, by counting who is smaller."""
    n, d = v.shape
    return np.array([[(sum(w[j, k] < w[i, k] for j in range(n)) + v[i, k]) / n for k in range(d)] for i in range(n)])


EXERCISES = {
    "strata": Exercise(
        task="one point in each of n equal parts of (0, 1), in ascending order.",
        head="fill(v)",
        takes="A NumPy array (n,) of uniform noise; returns an array (n,).",
        reference=_strata,
        inputs=((_V,), (_V[:1],), (np.linspace(0.1, 0.9, 7)[::-1].copy(),)),
        mistakes=(
            (lambda v: np.sort(v), "sorted draws are not stratified: two may lie in one part"),
            (lambda v: (np.arange(len(v)) + 0.5) / len(v),
             "these are the midpoints, without noise: their mean has a fixed error and no standard error"),
            (lambda v: np.arange(len(v)) / len(v) + v, "the noise has to shrink to the length of a part, v / n"),
            (lambda v: (np.arange(1, len(v) + 1) + v) / len(v), "the parts are counted from zero"),
            (lambda v: (np.arange(len(v)) + v[0]) / len(v),
             "every part needs noise of its own; here one number moves all points"),
            (lambda v: np.linspace(0, 1, len(v)) + v / len(v),
             "linspace ends at 1, so its steps are 1/(n-1): the parts begin at i/n"),
            (lambda v: np.linspace(0, 1, len(v)), "these are fixed points, without noise, and 0 and 1 are no draws"),
            (lambda v: (v + np.arange(len(v)) / len(v)) % 1,
             "each number is moved by another amount: nothing keeps it in its part. Shrink the noise to v / n first"),
            (lambda v: (v.argsort().argsort() + v) / len(v),
             "the parts are taken in order, not by the rank of the noise"),
            (lambda v: (v.argsort() + v) / len(v), "the parts are taken in order; nothing has to be sorted"),
        ),
    ),
    "latin": Exercise(
        task="the points of a Latin hypercube.",
        head="latin(v, w)",
        takes="Two NumPy arrays (n, d) of uniform noise; returns an array (n, d).",
        reference=_latin,
        inputs=((_A, _B), (_B[:3], _A[:3]), (_A[:1], _B[:1]), (_B[:, :1], _A[:, :1])),
        mistakes=(
            (lambda v, w: (w.argsort(0) + v) / len(v), "one argsort says who is smallest, not which rank each has"),
            (lambda v, w: (w.argsort(1).argsort(1) + v) / len(v), "the ranks run down each column, not along the rows"),
            (lambda v, w: (w[:, :1].argsort(0).argsort(0) + v) / len(v),
             "every column needs a shuffle of its own; here the points line up along the diagonal"),
            (lambda v, w: (v.argsort(0).argsort(0) + w) / len(v),
             "v places the points, w shuffles them; these are swapped"),
            (lambda v, w: (v.argsort(0).argsort(0) + v) / len(v),
             "the ranks of v sort v itself: the points then depend on one another. Shuffle by the ranks of w"),
            (lambda v, w: w.argsort(0).argsort(0) / len(v) + v,
             "the noise has to shrink to the length of a part, v / n"),
            (lambda v, w: (w.argsort(0).argsort(0) + v[:, :1]) / len(v), "every axis needs noise of its own"),
            (lambda v, w: np.take_along_axis((np.arange(len(v))[:, None] + v) / len(v), w.argsort(0), 0),
             "this shuffles the points after the noise is in: row i has to keep its own noise v[i]"),
            (lambda v, w: (w.argsort(0).argsort(0) + 0.5) / len(v), "v is missing: these points lie in the middle"),
        ),
    ),
}
