r"""A law on the line, noised: :math:`x_t=\alpha x_0+\sigma\epsilon`, and what :math:`x_t` tells of :math:`x_0`.

For a mixture of Gaussians everything is known: the law of :math:`x_t` is a mixture again, and given :math:`x_t`, so is
that of :math:`x_0`.
"""

from dataclasses import dataclass

import numpy as np

from reparam.guards import guarded, require_finite_array, require_number, require_positive_array
from reparam.laws.mixture import Mixture


@guarded(r="array ...")
def level(r):
    r"""Signal and noise at a signal-to-noise ratio :math:`r=\alpha^2/\sigma^2`, with :math:`\alpha^2+\sigma^2=1`.

    Parameters
    ----------
    r : array, any shape
        Positive.

    Returns
    -------
    alpha, sigma : array, the shape of ``r``
    """
    r = require_positive_array("r", r)
    return np.sqrt(r / (1 + r)), np.sqrt(1 / (1 + r))


@guarded(x_0="array *", x_t="array *")
def bridge(x_0, x_t, near, far):
    r"""The law of a less noised :math:`x_s`, given :math:`x_0` and a more noised :math:`x_t`: a Gaussian.

    .. math:: \frac{\alpha_{t|s}\sigma_s^2}{\sigma_t^2}\,x_t+\frac{\alpha_s\sigma_{t|s}^2}{\sigma_t^2}\,x_0,\qquad
        \frac{\sigma_s^2\sigma_{t|s}^2}{\sigma_t^2},\qquad
        \alpha_{t|s}=\alpha_t/\alpha_s,\ \sigma_{t|s}^2=\sigma_t^2-\alpha_{t|s}^2\sigma_s^2

    Parameters
    ----------
    x_0, x_t : array, shapes that broadcast
    near, far : tuple of float
        :math:`(\alpha,\sigma)` of s and of t.

    Returns
    -------
    mean : array
    deviation : float

    Raises
    ------
    ValueError
        If a number of the levels is not positive, or ``far`` has not the lower signal-to-noise ratio.
    """
    (alpha_s, sigma_s), (alpha_t, sigma_t) = (require_positive_array(name, pair, shape=(2,))
                                              for name, pair in (("near", near), ("far", far)))
    along = alpha_t / alpha_s
    fresh = sigma_t**2 - (along * sigma_s) ** 2
    if not fresh > 0:
        raise ValueError(f"far must have a lower signal-to-noise ratio than near, got {far} after {near}")
    mean = (along * sigma_s**2 * np.asarray(x_t) + alpha_s * fresh * np.asarray(x_0)) / sigma_t**2
    return mean, float(sigma_s * np.sqrt(fresh) / sigma_t)


@dataclass(frozen=True)
class Noised:
    r"""A mixture of Gaussians, seen through noise: :math:`x_t=\alpha x_0+\sigma\epsilon`.

    Parameters
    ----------
    data : Mixture
        The law of :math:`x_0`.
    alpha, sigma : float or array
        Not negative, never both zero; arrays of the shape of the points stand for one level per point.

    Raises
    ------
    ValueError
        If ``data`` is no mixture, or a number is out of range.
    """

    data: Mixture
    alpha: float
    sigma: float

    def __post_init__(self):
        if not isinstance(self.data, Mixture):
            raise ValueError(f"data must be a Mixture, got {type(self.data).__name__}")
        for name in ("alpha", "sigma"):
            value = require_finite_array(name, getattr(self, name))
            if (value < 0).any():
                raise ValueError(f"{name} must not be negative, got {value}")
            object.__setattr__(self, name, value if value.ndim else value.item())
        if not (np.hypot(self.alpha, self.sigma) > 0).all():
            raise ValueError("alpha and sigma must not both be zero")

    @property
    def law(self):
        r"""The law of :math:`x_t`, a Mixture: means times alpha, variances :math:`\alpha^2s_k^2+\sigma^2`."""
        alpha, sigma = require_number("alpha", self.alpha), require_number("sigma", self.sigma)
        spread = np.hypot(alpha * np.array(self.data.sigmas), sigma)
        return Mixture(self.data.weights, tuple(alpha * np.array(self.data.means)), tuple(spread))

    def _parts(self, x):
        """Given x: the odds of each component, and its mean and variance of x_0, its mean of the noise."""
        m, s = np.array(self.data.means), np.array(self.data.sigmas)
        alpha, sigma = (np.asarray(part, dtype=np.float64)[..., None] for part in (self.alpha, self.sigma))
        total = (alpha * s) ** 2 + sigma**2
        away = np.asarray(x, dtype=np.float64)[..., None] - alpha * m
        log_odds = np.log(self.data.weights) - 0.5 * away**2 / total - 0.5 * np.log(total)
        odds = np.exp(log_odds - log_odds.max(-1, keepdims=True))
        odds /= odds.sum(-1, keepdims=True)
        return odds, m + alpha * s**2 / total * away, (s * sigma) ** 2 / total, sigma / total * away

    @guarded(x="array ...")
    def guess(self, x):
        r"""The best guess of the datum, :math:`\mathbb E[x_0\mid x_t=x]`, of the shape of ``x``."""
        odds, mean, _, _ = self._parts(x)
        return (odds * mean).sum(-1)

    @guarded(x="array ...")
    def noise(self, x):
        r"""The best guess of the noise, :math:`\mathbb E[\epsilon\mid x_t=x]`, of the shape of ``x``."""
        odds, _, _, noise = self._parts(x)
        return (odds * noise).sum(-1)

    @guarded(x="array ...")
    def central(self, x):
        r"""Second, third and fourth central moment of :math:`x_0` given :math:`x_t=x`, shape ``(3, ...)``."""
        odds, mean, v, _ = self._parts(x)
        d = mean - (odds * mean).sum(-1, keepdims=True)
        return np.stack([(odds * part).sum(-1) for part in
                         (d**2 + v, d**3 + 3 * d * v, d**4 + 6 * d**2 * v + 3 * v**2)])
