"""What is refused, by name."""

import contextlib

import numpy as np
import pytest
import torch
from torch._subclasses import FakeTensorMode

from reparam import guards
from reparam.estimators import pathwise, score_function, total_derivative
from reparam.laws.gaussian import DiagonalGaussian

Q = DiagonalGaussian.from_sigma([0.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: guards.require_float("eps", torch.arange(3)), "eps must be a floating-point tensor, got torch.int64"),
        (lambda: guards.require_float("eps", 3.0), "eps must be a floating-point tensor, got float"),
        (lambda: guards.require_float("eps", torch.tensor([0.0, float("inf")])), "eps must be finite"),
        (lambda: guards.require_finite_array("x", [np.nan]), "x must be finite"),
        (lambda: guards.require_finite_array("x", 3.0, 1), "x must have at least 1 axes"),
        (lambda: guards.require_positive_array("tau", [1.0, 0.0]), "tau must be positive"),
        (lambda: guards.require_probabilities("theta", [0.3, 1.0]), "theta must be .D,. strictly between 0 and 1"),
        (lambda: guards.require_probabilities("theta", [0.3, 0.0]), "theta must be .D,. strictly between 0 and 1"),
        (lambda: guards.require_probabilities("theta", [[0.3]]), "theta must be .D,. strictly between 0 and 1"),
        (lambda: guards.require_finite(a=1.0, b=[0.0, np.inf]), "b must be finite"),
        (lambda: guards.require_positive(a=1.0, tau=np.nan), "tau must be positive, got nan"),
        (lambda: guards.require_positive(tau=torch.tensor([1.0, 0.0], requires_grad=True)), "tau must be positive"),
        (lambda: guards.require_groups(torch.zeros(4, 1, 2), Q), r"eps must have shape \(n, k >= 2, 2\)"),
        (lambda: guards.require_groups(torch.zeros(4, 2, 2), Q, rows=3), r"eps must have shape \(n, 3, 2\)"),
    ],
    ids=["integer", "number", "infinite", "NaN", "scalar", "zero", "sure", "never", "rows of them", "infinite array",
         "not a number", "zero tensor", "one row", "rows"],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_good_input_passes_unchanged():
    x = torch.zeros(4, 3, 2)
    assert guards.require_float("x", x) is x
    np.testing.assert_array_equal(guards.require_probabilities("theta", [0.3, 0.6]), [0.3, 0.6])
    assert guards.require_groups(x, Q, rows=3) == (4, 3, 2)


def test_values_of_a_cost_are_one_finite_number_per_draw():
    z = torch.ones(3, 2, dtype=torch.float64)
    torch.testing.assert_close(guards.values_of(lambda z: z.sum(-1), z), torch.full((3,), 2.0, dtype=torch.float64))
    for cost in (lambda z: z.sum(-1, keepdim=True), lambda z: z.sum(), lambda z: z.sum(-1).float(), "no function"):
        with pytest.raises(ValueError, match="energy"):
            guards.values_of(cost, z, "energy")


def test_values_of_a_numpy_function_are_one_finite_number_per_point():
    points = np.array([1.0, 2.0, 3.0])
    assert guards.array_values("cdf", lambda x, power: x**power, points, 2).tolist() == [1.0, 4.0, 9.0]
    for function in (lambda x: x.sum(), lambda x: x / 0 * 0, 3.0):
        with pytest.raises(ValueError, match="cdf"), np.errstate(invalid="ignore", divide="ignore"):
            guards.array_values("cdf", function, points)


def test_numbers_and_counts_are_what_they_say():
    assert guards.as_numbers("x", [1, 2]).dtype == np.float64
    assert np.isnan(guards.as_numbers("x", [np.nan])).all()
    assert (guards.require_number("tau", np.array([0.5]), 0), guards.require_count("k", np.int64(3), 2, 3)) == (0.5, 3)


@pytest.mark.parametrize("value", ["1", 1j, [[1], [1, 2]], True, None])
def test_what_is_no_array_of_real_numbers_is_refused(value):
    with pytest.raises(ValueError, match="x must"):
        guards.as_numbers("x", value)


@pytest.mark.parametrize(("ask", "said"), [
    (lambda: guards.require_number("tau", 0.0, 0), "tau must be positive and finite, one number"),
    (lambda: guards.require_number("theta", 1.0, 0, 1), "theta must be between 0 and 1"),
    (lambda: guards.require_number("tau", [1.0, 2.0]), "tau must be finite, one number"),
    (lambda: guards.require_count("k", 2.0), "k must be a whole number at least 1"),
    (lambda: guards.require_count("k", True), "k must be a whole number"),
    (lambda: guards.require_count("k", 4, 1, 3), "k must be a whole number from 1 to 3"),
], ids=["zero", "one", "two numbers", "float", "truth", "four"])
def test_what_is_no_such_number_is_refused(ask, said):
    with pytest.raises(ValueError, match=said):
        ask()


def test_a_guarded_helper_is_right_or_names_its_argument():
    @guards.guarded(x="array n", y="array n", scale="number")
    def scaled(x, y, scale=1.0):
        return scale * (np.asarray(x) + np.asarray(y))

    assert scaled([1.0, 2.0], [3.0, 4.0], 2.0).tolist() == [8.0, 12.0]
    for bad in (([1.0, 2.0], [3.0]), ([1.0], [np.nan]), ([1.0], [1.0], [1.0, 2.0]), ([[1.0]], [1.0])):
        with pytest.raises(ValueError, match=r"x|y|scale"):
            scaled(*bad)


@pytest.mark.parametrize("inside", [True, False], ids=["in its mode", "outside"])
def test_a_fake_tensor_is_refused_where_a_meta_tensor_tells_shapes(inside):
    def cost(z):
        return z.square().sum(-1)

    mode, q = FakeTensorMode(allow_non_fake_inputs=True), DiagonalGaussian.from_sigma([0.1, 0.2], [0.7, 0.7])
    with mode:
        eps = torch.ones(5, 2, dtype=torch.float64)
    for estimator in (score_function, pathwise, total_derivative):
        with mode if inside else contextlib.nullcontext(), pytest.raises(ValueError, match="must hold numbers"):
            estimator(cost, q, eps)
        meta = DiagonalGaussian(q.mu.to("meta"), q.log_sigma.to("meta"))
        told = estimator(cost, meta, torch.ones(5, 2, dtype=torch.float64, device="meta"))
        assert [(part.shape, part.device.type) for part in told] == [((5, 2), "meta")] * 2
