r"""RELAX with a control that learns: a sum over bits of sigmoids at several temperatures, and a constant.

The control is :math:`c(z)=a_0+\sum_i\sum_ka_k\,[\sigma(z_i/\tau_k)-\theta]`, linear in its weights, for bits that all
have the logit :math:`\ell`. Arrays are NumPy's.
"""

from functools import lru_cache

import numpy as np
from scipy.special import expit, logit
from scipy.stats import binom

from reparam.estimators.corrected import conditional_noise, conditional_slope
from reparam.estimators.relaxations import logistic_expectation
from reparam.guards import (
    guarded,
    require_finite_array,
    require_number,
    require_positive,
    require_positive_array,
)


def _sigmoids(z, theta, taus):
    """The sigmoids less the probability, and their slopes, (..., K) each, at z of shape (...)."""
    y = expit(z[..., None] / taus)
    return y - theta, y * (1 - y) / taus


def _temperatures(taus):
    taus = require_positive_array("taus", taus, 1)
    if taus.ndim > 1 or taus.min() < 0.02 or taus.max() > 50 or np.any(np.diff(np.sort(taus)) < 0.01):
        raise ValueError(f"taus must be temperatures between 0.02 and 50 that differ by at least 0.01, got {taus}")
    return taus


def _logit(ell):
    return require_number("ell", ell, -8, 8)


@guarded(ell="number", taus="array K", u="array n D", v="array n D")
def controls(ell, taus, u, v):
    r"""Bits, and how much each weight of the control takes off their gradients.

    .. math::

        d_{ik}=\varphi_k(\tilde z)\,(b_i-\theta)-\partial_i\varphi_k(z)
        +\partial_i\varphi_k(\tilde z)\,\frac{\partial\tilde z_i}{\partial\ell_i}

    Parameters
    ----------
    ell : float
        The common logit, between -8 and 8.
    taus : array, shape ``(K,)``
        Temperatures between 0.02 and 50 that differ by at least 0.01.
    u, v : array, shape ``(n, D)``
        Independent uniform noise.

    Returns
    -------
    b : array, shape ``(n, D)``
    d : array, shape ``(n, D, K + 1)``
        Of mean zero, whatever the weights; the first is that of the constant. The gradient is ``f(b) * (b - theta)``
        less ``d @ weights``.

    Raises
    ------
    ValueError
        On NaN, noise out of range, temperatures out of range, or shapes that do not fit.
    """
    ell, taus = _logit(ell), _temperatures(taus)
    u, v = (require_finite_array(name, x, 2) for name, x in (("u", u), ("v", v)))
    if not all(((x > 0) & (x < 1)).all() for x in (u, v)):
        raise ValueError("u and v must lie strictly between 0 and 1")
    theta, z = expit(ell), ell + logit(u)
    b = (z > 0).astype(float)
    again = ell + conditional_noise(theta, b, v)
    (_, path), (height, back) = (_sigmoids(x, theta, taus) for x in (z, again))
    score, moved = (b - theta)[..., None], conditional_slope(theta, b, again)[..., None]
    taken = height.sum(1, keepdims=True) * score - path + back * moved
    return b, np.concatenate([score, taken], -1)


@lru_cache(maxsize=64)
def _moments_given_the_bit(ell, taus):
    """Per value of a bit: mean and covariance of the sigmoids at its second draw, and of its own part of d."""
    theta, K, taus = expit(ell), len(taus), np.array(taus)
    chance = np.array([1 - theta, theta])

    def raw(noise):
        z = ell + noise
        one = z > 0
        (height, slope), score = _sigmoids(z, theta, taus), (one - theta)[:, None]
        back = height * score + slope * conditional_slope(theta, one.astype(float), z)[:, None]
        each = np.concatenate([height, back, -slope], 1).T
        every = np.concatenate([each, (each[:, None] * each).reshape(9 * K * K, -1)])
        return np.stack([every * ~one, every * one])

    near = -ell + np.concatenate([tau * np.array([-40, -10, 0, 10, 40]) for tau in taus])
    found = logistic_expectation(raw, tuple(near), 1e-10) / chance[:, None]
    law = []
    for mean, square in zip(found[:, : 3 * K], found[:, 3 * K:], strict=True):
        spread = square.reshape(3 * K, 3 * K) - np.outer(mean, mean)
        blocks = [spread[i * K:(i + 1) * K, i * K:(i + 1) * K] for i in range(3)]
        law.append((mean[:K], blocks[0], mean[K: 2 * K] + mean[2 * K:], blocks[1] + blocks[2]))
    return law


