"""Gumbel noise and the Concrete law."""

import numpy as np
import pytest
import torch
from scipy import special, stats
from scipy.special import expit, softmax

from reparam import derivatives, noise
from reparam.estimators import categories, implicit, relaxations
from reparam.laws import concrete, von_mises

LOGITS = np.array([0.5, -0.7, 0.2])

PI = softmax(LOGITS)
VALUES = np.array([1.0, 3.0, -0.5])

SCORES = np.eye(3) - PI

ELL, TARGET = -0.8, 0.3


def slope(y):
    return 2 * (y - TARGET)


def test_each_member_of_a_batch_has_its_own_temperature():
    g = np.array([[0.1, -0.3, 0.8], [0.4, 0.0, -1.0]])
    both = concrete.log_gumbel_softmax(np.stack([LOGITS, -LOGITS]), g, np.array([0.5, 2.0]))
    for row, logits, noise_row, tau in zip(both, (LOGITS, -LOGITS), g, (0.5, 2.0), strict=True):
        np.testing.assert_allclose(row, concrete.log_gumbel_softmax(logits, noise_row, tau))


def test_gumbel_noise_is_the_quantile_function_of_scipy():
    u = np.array([1e-6, 0.2, 0.5, 0.99])
    np.testing.assert_allclose(concrete.gumbel(u), stats.gumbel_r.ppf(u), rtol=1e-12)


def test_gumbel_max_takes_the_largest_perturbed_logit_and_ends_with_one_category():
    g = np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 0.4]])
    np.testing.assert_array_equal(concrete.gumbel_max(LOGITS, g), [0, 1, 2])  # 0.5; 1.3; 0.6
    assert concrete.gumbel_max(np.array([3.0]), np.array([0.1])) == 0


