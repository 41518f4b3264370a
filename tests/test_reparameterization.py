"""Gradients through the sample: their means, their variances, and the boundary between them."""

import math

import numpy as np
import pytest
import torch

from reparam import checks, elbo, noise, quadrature
from reparam import reparameterization as rp
from reparam.exercises.reparameterization import EXERCISES
from reparam.gaussian import DiagonalGaussian, GradientDraws
from reparam.grader import grade
from reparam.sgvi import elbo_integrand, score_function

CLOSE = {"rtol": 1e-10, "atol": 1e-10}
M, V = 0.7, 0.6
POSTERIOR = DiagonalGaussian.from_sigma([M], [V])
EPS, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(1))
QS = [pytest.param(DiagonalGaussian.from_sigma([mu], [sigma]), id=f"mu={mu},sigma={sigma}")
      for mu, sigma in ((0.7, 0.6), (-0.3, 0.9), (1.5, 0.2), (0.1, V / math.sqrt(2)))]


def log_joint(z):
    return -0.5 * ((z - M) / V).square().sum(-1) - 3.0


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def close(actual, expected, **tolerance):
    torch.testing.assert_close(actual, expected, **(tolerance or CLOSE))


@pytest.mark.parametrize("q", QS)
@pytest.mark.parametrize("estimator", [rp.total_derivative, rp.path_derivative], ids=["total", "path"])
def test_the_mean_of_both_estimators_is_the_gradient(estimator, q):
    # L = const - ((mu - m)^2 + sigma^2) / 2 v^2 + log sigma
    expected = (M - q.mu) / V**2, 1 - q.sigma**2 / V**2
    mean, _ = rp.exact_moments(estimator(log_joint, q, EPS), WEIGHTS)
    close(tuple(mean), expected)
    close(tuple(rp.gaussian_gradient(q, POSTERIOR)), expected)


@pytest.mark.parametrize("q", QS)
def test_wrong_estimators_do_not_have_the_gradient_as_mean(q):
    exact = torch.cat(rp.gaussian_gradient(q, POSTERIOR))

    def refused(draws):
        mean, _ = rp.exact_moments(draws, WEIGHTS)
        with pytest.raises(checks.CheckFailed):
            checks.equal("S18", torch.cat(mean), exact, tol=1e-6)

    refused(rp.pathwise(log_joint, q, EPS))  # entropy dropped
    refused(rp.path_derivative(lambda z: log_joint(z.detach()), q, EPS))  # slope of the model hidden
    refused(rp.pathwise(lambda z: log_joint(z) + q.log_density(z), q, EPS))  # sign of the entropy flipped


def test_one_draw_of_both_estimators_by_hand():
    q = DiagonalGaussian.from_sigma([0.2], [0.5])
    eps = tensor(1.5)[:, None]
    # z = 0.95; slope of log p: -(0.95 - 0.7) / 0.36; slope of -log q: 1.5 / 0.5; times 1 and sigma eps = 0.75
    along = -0.25 / 0.36 + 3.0
    close(torch.cat(rp.path_derivative(log_joint, q, eps)), tensor(along, 0.75 * along)[:, None])
    # less the score (eps / sigma, eps^2 - 1) = (3, 1.25)
    close(torch.cat(rp.total_derivative(log_joint, q, eps)), tensor(along - 3, 0.75 * along - 1.25)[:, None])


def test_pathwise_of_a_square():
    q = DiagonalGaussian.from_sigma([1.0, -2.0], [0.5, 3.0])
    eps = tensor(0.3, -1.0)[None]
    z = tensor(1.15, -5.0)
    # f = |z|^2: slope 2 z, times 1 and sigma eps
    draws = rp.pathwise(lambda z: z.square().sum(-1), q, eps)
    close(draws, GradientDraws((2 * z)[None], (2 * z * tensor(0.15, -3.0))[None]))


def test_live_parameters_do_not_leak_into_the_draws():
    live = DiagonalGaussian(tensor(1.0).requires_grad_(), tensor(-0.3).requires_grad_())
    frozen = live.detach()
    for estimator in (rp.path_derivative, rp.total_derivative):
        draws = estimator(log_joint, live, EPS)
        assert not any(g.requires_grad for g in draws)
        close(draws, estimator(log_joint, frozen, EPS))


