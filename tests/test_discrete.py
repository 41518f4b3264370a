"""Discrete variables: the laws of the relaxations, their exact moments, the unbiased rival, implicit paths."""

import numpy as np
import pytest
import torch
from scipy import special, stats
from scipy.special import betainc, expit, gammainc, softmax

from reparam import checks as check
from reparam import discrete, noise, quadrature
from reparam.exercises.discrete import EXERCISES
from reparam.grader import grade

LOGITS = np.array([0.5, -0.7, 0.2])
PI = softmax(LOGITS)
VALUES = np.array([1.0, 3.0, -0.5])
SCORES = np.eye(3) - PI
ELL, TARGET = -0.8, 0.3
THETA = expit(ELL)
V = THETA * (1 - THETA)


def slope(y):
    return 2 * (y - TARGET)


def test_gumbel_noise_is_the_quantile_function_of_scipy():
    u = np.array([1e-6, 0.2, 0.5, 0.99])
    np.testing.assert_allclose(discrete.gumbel(u), stats.gumbel_r.ppf(u), rtol=1e-12)


def test_gumbel_max_takes_the_largest_perturbed_logit_and_ends_with_one_category():
    g = np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.4]])
    np.testing.assert_array_equal(discrete.gumbel_max(LOGITS, g), [0, 1, 2])  # 0.5; 1.3; 0.6
    assert discrete.gumbel_max(np.array([3.0]), np.array([0.1])) == 0


