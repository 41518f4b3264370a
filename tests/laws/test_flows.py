"""Layers of flows."""

import math

import numpy as np
import pytest
import torch
from samples.layers import LAYERS, D, autoregressive, coupling, stirred, t
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.chapters import elbo, flows
from reparam.laws import flows as layers


def test_affine_by_hand():
    layer = layers.Affine(2).requires_grad_(False)
    layer.shift.copy_(t(1.0, 2.0))
    layer.log_scale.copy_(t(0.0, math.log(3)))
    y, log_det = layer(t([0.5, 0.5]))
    assert_close(y, t([1.5, 3.5]))
    assert_close(log_det, t(math.log(3)))


def test_stages_are_the_points_after_each_layer():
    flow, z = layers.Flow(layers.Affine(2), layers.Planar([2.0, 0.0], [0.5, 0.7])), t([0.5, -0.5])
    start, middle, end = flow.stages(z)
    assert_close(start, z)
    assert_close(middle, flow.layers[0](z)[0])
    assert_close(end, flow(z)[0])


@pytest.mark.parametrize("along", [-30.0, -1.0, 0.0, 5.0])
def test_planar_push_stays_invertible(along):
    # w.push = log(1 + e^(w.u)) - 1 > -1
    layer = layers.Planar([2.0, 0.0], [along / 2, 0.7]).requires_grad_(False)
    assert_close(layer.w @ layer.push(), t(math.log1p(math.exp(along)) - 1)[0])
    assert_close(layer.push()[1], t(0.7)[0])  # orthogonal to w, u is left alone


def test_planar_by_hand():
    # w = 1, u with softplus(u) = 3 gives push 2; at z = 0.5: 0.5 + 2 tanh(0.5)
    layer = layers.Planar([1.0], [math.log(math.exp(3) - 1)]).requires_grad_(False)
    y, log_det = layer(t([0.5]))
    assert_close(y, t([0.5 + 2 * math.tanh(0.5)]))
    assert_close(log_det, t(math.log(1 + 2 / math.cosh(0.5) ** 2)))


def test_planar_start_is_not_shared():
    u = t(0.5)
    layer = layers.Planar(t(1.0), u)
    layer.u.data += 1
    assert_close(u, t(0.5))


def test_density_of_a_flow_has_mass_one_and_the_flows_means():
    flow = stirred(LAYERS["stack"](), "test/mass", 0.1)
    axis = torch.linspace(-12, 12, 401, dtype=D)
    grid, cell = torch.cartesian_prod(axis, axis), float(axis[1] - axis[0]) ** 2
    weights = flow.log_density(grid).exp() * cell
    from_noise = layers.log_normal(grid).exp() * cell
    assert_close(weights.sum(), t(1.0)[0], atol=1e-8, rtol=0)
    assert_close(weights @ torch.cos(grid), from_noise @ torch.cos(flow(grid)[0]), atol=1e-8, rtol=0)
    wrong = (flow.log_density(grid) + 2 * flow.inverse(grid)[1]).exp() * cell  # negative control: sign of log det
    assert abs(float(wrong.sum()) - 1) > 0.05


def test_log_normal():
    # -z.z/2 - log 2 pi in two dimensions
    assert_close(layers.log_normal(t([1.0, 2.0])), t(-2.5 - math.log(2 * math.pi)))


def test_elbo_draws_of_the_posterior_are_the_evidence():
    # q = N(1, 4) as a flow, target = 0.3 times the same density: every draw is log 0.3
    flow = layers.Flow(layers.Affine(1)).requires_grad_(False)
    flow.layers[0].shift.fill_(1.0)
    flow.layers[0].log_scale.fill_(math.log(2))
    normal = elbo.normal_density(1.0, 2.0)
    draws = flows.elbo_draws(lambda z: math.log(0.3) + normal.log(z[:, 0]), flow, noise.normal("test/elbo", 9, 1))
    assert_close(draws, torch.full((9,), math.log(0.3), dtype=D))


def two_causes(x, s):
    return lambda z: layers.log_normal(z) + layers.log_normal((x - z.sum(1, keepdim=True)) / s) - math.log(s)


def test_coupling_closes_the_mean_field_gap():
    # gap -log(1 - rho^2)/2 with rho = -a/(1 + a), a = 1/s^2; x ~ N(0, 2 + s^2)
    x, s = 1.5, 0.5
    nodes, w = (torch.from_numpy(a) for a in quadrature.normal_nodes(2, 10))
    evidence = -0.5 * x**2 / (2 + s**2) - 0.5 * math.log(2 * math.pi * (2 + s**2))
    rho = -4 / 5
    for flow, gap in ((layers.Flow(layers.Affine(2)), -0.5 * math.log(1 - rho**2)),
                      (layers.Flow(layers.Affine(2), coupling(2, ())), 0.0)):
        best = flows.climb(lambda f=flow: w @ flows.elbo_draws(two_causes(x, s), f, nodes), flow)
        assert_close(t(evidence - best), t(gap), atol=1e-6, rtol=0)


@pytest.mark.parametrize("a", [0.3, 1.0])
def test_planar_below_its_bound_folds(a):
    # w.push = -a/tanh(a) < -1: then a - a tanh(a)/tanh(a) = 0, so that -a, 0 and a share one image
    layer = layers.Planar([1.0], [0.0]).requires_grad_(False)
    layer.push = lambda: t(-a / math.tanh(a))
    assert_close(layer(t([-a], [0.0], [a]))[0], torch.zeros(3, 1, dtype=D))


