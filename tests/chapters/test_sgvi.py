"""Chapter 3: the score-function gradient, its closed forms and its exercises."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import checks, estimators, noise, quadrature
from reparam.chapters import elbo, sgvi
from reparam.laws.gaussian import DiagonalGaussian
from reparam.teaching.exercises.sgvi import EXERCISES
from reparam.teaching.grader import grade

MODEL = elbo.ConjugateGaussian(1.2, 1.0, 0.8)

SQUARE = elbo.SquareModel(1.5, 0.5)

EPS, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(1, nodes=12))

POINTS = pytest.mark.parametrize(("mu", "sigma"), [(-0.4, 1.2), (0.2, 0.5), (1.5, 0.9)], ids=["wide", "slim", "right"])


def joint(z):
    return MODEL.log_joint(z).sum(-1)


def phi_at(mu, sigma, d=1):
    return torch.tensor([[mu] * d, [math.log(sigma)] * d], dtype=torch.float64)


def mean_and_variance(draws, weights):
    mean = torch.tensordot(weights, draws, 1)
    return mean, torch.tensordot(weights, (draws - mean) ** 2, 1)


@POINTS
def test_score_function_gradient_of_the_elbo_has_the_mean_of_the_closed_form(mu, sigma):
    mean, _ = mean_and_variance(estimators.elbo_gradient(joint, phi_at(mu, sigma), EPS), WEIGHTS)
    assert_close(mean[:, 0].numpy(), sgvi.conjugate_gradient(MODEL, mu, sigma))


def wrong_sign(draws, eps):
    return -draws


def entropy_dropped(draws, eps):
    q = DiagonalGaussian(*phi_at(0.2, 0.5))
    return torch.stack(estimators.score_function(joint, q, eps), 1)


def sigma_for_log_sigma(draws, eps):
    return draws / torch.tensor([[1.0], [0.5]], dtype=torch.float64)


def not_detached(draws, eps):
    q = DiagonalGaussian(*phi_at(0.2, 0.5))
    return draws - torch.stack(estimators.score_function(q.log_density, q, eps), 1)


@pytest.mark.parametrize("break_it", [wrong_sign, entropy_dropped, sigma_for_log_sigma, not_detached])
def test_broken_estimators_are_rejected(break_it):
    eps = noise.normal("test/broken", 400_000, 1)
    exact = sgvi.conjugate_gradient(MODEL, 0.2, 0.5)
    draws = estimators.elbo_gradient(joint, phi_at(0.2, 0.5), eps)
    checks.mean("S12", draws[..., 0], exact, resolution=0.05)
    with pytest.raises(checks.CheckFailed):
        checks.mean("S12", break_it(draws, eps)[..., 0], exact, resolution=0.05)


@POINTS
def test_conjugate_gradient_is_the_slope_of_the_closed_form_bound(mu, sigma):
    h = 1e-5
    slopes = [(MODEL.elbo(mu + h, sigma) - MODEL.elbo(mu - h, sigma)) / (2 * h),
              (MODEL.elbo(mu, sigma * math.exp(h)) - MODEL.elbo(mu, sigma * math.exp(-h))) / (2 * h)]
    assert_close(sgvi.conjugate_gradient(MODEL, mu, sigma), np.array(slopes), rtol=1e-8, atol=1e-8)


def test_conjugate_gradient_broadcasts():
    assert sgvi.conjugate_gradient(MODEL, np.zeros(3), 0.5).shape == (2, 3)


@POINTS
def test_coefficients_give_the_integrand(mu, sigma):
    a, b, c = sgvi.conjugate_coefficients(MODEL, mu, sigma)
    q = DiagonalGaussian(*phi_at(mu, sigma))
    assert_close(estimators.elbo_integrand(joint, q)(q.path(EPS)), (a + b * EPS + c * EPS**2)[:, 0])


@pytest.mark.parametrize("d", [1, 2, 3], ids="d={}".format)
def test_quadratic_variance_is_that_of_the_estimator(d):
    rng = noise.generator(f"test/quadratic-{d}")
    b, c, mu = rng.standard_normal((3, d))
    sigma, a = rng.uniform(0.3, 2.0, d), 1.7
    eps, weights = map(torch.from_numpy, quadrature.normal_nodes(d, nodes=6))

    def cost(z):
        e = (z - torch.from_numpy(mu)) / torch.from_numpy(sigma)
        return a + e @ torch.from_numpy(b) + e**2 @ torch.from_numpy(c)

    draws = torch.stack(estimators.score_function(cost, DiagonalGaussian.from_sigma(mu, sigma), eps), 1)
    mean, variance = mean_and_variance(draws, weights)
    assert_close(mean.numpy(), np.stack([b / sigma, 2 * c]))
    assert_close(variance.numpy(), sgvi.quadratic_variance(a, b, c, sigma))


@POINTS
def test_square_elbo_is_the_bound_by_quadrature(mu, sigma):
    model = elbo.SquareModel(0.7, 0.9)
    assert_close(sgvi.square_elbo(model, mu, sigma), elbo.elbo(model.log_joint, elbo.normal_density(mu, sigma)))


@POINTS
def test_square_curvature_is_the_hessian_of_the_bound(mu, sigma):
    model = elbo.SquareModel(0.7, 0.9)

    def bound(phi):  # log p(x, z) averaged exactly, plus the part of the entropy that depends on phi
        return WEIGHTS @ model.log_joint(phi[0] + phi[1].exp() * EPS[:, 0]) + phi[1]

    expected = torch.autograd.functional.hessian(bound, phi_at(mu, sigma)[:, 0])
    assert_close(torch.from_numpy(sgvi.square_curvature(model, mu, sigma)), expected)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.3], ids="phase={}".format)
@pytest.mark.parametrize("k", [0.5, 3.0], ids="k={}".format)
def test_wave_variances_by_quadrature(k, alpha):
    sigma = 0.7

    def variance(draw):
        return quadrature.expectation(lambda e: draw(e) ** 2) - quadrature.expectation(draw) ** 2

    score = variance(lambda e: np.cos(k * sigma * e + alpha) * e / sigma)
    path = variance(lambda e: -k * np.sin(k * sigma * e + alpha))
    assert_close(sgvi.wave_variances(k, alpha, sigma), (np.float64(score), np.float64(path)))


@pytest.mark.parametrize("alpha", np.linspace(0, np.pi, 9), ids="phase={:.2f}".format)
def test_the_threshold_is_where_the_better_estimator_changes(alpha):
    t = sgvi.wave_threshold(alpha)
    score, path = sgvi.wave_variances(t, alpha, 1.0)
    assert_close(score, path)
    assert 0.85 < t < 1.11
    for k in np.geomspace(0.02, 30, 60):
        score, path = sgvi.wave_variances(k, alpha, 1.0)
        assert (score < path) == (k > t)


def test_threshold_is_one_where_the_phase_cancels():
    assert_close(sgvi.wave_threshold(math.pi / 4), 1.0, rtol=1e-12, atol=0)


@pytest.mark.parametrize("c", [-0.5, 0.3, 2.0], ids="c={}".format)
def test_step_moments_by_quadrature(c):
    t = (c - 0.3) / 0.7
    first, second = (quadrature.expectation(lambda e, k=k: (e > t) * (e / 0.7) ** k, points=(t,)) for k in (1, 2))
    assert_close(sgvi.step_moments(c, 0.3, 0.7), (float(first), float(second - first**2)))


def test_log_density_and_score_of_an_exponential_law():
    # log q = log theta - theta z: score 1 / theta - z
    z = np.array([0.2, 1.0, 3.0])
    log_q, score = sgvi.log_density_and_score(lambda z, theta: torch.log(theta) - theta * z, z, 0.5)
    assert_close(log_q, math.log(0.5) - 0.5 * z)
    assert_close(score, 2.0 - z)


def test_draw_histograms_marks_the_truth():
    from matplotlib import pyplot

    figure = sgvi.draw_histograms(EPS[:, 0], 2 * EPS[:, 0], 0.25)
    for ax, scale, name in zip(figure.axes, (1, 2), ("no constant", "best constant"), strict=True):
        assert ax.lines[0].get_xdata()[0] == 0.25
        assert (ax.get_title() or ax.get_title(loc="left")) == f"{name}: sd {scale * float(EPS.std()):.1f}"
        assert ax.get_ylim() == (0, 0.2)
        assert ax.patches[0].get_data().values.sum() * 2 == pytest.approx(1)
    assert sum(ax.patches[0].get_data().values[40] for ax in figure.axes) > 0
    assert figure.axes[0].get_ylabel() == "density"
    pyplot.close(figure)

NAN = float("nan")


@pytest.mark.parametrize(("call", "message"), [
    (lambda: estimators.elbo_gradient(joint, torch.zeros(3, 1), EPS), r"phi must have shape \(2, d\), got \(3, 1\)"),
    (lambda: estimators.elbo_gradient(joint, torch.zeros(2), EPS), r"phi must have shape \(2, d\), got \(2,\)"),
    (lambda: estimators.elbo_gradient(joint, torch.zeros(2, 1, dtype=torch.long), EPS), "phi must be a floating"),
    (lambda: estimators.elbo_gradient(joint, torch.full((2, 1), NAN), EPS), "phi must be finite"),
    (lambda: estimators.elbo_gradient(joint, phi_at(0.0, 1.0), EPS[0]), r"eps must have shape \(n, 1\), got \(1,\)"),
    (lambda: estimators.elbo_gradient(joint, phi_at(0.0, 1.0, 2), EPS), "eps must end in shape"),
    (lambda: estimators.elbo_gradient(joint, phi_at(0.0, 1.0), EPS * NAN), "eps must be finite"),
    (lambda: estimators.elbo_gradient(MODEL.log_joint, phi_at(0.0, 1.0), EPS),
     r"log_joint must return one number per draw, .* \(12,\), got .* \(12"),
    (lambda: sgvi.conjugate_gradient(MODEL, 0.0, 0.0), "sigma must be positive, got 0.0"),
    (lambda: sgvi.conjugate_gradient(MODEL, NAN, 1.0), "mu must be finite"),
    (lambda: sgvi.conjugate_coefficients(MODEL, 0.0, -1.0), "sigma must be positive"),
    (lambda: sgvi.conjugate_coefficients(MODEL, NAN, 1.0), "mu must be finite"),
    (lambda: sgvi.square_elbo(SQUARE, 0.0, 0.0), "sigma must be positive"),
    (lambda: sgvi.square_elbo(SQUARE, NAN, 1.0), "mu must be finite"),
    (lambda: sgvi.square_curvature(SQUARE, 0.0, 0.0), "sigma must be positive"),
    (lambda: sgvi.square_curvature(SQUARE, NAN, 1.0), "mu must be finite"),
    (lambda: sgvi.quadratic_variance(1.0, [1.0], [1.0], [0.0]), "sigma must be positive"),
    (lambda: sgvi.quadratic_variance(NAN, [1.0], [1.0], [1.0]), "a must be finite"),
    (lambda: sgvi.quadratic_variance(1.0, [NAN], [1.0], [1.0]), "b must be finite"),
    (lambda: sgvi.quadratic_variance(1.0, [1.0], [NAN], [1.0]), "c must be finite"),
    (lambda: sgvi.quadratic_variance(1.0, [1.0], [1.0], [NAN]), "sigma must be finite"),
    (lambda: sgvi.quadratic_variance(1.0, [1.0, 2.0], [1.0], [1.0]), r"\(d,\), got \(2,\), \(1,\) and \(1,\)"),
    (lambda: sgvi.quadratic_variance(1.0, 1.0, 1.0, 1.0), r"one shape \(d,\)"),
    (lambda: sgvi.log_density_and_score(lambda z, t: (t * z)[:1], np.ones(3), 1.0), r"shape \(3,\), got \(1,\)"),
    (lambda: sgvi.log_density_and_score(lambda z, t: torch.log(-t), np.ones(3), 1.0), "log_q.* must be finite"),
    (lambda: sgvi.wave_variances(0.0, 0.0, 1.0), "k must be positive"),
    (lambda: sgvi.wave_variances(1.0, NAN, 1.0), "phase must be finite"),
    (lambda: sgvi.wave_variances(1.0, 0.0, 0.0), "sigma must be positive"),
    (lambda: sgvi.wave_threshold(NAN), "phase must be finite"),
    (lambda: sgvi.step_moments(0.0, 0.0, 0.0), "sigma must be positive"),
    (lambda: sgvi.step_moments(NAN, 0.0, 1.0), "c must be finite"),
    (lambda: sgvi.step_moments(0.0, NAN, 1.0), "mu must be finite"),
])
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

SOLUTIONS = {
    "gradient": lambda log_joint, mu, log_sigma, eps: tuple(
        np.mean((log_joint(mu + math.exp(log_sigma) * eps) + 0.5 * eps**2 + log_sigma + elbo.HALF_LOG_2PI) * s)
        for s in (eps / math.exp(log_sigma), eps**2 - 1)),
    "constant": lambda f, s: np.sum(f * s**2) / np.sum(s**2),
}

@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right(name):
    assert grade(f"sgvi/{name}", SOLUTIONS[name]).right
