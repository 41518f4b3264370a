r"""Chapter 3: stochastic gradient variational inference with the score-function gradient.

Closed forms come in NumPy, estimators in PyTorch; :math:`\phi=(\mu,\log\sigma)` is one tensor with these two rows.
"""

import math

import numpy as np
import torch

from reparam.guards import guarded, require_finite, require_float, require_positive
from reparam.laws.gaussian import LOG_2PI


@guarded
def conjugate_gradient(model, mu, sigma):
    r"""The exact gradient of the ELBO of the conjugate model.

    .. math:: \partial_\mu\mathcal L=\frac{m-\mu}{v^2},\qquad\partial_{\log\sigma}\mathcal L=1-\frac{\sigma^2}{v^2}

    Parameters
    ----------
    model : ConjugateGaussian
        With posterior :math:`N(m,v^2)`.
    mu, sigma : float or array
        Of q, ``sigma`` positive; broadcast.

    Returns
    -------
    array, shape ``(2, ...)``
        With respect to :math:`\mu` and :math:`\log\sigma`.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive or ``mu`` not finite.
    """
    require_finite(mu=mu, sigma=sigma)
    require_positive(sigma=sigma)
    mean, deviation = model.posterior
    return np.stack(np.broadcast_arrays((mean - mu) / deviation**2, 1 - (sigma / deviation) ** 2))


@guarded(log_q="function", z="array n", theta="number")
def log_density_and_score(log_q, z, theta):
    r"""Log density of a law with one parameter, and its score, by automatic differentiation at fixed z.

    Parameters
    ----------
    log_q : callable, ``(n,), (n,) -> (n,)``
        :math:`\log q(z;\theta)` of tensors, in nats.
    z : array, shape ``(n,)``
        Inside the support.
    theta : float

    Returns
    -------
    log_density, score : array, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``log_q`` does not return one finite number per z.

    Examples
    --------
    >>> log_density_and_score(lambda z, theta: torch.log(theta) - theta * z, np.array([0.5, 2.0]), 1.0)[1]
    array([ 0.5, -1. ])
    """
    z = torch.as_tensor(z)
    parameter = torch.full_like(z, theta).requires_grad_()
    values = require_float("log_q(z, theta)", log_q(z, parameter))
    if values.shape != z.shape:
        raise ValueError(f"log_q must return shape {tuple(z.shape)}, got {tuple(values.shape)}")
    (score,) = torch.autograd.grad(values.sum(), parameter)
    return values.detach().numpy(), score.numpy()


@guarded
def square_elbo(model, mu, sigma):
    r"""The bound of model two for a Gaussian q, in closed form by the moments of a Gaussian.

    .. math::

        \mathcal L={}&\tfrac12-\tfrac12\log 2\pi-\log s-\frac{\mu^2+\sigma^2}2\\
        &-\frac{x^2-2x(\mu^2+\sigma^2)+\mu^4+6\mu^2\sigma^2+3\sigma^4}{2s^2}+\log\sigma

    Parameters
    ----------
    model : SquareModel
    mu, sigma : float or array
        Of q, ``sigma`` positive; broadcast.

    Returns
    -------
    float or array
        In nats.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive or ``mu`` not finite.
    """
    require_finite(mu=mu, sigma=sigma)
    require_positive(sigma=sigma)
    second, fourth = mu**2 + sigma**2, mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4
    misfit = (model.x**2 - 2 * model.x * second + fourth) / (2 * model.s**2)
    return 0.5 - 0.5 * LOG_2PI - math.log(model.s) - 0.5 * second - misfit + np.log(sigma)


@guarded(mu="number", sigma="number")
def square_curvature(model, mu, sigma):
    r"""Second derivatives of :func:`square_elbo` in :math:`(\mu,\log\sigma)`, equation ``square-curvature``.

    Parameters
    ----------
    model : SquareModel
    mu, sigma : float
        Of q, ``sigma`` positive.

    Returns
    -------
    array, shape ``(2, 2)``
        The Hessian matrix, in nats.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive or ``mu`` not finite.
    """
    require_finite(mu=mu, sigma=sigma)
    require_positive(sigma=sigma)
    w, precision = sigma**2, 1 / model.s**2
    common = 2 * model.x - 6 * mu**2 - 6 * w
    mixed = -12 * mu * w * precision
    return np.array([[common * precision - 1, mixed], [mixed, 2 * w * ((common - 6 * w) * precision - 1)]])


