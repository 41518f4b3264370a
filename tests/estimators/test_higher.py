"""Derivatives of every order of one objective, against polynomials and Hermite's."""

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.estimators.higher import magic_box, repeated

F64 = torch.float64
THETA = torch.full((40,), 0.6, dtype=F64)
EPS, MASS = (torch.from_numpy(a) for a in quadrature.normal_nodes(1, 40))


def log_density(z, theta):
    return -0.5 * (z - theta) ** 2


def objective(theta):
    z = theta.detach() + EPS[:, 0]
    return z**3 * magic_box(log_density(z, theta))


def test_the_box_is_one_and_its_derivatives_are_those_of_the_density():
    z = noise.normal("test/box", 40)
    assert_close(magic_box(log_density(z, THETA)), torch.ones(40, dtype=F64))
    found = repeated(lambda theta: magic_box(log_density(z, theta)), THETA, 4)
    assert not found.requires_grad
    hermite = [np.polynomial.hermite_e.hermeval(z.numpy() - 0.6, [0] * k + [1]) for k in (1, 2, 3, 4)]
    assert_close(found, torch.from_numpy(np.array(hermite)))


def test_all_orders_of_a_cubic_mean():
    # E z^3 = t^3 + 3 t, with derivatives 3 t^2 + 3, 6 t, 6, 0
    assert_close(repeated(objective, THETA, 4) @ MASS, torch.tensor([4.08, 3.6, 6.0, 0.0], dtype=F64))
    # negative control: the surrogate's second derivative is minus the mean
    z = THETA + EPS[:, 0]
    wrong = repeated(lambda t: z**3 * log_density(z, t), THETA, 2) @ MASS
    assert_close(wrong, torch.tensor([4.08, -(0.216 + 1.8)], dtype=F64))


def test_orders_beyond_the_last_are_zero():
    assert_close(repeated(lambda t: t**2, THETA, 4)[1:], torch.tensor([[2.0], [0.0], [0.0]], dtype=F64).expand(3, 40))


@pytest.mark.parametrize(("call", "word"), [
    (lambda: repeated(lambda t: t.detach(), THETA, 1), "objective must"),
    (lambda: repeated(objective, THETA, 0), "order must"),
    (lambda: repeated(lambda t: t.sum(), THETA, 1), "objective"),
    (lambda: magic_box(torch.tensor([np.nan])), "log_density"),
], ids=["constant", "order", "sum", "nan"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