def test_pathwise_refuses_a_cost_that_hides_its_slope():
    q = DiagonalGaussian.from_sigma([1.0], [0.5])
    with pytest.raises(ValueError, match="cost must be differentiable"):
        rp.pathwise(lambda z: z.detach().sum(-1), q, EPS)


@pytest.mark.parametrize("eps", [torch.zeros(3, 2), torch.zeros(3, 1, dtype=torch.int64), torch.full((3, 1), math.nan)],
                         ids=["shape", "integer", "nan"])
@pytest.mark.parametrize("estimator", [rp.total_derivative, rp.path_derivative], ids=["total", "path"])
def test_bad_noise_is_refused(estimator, eps):
    with pytest.raises(ValueError, match="eps must"):
        estimator(log_joint, DiagonalGaussian.from_sigma([1.0], [0.5]), eps)


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


@pytest.mark.parametrize("q", QS)
def test_autograd_agrees_with_both_estimators(q):
    def bound(z, log_sigma):
        law = DiagonalGaussian(q.mu.expand(len(z), 1), log_sigma[:, None])
        return log_joint(z[:, None]) - law.log_density(z[:, None])

    parts = rp.chain_rule(bound, lambda e, log_sigma: q.mu + log_sigma.exp() * e, float(q.log_sigma), EPS[:, 0])
    close(rp.path_derivative(log_joint, q, EPS).log_sigma[:, 0], parts.path)
    close(rp.total_derivative(log_joint, q, EPS).log_sigma[:, 0], parts.path + parts.direct)


def test_derivative_is_exact_up_to_degree_four():
    assert abs(rp.derivative(lambda t: t**4 - t, 1.5, step=0.5) - 12.5) < 1e-12  # 4 * 1.5^3 - 1
    # error h^4 f^(5) / 30 = 0.0625 * 120 / 30 for t^5
    assert abs(rp.derivative(lambda t: t**5, 0.0, step=0.5) + 0.25) < 1e-12


def test_derivative_steps_one_two_hundredth():
    asked = []
    rp.derivative(lambda t: asked.append(t) or t, 0.0)
    assert sorted(asked) == [-0.01, -0.005, 0.005, 0.01]


@pytest.mark.parametrize("step", [0.0, -1e-3, math.nan])
def test_derivative_refuses_a_bad_step(step):
    with pytest.raises(ValueError, match="step must be positive"):
        rp.derivative(math.sin, 0.0, step)


@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0, -2.0])
@pytest.mark.parametrize("q", QS)
def test_the_closed_variance_is_that_of_the_draws(q, weight):
    _, variance = rp.exact_moments(rp.controlled(log_joint, q, EPS, weight), WEIGHTS)
    close(rp.gaussian_variance(q, POSTERIOR, weight), variance)


def test_the_closed_variance_by_hand():
    # r = 0.25, sigma = 0.5, v = 1, offset 2: mu (1 - r)^2 / sigma^2; log sigma: sigma^2 2^2 + 2 (1 - r)^2
    q, posterior = DiagonalGaussian.from_sigma([2.0], [0.5]), DiagonalGaussian.from_sigma([0.0], [1.0])
    variance = rp.gaussian_variance(q, posterior, 1.0)
    close(torch.cat(variance), tensor(0.5625 / 0.25, 1.0 + 1.125))


def test_draws_keep_no_graph_of_the_parameters():
    q = DiagonalGaussian(tensor(0.1).requires_grad_(), tensor(-0.2).requires_grad_())
    assert not any(g.requires_grad for g in rp.controlled(log_joint, q, EPS, 0.5))
    weights = torch.full((len(EPS),), 1 / len(EPS), dtype=torch.float64)
    assert not any(g.requires_grad for g in rp.best_weight(log_joint, q, EPS, weights))


def test_weights_zero_and_one_are_the_two_estimators():
    q = DiagonalGaussian.from_sigma([0.1], [0.8])
    close(rp.controlled(log_joint, q, EPS, 0), rp.total_derivative(log_joint, q, EPS))
    close(rp.controlled(log_joint, q, EPS, 1), rp.path_derivative(log_joint, q, EPS))


