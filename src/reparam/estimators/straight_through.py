"""Straight-through gradients of a bit or a category: the cost sees a corner, the gradient pretends that it was smooth.

All take ``slope``, the derivative f' of the cost on [0, 1], ask it at the corner :math:`b=1\\{\\ell+\\lambda>0\\}`, and
multiply: by one (identity, clipped), by the slope of the probability or of a relaxed draw, or by what makes the mean a
trapezoidal rule (ReinMax).
"""

import numpy as np
from scipy.special import expit

from reparam.estimators.relaxations import relaxed_path
from reparam.guards import array_values, guarded, require_finite_array, require_number


def _corner(logit, noise):
    return (require_finite_array("logit", logit) + require_finite_array("noise", noise) > 0).astype(float)


@guarded(slope="function", logit="number")
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
        On NaN or infinity, or if ``slope`` does not return one number per draw.

    References
    ----------
    :cite:t:`bengio2013estimating`
    """
    return array_values("slope", slope, _corner(logit, noise))


@guarded(slope="function", logit="number", reach="number")
def clipped(slope, logit, noise, reach=1.0):
    r"""The copied gradient, cut off where the logit is large: :math:`f'(b)\,1\{\lvert\ell\rvert\le\mathrm{reach}\}`.

    Parameters, result and errors are those of :func:`identity`; ``reach`` must be positive.
    """
    return identity(slope, logit, noise) * (abs(logit) <= require_number("reach", reach, 0))


@guarded(slope="function", logit="number")
def straight_through(slope, logit, noise):
    r"""With the slope of the probability, :math:`f'(b)\,\theta(1-\theta)`.

    Parameters, result and errors are those of :func:`identity`.
    """
    return identity(slope, logit, noise) * expit(logit) * expit(-logit)


@guarded(slope="function", logit="number", tau="number")
def straight_through_gumbel(slope, logit, noise, tau):
    r"""With the slope of the relaxed draw of the same noise, :math:`f'(b)\,y(1-y)/\tau`.

    Parameters, result and errors are those of :func:`identity`; ``tau`` is the temperature, positive.

    References
    ----------
    :cite:t:`jang2017categorical`
    """
    return identity(slope, logit, noise) * relaxed_path(logit, noise, tau)[1]


@guarded(slope="function", logit="number")
def reinmax(slope, logit, noise):
    r"""ReinMax for a bit: :math:`f'(1)\,\tfrac{1-\theta}2` at one, :math:`f'(0)\,\tfrac\theta2` at zero.

    Parameters, result and errors are those of :func:`identity`.

    References
    ----------
    :cite:t:`liu2023bridging`
    """
    one = _corner(logit, noise) == 1
    return identity(slope, logit, noise) * np.where(one, expit(-logit), expit(logit)) / 2


@guarded(slopes="array n K", pi="array K")
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
    z = np.asarray(z)
    if slopes.shape != (*z.shape, len(pi)):
        raise ValueError(f"slopes must have shape {(*z.shape, len(pi))}, got {slopes.shape}")
    if z.dtype.kind not in "iu" or not ((z >= 0) & (z < len(pi))).all():
        raise ValueError(f"z must hold categories 0 to {len(pi) - 1}, got {z}")

    def step(p):
        return p * (slopes - (p * slopes).sum(-1, keepdims=True))

    return 2 * step((pi + np.eye(len(pi))[z]) / 2) - step(pi) / 2
