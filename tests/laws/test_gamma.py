"""The Gamma law: density and score against PyTorch, means against a sum over nodes."""

import math

import numpy as np
import pytest
import torch

from reparam.laws import gamma

LOGS = np.linspace(-60, math.log(80), 900)
Z, H = np.exp(LOGS), LOGS[1] - LOGS[0]


@pytest.mark.parametrize("alpha", [0.7, 1.0, 3.4])
def test_density_and_score_are_those_of_pytorch(alpha):
    z = np.array([0.05, 0.8, 2.0, 9.0])
    shape = torch.full((4,), alpha, dtype=torch.float64, requires_grad=True)
    log_q = torch.distributions.Gamma(shape, 1.0).log_prob(torch.from_numpy(z))
    log_q.sum().backward()
    np.testing.assert_allclose(gamma.gamma_density(z, alpha), log_q.detach().exp(), rtol=1e-12)
    np.testing.assert_allclose(gamma.gamma_score(z, alpha), shape.grad, atol=1e-12)


@pytest.mark.parametrize("thirds", [-1, 0, 2, 3, 6])
@pytest.mark.parametrize("logs", [0, 1, 2])
def test_means_are_sums_over_nodes(thirds, logs):
    alpha = 1.4
    masses = gamma.gamma_density(Z, alpha) * Z * H
    by_sum = masses @ (Z ** (thirds / 3) * gamma.gamma_score(Z, alpha) ** logs)
    assert gamma.gamma_mean({(thirds, logs): 2.0}, alpha) == pytest.approx(2 * by_sum, abs=1e-9)


def test_means_by_hand():
    # E[z] = alpha, E[z^2] = alpha (alpha + 1), E[l] = 0, E[z l] = Cov[z, log z] = 1
    assert gamma.gamma_mean({(3, 0): 1.0, (6, 0): 1.0}, 2.5) == pytest.approx(2.5 + 2.5 * 3.5)
    assert gamma.gamma_mean({(0, 1): 5.0, (3, 1): 1.0}, 2.5) == pytest.approx(1.0)
    assert gamma.gamma_mean({}, 2.5) == 0.0


@pytest.mark.parametrize(("call", "word"), [
    (lambda: gamma.gamma_mean({(-3, 0): 1.0}, 1.0), "terms must"),
    (lambda: gamma.gamma_mean({(0, 3): 1.0}, 1.0), "terms must"),
    (lambda: gamma.gamma_density(np.array([0.0]), 1.0), "z must"),
    (lambda: gamma.gamma_score(np.array([1.0]), -1.0), "alpha must"),
], ids=["infinite", "logs", "z", "alpha"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
