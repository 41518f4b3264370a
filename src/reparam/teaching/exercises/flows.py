"""Exercises of the chapter on flows."""

import math

import numpy as np

from reparam.teaching.grader import Exercise

_LOG_2PI = math.log(2 * math.pi)


def _conditional(y, s, t):
    """The other road: y_1 is N(0, 1), and y_2 given y_1 is N(t, e^2s)."""
    x = y[:, 0]
    return -0.5 * x**2 - 0.5 * _LOG_2PI - 0.5 * (y[:, 1] - t(x)) ** 2 / np.exp(2 * s(x)) - s(x) - 0.5 * _LOG_2PI


def _noise_density(y, z2):
    return -0.5 * (y[:, 0] ** 2 + z2**2) - _LOG_2PI


def _determinant(z, w, u, b):
    """The other road: the determinant of the full Jacobian matrix of each point."""
    slopes = 1 / np.cosh(z @ w + b) ** 2
    return np.array([np.linalg.slogdet(np.eye(len(w)) + slope * np.outer(u, w))[1] for slope in slopes])


_Y = np.array([[0.3, -1.2], [-0.8, 0.5], [1.7, 2.0]])
_Z = np.array([[0.2, -0.5, 1.1], [1.4, 0.3, -0.7]])

EXERCISES = {
    "coupling": Exercise(
        task="the log density at y of y_1 = z_1, y_2 = z_2 exp(s(z_1)) + t(z_1), z standard normal.",
        head="log_density(y, s, t)",
        takes="A NumPy array y (n, 2), and two functions of arrays (n,); returns an array (n,).",
        reference=_conditional,
        inputs=((_Y, np.sin, np.cos), (_Y[:2], lambda x: 0.5 * x - 0.3, lambda x: x**2)),
        mistakes=(
            (lambda y, s, t: _conditional(y, s, t) + s(y[:, 0]),
             "the log determinant is forgotten: subtract s(y_1)"),
            (lambda y, s, t: _conditional(y, s, t) + 2 * s(y[:, 0]),
             "the sign of the log determinant: stretching by e^s thins the density, so s is subtracted"),
            (lambda y, s, t: _noise_density(y, y[:, 1] * np.exp(-s(y[:, 0])) - t(y[:, 0])) - s(y[:, 0]),
             "the order on the way back: take t off first, then divide by e^s"),
            (lambda y, s, t: _noise_density(y, (y[:, 1] - t(y[:, 0])) * np.exp(s(y[:, 0]))) - s(y[:, 0]),
             "on the way back the scale is undone: multiply by exp(-s), not exp(s)"),
            (lambda y, s, t: np.exp(_conditional(y, s, t)), "this is the density; its logarithm is asked for"),
            (lambda y, s, t: _conditional(y, s, t) + _LOG_2PI, "the constant of the noise is forgotten: -log(2 pi)"),
            (lambda y, s, t: _noise_density(y, y[:, 1]) - s(y[:, 0]),
             "the noise's density was taken at y: go back to z first, (y_2 - t) exp(-s)"),
            (lambda y, s, t: _conditional(y, s, t) + s(y[:, 0]) - np.exp(s(y[:, 0])),
             "the log determinant is s, not e^s"),
            (lambda y, s, t: _conditional(y, s, t) + 0.5 * y[:, 0] ** 2 + 0.5 * _LOG_2PI,
             "this is the density of y_2 given y_1: the one of y_1 is missing"),
            (lambda y, s, t: _conditional(y[:, ::-1], s, t), "s and t are functions of the first coordinate"),
            (lambda y, s, t: -_conditional(y, s, t) - 2 * s(y[:, 0]) - 2 * _LOG_2PI,
             "the sign of the squares: they are subtracted"),
            (lambda y, s, t: 2 * _conditional(y, s, t) + _LOG_2PI + s(y[:, 0]),
             "a factor 1/2 in front of the squares is missing"),
        ),
    ),
    "planar": Exercise(
        task="the log determinant of the Jacobian of z + u tanh(w.z + b), one per row of z.",
        head="log_det(z, w, u, b)",
        takes="NumPy arrays z (n, d), w and u (d,) with w.u > -1, and a number b; returns an array (n,).",
        reference=_determinant,
        inputs=((_Z, np.array([0.5, -1.0, 0.8]), np.array([0.4, 0.3, 1.2]), 0.3),
                (_Z[:, :2], np.array([1.0, 0.5]), np.array([-0.6, 0.2]), -0.2)),
        mistakes=(
            (lambda z, w, u, b: np.log(np.abs(1 + (w @ u) * np.tanh(z @ w + b))),
             "this uses tanh where its derivative belongs: 1 - tanh^2"),
            (lambda z, w, u, b: np.log(1 + (w @ u) * (1 - np.tanh(z @ w + b))),
             "the derivative of tanh is 1 - tanh^2: the square is missing"),
            (lambda z, w, u, b: np.exp(_determinant(z, w, u, b)), "this is the determinant, not its logarithm"),
            (lambda z, w, u, b: np.log(np.abs((w @ u) * (1 - np.tanh(z @ w + b) ** 2))),
             "the 1 is missing: the Jacobian is the unit matrix plus rank one"),
            (lambda z, w, u, b: _determinant(z, w, u, 0.0), "the offset b is missing inside tanh"),
            (lambda z, w, u, b: np.log1p(1 - np.tanh(z @ w + b) ** 2), "the factor w.u is missing"),
            (lambda z, w, u, b: np.log1p((w @ w) * (1 - np.tanh(z @ w + b) ** 2)),
             "w.w stands where w.u belongs"),
            (lambda z, w, u, b: np.log(np.abs(1 - (w @ u) * (1 - np.tanh(z @ w + b) ** 2))),
             "the sign: the map adds u tanh(...)"),
            (lambda z, w, u, b: np.log1p(abs(w @ u) * (1 - np.tanh(z @ w + b) ** 2)), "w.u keeps its sign"),
            (lambda z, w, u, b: np.log(np.abs(1 + np.outer(1 - np.tanh(z @ w + b) ** 2, w * u))).sum(1),
             "the Jacobian is not diagonal: its determinant is 1 + (w.u)(1 - tanh^2)"),
        ),
    ),
}
