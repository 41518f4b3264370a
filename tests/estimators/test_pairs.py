"""Pairs of evaluations: twins, and two different categories."""

import numpy as np
import pytest
from samples.bits import THETA, cost

from reparam import checks as check
from reparam.estimators import categories, pairs, structure

PI, VALUES = np.array([0.5, 0.3, 0.2]), np.array([1.0, 3.0, -0.5])
SCORES = np.eye(3) - PI


def middles(theta, cells=40):
    """Midpoints of uniform noise that resolve the thirds of every bit, and the mass of each."""
    edges = [np.unique(np.concatenate([np.linspace(0, 1, cells + 1), [t, 1 - t]])) for t in theta]
    grids = np.meshgrid(*[(e[1:] + e[:-1]) / 2 for e in edges], indexing="ij")
    mass = np.meshgrid(*[np.diff(e) for e in edges], indexing="ij")
    return np.stack([g.ravel() for g in grids], 1), np.prod([m.ravel() for m in mass], axis=0)


def test_twins_by_hand():
    b, twin = pairs.antithetic_bits(np.array([0.3, 0.8]), np.array([[0.1, 0.1], [0.5, 0.5], [0.9, 0.9]]))
    np.testing.assert_array_equal(b, [[0, 0], [0, 1], [1, 1]])
    np.testing.assert_array_equal(twin, [[1, 1], [0, 1], [0, 0]])


def test_every_pair_has_its_probability():
    b, twin, chances = pairs.antithetic_states(THETA)
    u, mass = middles(THETA, 4)
    ours = pairs.antithetic_bits(THETA, u)
    for row in range(27):
        same = ((ours[0] == b[row]) & (ours[1] == twin[row])).all(1)
        assert chances[row] == pytest.approx(mass[same].sum(), abs=1e-12)


def test_both_are_unbiased_with_the_stated_variances():
    u, mass = middles(THETA)
    exact = structure.enumerated(cost, THETA)
    b, twin, chances = pairs.antithetic_states(THETA)
    arm, disarm = pairs.arm(cost, THETA, u), pairs.disarm(cost, THETA, b, twin)
    np.testing.assert_allclose(mass @ arm, exact, rtol=1e-10)
    np.testing.assert_allclose(chances @ disarm, exact, rtol=1e-10)
    stated = pairs.pair_variances(cost, THETA)
    np.testing.assert_allclose(mass @ arm**2 - exact**2, stated[0], rtol=2e-3)  # u within a cell is missing
    np.testing.assert_allclose(chances @ disarm**2 - exact**2, stated[1], rtol=1e-10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda b, twin: pairs.disarm(cost, 1 - THETA, twin, b)[:, ::-1],
        lambda b, twin: pairs.disarm(cost, THETA, b, twin) * 2,
        lambda b, twin: np.abs(pairs.disarm(cost, THETA, b, twin)),
    ],
    ids=["other bits", "not halved", "sign"],
)
def test_wrong_twins_are_rejected(wrong):
    b, twin, chances = pairs.antithetic_states(THETA)
    with pytest.raises(check.CheckFailed):
        check.equal("disarm", chances @ wrong(b, twin), structure.enumerated(cost, THETA))


def test_without_replacement_over_ordered_pairs():
    ordered = [(k, j) for k in range(3) for j in range(3) if j != k]
    index = np.array(ordered)
    odds = np.array([PI[k] * PI[j] / (1 - PI[k]) for k, j in ordered])
    draws = pairs.without_replacement(VALUES[index], SCORES[index], PI[index])
    alone = pairs.without_replacement(VALUES[index][0], SCORES[index][0], PI[index][0])
    np.testing.assert_array_equal(alone, draws[0])
    np.testing.assert_allclose(odds @ draws, categories.category_gradient(np.log(PI), VALUES), atol=1e-14)
    spread = odds @ draws**2 - (odds @ draws) ** 2
    assert (spread < categories.leave_one_out_variance(PI, VALUES, SCORES, 2)).all()
    wrong = pairs.without_replacement(VALUES[index], SCORES[index], 1 - PI[index])
    with pytest.raises(check.CheckFailed):
        check.equal("no-repeat", odds @ wrong, odds @ draws)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: pairs.antithetic_bits(np.array([0.0, 0.5]), np.ones((2, 2))), "theta must be"),
        (lambda: pairs.antithetic_bits(THETA, np.full((1, 3), np.nan)), "u must be finite"),
        (lambda: pairs.arm(lambda b: b, THETA, np.full((2, 3), 0.4)), "cost must return"),
        (lambda: pairs.disarm(cost, np.array([[0.5]]), np.ones((1, 1)), np.ones((1, 1))), "theta must be"),
        (lambda: pairs.antithetic_states(np.full(9, 0.5)), "at most 8"),
        (lambda: pairs.without_replacement(np.zeros(3), np.zeros((3, 2)), np.full(3, 0.2)), "values, chances"),
        (lambda: pairs.without_replacement(np.zeros(2), np.zeros((2, 2)), np.array([0.0, 0.2])), "values, chances"),
        (lambda: pairs.without_replacement(np.zeros(2), np.zeros((2, 2)), np.array([1.0, 0.2])), "values, chances"),
    ],
    ids=["theta", "u", "cost", "axes", "too many", "three", "never", "surely"],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
