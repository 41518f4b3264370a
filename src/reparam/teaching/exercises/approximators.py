"""Exercises of chapter 1."""

import numpy as np

from reparam.chapters import approximators as chapter
from reparam.teaching.grader import Exercise


def _slopes(f, *arrays):
    """Gradients by complex steps, exact to rounding: Im f(x + ih) / h."""
    def nudged(which, place):
        copies = [a.astype(complex) for a in arrays]
        copies[which][place] += 1e-30j
        return f(*copies).imag / 1e-30

    return tuple(np.array([nudged(k, p) for p in np.ndindex(a.shape)]).reshape(a.shape) for k, a in enumerate(arrays))


def _gradient(X, Y, W):
    return _slopes(lambda W: np.sum((X @ W - Y) ** 2), W)[0]


def _network_slopes(X, Y, W1, b1, W2, b2):
    return _slopes(lambda W1, b1, W2, b2: np.sum((np.tanh(X @ W1 + b1) @ W2 + b2 - Y) ** 2), W1, b1, W2, b2)


def _back(X, Y, W1, b1, W2, b2, factor=2.0, slope=lambda u: 1 - np.tanh(u) ** 2, pool=np.sum):
    u = X @ W1 + b1
    delta = factor * (np.tanh(u) @ W2 + b2 - Y)
    below = (delta @ W2.T) * slope(u)
    return X.T @ below, pool(below, axis=0), np.tanh(u).T @ delta, pool(delta, axis=0)


def _best_step(X):
    """By ternary search on the size of one step's matrix, a convex function, without any eigenvalue."""

    def size(eta):
        return np.linalg.norm(np.eye(X.shape[1]) - 2 * eta * X.T @ X, 2)

    low, high = 0.0, chapter.step_limit(X)
    for _ in range(64):
        third = (high - low) / 3
        low, high = (low + third, high) if size(low + third) > size(high - third) else (low, high - third)
    return (low + high) / 2


_T = np.linspace(-1.0, 1.5, 7)
_X = np.stack([_T, _T**2], axis=1)
_Y = np.stack([np.sin(2 * _T), 1 - _T, np.cos(_T)], axis=1)
_W = np.array([[0.3, -0.2, 1.1], [0.7, 0.4, -0.6]])
_HIDDEN = (np.array([[0.5, -0.8, 0.3, 1.2], [-0.4, 0.9, 0.6, 0.2]]), np.array([0.1, -0.3, 0.4, 0.7]))
_OUT = (np.array([[0.6, -0.5, 0.2], [0.3, 0.8, -0.7], [-0.9, 0.1, 0.4], [0.2, 0.5, 0.3]]), np.array([0.2, -0.1, 0.3]))

EXERCISES = {
    "gradient": Exercise(
        task="the gradient of the sum of squared errors of XW against Y with respect to W, in the shape of W.",
        head="gradient(X, Y, W)",
        takes="NumPy arrays X (n, d), Y (n, k), W (d, k); returns an array (d, k).",
        reference=_gradient,
        inputs=((_X, _Y, _W), (_X[:3], _Y[:3], -_W), (_X, _Y[:, :1], _W[:, :1])),
        mistakes=(
            (lambda *a: _gradient(*a) / 2, "the factor 2 of the square is missing"),
            (lambda *a: -_gradient(*a), "the sign: the error is XW - Y, not Y - XW"),
            (lambda *a: _gradient(*a) / len(a[0]), "this is the gradient of the mean; the loss is a sum"),
            (lambda *a: _gradient(*a).T, "this is the transpose: the gradient must have the shape of W"),
            (lambda X, Y, W: 2 * X.T @ X @ W, "the data Y are forgotten: the error is XW - Y"),
            (lambda *a: _gradient(*a) / a[1].size,
             "this is the gradient of the mean over all entries (PyTorch's mse_loss); the loss is a sum"),
            (lambda X, Y, W: _gradient(X, Y, W) / (2 * np.linalg.norm(X @ W - Y)),
             "this is the gradient of the norm; the loss is its square"),
            (lambda X, Y, W: 2 * X.T @ (X @ W + Y), "the sign of Y: the error is XW - Y"),
        ),
    ),
    "backward": Exercise(
        task="the slopes (dW1, db1, dW2, db2) of the loss sum((tanh(X W1 + b1) W2 + b2 - Y)^2).",
        head="backward(X, Y, W1, b1, W2, b2)",
        takes="NumPy arrays X (n, d), Y (n, k), W1 (d, w), b1 (w,), W2 (w, k), b2 (k,); returns four arrays in "
              "the shapes of W1, b1, W2, b2.",
        reference=_network_slopes,
        inputs=((_X, _Y, *_HIDDEN, *_OUT), (_X[:3], _Y[:3, :2], *_HIDDEN, _OUT[0][:, :2], _OUT[1][:2])),
        mistakes=(
            (lambda *a: _back(*a, factor=1.0), "the factor 2 of the square is missing"),
            (lambda *a: _back(*a, factor=-2.0), "the sign: the error is output - Y"),
            (lambda *a: _back(*a, slope=np.ones_like), "the slope of tanh is missing on the way to the first layer"),
            (lambda *a: _back(*a, slope=lambda u: 1 - u**2),
             "the slope of tanh at u is 1 - tanh(u)^2; here u itself was squared"),
            (lambda *a: _back(*a, slope=np.tanh), "the way back multiplies by the slope of tanh, not by tanh"),
            (lambda *a: _back(*a, pool=np.mean), "biases: sum the deltas over observations, do not average them"),
            (lambda *a: _back(*a, slope=lambda u: 1 - np.tanh(u)),
             "the slope of tanh is 1 - tanh^2: the square is missing"),
        ),
    ),
    "best_step": Exercise(
        task="the step size of gradient descent on the sum of squared errors with inputs X whose slowest mode "
             "dies fastest.",
        head="best_step(X)",
        takes="A NumPy array X (n, d) with independent columns; returns a number.",
        reference=_best_step,
        inputs=((_X,), (np.stack([_T, np.ones(7), np.sin(3 * _T)], axis=1),), (3 * _X[:4],)),
        mistakes=(
            (chapter.step_limit, "this is the limit of convergence: there the stiffest mode never dies"),
            (lambda X: chapter.step_limit(X) / 2, "this kills the stiffest mode at once and leaves the softest slow"),
            (lambda X: 2 * _best_step(X), "twice too long: the gradient of the sum of squares brings a factor 2"),
            (lambda X: 1 / np.sum(np.linalg.svd(X, compute_uv=False)[[0, -1]]),
             "these are the singular values of X; the eigenvalues of X^T X are their squares"),
            (lambda X: 0.5 / np.prod(np.linalg.eigvalsh(X.T @ X)[[0, -1]]) ** 0.5,
             "the arithmetic mean of the extreme eigenvalues belongs here, not the geometric one"),
            (lambda X: 1 / np.trace(X.T @ X), "the trace sums all eigenvalues: the extreme two alone decide"),
            (lambda X: 0.5 * X.shape[1] / np.trace(X.T @ X),
             "the mean of all eigenvalues: the extreme two alone decide"),
        ),
    ),
}