def test_planar_layers_close_the_gap_of_two_modes():
    square = elbo.SquareModel()
    eps = torch.linspace(-8, 8, 1201, dtype=D)[:, None]
    w = torch.softmax(-0.5 * eps[:, 0] ** 2, 0)
    flow = layers.Flow(layers.Affine(1), layers.Planar([4.0], [0.5]))
    best = flows.climb(lambda: w @ flows.elbo_draws(lambda z: square.log_joint(z[:, 0]), flow, eps), flow)
    flow.requires_grad_(False)
    q = elbo.Density(lambda z: flow.log_density(torch.from_numpy(z)[:, None]).numpy(), -4, 4, (-1.1, -0.4, 0, 0.4, 1.1))
    assert elbo.elbo(square.log_joint, q) == pytest.approx(best, abs=1e-8)
    assert 0.02 < square.log_evidence - best < 0.1


def test_likelihood_climb_learns_a_gaussian():
    # the maximum likelihood of an affine flow is the sample's mean and deviation
    y = 2.0 + 0.5 * noise.normal("test/ml", 200, 1)
    flow = layers.Flow(layers.Affine(1))
    flows.climb(lambda: flow.log_density(y).mean(), flow)
    assert_close(flow.layers[0].shift.detach(), y.mean(0), atol=1e-6, rtol=0)
    assert_close(flow.layers[0].log_scale.detach().exp(), y.std(0, correction=0), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: layers.Coupling(1, (), noise.torch_generator("test/bad")), "d must be a whole number at least 2, got 1"),
    (lambda: layers.Planar([0.0], [1.0]), "w not vanish"),
    (lambda: layers.Planar([1.0, 2.0], [1.0]), r"one shape \(d,\)"),
    (lambda: layers.Planar(1.0, 1.0), r"one shape \(d,\)"),
    (lambda: layers.Affine(2)(torch.zeros(3, 1, dtype=D)), r"z must be \(n, 2\), got \(3, 1\)"),
    (lambda: layers.Affine(2).inverse(torch.zeros(2, dtype=D)), r"y must be \(n, 2\), got \(2,\)"),
    (lambda: coupling()(torch.zeros(3, 2, dtype=torch.int64)), "z must be a floating-point tensor"),
    (lambda: coupling().inverse(torch.full((3, 2), math.nan, dtype=D)), "y must be finite"),
    (lambda: layers.Planar([1.0], [1.0])(torch.zeros(3, 2, dtype=D)), r"z must be \(n, 1\)"),
    (lambda: layers.Planar([1.0], [1.0]).inverse(torch.zeros(3, 2, dtype=D)), r"y must be \(n, 1\)"),
], ids=lambda x: x if isinstance(x, str) else "")
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("d", [1, 2], ids=str)
def test_planar_likelihood_has_its_exact_gradient(d):
    layer = layers.Planar([0.8, -0.5][:d], [0.6, 0.9][:d], 0.3)
    flow, y = layers.Flow(layer), torch.tensor([[0.2, -0.4], [1.3, 0.7]], dtype=torch.float64)[:, :d]
    for p in layer.parameters():
        (slope,) = torch.autograd.grad(flow.log_density(y).sum(), p)
        for place in np.ndindex(p.shape):
            with torch.no_grad():
                p[place] += 1e-5
                above = flow.log_density(y).sum()
                p[place] -= 2e-5
                below = flow.log_density(y).sum()
                p[place] += 1e-5
            assert slope[place].item() == pytest.approx(float(above - below) / 2e-5, abs=1e-8)


def test_autoregressive_by_hand():
    # linear net, s = 0: y1 = z1 - 1, y2 = z2 + 3 z1; reading data instead, y2 = z2 + 3 y1
    z = t([2.0, 0.5])
    for reads, second in (("noise", 6.5), ("data", 3.5)):
        layer = autoregressive(2, (), reads).requires_grad_(False)
        layer.net[0].weight[3] = t(3.0, 100.0)[0]  # what is masked does not count
        layer.net[0].bias[2] = -1.0
        assert_close(layer(z)[0], t([1.0, second]))
        assert_close(layer.inverse(layer(z)[0])[0], z)


@pytest.mark.parametrize("reads", ["noise", "data"])
def test_autoregressive_looks_back_only(reads):
    layer, z = stirred(autoregressive(4, (9, 6), reads), "test/triangular"), noise.normal("test/back", 1, 4)
    for way in (layer.forward, layer.inverse):
        jacobian = torch.autograd.functional.jacobian(lambda x, way=way: way(x)[0][0], z)[:, 0]
        assert_close(jacobian.triu(1), torch.zeros(4, 4, dtype=D))
        below = jacobian.tril(-1)[*torch.tril_indices(4, 4, -1)]
        assert (below.abs() > 1e-6).all()  # and no mask hides what a coordinate may see


@pytest.mark.parametrize("reads", ["noise", "data"])
def test_autoregressive_gradients_both_ways(reads):
    layer, z = autoregressive(3, (4,), reads), noise.normal("test/ar", 5, 3)
    stirred(layer, "test/ar").requires_grad_()
    for way in (layer.forward, layer.inverse):
        for p in layer.parameters():
            (slope,) = torch.autograd.grad(sum(part.square().sum() for part in way(z)), p)
            place = (0,) * p.ndim
            with torch.no_grad():
                p[place] += 1e-5
                above = sum(part.square().sum() for part in way(z))
                p[place] -= 2e-5
                below = sum(part.square().sum() for part in way(z))
                p[place] += 1e-5
            assert slope[place].item() == pytest.approx(float(above - below) / 2e-5, abs=1e-6)


def test_autoregressive_reads_noise_or_data():
    with pytest.raises(ValueError, match="reads must be"):
        autoregressive(reads="both")
