"""A Gaussian posterior, four q beside it, and the nodes of a quadrature."""

import math

import pytest
import torch

from reparam import quadrature
from reparam.laws.gaussian import DiagonalGaussian

CLOSE = {"rtol": 1e-10, "atol": 1e-10}
M, V = 0.7, 0.6
POSTERIOR = DiagonalGaussian.from_sigma([M], [V])
EPS, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(1))
QS = [pytest.param(DiagonalGaussian.from_sigma([mu], [sigma]), id=f"mu={mu},sigma={sigma}")
      for mu, sigma in ((0.7, 0.6), (-0.3, 0.9), (1.5, 0.2), (0.1, V / math.sqrt(2)))]


def log_joint(z):
    return -0.5 * ((z - M) / V).square().sum(-1) - 3.0


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def close(actual, expected, **tolerance):
    torch.testing.assert_close(actual, expected, **(tolerance or CLOSE))