@pytest.mark.parametrize("tau", [0.2, 1.0, 5.0], ids=str)
def test_rounding_a_relaxed_draw_is_the_gumbel_max_draw(tau):
    g = noise.generator("test/discrete").gumbel(size=(200, 3))
    y = discrete.gumbel_softmax(LOGITS, g, tau)
    np.testing.assert_allclose(y.sum(-1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(y.argmax(-1), discrete.gumbel_max(LOGITS, g))
    # ratios: log(y1/y2) = (l1 + g1 - l2 - g2)/tau
    expected = ((LOGITS + g)[:, 0] - (LOGITS + g)[:, 1]) / tau
    np.testing.assert_allclose(np.log(y[:, 0] / y[:, 1]), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("tau", [0.4, 1.0, 2.0], ids=str)
def test_concrete_density_equals_that_of_torch(tau):
    y = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
    law = torch.distributions.RelaxedOneHotCategorical(torch.tensor(tau), logits=torch.from_numpy(LOGITS))
    actual = discrete.concrete_log_density(np.log(y), LOGITS, tau)
    torch.testing.assert_close(torch.from_numpy(actual), law.log_prob(torch.from_numpy(y)))


def test_concrete_density_of_two_categories_is_the_slope_of_its_distribution_function():
    y, tau = 0.3, 0.7
    x = tau * np.log(y / (1 - y)) - ELL  # F = sigma(x), dx/dy = tau / (y(1-y))
    expected = expit(x) * expit(-x) * tau / (y * (1 - y))
    actual = np.exp(discrete.concrete_log_density(np.log([y, 1 - y]), np.array([ELL, 0.0]), tau))
    assert actual == pytest.approx(expected, rel=1e-12)


def test_one_category_is_certain():
    assert discrete.concrete_log_density(np.array([0.0]), np.array([1.7]), 0.5) == pytest.approx(0.0, abs=1e-12)


def test_logistic_expectation_resolves_a_wave():
    # E cos(kx) = pi k / sinh(pi k); at k = 3 a coarse rule would miss it
    wave = discrete.logistic_expectation(lambda x: np.cos(3 * x))
    assert wave == pytest.approx(3 * np.pi / np.sinh(3 * np.pi), abs=1e-12)


def test_triangle_integral_of_a_constant_is_the_area():
    assert discrete.triangle_integral(lambda log_y: 0 * log_y[..., 0], -45.0, 45.0) == pytest.approx(0.5, abs=1e-10)
    # by symmetry a third of the area has y1 on top
    assert discrete.triangle_integral(lambda log_y: 0 * log_y[..., 0], 0.0, 45.0) == pytest.approx(1 / 6, abs=1e-10)


def test_triangle_integral_knows_which_category_is_the_largest():
    # Dirichlet(2, 1, 1) has the density 6 y_1; the largest of three uniform shares averages 11/18
    mass = discrete.triangle_integral(lambda log_y: np.log(6) + log_y[..., 0], 0.0, 45.0)
    assert mass == pytest.approx(11 / 18, abs=1e-9)


def test_category_gradient_equals_autograd():
    logits = torch.tensor(LOGITS, requires_grad=True)
    (logits.softmax(0) @ torch.from_numpy(VALUES)).backward()
    torch.testing.assert_close(torch.from_numpy(discrete.category_gradient(LOGITS, VALUES)), logits.grad)


def test_logistic_expectation_knows_mean_and_variance_of_the_logistic_law():
    first, second = discrete.logistic_expectation(lambda x: np.stack([x, x * x]))
    assert first == pytest.approx(0.0, abs=1e-12)
    assert second == pytest.approx(np.pi**2 / 3, abs=1e-10)


@pytest.mark.parametrize("tau", [0.1, 0.6, 2.0], ids=str)
def test_relaxed_gradient_equals_autograd_draw_by_draw(tau):
    lam = np.array([-3.0, -0.2, 0.5, 1.1, 4.0])
    ell = torch.full((5,), ELL, dtype=torch.float64, requires_grad=True)
    y = torch.sigmoid((ell + torch.from_numpy(lam)) / tau)
    ((y - TARGET) ** 2).sum().backward()
    torch.testing.assert_close(torch.from_numpy(discrete.relaxed(ELL, lam, tau)), y.detach())
    torch.testing.assert_close(torch.from_numpy(discrete.relaxed_gradient(slope, ELL, lam, tau)), ell.grad)


def test_straight_through_gradients_equal_autograd_with_a_detached_step():
    lam = np.array([-3.0, 0.7999, 0.8001, 4.0])
    for soft, actual in (
        (lambda x: torch.sigmoid((x + torch.from_numpy(lam)) / 0.6),
         discrete.straight_through_gumbel(slope, ELL, lam, 0.6)),
        (torch.sigmoid, discrete.straight_through(slope, ELL, lam)),
    ):
        ell = torch.full((4,), ELL, dtype=torch.float64, requires_grad=True)
        b, y = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64), soft(ell)
        ((b + y - y.detach() - TARGET) ** 2).sum().backward()
        torch.testing.assert_close(torch.from_numpy(actual), ell.grad)


@pytest.mark.parametrize("tau", [0.02, 0.6, 2.0], ids=str)
def test_relaxed_moments_equal_the_integrals_over_y(tau):
    def over(power):  # with y = sigma(x), dy = y(1-y)dx
        def integrand(x):
            y, p = expit(x), expit(x) * expit(-x)
            return slope(y) ** power * p**power * expit(ELL - tau * x) * expit(tau * x - ELL) / tau ** (power - 1)
        return quadrature.integral(integrand, -60.0, 60.0)

    mean, variance = discrete.relaxed_moments(slope, ELL, tau)
    assert mean == pytest.approx(over(1), abs=1e-10)
    assert variance == pytest.approx(over(2) - over(1) ** 2, abs=1e-10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y, tau: -slope(y) * y * (1 - y) / tau,
        lambda y, tau: slope(y) * y * (1 - y),
        lambda y, tau: slope(y) / tau,
        lambda y, tau: y * (1 - y) / tau,
    ],
    ids=["sign", "temperature dropped", "softmax slope dropped", "cost slope dropped"],
)
def test_wrong_relaxed_gradients_are_rejected(wrong):
    def objective(ell):
        return discrete.logistic_expectation(lambda x: (discrete.relaxed(ell, x, 0.6) - TARGET) ** 2)

    mean = discrete.logistic_expectation(lambda x: wrong(discrete.relaxed(ELL, x, 0.6), 0.6))
    with pytest.raises(check.CheckFailed):
        check.equal("relaxed-moments", mean, discrete.derivative(objective, ELL), tol=1e-8)


@pytest.mark.parametrize("n", [2, 3, 4], ids=str)
def test_leave_one_out_is_unbiased_with_the_stated_variance(n):
    index, chance = discrete.outcomes(PI, n)
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)
    draws = discrete.leave_one_out(VALUES[index], SCORES[index])
    truth = discrete.category_gradient(LOGITS, VALUES)
    np.testing.assert_allclose(chance @ draws, truth, atol=1e-12)
    expected = chance @ draws**2 - truth**2
    for shift in (0.0, 0.4):  # a covariance does not know it
        stated = discrete.leave_one_out_variance(PI, VALUES, SCORES + shift, n)
        np.testing.assert_allclose(stated, expected, atol=1e-12)


