"""All Gaussian estimators by name, side by side: catalogue, passes, simulation, exact integration."""

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
from reparam.guards import guarded
from reparam.laws.gaussian import GradientDraws
from reparam.moments import stream


@guarded(estimator="function")
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


@guarded(cost="function")
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


@guarded
def work(d, k=2):
    """What one gradient asks of the cost: rows at which it wants the value, and rows at which it wants the slope too.

    Parameters
    ----------
    d : int
        Dimension of z.
    k : int
        Draws per leave-one-out gradient.

    Returns
    -------
    dict of str to (values, slopes)
        With the names of :func:`catalogue`; :func:`reparam.estimators.prices.price` makes one number of the two.
    """
    return {
        "score function": (1, 0), "mean baseline": (1, 0), "optimal baseline": (1, 0), "leave-one-out": (k, 0),
        "antithetic score": (2, 0), "pathwise": (1, 1), "antithetic pathwise": (2, 2), "measure-valued": (3 * d + 1, 0),
    }


class _Counted(torch.autograd.Function):
    """The identity, which keeps count of the rows that pass it in both directions."""

    @staticmethod
    def forward(ctx, z, rows):
        ctx.rows = rows
        rows[0] += len(z)
        return z.clone()

    @staticmethod
    def backward(ctx, slope):
        ctx.rows[1] += len(slope)
        return slope, None


@guarded(estimator="function", cost="function")
def passes(estimator, cost, q, eps):
    """Count what one gradient asks of the cost, instead of believing :func:`work`.

    Parameters
    ----------
    estimator : callable, ``(cost, q, eps) -> GradientDraws``
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
    eps : Tensor
        Noise for one gradient, of whatever shape the estimator takes.

    Returns
    -------
    (values, slopes) : tuple of int
        Rows that went through the cost, and rows whose slope came back.
    """
    rows = [0, 0]
    estimator(lambda z: cost(_Counted.apply(z, rows)), q, eps)
    return tuple(rows)


@guarded(cost="function", eps="tensor 1 3 d")
def all_passes(estimators, cost, q, eps):
    """:func:`passes` of every estimator of a catalogue, from one pool of noise.

    Parameters
    ----------
    estimators, cost, q
        As in :func:`simulate`.
    eps : Tensor, shape ``(1, 3, d)``
        Noise for one gradient of each.

    Returns
    -------
    dict of str to (values, slopes)
    """
    return {name: passes(g, cost, q, _share(name, eps)) for name, g in estimators.items()}


def _share(name, eps):
    """What an estimator takes of a pool of noise of shape (n, 3, d)."""
    return {"leave-one-out": eps[:, :2], "measure-valued": eps}.get(name, eps[:, 0])


@guarded(eps="tensor n 3 d", repeats="count", clock="function")
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


@guarded(eps="tensor n 3 d")
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


@guarded(gradient="array costs 2", variance="array costs estimators 2", n="count", width="number")
def simulated(atlas, costs, q, gradient, variance, source, n, width=2.0):
    r"""Simulated variances in one dimension, each divided by its exact one; those without noise are left out.

    A squared score times a parabola is a polynomial of high degree, whose mean rests on rare noise. So the noise is
    drawn wider than N(0, 1), and each squared distance :math:`(g-G)^2` is weighed with the ratio of the two densities.

    Parameters
    ----------
    atlas : dict of str to dict
        Per cost its :func:`catalogue`.
    costs : dict of str to callable, ``(n, 1) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(1,)``.
    gradient : array, shape ``(costs, 2)``
        Exact gradients with respect to mu and log sigma.
    variance : array, shape ``(costs, estimators, 2)``
        Exact variances.
    source : numpy.random.Generator
    n : int
        Gradients of each kind.
    width : float
        Standard deviation of the noise that is drawn.

    Returns
    -------
    reparam.moments.Moments
        One number for each variance above 1e-9, row by row; each has mean one.
    """
    live = variance > 1e-9

    def draw(n):
        eps = width * source.standard_normal((n, 3, 1))
        ratio = (width * np.exp(-(eps**2) * (1 - width**-2) / 2))[..., 0]
        ratios = {name: _share(name, ratio).reshape(n, -1).prod(1) for name in next(iter(atlas.values()))}
        g = [simulate(estimators, costs[c], q, torch.from_numpy(eps))[..., 0] for c, estimators in atlas.items()]
        away = (np.stack(g, axis=1) - gradient[:, None]) ** 2
        weighed = away * np.stack(list(ratios.values()), axis=1)[:, None, :, None]
        return weighed[:, live] / variance[live]

    return stream(draw, n, 3)


@guarded(weights="array n")
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


@guarded(cost="function")
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
