"""Closed-form variances: every expectation behind them by quadrature, dimension, correlation, crossovers."""

import math

import numpy as np
import pytest

from reparam import quadrature
from reparam.chapters import elbo
from reparam.estimators import variances

MU, SIGMA = 0.6, 0.9
COSTS = {
    "linear": (variances.linear(MU, SIGMA), lambda x: x, lambda x: 1 + 0 * x),
    "square": (variances.square(-0.5, MU, SIGMA), lambda x: (x + 0.5) ** 2, lambda x: 2 * (x + 0.5)),
    "exponential": (variances.exponential(1.3, MU, SIGMA), lambda x: np.exp(-1.3 * x**2),
                    lambda x: -2.6 * x * np.exp(-1.3 * x**2)),
    "cosine": (variances.cosine(2.1, MU, SIGMA), lambda x: np.cos(2.1 * x), lambda x: -2.1 * np.sin(2.1 * x)),
}


@pytest.mark.parametrize("cost", COSTS)
def test_expectations_equal_quadrature(cost):
    e, f, slope = COSTS[cost]

    def mean(h):
        return quadrature.expectation(lambda t: h(t, MU + SIGMA * t, MU - SIGMA * t))

    for k in range(5):
        np.testing.assert_allclose(e.value[k], mean(lambda t, z, _, k=k: f(z) * t**k), atol=1e-11)
        np.testing.assert_allclose(e.square[k], mean(lambda t, z, _, k=k: f(z) ** 2 * t**k), atol=1e-11)
        np.testing.assert_allclose(e.mirror[k], mean(lambda t, z, y, k=k: f(z) * f(y) * t**k), atol=1e-11)
    for k in (0, 2):
        np.testing.assert_allclose(e.slope[k], mean(lambda t, z, _, k=k: slope(z) ** 2 * t**k), atol=1e-11)
        np.testing.assert_allclose(e.slope_mirror[k], mean(lambda t, z, y, k=k: slope(z) * slope(y) * t**k), atol=1e-11)


@pytest.mark.parametrize("cost", COSTS)
def test_expectations_under_the_measure_valued_noise_equal_quadrature(cost):
    e, f, _ = COSTS[cost]
    rayleigh = quadrature.integral(
        lambda w: w * np.exp(-(w**2) / 2) * (f(MU + SIGMA * w) - f(MU - SIGMA * w)) ** 2, 0.0, 12.0)
    np.testing.assert_allclose(e.rayleigh, rayleigh, atol=1e-10)
    u, du = (a / 2 for a in np.polynomial.legendre.leggauss(60))
    u = u + 0.5

    def inner(m):
        return du @ f(MU + SIGMA * u[:, None] * m)

    maxwell = quadrature.expectation(lambda m: m**2 * f(MU + SIGMA * m) * inner(m))
    np.testing.assert_allclose(e.maxwell, maxwell, atol=1e-10)


@pytest.mark.parametrize("cost", COSTS)
def test_the_gradient_is_the_mean_slope(cost):
    e, _, slope = COSTS[cost]
    want = quadrature.expectation(lambda t: np.stack([slope(MU + SIGMA * t), slope(MU + SIGMA * t) * SIGMA * t]))
    np.testing.assert_allclose(e.gradient, want, atol=1e-11)


def test_elbo_expectations_equal_quadrature():
    model = elbo.ConjugateGaussian(x=-0.7, tau=0.8, s=1.1)
    q = elbo.normal_density(MU, SIGMA)
    e = variances.conjugate_elbo(model, MU, SIGMA)
    for k in range(5):
        want = quadrature.expectation(
            lambda t, k=k: (model.log_joint(MU + SIGMA * t) - q.log(MU + SIGMA * t)) * t**k)
        np.testing.assert_allclose(e.value[k], want, atol=1e-11)


