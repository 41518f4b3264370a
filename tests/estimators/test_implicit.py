"""Implicit paths."""

import numpy as np
import pytest
import torch
from scipy import stats
from scipy.special import betainc, gammainc

from reparam.derivatives import derivative
from reparam.estimators import implicit
from reparam.laws.mixture import Mixture

HALF = torch.full((3,), 0.5, requires_grad=True)
PATHS = {
    # name: cdf, density, parameter, closed form of dz/dphi
    "exponential": (lambda z, r: -np.expm1(-r * z), lambda z, r: r * np.exp(-r * z), 1.7, lambda z, r: -z / r),
    "normal scale": (lambda z, s: stats.norm.cdf(z / s), lambda z, s: stats.norm.pdf(z / s) / s, 0.8,
                     lambda z, s: z / s),
    "power": (lambda z, a: z**a, lambda z, a: a * z ** (a - 1), 2.2, lambda z, a: -z * np.log(z) / a),
}


@pytest.mark.parametrize("law", PATHS.values(), ids=PATHS)
def test_implicit_path_equals_the_closed_form(law):
    cdf, density, phi, closed = law
    z = np.array([0.1, 0.5, 0.95])
    np.testing.assert_allclose(implicit.implicit_path(cdf, density, z, phi), closed(z, phi), rtol=1e-9)


def test_torch_runs_the_function_that_the_chapter_calls():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        alpha = torch.full((50,), 1.5, dtype=torch.float64, requires_grad=True)
        z = torch.distributions.Gamma(alpha, 1.0).rsample()
    (gradient,) = torch.autograd.grad(z.sum(), alpha)
    torch.testing.assert_close(gradient, torch._standard_gamma_grad(alpha.detach(), z.detach()))
    ours = implicit.implicit_path(lambda x, a: gammainc(a, x), stats.gamma.pdf, z.detach().numpy(), 1.5)
    np.testing.assert_allclose(gradient.numpy(), ours, rtol=1e-3)


def test_beta_paths_agree_with_torch_to_its_three_digits():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        a, b = (torch.full((50,), v, dtype=torch.float64, requires_grad=True) for v in (2.0, 3.0))
        x = torch.distributions.Beta(a, b).rsample()
    gradient = torch.autograd.grad(x.sum(), (a, b))
    z = x.detach().numpy()
    ours = (implicit.implicit_path(lambda s, q: betainc(q, 3.0, s), lambda s, q: stats.beta.pdf(s, q, 3.0), z, 2.0),
            implicit.implicit_path(lambda s, q: betainc(2.0, q, s), lambda s, q: stats.beta.pdf(s, 2.0, q), z, 3.0))
    for theirs, mine in zip(gradient, ours, strict=True):
        np.testing.assert_allclose(theirs.numpy(), mine, rtol=3e-3)


def test_attached_path_keeps_the_draw_and_differentiates_like_the_quantile():
    # exponential law: z = -log(1 - u)/r, dz/dr = -z/r; the draw itself is a constant
    z = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
    rate = torch.tensor(1.7, dtype=torch.float64, requires_grad=True)
    path = implicit.attach_path(z, 1 - torch.exp(-rate * z), rate * torch.exp(-rate * z))
    torch.testing.assert_close(path, z)
    (gradient,) = torch.autograd.grad((path * torch.tensor([1.0, 10.0, 100.0])).sum(), rate)
    torch.testing.assert_close(gradient, -torch.tensor(205.1 / 1.7, dtype=torch.float64))


@pytest.mark.parametrize(
    ("cdf", "density"),
    [(HALF[:2], torch.ones(3)), (HALF, torch.ones(2)), (HALF[:2].detach(), torch.ones(2)), (np.ones(2), torch.ones(2)),
     (HALF[:2], torch.tensor([1.0, 0.0])), (HALF[:2], torch.tensor([1.0, torch.nan]))],
    ids=["density too long", "cdf too long", "no graph", "array", "density zero", "density NaN"],
)
def test_attached_path_refuses_bad_input(cdf, density):
    with pytest.raises(ValueError, match=r"density must|cdf must"):
        implicit.attach_path(torch.ones(2), cdf, density)


LAW = Mixture((0.4, 0.6), (1.2, -0.9), (0.7, 0.5))


def test_weight_path_equals_the_move_of_the_quantile():
    def quantile(w):
        return Mixture((w, 1 - w), LAW.means, LAW.sigmas).transport(np.array([-2.0, -0.3, 0.4, 1.9]))

    actual = implicit.weight_path(LAW, quantile(0.4))
    np.testing.assert_allclose(actual, derivative(quantile, 0.4, 0.003), rtol=1e-7)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(-actual, derivative(quantile, 0.4), rtol=1e-2)


def test_weight_path_keeps_its_digits_far_out():
    # F2 - F1 at 9: the tail of the first bump, 1.2 + 0.7 * 11.14; p = 0.4 of its density there
    assert implicit.weight_path(LAW, 9.0) == pytest.approx(
        stats.norm.sf(9.0, 1.2, 0.7) / (0.4 * stats.norm.pdf(9.0, 1.2, 0.7)), rel=1e-9)


def test_weight_score_equals_the_slope_of_log_p():
    z = np.array([-1.0, 0.2, 2.0])
    slope = derivative(lambda w: np.log(Mixture((w, 1 - w), LAW.means, LAW.sigmas).density(z)), 0.4)
    np.testing.assert_allclose(implicit.weight_score(LAW, z), slope, rtol=1e-9)


@pytest.mark.parametrize("function", [implicit.weight_path, implicit.weight_score], ids=["path", "score"])
def test_weights_of_other_laws_are_refused(function):
    with pytest.raises(ValueError, match="two components"):
        function(Mixture((1.0,), (0.0,), (1.0,)), np.zeros(2))
    with pytest.raises(ValueError, match="z must be finite"):
        function(LAW, np.array([np.nan]))
    with pytest.raises(ValueError, match="density must be positive"):
        function(LAW, np.array([1e3]))


def test_the_step_stays_inside_the_parameters_range():
    # a step of .04 would take the shape .03 below zero; expected: forty digits of mpmath
    z = np.array([0.1, 1.0])
    ours = implicit.implicit_path(lambda x, a: gammainc(a, x), stats.gamma.pdf, z, 0.03)
    np.testing.assert_allclose(ours, [6.85394794, 20.73868331], rtol=1e-7)
    scale = implicit.implicit_path(lambda x, s: 1 - np.exp(-x / s), lambda x, s: np.exp(-x / s) / s, 0.001 * z, 0.001)
    np.testing.assert_allclose(scale, z, rtol=1e-6)  # z = s E: the slope is E


@pytest.mark.parametrize(
    ("cdf", "words"),
    [(lambda z, p: 2 * z, "cdf must lie between 0 and 1"), (lambda z, p: z - 0.6, "cdf must lie between 0 and 1"),
     (lambda z, p: (z < p) * 1.0, "cdf must be smooth"),
     (lambda z, p: 0.5, "the value of cdf must have shape"), (0.5, "cdf must be a function")],
    ids=["above one", "below zero", "a jump in the parameter", "one number", "no function"],
)
def test_what_is_no_distribution_function_is_refused(cdf, words):
    with pytest.raises(ValueError, match=words):
        implicit.implicit_path(cdf, lambda z, p: np.ones_like(z), np.array([0.5, 0.9]), 0.5)