class LearnedControl:
    r"""The exact variance of one logit's gradient, a parabola in the weights of the control.

    Given the bits, every :math:`\tilde z_j` and every z is independent of the others. So what is left is a sum over
    the states: over the first bit, and over the number of ones among the others.

    Parameters
    ----------
    ell : float
        The common logit, between -8 and 8.
    taus : array, shape ``(K,)``
        Temperatures between 0.02 and 50 that differ by at least 0.01.
    values : array, shape ``(2, D)``
        The cost where the first bit is 0 or 1, and 0 to D - 1 of the others are ones.

    Attributes
    ----------
    bend : array, shape ``(K + 1, K + 1)``
        :math:`H=\mathbb E[dd^\top]`.
    pull : array, shape ``(K + 1,)``
        :math:`r=\mathbb E[f(b)(b_1-\theta)\,d]`.
    best : array, shape ``(K + 1,)``
        The weights of least variance.
    gradient : float
        The exact gradient of one logit.

    Raises
    ------
    ValueError
        On NaN, temperatures out of range, or values of another shape.
    """

    @guarded(ell="number", taus="array K", values="array 2 D")
    def __init__(self, ell, taus, values):
        ell, taus = _logit(ell), _temperatures(taus)
        values, theta = require_finite_array("values", values, 2), expit(ell)
        if len(values) != 2:
            raise ValueError(f"values must have the shape (2, D), got {values.shape}")
        count = np.arange(values.shape[1])
        law = _moments_given_the_bit(ell, tuple(taus))
        mean, noise = _given_the_state(law, theta, count)
        chance = np.outer([1 - theta, theta], binom.pmf(count, count[-1], theta))
        scored = values * np.array([[-theta], [1 - theta]])
        self.bend = np.einsum("bn,bni,bnj->ij", chance, mean, mean) + noise
        self.pull = np.einsum("bn,bni->i", chance * scored, mean)
        self._square, self.gradient = float((chance * scored**2).sum()), float((chance * scored).sum())
        self.best = np.linalg.solve(self.bend, self.pull)

    @guarded(weights="array k")
    def variance(self, weights):
        """Exact variance of one gradient at these weights, ``(K + 1,)``."""
        a = require_finite_array("weights", weights, shape=self.pull.shape)
        return self._square - 2 * float(a @ self.pull) + float(a @ self.bend @ a) - self.gradient**2

    @guarded(rate="number", steps="count")
    def expected(self, rate, steps):
        r"""Mean of the weights after steps of :func:`learn` from zero, :math:`a_*-(1-\rho H)^ta_*`, ``(K + 1,)``."""
        require_positive(rate=rate)
        shrink = np.linalg.matrix_power(np.eye(len(self.best)) - rate * self.bend, steps)
        return self.best - shrink @ self.best


def _given_the_state(law, theta, count):
    """Mean of d, (2, D, K + 1), given the first bit and the number of other ones, and the mean of its covariance."""
    (zero, blur_zero, *_), (one, blur_one, *_) = law
    foreign, others = np.outer(count[::-1], zero) + np.outer(count, one), count[-1]
    blur = others * ((1 - theta) * blur_zero + theta * blur_one)
    noise = np.zeros((len(zero) + 1,) * 2)
    mean = np.empty((2, len(count), len(zero) + 1))
    for bit, (_, _, own, spread) in enumerate(law):
        score, chance = bit - theta, theta if bit else 1 - theta
        mean[bit] = np.concatenate([np.full((len(count), 1), score), own + score * foreign], 1)
        noise[1:, 1:] += chance * (spread + score**2 * blur)
    return mean, noise


@guarded(cost="function", ell="number", taus="array K", u="array m n D", v="array m n D", rate="number")
def learn(cost, ell, taus, u, v, rate):
    r"""Learn the weights from the gradients themselves: one step down the slope of their mean square per draw.

    .. math:: a\leftarrow a+\rho\,\tfrac1D\sum_ih_i\,d_i

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
    ell, taus
        As in :func:`controls`.
    u, v : array, shape ``(t, n, D)``
        Independent uniform noise: of t steps, of n learners that know nothing of each other.
    rate : float
        Positive; below 2 over the largest eigenvalue of H for the mean to settle, smaller for the noise to.

    Returns
    -------
    array, shape ``(n, K + 1)``
        The weights after the last step, from zero.

    Raises
    ------
    ValueError
        As :func:`controls`, and if ``rate`` is not positive.

    References
    ----------
    :cite:t:`grathwohl2018backpropagation`
    """
    require_positive(rate=rate)
    u, v = require_finite_array("u", u, 3), require_finite_array("v", v, 3)
    weights = np.zeros((u.shape[1], np.size(taus) + 1))
    for here, there in zip(u, v, strict=True):
        b, d = controls(ell, taus, here, there)
        values = require_finite_array("the value of cost", cost(b), shape=b.shape[:1])
        h = values[:, None] * (b - expit(ell)) - np.einsum("nik,nk->ni", d, weights)
        weights = weights + rate * np.einsum("ni,nik->nk", h, d) / b.shape[1]
    return weights
