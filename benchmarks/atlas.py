"""The eight estimators of the atlas, side by side: for a cost that is cheap, and for one that is dear."""

from functools import partial

import numpy as np
import torch
from harness import Contest

from reparam import noise
from reparam.estimators import side_by_side
from reparam.estimators.prices import price
from reparam.laws.gaussian import DiagonalGaussian
from reparam.laws.logistic import LogisticRegression

DIMENSION, BATCHES, BATCH, POINTS, WAVE = 10, 20, 100, 300, 1.5


def sum_of_cosines(q):
    """The cost, and its exact gradient in the mean."""
    slope = -WAVE * torch.sin(WAVE * q.mu) * torch.exp(-0.5 * (WAVE * q.sigma) ** 2)
    return lambda z: torch.cos(WAVE * z).sum(-1), slope


def regression(q):
    """Log joint density of a Bayesian logistic regression, and its exact gradient in the mean."""
    features = noise.normal("benchmarks/atlas-features", POINTS, DIMENSION)
    labels = torch.where(features[:, 0] + noise.normal("benchmarks/atlas-labels", POINTS) > 0, 1.0, -1.0)
    data = LogisticRegression(features, labels)
    return data.log_joint, data.gradient(q).mu  # the entropy of q does not depend on the mean


def contest(name, cost, slope, q):
    """All eight ways to the same gradient; before they are timed, their means must agree with the exact one."""
    batches = noise.normal("benchmarks/atlas", BATCHES, BATCH, 3, DIMENSION)
    ways = side_by_side.catalogue(cost, q, noise.normal("benchmarks/atlas-pilot", 1_000, DIMENSION))

    def draw(*names):
        chosen = {name: ways[name] for name in names}
        return [side_by_side.simulate(chosen, cost, q, eps) for eps in batches]

    drawn = torch.from_numpy(np.concatenate(draw(*ways))[:, :, 0])
    errors = (drawn.mean(0) - slope) / (drawn.std(0) / len(drawn) ** 0.5)
    assert errors.abs().max() < 6.0
    counts = side_by_side.work(DIMENSION)
    each = {f"{way} ({price(*counts[way]):g})": partial(draw, way) for way in ways}
    return Contest(name, next(iter(each)), each, note=(
        f"{BATCHES} batches of {BATCH} gradients in {DIMENSION} dimensions; in brackets the price in values of the "
        "cost that the book counts with."
    ))


def contests():
    """A cheap cost and a dear one."""
    q = DiagonalGaussian.from_sigma([0.4] * DIMENSION, [0.8] * DIMENSION)
    return [contest("the eight estimators, a sum of cosines", *sum_of_cosines(q), q),
            contest(f"the eight estimators, a logistic regression with {POINTS} points", *regression(q), q)]
