"""All Gaussian estimators by name, side by side: catalogue, prices, simulation, exact integration."""

import time
from functools import partial

import numpy as np
import torch

from reparam import quadrature
from reparam.estimators.measures import measure_valued, polar_nodes
from reparam.estimators.slopes import pathwise
from reparam.estimators.values import (
    leave_one_out,
    mean_baseline,
    optimal_baseline,
    score_function,
    score_with_baseline,
)
from reparam.laws.gaussian import GradientDraws
from reparam.moments import stream


def antithetic(estimator):
    r"""An estimator averaged over a draw and its mirror image, :math:`\frac12[g(\epsilon)+g(-\epsilon)]`.

    Parameters
    ----------
    estimator : callable, ``(cost, q, eps) -> GradientDraws``
        Whose noise has a law that is symmetric about zero.

    Returns
    -------
    callable, ``(cost, q, eps) -> GradientDraws``
        Of twice the cost.
    """

    def averaged(cost, q, eps):
        there, back = estimator(cost, q, eps), estimator(cost, q, -eps)
        return GradientDraws(*((a + b) / 2 for a, b in zip(there, back, strict=True)))

    return averaged


def catalogue(cost, q, pilot, weights=None):
    """Every estimator that takes any cost, with its baseline fixed.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot, weights
        Noise behind the two baselines, as in :func:`mean_baseline`.

    Returns
    -------
    dict of str to callable, ``(cost, q, eps) -> GradientDraws``
    """
    mean, best = (b(cost, q, pilot, weights) for b in (mean_baseline, optimal_baseline))
    return {
        "score function": score_function,
        "mean baseline": partial(score_with_baseline, baseline=mean),
        "optimal baseline": partial(score_with_baseline, baseline=best),
        "leave-one-out": leave_one_out,
        "antithetic score": antithetic(score_function),
        "pathwise": pathwise,
        "antithetic pathwise": antithetic(pathwise),
        "measure-valued": measure_valued,
    }


def work(d, k=2, gradient=1.0):
    """What one gradient costs, in evaluations of the cost function.

    Parameters
    ----------
    d : int
        Dimension of z.
    k : int
        Draws per leave-one-out gradient.
    gradient : float
        Price of one value together with its slope, in units of one value.

    Returns
    -------
    dict of str to float
        With the names of :func:`catalogue`.
    """
    return {
        "score function": 1, "mean baseline": 1, "optimal baseline": 1, "leave-one-out": k, "antithetic score": 2,
        "pathwise": gradient, "antithetic pathwise": 2 * gradient, "measure-valued": 3 * d + 1,
    }


def _share(name, eps):
    """What an estimator takes of a pool of noise of shape (n, 3, d)."""
    return {"leave-one-out": eps[:, :2], "measure-valued": eps}.get(name, eps[:, 0])


def seconds(estimators, cost, q, eps, repeats=5, clock=time.process_time):
    """Processor time of one gradient by every estimator of a catalogue, in batches.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise, shared out as in :func:`simulate`.
    repeats : int
        Batches that are timed; the fastest counts, since nothing but disturbance makes one slower.
    clock : callable, ``() -> float``
        Seconds.

    Returns
    -------
    dict of str to float
        Seconds per gradient.
    """
    fastest = {}
    for name, estimator in estimators.items():
        times = []
        for _ in range(repeats):
            start = clock()
            estimator(cost, q, _share(name, eps))
            times.append(clock() - start)
        fastest[name] = min(times) / len(eps)
    return fastest


def simulate(estimators, cost, q, eps):
    """Gradients of every estimator of a catalogue from one pool of noise.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise: measure-valued gradients use all of it, leave-one-out gradients two of the three rows.

    Returns
    -------
    array, shape ``(n, m, 2, d)``
        For each of the m estimators the gradients with respect to mu and log sigma.
    """
    drawn = [estimator(cost, q, _share(name, eps)) for name, estimator in estimators.items()]
    return torch.stack([torch.stack(g, dim=1) for g in drawn], dim=1).numpy()


def simulated(atlas, costs, q, variance, source, n):
    """Moments of gradients in one dimension, each divided by its exact deviation; those without noise are left out.

    Parameters
    ----------
    atlas : dict of str to dict
        Per cost some estimators of its :func:`catalogue`, equally many.
    costs : dict of str to callable, ``(n, 1) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(1,)``.
    variance : array, shape ``(costs, estimators, 2)``
        Exact variances of the gradients with respect to mu and log sigma.
    source : numpy.random.Generator
    n : int
        Gradients of each kind.

    Returns
    -------
    reparam.moments.Moments
        One number for each variance above 1e-9, row by row.
    """
    live = variance > 1e-9

    def draw(n):
        eps = torch.from_numpy(source.standard_normal((n, 3, 1)))
        g = [simulate(estimators, costs[c], q, eps)[..., 0] for c, estimators in atlas.items()]
        return np.stack(g, axis=1)[:, live] / np.sqrt(variance[live])

    return stream(draw, n, 3)


def weighted_moments(draws, weights):
    """Exact mean and variance of one gradient in one dimension, from gradients at the nodes of a quadrature.

    Parameters
    ----------
    draws : GradientDraws
        Each ``(n, 1)``.
    weights : array, shape ``(n,)``
        Summing to one.

    Returns
    -------
    array, shape ``(2, 2)``
        Mean and variance with respect to mu and log sigma.
    """
    g = torch.cat(draws, dim=1).numpy()
    return np.stack([weights @ g, weights @ (g - weights @ g) ** 2])


def integrate(estimators, cost, q):
    """Exact mean and variance of one gradient in one dimension: the helpers themselves, at the nodes of a quadrature.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, 1) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(1,)``.

    Returns
    -------
    array, shape ``(2, m, 2)``
        Means and variances of the m estimators with respect to mu and log sigma; two draws per leave-one-out gradient.
    """
    line, plane = (quadrature.normal_nodes(d, 100) for d in (1, 2))
    found = []
    for name, estimator in estimators.items():
        if name == "measure-valued":
            pair = [weighted_moments(estimator(cost, q, eps), weights) for eps, weights in polar_nodes()]
            found.append(np.stack([pair[0][:, 0], pair[1][:, 1]], axis=1))
        else:
            eps, weights = plane if name == "leave-one-out" else line
            eps = torch.from_numpy(eps)[:, :, None] if name == "leave-one-out" else torch.from_numpy(eps)
            found.append(weighted_moments(estimator(cost, q, eps), weights))
    return np.stack(found, axis=1)
