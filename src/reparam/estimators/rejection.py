r"""Gradients through accept-reject: Marsaglia and Tsang's Gamma sampler as a field with its residual.

The map is :math:`h(\epsilon;\alpha)=\left(\alpha-\frac13\right)x^3` with :math:`x=1+\epsilon/\sqrt{9\alpha-3}`.
"""

import numpy as np
from scipy.special import gammaln, polygamma

from reparam.guards import guarded, require_finite_array, require_number, require_positive_array
from reparam.laws.gamma import gamma_score


def _shape(alpha):
    return require_number("alpha", alpha, above=1 / 3)


def _stretch(eps, alpha):
    """The number x of the module's heading, at noise."""
    return 1 + require_finite_array("eps", eps) / np.sqrt(9 * _shape(alpha) - 3)


@guarded(eps="array n", alpha="number")
def propose(eps, alpha):
    r"""The map :math:`h(\epsilon;\alpha)` from normal noise to a proposal.

    Parameters
    ----------
    eps : array, shape ``(n,)``
        Noise; where x is not positive the result is not either, and is never accepted.
    alpha : float
        The shape, above 1/3.

    Returns
    -------
    array, shape ``(n,)``

    References
    ----------
    :cite:t:`marsaglia2000simple`
    """
    return (alpha - 1 / 3) * _stretch(eps, alpha) ** 3


@guarded(eps="array n", log_uniform="array n", alpha="number")
def accepted(eps, log_uniform, alpha):
    r"""Which proposals are kept: :math:`\log u<\frac12\epsilon^2+d-dx^3+3d\log x`, with :math:`d=\alpha-\frac13`.

    Parameters
    ----------
    eps : array, shape ``(n,)``
        Standard normal noise.
    log_uniform : array, shape ``(n,)``
        Logarithms of uniform numbers, negative.
    alpha : float
        The shape, at least 1.

    Returns
    -------
    array of bool, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``alpha`` is below 1 (draw at ``alpha + 1``, see :func:`augmented`), or a logarithm is not negative.
    """
    if not require_number("alpha", alpha) >= 1:
        raise ValueError(f"alpha must be at least 1, got {alpha}: augment the shape first")
    if not (require_finite_array("log_uniform", log_uniform) < 0).all():
        raise ValueError("log_uniform must be negative, the logarithms of numbers between 0 and 1")
    x, d = _stretch(eps, alpha), alpha - 1 / 3
    bound = 0.5 * np.square(eps) + d - d * x**3 + 3 * d * np.log(np.maximum(x, 1e-300))
    return (x > 0) & (np.asarray(log_uniform) < bound)


@guarded(eps="array n", alpha="number")
def log_noise_density(eps, alpha):
    r"""The law of accepted noise: :math:`\log\pi(\epsilon;\alpha)=\log q(h(\epsilon);\alpha)+\log\partial_\epsilon h`.

    Parameters
    ----------
    eps : array, shape ``(n,)``
        Where x is positive.
    alpha : float
        The shape, above 1/3.

    Returns
    -------
    array, shape ``(n,)``
        In nats.
    """
    x, d = require_positive_array("1 + eps / sqrt(9 alpha - 3)", _stretch(eps, alpha)), alpha - 1 / 3
    return (3 * alpha - 1) * np.log(x) - d * x**3 + (alpha - 0.5) * np.log(d) - gammaln(alpha)


@guarded(z="array n", alpha="number")
def marsaglia_tsang(z, alpha):
    r"""Velocity :math:`\partial_\alpha h` and residual :math:`\partial_\alpha\log\pi` of accepted draws, at the draws.

    .. math:: v=\tfrac12x^2(3-x),\qquad \rho=\log z-\psi(\alpha)+\frac{2-x+(\alpha-1)(3-x)}{2dx}-v

    Parameters
    ----------
    z : array, shape ``(n,)``
        Draws from the Gamma law, positive.
    alpha : float
        The shape, above 1/3.

    Returns
    -------
    velocity, residual : array, shape ``(n,)``

    References
    ----------
    :cite:t:`naesseth2017reparameterization`
    """
    d = _shape(alpha) - 1 / 3
    x = np.cbrt(require_positive_array("z", z) / d)
    velocity = 0.5 * x**2 * (3 - x)
    return velocity, gamma_score(z, alpha) + (2 - x + (alpha - 1) * (3 - x)) / (2 * d * x) - velocity


@guarded(z="array n", alpha="number")
def standardized_log(z, alpha):
    r"""Velocity and residual if :math:`\ell/\sqrt{\psi'(\alpha)}` is held, with :math:`\ell=\log z-\psi(\alpha)`.

    .. math:: v=z\Bigl(\frac{\psi''}{2\psi'}\ell+\psi'\Bigr),\qquad \rho=\ell+\frac vz(\alpha-z)+\frac{\psi''}{2\psi'}

    Parameters
    ----------
    z : array, shape ``(n,)``
        Draws from the Gamma law, positive.
    alpha : float
        The shape, positive.

    Returns
    -------
    velocity, residual : array, shape ``(n,)``

    References
    ----------
    :cite:t:`ruiz2016generalized`
    """
    log_away, spread = gamma_score(z, alpha), polygamma(1, alpha)
    half = polygamma(2, alpha) / (2 * spread)
    rate = half * log_away + spread
    return z * rate, log_away + rate * (alpha - np.asarray(z)) + half


@guarded(z="array n", exponentials="array n B", alpha="number")
def augmented(z, exponentials, alpha):
    r"""Shape augmentation: :math:`z\prod_{i<B}u_i^{1/(\alpha+i)}` has shape :math:`\alpha` if z has :math:`\alpha+B`.

    Parameters
    ----------
    z : array, shape ``(n,)``
        Draws of shape :math:`\alpha+B`.
    exponentials : array, shape ``(n, B)``
        Unit exponential noise, :math:`-\log u_i`.
    alpha : float
        Positive.

    Returns
    -------
    draws, velocity, residual : array, shape ``(n,)``
        Velocity in :math:`\alpha`, through :func:`marsaglia_tsang` and through the powers; the residual is that of z.

    Raises
    ------
    ValueError
        If an exponential is negative, or as :func:`marsaglia_tsang`.
    """
    noise, alpha = require_finite_array("exponentials", exponentials, axes=2), require_number("alpha", alpha, above=0)
    if (noise < 0).any():
        raise ValueError("exponentials must not be negative")
    steps = alpha + np.arange(noise.shape[1])
    speed, residual = marsaglia_tsang(z, alpha + len(steps))
    factor = np.exp(-noise @ (1 / steps))
    return z * factor, factor * (speed + z * (noise @ steps**-2.0)), residual
