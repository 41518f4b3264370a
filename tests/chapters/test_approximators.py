"""Chapter 1: least squares, descent and its limit, backpropagation, approximation; and what must be rejected."""

import numpy as np
import pytest
import torch

from reparam import checks as check
from reparam import noise
from reparam.chapters import approximators as ap
from reparam.teaching.grader import grade

RNG = np.random.default_rng(5)
X, Y = RNG.standard_normal((9, 3)) + 0.5, RNG.standard_normal((9, 2))
W = RNG.standard_normal((3, 2))
ONE = (np.array([[2.0]]), np.array([[3.0]]), np.array([[0.5]]))
TWIN = np.hstack([X, X[:, :1]])
NET = [(RNG.standard_normal((3, 4)), RNG.standard_normal(4)), (RNG.standard_normal((4, 2)), RNG.standard_normal(2))]


def test_loss_and_gradient_of_one_number():
    # (2 * 0.5 - 3)^2 = 4 and 2 * 2 * (1 - 3) = -8
    assert ap.loss(*ONE) == 4.0
    np.testing.assert_array_equal(ap.gradient(*ONE), [[-8.0]])


@pytest.mark.parametrize("rows", [1, 9])
def test_gradient_equals_autograd(rows):
    leaf = torch.tensor(W, requires_grad=True)
    ((torch.from_numpy(X[:rows]) @ leaf - torch.from_numpy(Y[:rows])) ** 2).sum().backward()
    np.testing.assert_allclose(ap.gradient(X[:rows], Y[:rows], W), leaf.grad.numpy(), rtol=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [lambda g: -g, lambda g: g / 2, lambda g: g / 9, lambda g: g + 2 * X.T @ Y],
    ids=["sign", "factor 2", "mean for sum", "data forgotten"],
)
def test_wrong_gradients_are_rejected(wrong):
    slopes = ap.central_differences(lambda: ap.loss(X, Y, W), W, h=1e-2)
    check.equal("ls-gradient", ap.gradient(X, Y, W), slopes)
    with pytest.raises(check.CheckFailed):
        check.equal("ls-gradient", wrong(ap.gradient(X, Y, W)), slopes)


def test_normal_equations_minimise():
    best = ap.normal_equations(X, Y)
    np.testing.assert_allclose(best, np.linalg.lstsq(X, Y)[0], rtol=1e-10)
    np.testing.assert_allclose(ap.gradient(X, Y, best), 0.0, atol=1e-12)


def test_dependent_columns_have_no_single_minimiser():
    with pytest.raises(ValueError, match="X must have linearly independent columns, got rank 3 with 4 columns"):
        ap.normal_equations(TWIN, Y)


def test_bias_column_is_last():
    np.testing.assert_array_equal(ap.with_bias(X), np.c_[X, np.ones(9)])


def test_what_a_bias_is_worth():
    without, having = (ap.loss(A, Y, ap.normal_equations(A, Y)) for A in (X, ap.with_bias(X)))
    assert ap.bias_gain(X, Y) == pytest.approx(without - having, rel=1e-10)
    assert ap.bias_gain(X[:5] * 0 + [[1, -1, 1]] * np.array([[1], [-1], [1], [-1], [0]]), Y[:5]) == pytest.approx(
        5 * np.sum(Y[:5].mean(0) ** 2))  # the columns are orthogonal to the ones: u = 1


@pytest.mark.parametrize("offset", [0.0, 1e-12], ids=["exactly", "but for rounding"])
def test_a_bias_that_is_there_already_gains_nothing(offset):
    with pytest.raises(ValueError, match="X already expresses a bias"):
        ap.bias_gain(ap.with_bias(X) + offset, Y)


def test_a_faint_part_of_the_ones_still_counts():
    # u^T u is about 9e-12, far above rounding
    assert ap.bias_gain(np.ones((9, 1)) + 1e-6 * X[:, :1], Y) > 0


def test_step_limit_is_the_inverse_of_the_largest_eigenvalue():
    assert ap.step_limit(X) == pytest.approx(1 / np.linalg.eigvalsh(X.T @ X)[-1], rel=1e-12)
    with pytest.raises(ValueError, match="X must not be all zero"):
        ap.step_limit(np.zeros((2, 2)))


