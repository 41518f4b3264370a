"""Exercises of the chapter on gradients of the evidence lower bound."""

import numpy as np

from reparam.teaching.grader import Exercise


def _by_variances(path, eps, sigma):
    """Both parts of the difference as means of products, the score's variance from its closed form."""
    score = eps / sigma
    return sigma**-2 - 2 * np.dot(path, score) / len(eps)


def _row_by_row(P, sigma):
    d = len(sigma)
    return np.array([sum(((i == j) / sigma[j] - P[i, j] * sigma[j]) ** 2 for j in range(d)) for i in range(d)])


_PATH, _EPS = np.array([0.3, -1.1, 0.8, 2.0]), np.array([0.5, -0.7, 1.2, -0.4])
_P, _SIGMA = np.array([[2.0, 0.6], [0.6, 1.5]]), np.array([0.5, 1.4])
_P3 = np.array([[1.0, 0.2, -0.3], [0.2, 2.0, 0.5], [-0.3, 0.5, 3.0]])

EXERCISES = {
    "saved": Exercise(
        task="an estimate of the total derivative's variance less that of the path derivative, for one mean.",
        head="saved(path_mu, eps, sigma)",
        takes="NumPy arrays (n,): path derivatives in mu and their noise; sigma is a number; returns a number.",
        reference=_by_variances,
        inputs=((_PATH, _EPS, 0.8), (_PATH[::-1], _EPS, 2.0), (-_PATH[:3], _EPS[:3], 0.3)),
        mistakes=(
            (lambda g, e, s: 1 / s**2 - np.mean(g * e) / s, "the square of a difference has the mixed term twice"),
            (lambda g, e, s: s**-2 + 2 * np.mean(g * e) / s, "the sign: the score is taken off, so is its mixed term"),
            (lambda g, e, s: 1 - 2 * np.mean(g * e), "the score of mu is eps / sigma"),
            (lambda g, e, s: 1 / s**2 - 2 * np.mean(g * e), "the mixed term holds one factor 1 / sigma"),
            (lambda g, e, s: np.var(g - e / s) - np.var(g),
             "an estimate too, but with the score's variance estimated, where it is known to be 1 / sigma^2"),
            (lambda g, e, s: s**-2 - 2 * g.mean() * e.mean() / s,
             "the product of two means; asked for is the mean of the products"),
            (lambda g, e, s: 1 / s - 2 * np.mean(g * e) / s, "the score's variance is 1 / sigma^2"),
            (lambda g, e, s: s**-2 - 2 * np.sum(g * e) / s, "the mixed term is a mean over the draws, not a sum"),
            (lambda g, e, s: np.mean(e**2) / s**2 - 2 * np.mean(g * e) / s,
             "the score's variance is known, 1 / sigma^2: it need not be estimated"),
        ),
    ),
    "left": Exercise(
        task="the variances of the path derivative for all means.",
        head="left(P, sigma)",
        takes="NumPy arrays: the posterior's precision P (d, d), deviations sigma (d,); returns an array (d,).",
        reference=_row_by_row,
        inputs=((_P, _SIGMA), (_P3, np.array([1.0, 0.7, 0.5])), (np.eye(2), np.array([1.0, 2.0]))),
        mistakes=(
            (lambda P, s: ((P * s) ** 2).sum(1), "this is the total derivative; the path derivative adds 1 / sigma"),
            (lambda P, s: ((np.diag(1 / s) - P * s[:, None]) ** 2).sum(1),
             "P diag(sigma) multiplies the columns of P, not its rows"),
            (lambda P, s: ((np.diag(1 / s) + P * s) ** 2).sum(1), "the sign: the precision pulls against 1 / sigma"),
            (lambda P, s: ((np.diag(1 / s) - P * s) ** 2).sum(), "one number; asked for is one variance per mean"),
            (lambda P, s: np.diag((np.diag(1 / s) - P * s) ** 2), "only the diagonal; the others' noise is left out"),
            (lambda P, s: s**-2, "this is the variance of the score; the slopes P are missing"),
            (lambda P, s: (np.diag(1 / s) - P * s).sum(1) ** 2,
             "square each entry, then sum: the noises are independent"),
            (lambda P, s: ((np.diag(1 / s) - P * s**2) ** 2).sum(1),
             "a draw is mu + sigma eps: P is multiplied by sigma, not sigma^2"),
            (lambda P, s: ((np.diag(s) - P * s) ** 2).sum(1), "the score of mu is eps / sigma, not sigma eps"),
        ),
    ),
}