def test_everything_broadcasts_over_the_parameter_of_the_cost():
    ks = np.array([0.4, 1.7])
    for family in (variances.square, variances.exponential, variances.cosine):
        both = variances.all_estimators(family(ks, MU, SIGMA), k=3)
        for i, k in enumerate(ks):
            for name, value in variances.all_estimators(family(k, MU, SIGMA), k=3).items():
                np.testing.assert_allclose(both[name][:, i], value, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("cost", COSTS)
def test_a_second_coordinate_enters_as_quadrature_says(cost):
    e, f, _ = COSTS[cost]
    grown = variances.in_dimension(e, 2)
    eps, w = quadrature.normal_nodes(2, 80)
    total, mirrored = f(MU + SIGMA * eps).sum(1), f(MU - SIGMA * eps).sum(1)
    for k in range(5):
        t = eps[:, 0] ** k
        np.testing.assert_allclose(
            [grown.value[k], grown.square[k], grown.mirror[k]],
            [w @ (total * t), w @ (total**2 * t), w @ (total * mirrored * t)], rtol=1e-8, atol=1e-8)
    # a difference in one coordinate alone does not see the other
    np.testing.assert_allclose(variances.of_measure_valued(grown), variances.of_measure_valued(e), rtol=1e-9, atol=1e-9)
    for slopes in (variances.of_pathwise, variances.of_antithetic_pathwise):
        np.testing.assert_allclose(slopes(grown), slopes(e), rtol=1e-12)


def test_several_dimensions_at_once_are_each_alone():
    e = COSTS["exponential"][0]
    both = variances.all_estimators(variances.in_dimension(e, np.array([1, 4])))
    for i, d in enumerate((1, 4)):
        for name, value in variances.all_estimators(variances.in_dimension(e, d)).items():
            np.testing.assert_allclose(both[name][:, i], value, rtol=1e-12, atol=1e-14, err_msg=name)


def test_one_dimension_changes_nothing():
    e = COSTS["cosine"][0]
    for name, value in variances.all_estimators(variances.in_dimension(e, 1)).items():
        np.testing.assert_allclose(value, variances.all_estimators(e)[name], rtol=1e-12, err_msg=name)


def test_leave_one_out_tends_to_the_mean_baseline_over_k():
    e = COSTS["cosine"][0]
    many, limit = 10**9, variances.of_score_function(e, e.value[0])
    np.testing.assert_allclose(many * variances.of_leave_one_out(e, many), limit, rtol=1e-6)


@pytest.mark.parametrize("cost", COSTS)
def test_leave_one_out_of_two_draws_equals_quadrature(cost):
    e, f, _ = COSTS[cost]
    (a, b), w = quadrature.normal_nodes(2, 100)[0].T, quadrature.normal_nodes(2, 100)[1]
    lead = (f(MU + SIGMA * a) - f(MU + SIGMA * b)) / 2
    draws = [lead * (a - b) / SIGMA, lead * (a**2 - b**2)]
    want = [w @ g**2 - (w @ g) ** 2 for g in draws]
    np.testing.assert_allclose(variances.of_leave_one_out(e, 2), want, rtol=1e-9, atol=1e-9)


def test_parabola_equals_the_pathwise_variance_of_a_polynomial():
    # slope a and curvature -c at mu mean c1 = a sigma and c2 = -c sigma^2 / 2
    got = variances.parabola(0.7, 1.9, SIGMA)
    want = variances.of_pathwise(variances.polynomial((0.3, 0.7 * SIGMA, -1.9 * SIGMA**2 / 2), SIGMA))
    np.testing.assert_allclose(got, want, rtol=1e-12)


def test_the_path_derivative_lands_and_the_total_derivative_does_not():
    model = elbo.ConjugateGaussian(x=-0.7, tau=0.8, s=1.1)
    m, v = model.posterior
    table = variances.elbo_estimators(model, m, v)
    np.testing.assert_allclose(table["path derivative"], [0, 0], atol=1e-14)
    np.testing.assert_allclose(table["total derivative"], [v**-2, 2])
    # slope (x - m)/s^2 and curvature 1/s^2 are what the likelihood leaves to the path
    np.testing.assert_allclose(table["analytic KL"][0], v**2 / 1.1**4)


def test_elbo_estimators_equal_quadrature():
    model = elbo.ConjugateGaussian(x=-0.7, tau=0.8, s=1.1)
    table = variances.elbo_estimators(model, MU, SIGMA)

    def spread(slope):  # of a pathwise gradient with this slope in z
        g = quadrature.expectation(lambda t: np.stack([slope(t), slope(t) * SIGMA * t]))
        return quadrature.expectation(lambda t: np.stack([slope(t), slope(t) * SIGMA * t]) ** 2) - g**2

    def likelihood(t):
        return (model.x - MU - SIGMA * t) / model.s**2

    def total(t):
        return likelihood(t) - (MU + SIGMA * t) / model.tau**2

    want = {"total derivative": total, "analytic entropy": total, "analytic KL": likelihood,
            "path derivative": lambda t: total(t) + t / SIGMA}
    assert table.keys() == want.keys()
    for name, slope in want.items():
        np.testing.assert_allclose(table[name], spread(slope), rtol=1e-10, err_msg=name)


@pytest.mark.parametrize("path", [True, False], ids=["path", "total"])
def test_gaussian_target_in_one_dimension_is_the_conjugate_model(path):
    model = elbo.ConjugateGaussian(x=-0.7, tau=0.8, s=1.1)
    m, v = model.posterior
    got = variances.gaussian_target(np.array([[v**-2]]), np.array([(m - MU) / v**2]), np.array([SIGMA]), path)
    want = variances.elbo_estimators(model, MU, SIGMA)["path derivative" if path else "total derivative"]
    np.testing.assert_allclose(got[:, 0], want, rtol=1e-12)


@pytest.mark.parametrize("path", [True, False], ids=["path", "total"])
def test_gaussian_target_equals_quadrature_in_two_dimensions(path):
    P, a, s = np.array([[2.0, -0.7], [-0.7, 1.1]]), np.array([0.3, -0.8]), np.array([0.6, 1.3])
    eps, w = quadrature.normal_nodes(2, 10)
    slope = a - (s * eps) @ P + path * eps / s
    other = s * eps * slope + (0 if path else 1)
    want = [w @ (g - w @ g) ** 2 for g in (slope, other)]
    np.testing.assert_allclose(variances.gaussian_target(P, a, s, path), want, rtol=1e-10)


def test_crossovers_finds_all_roots_in_order_and_none_where_there_are_none():
    np.testing.assert_allclose(variances.crossovers(np.sin, 1.0, 10.0), math.pi * np.arange(1, 4), rtol=1e-13)
    assert variances.crossovers(np.cosh, -1.0, 1.0).shape == (0,)
    np.testing.assert_array_equal(variances.crossovers(lambda t: t, -1.0, 1.0, cells=2), [0.0])  # on the grid
    for touching in (np.square, lambda t: -(t**2)):
        assert variances.crossovers(touching, -1.0, 1.0, cells=2).shape == (0,)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: variances.linear(0.0, 0.0), "sigma must be positive"),
        (lambda: variances.cosine(1.0, 0.0, -1.0), "sigma must be positive"),
        (lambda: variances.exponential(1.0, 0.0, 0.0), "sigma must be positive"),
        (lambda: variances.exponential(0.0, 0.0, 1.0), "k must be positive"),
        (lambda: variances.square(math.nan, 0.0, 1.0), "k must be finite"),
        (lambda: variances.cosine(math.inf, 0.0, 1.0), "k must be finite"),
        (lambda: variances.exponential(1.0, math.nan, 1.0), "mu must be finite"),
    ],
    ids=["linear", "cosine", "exponential", "rate", "nan", "infinity", "mu"],
)
def test_bad_input_is_named(call, match):
    with pytest.raises(ValueError, match=match):
        call()


