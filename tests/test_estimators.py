"""The atlas of estimators: unbiased, with the variance of the closed form; and what must be rejected."""

import math

import numpy as np
import pytest
import torch

from reparam import checks as check
from reparam import elbo, estimators, noise, quadrature, variances
from reparam.exercises import estimators as exercises
from reparam.gaussian import DiagonalGaussian, GradientDraws
from reparam.grader import grade
from reparam.reparameterization import path_derivative, pathwise, total_derivative
from reparam.sgvi import elbo_integrand, score_function

MU, SIGMA, K = -0.3, 1.2, 0.7
Q = DiagonalGaussian.from_sigma([MU], [SIGMA])
MODEL = elbo.ConjugateGaussian(x=0.9, tau=1.3, s=0.7)
NODES, WEIGHTS = quadrature.normal_nodes(1, 100)
NODES = torch.from_numpy(NODES)


def joint(z):
    return MODEL.log_joint(z[:, 0])


COSTS = {
    "linear": (lambda z: z[:, 0], variances.linear(MU, SIGMA)),
    "square": (lambda z: (z[:, 0] - K) ** 2, variances.square(K, MU, SIGMA)),
    "exponential": (lambda z: torch.exp(-K * z[:, 0] ** 2), variances.exponential(K, MU, SIGMA)),
    "cosine": (lambda z: torch.cos(K * z[:, 0]), variances.cosine(K, MU, SIGMA)),
    "elbo": (elbo_integrand(joint, Q), variances.elbo(MODEL, MU, SIGMA)),
}
NAMES = list(variances.all_estimators(COSTS["linear"][1]))


def integrated(cost):
    f = COSTS[cost][0]
    return estimators.integrate(estimators.catalogue(f, Q, NODES, WEIGHTS), f, Q)


