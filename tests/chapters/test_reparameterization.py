"""Gradients through the sample: their means, their variances, and the boundary between them."""

import math

import numpy as np
import pytest
import torch
from samples.posterior import EPS, POSTERIOR, QS, WEIGHTS, M, V, close, log_joint, tensor

from reparam import checks, derivatives, estimators, noise, quadrature
from reparam.chapters import elbo
from reparam.chapters import reparameterization as rp
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws
from reparam.teaching.exercises.reparameterization import EXERCISES
from reparam.teaching.grader import grade


@pytest.mark.parametrize("q", QS)
@pytest.mark.parametrize("estimator", [estimators.total_derivative, estimators.path_derivative], ids=["total", "path"])
def test_the_mean_of_both_estimators_is_the_gradient(estimator, q):
    # L = const - ((mu - m)^2 + sigma^2) / 2 v^2 + log sigma
    expected = (M - q.mu) / V**2, 1 - q.sigma**2 / V**2
    mean, _ = rp.exact_moments(estimator(log_joint, q, EPS), WEIGHTS)
    close(tuple(mean), expected)
    close(tuple(rp.gaussian_gradient(q, POSTERIOR)), expected)


def test_what_is_counted_begins_at_nothing():
    counted = rp.Counted(lambda z: z.sum(1))
    counted(torch.ones(3, 2))
    counted(torch.ones(4, 2, requires_grad=True)).sum().backward()
    assert (counted.values, counted.slopes) == (7, 4)


@pytest.mark.parametrize("q", QS)
def test_wrong_estimators_do_not_have_the_gradient_as_mean(q):
    exact = torch.cat(rp.gaussian_gradient(q, POSTERIOR))

    def refused(draws):
        mean, _ = rp.exact_moments(draws, WEIGHTS)
        with pytest.raises(checks.CheckFailed):
            checks.equal("S18", torch.cat(mean), exact, tol=1e-6)

    refused(estimators.pathwise(log_joint, q, EPS))  # entropy dropped
    refused(estimators.path_derivative(lambda z: log_joint(z.detach()), q, EPS))  # slope of the model hidden
    refused(estimators.pathwise(lambda z: log_joint(z) + q.log_density(z), q, EPS))  # sign of the entropy flipped


def test_chain_rule_splits_a_product():
    # F = z^2 phi with z = phi eps: along 2 z phi eps, direct z^2
    eps = tensor(-1.0, 0.5, 2.0)
    parts = rp.chain_rule(lambda z, phi: z * z * phi, lambda eps, phi: phi * eps, 1.5, eps)
    close(parts.path, 2 * (1.5 * eps) * 1.5 * eps)
    close(parts.direct, (1.5 * eps) ** 2)


def test_chain_rule_has_a_zero_part_where_phi_is_absent():
    parts = rp.chain_rule(lambda z, phi: z.sin(), lambda eps, phi: phi + eps, 0.3, tensor(0.1))
    close(parts.direct, tensor(0.0))
    close(parts.path, tensor(math.cos(0.4)))


@pytest.mark.parametrize("eps", [torch.zeros(2, 1), torch.arange(3), tensor(math.nan)], ids=["shape", "integer", "nan"])
def test_chain_rule_refuses_bad_noise(eps):
    with pytest.raises(ValueError, match="eps must"):
        rp.chain_rule(lambda z, phi: z, lambda eps, phi: phi + eps, 0.3, eps)


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0, -2.0])
@pytest.mark.parametrize("q", QS)
def test_the_closed_variance_is_that_of_the_draws(q, weight):
    _, variance = rp.exact_moments(estimators.controlled(log_joint, q, EPS, weight), WEIGHTS)
    close(rp.gaussian_variance(q, POSTERIOR, weight), variance)


def test_the_closed_variance_by_hand():
    # r = 0.25, sigma = 0.5, v = 1, offset 2: mu (1 - r)^2 / sigma^2; log sigma: sigma^2 2^2 + 2 (1 - r)^2
    q, posterior = DiagonalGaussian.from_sigma([2.0], [0.5]), DiagonalGaussian.from_sigma([0.0], [1.0])
    variance = rp.gaussian_variance(q, posterior, 1.0)
    close(torch.cat(variance), tensor(0.5625 / 0.25, 1.0 + 1.125))


def test_draws_keep_no_graph_of_the_parameters():
    q = DiagonalGaussian(tensor(0.1).requires_grad_(), tensor(-0.2).requires_grad_())
    assert not any(g.requires_grad for g in estimators.controlled(log_joint, q, EPS, 0.5))
    weights = torch.full((len(EPS),), 1 / len(EPS), dtype=torch.float64)
    assert not any(g.requires_grad for g in rp.best_weight(log_joint, q, EPS, weights))


@pytest.mark.parametrize("q", QS)
def test_the_best_weight_is_the_variance_ratio(q):
    best = rp.best_weight(log_joint, q, EPS, WEIGHTS)
    close(torch.cat(best), (q.sigma**2 / V**2).expand(2))

PRECISION = torch.tensor([[2.0, 0.9], [0.9, 1.5]], dtype=torch.float64)

CENTRE = tensor(0.4, -0.3)


def test_conditionals_by_hand():
    q = DiagonalGaussian.from_sigma([0.1, 0.6], [0.5, 0.8])
    given, coupling = rp.conditionals(q, CENTRE, PRECISION)
    # conditional mean m_1 - L12 (z_2 - m_2) / L11 with z_2 = mu_2, and the mirror image
    close(given.mu, tensor(0.4 - 0.9 * 0.9 / 2, -0.3 + 0.9 * 0.3 / 1.5))
    close(given.sigma, tensor(2**-0.5, 1.5**-0.5))
    close(coupling, tensor(0.81 * 0.64, 0.81 * 0.25))


