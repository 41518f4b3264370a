r"""The Gaussian with any covariance, :math:`q(z;\phi)=N(z;\mu,LL^\top)`, :math:`z=\mu+L\epsilon`, L triangular."""

from dataclasses import dataclass
from typing import NamedTuple

import torch

from reparam.guards import guarded, require_float
from reparam.laws.gaussian import LOG_2PI, DiagonalGaussian


class FullDraws(NamedTuple):
    r"""One gradient per draw: in :math:`\mu`, ``(n, d)``, and in the lower triangle of L, ``(n, d, d)``, else zero."""

    mu: torch.Tensor
    root: torch.Tensor


def _solve(root, x):
    return torch.linalg.solve_triangular(root, x.mT, upper=False).mT


@dataclass(frozen=True)
class FullGaussian:
    """A Gaussian with correlated coordinates.

    Parameters
    ----------
    mu : Tensor, shape ``(d,)``
    root : Tensor, shape ``(d, d)``
        The Cholesky factor L of the covariance: zero above its diagonal, positive on it.

    Raises
    ------
    ValueError
        If they are not finite floating-point tensors of one type and of these shapes, or ``root`` is no such factor.
    """

    mu: torch.Tensor
    root: torch.Tensor

    def __post_init__(self):
        d = require_float("mu", self.mu).shape
        if len(d) != 1:
            raise ValueError(f"mu must have shape (d,), got {tuple(d)}")
        require_float("root", self.root, (*d, *d))
        if (self.root.dtype, self.root.device) != (self.mu.dtype, self.mu.device):
            raise ValueError(f"root must be {self.mu.dtype} on {self.mu.device} as mu is, got {self.root.dtype}")
        fixed = self.root.detach()
        if not self.mu.is_meta and not (torch.equal(fixed, fixed.tril()) and (fixed.diagonal() > 0).all()):
            raise ValueError(f"root must be lower triangular with a positive diagonal, got {fixed.tolist()}")

    def path(self, eps):
        r"""The map :math:`G(\epsilon;\phi)=\mu+L\epsilon`.

        Parameters
        ----------
        eps : Tensor, shape ``(..., d)``
            Standard normal noise.

        Returns
        -------
        Tensor, shape ``(..., d)``
            Draws from q.

        Raises
        ------
        ValueError
            If ``eps`` is not finite, or has another type or length of its last axis than ``mu``.
        """
        return self.mu + self._points("eps", eps) @ self.root.mT

    def _points(self, name, x):
        require_float(name, x)
        if x.shape[-1:] != self.mu.shape or (x.dtype, x.device) != (self.mu.dtype, self.mu.device):
            raise ValueError(f"{name} must be {self.mu.dtype} and end in shape {tuple(self.mu.shape)}, "
                             f"got {x.dtype} of shape {tuple(x.shape)}")
        return x

    def pull(self, slope, eps):
        r"""The chain rule of the path: a slope in z becomes a gradient in :math:`(\mu,L)`.

        .. math:: \partial_{\mu_i}:\ \partial_if,\qquad \partial_{L_{ij}}:\ \partial_if\;\epsilon_j\quad(j\le i)

        Parameters
        ----------
        slope, eps : Tensor, shape ``(n, d)``

        Returns
        -------
        FullDraws
        """
        self._points("eps", eps)
        if self._points("slope", slope).shape != eps.shape:
            raise ValueError(f"slope and eps must have one shape, got {tuple(slope.shape)} and {tuple(eps.shape)}")
        return self._pull(slope, eps)

    def _pull(self, slope, eps):
        """The same formula for estimators, whose slope and noise have passed their guards already."""
        return FullDraws(slope, (slope[..., :, None] * eps[..., None, :]).tril())

    @guarded(z="tensor ... d")
    def log_density(self, z):
        r""":math:`\log q(z;\phi)=-\tfrac12\lVert L^{-1}(z-\mu)\rVert^2-\sum_i\log L_{ii}-\tfrac d2\log2\pi` in nats.

        Parameters
        ----------
        z : Tensor, shape ``(..., d)``

        Returns
        -------
        Tensor, shape ``(...)``
        """
        away = (self._points("z", z) - self.mu).reshape(-1, len(self.mu))
        eps = _solve(self.root, away).reshape(z.shape)
        return -0.5 * (eps * eps + LOG_2PI).sum(-1) - self.root.diagonal().log().sum()

    @guarded(eps="tensor ... d")
    def score(self, eps):
        r"""The score :math:`\nabla_\phi\log q(z;\phi)` at :math:`z=G(\epsilon;\phi)`, with z held fixed.

        .. math:: \nabla_\mu\log q=L^{-\top}\epsilon,\qquad
            \partial_{L_{ij}}\log q=(L^{-\top}\epsilon)_i\,\epsilon_j-[i=j]/L_{ii}\quad(j\le i)

        Parameters
        ----------
        eps : Tensor, shape ``(n, d)``
            Standard normal noise.

        Returns
        -------
        FullDraws
        """
        pulled = torch.linalg.solve_triangular(self.root, self._points("eps", eps), upper=False, left=False)
        return FullDraws(pulled, self.pull(pulled, eps).root - self.entropy_gradient().root)

    def entropy(self):
        r""":math:`\sum_i\log L_{ii}+\tfrac d2\log2\pi e` in nats, a scalar."""
        return self.root.diagonal().log().sum() + 0.5 * len(self.mu) * (1 + LOG_2PI)

    def entropy_gradient(self):
        r"""The gradient of :meth:`entropy`: 0 in the mean, :math:`1/L_{ii}` on the diagonal, a FullDraws."""
        return FullDraws(torch.zeros_like(self.mu), self.root.diagonal().reciprocal().diag())

    @guarded
    def kl(self, other):
        r""":math:`\mathrm{KL}[q\,\Vert\,\text{other}]` of two Gaussians of one dimension, in nats, a scalar.

        .. math:: \tfrac12\bigl(\lVert L_2^{-1}L\rVert_F^2+\lVert L_2^{-1}(\mu-\mu_2)\rVert^2-d\bigr)
            +\sum_i\log\frac{L_{2,ii}}{L_{ii}}
        """
        other = as_gaussian(other, "other")
        if other.mu.shape != self.mu.shape or other.mu.dtype != self.mu.dtype:
            raise ValueError(f"other must have {len(self.mu)} dimensions of {self.mu.dtype}, "
                             f"got {len(other.mu)} of {other.mu.dtype}")
        root = other.root if isinstance(other, FullGaussian) else other.sigma.diag()
        ratio, shift = _solve(root, self.root.mT), _solve(root, (self.mu - other.mu)[None])
        logs = root.diagonal().log() - self.root.diagonal().log()
        return 0.5 * (ratio.square().sum() + shift.square().sum() - len(self.mu)) + logs.sum()

    def detach(self):
        """The same q, cut off from the gradient of its parameters."""
        cut = object.__new__(FullGaussian)  # its parameters were validated once, when self was made
        cut.__dict__.update(mu=self.mu.detach(), root=self.root.detach())
        return cut


