"""Straight-through gradients of a bit or a category: the cost sees a corner, the gradient pretends that it was smooth.

All take ``slope``, the derivative f' of the cost on [0, 1], ask it at the corner :math:`b=1\\{\\ell+\\lambda>0\\}`, and
multiply: by one (identity, clipped), by the slope of the probability or of a relaxed draw, or by what makes the mean a
trapezoidal rule (ReinMax).
"""

import numpy as np
from scipy.special import expit

from reparam.estimators.relaxations import relaxed
from reparam.guards import require_finite_array, require_positive_array


def _corner(logit, noise):
    return (require_finite_array("logit", logit) + require_finite_array("noise", noise) > 0).astype(float)


def identity(slope, logit, noise):
    r"""The gradient copied to the logit as it is, :math:`f'(b)`.

    Parameters
    ----------
    slope : callable
        The derivative f' of the cost, on [0, 1].
    logit : float
    noise : array
        Standard logistic noise.

    Returns
    -------
    array, shape of ``noise``

    Raises
    ------
    ValueError
        On NaN or infinity.

    References
    ----------
    :cite:t:`bengio2013estimating`
    """
    return slope(_corner(logit, noise))


def clipped(slope, logit, noise, reach=1.0):
    r"""The copied gradient, cut off where the logit is large: :math:`f'(b)\,1\{\lvert\ell\rvert\le\mathrm{reach}\}`.

    Parameters, result and errors are those of :func:`identity`; ``reach`` must be positive.
    """
    return identity(slope, logit, noise) * (abs(logit) <= require_positive_array("reach", reach))


def straight_through(slope, logit, noise):
    r"""With the slope of the probability, :math:`f'(b)\,\theta(1-\theta)`.

    Parameters, result and errors are those of :func:`identity`.
    """
    return slope(_corner(logit, noise)) * expit(logit) * expit(-logit)


def straight_through_gumbel(slope, logit, noise, tau):
    r"""With the slope of the relaxed draw of the same noise, :math:`f'(b)\,y(1-y)/\tau`.

    Parameters, result and errors are those of :func:`identity`; ``tau`` is the temperature, positive.

    References
    ----------
    :cite:t:`jang2017categorical`
    """
    y = relaxed(logit, noise, tau)
    return slope(_corner(logit, noise)) * y * expit(-(logit + noise) / tau) / tau


def reinmax(slope, logit, noise):
    r"""ReinMax for a bit: :math:`f'(1)\,\tfrac{1-\theta}2` at one, :math:`f'(0)\,\tfrac\theta2` at zero.

    Parameters, result and errors are those of :func:`identity`.

    References
    ----------
    :cite:t:`liu2023bridging`
    """
    b = _corner(logit, noise)
    return slope(b) * np.where(b == 1, expit(-logit), expit(logit)) / 2


def reinmax_categories(slopes, pi, z):
    r"""ReinMax for K categories, twice the straight-through step at the midpoint less half the one at :math:`\pi`.

    .. math::

        2\,J\bigl(\tfrac{\pi+e_z}2\bigr)\nabla f(e_z)-\tfrac12\,J(\pi)\nabla f(e_z),\qquad
        J(p)=\mathrm{diag}(p)-pp^\top

    Parameters
    ----------
    slopes : array, shape ``(n, K)``
        :math:`\nabla f` at the corner :math:`e_z` of each draw.
    pi : array, shape ``(K,)``
        Probabilities.
    z : integer array, shape ``(n,)``
        Categories drawn, 0 to K - 1.

    Returns
    -------
    array, shape ``(n, K)``

    Raises
    ------
    ValueError
        If shapes do not fit, or on NaN or infinity.

    References
    ----------
    :cite:t:`liu2023bridging`
    """
    slopes, pi = require_finite_array("slopes", slopes, 2), require_finite_array("pi", pi, 1)
    if slopes.shape != (len(z), len(pi)):
        raise ValueError(f"slopes must have shape ({len(z)}, {len(pi)}), got {slopes.shape}")

    def step(p):
        return p * (slopes - (p * slopes).sum(-1, keepdims=True))

    return 2 * step((pi + np.eye(len(pi))[z]) / 2) - step(pi) / 2
