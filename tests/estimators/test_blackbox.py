"""Differences along axes and directions: by hand, their exact variances, and what must be refused."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import quadrature
from reparam.estimators import blackbox, side_by_side, variances
from reparam.estimators.structure import bit_states
from reparam.estimators.values import score_function
from reparam.laws.gaussian import DiagonalGaussian

F64 = torch.float64


def cube(z):
    return z[:, 0] ** 3 - 2 * z[:, 0] * z[:, 1]


def test_axes_by_hand():
    # right (1, 2), left (0, 1), h = 1: x: f(2, 2) - f(-1, 1) = 0 - 1; y: f(1, 3) - f(0, 0) = -5
    z = torch.tensor([[[1.0, 2.0], [0.0, 1.0]]], dtype=F64)
    assert_close(blackbox.coordinate_differences(cube, z, 1.0), torch.tensor([[-0.5, -2.5]], dtype=F64))


def test_direction_by_hand():
    # direction (1, -1), h = 1: f(2, 1) - f(-1, 2) = 4 - 3, over 2
    z = torch.tensor([[[1.0, 2.0], [0.0, 1.0]]], dtype=F64)
    direction = torch.tensor([[1.0, -1.0]], dtype=F64)
    assert_close(blackbox.directional_difference(cube, z, direction, 1.0), torch.tensor([[0.5, -0.5]], dtype=F64))


def test_a_normal_direction_is_a_mirrored_score():
    q, eps = DiagonalGaussian.from_sigma([0.3, -1.0], [0.7, 0.7]), torch.from_numpy(quadrature.normal_nodes(2, 5)[0])
    ours = blackbox.directional_difference(cube, q.mu.expand(len(eps), 2, -1), eps, 0.7)
    assert_close(ours, side_by_side.antithetic(score_function)(cube, q, eps).mu)


def test_variance_of_a_direction_by_enumeration():
    a = np.array([1.5, -0.5, 2.0])
    signs = 2 * bit_states(3) - 1
    g = signs * (signs @ a)[:, None]
    np.testing.assert_allclose(blackbox.direction_variance(a, 1), g.var(0))
    eps, w = quadrature.normal_nodes(3, 6)
    np.testing.assert_allclose(blackbox.direction_variance(a, 3), w @ (eps * (eps @ a)[:, None]) ** 2 - a**2)
    assert blackbox.direction_variance(a[:1], 1) == pytest.approx(0.0)


@pytest.mark.parametrize("order", [1, 2])
def test_the_best_step_is_a_minimum(order):
    step, least = blackbox.best_step(0.3, -1.2, 1e4, order)

    def error(h):
        return (h * h / 6 * 1.2) ** 2 + 0.3 / (1e4 * h**order)

    assert error(step) == pytest.approx(least)
    assert error(0.99 * step) > least < error(1.01 * step)


@pytest.mark.parametrize("c", [-0.4, 0.3, 1.6])
def test_a_smoothed_step(c):
    mu, sigma = 0.3, 0.8
    u = (c - mu) / sigma
    slope, plain, mirrored = blackbox.step_smoothing(c, mu, sigma)

    def moment(g):
        return quadrature.expectation(g, points=(u, -u))

    def one(e):
        return (e > u) * e / sigma

    def pair(e):
        return ((e > u) * 1.0 - (-e > u)) * e / (2 * sigma)

    assert slope == pytest.approx(moment(one))
    assert plain == pytest.approx(moment(lambda e: one(e) ** 2) - slope**2)
    assert mirrored == pytest.approx(moment(lambda e: pair(e) ** 2) - slope**2)
    # negative control: a mirrored pair without the factor one half
    assert abs(moment(lambda e: (2 * pair(e)) ** 2) - slope**2 - mirrored) > 0.1


def test_values_only():
    z = torch.zeros(2, 2, 2, dtype=F64, requires_grad=True)
    assert not blackbox.coordinate_differences(cube, z, 0.1).requires_grad
    e = variances.square(0.0, 0.5, 1.0)
    assert e.gradient[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: blackbox.coordinate_differences(cube, torch.zeros(3, 2, dtype=F64), 0.1), "z must"),
    (lambda: blackbox.coordinate_differences(cube, torch.zeros(3, 2, 2, dtype=F64), 0.0), "h must"),
    (lambda: blackbox.coordinate_differences(lambda z: z, torch.zeros(3, 2, 2, dtype=F64), 0.1), "cost must"),
    (lambda: blackbox.directional_difference(cube, torch.zeros(3, 2, 2, dtype=F64), torch.zeros(2, 2, dtype=F64), 0.1),
     "direction must"),
    (lambda: blackbox.best_step(1.0, 0.0, 10, 2), "third must"),
    (lambda: blackbox.best_step(1.0, 1.0, 10, 3), "order must"),
    (lambda: blackbox.direction_variance([1.0], 0.5), "fourth must"),
    (lambda: blackbox.step_smoothing(0.0, 0.0, -1.0), "sigma must"),
    (lambda: blackbox.best_step(math.nan, 1.0, 10, 2), "noise must"),
], ids=["shape", "step", "cost", "direction", "flat", "order", "kurtosis", "sigma", "nan"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