@pytest.mark.parametrize("ratio", [-0.1, 0.0, 0.02, 0.5, 0.98, 1.0, 1.02, 1.3])
def test_descent_converges_exactly_below_the_limit(ratio):
    best = ap.normal_equations(X, Y)
    start = best + np.linalg.svd(X)[2][:1].T
    distance = np.linalg.norm(ap.gradient_descent(X, Y, start, ratio * ap.step_limit(X), 500)[-1] - best)
    assert (distance < 1e-6) == (0 < ratio < 1)
    if ratio in (0.0, 1.0):  # factors 1 and -1: the distance stays sqrt 2, for two output columns
        assert distance == pytest.approx(2**0.5, abs=1e-6)


@pytest.mark.parametrize("ratio", [0.4, 1.0, 1.1])
@pytest.mark.parametrize("inputs", [X, TWIN], ids=["full rank", "null space"])
def test_losses_in_closed_form(inputs, ratio):
    start = np.ones((inputs.shape[1], 2))
    eta = ratio * ap.step_limit(inputs)
    walked = [ap.loss(inputs, Y, step) for step in ap.gradient_descent(inputs, Y, start, eta, 30)]
    np.testing.assert_allclose(ap.descent_losses(inputs, Y, start, eta, 30), walked, rtol=1e-9)


def test_descent_without_steps_stays():
    np.testing.assert_array_equal(ap.gradient_descent(X, Y, W, 0.1, 0), W[None])
    np.testing.assert_allclose(ap.descent_losses(X, Y, W, 0.1, 0), [ap.loss(X, Y, W)], rtol=1e-10)


def test_descent_leaves_the_null_space_alone():
    start = RNG.standard_normal((4, 2))
    end = ap.gradient_descent(TWIN, Y, start, 0.9 * ap.step_limit(TWIN), 5000)[-1]
    np.testing.assert_allclose(end, ap.descent_limit(TWIN, Y, start), atol=1e-9)
    np.testing.assert_allclose(end[0] - end[3], start[0] - start[3], atol=1e-12)


@pytest.mark.parametrize("activation", [ap.TANH, ap.RELU, ap.SQUARE], ids=["tanh", "relu", "square"])
def test_slopes_are_derivatives(activation):
    u = np.array([-1.3, -0.2, 0.4, 2.0])
    slopes = (activation.value(u + 1e-6) - activation.value(u - 1e-6)) / 2e-6
    np.testing.assert_allclose(activation.slope(u), slopes, atol=1e-8)
    assert ap.RELU.slope(np.zeros(1)) == 0.0


@pytest.mark.parametrize("rows", [1, 9])
@pytest.mark.parametrize(
    ("activation", "twin"), [(ap.TANH, torch.tanh), (ap.RELU, torch.relu), (ap.SQUARE, torch.square)],
    ids=["tanh", "relu", "square"],
)
def test_backward_equals_autograd(activation, twin, rows):
    leaves = [torch.tensor(p, requires_grad=True) for layer in NET for p in layer]
    out = twin(torch.from_numpy(X[:rows]) @ leaves[0] + leaves[1]) @ leaves[2] + leaves[3]
    loss = ((out - torch.from_numpy(Y[:rows])) ** 2).sum()
    expected = torch.autograd.grad(loss, leaves)
    actual = [g for pair in ap.backward(NET, X[:rows], Y[:rows], activation) for g in pair]
    for a, e in zip(actual, expected, strict=True):
        torch.testing.assert_close(torch.from_numpy(a), e)
    assert ap.network_loss(NET, X[:rows], Y[:rows], activation) == pytest.approx(loss.item(), rel=1e-12)


def test_backward_of_one_layer_is_the_gradient_of_least_squares():
    (dW, db), = ap.backward([(W, np.zeros(2))], X, Y)
    np.testing.assert_allclose(dW, ap.gradient(X, Y, W), rtol=1e-12)
    np.testing.assert_allclose(db, 2 * (X @ W - Y).sum(0), rtol=1e-12)


def test_backward_without_the_slope_is_rejected():
    flat = ap.Activation(np.tanh, np.ones_like)
    slopes = ap.central_differences(lambda: ap.network_loss(NET, X, Y), NET[0][0])
    with pytest.raises(check.CheckFailed):
        check.equal("backprop", ap.backward(NET, X, Y, flat)[0][0], slopes, tol=1e-6)


def test_forward_returns_inputs_and_sums():
    inputs, sums = ap.forward(NET, X)
    np.testing.assert_array_equal(inputs[0], X)
    np.testing.assert_allclose(inputs[1], np.tanh(X @ NET[0][0] + NET[0][1]))
    np.testing.assert_allclose(sums[1], inputs[1] @ NET[1][0] + NET[1][1])
    assert len(inputs) == len(sums) == 2


