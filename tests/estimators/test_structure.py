"""Gradients that use what is known of the cost."""

import numpy as np
import pytest
import torch

from reparam import checks as check
from reparam.estimators import structure

THETA = np.array([0.3, 0.6, 0.45])
READS = np.array([[True, False, False], [True, True, False], [False, True, True]])
STATES = structure.bit_states(3)
WEIGHTS = structure.bit_weights(STATES, THETA)


def terms(b):
    return np.stack([b[:, 0] - 0.3, 2 * b[:, 0] * b[:, 1], np.exp(b[:, 1] - b[:, 2])], axis=1)


def cost(b):
    return terms(b).sum(1)


def by_autograd(f):
    logits = torch.tensor(np.log(THETA / (1 - THETA)), requires_grad=True)
    theta, states = torch.sigmoid(logits), torch.from_numpy(STATES)
    (torch.where(states == 1, theta, 1 - theta).prod(1) @ torch.from_numpy(f(STATES))).backward()
    return logits.grad.numpy()


def test_states_and_weights_by_hand():
    np.testing.assert_array_equal(structure.bit_states(2), [[0, 0], [0, 1], [1, 0], [1, 1]])
    # (1 - 0.3)(1 - 0.6), (1 - 0.3) 0.6, 0.3 (1 - 0.6), 0.3 * 0.6
    expected = [0.28, 0.42, 0.12, 0.18]
    np.testing.assert_allclose(structure.bit_weights(structure.bit_states(2), THETA[:2]), expected, rtol=1e-12)
    assert structure.bit_states(0).shape == (1, 0)


def test_enumeration_and_enumeration_of_terms_equal_autograd():
    np.testing.assert_allclose(structure.enumerated(cost, THETA), by_autograd(cost), rtol=1e-12)
    np.testing.assert_allclose(structure.enumerated_terms(terms, READS, THETA), by_autograd(cost), rtol=1e-12)


def test_a_term_that_reads_nothing_adds_nothing():
    reads = np.vstack([READS[:2], [[False] * 3]])
    without = structure.enumerated(lambda b: terms(b)[:, :2].sum(1), THETA)
    np.testing.assert_allclose(structure.enumerated_terms(terms, reads, THETA), without, rtol=1e-12, atol=1e-14)


def test_local_expectations_are_the_conditional_means_of_the_score_function():
    drawn = structure.local_expectation(cost, THETA, STATES)
    for i in range(3):
        one, zero = STATES.copy(), STATES.copy()
        one[:, i], zero[:, i] = 1, 0
        mean = THETA[i] * cost(one) * (1 - THETA[i]) + (1 - THETA[i]) * cost(zero) * (0 - THETA[i])
        np.testing.assert_allclose(drawn[:, i], mean, rtol=1e-12)
    np.testing.assert_allclose(WEIGHTS @ drawn, by_autograd(cost), rtol=1e-12)


def test_own_leave_one_out_by_hand_and_by_one_loop_per_variable():
    # F_1 of two draws: 1 + 2 and 0.4 - 1; half the difference times the difference of the scores 0.5 and -0.25
    values = np.array([[1.0, 2.0, -0.5], [0.4, -1.0, 2.0]])
    scores = np.array([[0.5, 0.1, 0.2], [-0.25, 0.3, -0.4]])
    drawn = structure.own_leave_one_out(values, READS, scores)
    own = values @ READS
    expected = [(own[0, i] - own[1, i]) * (scores[0, i] - scores[1, i]) / 2 for i in range(3)]
    np.testing.assert_allclose(drawn, expected, rtol=1e-12)
    np.testing.assert_allclose(drawn[0], 3.6 * 0.75 / 2, rtol=1e-12)


def test_own_leave_one_out_is_unbiased():
    pair = np.array([(i, j) for i in range(8) for j in range(8)])
    drawn = structure.own_leave_one_out(terms(STATES)[pair], READS, (STATES - THETA)[pair])
    np.testing.assert_allclose((WEIGHTS[pair].prod(1)) @ drawn, by_autograd(cost), rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda b: -structure.local_expectation(cost, THETA, b),
        lambda b: structure.local_expectation(cost, THETA, b) / (THETA * (1 - THETA)),
        lambda b: structure.local_expectation(cost, THETA, b) * (2 * b - 1),
    ],
    ids=["sign", "gradient in theta", "turned the wrong way"],
)
def test_wrong_local_expectations_are_rejected(wrong):
    with pytest.raises(check.CheckFailed):
        check.equal("local-expectation", WEIGHTS @ wrong(STATES), by_autograd(cost))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: structure.bit_states(21), "bits"),
        (lambda: structure.bit_states(-1), "bits"),
        (lambda: structure.bit_weights(STATES, [0.3, 0.6]), "states"),
        (lambda: structure.bit_weights(STATES + 0.5, THETA), "zeros and ones"),
        (lambda: structure.enumerated(cost, [0.3, 0.6, 1.0]), "theta"),
        (lambda: structure.enumerated(lambda b: terms(b), THETA), "cost"),
        (lambda: structure.enumerated(lambda b: cost(b) * np.nan, THETA), "cost"),
        (lambda: structure.enumerated_terms(terms, READS[:, :2], THETA), "reads"),
        (lambda: structure.enumerated_terms(terms, READS.astype(int), THETA), "reads"),
        (lambda: structure.enumerated_terms(cost, READS, THETA), "terms"),
        (lambda: structure.local_expectation(lambda b: cost(b).mean(), THETA, STATES), "cost"),
        (lambda: structure.own_sums(terms(STATES), READS[:2]), "reads"),
        (lambda: structure.own_leave_one_out(terms(STATES), READS, STATES[:, :2]), "scores"),
    ],
    ids=["many", "negative", "shape", "half", "one", "matrix", "nan", "columns", "integers", "values", "mean", "rows",
         "scores"],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
