"""The pathwise gradient."""

import pytest
import torch

from reparam import estimators, quadrature
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws

CLOSE = {"rtol": 1e-10, "atol": 1e-10}

EPS, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(1))


def tensor(*numbers):
    return torch.tensor(numbers, dtype=torch.float64)


def close(actual, expected, **tolerance):
    torch.testing.assert_close(actual, expected, **(tolerance or CLOSE))


def test_pathwise_of_a_square():
    q = DiagonalGaussian.from_sigma([1.0, -2.0], [0.5, 3.0])
    eps = tensor(0.3, -1.0)[None]
    z = tensor(1.15, -5.0)
    # f = |z|^2: slope 2 z, times 1 and sigma eps
    draws = estimators.pathwise(lambda z: z.square().sum(-1), q, eps)
    close(draws, GradientDraws((2 * z)[None], (2 * z * tensor(0.15, -3.0))[None]))


def test_pathwise_refuses_a_cost_that_hides_its_slope():
    q = DiagonalGaussian.from_sigma([1.0], [0.5])
    with pytest.raises(ValueError, match="cost must be differentiable"):
        estimators.pathwise(lambda z: z.detach().sum(-1), q, EPS)
