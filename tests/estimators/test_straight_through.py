"""Straight-through gradients."""

import numpy as np
import pytest
import torch
from samples.bits import ELL, TARGET, slope
from scipy.special import expit, softmax

from reparam import checks as check
from reparam.estimators import categories
from reparam.estimators import straight_through as ways

LAM = np.array([-3.0, 0.7999, 0.8001, 4.0])
NAN = np.array([np.nan, 0.0])
PI = softmax(np.array([0.5, -0.7, 0.2]))


@pytest.mark.parametrize(
    ("smooth", "way"),
    [
        (lambda x: x, lambda *a: ways.identity(*a)),
        (lambda x: x.clamp(-1, 1), lambda *a: ways.clipped(*a)),
        (lambda x: x.clamp(-0.5, 0.5), lambda *a: ways.clipped(*a, 0.5)),
        (torch.sigmoid, ways.straight_through),
        (lambda x: torch.sigmoid((x + torch.from_numpy(LAM)) / 0.6), lambda *a: ways.straight_through_gumbel(*a, 0.6)),
    ],
    ids=["identity", "clipped", "saturated", "probability", "relaxed"],
)
def test_each_equals_autograd_with_a_detached_step(smooth, way):
    ell = torch.full((4,), ELL, dtype=torch.float64, requires_grad=True)
    b, y = torch.tensor([0.0, 0.0, 1.0, 1.0], dtype=torch.float64), smooth(ell)
    ((b + y - y.detach() - TARGET) ** 2).sum().backward()
    torch.testing.assert_close(torch.from_numpy(way(slope, ELL, LAM)), ell.grad)


def test_reinmax_of_a_bit_is_that_of_two_categories():
    theta = expit(ELL)
    b = (LAM + ELL > 0).astype(float)
    slopes = np.stack([slope(b), np.zeros(4)], 1)  # f depends on the first coordinate alone
    both = ways.reinmax_categories(slopes, np.array([theta, 1 - theta]), np.where(b == 1, 0, 1))
    np.testing.assert_allclose(ways.reinmax(slope, ELL, LAM), both[:, 0], rtol=1e-12)
    np.testing.assert_allclose(both.sum(1), 0.0, atol=1e-15)  # softmax knows no common shift


def test_reinmax_is_exact_for_quadratic_costs_and_its_wrong_forms_are_not():
    matrix = np.array([[0.6, -1.0, 0.3], [-1.0, 0.2, 0.8], [0.3, 0.8, -0.5]])
    truth = categories.category_gradient(np.log(PI), np.diag(matrix) / 2)
    check.equal("reinmax", PI @ ways.reinmax_categories(matrix, PI, np.arange(3)), truth)
    plain = PI * (matrix - matrix @ PI[:, None])  # the step at pi alone
    with pytest.raises(check.CheckFailed):
        check.equal("reinmax", PI @ plain, truth)
    with pytest.raises(check.CheckFailed):
        check.equal("reinmax", PI @ ways.reinmax_categories(matrix, PI, np.array([1, 2, 0])), truth)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ways.straight_through(slope, ELL, NAN), "noise must be finite"),
        (lambda: ways.identity(slope, np.nan, LAM), "logit must be finite"),
        (lambda: ways.clipped(slope, ELL, LAM, 0.0), "reach must be positive"),
        (lambda: ways.straight_through_gumbel(slope, ELL, LAM, -1.0), "tau must be positive"),
        (lambda: ways.reinmax(slope, ELL, NAN), "noise must be finite"),
        (lambda: ways.reinmax_categories(np.zeros((2, 3)), PI, np.zeros(3, int)), "slopes must have shape"),
    ],
    ids=["straight-through", "identity", "clipped", "gumbel", "reinmax", "categories"],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
