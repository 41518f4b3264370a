"""Chapter 1: least squares, gradient descent, backpropagation, and how well a network can approximate.

Data are arrays of shape ``(N, d)``, one observation per row. A network is a list of layers ``(W, b)``.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from reparam.guards import guarded


def _matrix(name, value):
    a = np.asarray(value)
    if a.ndim != 2 or a.size == 0 or not np.issubdtype(a.dtype, np.floating):
        raise ValueError(f"{name} must be a non-empty floating-point matrix, got {a.dtype} of shape {a.shape}")
    if not np.isfinite(a).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return a


def _data(X, Y):
    X, Y = _matrix("X", X), _matrix("Y", Y)
    if len(X) != len(Y):
        raise ValueError(f"X and Y must have one row per observation, got {len(X)} and {len(Y)} rows")
    return X, Y


def _problem(X, Y, W):
    X, Y = _data(X, Y)
    W = _matrix("W", W)
    if W.shape != (X.shape[1], Y.shape[1]):
        raise ValueError(f"W must have shape {(X.shape[1], Y.shape[1])}, got {W.shape}")
    return X, Y, W


@guarded(X="array N d", Y="array N m", W="array d m")
def loss(X, Y, W):
    r"""The sum of squared errors, equation S3, as one matrix expression.

    .. math:: L(W)=\lVert XW-Y\rVert_F^2

    Parameters
    ----------
    X : array, shape ``(N, d)``
    Y : array, shape ``(N, m)``
    W : array, shape ``(d, m)``

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is not finite.
    """
    X, Y, W = _problem(X, Y, W)
    return float(np.sum((X @ W - Y) ** 2))


@guarded
def gradient(X, Y, W):
    r"""The gradient of :func:`loss` with respect to W: :math:`2X^\top(XW-Y)`.

    Parameters and errors are those of :func:`loss`.

    Returns
    -------
    array, shape ``(d, m)``
    """
    X, Y, W = _problem(X, Y, W)
    return 2 * X.T @ (X @ W - Y)


@guarded(X="array N d", Y="array N m")
def normal_equations(X, Y):
    r"""The minimiser of :func:`loss`, from :math:`X^\top X\,W=X^\top Y`.

    Parameters
    ----------
    X : array, shape ``(N, d)``
        Its columns linearly independent.
    Y : array, shape ``(N, m)``

    Returns
    -------
    array, shape ``(d, m)``

    Raises
    ------
    ValueError
        If the columns of X depend on each other: the minimiser is not unique then.
    """
    X, Y = _data(X, Y)
    if np.linalg.matrix_rank(X) < X.shape[1]:
        raise ValueError(f"X must have linearly independent columns, got rank {np.linalg.matrix_rank(X)} "
                         f"with {X.shape[1]} columns")
    return np.linalg.solve(X.T @ X, X.T @ Y)


@guarded(X="array N d")
def with_bias(X):
    """Append a column of ones, so that the last row of W is the bias.

    Parameters
    ----------
    X : array, shape ``(N, d)``

    Returns
    -------
    array, shape ``(N, d + 1)``
    """
    X = _matrix("X", X)
    return np.hstack([X, np.ones((len(X), 1))])


@guarded(X="array N d", Y="array N m")
def bias_gain(X, Y):
    r"""How much the least loss falls when a bias is allowed.

    .. math:: \lVert u^\top Y\rVert^2/\lVert u\rVert^2

    with u the part of the vector of ones that the columns of X cannot express.

    Parameters
    ----------
    X : array, shape ``(N, d)``
    Y : array, shape ``(N, m)``

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the columns of X already express the ones: then there is nothing to gain.
    """
    X, Y = _data(X, Y)
    ones = np.ones(len(X))
    u = ones - X @ np.linalg.lstsq(X, ones)[0]
    if u @ u < 1e-20 * len(X):
        raise ValueError("X already expresses a bias: some combination of its columns is constant")
    return float(np.sum((u @ Y) ** 2) / (u @ u))


@guarded(X="array N d")
def step_limit(X):
    r"""The step size at which gradient descent on :func:`loss` ceases to converge, :math:`1/\lambda_{\max}(X^\top X)`.

    Parameters
    ----------
    X : array, shape ``(N, d)``
        Not all zero.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If X is zero.
    """
    largest = np.linalg.norm(_matrix("X", X), 2)
    if largest == 0:
        raise ValueError("X must not be all zero: every step size converges, the loss is constant")
    return float(largest**-2)


@guarded(X="array N d", Y="array N m", W="array d m", eta="number", steps="count")
def gradient_descent(X, Y, W, eta, steps):
    r"""Gradient descent on :func:`loss`, equation S4: :math:`W\leftarrow W-\eta\,\nabla L(W)`.

    Parameters
    ----------
    X : array, shape ``(N, d)``
    Y : array, shape ``(N, m)``
    W : array, shape ``(d, m)``
        The start.
    eta : float
        Step size.
    steps : int
        Not negative.

    Returns
    -------
    array, shape ``(steps + 1, d, m)``
        The start and every iterate.

    Raises
    ------
    ValueError
        As :func:`loss`, or if ``steps`` is negative.
    """
    X, Y, W = _problem(X, Y, W)
    if steps < 0:
        raise ValueError(f"steps must not be negative, got {steps}")
    path = [W]
    for _ in range(steps):
        path.append(path[-1] - eta * gradient(X, Y, path[-1]))
    return np.array(path)


@guarded(eta="number", steps="count")
def descent_losses(X, Y, W, eta, steps):
    r"""The losses along :func:`gradient_descent` in closed form, without descending.

    .. math:: L(W_t)=L(\hat W)+\sum_k\lambda_k\,(1-2\eta\lambda_k)^{2t}\,\lVert v_k^\top(W_0-\hat W)\rVert^2

    Parameters and errors are those of :func:`gradient_descent`.

    Returns
    -------
    array, shape ``(steps + 1,)``
    """
    X, Y, W = _problem(X, Y, W)
    best = np.linalg.lstsq(X, Y)[0]
    eigenvalues, vectors = np.linalg.eigh(X.T @ X)
    weights = eigenvalues * np.sum((vectors.T @ (W - best)) ** 2, axis=1)
    return loss(X, Y, best) + weights @ (1 - 2 * eta * eigenvalues)[:, None] ** (2 * np.arange(steps + 1))


@guarded
def descent_limit(X, Y, W):
    r"""Where gradient descent from W ends if it converges: :math:`W-X^+(XW-Y)`, the minimiser nearest to the start.

    Parameters and errors are those of :func:`loss`.

    Returns
    -------
    array, shape ``(d, m)``
    """
    X, Y, W = _problem(X, Y, W)
    return W - np.linalg.pinv(X) @ (X @ W - Y)


class Activation(NamedTuple):
    """A function applied to each number of a hidden layer, and its derivative."""

    value: object
    slope: object

TANH = Activation(np.tanh, lambda u: 1 - np.tanh(u) ** 2)

RELU = Activation(lambda u: np.maximum(u, 0.0), lambda u: (u > 0) * 1.0)

SQUARE = Activation(np.square, lambda u: 2 * u)


@guarded(X="array N d")
def forward(layers, X, activation=TANH):
    r"""Send data through a network: :math:`u_l=h_{l-1}W_l+b_l`, :math:`h_l=a(u_l)`, the last layer without :math:`a`.

    Parameters
    ----------
    layers : list of (W, b)
        Arrays of shape ``(inputs, outputs)`` and ``(outputs,)``; or, for several networks side by side,
        ``(copies, inputs, outputs)`` and ``(copies, 1, outputs)``.
    X : array, shape ``(N, d)``
    activation : Activation

    Returns
    -------
    inputs : list of array
        What each layer receives: :math:`h_0=X,h_1,\dots`
    sums : list of array
        What each layer computes: :math:`u_1,u_2,\dots`; the last one is the output, ``(N, m)``.

    Raises
    ------
    ValueError
        If there is no layer, or a layer does not fit what it receives.
    """
    if not layers:
        raise ValueError("layers must hold at least one layer, got none")
    inputs, sums = [_matrix("X", X)], []
    for number, (W, b) in enumerate(layers, 1):
        row = (W.shape[1],) if W.ndim == 2 else (len(W), 1, W.shape[2])
        if W.shape[-2] != inputs[-1].shape[-1] or np.shape(b) != row:
            raise ValueError(f"layer {number} with W {W.shape} and b {np.shape(b)} does not fit its input "
                             f"{inputs[-1].shape}")
        sums.append(inputs[-1] @ W + b)
        inputs.append(activation.value(sums[-1]))
    return inputs[:-1], sums


@guarded(x="array k")
def output(layers, x, activation=TANH):
    """The network as a function of one variable.

    Parameters
    ----------
    layers : list of (W, b)
        With one input and one output.
    x : array, shape ``(k,)``
    activation : Activation

    Returns
    -------
    array, shape ``(k,)``
    """
    return forward(layers, np.asarray(x)[:, None], activation)[1][-1][:, 0]


def _errors(sums, Y):
    if sums[-1].shape[-2:] != _matrix("Y", Y).shape:
        raise ValueError(f"Y must have the shape of the network's output, {sums[-1].shape[-2:]}, got {Y.shape}")
    return sums[-1] - Y


@guarded(X="array N d", Y="array N m")
def network_loss(layers, X, Y, activation=TANH):
    """The sum of squared errors of a network's output, or of each network's if there are several side by side.

    Parameters
    ----------
    layers : list of (W, b)
    X : array, shape ``(N, d)``
    Y : array, shape ``(N, m)``
    activation : Activation

    Returns
    -------
    float, or array of shape ``(copies,)``

    Raises
    ------
    ValueError
        If the output's shape is not that of Y.
    """
    return np.sum(_errors(forward(layers, X, activation)[1], Y) ** 2, axis=(-2, -1))


@guarded
def backward(layers, X, Y, activation=TANH):
    r"""The gradient of :func:`network_loss` by backpropagation, from the last layer to the first.

    .. math::

        &\delta_L=2(u_L-Y),\qquad \delta_{l-1}=\delta_lW_l^\top\odot a'(u_{l-1}),\\
        &\partial L/\partial W_l=h_{l-1}^\top\delta_l,\qquad \partial L/\partial b_l=\textstyle\sum_i\delta_{l,i}

    Parameters and errors are those of :func:`network_loss`.

    Returns
    -------
    list of (dW, db)
        In the order and the shapes of ``layers``.

    References
    ----------
    :cite:t:`rumelhart1986learning`
    """
    inputs, sums = forward(layers, X, activation)
    delta, gradients = 2 * _errors(sums, Y), []
    for below in reversed(range(len(layers))):
        W, b = layers[below]
        gradients.append((inputs[below].mT @ delta, delta.sum(-2).reshape(b.shape)))
        if below:
            delta = (delta @ W.mT) * activation.slope(sums[below - 1])
    return gradients[::-1]


@guarded(f="function", h="number")
def central_differences(f, x, h=1e-5):
    r"""The gradient of a function by :math:`[f(x+h)-f(x-h)]/2h`, one number at a time.

    Parameters
    ----------
    f : callable, ``() -> float``
        Reads ``x``, which is nudged in place and restored.
    x : array
        Floating point, any shape.
    h : float
        Positive.

    Returns
    -------
    array, shape of ``x``

    Raises
    ------
    ValueError
        If ``h`` is not positive or ``x`` does not hold floating-point numbers.
    """
    if not h > 0 or not np.issubdtype(x.dtype, np.floating):
        raise ValueError(f"h must be positive and x floating-point, got {h} and {x.dtype}")
    slopes = np.empty_like(x)
    for place in np.ndindex(x.shape):
        kept = x[place]
        x[place] = kept + h
        above = f()
        x[place] = kept - h
        slopes[place] = (above - f()) / (2 * h)
        x[place] = kept
    return slopes


@guarded(copies="count?")
def draw_layers(sizes, generator, copies=None):
    r"""Random first weights of a network.

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output, for instance ``(1, 8, 1)``.
    generator : numpy.random.Generator
        From :func:`reparam.noise.generator`.
    copies : int, optional
        So many networks side by side, each with its own weights; a single one if not stated.

    Returns
    -------
    list of (W, b)
        Weights from :math:`N(0,1/\text{inputs})`, biases from N(0, 1), shaped as in :func:`forward`.

    Raises
    ------
    ValueError
        If fewer than two sizes are given, or one, or ``copies``, is not positive.
    """
    if len(sizes) < 2 or min(*sizes, copies or 1) < 1 or copies == 0:
        raise ValueError(f"sizes must hold at least two positive widths, got {tuple(sizes)} and {copies} copies")
    many, row = ((), ()) if copies is None else ((copies,), (1,))
    return [(generator.standard_normal((*many, n, m)) / n**0.5, generator.standard_normal((*many, *row, m)))
            for n, m in pairwise(sizes)]


@guarded(X="array N d", Y="array N m", eta="number", steps="count")
def train_network(layers, X, Y, eta, steps, activation=TANH):
    """Gradient descent on every weight and bias of a network, equation S4 with :func:`backward`.

    Parameters
    ----------
    layers : list of (W, b)
        The start; left as it is.
    X : array, shape ``(N, d)``
    Y : array, shape ``(N, m)``
    eta : float
        Step size.
    steps : int
        Not negative.
    activation : Activation

    Returns
    -------
    list of (W, b)

    Raises
    ------
    ValueError
        As :func:`network_loss`, or if ``steps`` is negative.
    """
    if steps < 0:
        raise ValueError(f"steps must not be negative, got {steps}")
    for _ in range(steps):
        slopes = backward(layers, X, Y, activation)
        layers = [(W - eta * dW, b - eta * db) for (W, b), (dW, db) in zip(layers, slopes, strict=True)]
    return layers


@guarded(f="function", low="number", high="number", width="count")
def hinge_network(f, low, high, width):
    r"""A one-hidden-layer ReLU network that joins w + 1 points of a graph by straight lines.

    .. math::

        &g_w(x)=f(t_0)+\sum_{j=0}^{w-1}(s_j-s_{j-1})\max(0,x-t_j),\\
        &s_j=\frac{f(t_{j+1})-f(t_j)}{t_{j+1}-t_j},\quad s_{-1}=0

    Parameters
    ----------
    f : callable, ``(k,) -> (k,)``
    low, high : float
        The interval, ``low < high``, on which the points are equally spaced.
    width : int
        Hidden units w, at least 1.

    Returns
    -------
    list of (W, b)
        For use with :data:`RELU`.

    Raises
    ------
    ValueError
        If the interval is empty or ``width`` is not positive.
    """
    if not low < high or width < 1:
        raise ValueError(f"low < high and width >= 1 are needed, got [{low}, {high}] and {width}")
    t = np.linspace(low, high, width + 1)
    jumps = np.diff(np.diff(f(t)) / np.diff(t), prepend=0.0)
    return [(np.ones((1, width)), -t[:-1]), (jumps[:, None], f(t[:1]))]


@guarded(x="array N", y="array N")
def fit_output(hidden, x, y, activation):
    r"""Fit the last layer of a network by least squares, its hidden layer held fixed.

    Parameters
    ----------
    hidden : (W, b)
        Arrays of shape ``(1, w)`` and ``(w,)``.
    x, y : array, shape ``(N,)``
    activation : Activation

    Returns
    -------
    list of (W, b)
        The whole network; among equally good fits the one with the smallest weights.
    """
    features = with_bias(activation.value(forward([hidden], x[:, None])[1][-1]))
    solution = np.linalg.lstsq(features, y[:, None], rcond=1e-12)[0]
    return [hidden, (solution[:-1], solution[-1])]


@guarded(f="function", g="function", low="number", high="number", nodes="count")
def sup_error(f, g, low, high, nodes=20_001):
    r"""The largest error on an interval, :math:`\max|f-g|` over equally spaced nodes.

    Parameters
    ----------
    f, g : callable, ``(k,) -> (k,)``
    low, high : float
        ``low < high``.
    nodes : int
        At least 2. The maximum over nodes never exceeds the maximum over the interval.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the interval is empty or there are fewer than two nodes.
    """
    if not low < high or nodes < 2:
        raise ValueError(f"low < high and nodes >= 2 are needed, got [{low}, {high}] and {nodes}")
    x = np.linspace(low, high, nodes)
    return float(np.max(np.abs(f(x) - g(x))))


@guarded(f="function", points="array k", weights="array k")
def error_floor(f, points, weights):
    r"""An error that no function g with :math:`\sum_ic_ig(x_i)=0` can beat.

    .. math:: \max_i|f(x_i)-g(x_i)|\ \ge\ \frac{|\sum_ic_if(x_i)|}{\sum_i|c_i|}

    Parameters
    ----------
    f : callable, ``(k,) -> (k,)``
    points : array, shape ``(k,)``
    weights : array, shape ``(k,)``
        The numbers c, not all zero.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If shapes differ or all weights are zero.
    """
    x, c = np.asarray(points, dtype=float), np.asarray(weights, dtype=float)
    if x.shape != c.shape or x.ndim != 1 or not np.any(c):
        raise ValueError(f"points and weights must be vectors of one length, weights not all zero, "
                         f"got {x.shape} and {c.tolist()}")
    return float(np.abs(c @ f(x)) / np.sum(np.abs(c)))
