"""Gradients over finitely many outcomes."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from reparam import checks as check
from reparam.estimators import categories

LOGITS = np.array([0.5, -0.7, 0.2])

PI = softmax(LOGITS)

VALUES = np.array([1.0, 3.0, -0.5])

SCORES = np.eye(3) - PI


def test_category_gradient_equals_autograd():
    logits = torch.tensor(LOGITS, requires_grad=True)
    (logits.softmax(0) @ torch.from_numpy(VALUES)).backward()
    torch.testing.assert_close(torch.from_numpy(categories.category_gradient(LOGITS, VALUES)), logits.grad)


@pytest.mark.parametrize("n", [2, 3, 4], ids=str)
def test_leave_one_out_is_unbiased_with_the_stated_variance(n):
    index, chance = categories.outcomes(PI, n)
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)
    draws = categories.leave_one_out_gradient(VALUES[index], SCORES[index])
    truth = categories.category_gradient(LOGITS, VALUES)
    np.testing.assert_allclose(chance @ draws, truth, atol=1e-12)
    expected = chance @ draws**2 - truth**2
    for shift in (0.0, 0.4):  # a covariance does not know it
        stated = categories.leave_one_out_variance(PI, VALUES, SCORES + shift, n)
        np.testing.assert_allclose(stated, expected, atol=1e-12)


def test_leave_one_out_with_two_draws_by_hand():
    # (f1 - f2)(s1 - s2)/2 = (3 - 1)(0.5 - (-0.25))/2
    actual = categories.leave_one_out_gradient(np.array([3.0, 1.0]), np.array([[0.5], [-0.25]]))
    np.testing.assert_allclose(actual, [0.75], rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, s: ((f - f.mean(-1, keepdims=True))[..., None] * s).mean(-2),
        lambda f, s: -categories.leave_one_out_gradient(f, s),
        lambda f, s: (f[..., None] * s).sum(-2),
    ],
    ids=["own value in the baseline", "sign", "sum for mean"],
)
def test_wrong_leave_one_out_is_rejected(wrong):
    index, chance = categories.outcomes(PI, 3)
    with pytest.raises(check.CheckFailed):
        check.equal("loo", chance @ wrong(VALUES[index], SCORES[index]), categories.category_gradient(LOGITS, VALUES))


def test_exactly_a_million_outcomes_are_allowed():
    index, chance = categories.outcomes(np.full(10, 0.1), 6)
    assert index.shape == (1_000_000, 6)
    assert chance[0] == pytest.approx(1e-6)
