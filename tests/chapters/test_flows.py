"""Flows: inverses, determinants, masses, gaps closed and data fitted."""

import math

import numpy as np
import pytest
import torch
from samples.layers import LAYERS, D, coupling, stirred, t
from torch.testing import assert_close

from reparam import noise
from reparam.chapters import flows
from reparam.laws import flows as layers
from reparam.teaching.grader import grade


def width(name):
    return 1 if "one dimension" in name else 3 if "three" in name else 5 if "five" in name else 2


@pytest.mark.parametrize("n", [1, 20], ids=["one point", "twenty points"])
@pytest.mark.parametrize("name", LAYERS)
def test_layer_inverts_and_knows_its_determinant(name, n):
    layer = stirred(LAYERS[name](), f"test/{name}")
    z = noise.normal("test/z", n, width(name))
    y, log_det = layer(z)
    back, there = layer.inverse(y)
    assert_close(back, z, atol=1e-10, rtol=1e-10)
    assert_close(there, log_det, atol=1e-10, rtol=1e-10)
    # the determinant of the full Jacobian matrix, by autograd
    assert_close(log_det, flows.log_det_by_autograd(layer, z))
    assert y.shape == z.shape
    assert log_det.shape == (n,)


def test_log_det_by_autograd_of_a_known_matrix():
    # y = z A^T has the Jacobian A; det [[2, 1], [0, -3]] = -6
    matrix = torch.tensor([[2.0, 1.0], [0.0, -3.0]], dtype=D)
    z = t([0.1, 0.2], [3.0, 4.0])
    got = flows.log_det_by_autograd(lambda z: (z @ matrix.T, None), z)
    assert not z.requires_grad  # what was given stays as it was
    assert_close(got, t(math.log(6), math.log(6)))


def test_coupling_by_hand():
    # kept z1 = 0.5; linear net: raw scale 0.3, shift 2 z1 - 1 = 0, bounded scale 2 tanh(0.15)
    layer = coupling(2, ()).requires_grad_(False)
    layer.net[0].weight.copy_(t([0.0], [2.0]))
    layer.net[0].bias.copy_(t(0.3, -1.0))
    scale = 2 * math.tanh(0.15)
    y, log_det = layer(t([0.5, 1.5]))
    assert_close(y, t([0.5, 1.5 * math.exp(scale)]))
    assert_close(log_det, t(scale))


@pytest.mark.parametrize(("d", "kept"), [(2, 1), (3, 1), (5, 2)])
def test_coupling_keeps_half(d, kept):
    z = noise.normal("test/half", 7, d)
    y = stirred(coupling(d), "test/half")(z)[0]
    assert_close(y[:, :kept], z[:, :kept])
    assert ((y - z)[:, kept:].abs() > 1e-6).all()
    y = stirred(coupling(d, flip=True), "test/half")(z)[0]
    assert_close(y[:, d - kept:], z[:, d - kept:])


@pytest.mark.parametrize("name", ["affine", "coupling", "flipped coupling"])
def test_layers_start_as_the_identity(name):
    z = noise.normal("test/identity", 5, 2)
    y, log_det = LAYERS[name]().requires_grad_(False)(z)
    assert_close(y, z)
    assert_close(log_det, torch.zeros(5, dtype=D))


def test_stages_end_where_the_flow_ends():
    flow = stirred(LAYERS["stack"](), "test/stages")
    z = noise.normal("test/stages", 6, 2)
    stages = flow.stages(z)
    assert len(stages) == 5
    assert_close(stages[0], z)
    assert_close(stages[1], flow.layers[0](z)[0])
    assert_close(stages[-1], flow(z)[0])


def test_climb_stops_after_its_steps():
    # the first step has length one: from 0 to 1, where -(1 - 3)^2 = -4; log_scale is not used and stays
    flow = layers.Flow(layers.Affine(1))
    objective = lambda: -((flow.layers[0].shift - 3) ** 2).sum()  # noqa: E731
    assert flows.climb(objective, flow, steps=1) == pytest.approx(-4)
    assert_close(flow.layers[0].shift.detach(), t(1.0))
    assert flows.climb(objective, flow) == pytest.approx(0, abs=1e-12)
    assert_close(flow.layers[0].shift.detach(), t(3.0))
    assert flow.layers[0].log_scale == 0


