"""Gradients of the importance-weighted bound: by hand, against autograd, unbiased or not, and in extremes."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import noise
from reparam.chapters import importance as chapter
from reparam.estimators import bounds, importance, values
from reparam.laws.gaussian import DiagonalGaussian

F64 = torch.float64
Q = DiagonalGaussian.from_sigma([0.3, -0.5], [0.8, 1.2])
PATHS = importance.total_path, importance.dropped_score, importance.doubly_reparameterized


def joint(z):
    return -0.5 * (z * z).sum(-1) + torch.sin(z[:, 0]) - 0.1 * z[:, 1] ** 4


def exact(estimator, q, eps, mass, **options):
    return mass @ torch.cat(estimator(chapter.log_joint, q, eps, **options), 1)


def test_weights_are_joint_less_density():
    eps = noise.normal("test/weights", 4, 3, 2)
    z = Q.path(eps)
    assert_close(importance.log_weights(joint, Q, eps), joint(z.view(-1, 2)).view(4, 3) - Q.log_density(z))


def test_total_path_is_what_autograd_gives():
    eps = noise.normal("test/autograd", 5, 4, 2)
    mu, log_sigma = (p.expand(5, 1, 2).clone().requires_grad_() for p in (Q.mu, Q.log_sigma))
    z = mu + log_sigma.exp() * eps
    density = -0.5 * (((z - mu) / log_sigma.exp()) ** 2 + math.log(2 * math.pi)).sum(-1) - log_sigma.sum(-1)
    (joint(z.view(-1, 2)).view(5, 4) - density).logsumexp(1).sum().backward()
    g = importance.total_path(joint, Q, eps)
    assert_close(g.mu, mu.grad[:, 0])
    assert_close(g.log_sigma, log_sigma.grad[:, 0])


def test_one_draw_gives_the_gradients_of_the_elbo():
    eps = noise.normal("test/single", 6, 1, 2)
    single = bounds.total_derivative, bounds.path_derivative, bounds.path_derivative
    for ours, theirs in zip(PATHS, single, strict=True):
        for a, b in zip(ours(joint, Q, eps), theirs(joint, Q, eps[:, 0]), strict=True):
            assert_close(a, b)
    plain = importance.score_form(joint, Q, eps, "none")
    score = values.score_function(bounds.elbo_integrand(joint, Q), Q, eps[:, 0])
    # the score form carries -share * score as well, whose share is one here: log w - 1 in place of log w
    assert_close(plain.mu, score.mu - Q.score(eps[:, 0]).mu)


def test_two_draws_by_hand():
    # weights 3 and 1 at z = 0.5 and z = -1: shares 3/4 and 1/4; q = N(0, 1), so b = z + slope of log p
    q = DiagonalGaussian.from_sigma([0.0], [1.0])
    eps = torch.tensor([[[0.5], [-1.0]]], dtype=F64)

    def joint_of(z):
        w = torch.where(z[:, 0] > 0, 3.0, 1.0).to(F64).log()
        return w + 2 * (z[:, 0] - z[:, 0].detach()) + q.log_density(z.detach())

    b = torch.tensor([2 + 0.5, 2 - 1.0], dtype=F64)
    share, s = torch.tensor([0.75, 0.25], dtype=F64), torch.tensor([0.5, -1.0], dtype=F64)
    for estimator, want in zip(PATHS, (share * (b - s), share * b, share**2 * b), strict=True):
        assert_close(estimator(joint_of, q, eps).mu, want.sum()[None, None])
    log_w = torch.tensor([[3.0, 1.0]], dtype=F64).log()
    # none: log 2 - share; the geometric mean of the single other weight is that weight
    assert_close(importance.brackets(log_w, "none"), (math.log(2.0) - share)[None])
    for baseline, logs in (("rest", (math.log(4), math.log(4 / 3))), ("vimco", (math.log(2), math.log(2 / 3)))):
        assert_close(importance.brackets(log_w, baseline), torch.tensor([logs], dtype=F64) - share)
    assert_close(importance.score_form(joint_of, q, eps).mu[0, 0], importance.brackets(log_w, "rest")[0] @ s)


@pytest.mark.parametrize("sigma", [0.9, 1.0, 1.2])
def test_all_but_one_are_unbiased(sigma):
    q = DiagonalGaussian.from_sigma([0.6], [sigma])
    eps, mass = map(torch.from_numpy, chapter.node_groups(2))
    truth = exact(importance.total_path, q, eps, mass)
    others = [exact(importance.doubly_reparameterized, q, eps, mass)]
    others += [exact(importance.score_form, q, eps, mass, baseline=b) for b in importance.BASELINES]
    for other in others:
        assert_close(other, truth, rtol=1e-6, atol=1e-6)
    # negative control: the same check must refuse the biased one, and a bracket without the share
    assert (exact(importance.dropped_score, q, eps, mass) - truth).abs()[0] > 0.05
    shares = importance.log_weights(chapter.log_joint, q, eps).softmax(1)[..., None]
    wrong = exact(importance.score_form, q, eps, mass)[0] + mass @ (shares * q.score(eps).mu).sum(1)[:, 0]
    assert abs(wrong - truth[0]) > 0.05


def test_path_forms_land():
    q, eps = DiagonalGaussian.from_sigma([0.0], [1.0]), noise.normal("test/landed", 7, 3, 1)
    for estimator in (importance.dropped_score, importance.doubly_reparameterized):
        assert_close(torch.cat(estimator(chapter.log_joint, q, eps)), torch.zeros(14, 1, dtype=F64), atol=1e-12, rtol=0)


@pytest.mark.parametrize("gap", [0.0, 40.0, 800.0, 1e5])
def test_brackets_stay_finite_where_one_weight_outgrows_the_others(gap):
    log_w = torch.tensor([[gap, 0.0, -1.0]], dtype=F64) - 1e4
    rest = importance.brackets(log_w, "rest")
    # 1 - share of the first is (1 + 1/e) / (e^gap + 1 + 1/e)
    others = math.log(1 + math.exp(-1))
    want = np.logaddexp(gap, others) - others - 1 / (1 + math.exp(others - gap))
    assert_close(rest[0, 0], torch.tensor(want, dtype=F64))
    assert torch.isfinite(importance.brackets(log_w, "vimco")).all()
    assert (rest >= 0).all()


def test_draws_carry_no_gradient():
    live = DiagonalGaussian(*(p.clone().requires_grad_() for p in (Q.mu, Q.log_sigma)))
    eps = noise.normal("test/no-grad", 3, 2, 2)
    for estimator in (*PATHS, importance.score_form):
        assert not any(g.requires_grad for g in estimator(joint, live, eps))
    assert not importance.log_weights(joint, live, eps).requires_grad


@pytest.mark.parametrize(("call", "word"), [
    (lambda: importance.total_path(joint, Q, torch.zeros(3, 2, dtype=F64)), "eps must"),
    (lambda: importance.score_form(joint, Q, torch.full((3, 2, 2), math.nan, dtype=F64)), "eps must"),
    (lambda: importance.score_form(joint, Q, torch.zeros(3, 1, 2, dtype=F64)), "K at least 2"),
    (lambda: importance.doubly_reparameterized(lambda z: z, Q, torch.zeros(3, 2, 2, dtype=F64)), "log_joint must"),
    (lambda: importance.brackets(torch.zeros(3, 2), "mean"), "baseline must"),
    (lambda: importance.brackets(torch.zeros(3), "none"), "log_w must"),
], ids=["shape", "nan", "lone", "cost", "name", "axes"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
