"""From variance to steps: exact recursions, the bounds on steps, the linear layer's moments, both exercises."""

from itertools import combinations, product

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import quadrature
from reparam.chapters import steps
from reparam.estimators import bounds, local, minibatches
from reparam.laws.gaussian import DiagonalGaussian
from reparam.teaching.grader import grade


def coins(start, rate, curvature, noise_sd, t):
    """Every sequence of t fair coins as noise: exact mean and variance."""
    ends = []
    for signs in product([-1, 1], repeat=t):
        delta = start
        for s in signs:
            delta -= rate * (curvature * delta + noise_sd * s)
        ends.append(delta)
    return np.mean(ends), np.var(ends)


def test_constant_rate_against_every_sequence_of_coins():
    mean, variance = steps.constant_rate(2.0, 0.3, 1.5, 0.49, np.array([0, 1, 6]))
    expected = [coins(2.0, 0.3, 1.5, 0.7, t) for t in (0, 1, 6)]
    np.testing.assert_allclose(np.stack([mean, variance], 1), expected, atol=1e-12)


@pytest.mark.parametrize(("noise_", "growth"), [(1.0, 0.0), (0.3, 2.0), (0.0, 1.5)])
def test_best_rates_are_best_and_lie_between_the_bounds(noise_, growth):
    L, T = 1.3, 25
    rates, squares = steps.best_rates(4.0, L, noise_, growth, T)

    def after(scale):
        D = 4.0
        for rate in scale * rates:
            D = (1 - rate * L) ** 2 * D + rate**2 * (noise_ + growth * D)
        return D

    assert after(1.0) == pytest.approx(squares[-1], rel=1e-12)
    assert after(1.0) < min(after(0.97), after(1.03))
    low, high = steps.steps_between(4.0, squares[-1], L, noise_, growth)
    assert low <= T * (1 + 1e-12)
    assert high >= T * (1 - 1e-12)
    if growth == 0 or noise_ == 0:  # the upper bound is the number itself
        assert high == pytest.approx(T)


@pytest.mark.parametrize("sigma", [0.8, 1.0, 1.3])
@pytest.mark.parametrize("mu", [0.0, 1.4])
def test_noise_of_every_estimator_by_nodes(sigma, mu):
    eps, mass = map(torch.from_numpy, quadrature.normal_nodes(1, 40))
    q = DiagonalGaussian.from_sigma([[mu]], [[sigma]])
    rows = {"total": bounds.total_derivative, "path": bounds.path_derivative,
            "score, baseline exact": steps.score_below(0.0), "score, baseline off": steps.score_below(1.5)}
    for name, noise_ in steps.gaussian_noise(sigma, 1.5).items():
        g = rows[name](steps.POSTERIOR.log_density, q, eps[:, None]).mu[:, 0, 0]
        assert float(mass @ g) == pytest.approx(-mu, abs=1e-10)
        assert float(mass @ (g + mu) ** 2) == pytest.approx(noise_.constant + noise_.growth * mu**2, abs=1e-9)


def test_a_climb_by_hand():
    # total derivative: mu - rate (mu + sigma eps)
    start, eps = torch.tensor([2.0, 1.0]).double(), torch.tensor([[1.0, 0.0], [-2.0, 2.0]]).double()
    way = steps.ascents(bounds.total_derivative, start, 0.5, np.array([0.5, 0.25]), eps)
    assert_close(way, torch.tensor([[2.0, 1.0], [0.75, 0.5], [0.8125, 0.125]], dtype=torch.float64))


def test_stationary_point():
    found = steps.stationary(lambda z: -(z[:, 0] - 1) ** 2 - torch.cosh(z[:, 1] + 2), torch.zeros(2).double())
    assert_close(found, torch.tensor([1.0, -2.0], dtype=torch.float64))


MU, SIGMA = np.array([0.1, 0.5, -0.2]), np.array([0.3, 0.6, 0.4])


def test_layer_moments_by_nodes():
    x, y = steps.regression()
    exact = steps.layer_moments(x, y, MU, SIGMA)
    eps, mass = quadrature.normal_nodes(3, 5)
    r = y.numpy() - (MU + SIGMA * eps) @ x.numpy().T  # (nodes, N)
    g = np.concatenate([-r[..., None] * x.numpy(), -r[..., None] * x.numpy() * eps[:, None]], -1)
    mean = np.einsum("k,kip->ip", mass, g)
    np.testing.assert_allclose(exact.means, mean, atol=1e-12)
    np.testing.assert_allclose(exact.covariance, np.einsum("k,kip,kjp->ijp", mass, g - mean, g - mean), atol=1e-12)
    zeta, mass = map(torch.from_numpy, quadrature.normal_nodes(1, 8))
    mu, sigma = (torch.from_numpy(p)[:, None].expand(8, 3, 1).clone().requires_grad_() for p in (MU, SIGMA))
    for i in range(12):
        a = local.local_activations(x[i:i + 1], mu, sigma, zeta[:, :, None])
        grads = torch.autograd.grad((0.5 * (y[i] - a) ** 2).sum(), [mu, sigma])
        g = torch.cat(grads, 1)[..., 0]
        assert_close(mass @ (g - mass @ g) ** 2, torch.from_numpy(exact.local[i]))
    assert (exact.local <= exact.weights + 1e-12).all()


def test_total_variance_of_shared_noise_by_listing_batches():
    x, y = steps.regression()
    exact = steps.layer_moments(x, y, MU, SIGMA)
    sets = [list(s) for s in combinations(range(12), 3)]
    inner = np.mean([exact.covariance[np.ix_(s, s)].sum((0, 1)) for s in sets], 0)
    outer = np.var([exact.means[s].sum(0) for s in sets], 0)
    pairs = minibatches.mean_covariance(exact.covariance)
    found = minibatches.batch_variance(exact.means, exact.weights, 3, together=pairs)
    np.testing.assert_allclose(found, 16 * (inner + outer))


def test_a_frame_of_the_slider():
    from matplotlib import pyplot

    figure = steps.draw_layer_noise(*steps.regression(), MU, SIGMA)
    shared, own, local_ = (np.asarray(line.get_ydata()) for line in figure.axes[0].lines)
    assert (local_ < own).all()
    assert (own[1:] < shared[1:]).all()
    pyplot.close(figure)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: steps.constant_rate(1.0, 2.0, 1.0, 1.0, [1]), "rate must"),
    (lambda: steps.constant_rate(1.0, 0.1, 1.0, -1.0, [1]), "noise and t"),
    (lambda: steps.best_rates(1.0, 1.0, 0.0, 0.0, 3), "noise and growth"),
    (lambda: steps.best_rates(0.0, 1.0, 1.0, 0.0, 3), "square must"),
    (lambda: steps.steps_between(1.0, 2.0, 1.0, 1.0, 0.0), "goal must"),
    (lambda: steps.gaussian_noise(0.0, 1.0), "sigma must"),
    (lambda: steps.ascents(3, torch.ones(2), 1.0, np.ones(1), torch.ones(1, 2)), "estimator must"),
    (lambda: steps.stationary(lambda z: z.sum(-1) ** 3 + z.sum(-1), torch.ones(1).double()), "log_joint"),
    (lambda: steps.layer_moments(np.zeros((2, 1)), np.ones(2), [1.0], [1.0]), "x must"),
], ids=["rate", "noise", "both", "start", "goal", "sigma", "estimator", "concave", "row"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    assert grade("steps/schedule", lambda L, V, start, T: steps.best_rates(start, L, V, 0.0, T)[0]).right
    assert grade("steps/batch", lambda m, w, B: minibatches.batch_variance(m, w, B)).right
