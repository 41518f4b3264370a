"""Flows: inverses, determinants, masses, gaps closed and data fitted."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import elbo, flows, noise, quadrature
from reparam.exercises.flows import EXERCISES
from reparam.grader import grade

D = torch.float64


def t(*values):
    return torch.tensor(values, dtype=D)


def stirred(layer, place, size=0.4):
    """The same layer with its parameters moved off their start."""
    generator = noise.torch_generator(place)
    for p in layer.parameters():
        p.data += size * torch.randn(p.shape, generator=generator, dtype=D)
    return layer.requires_grad_(False)


def coupling(d=2, hidden=(5,), flip=False):
    return flows.Coupling(d, hidden, noise.torch_generator("test/coupling"), flip)


LAYERS = {
    "affine": lambda: flows.Affine(2),
    "affine of one dimension": lambda: flows.Affine(1),
    "coupling": lambda: coupling(),
    "flipped coupling": lambda: coupling(flip=True),
    "coupling of three": lambda: coupling(3),
    "flipped coupling of five": lambda: coupling(5, (4, 4), flip=True),
    "linear coupling": lambda: coupling(2, ()),
    "planar": lambda: flows.Planar([0.8, -0.5], [0.6, 0.9], 0.3),
    "planar that pulls": lambda: flows.Planar([2.0, 1.0], [-3.0, -1.0], -0.2),
    "planar of one dimension": lambda: flows.Planar([4.0], [0.5]),
    "stack": lambda: flows.Flow(flows.Affine(2), coupling(), coupling(flip=True), flows.Planar([1.0, 0.3], [0.5, 0.5])),
}


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


def test_affine_by_hand():
    layer = flows.Affine(2).requires_grad_(False)
    layer.shift.copy_(t(1.0, 2.0))
    layer.log_scale.copy_(t(0.0, math.log(3)))
    y, log_det = layer(t([0.5, 0.5]))
    assert_close(y, t([1.5, 3.5]))
    assert_close(log_det, t(math.log(3)))


@pytest.mark.parametrize("along", [-30.0, -1.0, 0.0, 5.0])
def test_planar_push_stays_invertible(along):
    # w.push = log(1 + e^(w.u)) - 1 > -1
    layer = flows.Planar([2.0, 0.0], [along / 2, 0.7]).requires_grad_(False)
    assert_close(layer.w @ layer.push(), t(math.log1p(math.exp(along)) - 1)[0])
    assert_close(layer.push()[1], t(0.7)[0])  # orthogonal to w, u is left alone


def test_planar_by_hand():
    # w = 1, u with softplus(u) = 3 gives push 2; at z = 0.5: 0.5 + 2 tanh(0.5)
    layer = flows.Planar([1.0], [math.log(math.exp(3) - 1)]).requires_grad_(False)
    y, log_det = layer(t([0.5]))
    assert_close(y, t([0.5 + 2 * math.tanh(0.5)]))
    assert_close(log_det, t(math.log(1 + 2 / math.cosh(0.5) ** 2)))


def test_planar_start_is_not_shared():
    u = t(0.5)
    layer = flows.Planar(t(1.0), u)
    layer.u.data += 1
    assert_close(u, t(0.5))


def test_density_of_a_flow_has_mass_one_and_the_flows_means():
    flow = stirred(LAYERS["stack"](), "test/mass", 0.1)
    axis = torch.linspace(-12, 12, 401, dtype=D)
    grid, cell = torch.cartesian_prod(axis, axis), float(axis[1] - axis[0]) ** 2
    weights = flow.log_density(grid).exp() * cell
    from_noise = flows.log_normal(grid).exp() * cell
    assert_close(weights.sum(), t(1.0)[0], atol=1e-8, rtol=0)
    assert_close(weights @ torch.cos(grid), from_noise @ torch.cos(flow(grid)[0]), atol=1e-8, rtol=0)
    wrong = (flow.log_density(grid) + 2 * flow.inverse(grid)[1]).exp() * cell  # negative control: sign of log det
    assert abs(float(wrong.sum()) - 1) > 0.05


def test_stages_end_where_the_flow_ends():
    flow = stirred(LAYERS["stack"](), "test/stages")
    z = noise.normal("test/stages", 6, 2)
    stages = flow.stages(z)
    assert len(stages) == 5
    assert_close(stages[0], z)
    assert_close(stages[1], flow.layers[0](z)[0])
    assert_close(stages[-1], flow(z)[0])


def test_log_normal():
    # -z.z/2 - log 2 pi in two dimensions
    assert_close(flows.log_normal(t([1.0, 2.0])), t(-2.5 - math.log(2 * math.pi)))


def test_elbo_draws_of_the_posterior_are_the_evidence():
    # q = N(1, 4) as a flow, target = 0.3 times the same density: every draw is log 0.3
    flow = flows.Flow(flows.Affine(1)).requires_grad_(False)
    flow.layers[0].shift.fill_(1.0)
    flow.layers[0].log_scale.fill_(math.log(2))
    normal = elbo.normal(1.0, 2.0)
    draws = flows.elbo_draws(lambda z: math.log(0.3) + normal.log(z[:, 0]), flow, noise.normal("test/elbo", 9, 1))
    assert_close(draws, torch.full((9,), math.log(0.3), dtype=D))


def two_causes(x, s):
    return lambda z: flows.log_normal(z) + flows.log_normal((x - z.sum(1, keepdim=True)) / s) - math.log(s)


def test_coupling_closes_the_mean_field_gap():
    # gap -log(1 - rho^2)/2 with rho = -a/(1 + a), a = 1/s^2; x ~ N(0, 2 + s^2)
    x, s = 1.5, 0.5
    nodes, w = (torch.from_numpy(a) for a in quadrature.normal_nodes(2, 10))
    evidence = -0.5 * x**2 / (2 + s**2) - 0.5 * math.log(2 * math.pi * (2 + s**2))
    rho = -4 / 5
    for flow, gap in ((flows.Flow(flows.Affine(2)), -0.5 * math.log(1 - rho**2)),
                      (flows.Flow(flows.Affine(2), coupling(2, ())), 0.0)):
        best = flows.climb(lambda f=flow: w @ flows.elbo_draws(two_causes(x, s), f, nodes), flow)
        assert_close(t(evidence - best), t(gap), atol=1e-6, rtol=0)


def test_climb_stops_after_its_steps():
    # the first step has length one: from 0 to 1, where -(1 - 3)^2 = -4; log_scale is not used and stays
    flow = flows.Flow(flows.Affine(1))
    objective = lambda: -((flow.layers[0].shift - 3) ** 2).sum()  # noqa: E731
    assert flows.climb(objective, flow, steps=1) == pytest.approx(-4)
    assert_close(flow.layers[0].shift.detach(), t(1.0))
    assert flows.climb(objective, flow) == pytest.approx(0, abs=1e-12)
    assert_close(flow.layers[0].shift.detach(), t(3.0))
    assert flow.layers[0].log_scale == 0


def test_climb_leaves_parameters_that_live_on():
    # the parameters must be the optimum's own copy, differentiable as before
    flow = flows.Flow(flows.Affine(1))
    reached = flows.climb(lambda: -((flow.layers[0].shift - 3) ** 2).sum(), flow)
    assert all(p.requires_grad and p.is_leaf for p in flow.parameters())
    again = flows.climb(lambda: -((flow.layers[0].shift + 2) ** 2).sum(), flow)
    assert reached == pytest.approx(again, abs=1e-12)
    assert_close(flow.layers[0].shift.detach(), t(-2.0))


def test_horseshoe_density_has_nodes_enough():
    y = 1.5 * noise.normal("test/far", 300, 2)
    assert_close(flows.horseshoe_log_density(y), flows.horseshoe_log_density(y, nodes=300), atol=1e-9, rtol=0)


@pytest.mark.parametrize("a", [0.3, 1.0])
def test_planar_below_its_bound_folds(a):
    # w.push = -a/tanh(a) < -1: then a - a tanh(a)/tanh(a) = 0, so that -a, 0 and a share one image
    layer = flows.Planar([1.0], [0.0]).requires_grad_(False)
    layer.push = lambda: t(-a / math.tanh(a))
    assert_close(layer(t([-a], [0.0], [a]))[0], torch.zeros(3, 1, dtype=D))


def test_planar_layers_close_the_gap_of_two_modes():
    square = elbo.SquareModel()
    eps = torch.linspace(-8, 8, 1201, dtype=D)[:, None]
    w = torch.softmax(-0.5 * eps[:, 0] ** 2, 0)
    flow = flows.Flow(flows.Affine(1), flows.Planar([4.0], [0.5]))
    best = flows.climb(lambda: w @ flows.elbo_draws(lambda z: square.log_joint(z[:, 0]), flow, eps), flow)
    flow.requires_grad_(False)
    q = elbo.Density(lambda z: flow.log_density(torch.from_numpy(z)[:, None]).numpy(), -4, 4, (-1.1, -0.4, 0, 0.4, 1.1))
    assert elbo.elbo(square.log_joint, q) == pytest.approx(best, abs=1e-8)
    assert 0.02 < square.log_evidence - best < 0.1


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


def test_likelihood_climb_learns_a_gaussian():
    # the maximum likelihood of an affine flow is the sample's mean and deviation
    y = 2.0 + 0.5 * noise.normal("test/ml", 200, 1)
    flow = flows.Flow(flows.Affine(1))
    flows.climb(lambda: flow.log_density(y).mean(), flow)
    assert_close(flow.layers[0].shift.detach(), y.mean(0), atol=1e-6, rtol=0)
    assert_close(flow.layers[0].log_scale.detach().exp(), y.std(0, correction=0), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: flows.Coupling(1, (), noise.torch_generator("test/bad")), "d must be at least 2, got 1"),
    (lambda: flows.Planar([0.0], [1.0]), "w not vanish"),
    (lambda: flows.Planar([1.0, 2.0], [1.0]), r"one shape \(d,\)"),
    (lambda: flows.Planar(1.0, 1.0), r"one shape \(d,\)"),
    (lambda: flows.Affine(2)(torch.zeros(3, 1, dtype=D)), r"z must be \(n, 2\), got \(3, 1\)"),
    (lambda: flows.Affine(2).inverse(torch.zeros(2, dtype=D)), r"y must be \(n, 2\), got \(2,\)"),
    (lambda: coupling()(torch.zeros(3, 2, dtype=torch.int64)), "z must be a floating-point tensor"),
    (lambda: coupling().inverse(torch.full((3, 2), math.nan, dtype=D)), "y must be finite"),
    (lambda: flows.Planar([1.0], [1.0])(torch.zeros(3, 2, dtype=D)), r"z must be \(n, 1\)"),
    (lambda: flows.Planar([1.0], [1.0]).inverse(torch.zeros(3, 2, dtype=D)), r"y must be \(n, 1\)"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("name", "wrong", "hint"),
                         [(n, w, h) for n, e in EXERCISES.items() for w, h in e.mistakes],
                         ids=lambda x: x[:30] if isinstance(x, str) else "")
def test_known_mistakes_earn_their_hint(name, wrong, hint):
    verdict = grade(f"flows/{name}", wrong)
    assert not verdict.right
    assert hint in verdict.text


def test_solutions_are_right():
    def log_density(y, s, t):
        z2 = (y[:, 1] - t(y[:, 0])) * np.exp(-s(y[:, 0]))
        return -0.5 * (y[:, 0] ** 2 + z2**2) - math.log(2 * math.pi) - s(y[:, 0])

    assert grade("flows/coupling", log_density).right
    assert grade("flows/planar", lambda z, w, u, b: np.log(1 + (w @ u) * (1 - np.tanh(z @ w + b) ** 2))).right