def test_leave_one_out_with_two_draws_by_hand():
    # (f1 - f2)(s1 - s2)/2 = (3 - 1)(0.5 - (-0.25))/2
    actual = discrete.leave_one_out(np.array([3.0, 1.0]), np.array([[0.5], [-0.25]]))
    np.testing.assert_allclose(actual, [0.75], rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, s: ((f - f.mean(-1, keepdims=True))[..., None] * s).mean(-2),
        lambda f, s: -discrete.leave_one_out(f, s),
        lambda f, s: (f[..., None] * s).sum(-2),
    ],
    ids=["own value in the baseline", "sign", "sum for mean"],
)
def test_wrong_leave_one_out_is_rejected(wrong):
    index, chance = discrete.outcomes(PI, 3)
    with pytest.raises(check.CheckFailed):
        check.equal("loo", chance @ wrong(VALUES[index], SCORES[index]), discrete.category_gradient(LOGITS, VALUES))


def test_derivative_is_exact_for_polynomials_of_degree_eight():
    expected = 8 * 1.3**7 - 15 * 1.3**4
    assert discrete.derivative(lambda x: x**8 - 3 * x**5, 1.3, 0.1) == pytest.approx(expected, rel=1e-12)
    # the error of x^9 is 9!/630 h^8 in size: the order is eight, not more
    error = discrete.derivative(lambda x: x**9, 0.0, 0.5)
    assert abs(error) == pytest.approx(576 * 0.5**8, rel=1e-9)
    assert discrete.derivative(np.sin, 0.4) == pytest.approx(np.cos(0.4), abs=1e-13)


def test_small_temperature_reads_a_polynomial():
    limit, gradient = discrete.small_temperature(lambda tau: 2.0 - 3.0 * tau + tau**5)
    assert (limit, gradient) == (pytest.approx(2.0, abs=1e-11), pytest.approx(-3.0, abs=1e-8))
    limit, gradient = discrete.small_temperature(lambda tau: 1.0 + tau, step=0.5, points=2)
    assert (limit, gradient) == (pytest.approx(1.0), pytest.approx(1.0))
    # eight points hold a polynomial of degree seven, and no higher
    limit, gradient = discrete.small_temperature(lambda tau: 3.0 + tau + tau**7, step=0.5)
    assert (limit, gradient) == (pytest.approx(3.0, abs=1e-7), pytest.approx(1.0, abs=1e-6))
    limit, _ = discrete.small_temperature(lambda tau: tau**8, step=0.5)
    assert abs(limit) > 1


PATHS = {
    # name: cdf, density, parameter, closed form of dz/dphi
    "exponential": (lambda z, r: -np.expm1(-r * z), lambda z, r: r * np.exp(-r * z), 1.7, lambda z, r: -z / r),
    "normal scale": (lambda z, s: stats.norm.cdf(z / s), lambda z, s: stats.norm.pdf(z / s) / s, 0.8,
                     lambda z, s: z / s),
    "power": (lambda z, a: z**a, lambda z, a: a * z ** (a - 1), 2.2, lambda z, a: -z * np.log(z) / a),
}


@pytest.mark.parametrize("law", PATHS.values(), ids=PATHS)
def test_implicit_path_equals_the_closed_form(law):
    cdf, density, phi, closed = law
    z = np.array([0.1, 0.5, 0.95])
    np.testing.assert_allclose(discrete.implicit_path(cdf, density, z, phi), closed(z, phi), rtol=1e-9)


def test_torch_runs_the_function_that_the_chapter_calls():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        alpha = torch.full((50,), 1.5, dtype=torch.float64, requires_grad=True)
        z = torch.distributions.Gamma(alpha, 1.0).rsample()
    (gradient,) = torch.autograd.grad(z.sum(), alpha)
    torch.testing.assert_close(gradient, torch._standard_gamma_grad(alpha.detach(), z.detach()))
    ours = discrete.implicit_path(lambda x, a: gammainc(a, x), stats.gamma.pdf, z.detach().numpy(), 1.5)
    np.testing.assert_allclose(gradient.numpy(), ours, rtol=1e-3)


