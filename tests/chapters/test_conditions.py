"""Chapter 7: the conditions of the pathwise gradient, each counterexample, and the first flow."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.chapters import conditions as needs
from reparam.teaching.grader import grade

D = torch.float64
MU, SIGMA = 0.3, 0.8


def t(*values):
    return torch.tensor(values, dtype=D)


def density(c, mu=MU, sigma=SIGMA):
    return math.exp(-0.5 * ((c - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


def test_rademacher_gradient_is_exact():
    # E cos(mu + sigma R) = cos mu cos sigma, so its gradient is (-sin mu cos sigma, -cos mu sin sigma)
    draws = needs.path_gradient(torch.cos, needs.location_scale, [MU, SIGMA], t(1, -1))
    assert_close(draws.mean(0), t(-math.sin(MU) * math.cos(SIGMA), -math.cos(MU) * math.sin(SIGMA)))


@pytest.mark.parametrize("n", [1, 5], ids=["one draw", "five draws"])
def test_path_gradient_is_per_draw(n):
    # f(y) = y^2 has slope 2y, and y = mu + sigma eps has partials (1, eps)
    eps = noise.normal("test/path", n)
    y = MU + SIGMA * eps
    got = needs.path_gradient(torch.square, needs.location_scale, [MU, SIGMA], eps)
    assert_close(got, torch.stack((2 * y, 2 * y * eps), 1))


def test_path_gradient_takes_vector_noise_and_one_parameter():
    # f(y) = y_1 y_2 with y = theta eps has slope 2 theta eps_1 eps_2
    eps = noise.normal("test/vector", 4, 2)
    got = needs.path_gradient(lambda y: y.prod(1), lambda e, p: p * e, [1.5], eps)
    assert_close(got[:, 0], 3.0 * eps.prod(1))


def test_mean_path_gradient_is_the_exact_mean():
    # E (mu + sigma eps)^2 = mu^2 + sigma^2
    got = needs.mean_path_gradient(torch.square, needs.location_scale, [MU, SIGMA])
    np.testing.assert_allclose(got, [2 * MU, 2 * SIGMA], rtol=1e-10)


def test_path_is_blind_to_steps():
    # the step is flat off its jump, yet P(Y > c) has slope N(c; mu, sigma^2)
    eps = noise.normal("test/step", 100)
    blind = needs.path_gradient(lambda y: needs.step(y, 1.0), needs.location_scale, [MU, SIGMA], eps)
    assert_close(blind, torch.zeros_like(blind))
    assert_close(needs.singular_slope([1.0], [1.0], MU, SIGMA), t(density(1.0))[0])


def test_step_values():
    assert_close(needs.step(t(-1, 2, 3), at=2.0), t(0, 0.5, 1))
    assert_close(needs.step(t(-1, 1)), t(0, 1))


def test_singular_slope_adds_jumps():
    # two jumps, up at -0.2 and down by a half at 1.1
    expected = density(-0.2) - 0.5 * density(1.1)
    assert_close(needs.singular_slope(t(-0.2, 1.1), t(1, -0.5), MU, SIGMA), t(expected)[0])


def test_path_and_missed_part_add_up():
    # the ramp's slope is P(0 < Y < 1), the half step's 0.5 N(1.3); the sum is E[f(Y) eps / sigma]
    def cost(y):
        return y.clamp(0, 1) + 0.5 * needs.step(y, 1.3)

    points = [(c - MU) / SIGMA for c in (0, 1, 1.3)]
    path = needs.mean_path_gradient(cost, needs.location_scale, [MU, SIGMA], points)[0]
    total = quadrature.expectation(
        lambda y: cost(torch.from_numpy(y)).numpy() * (y - MU) / SIGMA**2, MU, SIGMA, points=(0, 1, 1.3))
    missed = float(needs.singular_slope([1.3], [0.5], MU, SIGMA))
    np.testing.assert_allclose(path + missed, total, rtol=1e-10)
    assert abs(path - total) > 0.1  # negative control: the path alone


def test_noise_score_completes_the_path():
    # Y = theta + eps with eps ~ N(0, theta^2): E Y^2 = 2 theta^2, the path sees 2 theta of the slope 4 theta
    nodes, w = (torch.from_numpy(a) for a in quadrature.normal_nodes(1))
    theta, eps = 0.7, 0.7 * nodes[:, 0]

    def path(e, p):
        return p[:, 0] + e

    def log_noise(e, p):
        return -0.5 * (e / p[:, 0]) ** 2 - torch.log(p[:, 0])

    seen = w @ needs.path_gradient(torch.square, path, [theta], eps)[:, 0]
    forgotten = w @ needs.noise_score(torch.square, path, log_noise, [theta], eps)[:, 0]
    assert_close(seen, t(2 * theta)[0])
    assert_close(forgotten, t(2 * theta)[0])


def test_noise_score_per_draw():
    # cos(eps + 0.5) times the score 2 theta of log p = theta^2 + eps; theta of two parameters at once
    eps = t(0.1, -0.4, 2.0)
    got = needs.noise_score(torch.cos, lambda e, p: e + p[:, 0], lambda e, p: (p**2).sum(1) + e, [0.5, 2.0], eps)
    assert_close(got, torch.cos(eps + 0.5)[:, None] * t(1.0, 4.0))
    assert not got.requires_grad


def test_cantor_function():
    # 1/4 = 0.0202..., 3/4 = 0.2020..., in base three; gaps are flat at dyadic values
    y = t(-1, 0, 0.25, 1 / 3, 0.5, 0.6, 0.75, 0.1, 8 / 9 - 1e-9, 1, 2)
    assert_close(needs.cantor(y), t(0, 0, 1 / 3, 0.5, 0.5, 0.5, 2 / 3, 0.2, 0.75, 1, 1), atol=1e-6, rtol=0)
    assert_close(needs.cantor(t(1.0)), t(1.0), atol=1.2e-10, rtol=0)
    assert needs.cantor(t(1.0)) < 1  # 34 digits leave 2^-34
    assert_close(1 - needs.cantor(t(1.0)), t(2.0**-34))
    assert_close(needs.cantor(t(1.0), digits=3), t(7 / 8))


def test_cantor_symmetry_and_blindness():
    y = torch.rand(1000, dtype=D, generator=noise.torch_generator("test/cantor"))
    assert_close(needs.cantor(1 - y), 1 - needs.cantor(y), atol=1e-9, rtol=0)
    blind = needs.path_gradient(needs.cantor, needs.location_scale, [MU, SIGMA], noise.normal("test/cantor", 100))
    assert_close(blind, torch.zeros_like(blind))


def test_cantor_atoms_have_the_moments_of_cantors_law():
    # mean 1/2 exactly; variance of sum 2 b_k 3^-k is 1/8, less 9^-n / 8 for the midpoints of n rounds
    assert_close(needs.cantor_atoms(1), t(1 / 6, 5 / 6))
    atoms = needs.cantor_atoms(5)
    assert atoms.shape == (32,)
    assert_close(atoms.mean(), t(0.5)[0])
    assert_close(((atoms - 0.5) ** 2).mean(), t((1 - 9.0**-5) / 8)[0])
    assert len(needs.cantor_atoms(20)) == 2**20


def test_cantor_slope_by_fourier_inversion():
    # the density at mu of a Cantor variable plus N(0, sigma^2)
    atoms = needs.cantor_atoms(12)
    powers = 3.0 ** np.arange(1, 40)[:, None]
    by_fourier = quadrature.expectation(
        lambda x: np.cos(x * (MU - 0.5)) * np.cos(x / powers).prod(0), 0.0, 1 / SIGMA)
    expected = by_fourier / (SIGMA * math.sqrt(2 * math.pi))
    assert_close(needs.singular_slope(atoms, torch.full_like(atoms, 2.0**-12), MU, SIGMA), t(expected)[0])


@pytest.mark.parametrize("tau", [0.05, 0.3, 2.0])
def test_soft_step_moments(tau):
    # by quadrature of autograd's slopes
    def draws(e):
        return needs.path_gradient(lambda y: needs.soft_step(y, tau, 1.0), needs.location_scale, [MU, SIGMA],
                                   torch.from_numpy(e)).numpy()[:, 0]

    first, second = quadrature.expectation(lambda e: np.stack((draws(e), draws(e) ** 2)))
    np.testing.assert_allclose(needs.soft_step_moments(tau, 1.0, MU, SIGMA), (first, second - first**2), rtol=1e-9)


def test_soft_step_values():
    # Phi(0) = 1/2, Phi(1) = 0.8413...
    assert_close(needs.soft_step(t(2, 2.5), 0.5, at=2.0), t(0.5, 0.8413447460685429))
    assert_close(needs.soft_step(t(0), 0.5), t(0.5))


def test_squash_and_its_slope():
    # y^3/(1+y^2)^(3/2) at 2 is 8/5^1.5; its slope is 3y^2/(1+y^2)^(5/2), 12/5^2.5
    assert_close(needs.squash(t(-2, 0, 2)), t(-8 / 5**1.5, 0, 8 / 5**1.5))
    got = needs.path_gradient(needs.squash, lambda r, p: p[:, 0] + r, [0.0], t(-2, 0, 2))
    assert_close(got[:, 0], t(12 / 5**2.5, 0, 12 / 5**2.5))


FLOWS = [(0.0, 1.0, 0.0, 1.0), (0.4, 0.7, 0.5, 0.8), (-1.0, 2.0, -0.3, 1.6)]


@pytest.mark.parametrize("fields", FLOWS, ids=["identity", "skewed right", "light tails"])
def test_flow_inverts_and_its_density_is_the_slope_of_its_cdf(fields):
    flow = needs.SinhArcsinh(*fields)
    z = torch.linspace(-3, 3, 13, dtype=D)
    y = flow.forward(z)
    assert_close(flow.inverse(y), z, atol=1e-12, rtol=1e-10)
    moving = z.clone().requires_grad_()
    (slope,) = torch.autograd.grad(flow.forward(moving).sum(), moving)
    assert_close(flow.log_slope(z), slope.log())
    # p(y) = phi(z) / slope
    assert_close(flow.log_density(y), -0.5 * z**2 - 0.5 * math.log(2 * math.pi) - slope.log())


def test_identity_flow_is_the_standard_normal():
    z = t(-1.0, 0.5)
    assert_close(needs.SinhArcsinh().forward(z), z)
    assert_close(needs.SinhArcsinh().log_density(z), torch.distributions.Normal(0.0, 1.0).log_prob(z))


def test_flow_values_by_hand():
    # z = 0: y = m + s sinh(a / b)
    assert_close(needs.SinhArcsinh(0.4, 0.7, 0.5, 0.8).forward(t(0.0)), t(0.4 + 0.7 * math.sinh(0.625)))


def test_flow_takes_one_parameter_per_draw():
    columns = torch.tensor(FLOWS, dtype=D).T
    z = t(0.3, -1.2, 2.0)
    together = needs.SinhArcsinh(*columns)
    alone = [needs.SinhArcsinh(*f) for f in FLOWS]
    assert_close(together.log_density(z), torch.cat([f.log_density(z[i:i + 1]) for i, f in enumerate(alone)]))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: needs.path_gradient(torch.cos, needs.location_scale, [0.0, 1.0], torch.tensor([1, -1])), "eps"),
    (lambda: needs.path_gradient(torch.cos, needs.location_scale, [0.0, math.nan], t(1)), "theta"),
    (lambda: needs.path_gradient(torch.cos, needs.location_scale, 0.3, t(1)), r"theta must be \(p,\).*got \(\)"),
    (lambda: needs.path_gradient(torch.cos, needs.location_scale, [0.3], t(1)[0]), r"eps \(n, ...\)"),
    (lambda: needs.noise_score(torch.cos, lambda e, p: e, lambda e, p: p[:, 0], [0.3], t(math.inf)), "eps"),
    (lambda: needs.singular_slope([0.0], [1.0], 0.0, 0.0), "sigma must be positive, got 0"),
    (lambda: needs.singular_slope([0.0], [1.0], 0.0, math.inf), "sigma must be positive, got inf"),
    (lambda: needs.singular_slope([0.0, 1.0], [1.0], 0.0, 1.0), "one shape"),
    (lambda: needs.singular_slope(0.0, 1.0, 0.0, 1.0), "one shape"),
    (lambda: needs.cantor_atoms(0), "depth must be 1 to 20, got 0"),
    (lambda: needs.cantor_atoms(21), "depth must be 1 to 20, got 21"),
    (lambda: needs.soft_step(t(0), 0.0), "tau must be positive"),
    (lambda: needs.soft_step_moments(-1.0, 0.0, 0.0, 1.0), "tau must be positive"),
    (lambda: needs.soft_step_moments(1.0, 0.0, 0.0, 0.0), "sigma must be positive"),
    (lambda: needs.SinhArcsinh(scale=0.0), "scale must be positive"),
    (lambda: needs.SinhArcsinh(tail=t(1, -1)), "tail must be positive"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_solutions_are_right():
    def log_density(y, m, s):
        z = (math.log(y) - m) / s
        return -0.5 * z * z - 0.5 * math.log(2 * math.pi) - math.log(s * y)

    assert grade("conditions/window", lambda m, s, low, high: density(low, m, s) - density(high, m, s)).right
    assert grade("conditions/log_density", log_density).right