def test_central_differences_restore_and_are_exact_for_cubics_but_for_h_squared():
    # [(x+h)^3 - (x-h)^3] / 2h = 3x^2 + h^2
    x = np.array([[1.0, -2.0]])
    np.testing.assert_allclose(ap.central_differences(lambda: np.sum(x**3), x, h=0.1), 3 * x**2 + 0.01, rtol=1e-12)
    np.testing.assert_array_equal(x, [[1.0, -2.0]])
    np.testing.assert_allclose(ap.central_differences(lambda: np.sum(x**3), x), 3 * x**2, rtol=1e-8)


def test_first_weights_have_the_stated_spread():
    (W1, b1), (W2, b2) = ap.draw_layers((100, 2000, 1), np.random.default_rng(0))
    assert [W1.shape, b1.shape, W2.shape, b2.shape] == [(100, 2000), (2000,), (2000, 1), (1,)]
    assert W1.std() == pytest.approx(0.1, rel=0.02)
    assert b1.std() == pytest.approx(1.0, rel=0.1)
    assert W2.std() == pytest.approx(2000**-0.5, rel=0.1)
    assert len(ap.draw_layers((1, 1), np.random.default_rng(0))) == 1


def test_one_training_step_is_descent():
    moved = ap.train_network(NET, X, Y, 0.01, 1)
    for (W0, b0), (W1, b1), (dW, db) in zip(NET, moved, ap.backward(NET, X, Y), strict=True):
        np.testing.assert_allclose(W1, W0 - 0.01 * dW)
        np.testing.assert_allclose(b1, b0 - 0.01 * db)
    assert ap.train_network(NET, X, Y, 0.01, 0) is NET
    trained = ap.train_network(NET, X, Y, 1e-4, 50, ap.RELU)
    assert ap.network_loss(trained, X, Y, ap.RELU) < ap.network_loss(NET, X, Y, ap.RELU)


@pytest.mark.parametrize("width", [1, 2, 7])
def test_hinge_network_joins_the_dots(width):
    knots, x = np.linspace(-1, 2, width + 1), np.linspace(-1, 2, 301)
    net = ap.hinge_network(np.exp, -1, 2, width)
    assert net[0][0].shape == (1, width)
    np.testing.assert_allclose(ap.output(net, x, ap.RELU), np.interp(x, knots, np.exp(knots)), atol=1e-12)


def test_hinge_network_of_a_parabola_meets_its_bound():
    # f = x^2 on [0, 1] has f'' = 2 everywhere: the error is exactly 1 / (4 w^2), in the middle of each piece
    net = ap.hinge_network(np.square, 0.0, 1.0, 5)
    assert ap.sup_error(np.square, lambda x: ap.output(net, x, ap.RELU), 0.0, 1.0, 10_001) == pytest.approx(1 / 100)


def test_fit_output_is_least_squares_with_a_bias():
    x = np.linspace(-1, 1, 30)
    hidden = (np.array([[1.0, 2.0]]), np.array([0.3, -0.5]))
    net = ap.fit_output(hidden, x, 3 * np.tanh(x + 0.3) - 2.0, ap.TANH)
    assert net[0] is hidden
    np.testing.assert_allclose(net[1][0], [[3.0], [0.0]], atol=1e-10)
    np.testing.assert_allclose(net[1][1], [-2.0], atol=1e-10)


def test_fit_output_tames_dependent_features():
    # two equal units: the smallest weights share the load
    x = np.linspace(-1, 1, 9)
    net = ap.fit_output((np.ones((1, 2)), np.zeros(2)), x, np.tanh(x), ap.TANH)
    np.testing.assert_allclose(net[1][0], [[0.5], [0.5]], atol=1e-10)


def test_sup_error_counts_both_ends_and_both_signs():
    assert ap.sup_error(np.zeros_like, lambda x: x, -3.0, 2.0, 2) == 3.0
    assert ap.sup_error(np.zeros_like, lambda x: x, 0.0, 2.0, 2) == 2.0
    # 20,001 nodes on [0, 1] hold every multiple of 1/20,000
    assert ap.sup_error(np.zeros_like, lambda x: (np.abs(x - 1 / 20_000) < 1e-12) * 1.0, 0.0, 1.0) == 1.0


def test_error_floor_of_the_absolute_value_is_an_eighth():
    assert ap.error_floor(np.abs, [-1, -0.5, 0, 0.5, 1], [1, -4, 6, -4, 1]) == 0.125
    assert ap.error_floor(lambda x: -np.abs(x), [-1, 0, 1], [1, -2, 1]) == 0.5