@pytest.mark.parametrize("weight", [0.0, 0.7, 1.0])
def test_the_variance_under_a_correlated_posterior(weight):
    q = DiagonalGaussian.from_sigma([0.1, 0.6], [0.5, 0.8])
    eps, weights = map(torch.from_numpy, quadrature.normal_nodes(2, 8))
    draws = estimators.controlled(lambda z: -0.5 * ((z - CENTRE) @ PRECISION * (z - CENTRE)).sum(-1), q, eps, weight)
    given, coupling = rp.conditionals(q, CENTRE, PRECISION)
    mean, variance = rp.exact_moments(draws, weights)
    close(mean, rp.gaussian_gradient(q, given))
    close(variance, rp.gaussian_variance(q, given, weight, coupling))


@pytest.mark.parametrize("precision", [torch.eye(3), torch.tensor([[1.0, 0.5], [0.4, 1.0]]), -torch.eye(2),
                                       torch.tensor([[0.0, 0.1], [0.1, 1.0]])],
                         ids=["shape", "asymmetric", "negative", "zero"])
def test_conditionals_refuse_a_bad_precision(precision):
    with pytest.raises(ValueError, match="precision must be symmetric"):
        rp.conditionals(DiagonalGaussian.from_sigma([0.0, 0.0], [1.0, 1.0]), CENTRE, precision.double())


def test_conditionals_take_a_precision_of_any_size():
    # a tenth of the precision: deviations grow by the root of ten, centres stay
    q = DiagonalGaussian.from_sigma([0.1, 0.6], [0.5, 0.8])
    (plain, _), (wide, _) = (rp.conditionals(q, CENTRE, scale * PRECISION) for scale in (1.0, 0.1))
    close(wide.mu, plain.mu)
    close(wide.sigma, 10**0.5 * plain.sigma)


def test_ascent_along_the_path_reaches_the_posterior():
    start = DiagonalGaussian.from_sigma([0.0], [1.0])
    track = rp.ascend(estimators.path_derivative, log_joint, start, noise.normal("test/ascent", 400, 10, 1), 0.03)
    close(track[-1, :, 0], tensor(M, V), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rate", [0.0, -0.1, math.nan])
def test_ascent_refuses_a_bad_rate(rate):
    with pytest.raises(ValueError, match="rate must be positive"):
        rp.ascend(estimators.path_derivative, log_joint, POSTERIOR, EPS[None], rate)

X = tensor(-1.0, 0.3, 2.0)


def test_the_encoder_by_hand():
    q = rp.linear_encoder(tensor(0.5, 0.1, -0.7), X)
    close(q.mu, tensor(-0.4, 0.25, 1.1))
    close(q.log_sigma, tensor(-0.7, -0.7, -0.7))


def test_the_encoder_gradient_sums_over_data():
    draws = GradientDraws(torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]).double(),
                          torch.tensor([[4.0, 5.0, 6.0], [1.0, 0.0, 0.0]]).double())
    # sum g x = -1 + 0.6 + 6, sum g = 6, sum h = 15
    close(rp.encoder_gradient(draws, X), torch.tensor([[5.6, 6.0, 15.0], [2.0, 1.0, 1.0]], dtype=torch.float64))


def test_the_encoder_refuses_a_wrong_number_of_parameters():
    with pytest.raises(ValueError, match=r"phi must have shape \(3,\)"):
        rp.linear_encoder(tensor(0.5, 0.1), X)


def test_moments_of_a_known_pair():
    draws = GradientDraws(tensor(0.0, 2.0)[:, None], tensor(1.0, 5.0)[:, None])
    mean, variance = rp.exact_moments(draws, tensor(0.25, 0.75))
    close(torch.cat(mean), tensor(1.5, 4.0))  # 0.75 * 2; 0.25 + 3.75
    close(torch.cat(variance), tensor(0.75, 3.0))  # p (1 - p) times the squared gap


@pytest.mark.parametrize("name", EXERCISES)
def test_each_known_mistake_gets_its_hint_and_the_reference_passes(name):
    exercise = EXERCISES[name]
    assert grade(f"reparameterization/{name}", exercise.reference).right
    for mistake, hint in exercise.mistakes:
        verdict = grade(f"reparameterization/{name}", mistake)
        assert not verdict.right
        assert hint in verdict.text


def test_the_uniform_edge():
    # E f = theta / 2 for f(z) = z: 1/2
    z = (np.arange(1000) + 0.5) / 500
    exercise = EXERCISES["edge"].reference
    assert abs(exercise(lambda z: z, 2.0, z) - 0.5) < 1e-9


def test_the_path_derivative_is_biased_on_a_uniform():
    model, theta = elbo.ConjugateGaussian(1.2), 1.5
    parts = quadrature.integral(
        lambda u: torch.stack(rp.chain_rule(lambda z, t: model.log_joint(z) + torch.log(t), lambda u, t: t * u, theta,
                                            torch.from_numpy(u))), 0.0, 1.0)
    exact = derivatives.derivative(lambda t: elbo.elbo(model.log_joint, elbo.uniform(0.0, t)), theta)
    assert abs(parts.sum() - exact) < 1e-8
    assert abs(parts[0] - exact + 1 / theta) < 1e-8
