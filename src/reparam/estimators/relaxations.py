"""Relaxed gradients of a bit, and their exact moments."""

import numpy as np
from scipy.special import expit

from reparam import quadrature
from reparam.guards import array_values, guarded, require_finite_array, require_number, require_positive_array


@guarded(draw="function")
def logistic_expectation(draw, points=(), tol=1e-12):
    r"""Exact expectation over logistic noise: the very function that makes draws, fed with nodes.

    Parameters
    ----------
    draw : callable, ``(k,) -> (..., k)``
        Maps logistic noise to one value per draw.
    points, tol
        As in :func:`reparam.quadrature.integral`: jumps, and the middle of a narrow peak.

    Returns
    -------
    float or array, shape ``(...)``
    """
    return quadrature.integral(lambda x: expit(x) * expit(-x) * draw(x), -45.0, 45.0, points, tol)


@guarded(logit="number", tau="number")
def relaxed(logit, noise, tau):
    r"""The binary relaxed draw :math:`y=\sigma((\ell+\lambda)/\tau)`.

    Parameters
    ----------
    logit : float
    noise : array
        Standard logistic noise :math:`\lambda`.
    tau : float
        Temperature, positive.

    Returns
    -------
    array, shape of ``noise``
        Strictly between 0 and 1, but for rounding.

    Raises
    ------
    ValueError
        On NaN, infinity, or ``tau`` not positive.
    """
    perturbed = require_finite_array("logit", logit) + require_finite_array("noise", noise)
    return expit(perturbed / require_positive_array("tau", tau))


@guarded(logit="number", tau="number")
def relaxed_path(logit, noise, tau):
    r"""The relaxed draw y and its slope in the logit, :math:`y(1-y)/\tau`.

    Parameters and errors are those of :func:`relaxed`.

    Returns
    -------
    y, slope : array, shape of ``noise``
    """
    y = relaxed(logit, noise, tau)
    return y, y * expit(-(logit + require_finite_array("noise", noise)) / tau) / tau


@guarded(slope="function")
def relaxed_gradient(slope, logit, noise, tau):
    r"""Gumbel-softmax gradients in the binary case: :math:`f'(y)\,y(1-y)/\tau`.

    Parameters
    ----------
    slope : callable
        The derivative f' of the cost, on [0, 1].
    logit, noise, tau
        As in :func:`relaxed`.

    Returns
    -------
    array, shape of ``noise``
        One gradient with respect to the logit per draw.

    Raises
    ------
    ValueError
        As :func:`relaxed`.
    """
    y, dy = relaxed_path(logit, noise, tau)
    return array_values("slope", slope, y) * dy


@guarded
def relaxed_moments(slope, logit, tau):
    r"""Exact mean and variance of one draw of :func:`relaxed_gradient`.

    Parameters
    ----------
    slope, logit, tau
        As in :func:`relaxed_gradient`.

    Returns
    -------
    mean, variance : float
    """
    def powers(noise):
        draw = relaxed_gradient(slope, logit, noise, tau)
        return np.stack([draw, draw**2])

    near = -logit + tau * np.array([-40, -10, 0, 10, 40])  # at low temperature all happens here
    mean, square = logistic_expectation(powers, points=near)
    return mean, square - mean**2


@guarded(f="function", step="number", points="count")
def small_temperature(f, step=0.01, points=8):
    r"""Limit and slope, as :math:`\tau\to0`, of a function that is smooth down to zero but cannot be asked there.

    Parameters
    ----------
    f : callable
        Takes a positive temperature, returns a number.
    step : float
        The polynomial runs through ``step``, ``2 * step``, ...
    points : int
        At least 2.

    Returns
    -------
    limit, slope : float

    Raises
    ------
    ValueError
        If ``step`` is not positive or ``points`` below 2.
    """
    if not (step > 0 and points >= 2):
        raise ValueError(f"step must be positive and points at least 2, got {step} and {points}")
    k = np.arange(1, points + 1)
    values = [require_number("the value of f", f(step * i)) for i in k]
    limit, slope, *_ = np.linalg.solve(np.vander(k, increasing=True).astype(float), values)
    return limit, slope / step
