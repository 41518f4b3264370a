r"""Slopes as control variates of the score function, with a correction that keeps the mean: MuProp, REBAR, RELAX.

Bits have the logits :math:`\ell_i`, :math:`\theta_i=\sigma(\ell_i)`. Arrays are NumPy's.
"""

import numpy as np
from scipy.special import expit, logit

from reparam.estimators.relaxations import logistic_expectation
from reparam.guards import require_finite_array, require_positive_array


def muprop(cost, gradient, theta, b):
    r"""The score function with the first-order Taylor polynomial of the cost at the mean as control variate.

    .. math:: [f(b)-f(\theta)-\nabla f(\theta)\cdot(b-\theta)]\,(b_i-\theta_i)+\partial_if(\theta)\,\theta_i(1-\theta_i)

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
    gradient : callable, ``(n, D) -> (n, D)``
        Its slopes, needed at the mean only.
    theta : array, shape ``(D,)``
    b : array, shape ``(n, D)``
        Draws of the bits.

    Returns
    -------
    array, shape ``(n, D)``

    Raises
    ------
    ValueError
        On NaN or infinity.

    References
    ----------
    :cite:t:`gu2016muprop`
    """
    theta, b = require_finite_array("theta", theta, 1), require_finite_array("b", b, 2)
    slopes = require_finite_array("gradient", gradient(theta[None]))[0]
    residual = require_finite_array("cost", cost(b)) - cost(theta[None])[0] - (b - theta) @ slopes
    return residual[:, None] * (b - theta) + slopes * theta * (1 - theta)


def conditional_noise(theta, b, v):
    r"""Logistic noise *given* the bit: :math:`\ell+\tilde\lambda` lies on the bit's side of zero.

    Parameters
    ----------
    theta : float or array
    b : array
        Zeros and ones.
    v : array, shape of ``b``
        Fresh uniform noise.

    Returns
    -------
    array, shape of ``b``
    """
    return logit(np.where(b == 1, 1 - theta + v * theta, v * (1 - theta)))


def conditional_slope(theta, b, z):
    r"""The slope of :math:`\tilde z=\ell+\tilde\lambda` in the logit, at fixed :math:`b` and :math:`v`.

    .. math:: \theta\,(1-e^{-\tilde z})\ \text{ at } b=1,\qquad(1-\theta)\,(1-e^{\tilde z})\ \text{ at } b=0

    Parameters
    ----------
    theta : float or array
    b, z : array
        The bit and its :math:`\tilde z`.

    Returns
    -------
    array, shape of ``z``
    """
    return np.where(b == 1, theta, 1 - theta) * -np.expm1(-np.abs(z))


def relax(cost, control, slope, theta, u, v):
    r"""The score function less a smooth control variate, corrected along two paths (RELAX; REBAR is a special control).

    .. math::

        [f(b)-c(\tilde z)]\,(b_i-\theta_i)+\partial_ic(z)
        -\partial_ic(\tilde z)\,\frac{\partial\tilde z_i}{\partial\ell_i}

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
        f, asked at bits.
    control : callable, ``(n, D) -> (n,)``
        c, a smooth function of :math:`z=\ell+\lambda`.
    slope : callable, ``(n, D) -> (n, D)``
        Its slopes.
    theta : array, shape ``(D,)``
    u, v : array, shape ``(n, D)``
        Independent uniform noise.

    Returns
    -------
    array, shape ``(n, D)``

    Raises
    ------
    ValueError
        On NaN or infinity.

    References
    ----------
    :cite:t:`grathwohl2018backpropagation`, :cite:t:`tucker2017rebar`
    """
    theta, u = require_finite_array("theta", theta, 1), require_finite_array("u", u, 2)
    z = logit(theta) + logit(u)
    b = (z > 0).astype(float)
    again = logit(theta) + conditional_noise(theta, b, require_finite_array("v", v, 2))
    rest = require_finite_array("cost", cost(b)) - control(again)
    return rest[:, None] * (b - theta) + slope(z) - slope(again) * conditional_slope(theta, b, again)


def rebar_variance(f, slope, ell, tau, weight, bits=1):
    r"""Exact variance of REBAR for one logit and the cost :math:`\sum_{i=1}^Df(b_i)` of bits with one logit.

    The control is :math:`\eta f(\sigma(z_i/\tau))`, summed. Given the bit, z and :math:`\tilde z` are independent,
    with one law, so that all moments are integrals over one logistic variable.

    Parameters
    ----------
    f, slope : callable
        Cost of one bit on [0, 1], and its derivative.
    ell : float
        The common logit.
    tau, weight : float
        Temperature, positive, and :math:`\eta`.
    bits : int
        D, at least 1.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``tau`` is not positive.
    """
    require_positive_array("tau", tau)
    theta = expit(ell)
    p, s = np.array([theta, 1 - theta]), np.array([1 - theta, -theta])  # of the bit one, of the bit zero

    def moments(noise):
        z = ell + noise
        one, y = z > 0, expit(z / tau)
        rest, path = f(one.astype(float)) - weight * f(y), weight * slope(y) * y * (1 - y) / tau
        back = rest * (one - theta) - path * conditional_slope(theta, one, z)
        each = np.stack([path, path**2, back, back**2, rest, rest**2])
        return np.concatenate([each * one, each * ~one])

    near = -ell + tau * np.array([-40, -10, 0, 10, 40])
    sums = logistic_expectation(moments, near, 1e-10).reshape(2, 6) / p[:, None]
    path, path2, back, back2, rest, rest2 = sums.T
    own, mean, baseline = p @ (back2 + path2 + 2 * back * path), p @ (back + path), (bits - 1) * (p @ rest)
    others = (bits - 1) * (p @ rest2 - (p @ rest) ** 2) + baseline**2
    return float(own + 2 * baseline * (p * s @ (back + path)) + others * theta * (1 - theta) - mean**2)