@pytest.mark.parametrize("cost", COSTS)
def test_every_estimator_is_unbiased_and_has_its_closed_form_variance(cost):
    mean, variance = integrated(cost)
    e = COSTS[cost][1]
    np.testing.assert_allclose(mean, np.tile(e.gradient, (8, 1)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance, list(variances.all_estimators(e).values()), rtol=1e-9, atol=1e-9)


def test_catalogue_simulation_and_work_name_the_same_estimators_in_one_order():
    f = COSTS["cosine"][0]
    assert list(estimators.catalogue(f, Q, NODES, WEIGHTS)) == NAMES == list(estimators.work(3))


@pytest.mark.parametrize("d", [1, 4])
def test_work_counts_the_rows_that_reach_the_cost(d):
    q = DiagonalGaussian.from_sigma([0.1] * d, [0.7] * d)
    rows = []

    def cost(z):
        rows.append(len(z))
        return z.square().sum(-1)

    for name, estimator in estimators.catalogue(cost, q, torch.zeros(2, d, dtype=torch.float64)).items():
        rows.clear()
        drawn = estimators.simulate({name: estimator}, cost, q, torch.ones(1, 3, d, dtype=torch.float64))
        assert drawn.shape == (1, 1, 2, d)
        assert sum(rows) == estimators.work(d)[name]


def test_work_prices_slopes_and_groups():
    # one slope is worth 3 values: 3 for a pathwise gradient, 6 for a pair; 5 values for a group of five; 3 d + 1 = 7
    work = estimators.work(2, k=5, gradient=3.0)
    assert [work[n] for n in ("pathwise", "antithetic pathwise", "leave-one-out", "measure-valued")] == [3, 6, 5, 7]
    assert work["antithetic score"] == 2


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
    best = variances.optimal_baseline(e)
    lowest = variances.score_function(e, best)
    for step in (-0.1, 0.1):
        # completing the square: the excess is step^2 E[s^2]
        np.testing.assert_allclose(variances.score_function(e, best + step) - lowest, 0.01 * np.array([SIGMA**-2, 2]))


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


def test_measure_valued_gradients_by_hand():
    # eps = (3, 4, 12): w = 5, m = 13; eps = (-3, 4, 12): m = -13
    q = DiagonalGaussian.from_sigma([1.0], [2.0])
    eps = torch.tensor([[[3.0], [4.0], [12.0]], [[-3.0], [4.0], [12.0]]], dtype=torch.float64)
    g = estimators.measure_valued(lambda z: z[:, 0] ** 3, q, eps)
    scale = 2 * math.sqrt(2 * math.pi)
    torch.testing.assert_close(g.mu, torch.full((2, 1), (11**3 + 9**3) / scale, dtype=torch.float64))
    torch.testing.assert_close(g.log_sigma, torch.tensor([[27.0**3 - 7**3], [-(25.0**3) + 5**3]], dtype=torch.float64))


def test_measure_valued_gradients_move_one_coordinate_at_a_time():
    q = DiagonalGaussian.from_sigma([0.0, 0.0], [1.0, 1.0])
    eps = torch.tensor([[[3.0, 1.0], [4.0, 0.0], [12.0, 0.0]]], dtype=torch.float64)
    # cost z1 z2: for mu_1 the second coordinate stays at 1, for mu_2 the first stays at 3
    g = estimators.measure_valued(lambda z: z[:, 0] * z[:, 1], q, eps)
    root = math.sqrt(2 * math.pi)
    torch.testing.assert_close(g.mu, torch.tensor([[10 / root, 6 / root]], dtype=torch.float64))
    torch.testing.assert_close(g.log_sigma, torch.tensor([[10.0, 0.0]], dtype=torch.float64))


def test_antithetic_averages_a_draw_and_its_mirror_image():
    eps = torch.tensor([[0.4], [-1.1]], dtype=torch.float64)
    f = COSTS["cosine"][0]
    got = estimators.antithetic(pathwise)(f, Q, eps)
    for a, b, c in zip(got, pathwise(f, Q, eps), pathwise(f, Q, -eps), strict=True):
        torch.testing.assert_close(a, (b + c) / 2)


def test_analytic_entropy_is_the_total_derivative_draw_by_draw():
    eps = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    for a, b in zip(estimators.analytic_entropy(joint, Q, eps), total_derivative(joint, Q, eps), strict=True):
        torch.testing.assert_close(a, b)


def likelihood(z):
    return -0.5 * ((MODEL.x - z[:, 0]) / MODEL.s) ** 2


PRIOR = DiagonalGaussian.from_sigma([0.0], [MODEL.tau])
PATHWISE = {
    "total derivative": lambda: total_derivative(joint, Q, NODES),
    "analytic entropy": lambda: estimators.analytic_entropy(joint, Q, NODES),
    "analytic KL": lambda: estimators.analytic_kl(likelihood, Q, NODES, PRIOR),
    "path derivative": lambda: path_derivative(joint, Q, NODES),
}


@pytest.mark.parametrize("name", PATHWISE)
def test_elbo_estimators_have_the_exact_gradient_and_variance(name):
    g = np.concatenate(PATHWISE[name](), axis=1)
    mean = WEIGHTS @ g
    # derivative of the closed-form bound: (x - mu)/s^2 - mu/tau^2 and 1 - sigma^2 (1/s^2 + 1/tau^2)
    exact = [(MODEL.x - MU) / MODEL.s**2 - MU / MODEL.tau**2, 1 - SIGMA**2 * (MODEL.s**-2 + MODEL.tau**-2)]
    np.testing.assert_allclose(mean, exact, atol=1e-9)
    np.testing.assert_allclose(WEIGHTS @ (g - mean) ** 2, variances.elbo_estimators(MODEL, MU, SIGMA)[name], atol=1e-9)


def test_analytic_kl_uses_the_prior_mean():
    prior = DiagonalGaussian.from_sigma([2.0], [0.5])
    g = estimators.analytic_kl(lambda z: 0 * z[:, 0], Q, NODES[:1], prior)
    # derivative of -KL: -(mu - m)/tau^2 and 1 - sigma^2/tau^2
    want = torch.tensor([-(MU - 2) * 4, 1 - 4 * SIGMA**2], dtype=torch.float64)
    torch.testing.assert_close(torch.cat(g).ravel(), want)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, eps: score_function(lambda z: -f(z), Q, eps),
        lambda f, eps: pathwise(f, DiagonalGaussian(Q.mu, Q.log_sigma + 0.1), eps),
        lambda f, eps: GradientDraws(*(g * 0.5 for g in score_function(f, Q, eps))),
        lambda f, eps: GradientDraws(pathwise(f, Q, eps).mu, pathwise(f, Q, eps).log_sigma / SIGMA),
    ],
    ids=["sign", "wrong sigma", "shrunk by (k-1)/k at k = 2", "by sigma instead of log sigma"],
)
def test_wrong_gradients_are_rejected(wrong):
    f, e = COSTS["cosine"]
    got = [WEIGHTS @ g[:, 0].numpy() for g in wrong(f, NODES)]
    with pytest.raises(check.CheckFailed):
        check.equal("atlas-task", got, e.gradient, tol=1e-8)


