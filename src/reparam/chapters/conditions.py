"""Chapter 7: when the pathwise gradient is right, what it misses when it is not, and a first flow."""

import math
from dataclasses import dataclass

import torch

from reparam import quadrature
from reparam.guards import guarded, require_finite, require_float, require_positive, values_of
from reparam.laws.gaussian import LOG_2PI


def _per_draw(theta, eps):
    """One copy of the parameters per draw, so that one backward pass gives one gradient per draw."""
    require_float("eps", eps)
    theta = torch.as_tensor(theta, dtype=eps.dtype)
    require_float("theta", theta)
    if theta.ndim != 1 or eps.ndim == 0:
        raise ValueError(f"theta must be (p,) and eps (n, ...), got {tuple(theta.shape)} and {tuple(eps.shape)}")
    return theta.expand(len(eps), -1).requires_grad_()


def _path(path, eps, copies):
    y = path(eps, copies)
    for part in y if isinstance(y, tuple) else (y,):  # a draw may come in several parts
        if require_float("the value of path", part).shape[:1] != eps.shape[:1] or part.dtype != eps.dtype:
            raise ValueError(f"path must return one {eps.dtype} draw for each of the {len(eps)} rows of eps, "
                             f"got {part.dtype} of shape {tuple(part.shape)}")
    return y


@guarded(cost="function", path="function", eps="tensor n ...")
def path_gradient(cost, path, theta, eps):
    r"""Pathwise gradients of :math:`\mathbb E f(G(\epsilon;\theta))`, one per draw, for any noise and any path.

    .. math:: \nabla_\theta f\bigl(G(\epsilon;\theta)\bigr)\quad\text{at fixed } \epsilon

    Parameters
    ----------
    cost : callable, ``(n, ...) -> (n,)``
        The function f, made of operations that autograd knows.
    path : callable, ``(n, ...), (n, p) -> (n, ...)``
        The map G; its second argument holds one copy of the parameters per draw.
    theta : sequence of float or Tensor, shape ``(p,)``
    eps : Tensor, shape ``(n, ...)``
        The noise, of whatever law.

    Returns
    -------
    Tensor, shape ``(n, p)``

    Raises
    ------
    ValueError
        If ``theta`` or ``eps`` has a wrong shape, or is not finite, or ``cost`` does not return one finite number per
        draw, or has no graph to ``theta``.
    """
    copies = _per_draw(theta, eps)
    with torch.enable_grad():
        value = values_of(cost, _path(path, eps, copies), "cost", eps.shape[:1], eps.dtype)
        (slope,) = torch.autograd.grad(value.sum(), copies, allow_unused=True) if value.requires_grad else (None,)
    if slope is None:
        raise ValueError("cost must be differentiable along path, got values without a graph to theta")
    return require_float("the slope of cost along path", slope)


@guarded
def mean_path_gradient(cost, path, theta, points=()):
    r"""The exact mean of :func:`path_gradient` for :math:`\epsilon\sim N(0,1)`, by quadrature.

    Parameters
    ----------
    cost, path, theta
        As in :func:`path_gradient`.
    points : sequence of float
        Places of kinks and jumps, in units of the noise.

    Returns
    -------
    array, shape ``(p,)``

    Raises
    ------
    ValueError
        As :func:`path_gradient`.
    """
    def draws(eps):
        return path_gradient(cost, path, theta, torch.from_numpy(eps)).numpy().T

    return quadrature.expectation(draws, points=points)


@guarded(log_noise="function")
def noise_score(cost, path, log_noise, theta, eps):
    r"""What a path forgets when the noise's law has the parameter in it, one value per draw.

    .. math:: f\bigl(G(\epsilon;\theta)\bigr)\,\nabla_\theta\log p(\epsilon;\theta)

    Parameters
    ----------
    cost, path, theta, eps
        As in :func:`path_gradient`, ``eps`` drawn from :math:`p(\epsilon;\theta)`.
    log_noise : callable, ``(n, ...), (n, p) -> (n,)``
        :math:`\log p(\epsilon;\theta)` in nats.

    Returns
    -------
    Tensor, shape ``(n, p)``

    Raises
    ------
    ValueError
        As :func:`path_gradient`.
    """
    copies = _per_draw(theta, eps)
    with torch.enable_grad():
        logs = values_of(lambda eps: log_noise(eps, copies), eps, "log_noise", eps.shape[:1])
        (score,) = torch.autograd.grad(logs.sum(), copies, allow_unused=True) if logs.requires_grad else (None,)
    if score is None:
        raise ValueError("log_noise must be differentiable in theta, got values without a graph to it")
    with torch.no_grad():
        values = values_of(cost, _path(path, eps, copies), "cost", eps.shape[:1], eps.dtype)
    return values[:, None] * require_float("the slope of log_noise", score)