@pytest.mark.parametrize("mu", [-2.0, M, 3.0])
@pytest.mark.parametrize(("ratio", "sign"), [(0.49, 1), (0.5, 0), (0.51, -1)], ids=["narrow", "tie", "wide"])
def test_the_boundary_is_half_the_posterior_variance(mu, ratio, sign):
    q = DiagonalGaussian.from_sigma([mu], [V * math.sqrt(ratio)])
    moments = [rp.exact_moments(f(log_joint, q, EPS), WEIGHTS)[1] for f in (rp.path_derivative, rp.total_derivative)]
    difference = torch.cat(moments[0]) - torch.cat(moments[1])
    # (1 - 2 r) / sigma^2 and 2 (1 - 2 r)
    close(difference, tensor((1 - 2 * ratio) / (V**2 * ratio), 2 * (1 - 2 * ratio)))
    assert (difference.abs().lt(1e-10) if sign == 0 else difference.sign() == sign).all()


def test_the_path_derivative_lands():
    draws = rp.path_derivative(log_joint, POSTERIOR, noise.normal("test/landing", 50, 1))
    close(torch.cat(draws), torch.zeros(100, 1, dtype=torch.float64))


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
    draws = rp.controlled(lambda z: -0.5 * ((z - CENTRE) @ PRECISION * (z - CENTRE)).sum(-1), q, eps, weight)
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


def test_ascent_takes_the_steps_of_the_estimator():
    start = DiagonalGaussian.from_sigma([0.0], [1.0])
    steps = noise.normal("test/steps", 2, 5, 1)
    track = rp.ascend(rp.total_derivative, log_joint, start, steps, 0.1)
    first = rp.total_derivative(log_joint, start, steps[0])
    assert track.shape == (3, 2, 1)
    close(track[0, :, 0], tensor(0.0, 1.0))
    close(track[1, :, 0], tensor(0.1 * float(first.mu.mean()), math.exp(0.1 * float(first.log_sigma.mean()))))


def test_ascent_along_the_path_reaches_the_posterior():
    start = DiagonalGaussian.from_sigma([0.0], [1.0])
    track = rp.ascend(rp.path_derivative, log_joint, start, noise.normal("test/ascent", 400, 10, 1), 0.03)
    close(track[-1, :, 0], tensor(M, V), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("rate", [0.0, -0.1, math.nan])
def test_ascent_refuses_a_bad_rate(rate):
    with pytest.raises(ValueError, match="rate must be positive"):
        rp.ascend(rp.path_derivative, log_joint, POSTERIOR, EPS[None], rate)


@pytest.mark.parametrize(("estimator", "slopes"), [
    (lambda f, q, eps: score_function(elbo_integrand(f, q), q, eps), 0), (rp.total_derivative, 40),
    (rp.path_derivative, 40)], ids=["score", "total", "path"])
def test_what_each_estimator_asks_of_the_model(estimator, slopes):
    counted = rp.Counted(log_joint)
    plain, seen = (estimator(f, POSTERIOR, EPS) for f in (log_joint, counted))
    assert (counted.values, counted.slopes) == (40, slopes)
    close(seen, plain)
    estimator(counted, POSTERIOR, EPS)
    assert (counted.values, counted.slopes) == (80, 2 * slopes)


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


def test_the_picture_ties_each_noise_to_its_sample():
    q, eps = DiagonalGaussian.from_sigma([0.5], [2.0]), tensor(-1.0, 0.25)[:, None]
    lines = rp.draw_strings(q, POSTERIOR, eps).axes[0].lines
    ends = [line.get_xdata().tolist() for line in lines[:2]]
    assert ends == [[-1.0, -1.5], [0.25, 1.0]]


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
    exact = rp.derivative(lambda t: elbo.elbo(model.log_joint, elbo.uniform(0.0, t)), theta)
    assert abs(parts.sum() - exact) < 1e-8
    assert abs(parts[0] - exact + 1 / theta) < 1e-8