@pytest.mark.parametrize(
    ("estimator", "shape", "wants"),
    [
        (estimators.leave_one_out, (5, 1, 1), r"eps must have shape \(n, k >= 2, 1\), got \(5, 1, 1\)"),
        (estimators.leave_one_out, (5, 1), r"eps must have shape \(n, k >= 2, 1\), got \(5, 1\)"),
        (estimators.leave_one_out, (5, 3, 2), r"eps must have shape \(n, k >= 2, 1\), got \(5, 3, 2\)"),
        (estimators.measure_valued, (5, 2, 1), r"eps must have shape \(n, 3, 1\), got \(5, 2, 1\)"),
        (estimators.measure_valued, (5, 4, 1), r"eps must have shape \(n, 3, 1\), got \(5, 4, 1\)"),
        (estimators.antithetic(pathwise), (5, 2), "eps must end in shape"),
    ],
    ids=["one draw", "no groups", "dimension", "two normals", "four normals", "pairs"],
)
def test_noise_of_the_wrong_shape_is_refused(estimator, shape, wants):
    with pytest.raises(ValueError, match=wants):
        estimator(COSTS["cosine"][0], Q, torch.zeros(shape, dtype=torch.float64))


def test_polar_nodes_integrate_the_laws_of_rayleigh_and_maxwell():
    (plane, w), (space, v) = estimators.polar_nodes()
    assert plane.shape[1:] == space.shape[1:] == (3, 1)
    radius = plane[:, :2, 0].norm(dim=1).numpy()
    # E[1] = 1, E[w^2] = 2, E[w^4] = 8; E[m^2] = 3, E[m^4] = 15, and the first coordinate is a standard normal
    np.testing.assert_allclose([w.sum(), w @ radius**2, w @ radius**4], [1, 2, 8], rtol=1e-12)
    length, first = space[..., 0].norm(dim=1).numpy(), space[:, 0, 0].numpy()
    np.testing.assert_allclose([v.sum(), v @ length**2, v @ length**4, v @ first**2, v @ first**4], [1, 3, 15, 1, 3])


def test_curves_and_frames_draw_every_named_estimator():
    import matplotlib

    matplotlib.use("Agg")
    ks = np.array([0.5, 1.0, 2.0])
    curves = variances.all_estimators(variances.cosine(ks, 1.0, 1.0))
    figure = estimators.draw_wiggle(1.0, ks, curves, {"pathwise": "blue", "measure-valued": "green"})
    left, right = figure.axes
    assert [line.get_color() for line in right.lines[:2]] == ["blue", "green"]
    np.testing.assert_allclose(right.lines[0].get_ydata(), curves["pathwise"][0])
    np.testing.assert_allclose(left.lines[0].get_ydata(), np.cos(left.lines[0].get_xdata()))
    assert right.get_yscale() == "log"


SOLUTIONS = {
    "leave_one_out": lambda v, s: ((v - v.mean(1, keepdims=True)) * s).sum(1) / (v.shape[1] - 1),
    "best_baseline": lambda v, s: (v * s**2).mean() / (s**2).mean(),
    "mean_gradient": lambda f, m, s, w: (f(m + s * w) - f(m - s * w)) / (s * np.sqrt(2 * np.pi)),
}


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_grader_accepts_the_solution_and_names_every_known_mistake(name):
    assert grade(f"estimators/{name}", SOLUTIONS[name]).right
    for mistake, hint in exercises.EXERCISES[name].mistakes:
        verdict = grade(f"estimators/{name}", mistake)
        assert not verdict.right
        assert hint in verdict.text


def test_published_panels_have_logarithmic_axes_where_the_parameter_is_positive():
    ranges = {"a": (variances.square, np.linspace(-3, 3, 5)), "b": (variances.exponential, np.geomspace(0.1, 10, 5)),
              "c": (variances.cosine, np.geomspace(0.5, 5, 5))}
    curves = {c: variances.all_estimators(f(k, 1.0, 1.0)) for c, (f, k) in ranges.items()}
    axes = estimators.draw_published(ranges, curves, 1, {"pathwise": "blue"})
    assert [ax.get_xscale() for ax in axes] == ["linear", "log", "log"]
    assert axes[0].get_ylabel() == "variance, parameter σ"
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), curves["b"]["pathwise"][1])