@guarded(eps="tensor n", theta="tensor n 2")
def location_scale(eps, theta):
    r"""The path :math:`G(\epsilon;\mu,\sigma)=\mu+\sigma\epsilon`, equation S23.

    Parameters
    ----------
    eps : Tensor, shape ``(n,)``
    theta : Tensor, shape ``(n, 2)``
        Columns :math:`\mu` and :math:`\sigma`.

    Returns
    -------
    Tensor, shape ``(n,)``
    """
    return theta[:, 0] + theta[:, 1] * eps


@guarded(y="tensor ...", at="number")
def step(y, at=0.0):
    """The unit step, 0 left and 1 right of ``at``, whose autograd derivative is 0.

    Parameters
    ----------
    y : Tensor, shape ``(n,)``
    at : float

    Returns
    -------
    Tensor, shape ``(n,)``
    """
    return (1 + torch.sign(y - at)) / 2


@guarded(y="tensor ...", digits="count")
def cantor(y, digits=34):
    """Cantor's function: continuous, rising from 0 to 1 on [0, 1], with slope 0 almost everywhere.

    Parameters
    ----------
    y : Tensor, shape ``(n,)``
    digits : int
        Ternary digits read off; 34 are all that float64 holds.

    Returns
    -------
    Tensor, shape ``(n,)``
    """
    rest, value, alive = y.clamp(min=0), torch.zeros_like(y), torch.ones_like(y)
    for k in range(1, digits + 1):
        digit = torch.floor(3 * rest).clamp(max=2)
        rest = 3 * rest - digit
        value = value + alive * digit.clamp(max=1) * 2.0**-k
        alive = alive * (digit - 1) ** 2  # the first ternary 1 ends the expansion: y lies in a gap
    return value


@guarded(depth="count")
def cantor_atoms(depth):
    r"""Midpoints of the :math:`2^n` intervals that are left of [0, 1] after removing middle thirds n times.

    Parameters
    ----------
    depth : int
        n, from 1 to 20.

    Returns
    -------
    Tensor, shape ``(2**depth,)``
        Each carries mass :math:`2^{-n}` of Cantor's law, to within :math:`9^{-n}` for smooth integrands.

    Raises
    ------
    ValueError
        If ``depth`` is not 1 to 20.
    """
    if not 1 <= depth <= 20:
        raise ValueError(f"depth must be 1 to 20, got {depth}")
    atoms = torch.tensor([0.5], dtype=torch.float64)
    for _ in range(depth):
        atoms = torch.cat((atoms / 3, atoms / 3 + 2 / 3))
    return atoms


@guarded(mu="number", sigma="number")
def singular_slope(at, jumps, mu, sigma):
    r"""What the path misses in mu: the density of :math:`Y\sim N(\mu,\sigma^2)` times the jumps of f.

    .. math:: \sum_k \Delta f(c_k)\,N(c_k;\mu,\sigma^2)

    Parameters
    ----------
    at, jumps : sequence of float or Tensor, shape ``(k,)``
        Places :math:`c_k` and heights of the jumps.
    mu, sigma : float
        ``sigma`` positive.

    Returns
    -------
    Tensor, scalar

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or ``at`` and ``jumps`` are not of one shape ``(k,)``.
    """
    require_positive(sigma=sigma)
    at, jumps = (torch.as_tensor(x, dtype=torch.float64) for x in (at, jumps))
    if at.ndim != 1 or at.shape != jumps.shape:
        raise ValueError(f"at and jumps must have one shape (k,), got {tuple(at.shape)} and {tuple(jumps.shape)}")
    return jumps @ torch.exp(-0.5 * ((at - mu) / sigma) ** 2 - 0.5 * LOG_2PI - math.log(sigma))