def test_beta_paths_agree_with_torch_to_its_three_digits():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        a, b = (torch.full((50,), v, dtype=torch.float64, requires_grad=True) for v in (2.0, 3.0))
        x = torch.distributions.Beta(a, b).rsample()
    gradient = torch.autograd.grad(x.sum(), (a, b))
    z = x.detach().numpy()
    ours = (discrete.implicit_path(lambda s, q: betainc(q, 3.0, s), lambda s, q: stats.beta.pdf(s, q, 3.0), z, 2.0),
            discrete.implicit_path(lambda s, q: betainc(2.0, q, s), lambda s, q: stats.beta.pdf(s, 2.0, q), z, 3.0))
    for theirs, mine in zip(gradient, ours, strict=True):
        np.testing.assert_allclose(theirs.numpy(), mine, rtol=3e-3)


def test_torch_has_no_path_for_von_mises():
    assert torch.distributions.Gamma.has_rsample
    assert not torch.distributions.VonMises.has_rsample


def test_torch_draws_the_relaxation_that_the_chapter_names():
    logits = torch.from_numpy(LOGITS).expand(50, 3)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        soft = torch.nn.functional.gumbel_softmax(logits, 0.6)
        torch.manual_seed(2)
        hard = torch.nn.functional.gumbel_softmax(logits, 0.6, hard=True)
        torch.manual_seed(2)
        g = -torch.empty_like(logits, memory_format=torch.legacy_contiguous_format).exponential_().log()
    np.testing.assert_allclose(soft.numpy(), discrete.gumbel_softmax(LOGITS, g.numpy(), 0.6), rtol=1e-12)
    np.testing.assert_allclose(hard.numpy(), np.eye(3)[discrete.gumbel_max(LOGITS, g.numpy())], atol=1e-12)


def test_attached_path_keeps_the_draw_and_differentiates_like_the_quantile():
    # exponential law: z = -log(1 - u)/r, dz/dr = -z/r; the draw itself is a constant
    z = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
    rate = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    path = discrete.attach_path(z, 1 - torch.exp(-rate * z), rate * torch.exp(-rate * z))
    torch.testing.assert_close(path, z)
    (gradient,) = torch.autograd.grad((path * torch.tensor([1.0, 10.0, 100.0])).sum(), rate)
    torch.testing.assert_close(gradient, -torch.tensor(205.1 / 1.7, dtype=torch.float64))


@pytest.mark.parametrize(
    ("cdf", "density"),
    [(torch.full((2,), 0.5), torch.ones(3)), (torch.full((3,), 0.5), torch.ones(2)),
     (torch.full((2,), 0.5), torch.tensor([1.0, 0.0])), (torch.full((2,), 0.5), torch.tensor([1.0, torch.nan]))],
    ids=["density too long", "cdf too long", "density zero", "density NaN"],
)
def test_attached_path_refuses_bad_input(cdf, density):
    with pytest.raises(ValueError, match="density"):
        discrete.attach_path(torch.ones(2), cdf, density)


@pytest.mark.parametrize("kappa", [0.3, 2.0, 30.0], ids=str)
def test_von_mises_equals_scipy(kappa):
    z = np.linspace(-np.pi, np.pi, 13)
    np.testing.assert_allclose(discrete.von_mises_density(z, kappa), stats.vonmises.pdf(z, kappa), rtol=1e-10)
    np.testing.assert_allclose(discrete.von_mises_cdf(z, kappa), stats.vonmises.cdf(z, kappa), atol=1e-12)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(discrete.von_mises_cdf(z, kappa, terms=1), stats.vonmises.cdf(z, kappa), atol=1e-3)


def test_von_mises_series_sums_exactly_its_terms():
    ratio = special.ive([1, 2], 2.0) / special.ive(0, 2.0)
    expected = (1.0 + np.pi) / (2 * np.pi) + (ratio[0] * np.sin(1.0) + ratio[1] * np.sin(2.0) / 2) / np.pi
    assert discrete.von_mises_cdf(1.0, 2.0, terms=2) == pytest.approx(expected, rel=1e-13)


