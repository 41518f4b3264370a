"""Marsaglia and Tsang's sampler: law, velocity, residual, and the gradients that need both."""

import math

import numpy as np
import pytest
import torch
from scipy.special import gammainc

from reparam import checks, noise
from reparam.derivatives import derivative
from reparam.estimators import rejection, transport
from reparam.laws.gamma import gamma_density, gamma_score

EPS = np.linspace(-1.4, 4, 12)
LOGS = np.linspace(-110, math.log(90), 1300)
Z, H = np.exp(LOGS), LOGS[1] - LOGS[0]


def mean(values, alpha):
    return values @ (gamma_density(Z, alpha) * Z * H)


@pytest.mark.parametrize("alpha", [1.0, 2.3])
def test_kept_draws_follow_the_law_and_few_are_lost(alpha):
    source = noise.generator("test/kept")
    eps, log_u = source.standard_normal(30_000), np.log(1 - source.uniform(size=30_000))
    kept = rejection.accepted(eps, log_u, alpha)
    assert kept.mean() > 0.94
    checks.law("kept", rejection.propose(eps[kept], alpha), lambda x: gammainc(alpha, x))
    with pytest.raises(checks.CheckFailed):  # all proposals together do not
        checks.law("kept", rejection.propose(eps[eps > -1.5], alpha), lambda x: gammainc(alpha, x), resolution=0.02)


@pytest.mark.parametrize("alpha", [1.0, 2.3, 7.0])
def test_the_noise_law_is_the_pushed_back_density(alpha):
    slope = derivative(lambda t: rejection.propose(EPS + t, alpha), 0.0)
    want = np.log(gamma_density(rejection.propose(EPS, alpha), alpha) * slope)
    np.testing.assert_allclose(rejection.log_noise_density(EPS, alpha), want, atol=1e-8)


@pytest.mark.parametrize("alpha", [1.0, 2.3, 7.0])
def test_velocity_and_residual_are_derivatives_at_fixed_noise(alpha):
    velocity, residual = rejection.marsaglia_tsang(rejection.propose(EPS, alpha), alpha)
    np.testing.assert_allclose(velocity, derivative(lambda a: rejection.propose(EPS, a), alpha), atol=1e-8)
    np.testing.assert_allclose(residual, derivative(lambda a: rejection.log_noise_density(EPS, a), alpha), atol=1e-7)


@pytest.mark.parametrize("field", [rejection.marsaglia_tsang, rejection.standardized_log], ids=["rejection", "log"])
@pytest.mark.parametrize("alpha", [1.2, 4.0])
def test_gradients_are_unbiased_and_each_part_is_needed(field, alpha):
    v, rho = field(Z, alpha)
    # E[z^2] = alpha (alpha + 1)
    assert mean(transport.corrected_path(Z**2, 2 * Z, v, rho), alpha) == pytest.approx(2 * alpha + 1, abs=1e-8)
    assert mean(rho, alpha) == pytest.approx(0.0, abs=1e-8)
    assert abs(mean(2 * Z * v, alpha) - 2 * alpha - 1) > 1e-3
    assert abs(mean(transport.corrected_path(Z**2, 2 * Z, v, -rho), alpha) - 2 * alpha - 1) > 1e-3


def test_without_a_velocity_the_residual_would_be_the_score():
    v, rho = rejection.marsaglia_tsang(Z[900:1000], 3.0)
    h = derivative(lambda t: rejection.marsaglia_tsang(Z[900:1000] * np.exp(t), 3.0)[0], 0.0) / Z[900:1000]
    divergence = h + v * (2.0 / Z[900:1000] - 1)
    np.testing.assert_allclose(rho, gamma_score(Z[900:1000], 3.0) + divergence, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.3, 1.5])
def test_augmented_draws_have_the_small_shape_and_unbiased_gradients(alpha):
    big = noise.generator("test/big").standard_gamma(alpha + 2, size=40_000)
    e = noise.generator("test/exponential").exponential(size=(40_000, 2))
    z, v, rho = rejection.augmented(big, e, alpha)
    checks.law("augmented", z, lambda x: gammainc(alpha, x))
    checks.mean("augmented", v + (z - alpha) * rho, 1.0, resolution=0.08)


@pytest.mark.parametrize("alpha", [0.3, 1.5])
def test_augmented_velocity_is_the_derivative_at_fixed_noise(alpha):
    e = noise.generator("test/fixed").exponential(size=(12, 2))

    def both(a):
        return rejection.augmented(rejection.propose(EPS, a + 2), e, a)[:2]

    np.testing.assert_allclose(both(alpha)[1], derivative(lambda a: both(a)[0], alpha, 0.005), rtol=1e-6)


def test_pytorch_differentiates_the_same_surrogate():
    shape = torch.tensor(2.3, dtype=torch.float64, requires_grad=True)
    x = 1 + torch.from_numpy(EPS) / (9 * shape - 3).sqrt()
    z = (shape - 1 / 3) * x**3
    slopes = [torch.autograd.grad(part, shape, retain_graph=True)[0] for part in z]
    np.testing.assert_allclose(rejection.marsaglia_tsang(z.detach().numpy(), 2.3)[0], slopes, atol=1e-12)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: rejection.accepted(EPS, -np.ones(12), 0.5), "alpha must"),
    (lambda: rejection.accepted(EPS, np.ones(12), 1.5), "log_uniform must"),
    (lambda: rejection.marsaglia_tsang(np.array([-1.0]), 1.5), "z must"),
    (lambda: rejection.log_noise_density(np.array([-9.0]), 1.5), "eps"),
    (lambda: rejection.augmented(np.ones(2), -np.ones((2, 1)), 1.5), "exponentials must"),
], ids=["alpha", "uniform", "z", "eps", "exponentials"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
