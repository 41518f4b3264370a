"""Variance of minibatch gradients: against the list of all batches, by hand, and its best split."""

from itertools import combinations

import numpy as np
import pytest

from reparam import noise
from reparam.estimators.minibatches import batch_variance, best_draws, mean_covariance

MEANS = noise.generator("test/batch-means").standard_normal((6, 2))
ROOT = noise.generator("test/batch-noise").standard_normal((2, 6, 3))
COVARIANCE = np.einsum("pik,pjk->ijp", ROOT, ROOT)
WITHIN = np.einsum("iip->ip", COVARIANCE)


def by_list(batch, draws, shared):
    """Law of total variance over all batches: variance of the means, mean of the variances."""
    sets = [list(c) for c in combinations(range(6), batch)]
    means = np.array([6 / batch * MEANS[s].sum(0) for s in sets])
    inner = [COVARIANCE[np.ix_(s, s)].sum((0, 1)) if shared else WITHIN[s].sum(0) for s in sets]
    return means.var(0) + (6 / batch) ** 2 * np.mean(inner, 0) / draws


@pytest.mark.parametrize("shared", [False, True], ids=["own", "shared"])
@pytest.mark.parametrize(("batch", "draws"), [(1, 1), (2, 3), (4, 1), (6, 2)])
def test_all_batches_listed(batch, draws, shared):
    pairs = mean_covariance(COVARIANCE) if shared else None
    found = batch_variance(MEANS, WITHIN, batch, draws, together=pairs)
    np.testing.assert_allclose(found, by_list(batch, draws, shared), rtol=1e-12)
    # negative controls: without the factor of a finite population, without N squared
    endless = 36 * (MEANS.var(0) / batch + WITHIN.mean(0) / batch / draws)
    assert batch == 1 or np.abs(endless - by_list(batch, draws, False)).min() > 0.1


def test_two_data_by_hand():
    # means 0 and 2, no noise, batch of one: estimates 0 and 4, variance 4
    assert batch_variance(np.array([[0.0], [2.0]]), np.zeros((2, 1)), 1) == pytest.approx(4.0)
    # all data: only the noise is left, 1 + 3
    assert batch_variance(np.array([[0.0], [2.0]]), np.array([[1.0], [3.0]]), 2) == pytest.approx(4.0)
    assert batch_variance(np.array([[5.0]]), np.array([[1.0]]), 1, 4) == pytest.approx(0.25)


def test_covariances_of_pairs_by_hand():
    assert mean_covariance(np.array([[[9.0], [2.0]], [[2.0], [7.0]]])) == pytest.approx(2.0)


@pytest.mark.parametrize(("between", "within", "a", "b"), [(1.0, 9.0, 4.0, 1.0), (2.0, 0.5, 1.0, 3.0)])
def test_best_draws_is_a_minimum(between, within, a, b):
    def spent(draws):
        return (between + within / draws) * (a + b * draws)

    best = best_draws(between, within, a, b)
    assert spent(best) < min(spent(0.99 * best), spent(1.01 * best))
    # at the best the minimum is a perfect square
    assert spent(best) == pytest.approx((np.sqrt(between * a) + np.sqrt(within * b)) ** 2)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: batch_variance(MEANS, WITHIN, 7), "batch must"),
    (lambda: batch_variance(MEANS, -WITHIN, 2), "within must"),
    (lambda: batch_variance(MEANS, WITHIN[:5], 2), "must have shapes"),
    (lambda: batch_variance(MEANS, WITHIN, 2, 0), "draws must"),
    (lambda: mean_covariance(np.ones((1, 1, 2))), "at least 2"),
    (lambda: best_draws(0.0, 1.0, 1.0, 1.0), "between must"),
], ids=["batch", "negative", "shape", "draws", "lone", "zero"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