def test_all_crossovers_of_the_parabola_are_the_two_of_its_table():
    # 4 = (4/pi - 1) 4 (1 - k)^2; the pathwise gradient is flat, the measure-valued one lowest at k = 1
    names = ["score function", "optimal baseline", "pathwise", "measure-valued"]
    (p, low, high, k), second = variances.all_crossovers(variances.square, -3, 5, names)
    assert (p, low, high) == (0, "pathwise", "measure-valued")
    assert second[:3] == (0, "measure-valued", "pathwise")
    root = (4 / math.pi - 1) ** -0.5
    np.testing.assert_allclose([k, second[3]], [1 - root, 1 + root], rtol=1e-12)


def test_all_crossovers_of_the_cosine_are_roots_of_its_variances():
    names = ["score function", "pathwise"]
    found = variances.all_crossovers(variances.cosine, 0.5, 5.0, names)
    assert {part for part, *_ in found} == {0, 1}
    for part, below, above, k in found:
        before, at, after = (variances.all_estimators(variances.cosine(t, 1.0, 1.0)) for t in (k - 1e-3, k, k + 1e-3))
        np.testing.assert_allclose(at[below][part], at[above][part], rtol=1e-9)
        assert before[below][part] < before[above][part]
        assert after[above][part] < after[below][part]


