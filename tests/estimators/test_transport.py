"""Velocity fields of Gaussians: the transport equation, exact moments, the best turn."""

import numpy as np
import pytest

from reparam import quadrature
from reparam.derivatives import derivative
from reparam.estimators import transport

ROOT, CHANGE = np.array([[1.1, 0.0], [-0.4, 0.7]]), np.array([[0.2, 0.0], [0.6, -0.5]])
TURN = np.array([[0.0, -1.0], [1.0, 0.0]])
A, B = np.array([[1.5, -0.3], [-0.3, 0.8]]), np.array([0.4, 1.0])
NODES, MASSES = quadrature.normal_nodes(2, 10)


def truth():
    def mean_cost(t):
        root = ROOT + t * CHANGE
        return 0.5 * np.trace(A @ root @ root.T)
    return derivative(mean_cost, 0.0)


def along(field):
    z = NODES @ ROOT.T
    g = ((z @ A + B) * (z @ field.T)).sum(1)
    return MASSES @ g, MASSES @ g**2 - (MASSES @ g) ** 2


@pytest.mark.parametrize("k", [0.0, 0.8, -1.5])
def test_turned_noise_moves_as_the_field_says_and_carries_the_covariance(k):
    field = transport.turned_field(ROOT, CHANGE, k * TURN)

    def path(t):  # turned by the angle k t
        turned = np.array([[np.cos(k * t), -np.sin(k * t)], [np.sin(k * t), np.cos(k * t)]])
        return (ROOT + t * CHANGE) @ turned @ NODES[:5].T

    np.testing.assert_allclose(derivative(path, 0.0), field @ ROOT @ NODES[:5].T, atol=1e-9)
    sigma = ROOT @ ROOT.T
    np.testing.assert_allclose(field @ sigma + sigma @ field.T, CHANGE @ ROOT.T + ROOT @ CHANGE.T, atol=1e-12)


@pytest.mark.parametrize("k", [0.0, 0.8, -1.5])
def test_moments_are_those_at_the_nodes_and_the_mean_is_the_slope(k):
    field = transport.turned_field(ROOT, CHANGE, k * TURN)
    found = transport.quadratic_moments(A, B, ROOT, field)
    assert found == pytest.approx(along(field), abs=1e-10)
    assert found[0] == pytest.approx(truth(), abs=1e-9)


def test_a_turn_that_is_not_antisymmetric_would_be_biased():
    stretch = transport.turned_field(ROOT, CHANGE, 0 * TURN) + ROOT @ np.eye(2) @ np.linalg.inv(ROOT)
    assert abs(transport.quadratic_moments(A, B, ROOT, stretch)[0] - truth()) > 0.5
    with pytest.raises(ValueError, match="turn must"):
        transport.turned_field(ROOT, CHANGE, np.eye(2))


def test_the_best_turn_is_a_minimum():
    best = transport.best_turn(A, B, ROOT, CHANGE, TURN)
    around = (best, best - 0.1, best + 0.1)
    there, left, right = (along(transport.turned_field(ROOT, CHANGE, k * TURN))[1] for k in around)
    assert there < left
    assert there < right
    assert left - there == pytest.approx(right - there, rel=1e-8)  # a parabola is symmetric about its vertex
    assert transport.best_turn(A, B, ROOT, CHANGE, 1e-3 * TURN) == pytest.approx(1e3 * best, rel=1e-6)


def test_corrected_path_is_path_plus_correction():
    value, slope, velocity, residual = np.array([[2.0, 3.0], [1.0, -1.0], [0.5, 4.0], [7.0, 1.0]])
    np.testing.assert_allclose(transport.corrected_path(value, slope, velocity, residual), [0.5 + 14.0, -4.0 + 3.0])


@pytest.mark.parametrize(("call", "word"), [
    (lambda: transport.turned_field(np.zeros((2, 2)), CHANGE, TURN), "root must"),
    (lambda: transport.quadratic_moments(np.array([[1.0, 2.0], [0.0, 1.0]]), B, ROOT, CHANGE), "hessian must"),
    (lambda: transport.quadratic_moments(np.array([[1.0, 1.0], [1.0 + 1e-9, 1.0]]), B, ROOT, CHANGE), "hessian must"),
    (lambda: transport.turned_field(ROOT, CHANGE, np.array([[0.0, 1.0], [-1.0 + 1e-9, 0.0]])), "turn must"),
    (lambda: transport.best_turn(0 * A, 0 * B, ROOT, CHANGE, TURN), "turn must"),
], ids=["root", "hessian", "hessian by a hair", "turn by a hair", "idle"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