@guarded(mu="number", sigma="number")
def conjugate_coefficients(model, mu, sigma):
    r"""The ELBO's integrand of the conjugate model, a parabola :math:`c_0+c_1\epsilon+c_2\epsilon^2` in the noise.

    .. math:: c_0=\log p(x)+\log\frac{\sigma}{v}-\frac{(\mu-m)^2}{2v^2},\quad
        c_1=-\frac{(\mu-m)\sigma}{v^2},\quad c_2=\frac12\Bigl(1-\frac{\sigma^2}{v^2}\Bigr)

    Parameters
    ----------
    model : ConjugateGaussian
        With posterior :math:`N(m,v^2)`.
    mu, sigma : float
        Of q, ``sigma`` positive.

    Returns
    -------
    a, b, c : float
        In nats.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive or ``mu`` not finite.
    """
    require_finite(mu=mu, sigma=sigma)
    require_positive(sigma=sigma)
    mean, deviation = model.posterior
    shift, ratio = (mu - mean) / deviation, sigma / deviation
    return model.log_evidence + math.log(ratio) - 0.5 * shift**2, -shift * ratio, 0.5 * (1 - ratio**2)


@guarded(a="number", b="array d", c="array d", sigma="array d")
def quadratic_variance(a, b, c, sigma):
    r"""Variance of one score-function draw for a quadratic cost, in closed form.

    The cost is :math:`f=a+\sum_j(b_j\epsilon_j+c_j\epsilon_j^2)`. With :math:`A_i=a+\sum_{j\ne i}c_j` and
    :math:`V_i=\sum_{j\ne i}(b_j^2+2c_j^2)`, mean and variance of what the other coordinates add,

    .. math::

        \sigma_i^2\,\mathrm{Var}[g_{\mu_i}]&=(A_i+3c_i)^2+V_i+2b_i^2+6c_i^2,\\
        \mathrm{Var}[g_{\log\sigma_i}]&=2(A_i+5c_i)^2+2V_i+10b_i^2+24c_i^2

    Parameters
    ----------
    a : float
        The constant.
    b, c, sigma : array, shape ``(d,)``
        Coefficients per coordinate, and the standard deviations of q, positive.

    Returns
    -------
    array, shape ``(2, d)``
        With respect to :math:`\mu` and :math:`\log\sigma`.

    Raises
    ------
    ValueError
        If ``b``, ``c`` and ``sigma`` do not have one shape ``(d,)``, a number is not finite, or some ``sigma`` is not
        positive.
    """
    b, c, sigma = (np.asarray(x, dtype=np.float64) for x in (b, c, sigma))
    if b.ndim != 1 or not b.shape == c.shape == sigma.shape:
        raise ValueError(f"b, c and sigma must have one shape (d,), got {b.shape}, {c.shape} and {sigma.shape}")
    require_finite(a=a, b=b, c=c, sigma=sigma)
    require_positive(sigma=sigma)
    spread = b**2 + 2 * c**2
    mean, others = a + c.sum() - c, spread.sum() - spread
    mu = ((mean + 3 * c) ** 2 + others + 2 * b**2 + 6 * c**2) / sigma**2
    log_sigma = 2 * (mean + 5 * c) ** 2 + 2 * others + 10 * b**2 + 24 * c**2
    return np.stack([mu, log_sigma])


