"""The edge term of a plane: against the closed form of a step, and what is left of it when a piece is dropped."""

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.estimators.edges import hyperplane_edge
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws

F64 = torch.float64
Q = DiagonalGaussian.from_sigma([0.3, -0.5, 0.1], [0.8, 1.2, 0.5])
NORMAL, OFFSET = torch.tensor([1.0, -2.0, 0.5], dtype=F64), 0.7
NODES, MASSES = (torch.from_numpy(x) for x in quadrature.normal_nodes(3, 6))


def step(mu, log_sigma):
    """P(n.z > c)."""
    return torch.special.ndtr((NORMAL @ mu - OFFSET) / (NORMAL * log_sigma.exp()).norm())


def mean(jump, nodes=NODES, masses=MASSES):
    return [masses @ g for g in hyperplane_edge(jump, Q, NORMAL, OFFSET, nodes)]


def test_a_plain_step_has_the_slope_of_its_probability():
    exact = torch.autograd.functional.jacobian(step, (Q.mu, Q.log_sigma))
    for found, want in zip(mean(lambda z: torch.ones(len(z), dtype=F64)), exact, strict=True):
        assert_close(found, want)


def test_no_graph_of_the_jump_is_kept():
    height = torch.ones(1, dtype=F64, requires_grad=True)
    edge = hyperplane_edge(lambda z: height.expand(len(z)), Q, NORMAL, OFFSET, NODES)
    assert not edge.mu.requires_grad


def test_the_jump_is_asked_on_the_plane_and_its_sides_have_signs():
    asked = []

    def jump(z):
        asked.append(z)
        return z[:, 0]

    eps = noise.normal("test/plane", 7, 3)
    ups = hyperplane_edge(jump, Q, NORMAL, OFFSET, eps)
    assert_close(asked[0] @ NORMAL, torch.full((7,), OFFSET, dtype=F64))
    downs = hyperplane_edge(lambda z: -z[:, 0], Q, -NORMAL, -OFFSET, eps)
    longer = hyperplane_edge(jump, Q, 3 * NORMAL, 3 * OFFSET, eps)
    assert isinstance(ups, GradientDraws)
    for a, b, c in zip(ups, downs, longer, strict=True):
        assert_close(a, b)
        assert_close(a, c)


def test_a_jump_that_varies_on_the_plane():
    # f = z_1 above the plane in one dimension more: E = E[z_1; y > c], by conditioning on y = n.z
    def objective(mu, log_sigma):
        s2 = (2 * log_sigma).exp()
        width = (NORMAL**2 @ s2).sqrt()
        k = (NORMAL @ mu - OFFSET) / width
        return mu[0] * torch.special.ndtr(k) + NORMAL[0] * s2[0] / width * (-0.5 * k * k).exp() / (2 * np.pi) ** 0.5

    exact = torch.autograd.functional.jacobian(objective, (Q.mu, Q.log_sigma))
    edge = mean(lambda z: z[:, 0])
    k = (NORMAL @ Q.mu - OFFSET) / (NORMAL * Q.sigma).norm()
    path_mu = float(torch.special.ndtr(k))  # of z_1 by mu_1, where it counts
    assert_close(edge[0] + torch.tensor([path_mu, 0.0, 0.0], dtype=F64), exact[0], atol=1e-9, rtol=1e-9)
    assert abs(float(edge[0][0]) - float(exact[0][0])) > 0.1  # without the path it is off
    assert path_mu == pytest.approx(ndtr(float(k)))


@pytest.mark.parametrize(("call", "word"), [
    (lambda: hyperplane_edge(lambda z: z[:, 0], Q, 0 * NORMAL, 0.0, NODES), "normal must"),
    (lambda: hyperplane_edge(lambda z: z, Q, NORMAL, 0.0, NODES), "jump must"),
    (lambda: hyperplane_edge(lambda z: z[:, 0], Q, NORMAL[:2], 0.0, NODES), "normal must"),
    (lambda: hyperplane_edge(lambda z: z[:, 0], Q, NORMAL, 0.0, NODES[:, :2]), "eps must"),
], ids=["zero", "jump", "normal", "eps"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
