"""Noise on weights or on activations: by hand, the same law of one datum, covariances, gradients."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.estimators import local

F64 = torch.float64
X = torch.tensor([[1.0, 2.0], [0.5, -1.0], [0.0, 0.0]], dtype=F64)
MU, SIGMA = torch.tensor([[0.3], [-0.2]], dtype=F64), torch.tensor([[0.5], [0.7]], dtype=F64)


def nodes(d):
    return map(torch.from_numpy, quadrature.normal_nodes(d, 12))


def test_one_draw_by_hand():
    # w = (0.3 + 0.5, -0.2 - 0.7) = (0.8, -0.9)
    eps = torch.tensor([[1.0], [-1.0]], dtype=F64)
    want = torch.tensor([[-1.0], [1.3], [0.0]], dtype=F64)
    assert_close(local.shared_weights(X, MU, SIGMA, eps), want)
    assert_close(local.own_weights(X, MU, SIGMA, eps.expand(3, 2, 1)), want)
    half = local.own_weights(X, MU, SIGMA, 0.5 * eps.expand(3, 2, 1))
    assert_close(half, (X @ MU + want) / 2)
    # spread of the first datum: sqrt(0.25 + 4 * 0.49)
    zeta = torch.tensor([[2.0], [0.0], [5.0]], dtype=F64)
    assert_close(local.local_activations(X, MU, SIGMA, zeta)[:, 0],
                 torch.tensor([-0.1 + 2 * 2.21**0.5, 0.35, 0.0], dtype=F64))


def test_activations_have_one_variance_and_other_covariances():
    eps, mass = nodes(2)
    shared = local.shared_weights(X, MU.expand(len(eps), 2, 1), SIGMA.expand(len(eps), 2, 1), eps[..., None])[..., 0]
    away = shared - X @ MU[:, 0]
    spread = torch.tensor([2.21, 0.5525, 0.0], dtype=F64)
    assert_close(mass @ away**2, spread)
    # sum of x x' sigma^2 over the two weights: 0.5 * 0.25 - 2 * 0.49
    assert_close(mass @ (away[:, 0] * away[:, 1]), torch.tensor(-0.855, dtype=F64))
    zeta = noise.normal("test/zeta", 20_000, 3, 1)
    drawn = local.local_activations(X, MU.expand(20_000, 2, 1), SIGMA.expand(20_000, 2, 1), zeta)[..., 0] - X @ MU[:, 0]
    assert abs(float((drawn[:, 0] * drawn[:, 1]).mean())) < 5 * (2.21 * 0.5525 / 20_000) ** 0.5


def test_gradients_of_one_datum_agree_on_average_and_local_ones_are_quieter():
    eps, mass = nodes(2)
    one = {}
    for name, shape in (("weights", (2, 1)), ("local", (1, 1))):
        mu, sigma = (p.expand(len(mass), 2, 1).clone().requires_grad_() for p in (MU, SIGMA))
        draw = local.shared_weights if name == "weights" else local.local_activations
        a = draw(X[:1], mu, sigma, eps[:, : shape[0], None].reshape(-1, *shape))
        (a**3).sum().backward()
        one[name] = torch.cat([mu.grad, sigma.grad], 1)[..., 0]
    mean = {name: mass @ g for name, g in one.items()}
    assert_close(mean["local"], mean["weights"])
    variance = {name: mass @ (g - mean[name]) ** 2 for name, g in one.items()}
    assert_close(variance["local"][:2], variance["weights"][:2])
    assert (variance["local"][2:] < 0.98 * variance["weights"][2:]).all()


def test_a_row_of_zeros_has_no_slope_and_no_nan():
    mu, sigma = MU.clone().requires_grad_(), SIGMA.clone().requires_grad_()
    local.local_activations(X[2:], mu, sigma, torch.ones(1, 1, dtype=F64)).sum().backward()
    assert_close(sigma.grad, torch.zeros(2, 1, dtype=F64))


@pytest.mark.parametrize(("call", "word"), [
    (lambda: local.shared_weights(X, MU, -SIGMA, MU), "sigma must"),
    (lambda: local.own_weights(X, MU, SIGMA, torch.ones(2, 2, 1, dtype=F64)), "eps"),
    (lambda: local.local_activations(X, MU, SIGMA, torch.ones(3, dtype=F64)), "zeta"),
    (lambda: local.local_activations(X, MU, SIGMA, torch.full((3, 1), np.nan, dtype=F64)), "zeta must"),
], ids=["sigma", "rows", "axes", "nan"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
