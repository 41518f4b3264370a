"""Gradients of the bound."""

import math

import pytest
import torch
from samples.posterior import EPS, POSTERIOR, QS, WEIGHTS, M, V, close, log_joint, tensor
from torch.testing import assert_close

from reparam import estimators, noise, quadrature
from reparam.chapters import elbo
from reparam.chapters import reparameterization as rp
from reparam.estimators.bounds import elbo_integrand, total_derivative
from reparam.estimators.values import score_function
from reparam.laws.gaussian import DiagonalGaussian

MODEL = elbo.ConjugateGaussian(1.2, 1.0, 0.8)


def joint(z):
    return MODEL.log_joint(z).sum(-1)


def phi_at(mu, sigma, d=1):
    return torch.tensor([[mu] * d, [math.log(sigma)] * d], dtype=torch.float64)


def test_the_gradient_of_many_has_the_mean_of_the_path():
    eps, mass = map(torch.from_numpy, quadrature.normal_nodes(1, 60))
    ours = torch.einsum("n,nrd->rd", mass, estimators.elbo_gradient(joint, phi_at(0.2, 0.5), eps))
    path = estimators.total_derivative(joint, DiagonalGaussian(*phi_at(0.2, 0.5)), eps)
    assert_close(ours, torch.stack([mass @ g for g in path]))


def test_many_gaussians_at_once_equal_one_after_the_other():
    phi = torch.stack([phi_at(0.2, 0.5, 2), phi_at(-0.4, 1.2, 2), phi_at(1.0, 0.3, 2)], dim=1)
    eps = noise.normal("test/many", 4, 3, 2)
    together = estimators.elbo_gradient(joint, phi, eps)
    assert together.shape == (4, 2, 3, 2)
    for r in range(3):
        assert_close(together[:, :, r], estimators.elbo_gradient(joint, phi[:, r], eps[:, r]))


def test_draws_carry_no_gradient():
    phi = phi_at(0.2, 0.5).requires_grad_()
    assert not estimators.elbo_gradient(joint, phi, EPS).requires_grad
    assert not estimators.elbo_integrand(joint, DiagonalGaussian(*phi))(EPS).requires_grad
    weight = torch.ones((), dtype=torch.float64, requires_grad=True)
    draws = estimators.score_function(lambda z: weight * z[:, 0], DiagonalGaussian(*phi), EPS)
    assert not draws.mu.requires_grad


def test_integrand_is_log_ratio():
    # at q = posterior the log ratio is log p(x) everywhere
    q = DiagonalGaussian.from_sigma([MODEL.posterior[0]], [MODEL.posterior[1]])
    values = estimators.elbo_integrand(joint, q)(EPS)
    assert_close(values, torch.full_like(values, MODEL.log_evidence))


def test_one_draw_of_both_estimators_by_hand():
    q = DiagonalGaussian.from_sigma([0.2], [0.5])
    eps = tensor(1.5)[:, None]
    # z = 0.95; slope of log p: -(0.95 - 0.7) / 0.36; slope of -log q: 1.5 / 0.5; times 1 and sigma eps = 0.75
    along = -0.25 / 0.36 + 3.0
    close(torch.cat(estimators.path_derivative(log_joint, q, eps)), tensor(along, 0.75 * along)[:, None])
    # less the score (eps / sigma, eps^2 - 1) = (3, 1.25)
    close(torch.cat(estimators.total_derivative(log_joint, q, eps)), tensor(along - 3, 0.75 * along - 1.25)[:, None])


def test_live_parameters_do_not_leak_into_the_draws():
    live = DiagonalGaussian(tensor(1.0).requires_grad_(), tensor(-0.3).requires_grad_())
    frozen = live.detach()
    for estimator in (estimators.path_derivative, estimators.total_derivative):
        draws = estimator(log_joint, live, EPS)
        assert not any(g.requires_grad for g in draws)
        close(draws, estimator(log_joint, frozen, EPS))


def test_score_and_total_are_both_estimators_by_one_evaluation_of_the_log_joint():
    q, seen = DiagonalGaussian.from_sigma([0.2, -0.4], [0.5, 0.9]), []

    def log_joint(z):
        seen.append(len(z))
        return (z**3).sum(-1)

    eps = torch.tensor([[0.3, -1.0], [1.2, 0.1], [-0.7, 2.0]], dtype=torch.float64)
    score, total = estimators.score_and_total(log_joint, q, eps)
    assert seen == [3]
    close(torch.cat(score), torch.cat(estimators.score_function(elbo_integrand(log_joint, q), q, eps)))
    close(torch.cat(total), torch.cat(estimators.total_derivative(log_joint, q, eps)))


@pytest.mark.parametrize("eps", [torch.zeros(3, 2), torch.zeros(3, 1, dtype=torch.int64), torch.full((3, 1), math.nan)],
                         ids=["shape", "integer", "nan"])
@pytest.mark.parametrize("estimator", [estimators.total_derivative, estimators.path_derivative], ids=["total", "path"])
def test_bad_noise_is_refused(estimator, eps):
    with pytest.raises(ValueError, match="eps must"):
        estimator(log_joint, DiagonalGaussian.from_sigma([1.0], [0.5]), eps)


