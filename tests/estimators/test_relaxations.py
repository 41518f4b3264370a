"""Relaxed gradients."""

import numpy as np
import pytest
import torch
from samples.bits import ELL, TARGET, slope
from scipy.special import expit

from reparam import checks as check
from reparam import derivatives, quadrature
from reparam.estimators import relaxations


def test_logistic_expectation_resolves_a_wave():
    # E cos(kx) = pi k / sinh(pi k); at k = 3 a coarse rule would miss it
    wave = relaxations.logistic_expectation(lambda x: np.cos(3 * x))
    assert wave == pytest.approx(3 * np.pi / np.sinh(3 * np.pi), abs=1e-12)


def test_logistic_expectation_knows_mean_and_variance_of_the_logistic_law():
    first, second = relaxations.logistic_expectation(lambda x: np.stack([x, x * x]))
    assert first == pytest.approx(0.0, abs=1e-12)
    assert second == pytest.approx(np.pi**2 / 3, abs=1e-10)


@pytest.mark.parametrize("tau", [0.1, 0.6, 2.0], ids=str)
def test_relaxed_gradient_equals_autograd_draw_by_draw(tau):
    lam = np.array([-3.0, -0.2, 0.5, 1.1, 4.0])
    ell = torch.full((5,), ELL, dtype=torch.float64, requires_grad=True)
    y = torch.sigmoid((ell + torch.from_numpy(lam)) / tau)
    ((y - TARGET) ** 2).sum().backward()
    torch.testing.assert_close(torch.from_numpy(relaxations.relaxed(ELL, lam, tau)), y.detach())
    torch.testing.assert_close(torch.from_numpy(relaxations.relaxed_gradient(slope, ELL, lam, tau)), ell.grad)


@pytest.mark.parametrize("tau", [0.02, 0.6, 2.0], ids=str)
def test_relaxed_moments_equal_the_integrals_over_y(tau):
    def over(power):  # with y = sigma(x), dy = y(1-y)dx
        def integrand(x):
            y, p = expit(x), expit(x) * expit(-x)
            return slope(y) ** power * p**power * expit(ELL - tau * x) * expit(tau * x - ELL) / tau ** (power - 1)
        return quadrature.integral(integrand, -60.0, 60.0)

    mean, variance = relaxations.relaxed_moments(slope, ELL, tau)
    assert mean == pytest.approx(over(1), abs=1e-10)
    assert variance == pytest.approx(over(2) - over(1) ** 2, abs=1e-10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda y, tau: -slope(y) * y * (1 - y) / tau,
        lambda y, tau: slope(y) * y * (1 - y),
        lambda y, tau: slope(y) / tau,
        lambda y, tau: y * (1 - y) / tau,
    ],
    ids=["sign", "temperature dropped", "softmax slope dropped", "cost slope dropped"],
)
def test_wrong_relaxed_gradients_are_rejected(wrong):
    def objective(ell):
        return relaxations.logistic_expectation(lambda x: (relaxations.relaxed(ell, x, 0.6) - TARGET) ** 2)

    mean = relaxations.logistic_expectation(lambda x: wrong(relaxations.relaxed(ELL, x, 0.6), 0.6))
    with pytest.raises(check.CheckFailed):
        check.equal("relaxed-moments", mean, derivatives.derivative(objective, ELL), tol=1e-8)


def test_small_temperature_reads_a_polynomial():
    limit, gradient = relaxations.small_temperature(lambda tau: 2.0 - 3.0 * tau + tau**5)
    assert (limit, gradient) == (pytest.approx(2.0, abs=1e-11), pytest.approx(-3.0, abs=1e-8))
    limit, gradient = relaxations.small_temperature(lambda tau: 1.0 + tau, step=0.5, points=2)
    assert (limit, gradient) == (pytest.approx(1.0), pytest.approx(1.0))
    # eight points hold a polynomial of degree seven, and no higher
    limit, gradient = relaxations.small_temperature(lambda tau: 3.0 + tau + tau**7, step=0.5)
    assert (limit, gradient) == (pytest.approx(3.0, abs=1e-7), pytest.approx(1.0, abs=1e-6))
    limit, _ = relaxations.small_temperature(lambda tau: tau**8, step=0.5)
    assert abs(limit) > 1
