"""The chapter on unbiased gradients for bits: its exact errors, its frame, its exercises."""

import numpy as np
import pytest
from samples.bits import ELL, TARGET, one, slope
from scipy.special import expit

from reparam import noise
from reparam.chapters import bits
from reparam.estimators import categories, corrected, pairs, relaxations, structure
from reparam.teaching.grader import grade

THETA = expit(ELL)


def test_an_outcome_table_by_hand():
    mean, variance = bits.outcome_table(np.array([0.0, 2.0]), np.array([0.5, 0.5]))
    assert (mean, variance) == (1.0, 1.0)


@pytest.mark.parametrize("count", [1, 4], ids=str)
def test_errors_on_a_separable_cost_by_enumeration(count):
    theta, states = np.full(count, THETA), structure.bit_states(count)
    weights, costs = structure.bit_weights(states, theta), one(states).sum(1)
    size = (1 - 2 * TARGET) * THETA * (1 - THETA)
    found = bits.separable_errors(count, ELL, TARGET, 12)
    whole = categories.leave_one_out_variance(weights, costs, states[:, :1] - THETA, 12)[0]
    own = categories.leave_one_out_variance(weights, one(states[:, 0]), states[:, :1] - THETA, 12)[0]
    twins = pairs.pair_variances(lambda b: one(b).sum(1), theta)[1][0] / 6
    best = min(corrected.rebar_variance(one, slope, ELL, 0.2, w, count) for w in np.linspace(0, 4, 81)) / 4
    for name, variance in (("leave-one-out", whole), ("on own terms", own), ("twins (DisARM)", twins)):
        assert found[name] == pytest.approx(variance**0.5 / size, rel=1e-9)
    assert found["REBAR"] == pytest.approx(best**0.5 / size, rel=1e-2)


def test_the_best_weight_is_a_minimum():
    weight, variance = bits.best_rebar(one, slope, ELL, 0.5, 3)
    around = [corrected.rebar_variance(one, slope, ELL, 0.5, weight + d, 3) for d in (-0.05, 0.0, 0.05)]
    assert around[1] == pytest.approx(variance, rel=1e-8)
    assert min(around[0], around[2]) > variance


def test_crowd_moments_equal_simulation():
    lam = noise.generator("test/crowd").logistic(size=(200_000, 3))
    y = relaxations.relaxed(ELL, lam, 0.7)
    draws = 2 * (y.sum(1) - 1.7) * y[:, 0] * (1 - y[:, 0]) / 0.7
    mean, variance = bits.crowd_moments(ELL, 0.7, 3, 1.7)
    assert draws.mean() == pytest.approx(mean, abs=5 * draws.std() / 200_000**0.5)
    assert draws.var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("leave_one_out", categories.leave_one_out_gradient),
        ("disarm", lambda f, g, b, t, p: (f - g)[:, None] * (b - t) * np.maximum(p, 1 - p) / 2),
    ],
)
def test_right_answers_are_right(name, answer):
    assert grade(f"bits/{name}", answer).right