@pytest.mark.parametrize("q", QS)
def test_autograd_agrees_with_both_estimators(q):
    def bound(z, log_sigma):
        law = DiagonalGaussian(q.mu.expand(len(z), 1), log_sigma[:, None])
        return log_joint(z[:, None]) - law.log_density(z[:, None])

    parts = rp.chain_rule(bound, lambda e, log_sigma: q.mu + log_sigma.exp() * e, float(q.log_sigma), EPS[:, 0])
    close(estimators.path_derivative(log_joint, q, EPS).log_sigma[:, 0], parts.path)
    close(estimators.total_derivative(log_joint, q, EPS).log_sigma[:, 0], parts.path + parts.direct)


def test_weights_zero_and_one_are_the_two_estimators():
    q = DiagonalGaussian.from_sigma([0.1], [0.8])
    close(estimators.controlled(log_joint, q, EPS, 0), estimators.total_derivative(log_joint, q, EPS))
    close(estimators.controlled(log_joint, q, EPS, 1), estimators.path_derivative(log_joint, q, EPS))


@pytest.mark.parametrize("mu", [-2.0, M, 3.0])
@pytest.mark.parametrize(("ratio", "sign"), [(0.49, 1), (0.5, 0), (0.51, -1)], ids=["narrow", "tie", "wide"])
def test_the_boundary_is_half_the_posterior_variance(mu, ratio, sign):
    q = DiagonalGaussian.from_sigma([mu], [V * math.sqrt(ratio)])
    both = estimators.path_derivative, estimators.total_derivative
    moments = [rp.exact_moments(f(log_joint, q, EPS), WEIGHTS)[1] for f in both]
    difference = torch.cat(moments[0]) - torch.cat(moments[1])
    # (1 - 2 r) / sigma^2 and 2 (1 - 2 r)
    close(difference, tensor((1 - 2 * ratio) / (V**2 * ratio), 2 * (1 - 2 * ratio)))
    assert (difference.abs().lt(1e-10) if sign == 0 else difference.sign() == sign).all()


def test_the_path_derivative_lands():
    draws = estimators.path_derivative(log_joint, POSTERIOR, noise.normal("test/landing", 50, 1))
    close(torch.cat(draws), torch.zeros(100, 1, dtype=torch.float64))


def test_ascent_takes_the_steps_of_the_estimator():
    start = DiagonalGaussian.from_sigma([0.0], [1.0])
    steps = noise.normal("test/steps", 2, 5, 1)
    track = rp.ascend(estimators.total_derivative, log_joint, start, steps, 0.1)
    first = estimators.total_derivative(log_joint, start, steps[0])
    assert track.shape == (3, 2, 1)
    close(track[0, :, 0], tensor(0.0, 1.0))
    close(track[1, :, 0], tensor(0.1 * float(first.mu.mean()), math.exp(0.1 * float(first.log_sigma.mean()))))


@pytest.mark.parametrize(("estimator", "slopes"), [
    (lambda f, q, eps: score_function(elbo_integrand(f, q), q, eps), 0), (estimators.total_derivative, 40),
    (estimators.path_derivative, 40)], ids=["score", "total", "path"])
def test_what_each_estimator_asks_of_the_model(estimator, slopes):
    counted = rp.Counted(log_joint)
    plain, seen = (estimator(f, POSTERIOR, EPS) for f in (log_joint, counted))
    assert (counted.values, counted.slopes) == (40, slopes)
    close(seen, plain)
    estimator(counted, POSTERIOR, EPS)
    assert (counted.values, counted.slopes) == (80, 2 * slopes)


MU, SIGMA = -0.3, 1.2
Q_ONE = DiagonalGaussian.from_sigma([MU], [SIGMA])

CONJUGATE = elbo.ConjugateGaussian(x=0.9, tau=1.3, s=0.7)


def joint_of_one(z):
    return CONJUGATE.log_joint(z[:, 0])


def test_analytic_entropy_is_the_total_derivative_draw_by_draw():
    eps = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    live = [p.expand_as(eps).clone().requires_grad_() for p in (Q_ONE.mu, Q_ONE.log_sigma)]
    q = DiagonalGaussian(*live)
    z = q.path(eps)
    by_autograd = torch.autograd.grad((joint_of_one(z) - q.log_density(z)).sum(), live)
    for estimator in (estimators.analytic_entropy, total_derivative):
        for ours, theirs in zip(estimator(joint_of_one, Q_ONE, eps), by_autograd, strict=True):
            torch.testing.assert_close(ours, theirs)


def test_analytic_kl_uses_the_prior_mean():
    prior = DiagonalGaussian.from_sigma([2.0], [0.5])
    g = estimators.analytic_kl(lambda z: 0 * z[:, 0], Q_ONE, EPS[:1], prior)
    # derivative of -KL: -(mu - m)/tau^2 and 1 - sigma^2/tau^2
    want = torch.tensor([-(MU - 2) * 4, 1 - 4 * SIGMA**2], dtype=torch.float64)
    torch.testing.assert_close(torch.cat(g).ravel(), want)


def test_analytic_kl_and_entropy_carry_no_graph():
    live = DiagonalGaussian(*(p.clone().requires_grad_() for p in (Q_ONE.mu, Q_ONE.log_sigma)))
    eps = noise.normal("test/live", 3, 1)
    prior = DiagonalGaussian.from_sigma([0.0], [1.0])
    assert not any(g.requires_grad for g in estimators.analytic_kl(joint_of_one, live, eps, prior))
    assert not any(g.requires_grad for g in estimators.analytic_entropy(joint_of_one, live, eps))
