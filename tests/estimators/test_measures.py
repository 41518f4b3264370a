"""Measure-valued gradients."""

import math

import numpy as np
import torch

from reparam import estimators
from reparam.estimators.measures import polar_nodes
from reparam.laws.gaussian import DiagonalGaussian


def test_measure_valued_gradients_by_hand():
    # eps = (3, 4, 12): w = 5, m = 13; eps = (-3, 4, 12): m = -13
    q = DiagonalGaussian.from_sigma([1.0], [2.0])
    eps = torch.tensor([[[3.0], [4.0], [12.0]], [[-3.0], [4.0], [12.0]]], dtype=torch.float64)
    g = estimators.measure_valued(lambda z: z[:, 0] ** 3, q, eps)
    scale = 2 * math.sqrt(2 * math.pi)
    torch.testing.assert_close(g.mu, torch.full((2, 1), (11**3 + 9**3) / scale, dtype=torch.float64))
    torch.testing.assert_close(g.log_sigma, torch.tensor([[27.0**3 - 7**3], [-(25.0**3) + 5**3]], dtype=torch.float64))


def test_measure_valued_gradients_move_one_coordinate_at_a_time():
    q = DiagonalGaussian.from_sigma([0.0, 0.0], [1.0, 1.0])
    eps = torch.tensor([[[3.0, 1.0], [4.0, 0.0], [12.0, 0.0]]], dtype=torch.float64)
    # cost z1 z2: for mu_1 the second coordinate stays at 1, for mu_2 the first stays at 3
    g = estimators.measure_valued(lambda z: z[:, 0] * z[:, 1], q, eps)
    root = math.sqrt(2 * math.pi)
    torch.testing.assert_close(g.mu, torch.tensor([[10 / root, 6 / root]], dtype=torch.float64))
    torch.testing.assert_close(g.log_sigma, torch.tensor([[10.0, 0.0]], dtype=torch.float64))


def test_polar_nodes_integrate_the_laws_of_rayleigh_and_maxwell():
    (plane, w), (space, v) = polar_nodes()
    assert plane.shape[1:] == space.shape[1:] == (3, 1)
    radius = plane[:, :2, 0].norm(dim=1).numpy()
    # E[1] = 1, E[w^2] = 2, E[w^4] = 8; E[m^2] = 3, E[m^4] = 15, and the first coordinate is a standard normal
    np.testing.assert_allclose([w.sum(), w @ radius**2, w @ radius**4], [1, 2, 8], rtol=1e-12)
    length, first = space[..., 0].norm(dim=1).numpy(), space[:, 0, 0].numpy()
    np.testing.assert_allclose([v.sum(), v @ length**2, v @ length**4, v @ first**2, v @ first**4], [1, 3, 15, 1, 3])
