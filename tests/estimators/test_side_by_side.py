"""All Gaussian estimators side by side."""

import numpy as np
import pytest
import torch
from samples.costs import COSTS, NODES, WEIGHTS, Q

from reparam import checks as check
from reparam import noise
from reparam.estimators import side_by_side, variances
from reparam.estimators.slopes import pathwise
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws

NAMES = list(variances.all_estimators(COSTS["linear"][1]))


def test_catalogue_simulation_and_work_name_the_same_estimators_in_one_order():
    f = COSTS["cosine"][0]
    assert list(side_by_side.catalogue(f, Q, NODES, WEIGHTS)) == NAMES == list(side_by_side.work(3))


@pytest.mark.parametrize("d", [1, 4])
def test_work_is_what_passes_through_the_cost_in_both_directions(d):
    q = DiagonalGaussian.from_sigma([0.1] * d, [0.7] * d)

    def cost(z):
        return z.square().sum(-1)

    page = side_by_side.catalogue(cost, q, torch.full((2, d), 0.5, dtype=torch.float64))
    assert side_by_side.all_passes(page, cost, q, torch.ones(1, 3, d, dtype=torch.float64)) == side_by_side.work(d)


def test_the_gradients_of_a_parabola_are_integrated():
    q = DiagonalGaussian.from_sigma([0.3], [0.5])
    page = {"pathwise": pathwise, "measure-valued": side_by_side.measure_valued}
    (mean, variance), (again, _) = np.moveaxis(side_by_side.integrate(page, lambda z: z[:, 0] ** 2, q), 0, 1)
    # by mu 2 z: mean 0.6, variance 4 / 4; by log sigma (0.6 + e) e / 2: mean 1 / 2, variance 0.09 + 1 / 2
    np.testing.assert_allclose(mean, [0.6, 0.5], rtol=1e-10)
    np.testing.assert_allclose(variance, [1.0, 0.59], rtol=1e-10)
    np.testing.assert_allclose(again, mean, rtol=1e-10)


def test_counting_leaves_the_gradient_alone():
    f, eps = COSTS["cosine"][0], torch.tensor([[0.4]], dtype=torch.float64)
    seen = []
    assert side_by_side.passes(lambda *a: seen.append(pathwise(*a)), f, Q, eps) == (1, 1)
    torch.testing.assert_close(seen[0], pathwise(f, Q, eps))


def test_antithetic_averages_a_draw_and_its_mirror_image():
    eps = torch.tensor([[0.4], [-1.1]], dtype=torch.float64)
    f = COSTS["cosine"][0]
    got = side_by_side.antithetic(pathwise)(f, Q, eps)
    for a, b, c in zip(got, pathwise(f, Q, eps), pathwise(f, Q, -eps), strict=True):
        torch.testing.assert_close(a, (b + c) / 2)


def test_weighted_moments_of_two_equally_likely_gradients():
    # mean (1 + 3) / 2 = 2 and variance 1; mean (5 - 5) / 2 = 0 and variance 25
    draws = GradientDraws(torch.tensor([[1.0], [3.0]]).double(), torch.tensor([[5.0], [-5.0]]).double())
    mean, variance = side_by_side.weighted_moments(draws, np.array([0.5, 0.5]))
    np.testing.assert_allclose(mean, [2, 0])
    np.testing.assert_allclose(variance, [1, 25])


def test_seconds_are_those_of_the_fastest_batch_per_gradient():
    # two estimators, three batches of four gradients each: the fastest takes 2 of 5, 2, 3 seconds, then 1 of 4, 1, 6
    ticks = iter(np.cumsum([0, 5, 1, 2, 1, 3, 1, 4, 1, 1, 1, 6]))
    seen = []

    def note(cost, q, eps):
        assert (cost, q) == (None, Q)
        seen.append(eps)

    eps = torch.arange(24.0).double().reshape(4, 3, 2)
    named = {"pathwise": note, "measure-valued": note}
    found = side_by_side.seconds(named, None, Q, eps, repeats=3, clock=lambda: next(ticks))
    assert found == {"pathwise": 0.5, "measure-valued": 0.25}
    assert [tuple(e.shape) for e in seen] == [(4, 2)] * 3 + [(4, 3, 2)] * 3
    torch.testing.assert_close(seen[0], eps[:, 0])


def test_seconds_times_five_batches_on_the_processor_by_default():
    batches = []
    found = side_by_side.seconds(
        {"leave-one-out": lambda cost, q, eps: batches.append(eps.shape)}, None, Q, torch.zeros(4, 3, 1),
    )
    assert batches == [(4, 2, 1)] * 5
    assert 0 <= found["leave-one-out"] < 1


def test_simulated_variances_are_in_units_of_the_exact_ones_and_the_noiseless_are_left_out():
    # x has no noise in its pathwise gradient for mu: 1 + 2 + 2 + 2 numbers are left
    names = ["pathwise", "score function"]
    costs = {name: COSTS[name][0] for name in ("linear", "cosine")}
    atlas = {c: {n: side_by_side.catalogue(f, Q, NODES, WEIGHTS)[n] for n in names} for c, f in costs.items()}
    variance = np.array([[variances.all_estimators(COSTS[c][1])[n] for n in names] for c in costs])
    gradient = np.array([COSTS[c][1].gradient for c in costs])
    for width in (1.6, 2.0):
        found = side_by_side.simulated(atlas, costs, Q, gradient, variance, noise.generator("test/sim"), 20_000, width)
        assert (found.n, found.mean.shape) == (20_000, (7,))
        assert check.mean("x", found, np.ones(7), resolution=0.3)
        with pytest.raises(check.CheckFailed):  # a variance stated half as large is seen
            check.mean("x", found, np.full(7, 2.0), resolution=0.5)


def test_simulated_keeps_every_variance_above_one_in_a_billion():
    flat = {"flat": {"pathwise": lambda cost, q, eps: GradientDraws(eps * 1e-5, eps * 2e-5)}}
    variance = np.array([[[1e-10, 4e-10]]]) * [1, 10]
    source = noise.generator("test/flat")
    found = side_by_side.simulated(flat, {"flat": None}, Q, np.zeros((1, 2)), variance, source, 2_000)
    assert found.mean.shape == (1,)


def test_simulate_shares_one_pool_of_noise_out():
    eps = torch.arange(6.0, dtype=torch.float64).reshape(2, 3, 1)
    drawn = side_by_side.simulate({"pathwise": pathwise}, COSTS["cosine"][0], Q, eps)
    torch.testing.assert_close(torch.from_numpy(drawn[:, 0, 0]), pathwise(COSTS["cosine"][0], Q, eps[:, 0]).mu)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_carry_no_graph_of_live_parameters_or_of_a_live_cost(name):
    live = DiagonalGaussian(*(p.clone().requires_grad_() for p in (Q.mu, Q.log_sigma)))

    def cost(z):
        return live.mu.sum() * z[:, 0]

    eps = noise.normal("test/live", 3, 3, 1)
    taken = {"leave-one-out": eps, "measure-valued": eps}.get(name, eps[:, 0])
    assert not any(g.requires_grad for g in side_by_side.catalogue(cost, live, eps[:, 0])[name](cost, live, taken))
