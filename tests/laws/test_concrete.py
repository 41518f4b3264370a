"""Gumbel noise and the Concrete law."""

import numpy as np
import pytest
import torch
from scipy import stats
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
        (lambda: relaxations.straight_through(slope, ELL, NAN), "noise must be finite"),
        (lambda: categories.leave_one_out(np.zeros(1), np.zeros((1, 2))), "N >= 2"),
        (lambda: categories.leave_one_out(np.zeros(3), np.zeros((2, 2))), "N >= 2"),
        (lambda: categories.leave_one_out(np.zeros(3), np.zeros(3)), "scores must have"),
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
