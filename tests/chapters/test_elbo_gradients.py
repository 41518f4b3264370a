"""Gradients of the evidence lower bound: exact means and variances, and what the grader knows."""

import numpy as np
import pytest
import torch
from samples.costs import MODEL, MU, NODES, SIGMA, WEIGHTS, Q, joint

from reparam import estimators, quadrature
from reparam.chapters import elbo_gradients as chapter
from reparam.estimators import side_by_side, variances
from reparam.estimators.bounds import path_derivative, total_derivative
from reparam.laws.gaussian import DiagonalGaussian
from reparam.laws.logistic import LogisticRegression
from reparam.teaching.exercises import elbo_gradients as exercises
from reparam.teaching.grader import grade


def likelihood(z):
    return -0.5 * ((MODEL.x - z[:, 0]) / MODEL.s) ** 2

PRIOR = DiagonalGaussian.from_sigma([0.0], [MODEL.tau])

PATHWISE = {
    "total derivative": lambda: total_derivative(joint, Q, NODES),
    "analytic entropy": lambda: estimators.analytic_entropy(joint, Q, NODES),
    "analytic KL": lambda: estimators.analytic_kl(likelihood, Q, NODES, PRIOR),
    "path derivative": lambda: path_derivative(joint, Q, NODES),
}


@pytest.mark.parametrize("name", PATHWISE)
def test_elbo_estimators_have_the_exact_gradient_and_variance(name):
    g = np.concatenate(PATHWISE[name](), axis=1)
    mean = WEIGHTS @ g
    # derivative of the closed-form bound: (x - mu)/s^2 - mu/tau^2 and 1 - sigma^2 (1/s^2 + 1/tau^2)
    exact = [(MODEL.x - MU) / MODEL.s**2 - MU / MODEL.tau**2, 1 - SIGMA**2 * (MODEL.s**-2 + MODEL.tau**-2)]
    np.testing.assert_allclose(mean, exact, atol=1e-9)
    np.testing.assert_allclose(WEIGHTS @ (g - mean) ** 2, variances.elbo_estimators(MODEL, MU, SIGMA)[name], atol=1e-9)


def test_a_frame_draws_three_curves_and_marks_the_width():
    import matplotlib

    matplotlib.use("Agg")
    left, right = chapter.draw_width(MODEL, 0.5).axes
    m, v = MODEL.posterior
    z, density = left.lines[0].get_data()
    np.testing.assert_allclose(density, np.exp(-2 * (z - m) ** 2) * np.sqrt(2 / np.pi))  # N(m, 1/4)
    curves = variances.elbo_estimators(MODEL, m, right.lines[0].get_xdata())
    for line, name in zip(right.lines, chapter.COLORS, strict=False):
        np.testing.assert_allclose(line.get_ydata(), curves[name][0])
    np.testing.assert_allclose(right.lines[3].get_xdata(), [0.5, 0.5])
    np.testing.assert_allclose(left.collections[0].get_paths()[0].vertices[:, 1].max(), 1 / (v * np.sqrt(2 * np.pi)))


SOLUTIONS = {
    "saved": lambda g, eps, sigma: 1 / sigma**2 - 2 / sigma * np.mean(g * eps),
    "left": lambda P, sigma: ((np.diag(1 / sigma) - P * sigma) ** 2).sum(axis=1),
}


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_grader_accepts_the_solution(name):
    assert grade(f"elbo_gradients/{name}", SOLUTIONS[name]).right


def test_variances_by_hermite_orders_are_those_of_a_quadrature():
    data = LogisticRegression([[1.0, 0.4], [-0.5, 1.0], [0.2, -0.9]], [1.0, -1.0, 1.0], tau=1.3)
    q = DiagonalGaussian.from_sigma([0.3, -0.6], [0.8, 0.5])
    eps, weights = quadrature.normal_nodes(2, 60)
    ways = {"total": total_derivative, "path": path_derivative, "path, pairs": side_by_side.antithetic(path_derivative)}
    for name, found in chapter.logistic_variances(data, q).items():
        g = np.stack(ways[name](data.log_joint, q, torch.from_numpy(eps)))
        exact = [weights @ (v - weights @ v) ** 2 for v in g]
        np.testing.assert_allclose(found, exact, rtol=1e-8)


def test_tails_have_the_best_width_and_the_gaussian_has_none():
    eps = np.linspace(-9, 9, 2001)
    weights = np.exp(-(eps**2) / 2) * 0.009 / np.sqrt(2 * np.pi)
    laws = chapter.tails((1.0, 1e9), eps, weights)
    assert list(laws) == ["Student, ν = 1", "Student, ν = 1e+09", "−z⁴/4"]
    # nearly Gaussian: sigma = 1 and r = 0; quartic: 3 sigma^4 = 1 and E[r eps^3] = 3 - 5
    np.testing.assert_allclose([laws["Student, ν = 1e+09"][1], laws["Student, ν = 1e+09"][2]], [1, 0], atol=1e-6)
    np.testing.assert_allclose(laws["−z⁴/4"][1:], [3**-0.25, -2], rtol=1e-9)
    z = torch.tensor([[2.0]])
    torch.testing.assert_close(chapter.student(1.0)(z), -torch.tensor([5.0]).log())
    torch.testing.assert_close(chapter.quartic(z), torch.tensor([-4.0]))


@pytest.mark.parametrize(("nu", "sigma"), [(6.0, 0.7), (12.0, 1.3)])
def test_a_heavy_guide_has_the_moments_of_its_law_and_of_the_total_derivative(nu, sigma):
    masses, z, (total, path) = chapter.student_guide(nu, sigma)
    second, fourth = sigma**2 * nu / (nu - 2), 3 * sigma**4 * nu**2 / (nu - 2) / (nu - 4)
    assert masses @ z**4 == pytest.approx(fourth, rel=1e-8)
    # along z = mu + sigma t the total derivative is that of -z^2 / 2 but for a constant
    assert total == pytest.approx([second, fourth - second**2], rel=1e-8)
    assert total[0] - path[0] == pytest.approx(2 - (nu + 1) / (nu + 3) / sigma**2, abs=1e-8)
    assert total[1] - path[1] == pytest.approx(4 * second - 2 * nu / (nu + 3), abs=1e-8)
