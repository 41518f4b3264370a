"""Probabilistic PCA and the linear VAE: closed forms against SciPy, conditioning, and a climb."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from reparam import noise
from reparam.laws import linear_vae

F64 = torch.float64
X = 0.7 * noise.normal("test/vae-data", 40, 5) @ torch.diag(torch.tensor([2.0, 1.4, 1.0, 0.4, 0.2], dtype=F64)) + 1


def test_covariance_has_divisor_n_and_descending_eigenvalues():
    S, values, vectors = linear_vae.covariance(X)
    torch.testing.assert_close(S, torch.from_numpy(np.cov(X.numpy().T, bias=True)))
    torch.testing.assert_close(S @ vectors, vectors * values)
    assert (values.diff() < 0).all()


def test_the_linear_encoder_takes_shapes_that_fit_and_no_others():
    mean, log_sigma = torch.ones(3, dtype=F64), torch.tensor([0.5, -1.0], dtype=F64)
    V = torch.arange(6, dtype=F64).reshape(2, 3)
    out = linear_vae.LinearEncoder(mean, V, log_sigma)(torch.tensor([[2.0, 1.0, 0.0]], dtype=F64))
    torch.testing.assert_close(out, torch.tensor([[-2.0, -2.0, 0.5, -1.0]], dtype=F64))
    for wrong in ((mean[:2], V, log_sigma), (mean, V, log_sigma[:1]), (mean, V[None], log_sigma)):
        with pytest.raises(ValueError, match="must fit"):
            linear_vae.LinearEncoder(*wrong)


@pytest.mark.parametrize("d", [1, 2, 4], ids=str)
def test_ppca_has_the_stated_noise_and_covariance(d):
    _, values, vectors = linear_vae.covariance(X)
    model = linear_vae.fit_ppca(X, d)
    assert model.s2 == pytest.approx(values[d:].mean().item())
    # C keeps the d largest eigenvalues and levels the rest
    expected = vectors @ torch.cat([values[:d], values[d:].mean().expand(5 - d)]).diag() @ vectors.T
    torch.testing.assert_close(model.W @ model.W.T + model.s2 * torch.eye(5, dtype=F64), expected)
    law = stats.multivariate_normal(X.mean(0).numpy(), expected.numpy())
    torch.testing.assert_close(model.log_density(X), torch.from_numpy(law.logpdf(X.numpy())))


def test_ppca_posterior_is_bayes_rule_on_the_joint_gaussian():
    model = linear_vae.fit_ppca(X, 2)
    mean, covariance = model.posterior(X)
    # conditioning: mean W'C^-1(x-m), covariance I - W'C^-1 W
    C = model.W @ model.W.T + model.s2 * torch.eye(5, dtype=F64)
    gain = model.W.T @ torch.linalg.inv(C)
    torch.testing.assert_close(mean, (X - model.mean) @ gain.T)
    torch.testing.assert_close(covariance, torch.eye(2, dtype=F64) - gain @ model.W)


def test_linear_vae_reaches_the_likelihood_of_ppca_and_its_axes():
    S = linear_vae.covariance(X)[0]
    ppca = linear_vae.fit_ppca(X, 2)
    W, V, log_sigma, s2 = linear_vae.fit_linear(S, 2, 0.1 * noise.normal("test/vae-start", 2, 5, 2))
    top = linear_vae.linear_elbo(S, W, V, log_sigma, s2)
    torch.testing.assert_close(top, ppca.log_density(X).mean(), rtol=0, atol=1e-9)
    assert s2.item() == pytest.approx(ppca.s2, abs=1e-7)
    assert abs((W.T @ W)[0, 1]) < 1e-6


def test_at_fixed_noise_the_drowned_dimension_dies():
    S, values, _ = linear_vae.covariance(X)
    level = float(values[1] + values[2]) / 2
    _, V, log_sigma, s2 = linear_vae.fit_linear(S, 3, 0.1 * noise.normal("test/vae-start", 2, 5, 3), s2=level)
    found = 0.5 * (((V @ S) * V).sum(1) + (2 * log_sigma).exp() - 1) - log_sigma
    expected = torch.tensor([0.5 * math.log(values[0] / level), 0.5 * math.log(values[1] / level), 0.0], dtype=F64)
    torch.testing.assert_close(found.sort(descending=True)[0], expected, rtol=0, atol=1e-6)
    assert s2.item() == level


def test_a_weight_multiplies_the_divergence_alone():
    S, *_ = linear_vae.covariance(X)
    W, V = noise.normal("test/vae-beta", 2, 5, 2)
    args = S, W, V.T, torch.tensor([0.1, -0.3], dtype=F64), 0.5
    first, second, third = (linear_vae.linear_elbo(*args, beta=b) for b in (1.0, 2.0, 3.0))
    # linear in beta, and the slope is minus the divergence by its own formula
    divergence = 0.5 * ((V.T @ S @ V).trace() + (2 * args[3]).exp().sum() - 2) - args[3].sum()
    torch.testing.assert_close(torch.stack([second - first, third - second]), -divergence.expand(2))


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: linear_vae.covariance(torch.ones(3, 2, dtype=torch.int64)), "x must"),
        (lambda: linear_vae.fit_ppca(X, 0), "d must be 1 to 4"),
        (lambda: linear_vae.fit_ppca(X, 5), "d must be 1 to 4"),
        (lambda: linear_vae.fit_ppca(X[:3], 2), "more than d = 2 directions"),
        (lambda: linear_vae.fit_ppca(torch.ones(4, 3, dtype=F64), 1), "more than d = 1 directions"),
        (lambda: linear_vae.fit_linear(torch.eye(5, dtype=F64), 2, torch.zeros(2, 2, 5, dtype=F64)), "start must"),
    ],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
