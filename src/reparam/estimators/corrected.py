r"""Slopes as control variates of the score function, with a correction that keeps the mean: MuProp, REBAR, RELAX.

Bits have the logits :math:`\ell_i`, :math:`\theta_i=\sigma(\ell_i)`. Arrays are NumPy's.
"""

import numpy as np
from scipy.special import expit, logit

from reparam.estimators.relaxations import logistic_expectation
from reparam.guards import (
    guarded,
    require_finite_array,
    require_positive_array,
    require_probabilities,
)


def _values(name, function, states):
    return require_finite_array(f"the value of {name}", function(states), shape=states.shape[:1])


def _slopes(name, function, states):
    return require_finite_array(f"the value of {name}", function(states), shape=states.shape)


@guarded(cost="function", gradient="function", theta="array D", b="array n D")
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
        On NaN or infinity, probabilities out of range, or shapes that do not fit, those of the cost's answers too.

    References
    ----------
    :cite:t:`gu2016muprop`
    """
    theta, b = require_probabilities("theta", theta), require_finite_array("b", b, 2)
    mean, slopes = _values("cost", cost, theta[None])[0], _slopes("gradient", gradient, theta[None])[0]
    residual = _values("cost", cost, b) - mean - (b - theta) @ slopes
    return residual[:, None] * (b - theta) + slopes * theta * (1 - theta)


@guarded(theta="array *", b="array *", v="array *")
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


@guarded(theta="array *", b="array *", z="array *")
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


@guarded(cost="function", control="function", slope="function", theta="array D", u="array n D", v="array n D")
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
        As :func:`muprop`.

    References
    ----------
    :cite:t:`grathwohl2018backpropagation`, :cite:t:`tucker2017rebar`
    """
    theta, u = require_probabilities("theta", theta), require_finite_array("u", u, 2)
    z = logit(theta) + logit(u)
    b = (z > 0).astype(float)
    again = logit(theta) + conditional_noise(theta, b, require_finite_array("v", v, 2))
    rest = _values("cost", cost, b) - _values("control", control, again)
    path, back = _slopes("slope", slope, z), _slopes("slope", slope, again)
    return rest[:, None] * (b - theta) + path - back * conditional_slope(theta, b, again)


@guarded(f="function", slope="function", ell="number", tau="number", weight="number", bits="number")
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
    bits : float
        D, at least 1; the formula is a polynomial in it, so that crossovers may be sought between whole numbers.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``tau`` is not positive, or ``bits`` below 1.
    """
    require_positive_array("tau", tau)
    if bits < 1:
        raise ValueError(f"bits must be at least 1, got {bits}")
    theta = expit(ell)
    p, s = np.array([theta, 1 - theta]), np.array([1 - theta, -theta])  # of the bit one, of the bit zero

    def moments(noise):
        z = ell + noise
        one, y = z > 0, expit(z / tau)
        rest, path = f(one.astype(float)) - weight * f(y), weight * slope(y) * y * (1 - y) / tau
        back = rest * (one - theta) - path * conditional_slope(theta, one.astype(float), z)
        each = np.stack([path, path**2, back, back**2, rest, rest**2])
        return np.concatenate([each * one, each * ~one])

    near = -ell + tau * np.array([-40, -10, 0, 10, 40])
    sums = logistic_expectation(moments, near, 1e-10).reshape(2, 6) / p[:, None]
    path, path2, back, back2, rest, rest2 = sums.T
    own, mean, baseline = p @ (back2 + path2 + 2 * back * path), p @ (back + path), (bits - 1) * (p @ rest)
    others = (bits - 1) * (p @ rest2 - (p @ rest) ** 2) + baseline**2
    return float(own + 2 * baseline * (p * s @ (back + path)) + others * theta * (1 - theta) - mean**2)