@pytest.mark.parametrize("cost", COSTS)
def test_antithetic_pairs_equal_quadrature(cost):
    # half the sum of the single-draw gradients at eps and -eps, squared and averaged, less the squared mean
    e, f, slope = COSTS[cost]

    def score(x):
        return np.stack([f(MU + SIGMA * x) * x / SIGMA, f(MU + SIGMA * x) * (x * x - 1)])

    def path(x):
        return np.stack([slope(MU + SIGMA * x), slope(MU + SIGMA * x) * SIGMA * x])

    for single, closed in ((score, variances.of_antithetic_score), (path, variances.of_antithetic_pathwise)):
        second = quadrature.expectation(lambda x, g=single: ((g(x) + g(-x)) / 2) ** 2)
        np.testing.assert_allclose(closed(e), second - e.gradient**2, atol=1e-10)


@pytest.mark.parametrize("baseline", [0.0, 0.7], ids=["none", "some"])
@pytest.mark.parametrize("cost", COSTS)
def test_score_function_variance_equals_quadrature(cost, baseline):
    e, f, _ = COSTS[cost]
    scores = (lambda t: t / SIGMA, lambda t: t**2 - 1)

    def moment(s, n):
        return quadrature.expectation(lambda t: ((f(MU + SIGMA * t) - baseline) * s(t)) ** n)

    want = [moment(s, 2) - moment(s, 1) ** 2 for s in scores]
    np.testing.assert_allclose(variances.of_score_function(e, baseline), want, rtol=1e-9, atol=1e-10)
    if baseline == 0:
        np.testing.assert_array_equal(variances.of_score_function(e), variances.of_score_function(e, baseline))


def test_optimal_baseline_and_leave_one_out_by_hand():
    # for f = eps: b* = E[eps^3] = 0, V = 2/sigma^2 and G = 1/sigma for mu; E[f (eps^2 - 1)^2] = 0, V = 10 and G = 0
    e = variances.polynomial((0.0, 1.0, 0.0), SIGMA)
    np.testing.assert_allclose(variances.best_baseline(e), [0, 0], atol=1e-15)
    # (V + (Var f E[s^2] + G^2)/(k - 1))/k with k = 3
    want = [(2 + (1 + 1) / 2) / 3 / SIGMA**2, (10 + 2 / 2) / 3]
    np.testing.assert_allclose(variances.of_leave_one_out(e, 3), want, rtol=1e-12)
    # for f = 1 + eps^2: b* = 1 + 3 for mu and 1 + 5 for log sigma
    np.testing.assert_allclose(variances.best_baseline(variances.polynomial((1.0, 0.0, 1.0), SIGMA)), [4, 6])


def test_table_of_the_parabola():
    c0, c1, c2 = 0.4, -0.9, 1.3
    table = variances.all_estimators(variances.polynomial((c0, c1, c2), SIGMA))
    want = {
        "antithetic score": (2 * c1**2, 2 * c0**2 + 20 * c0 * c2 + 74 * c2**2),
        "pathwise": (4 * c2**2, c1**2 + 8 * c2**2),
        "antithetic pathwise": (0, 8 * c2**2),
        "measure-valued": ((4 / math.pi - 1) * c1**2, c1**2 + 4 * c2**2),
        "optimal baseline": (2 * c1**2 + 6 * c2**2, 10 * c1**2 + 24 * c2**2),
        "mean baseline": (2 * c1**2 + 10 * c2**2, 10 * c1**2 + 56 * c2**2),
    }
    for name, (mu, log_sigma) in want.items():
        np.testing.assert_allclose(table[name], [mu / SIGMA**2, log_sigma], rtol=1e-12, atol=1e-13, err_msg=name)
    pair = variances.of_leave_one_out(variances.polynomial((c0, c1, c2), SIGMA), 2)
    np.testing.assert_allclose(table["leave-one-out"], pair)
