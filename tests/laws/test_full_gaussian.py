"""The Gaussian with any covariance, and PyTorch's Gaussians in the book's form."""

import math

import pytest
import torch
from torch.distributions import Independent, Laplace, MultivariateNormal, Normal, kl_divergence

from reparam import checks, noise, quadrature
from reparam.estimators import (
    analytic_entropy,
    leave_one_out,
    path_derivative,
    pathwise,
    score_function,
    total_derivative,
)
from reparam.laws.full_gaussian import FullGaussian, as_gaussian
from reparam.laws.gaussian import DiagonalGaussian

F64 = torch.float64
MU = torch.tensor([0.3, -0.8], dtype=F64)
ROOT = torch.tensor([[1.3, 0.0], [-0.7, 0.6]], dtype=F64)
Q = FullGaussian(MU, ROOT)
TORCH = MultivariateNormal(MU, scale_tril=ROOT)
OTHER = FullGaussian(torch.tensor([-0.2, 0.1], dtype=F64), torch.tensor([[0.9, 0.0], [0.4, 1.1]], dtype=F64))
EPS = noise.normal("test/full", 7, 2)
NODES, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(2, 40))


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


def cost(z):
    return torch.sin(z[:, 0]) * z[:, 1] + z[:, 0] ** 2


def test_density_entropy_and_divergence_are_those_of_pytorch():
    z = Q.path(EPS)
    close(z, MU + torch.einsum("ij,nj->ni", ROOT, EPS))
    close(Q.log_density(z), TORCH.log_prob(z))
    close(Q.entropy(), TORCH.entropy())
    close(Q.kl(OTHER), kl_divergence(TORCH, MultivariateNormal(OTHER.mu, scale_tril=OTHER.root)))
    flat = DiagonalGaussian.from_sigma([0.1, 0.2], [0.5, 2.0])
    close(Q.kl(flat), kl_divergence(TORCH, MultivariateNormal(flat.mu, scale_tril=flat.sigma.diag())))


def test_score_and_entropy_gradient_are_those_of_autograd():
    z, mu = Q.path(EPS), MU.expand(7, 2).clone().requires_grad_()
    root = ROOT.expand(7, 2, 2).clone().requires_grad_()
    law = MultivariateNormal(mu, scale_tril=root)
    g_mu, g_root = torch.autograd.grad(law.log_prob(z).sum(), (mu, root), retain_graph=True)
    close(Q.score(EPS).mu, g_mu)
    close(Q.score(EPS).root, g_root.tril())
    _, g_root = torch.autograd.grad(law.entropy().sum(), (mu, root), allow_unused=True)
    close(Q.entropy_gradient().root.expand(7, 2, 2), g_root.tril())


def mean(draws):
    return [torch.tensordot(WEIGHTS, part, 1) for part in draws]


def exact_gradient(bound):
    """Of E[bound(z, law)] at nodes, by autograd through PyTorch's own law."""
    mu, root = MU.clone().requires_grad_(), ROOT.clone().requires_grad_()
    law = MultivariateNormal(mu, scale_tril=root)
    value = WEIGHTS @ bound(mu + NODES @ root.mT, law)
    g_mu, g_root = torch.autograd.grad(value, (mu, root))
    return g_mu, g_root.tril()


@pytest.mark.parametrize("estimator", [pathwise, score_function])
@pytest.mark.parametrize("q", [Q, TORCH], ids=["ours", "PyTorch's"])
def test_gradients_of_a_correlated_gaussian_are_unbiased(estimator, q):
    for ours, theirs in zip(mean(estimator(cost, q, NODES)), exact_gradient(lambda z, _: cost(z)), strict=True):
        close(ours, theirs)


@pytest.mark.parametrize("estimator", [path_derivative, analytic_entropy, total_derivative])
def test_gradients_of_the_bound_are_unbiased(estimator):
    exact = exact_gradient(lambda z, law: cost(z) - law.log_prob(z))
    for ours, theirs in zip(mean(estimator(cost, Q, NODES)), exact, strict=True):
        close(ours, theirs)


def test_the_path_derivative_lands_on_a_correlated_posterior():
    landed, total = path_derivative(TORCH.log_prob, Q, EPS), analytic_entropy(TORCH.log_prob, Q, EPS)
    assert max(float(part.abs().max()) for part in landed) < 1e-12
    assert float(total.mu.abs().min()) > 1e-3


def test_leave_one_out_of_two_is_its_formula():
    eps = noise.normal("test/full-loo", 4, 2, 2)
    z = Q.path(eps)
    half = 0.5 * (cost(z[:, 0]) - cost(z[:, 1]))
    one, two = Q.score(eps[:, 0]), Q.score(eps[:, 1])
    close(leave_one_out(cost, Q, eps).root, half[:, None, None] * (one.root - two.root))


def test_pytorchs_gaussians_become_the_books():
    loc, scale = torch.tensor([0.4, -0.2], dtype=F64), torch.tensor([0.8, 1.1], dtype=F64)
    ours = DiagonalGaussian.from_sigma(loc, scale)
    for q in (Normal(loc, scale), Independent(Normal(loc, scale), 1)):
        for a, b in zip(pathwise(cost, q, EPS), pathwise(cost, ours, EPS), strict=True):
            close(a, b)
    assert as_gaussian(ours) is ours


def test_a_simulation_agrees():
    z = Q.path(noise.normal("test/full-simulation", 200_000, 2))
    covariance = (z - MU)[:, :, None] * (z - MU)[:, None, :]
    checks.mean("full", covariance.numpy(), (ROOT @ ROOT.T).numpy())


@pytest.mark.parametrize(
    ("call", "words"),
    [(lambda: FullGaussian(MU[None], ROOT), r"mu must have shape \(d,\), got \(1, 2\)"),
     (lambda: FullGaussian(MU, ROOT[0]), r"root must have shape \(2, 2\)"),
     (lambda: FullGaussian(MU, ROOT.T), "root must be lower triangular"),
     (lambda: FullGaussian(MU, -ROOT), "root must be lower triangular with a positive diagonal"),
     (lambda: FullGaussian(MU, ROOT.float()), "root must be torch.float64"),
     (lambda: Q.path(EPS[:, :1]), r"eps must be torch.float64 and end in shape \(2,\)"),
     (lambda: Q.kl(DiagonalGaussian.from_sigma([0.0], [1.0])), "other must have 2 dimensions"),
     (lambda: pathwise(cost, Q, EPS[0]), r"eps must have shape \(n, 2\)"),
     (lambda: pathwise(cost, Laplace(MU, MU.exp()), EPS), "q must be a Gaussian.*got Laplace"),
     (lambda: pathwise(cost, Normal(0.0, 1.0), EPS), r"mu and log_sigma must have one shape")],
    ids=["two axes", "vector", "upper", "negative", "type", "dimension", "other", "no rows", "Laplace", "scalar"],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_one_dimension_is_the_diagonal_case():
    eps, sigma = EPS[:, :1], 0.7
    one, flat = FullGaussian(MU[:1], torch.tensor([[sigma]], dtype=F64)), DiagonalGaussian.from_sigma(MU[:1], [sigma])
    close(one.score(eps).root[:, 0] * sigma, flat.score(eps).log_sigma)
    close(one.entropy(), 0.5 + 0.5 * torch.tensor(2 * math.pi * sigma**2, dtype=F64).log())
