"""Exercises of chapter 6."""

import numpy as np
import torch

from reparam.teaching.grader import Exercise


def _two_paths(a, b, c, d, x, z, y):
    """By autograd, as the grader's own road."""
    theta = [torch.tensor(float(t), dtype=torch.float64, requires_grad=True) for t in (a, b, c, d)]
    x, z, y = (torch.as_tensor(v) for v in (x, z, y))
    generated = theta[0] + theta[1] * x + (theta[2] + theta[3] * x).exp() * z
    return torch.autograd.grad(((generated - y) ** 2).sum(), theta)


def _paths_with(slope=lambda r: 2 * r, through_sigma=lambda sigma, z: sigma * z, total=np.sum):
    """The answer by hand, with one of its parts replaced by a mistake."""

    def answer(a, b, c, d, x, z, y):
        sigma = np.exp(c + d * x)
        g = slope(a + b * x + sigma * z - y)
        h = g * through_sigma(sigma, z)
        return tuple(total(t) for t in (g, g * x, h, h * x))

    return answer


def _slopes_without_x(*args):
    first, _, third, _ = _two_paths(*args)
    return first, first, third, third


def _linear(a, b, c, d, x, z, y):
    """With the spread c + d x itself."""
    g = 2 * (a + b * x + (c + d * x) * z - y)
    return g.sum(), (g * x).sum(), (g * z).sum(), (g * z * x).sum()


def _energy(draws, y):
    """By sorting: in the sum over pairs the i-th smallest of K draws has weight 2i - K - 1."""
    k = len(draws)
    weights = 2 * np.arange(1, k + 1) - k - 1
    return np.abs(draws - y).mean(0) - (weights[:, None] * np.sort(draws, axis=0)).sum(0) / (k * (k - 1))


def _energy_with(weight):
    """The answer with another weight on the sum of distances over all ordered pairs."""
    return lambda draws, y: (
        np.abs(draws - y).mean(0) - weight(len(draws)) * np.abs(draws[:, None] - draws).sum((0, 1))
    )


def _tied(c, m):
    """The top of a parabola through three of its points."""
    theta = np.array([-1.0, 0.0, 1.0])
    curve = np.polyfit(theta, (theta - m) ** 2 + (c * theta) ** 2, 2)
    return -curve[1] / (2 * curve[0])


_X = np.array([-1.0, 0.2, 0.9, 1.7])
_Z = np.array([0.4, -1.3, 2.1, 0.7])
_Y = np.array([0.3, 1.1, -0.8, 0.5])
_DRAWS = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.5], [-0.7, 0.1, 0.9], [0.2, 1.9, -1.4]])

EXERCISES = {
    "two-paths": Exercise(
        task="dJ/da, dJ/db, dJ/dc, dJ/dd for mu = a + b x, sigma = exp(c + d x), J = sum((mu + sigma z - y)^2).",
        head="two_paths(a, b, c, d, x, z, y)",
        takes="Four numbers, and NumPy arrays x, z, y (n,); returns four numbers.",
        reference=_two_paths,
        inputs=((0.1, 0.5, -0.3, 0.2, _X, _Z, _Y), (-0.4, 1.2, 0.3, -0.6, _X[:2], _Z[:2], _Y[:2])),
        mistakes=(
            (_paths_with(through_sigma=lambda sigma, z: sigma),
             "the noise is missing in the path through sigma: dy/dsigma = z"),
            (_paths_with(through_sigma=lambda sigma, z: z),
             "the derivative of the exponential is missing: dsigma/dc = sigma"),
            (_paths_with(total=np.mean), "this is the mean over observations; J is their sum"),
            (_paths_with(slope=lambda r: r), "the factor 2 of the square's derivative is missing"),
            (_paths_with(slope=lambda r: -2 * r), "the sign: dJ/dy_gene = 2 (y_gene - y)"),
            (_paths_with(through_sigma=lambda sigma, z: 0 * z),
             "only the path through mu is there: c and d reach J through sigma"),
            (lambda a, b, c, d, x, z, y: _two_paths(a, b, c / 2, d / 2, x, z, y),
             "the spread was read as a log variance: sigma = exp(c + d x)"),
            (lambda *a: _slopes_without_x(*a), "b and d multiply x: their derivatives carry a factor x"),
            (lambda *a: (*_two_paths(*a)[:3], _two_paths(*a)[2]), "d multiplies x: its derivative carries a factor x"),
            (lambda a, b, c, d, x, z, y: _linear(a, b, c, d, x, z, y),
             "sigma = exp(c + d x): the exponential is missing"),
            (_paths_with(through_sigma=lambda sigma, z: sigma * z**2), "the noise counts twice: dy/dsigma = z"),
        ),
    ),
    "energy": Exercise(
        task="the unbiased energy score with exponent 1 of each observation.",
        head="energy(draws, y)",
        takes="NumPy arrays: draws (K, n), K of them per observation, and y (n,); returns an array (n,).",
        reference=_energy,
        inputs=((_DRAWS[:2], _Y[:3]), (_DRAWS[:3], _Y[:3]), (_DRAWS, _Y[:3])),
        mistakes=(
            (_energy_with(lambda k: 0.5 / k**2),
             "you divide the pairs by K², which counts each draw's distance 0 to itself: there are K (K - 1) pairs"),
            (_energy_with(lambda k: 1 / (k * (k - 1))), "the factor 1/2 of the second term is missing"),
            (_energy_with(lambda k: -0.5 / (k * (k - 1))), "the sign: the mean distance between draws is subtracted"),
            (_energy_with(lambda k: 0.0), "this is the mean distance to y alone, and it collapses: subtract half the "
             "mean distance between two draws"),
            (_energy_with(lambda k: 0.25 / (k * (k - 1))),
             "each pair counts once too little: k < l gives half of the sum over k ≠ l"),
            (lambda draws, y: _energy(draws, y).mean(), "one value per observation is asked for, not their mean"),
            (lambda draws, y: ((draws - y) ** 2).mean(0) - draws.var(0, ddof=1), "squares where distances belong"),
            (lambda draws, y: _energy(draws, y) + (len(draws) - 1) * np.abs(draws - y).mean(0),
             "the distances to y are summed over the draws: average them"),
        ),
    ),
    "tied": Exercise(
        task="the theta that minimises E[(mu + sigma z - y)^2] when mu = theta, sigma = c theta, and y has mean "
             "m.",
        head="tied(c, m)",
        takes="Two numbers; returns a number.",
        reference=_tied,
        inputs=((0.5, 1.0), (1.5, -2.0), (2.0, 0.3)),
        mistakes=(
            (lambda c, m: m, "this is right only for c = 0: sigma = c theta is paid for too"),
            (lambda c, m: m / (1 + c), "sigma enters squared: its price is c² theta²"),
            (lambda c, m: m / (1 - c**2), "the sign: the price of sigma is added, so theta moves towards 0"),
            (lambda c, m: m * (1 + c**2), "upside down: theta is smaller than m, divide by 1 + c^2"),
            (lambda c, m: m / (1 + c**2) ** 0.5, "no root: set the derivative of (theta - m)^2 + c^2 theta^2 to zero"),
            (lambda c, m: m / c**2, "the 1 is missing: set the derivative of (theta - m)^2 + c^2 theta^2 to zero"),
        ),
    ),
}