def as_gaussian(q, name="q"):
    """The book's form of a Gaussian from PyTorch; the book's own are returned as they are.

    Parameters
    ----------
    q : DiagonalGaussian, FullGaussian, or torch.distributions Normal, Independent of a Normal, or MultivariateNormal
        A Normal's last axis is the dimension of z.
    name : str
        The argument's name, for the message.

    Returns
    -------
    DiagonalGaussian or FullGaussian

    Raises
    ------
    ValueError
        If ``q`` is anything else.
    """
    if isinstance(q, (DiagonalGaussian, FullGaussian)):
        return q
    if isinstance(q, torch.distributions.Independent) and q.reinterpreted_batch_ndims == 1:
        q = q.base_dist
    if isinstance(q, torch.distributions.Normal):
        return DiagonalGaussian(q.loc, q.scale.log())
    if isinstance(q, torch.distributions.MultivariateNormal):
        return FullGaussian(q.loc, q.scale_tril)
    raise ValueError(f"{name} must be a Gaussian: DiagonalGaussian, FullGaussian, or torch.distributions Normal, "
                     f"Independent(Normal, 1) or MultivariateNormal, got {type(q).__name__}")


def drawn(q, eps):
    """What every estimator begins with: the law without its graph, and the draws that the noise becomes.

    Parameters
    ----------
    q : DiagonalGaussian, FullGaussian or torch.distributions' Gaussians
        As in :func:`as_gaussian`, with a mean of shape ``(d,)``, or ``(r, d)`` for r diagonal Gaussians at once.
    eps : Tensor, shape ``(n, d)`` or ``(n, r, d)``
        Standard normal noise.

    Returns
    -------
    q : DiagonalGaussian or FullGaussian
    eps, z : Tensor, of the shape of ``eps``

    Raises
    ------
    ValueError
        If ``q`` is no Gaussian, or ``eps`` is not finite, or of another shape or type.
    """
    fixed = as_gaussian(q).detach()
    z = fixed.path(eps).detach()
    if eps.ndim != fixed.mu.ndim + 1:
        raise ValueError(f"eps must have shape (n, {', '.join(map(str, fixed.mu.shape))}), got {tuple(eps.shape)}")
    return fixed, eps.detach(), z
