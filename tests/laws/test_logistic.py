"""Logistic regression: log densities by hand, the exact bound and gradient, the optimum, bad input."""

import math

import numpy as np
import pytest
import torch

from reparam import quadrature
from reparam.laws.gaussian import DiagonalGaussian
from reparam.laws.logistic import LogisticRegression, tumours

X = np.array([[1.0, 0.5], [1.0, -1.5], [1.0, 0.2], [1.0, 2.0]])
Y = np.array([1, -1, -1, 1])
DATA = LogisticRegression(X, Y, tau=1.5)
Q = DiagonalGaussian.from_sigma([0.3, -0.4], [0.7, 1.1])


def test_log_joint_by_hand():
    z = np.array([0.4, -0.9])
    likelihood = sum(-math.log1p(math.exp(-y * (x @ z))) for x, y in zip(X, Y, strict=True))
    prior = sum(-0.5 * (t / 1.5) ** 2 - math.log(1.5) - 0.5 * math.log(2 * math.pi) for t in z)
    assert DATA.log_likelihood(torch.tensor(z)[None]).item() == pytest.approx(likelihood, abs=1e-12)
    assert DATA.log_joint(torch.tensor(z)[None]).item() == pytest.approx(likelihood + prior, abs=1e-12)


def test_bound_equals_quadrature_over_all_of_z():
    eps, w = (torch.from_numpy(a) for a in quadrature.normal_nodes(2, 60))
    z = Q.path(eps)
    want = w @ (DATA.log_joint(z) - Q.log_density(z))
    torch.testing.assert_close(DATA.elbo(Q, nodes=60), want, rtol=0, atol=1e-7)


def test_default_nodes_are_enough():
    torch.testing.assert_close(DATA.elbo(Q), DATA.elbo(Q, nodes=100), rtol=0, atol=1e-6)


def test_gradient_equals_finite_differences():
    h, got = 1e-5, DATA.gradient(Q)
    for i in range(2):
        step = torch.eye(2, dtype=torch.float64)[i] * h
        for name, by in (("mu", (step, 0 * step)), ("log_sigma", (0 * step, step))):
            up, down = (DATA.elbo(DiagonalGaussian(Q.mu + s * by[0], Q.log_sigma + s * by[1])) for s in (1, -1))
            assert getattr(got, name)[i].item() == pytest.approx((up - down).item() / (2 * h), abs=1e-7)


def test_best_is_stationary_and_better_than_its_neighbours():
    best = DATA.best()
    assert torch.cat(DATA.gradient(best)).abs().max() < 1e-5
    for shift in (-0.05, 0.05):
        assert DATA.elbo(DiagonalGaussian(best.mu + shift, best.log_sigma)) < DATA.elbo(best)
        assert DATA.elbo(DiagonalGaussian(best.mu, best.log_sigma + shift)) < DATA.elbo(best)


def test_best_has_a_mean_and_a_deviation_for_each_of_three_features():
    three = LogisticRegression(torch.eye(3, dtype=torch.float64), [1, -1, 1])
    best = three.best()
    # the data do not couple the coordinates, and the sign of a label turns one round
    torch.testing.assert_close(best.mu, best.mu[0] * torch.tensor([1.0, -1.0, 1.0]).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(best.log_sigma, best.log_sigma[0].expand(3), atol=1e-5, rtol=0)
    assert best.mu[0] > 0.1


def test_prior_has_the_given_deviation_and_one_by_default():
    torch.testing.assert_close(DATA.prior.sigma, torch.full((2,), 1.5, dtype=torch.float64))
    torch.testing.assert_close(LogisticRegression(X, Y).prior.sigma, torch.ones(2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("features", "labels", "tau", "match"),
    [
        (X, Y[:3], 1.0, r"must fit, got \(4, 2\) and \(3,\)"),
        (X[:, 0], Y, 1.0, r"must fit, got \(4,\) and \(4,\)"),
        (X, (Y + 1) / 2, 1.0, "labels must be"),
        (X * math.nan, Y, 1.0, "features must be finite"),
        (X, Y, 0.0, "tau must be positive"),
    ],
    ids=["lengths", "one axis", "zero and one", "nan", "tau"],
)
def test_bad_input_is_named(features, labels, tau, match):
    with pytest.raises(ValueError, match=match):
        LogisticRegression(features, labels, tau)


def test_tumours_as_published():
    # 357 benign and 212 malignant; the first is malignant, with a mean radius of 17.99
    features, labels = tumours()
    assert features.shape == (569, 30)
    assert (labels[0], features[0, 0], labels.sum()) == (-1, 17.99, 357 - 212)


def test_log_likelihood_keeps_every_leading_axis_of_its_draws():
    z = torch.arange(12.0).double().reshape(2, 3, 2) / 10
    torch.testing.assert_close(DATA.log_likelihood(z), torch.stack([DATA.log_likelihood(row) for row in z]))


def test_gradient_leaves_the_callers_parameters_as_they_are():
    q = DiagonalGaussian.from_sigma([0.3, -0.4], [0.7, 1.1])
    gradient = DATA.gradient(q)
    assert not any(parameter.requires_grad for parameter in (q.mu, q.log_sigma))
    free = DiagonalGaussian(q.mu.clone().requires_grad_(), q.log_sigma.clone().requires_grad_())
    torch.testing.assert_close(tuple(DATA.gradient(free)), tuple(gradient))
    assert not any(g.requires_grad for g in gradient)