def test_climb_leaves_parameters_that_live_on():
    # the parameters must be the optimum's own copy, differentiable as before
    flow = layers.Flow(layers.Affine(1))
    reached = flows.climb(lambda: -((flow.layers[0].shift - 3) ** 2).sum(), flow)
    assert all(p.requires_grad and p.is_leaf for p in flow.parameters())
    again = flows.climb(lambda: -((flow.layers[0].shift + 2) ** 2).sum(), flow)
    assert reached == pytest.approx(again, abs=1e-12)
    assert_close(flow.layers[0].shift.detach(), t(-2.0))


def test_horseshoe_density_has_nodes_enough():
    y = 1.5 * noise.normal("test/far", 300, 2)
    assert_close(flows.horseshoe_log_density(y), flows.horseshoe_log_density(y, nodes=300), atol=1e-9, rtol=0)


def test_horseshoe_by_hand():
    # u = 1/2 is the top, u = 0 at angle pi/2 - 0.65 pi
    start = math.pi / 2 - 0.65 * math.pi
    expected = t([0.0, 1.0], [math.cos(start), math.sin(start)], [0.3, 0.4])
    got = flows.horseshoe(t(0.5, 0.0, 0.5), t([0.0, 0.0], [0.0, 0.0], [1.0, -2.0]), width=0.3)
    expected[2, 1] = 1 - 0.6
    assert_close(got, expected)
    assert_close(flows.horseshoe(t(0.5), t([1.0, 0.0])), t([0.15, 1.0]))


def test_horseshoe_density_has_mass_one_and_the_right_mean():
    # the mean of y_2 is the average of sin over the arc: sin(0.65 pi) / (0.65 pi)
    axis = torch.linspace(-2.5, 2.5, 251, dtype=D)
    grid = torch.cartesian_prod(axis, axis)
    weights = flows.horseshoe_log_density(grid).exp() * float(axis[1] - axis[0]) ** 2
    assert_close(weights.sum(), t(1.0)[0], atol=1e-8, rtol=0)
    expected = t(0.0, math.sin(0.65 * math.pi) / (0.65 * math.pi))
    assert_close(weights @ grid, expected, atol=1e-8, rtol=0)
    narrow = flows.horseshoe_log_density(t([0.0, 1.0]), width=0.1, nodes=200)
    # near the arc the density is that of a straight line: N(0; 0, w^2) / length, to order w^2
    assert_close(narrow.exp(), t(1 / (0.1 * math.sqrt(2 * math.pi) * 1.3 * math.pi)), rtol=0.02, atol=0)


def test_solutions_are_right():
    def log_density(y, s, t):
        z2 = (y[:, 1] - t(y[:, 0])) * np.exp(-s(y[:, 0]))
        return -0.5 * (y[:, 0] ** 2 + z2**2) - math.log(2 * math.pi) - s(y[:, 0])

    assert grade("flows/coupling", log_density).right
    assert grade("flows/planar", lambda z, w, u, b: np.log(1 + (w @ u) * (1 - np.tanh(z @ w + b) ** 2))).right


def test_frozen_draws_have_the_elbos_value_and_lack_its_score():
    flow, eps = layers.Flow(layers.Affine(1)), t([0.3], [-1.2], [0.8])
    flow.layers[0].shift.data += 0.4
    flow.layers[0].log_scale.data -= 0.5
    target = lambda z: -0.5 * z[:, 0] ** 2  # noqa: E731
    frozen, live = flows.frozen_draws(target, flow, eps), flows.elbo_draws(target, flow, eps)
    assert_close(frozen, live)
    by_path = torch.autograd.grad(frozen.sum(), list(flow.parameters()))
    total = torch.autograd.grad(live.sum(), list(flow.parameters()))
    # they differ by the score at fixed z: eps / sigma for the shift, eps² - 1 for the log scale
    assert_close(by_path[0] - total[0], (eps.sum() / math.exp(-0.5)).view(1))
    assert_close(by_path[1] - total[1], (eps**2 - 1).sum().view(1))