@guarded(y="tensor ...", tau="number", at="number")
def soft_step(y, tau, at=0.0):
    r"""The step smeared out, :math:`\Phi((y-c)/\tau)`.

    Parameters
    ----------
    y : Tensor, shape ``(n,)``
    tau : float
        Width of the ramp, positive.
    at : float
        The place c.

    Returns
    -------
    Tensor, shape ``(n,)``

    Raises
    ------
    ValueError
        If ``tau`` is not positive.
    """
    require_positive(tau=tau)
    return torch.special.ndtr((y - at) / tau)


@guarded(tau="number", at="number", mu="number", sigma="number")
def soft_step_moments(tau, at, mu, sigma):
    r"""Mean and variance of one pathwise gradient in :math:`\mu` of the soft step, in closed form.

    .. math::
        m=N(c;\mu,\sigma^2+\tau^2),\qquad v=\frac{N(c;\mu,\sigma^2+\tau^2/2)}{2\sqrt\pi\,\tau}-m^2

    Parameters
    ----------
    tau, at, mu, sigma : float
        Width and place of the ramp; mean and standard deviation of Y. ``tau`` and ``sigma`` positive.

    Returns
    -------
    mean, variance : float

    Raises
    ------
    ValueError
        If ``tau`` or ``sigma`` is not positive.
    """
    require_positive(tau=tau, sigma=sigma)

    def normal(variance):
        return math.exp(-0.5 * (at - mu) ** 2 / variance) / math.sqrt(2 * math.pi * variance)

    mean = normal(sigma**2 + tau**2)
    return mean, normal(sigma**2 + tau**2 / 2) / (2 * math.sqrt(math.pi) * tau) - mean**2


@guarded(y="tensor ...")
def squash(y):
    r"""The bounded, smooth cost :math:`y^3/(1+y^2)^{3/2}`, flat at 0.

    Parameters
    ----------
    y : Tensor, shape ``(n,)``

    Returns
    -------
    Tensor, shape ``(n,)``
    """
    return (y / (1 + y * y).sqrt()) ** 3


@dataclass(frozen=True)
class SinhArcsinh:
    r"""The flow :math:`y=m+s\sinh\bigl((\operatorname{arsinh}z+a)/b\bigr)` of one standard normal z.

    Fields may be floats, or tensors of one value per draw.

    Parameters
    ----------
    shift, scale, skew, tail : float or Tensor, shape ``(n,)``
        m, s, a and b; s and b positive. Tails are lighter than Gaussian for b above 1 and heavier below.

    Raises
    ------
    ValueError
        If ``scale`` or ``tail`` is not positive.

    References
    ----------
    :cite:t:`jones2009sinh`
    """

    shift: float = 0.0
    scale: float = 1.0
    skew: float = 0.0
    tail: float = 1.0

    def __post_init__(self):
        require_finite(shift=self.shift, skew=self.skew)
        require_positive(scale=self.scale, tail=self.tail)

    @guarded(z="tensor ...")
    def forward(self, z):
        """The map, on noise of shape ``(n,)``."""
        return self.shift + self.scale * torch.sinh((torch.asinh(z) + self.skew) / self.tail)

    @guarded
    def inverse(self, y):
        """The noise that made y, of y's shape."""
        return torch.sinh(self.tail * torch.asinh((y - self.shift) / self.scale) - self.skew)

    @guarded
    def log_slope(self, z):
        r""":math:`\log\partial y/\partial z` at z, of z's shape."""
        inner = (torch.asinh(z) + self.skew) / self.tail
        scale, tail = (torch.as_tensor(x, dtype=z.dtype) for x in (self.scale, self.tail))
        return scale.log() - tail.log() + torch.cosh(inner).log() - 0.5 * torch.log1p(z * z)

    @guarded
    def log_density(self, y):
        r""":math:`\log p(y)` in nats by change of variables, equation S42."""
        z = self.inverse(y)
        return -0.5 * z * z - 0.5 * LOG_2PI - self.log_slope(z)