@guarded
def wave_variances(k, phase, sigma):
    r"""Variances of one draw of both gradients in :math:`\mu` for the wave :math:`f(z)=\cos(k(z-\mu)+\alpha)`.

    With :math:`u=k^2\sigma^2` and the squared mean :math:`g^2=k^2\sin^2(\alpha)\,e^{-u}`,

    .. math:: \text{score: }\frac{1+\cos(2\alpha)(1-4u)e^{-2u}}{2\sigma^2}-g^2,\qquad
        \text{path: }\frac{k^2}{2}\bigl(1-\cos(2\alpha)e^{-2u}\bigr)-g^2

    Parameters
    ----------
    k, phase, sigma : float or array
        Frequency, phase :math:`\alpha` at the mean, and deviation of q; ``k`` and ``sigma`` positive; broadcast.

    Returns
    -------
    score, path : float or array
        Of the score-function gradient, and of the pathwise gradient :math:`f'(z)`.

    Raises
    ------
    ValueError
        If ``k`` or ``sigma`` is not positive, or ``phase`` not finite.
    """
    require_finite(phase=phase, k=k, sigma=sigma)
    require_positive(k=k, sigma=sigma)
    u, cosine = (k * sigma) ** 2, np.cos(2 * phase)
    square = k**2 * np.sin(phase) ** 2 * np.exp(-u)
    score = (1 + cosine * (1 - 4 * u) * np.exp(-2 * u)) / (2 * sigma**2)
    path = k**2 / 2 * (1 - cosine * np.exp(-2 * u))
    return score - square, path - square


@guarded(phase="number")
def wave_threshold(phase):
    r"""The :math:`k\sigma` beyond which the score function is the better gradient of :math:`\cos(k(z-\mu)+\alpha)`.

    The square root of the one positive root of :math:`1-u+\cos(2\alpha)(1-3u)e^{-2u}=0`.

    Parameters
    ----------
    phase : float
        The phase :math:`\alpha` at the mean.

    Returns
    -------
    float
        Between 0.85 and 1.12.

    Raises
    ------
    ValueError
        If ``phase`` is not finite.
    """
    from scipy.optimize import brentq

    require_finite(phase=phase)
    cosine = math.cos(2 * phase)

    def lead(u):
        return 1 - u + cosine * (1 - 3 * u) * math.exp(-2 * u)

    return math.sqrt(brentq(lead, 1 / 3, 2.0, xtol=1e-14))


@guarded(c="number", mu="number", sigma="number")
def step_moments(c, mu, sigma):
    r"""Mean and variance of one score-function draw in :math:`\mu` for the step :math:`f(z)=1[z>z_0]`.

    With :math:`t=(z_0-\mu)/\sigma` and the standard normal density :math:`\varphi(t)` and tail :math:`\Phi(-t)`,

    .. math:: \frac{\varphi(t)}{\sigma},\qquad\frac{t\,\varphi(t)+\Phi(-t)-\varphi(t)^2}{\sigma^2}

    Parameters
    ----------
    c, mu, sigma : float
        Place of the step, and the Gaussian q; ``sigma`` positive.

    Returns
    -------
    mean, variance : float

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or another number not finite.
    """
    require_finite(c=c, mu=mu, sigma=sigma)
    require_positive(sigma=sigma)
    t = (c - mu) / sigma
    density, tail = math.exp(-0.5 * t * t) / math.sqrt(2 * math.pi), 0.5 * math.erfc(t / math.sqrt(2))
    return density / sigma, (t * density + tail - density**2) / sigma**2


def draw_histograms(raw, best, truth):
    r"""One frame of the chapter's slider: histograms of single gradient draws, without and with the best constant.

    Parameters
    ----------
    raw, best : Tensor, shape ``(n,)``
        Draws in :math:`\mu_1` with the constants 0 and the best one subtracted.
    truth : float
        The true gradient, marked by a dashed line.

    Returns
    -------
    matplotlib Figure
    """
    from reparam.teaching import figures

    figure, axes = figures.panels(2, height=2.6, sharey=True)
    names = ("no constant", figures.ORANGE), ("best constant", figures.BLUE)
    for ax, draws, (name, color) in zip(axes, (raw, best), names, strict=True):
        ax.stairs(*np.histogram(draws.numpy(), np.linspace(-80, 80, 81), density=True), fill=True, color=color)
        ax.axvline(float(truth), color=figures.INK, linestyle="dashed", linewidth=1)
        ax.set(xlabel="one draw of the gradient in μ₁", ylim=(0, 0.2), title=f"{name}: sd {float(draws.std()):.1f}")
    axes[0].set_ylabel("density")
    return figure
