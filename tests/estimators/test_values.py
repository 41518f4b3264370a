"""Estimators that see values alone."""

import numpy as np
import pytest
import torch
from samples.costs import COSTS, SIGMA, Q
from torch.testing import assert_close

from reparam import estimators, quadrature
from reparam.estimators import side_by_side, variances
from reparam.estimators.slopes import pathwise
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws


def test_a_baseline_at_the_nodes_of_a_quadrature_is_exact():
    q = DiagonalGaussian.from_sigma([0.3], [0.7])
    nodes, weights = quadrature.normal_nodes(1, nodes=8)
    mean = estimators.mean_baseline(lambda z: z[:, 0] ** 2, q, torch.from_numpy(nodes), weights)
    assert_close(mean.mu, torch.tensor([0.3**2 + 0.7**2], dtype=torch.float64))


def test_score_function_gradient_of_a_parabola_is_known():
    # E[z^2] = mu^2 + sigma^2: derivative 2 mu in mu, 2 sigma^2 in log sigma
    q = DiagonalGaussian.from_sigma([0.3, -1.0], [0.7, 1.4])
    eps, weights = map(torch.from_numpy, quadrature.normal_nodes(2, nodes=8))
    draws = estimators.score_function(lambda z: (z**2).sum(-1), q, eps)
    assert_close(weights @ draws.mu, 2 * q.mu)
    assert_close(weights @ draws.log_sigma, 2 * q.sigma**2)


def test_one_draw_is_cost_times_score():
    # z = 1 + 2 * 0.5 = 2, f = 8; score 0.5 / 2 and 0.25 - 1
    draws = estimators.score_function(lambda z: z[:, 0] ** 3, DiagonalGaussian.from_sigma([1.0], [2.0]),
                                torch.tensor([[0.5]], dtype=torch.float64))
    assert_close(draws.mu, torch.tensor([[2.0]], dtype=torch.float64))
    assert_close(draws.log_sigma, torch.tensor([[-6.0]], dtype=torch.float64))


def test_baselines_from_pilot_noise_are_plain_and_weighted_means():
    # values 1 and 4 at noise 1 and 2; scores squared for sigma = 1: 1, 4 for mu and 0, 9 for log sigma
    q = DiagonalGaussian.from_sigma([0.0], [1.0])
    pilot = torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    mean = estimators.mean_baseline(lambda z: z[:, 0] ** 2, q, pilot)
    best = estimators.optimal_baseline(lambda z: z[:, 0] ** 2, q, pilot)
    torch.testing.assert_close(torch.cat(mean), torch.tensor([2.5, 2.5], dtype=torch.float64))
    torch.testing.assert_close(torch.cat(best), torch.tensor([17 / 5, 4.0], dtype=torch.float64))


def test_optimal_baseline_is_the_lowest_point_of_the_parabola():
    e = COSTS["cosine"][1]
    best = variances.best_baseline(e)
    lowest = variances.of_score_function(e, best)
    for step in (-0.1, 0.1):
        # completing the square: the excess is step^2 E[s^2]
        excess = variances.of_score_function(e, best + step) - lowest
        np.testing.assert_allclose(excess, 0.01 * np.array([SIGMA**-2, 2]))


def test_baseline_gradients_treat_every_coordinate_with_its_own_number():
    q = DiagonalGaussian.from_sigma([0.0, 1.0], [1.0, 2.0])
    eps = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    b = GradientDraws(torch.tensor([1.0, 2.0], dtype=torch.float64), torch.tensor([3.0, 4.0], dtype=torch.float64))
    # z = (1, -1), f = 10; scores (1, -1/2) and (0, 0)
    g = estimators.score_with_baseline(lambda z: z[:, 0] * 0 + 10, q, eps, b)
    torch.testing.assert_close(g.mu, torch.tensor([[9.0, -4.0]], dtype=torch.float64))
    torch.testing.assert_close(g.log_sigma, torch.zeros(1, 2, dtype=torch.float64))


@pytest.mark.parametrize("k", [2, 3, 7])
def test_leave_one_out_equals_its_first_form(k):
    eps = torch.linspace(-1.7, 2.1, 2 * k * 3, dtype=torch.float64).reshape(2, k, 3).sin()
    q = DiagonalGaussian.from_sigma([0.1, -0.2, 0.3], [0.5, 1.0, 2.0])

    def cost(z):
        return (z * z).sum(-1).cos()

    values = cost(q.path(eps).reshape(-1, 3)).reshape(2, k)
    leads = [(values[:, i] - (values.sum(1) - values[:, i]) / (k - 1))[:, None] for i in range(k)]
    for got, score in zip(estimators.leave_one_out(cost, q, eps), q.score(eps), strict=True):
        want = sum(leads[i] * score[:, i] for i in range(k)) / k
        torch.testing.assert_close(got, want)


@pytest.mark.parametrize(
    ("estimator", "shape", "wants"),
    [
        (estimators.leave_one_out, (5, 1, 1), r"eps must have shape \(n, k >= 2, 1\), got \(5, 1, 1\)"),
        (estimators.leave_one_out, (5, 1), r"eps must have shape \(n, k >= 2, 1\), got \(5, 1\)"),
        (estimators.leave_one_out, (5, 3, 2), r"eps must have shape \(n, k >= 2, 1\), got \(5, 3, 2\)"),
        (estimators.measure_valued, (5, 2, 1), r"eps must have shape \(n, 3, 1\), got \(5, 2, 1\)"),
        (estimators.measure_valued, (5, 4, 1), r"eps must have shape \(n, 3, 1\), got \(5, 4, 1\)"),
        (side_by_side.antithetic(pathwise), (5, 2), "eps must end in shape"),
    ],
    ids=["one draw", "no groups", "dimension", "two normals", "four normals", "pairs"],
)
def test_noise_of_the_wrong_shape_is_refused(estimator, shape, wants):
    with pytest.raises(ValueError, match=wants):
        estimator(COSTS["cosine"][0], Q, torch.zeros(shape, dtype=torch.float64))
