"""Exercises of the chapter on unbiased gradients for bits."""

import numpy as np

from reparam.teaching.grader import Exercise

_F = np.array([1.3, -0.4, 2.2, 0.9])
_S = np.array([[0.4, -0.4], [-0.6, 0.6], [0.4, -0.4], [0.1, -0.3]])
_B = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]])
_TWIN = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])


def _loop(values, scores):
    n = len(values)
    return sum((values[i] - np.delete(values, i).mean()) * scores[i] for i in range(n)) / n


def _disarm(values, twins, b, twin, theta):
    """Value by value, with the sign of the bit that is one."""
    out = np.zeros(b.shape)
    for n, i in np.ndindex(b.shape):
        if b[n, i] != twin[n, i]:
            out[n, i] = (values[n] - twins[n]) * (1 if b[n, i] else -1) * max(theta[i], 1 - theta[i]) / 2
    return out


EXERCISES = {
    "leave_one_out": Exercise(
        task="the leave-one-out gradient, the mean over draws of (value - mean of the other values) times score.",
        head="loo(values, scores)",
        takes="NumPy arrays: values (N,), scores (N, K); returns an array (K,).",
        reference=_loop,
        inputs=((_F, _S), (_F[:2], _S[:2]), (_F + 10, _S)),
        mistakes=(
            (lambda f, s: ((f - f.mean())[:, None] * s).mean(0),
             "the baseline holds the draw's own value, which biases by (N - 1)/N: average over the others"),
            (lambda f, s: (f[:, None] * s).mean(0), "the baseline is forgotten"),
            (lambda f, s: len(f) * _loop(f, s), "this is the sum over draws; the gradient is their mean"),
            (lambda f, s: -_loop(f, s), "the sign: value minus baseline"),
            (lambda f, s: (f[:, None] * s).mean(0) - _loop(f, s),
             "this is the baseline times the score: subtract it from the value"),
            (lambda f, s: ((f - np.median(f))[:, None] * s).mean(0),
             "the median holds the draw's own value: the baseline is the mean of the others"),
        ),
    ),
    "disarm": Exercise(
        task="the DisARM gradients, one per pair, in the logits of all bits.",
        head="pair(values, twins, b, twin, theta)",
        takes="NumPy arrays: the cost at b and at its twin, values (n,) and twins (n,); the states b and twin (n, D); "
              "theta (D,); returns an array (n, D).",
        reference=_disarm,
        inputs=((_F, _F[::-1], _B, _TWIN, np.array([0.2, 0.7, 0.5])),
                (_F, 0 * _F, _B, _TWIN, np.array([0.9, 0.4, 0.6]))),
        mistakes=(
            (lambda f, g, b, t, p: (f - g)[:, None] * (b - t) * np.maximum(p, 1 - p),
             "a factor of two: half the difference"),
            (lambda f, g, b, t, p: (f - g)[:, None] * (b - t) * p / 2,
             "the weight is the larger of theta and 1 - theta, not theta"),
            (lambda f, g, b, t, p: (f - g)[:, None] * (b - p) / 2, "the score b - theta belongs to independent draws"),
            (lambda f, g, b, t, p: (f - g)[:, None] * (b != t) * np.maximum(p, 1 - p) / 2,
             "the sign: where the twin holds the one, the step is negative"),
        ),
    ),
}
