r"""The diagonal Gaussian :math:`q(z;\phi)=N(z;\mu,\mathrm{diag}\,\sigma^2)`, with :math:`\phi=(\mu,\log\sigma)`."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from reparam.guards import LARGEST, guarded, require_finite_array, require_float, require_positive

LOG_2PI = math.log(2 * math.pi)


class GradientDraws(NamedTuple):
    r"""One gradient per draw: with respect to :math:`\mu` and to :math:`\log\sigma`, each of shape ``(n, d)``."""

    mu: torch.Tensor
    log_sigma: torch.Tensor


@dataclass(frozen=True)
class DiagonalGaussian:
    """A Gaussian with independent coordinates.

    Parameters
    ----------
    mu, log_sigma : Tensor, shape ``(..., d)``
        Mean and logarithm of the standard deviation.

    Raises
    ------
    ValueError
        If they are not finite floating-point tensors of one type, device and shape with at least one axis, or a
        standard deviation or its inverse would overflow (log sigma beyond ±236 in double, ±29 in single precision).
    """

    mu: torch.Tensor
    log_sigma: torch.Tensor

    def __post_init__(self):
        require_float("mu", self.mu)
        require_float("log_sigma", self.log_sigma)
        if self.mu.ndim == 0 or self.mu.shape != self.log_sigma.shape:
            raise ValueError(
                "mu and log_sigma must have one shape (..., d), "
                f"got {tuple(self.mu.shape)} and {tuple(self.log_sigma.shape)}"
            )
        if (self.mu.dtype, self.mu.device) != (self.log_sigma.dtype, self.log_sigma.device):
            raise ValueError(f"mu and log_sigma must have one type and device, got {self.mu.dtype} on {self.mu.device} "
                             f"and {self.log_sigma.dtype} on {self.log_sigma.device}")
        limit = math.log(LARGEST[self.mu.dtype])
        if not self.mu.is_meta and self.mu.numel() and not (top := float(self.log_sigma.detach().abs().max())) <= limit:
            raise ValueError(f"log_sigma must lie within ±{limit:.0f}, or sigma overflows, got {top:.4g}")

    @classmethod
    def from_sigma(cls, mu, sigma):
        """Build from the standard deviation.

        Parameters
        ----------
        mu, sigma : sequence of float or Tensor, shape ``(..., d)``
            ``sigma`` positive.

        Returns
        -------
        DiagonalGaussian
            Of the tensors' type and device; sequences become float64.

        Raises
        ------
        ValueError
            If some ``sigma`` is not positive, or as :class:`DiagonalGaussian`.
        """
        mu, sigma = as_float("mu", mu), as_float("sigma", sigma)
        require_positive(sigma=sigma)
        return cls(mu, sigma.log())

    @property
    def sigma(self):
        """Standard deviation, shape ``(..., d)``."""
        return self.log_sigma.exp()

    def path(self, eps):
        r"""The map :math:`G(\epsilon;\phi)=\mu+\sigma\epsilon`, equation S23.

        Parameters
        ----------
        eps : Tensor, shape ``(n, ..., d)``
            Standard normal noise.

        Returns
        -------
        Tensor, shape ``(n, ..., d)``
            Draws from q.

        Raises
        ------
        ValueError
            If ``eps`` is not finite, not floating, or its last axes are not those of ``mu``.
        """
        return self.mu + self.sigma * self._points("eps", eps)

    def _points(self, name, x):
        require_float(name, x)
        if x.shape[max(x.ndim - self.mu.ndim, 0):] != self.mu.shape:
            raise ValueError(f"{name} must end in shape {tuple(self.mu.shape)}, got {tuple(x.shape)}")
        if (x.dtype, x.device) != (self.mu.dtype, self.mu.device):
            raise ValueError(f"{name} must be {self.mu.dtype} on {self.mu.device}, as mu, got {x.dtype} on {x.device}")
        return x

    def pull(self, slope, eps):
        r"""The chain rule of the path: a slope in z becomes a gradient in :math:`(\mu,\log\sigma)`.

        .. math:: \nabla_zf\cdot\nabla_\mu G=\nabla_zf,\qquad
            \nabla_zf\cdot\nabla_{\log\sigma}G=\nabla_zf\;\sigma\epsilon

        Parameters
        ----------
        slope, eps : Tensor, shape ``(n, ..., d)``
            :math:`\nabla_zf` at :math:`z=G(\epsilon;\phi)`, and the noise.

        Returns
        -------
        GradientDraws
            Each of shape ``(n, ..., d)``.
        """
        self._points("eps", eps)
        if self._points("slope", slope).shape != eps.shape:
            raise ValueError(f"slope and eps must have one shape, got {tuple(slope.shape)} and {tuple(eps.shape)}")
        return self._pull(slope, eps)

    def _pull(self, slope, eps):
        """The same formula for estimators, whose slope and noise have passed their guards already."""
        return GradientDraws(slope, slope * self.sigma * eps)

    def log_density(self, z):
        r""":math:`\log q(z;\phi)` in nats.

        Parameters
        ----------
        z : Tensor, shape ``(n, ..., d)``

        Returns
        -------
        Tensor, shape ``(n, ...)``

        Raises
        ------
        ValueError
            As :meth:`path`, or where a density underflows beyond what its logarithm can hold.
        """
        eps = (self._points("z", z) - self.mu) / self.sigma
        value = -0.5 * (eps * eps).sum(-1) - (self.log_sigma + 0.5 * LOG_2PI).sum(-1)
        if not value.is_meta and not math.isfinite(value.detach().sum()):
            raise ValueError("z must not lie so many deviations away that the logarithm of its density overflows")
        return value

    def score(self, eps):
        r"""The score :math:`\nabla_\phi\log q(z;\phi)` at :math:`z=G(\epsilon;\phi)`, with z held fixed.

        .. math:: \nabla_\mu\log q=\epsilon/\sigma,\qquad \nabla_{\log\sigma}\log q=\epsilon^2-1

        Parameters
        ----------
        eps : Tensor, shape ``(n, ..., d)``
            Standard normal noise.

        Returns
        -------
        GradientDraws
            Each of shape ``(n, ..., d)``.

        Raises
        ------
        ValueError
            As :meth:`path`.
        """
        eps = self._points("eps", eps)
        return GradientDraws(eps / self.sigma, eps * eps - 1)

    def entropy(self):
        r""":math:`\sum_j(\log\sigma_j+\frac12\log 2\pi e)` in nats, shape ``(...)``."""
        return (self.log_sigma + 0.5 * (1 + LOG_2PI)).sum(-1)

    def entropy_gradient(self):
        r"""The gradient of :meth:`entropy`: 0 in every mean, 1 in every log deviation, GradientDraws ``(..., d)``."""
        return GradientDraws(torch.zeros_like(self.mu), torch.ones_like(self.mu))

    @guarded
    def kl(self, other):
        r""":math:`\mathrm{KL}[q\,\Vert\,\text{other}]` between diagonal Gaussians of one d, in nats, ``(...)``."""
        mine, theirs = self.mu.shape, require_law("other", other).mu.shape
        shared = min(len(mine), len(theirs))
        if mine[len(mine) - shared:] != theirs[len(theirs) - shared:] or other.mu.dtype != self.mu.dtype:
            raise ValueError(f"other must be {self.mu.dtype} of shape {tuple(mine)} up to leading axes, "
                             f"got {other.mu.dtype} of shape {tuple(theirs)}")
        ratio = (2 * (self.log_sigma - other.log_sigma)).exp()
        shift = ((self.mu - other.mu) / other.sigma) ** 2
        return 0.5 * (ratio + shift - 1).sum(-1) - (self.log_sigma - other.log_sigma).sum(-1)

    def detach(self):
        """The same q, cut off from the gradient of its parameters."""
        cut = object.__new__(DiagonalGaussian)  # its parameters were validated once, when self was made
        cut.__dict__.update(mu=self.mu.detach(), log_sigma=self.log_sigma.detach())
        return cut


def as_float(name, value):
    """Tensors as they are, anything else as a float64 tensor.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : Tensor or array-like

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If ``value`` does not hold finite real numbers.
    """
    if not isinstance(value, torch.Tensor):
        value = torch.from_numpy(np.array(require_finite_array(name, value)))
    return require_float(name, value)


def require_law(name, q):
    """Reject anything but a diagonal Gaussian.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    q : DiagonalGaussian

    Returns
    -------
    DiagonalGaussian
        ``q`` itself.

    Raises
    ------
    ValueError
        If ``q`` is anything else.
    """
    if not isinstance(q, DiagonalGaussian):
        raise ValueError(f"{name} must be a DiagonalGaussian, got {type(q).__name__}")
    return q
