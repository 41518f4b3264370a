"""Exercises of the chapter on what a variance costs in steps."""

import numpy as np

from reparam.teaching.grader import Exercise

_MEANS = np.array([[1.0, -2.0], [0.5, 0.0], [3.0, 1.0], [-1.0, 2.5], [0.0, 0.7]])
_WITHIN = np.array([[0.3, 1.0], [0.0, 2.0], [1.5, 0.4], [0.2, 0.2], [1.0, 3.0]])


def _schedule(curvature, noise, start, steps):
    """By the precision, which grows by the same amount each step."""
    gain = curvature**2 / noise
    return np.array([gain / (1 / start + (t + 1) * gain) / curvature for t in range(steps)])


def _batch(means, within, size):
    """By the covariance of two different members of a batch, -beta²/(N-1)."""
    N = len(means)
    beta2 = ((means - means.mean(0)) ** 2).mean(0)
    pair = -beta2 / max(N - 1, 1)
    return (N / size) ** 2 * (size * beta2 + size * (size - 1) * pair + size * within.mean(0))


def _loop(D, steps, best, next_distance):
    """Step sizes by a rule, and the distance that it leaves."""
    sizes = []
    for _ in range(steps):
        sizes.append(best(D))
        D = next_distance(D, sizes[-1])
    return np.array(sizes)


def _best(L, V):
    return lambda D: L * D / (L * L * D + V)


EXERCISES = {
    "schedule": Exercise(
        task="the best step sizes for a gradient with the same noise everywhere.",
        head="schedule(curvature, noise, start, steps)",
        takes="Floats L, V and the mean squared distance D_0, and a number of steps; returns a NumPy array (steps,).",
        reference=_schedule,
        inputs=((1.0, 1.0, 4.0, 4), (2.0, 0.5, 1.0, 3), (0.7, 3.0, 10.0, 1)),
        mistakes=(
            (lambda L, V, D, T: np.array([L * D / (L**2 * D + V)] * T),
             "all your steps are the first one: D shrinks, and with it the step size"),
            (lambda L, V, D, T: 1 / (L * np.arange(1, T + 1)),
             "1/(Lt) forgets where you start: that is the schedule for an infinite distance"),
            (lambda L, V, D, T: _loop(D, T, _best(L, V), lambda d, a: (1 - a * L) ** 2 * d),
             "the distance forgets the noise that each step adds, its size squared times V"),
            (lambda L, V, D, T: _loop(D, T, _best(L, V), lambda d, a: (1 - a * L) ** 2 * d + a * V),
             "a step adds its size squared times V"),
            (lambda L, V, D, T: _loop(D, T, _best(L, V), lambda d, a: (1 - a * L) * d + a * a * V),
             "D is a squared distance: it shrinks by the square of 1 - L times the step"),
            (lambda L, V, D, T: _loop(D, T, lambda d: L * d / (L * L * d + 2 * V),
                                      lambda d, a: (1 - a * L) ** 2 * d + a * a * V),
             "the minimum of (1 - a L)² D + a² V over a: its slope has the factor 2 in both terms"),
            (lambda L, V, D, T: _loop(D, T, lambda d: d / (L * L * d + V),
                                      lambda d, a: (1 - a * L) ** 2 * d + a * a * V),
             "a factor L is missing in the step's numerator"),
            (lambda L, V, D, T: np.full(T, 1 / L), "1/L is the step without noise"),
            (lambda L, V, D, T: 1 / (L * np.sqrt(np.arange(1, T + 1))),
             "one over the root of t is a rule for worse functions; here the best step is asked for"),
            (lambda L, V, D, T: _schedule(L, V**2, D, T), "V is a variance already: it is not squared"),
            (lambda L, V, D, T: _schedule(L, V, D**2, T), "D_0 is a squared distance already: it is not squared again"),
        ),
    ),
    "batch": Exercise(
        task="the variance of a minibatch gradient without replacement, one draw for each datum.",
        head="batch(means, within, size)",
        takes="NumPy arrays (N, p), the mean and the variance of every datum's gradient, and B; returns an array (p,).",
        reference=_batch,
        inputs=((_MEANS, _WITHIN, 2), (_MEANS, _WITHIN, 5), (_MEANS[:3], _WITHIN[:3], 1)),
        mistakes=(
            (lambda m, w, B: len(m) ** 2 / B * (m.var(0) + w.mean(0)),
             "with B = N there is no choice of data left: the factor (N - B)/(N - 1) is missing"),
            (lambda m, w, B: _batch(m, w, B) / len(m) ** 2, "the batch is scaled by N/B: variances by its square"),
            (lambda m, w, B: len(m) ** 2 / B * (m.var(0) * (len(m) - B) / len(m) + w.mean(0)),
             "the factor is (N - B)/(N - 1): the last datum has no choice left"),
            (lambda m, w, B: _batch(m, w * len(m), B),
             "the draws' part is the mean of the data's variances, not their sum"),
            (lambda m, w, B: _batch(m, w / B, B), "the draws' part is divided by B once"),
            (lambda m, w, B: len(m) ** 2 / B * (m.std(0) * (len(m) - B) / max(len(m) - 1, 1) + w.mean(0)),
             "the data's part is their variance, not their deviation"),
            (lambda m, w, B: len(m) ** 2 / B * ((m**2).mean(0) * (len(m) - B) / max(len(m) - 1, 1) + w.mean(0)),
             "the mean over the data is to be subtracted: beta² is a variance"),
            (lambda m, w, B: _batch(m, 0 * w, B), "this is the data's part alone; the draws' is missing"),
            (lambda m, w, B: len(m) ** 2 / B * (m.var(0) + w.mean(0)) * (len(m) - B) / max(len(m) - 1, 1),
             "the factor (N - B)/(N - 1) belongs to the data's part alone: the noise is fresh for every datum"),
            (lambda m, w, B: _batch(m * np.sqrt(len(m) / max(len(m) - 1, 1)), w, B),
             "beta² is the mean of squares over the N data, not their sum over N - 1"),
        ),
    ),
}