@pytest.mark.parametrize("tau", [0.2, 1.0, 5.0], ids=str)
def test_rounding_a_relaxed_draw_is_the_gumbel_max_draw(tau):
    g = noise.generator("test/discrete").gumbel(size=(200, 3))
    y = concrete.gumbel_softmax(LOGITS, g, tau)
    np.testing.assert_allclose(y.sum(-1), 1.0, rtol=1e-12)
    np.testing.assert_array_equal(y.argmax(-1), concrete.gumbel_max(LOGITS, g))
    # ratios: log(y1/y2) = (l1 + g1 - l2 - g2)/tau
    expected = ((LOGITS + g)[:, 0] - (LOGITS + g)[:, 1]) / tau
    np.testing.assert_allclose(np.log(y[:, 0] / y[:, 1]), expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("tau", [0.4, 1.0, 2.0], ids=str)
def test_concrete_density_equals_that_of_torch(tau):
    y = np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
    law = torch.distributions.RelaxedOneHotCategorical(torch.tensor(tau), logits=torch.from_numpy(LOGITS))
    actual = concrete.concrete_log_density(np.log(y), LOGITS, tau)
    torch.testing.assert_close(torch.from_numpy(actual), law.log_prob(torch.from_numpy(y)))


def test_concrete_density_of_two_categories_is_the_slope_of_its_distribution_function():
    y, tau = 0.3, 0.7
    x = tau * np.log(y / (1 - y)) - ELL  # F = sigma(x), dx/dy = tau / (y(1-y))
    expected = expit(x) * expit(-x) * tau / (y * (1 - y))
    actual = np.exp(concrete.concrete_log_density(np.log([y, 1 - y]), np.array([ELL, 0.0]), tau))
    assert actual == pytest.approx(expected, rel=1e-12)


def test_the_top_is_drawn_without_replacement():
    g = np.array([[0.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    np.testing.assert_array_equal(concrete.gumbel_top(LOGITS, g, 2), [[0, 2], [1, 0]])  # 0.5, -0.7, 0.2; 0.5, 1.3, 0.2
    np.testing.assert_array_equal(concrete.gumbel_top(LOGITS, g, 1)[:, 0], concrete.gumbel_max(LOGITS, g))
    with pytest.raises(ValueError, match="k must be 1 to 3"):
        concrete.gumbel_top(LOGITS, g, 4)


def test_one_category_is_certain():
    assert concrete.concrete_log_density(np.array([0.0]), np.array([1.7]), 0.5) == pytest.approx(0.0, abs=1e-12)


def test_torch_draws_the_relaxation_that_the_chapter_names():
    logits = torch.from_numpy(LOGITS).expand(50, 3)
    with torch.random.fork_rng():
        torch.manual_seed(2)
        soft = torch.nn.functional.gumbel_softmax(logits, 0.6)
        torch.manual_seed(2)
        hard = torch.nn.functional.gumbel_softmax(logits, 0.6, hard=True)
        torch.manual_seed(2)
        g = -torch.empty_like(logits, memory_format=torch.legacy_contiguous_format).exponential_().log()
    np.testing.assert_allclose(soft.numpy(), concrete.gumbel_softmax(LOGITS, g.numpy(), 0.6), rtol=1e-12)
    np.testing.assert_allclose(hard.numpy(), np.eye(3)[concrete.gumbel_max(LOGITS, g.numpy())], atol=1e-12)

NAN = np.array([np.nan, 0.0])


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: concrete.gumbel(np.array([0.0, 0.5])), "u must lie"),
        (lambda: concrete.gumbel(np.array([0.5, 1.0])), "u must lie"),
        (lambda: concrete.gumbel(NAN), "u must be finite"),
        (lambda: concrete.gumbel_max(NAN, np.zeros(2)), "logits must be finite"),
        (lambda: concrete.gumbel_max(np.float64(1.0), np.zeros(2)), "logits must have"),
        (lambda: concrete.gumbel_max(np.zeros(2), np.zeros((0, 2))), "g must have"),
        (lambda: concrete.gumbel_softmax(LOGITS, np.zeros(3), 0.0), "tau must be positive"),
        (lambda: concrete.concrete_log_density(np.log(PI), LOGITS, -1.0), "tau must be positive"),
        (lambda: categories.category_gradient(LOGITS, NAN), "values must be finite"),
        (lambda: relaxations.relaxed(ELL, np.zeros(2), 0.0), "tau must be positive"),
        (lambda: relaxations.relaxed(np.nan, np.zeros(2), 1.0), "logit must be finite"),
        (lambda: categories.leave_one_out_gradient(np.zeros(1), np.zeros((1, 2))), "N >= 2"),
        (lambda: categories.leave_one_out_gradient(np.zeros(3), np.zeros((2, 2))), "N >= 2"),
        (lambda: categories.leave_one_out_gradient(np.zeros(3), np.zeros(3)), "scores must have"),
        (lambda: categories.leave_one_out_variance(PI, VALUES, SCORES, 1), "at least 2"),
        (lambda: categories.leave_one_out_variance(PI / 2, VALUES, SCORES, 2), "weights must be probabilities"),
        (lambda: categories.leave_one_out_variance(np.array([1.5, -0.5]), np.zeros(2), np.zeros((2, 1)), 2), "weights"),
        (lambda: categories.outcomes(np.full(11, 1 / 11), 6), "1000000"),
        (lambda: derivatives.derivative(np.sin, 0.0, 0.0), "step must be positive"),
        (lambda: relaxations.small_temperature(np.sin, step=0.0), "step must be positive"),
        (lambda: relaxations.small_temperature(np.sin, points=1), "points at least 2"),
        (lambda: implicit.implicit_path(lambda z, p: z, lambda z, p: 0 * z, np.ones(2), 1.0), "density must be"),
        (lambda: implicit.implicit_path(lambda z, p: z, lambda z, p: z, NAN, 1.0), "z must be finite"),
        (lambda: von_mises.von_mises_density(np.zeros(2), 0.0), "kappa must be positive"),
        (lambda: von_mises.von_mises_cdf(np.zeros(2), -1.0), "kappa must be positive"),
    ],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()


@pytest.mark.parametrize("tau", [5.0, 0.5, 0.01, 1e-4, 1e-300], ids=str)
def test_the_density_accepts_its_own_draws_at_every_temperature(tau):
    g = noise.generator("test/cold").gumbel(size=(50, 3))
    log_y = concrete.log_gumbel_softmax(LOGITS, g, tau)
    np.testing.assert_allclose(np.exp(log_y), concrete.gumbel_softmax(LOGITS, g, tau), rtol=1e-12)
    # in u = tau log(y_1/y_j) the law has no temperature: the density is that of u times (1/tau)^2 times 1/prod y
    u = np.log(PI[0] / PI[1:]) + g[:, :1] - g[:, 1:]
    terms = np.concatenate([np.zeros((50, 1)), np.log(PI[1:] / PI[0]) + u], 1)
    expected = np.log(2) + terms.sum(1) - 3 * special.logsumexp(terms, axis=1)
    actual = concrete.concrete_log_density(log_y, LOGITS, tau) + log_y.sum(1) - 2 * np.log(tau)
    if tau > 1e-5:  # below, log y is so large that the small difference drowns
        np.testing.assert_allclose(actual, expected, atol=1e-9 / tau**0.5)
    assert np.isfinite(actual).all()


def test_a_batch_is_its_members_one_by_one():
    logits, tau = np.stack([LOGITS, LOGITS[::-1]]), np.array([0.3, 2.0])
    g = noise.generator("test/batch").gumbel(size=(5, 2, 3))
    y = concrete.gumbel_softmax(logits, g, tau)
    for k in range(2):
        np.testing.assert_allclose(y[:, k], concrete.gumbel_softmax(logits[k], g[:, k], tau[k]), rtol=1e-13)
        np.testing.assert_allclose(concrete.concrete_log_density(np.log(y), logits, tau)[:, k],
                                   concrete.concrete_log_density(np.log(y[:, k]), logits[k], tau[k]), rtol=1e-12)
    np.testing.assert_array_equal(concrete.gumbel_max(logits, g)[:, 1], concrete.gumbel_max(logits[1], g[:, 1]))
    np.testing.assert_allclose(categories.category_gradient(logits, logits)[1],
                               categories.category_gradient(logits[1], logits[1]), rtol=1e-13)


@pytest.mark.parametrize(
    ("call", "word"),
    [(lambda: concrete.gumbel_softmax(LOGITS, np.zeros((3, 1)), 1.0), "g must end in the shape of logits"),
     (lambda: concrete.gumbel_softmax(LOGITS, np.zeros((2, 3)), [1.0, 1.0, 1.0]), "tau must be one number, or"),
     (lambda: concrete.log_gumbel_softmax(LOGITS, np.zeros(3), 5e-324), "tau must be less extreme"),
     (lambda: concrete.concrete_log_density(np.log(PI) + 0.1, LOGITS, 1.0), "log_y must be the logarithm"),
     (lambda: concrete.concrete_log_density(np.log(PI), LOGITS[:2], 1.0), "log_y must end in the shape of logits"),
     (lambda: categories.category_gradient(np.zeros((2, 2)), np.zeros(2)), "values must have shape"),
     (lambda: categories.outcomes([0.5, 0.6], 2), "weights must be probabilities")],
    ids=["noise", "temperatures", "cold", "off the simplex", "categories", "values", "weights"],
)
def test_what_does_not_fit_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