def test_atlas_table_sets_the_three_roads_side_by_side():
    a = np.arange(8.0).reshape(2, 2, 2)
    html = estimators.atlas_table({"x": {"p": 0, "q": 0}, "y": {"p": 0, "q": 0}}, a, a + 10, a + 20, "c")._repr_html_()
    # the second cost's first estimator: 4 for mu, 5 for log sigma
    row = "<td>4.0000</td><td>14.0000</td><td>24.0000</td><td>5.0000</td><td>15.0000</td><td>25.0000</td>"
    assert f'<th scope="row">y: p</th>{row}' in html


def test_weighted_moments_of_two_equally_likely_gradients():
    # mean (1 + 3) / 2 = 2 and variance 1; mean (5 - 5) / 2 = 0 and variance 25
    draws = GradientDraws(torch.tensor([[1.0], [3.0]]).double(), torch.tensor([[5.0], [-5.0]]).double())
    mean, variance = estimators.weighted_moments(draws, np.array([0.5, 0.5]))
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
    found = estimators.seconds(named, None, Q, eps, repeats=3, clock=lambda: next(ticks))
    assert found == {"pathwise": 0.5, "measure-valued": 0.25}
    assert [tuple(e.shape) for e in seen] == [(4, 2)] * 3 + [(4, 3, 2)] * 3
    torch.testing.assert_close(seen[0], eps[:, 0])


def test_seconds_times_five_batches_on_the_processor_by_default():
    batches = []
    found = estimators.seconds(
        {"leave-one-out": lambda cost, q, eps: batches.append(eps.shape)}, None, Q, torch.zeros(4, 3, 1),
    )
    assert batches == [(4, 2, 1)] * 5
    assert 0 <= found["leave-one-out"] < 1


def test_simulated_gradients_have_unit_variance_and_the_noiseless_are_left_out():
    # x has no noise in its pathwise gradient for mu: 1 + 2 + 2 + 2 numbers are left; means are gradient / deviation
    names = ["pathwise", "score function"]
    costs = {name: COSTS[name][0] for name in ("linear", "cosine")}
    atlas = {c: {n: estimators.catalogue(f, Q, NODES, WEIGHTS)[n] for n in names} for c, f in costs.items()}
    variance = np.array([[variances.all_estimators(COSTS[c][1])[n] for n in names] for c in costs])
    found = estimators.simulated(atlas, costs, Q, variance, noise.generator("test/simulated"), 60_000)
    assert (found.n, found.mean.shape) == (60_000, (7,))
    assert check.variance("x", found, np.ones(7), resolution=0.25)
    means = np.array([[COSTS[c][1].gradient] * 2 for c in costs])[variance > 1e-9] / np.sqrt(variance[variance > 1e-9])
    assert check.mean("x", found, means, resolution=0.03)


def test_simulated_keeps_every_variance_above_one_in_a_billion():
    flat = {"flat": {"pathwise": lambda cost, q, eps: GradientDraws(eps * 1e-5, eps * 2e-5)}}
    variance = np.array([[[1e-10, 4e-10]]]) * [1, 10]
    found = estimators.simulated(flat, {"flat": None}, Q, variance, noise.generator("test/flat"), 2_000)
    assert found.mean.shape == (1,)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_carry_no_graph_of_live_parameters_or_of_a_live_cost(name):
    live = DiagonalGaussian(*(p.clone().requires_grad_() for p in (Q.mu, Q.log_sigma)))

    def cost(z):
        return live.mu.sum() * z[:, 0]

    eps = noise.normal("test/live", 3, 3, 1)
    taken = {"leave-one-out": eps, "measure-valued": eps}.get(name, eps[:, 0])
    assert not any(g.requires_grad for g in estimators.catalogue(cost, live, eps[:, 0])[name](cost, live, taken))


def test_analytic_kl_and_entropy_carry_no_graph():
    live = DiagonalGaussian(*(p.clone().requires_grad_() for p in (Q.mu, Q.log_sigma)))
    eps = noise.normal("test/live", 3, 1)
    prior = DiagonalGaussian.from_sigma([0.0], [1.0])
    assert not any(g.requires_grad for g in estimators.analytic_kl(joint, live, eps, prior))
    assert not any(g.requires_grad for g in estimators.analytic_entropy(joint, live, eps))
