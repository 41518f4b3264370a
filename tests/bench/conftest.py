"""One small problem for the tests of the bench: a normal law with two parameters, and a parabola."""

import pytest
import torch
from torch.distributions import Normal


class Problem:
    """Leaves, the law that they make, a loss per draw, and its exact slopes."""

    def __init__(self, dtype=torch.float64):
        self.mu = torch.tensor(0.5, dtype=dtype, requires_grad=True)
        self.log_sigma = torch.tensor(-0.3, dtype=dtype, requires_grad=True)
        self.parameters = [self.mu, self.log_sigma]

    def law(self):
        return Normal(self.mu, self.log_sigma.exp())

    def loss(self, z):
        return (z - 2) ** 2  # mean (mu - 2)^2 + sigma^2: slopes 2 (mu - 2) = -3 and 2 sigma^2


@pytest.fixture
def problem():
    return Problem()
