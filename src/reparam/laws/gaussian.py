r"""The diagonal Gaussian :math:`q(z;\phi)=N(z;\mu,\mathrm{diag}\,\sigma^2)`, with :math:`\phi=(\mu,\log\sigma)`."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch

from reparam.guards import require_float

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
        Mean and logarithm of the standard deviation: every real number is allowed.

    Raises
    ------
    ValueError
        If they are not finite floating-point tensors of one shape with at least one axis.
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
            In float64.

        Raises
        ------
        ValueError
            If some ``sigma`` is not positive.
        """
        mu, sigma = (torch.as_tensor(x, dtype=torch.float64) for x in (mu, sigma))
        if not (sigma > 0).all():
            raise ValueError(f"sigma must be positive, got {sigma.tolist()}")
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
        require_float("eps", eps)
        if eps.shape[eps.ndim - self.mu.ndim:] != self.mu.shape:
            raise ValueError(f"eps must end in shape {tuple(self.mu.shape)}, got {tuple(eps.shape)}")
        return self.mu + self.sigma * eps

    def log_density(self, z):
        r""":math:`\log q(z;\phi)` in nats.

        Parameters
        ----------
        z : Tensor, shape ``(n, ..., d)``

        Returns
        -------
        Tensor, shape ``(n, ...)``
        """
        eps = (z - self.mu) / self.sigma
        return -0.5 * (eps * eps).sum(-1) - (self.log_sigma + 0.5 * LOG_2PI).sum(-1)

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
        """
        return GradientDraws(eps / self.sigma, eps * eps - 1)

    def entropy(self):
        r""":math:`\sum_j(\log\sigma_j+\frac12\log 2\pi e)` in nats, shape ``(...)``."""
        return (self.log_sigma + 0.5 * (1 + LOG_2PI)).sum(-1)

    def kl(self, other):
        r""":math:`\mathrm{KL}[q\,\Vert\,\text{other}]` between diagonal Gaussians, in nats, shape ``(...)``."""
        ratio = (2 * (self.log_sigma - other.log_sigma)).exp()
        shift = ((self.mu - other.mu) / other.sigma) ** 2
        return 0.5 * (ratio + shift - 1).sum(-1) - (self.log_sigma - other.log_sigma).sum(-1)

    def detach(self):
        """The same q, cut off from the gradient of its parameters."""
        cut = object.__new__(DiagonalGaussian)  # its parameters were validated once, when self was made
        cut.__dict__.update(mu=self.mu.detach(), log_sigma=self.log_sigma.detach())
        return cut