NAN = X.copy()
NAN[0, 0] = np.nan


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: ap.loss(X.astype(int), Y, W), "X must be a non-empty floating-point matrix, got int64"),
        (lambda: ap.loss(X[0], Y, W), r"X must be .* of shape \(3,\)"),
        (lambda: ap.loss(X[:0], Y[:0], W), "X must be a non-empty"),
        (lambda: ap.loss(NAN, Y, W), "X must be finite"),
        (lambda: ap.gradient(X, Y[:4], W), "one row per observation, got 9 and 4"),
        (lambda: ap.gradient(X, Y, W.T), r"W must have shape \(3, 2\), got \(2, 3\)"),
        (lambda: ap.loss(X, Y, W[:1]), r"W must have shape \(3, 2\), got \(1, 2\)"),
        (lambda: ap.gradient_descent(X, Y, W, 0.1, -1), "steps must not be negative, got -1"),
        (lambda: ap.train_network(NET, X, Y, 0.1, -1), "steps must not be negative, got -1"),
        (lambda: ap.forward([], X), "layers must hold at least one layer"),
        (lambda: ap.forward(NET, X[:, :2]), "layer 1 with W"),
        (lambda: ap.forward([NET[0], NET[0]], X), "layer 2 with W"),
        (lambda: ap.forward([(W, np.zeros(3))], X), "layer 1 with W"),
        (lambda: ap.backward(NET, X, Y[:, :1]), r"Y must have the shape .* \(9, 2\), got \(9, 1\)"),
        (lambda: ap.network_loss(NET, X, Y[:1]), "Y must have the shape of the network's output"),
        (lambda: ap.network_loss(NET, X, NAN[:, :2]), "Y must be finite"),
        (lambda: ap.central_differences(lambda: 0.0, np.zeros(1), h=0.0), "h must be positive"),
        (lambda: ap.central_differences(lambda: 0.0, np.zeros(1, dtype=int)), "x floating-point"),
        (lambda: ap.draw_layers((3,), np.random.default_rng(0)), "at least two positive widths"),
        (lambda: ap.draw_layers((3, 0), np.random.default_rng(0)), "at least two positive widths"),
        (lambda: ap.hinge_network(np.sin, 1.0, 1.0, 3), "low < high"),
        (lambda: ap.hinge_network(np.sin, 0.0, 1.0, 0), "width >= 1"),
        (lambda: ap.sup_error(np.sin, np.cos, 1.0, 1.0), "low < high"),
        (lambda: ap.sup_error(np.sin, np.cos, 0.0, 1.0, 1), "nodes >= 2"),
        (lambda: ap.error_floor(np.abs, [0, 1], [1]), "vectors of one length"),
        (lambda: ap.error_floor(np.abs, [[0, 1]], [[1, 1]]), "vectors of one length"),
        (lambda: ap.error_floor(np.abs, [0, 1], [0, 0]), "not all zero"),
    ],
)
def test_bad_input_is_named(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def _backward(X, Y, W1, b1, W2, b2):
    (dW1, db1), (dW2, db2) = ap.backward([(W1, b1), (W2, b2)], X, Y)
    return dW1, db1, dW2, db2


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("gradient", ap.gradient),
        ("backward", _backward),
        ("best_step", lambda X: 1 / (np.linalg.norm(X, 2) ** 2 + np.linalg.norm(X, -2) ** 2)),
    ],
)
def test_the_grader_accepts_the_chapters_helpers(name, answer):
    assert grade(f"approximators/{name}", answer).right


def test_networks_side_by_side_are_each_as_if_alone():
    many = ap.draw_layers((2, 3, 1), noise.generator("test/approximators-many"), copies=4)
    X, Y = noise.generator("test/approximators-x").standard_normal((5, 2)), np.ones((5, 1))
    losses, slopes = ap.network_loss(many, X, Y), ap.backward(many, X, Y)
    assert losses.shape == (4,)
    for k in range(4):
        alone = [(W[k], b[k, 0]) for W, b in many]
        assert losses[k] == pytest.approx(ap.network_loss(alone, X, Y))
        for (dW, db), (one_W, one_b) in zip(slopes, ap.backward(alone, X, Y), strict=True):
            np.testing.assert_allclose(dW[k], one_W)
            np.testing.assert_allclose(db[k, 0], one_b)


@pytest.mark.parametrize("copies", [0, -1], ids=str)
def test_no_copies_are_refused(copies):
    with pytest.raises(ValueError, match="copies"):
        ap.draw_layers((1, 1), noise.generator("test/approximators-none"), copies=copies)