def test_a_frame_of_the_slider_has_two_panels():
    from matplotlib import pyplot

    figure = discrete.draw_wax(np.eye(3), ["red"] * 3, np.array([0.1, 0.9]), np.array([1.0, 2.0]))
    left, right = figure.axes
    np.testing.assert_allclose(left.collections[0].get_offsets()[2], [0.5, 0.75**0.5])
    assert right.lines[0].get_ydata()[1] == 2.0
    pyplot.close(figure)


NAN = np.array([np.nan, 0.0])


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: discrete.gumbel(np.array([0.0, 0.5])), "u must lie"),
        (lambda: discrete.gumbel(np.array([0.5, 1.0])), "u must lie"),
        (lambda: discrete.gumbel(NAN), "u must be finite"),
        (lambda: discrete.gumbel_max(NAN, np.zeros(2)), "logits must be finite"),
        (lambda: discrete.gumbel_max(np.float64(1.0), np.zeros(2)), "logits must have"),
        (lambda: discrete.gumbel_max(np.zeros(2), np.zeros((0, 2))), "g must have"),
        (lambda: discrete.gumbel_softmax(LOGITS, np.zeros(3), 0.0), "tau must be positive"),
        (lambda: discrete.concrete_log_density(np.log(PI), LOGITS, -1.0), "tau must be positive"),
        (lambda: discrete.category_gradient(LOGITS, NAN), "values must be finite"),
        (lambda: discrete.relaxed(ELL, np.zeros(2), 0.0), "tau must be positive"),
        (lambda: discrete.relaxed(np.nan, np.zeros(2), 1.0), "logit must be finite"),
        (lambda: discrete.straight_through(slope, ELL, NAN), "noise must be finite"),
        (lambda: discrete.leave_one_out(np.zeros(1), np.zeros((1, 2))), "N >= 2"),
        (lambda: discrete.leave_one_out(np.zeros(3), np.zeros((2, 2))), "N >= 2"),
        (lambda: discrete.leave_one_out(np.zeros(3), np.zeros(3)), "scores must have"),
        (lambda: discrete.leave_one_out_variance(PI, VALUES, SCORES, 1), "at least 2"),
        (lambda: discrete.leave_one_out_variance(PI / 2, VALUES, SCORES, 2), "weights must be probabilities"),
        (lambda: discrete.leave_one_out_variance(np.array([1.5, -0.5]), np.zeros(2), np.zeros((2, 1)), 2), "weights"),
        (lambda: discrete.outcomes(np.full(11, 1 / 11), 6), "1000000"),
        (lambda: discrete.derivative(np.sin, 0.0, 0.0), "step must be positive"),
        (lambda: discrete.small_temperature(np.sin, step=0.0), "step must be positive"),
        (lambda: discrete.small_temperature(np.sin, points=1), "points at least 2"),
        (lambda: discrete.implicit_path(lambda z, p: z, lambda z, p: 0 * z, np.ones(2), 1.0), "density must be"),
        (lambda: discrete.implicit_path(lambda z, p: z, lambda z, p: z, NAN, 1.0), "z must be finite"),
        (lambda: discrete.von_mises_density(np.zeros(2), 0.0), "kappa must be positive"),
        (lambda: discrete.von_mises_cdf(np.zeros(2), -1.0), "kappa must be positive"),
    ],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_exactly_a_million_outcomes_are_allowed():
    index, chance = discrete.outcomes(np.full(10, 0.1), 6)
    assert index.shape == (1_000_000, 6)
    assert chance[0] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("name", "number"), [(n, i) for n, e in EXERCISES.items() for i in range(len(e.mistakes))], ids=str)
def test_every_known_mistake_earns_its_hint(name, number):
    mistake, hint = EXERCISES[name].mistakes[number]
    verdict = grade(f"discrete/{name}", mistake)
    assert not verdict.right
    assert hint in verdict.text


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("gumbel_max", lambda logits, u: np.argmax(logits - np.log(-np.log(u)), axis=-1)),
        ("binary_density", lambda y, ell, tau: np.exp(discrete.concrete_log_density(
            np.log(np.stack([y, 1 - y], -1)), np.array([ell, 0.0]), tau))),
        ("leave_one_out", discrete.leave_one_out),
        ("weibull", lambda z, k: -z * np.log(z) / k),
    ],
)
def test_right_answers_are_right(name, answer):
    assert grade(f"discrete/{name}", answer).right
