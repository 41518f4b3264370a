"""Chapter 2: the evidence lower bound of one-dimensional models, exactly.

Densities are given by their logarithm in nats, on an interval outside which they vanish or hold a mass below 1e-28.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from reparam import quadrature
from reparam.guards import guarded, require_finite, require_positive

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class Density(NamedTuple):
    """A density on the line: its logarithm, an interval that holds its mass, and its kinks."""

    log: Callable
    low: float
    high: float
    points: tuple = ()


@guarded(mu="number", sigma="number")
def normal_density(mu, sigma):
    r""":math:`N(\mu,\sigma^2)` on twelve standard deviations each way.

    Parameters
    ----------
    mu, sigma : float
        ``sigma`` positive.

    Returns
    -------
    Density

    Raises
    ------
    ValueError
        If ``sigma`` is not positive.
    """
    require_positive(sigma=sigma)
    require_finite(mu=mu)
    constant = -HALF_LOG_2PI - math.log(sigma)
    return Density(lambda z: constant - 0.5 * ((z - mu) / sigma) ** 2, mu - 12 * sigma, mu + 12 * sigma, (mu,))


@guarded(mu="number", scale="number")
def laplace(mu, scale):
    r"""The Laplace density :math:`e^{-|z-\mu|/b}/2b`, :math:`b` being ``scale``.

    Parameters
    ----------
    mu, scale : float
        ``scale`` positive.

    Returns
    -------
    Density

    Raises
    ------
    ValueError
        If ``scale`` is not positive.
    """
    require_positive(scale=scale)
    return Density(lambda z: -np.abs(z - mu) / scale - math.log(2 * scale), mu - 70 * scale, mu + 70 * scale, (mu,))


@guarded(low="number", high="number")
def uniform(low, high):
    r"""The uniform density on [low, high].

    Parameters
    ----------
    low, high : float
        ``low`` below ``high``.

    Returns
    -------
    Density

    Raises
    ------
    ValueError
        If the interval is empty.
    """
    require_positive(length=high - low)
    height = -math.log(high - low)
    return Density(lambda z: np.where((z >= low) & (z <= high), height, -np.inf), low, high, (low, high))


@guarded(weight="number")
def mixture(weight, first, second):
    """The mixture of two densities.

    Parameters
    ----------
    weight : float
        Of the first one, strictly between 0 and 1.
    first, second : Density

    Returns
    -------
    Density

    Raises
    ------
    ValueError
        If ``weight`` is not between 0 and 1.
    """
    require_positive(weight=weight, **{"1 - weight": 1 - weight})
    logs = math.log(weight), math.log1p(-weight)
    return Density(
        lambda z: np.logaddexp(logs[0] + first.log(z), logs[1] + second.log(z)),
        min(first.low, second.low), max(first.high, second.high), first.points + second.points,
    )


@guarded(f="function")
def mean_under(q, f):
    r"""The expectation :math:`\int q(z)f(z)\,dz`.

    Parameters
    ----------
    q : Density
    f : callable, ``(k,) -> (..., k)``

    Returns
    -------
    float or array, shape ``(...)``
    """
    return quadrature.integral(lambda z: np.exp(q.log(z)) * f(z), q.low, q.high, q.points)


@guarded(log_joint="function", low="number", high="number")
def log_evidence(log_joint, low, high):
    r"""The log evidence :math:`\log p(x)=\log\int p(x,z)\,dz`, in nats.

    Parameters
    ----------
    log_joint : callable, ``(k,) -> (k,)``
        :math:`\log p(x,z)` at the observed x, as a function of z.
    low, high : float
        An interval that holds the mass of the joint density.

    Returns
    -------
    float
    """
    return math.log(quadrature.integral(lambda z: np.exp(log_joint(z)), low, high))


@guarded(infinite=True, log_joint="function")
def elbo(log_joint, q):
    r"""The evidence lower bound, equation S7.

    .. math:: \mathcal L[q]=\int q(z)\log\frac{p(x,z)}{q(z)}\,dz

    Parameters
    ----------
    log_joint : callable, ``(k,) -> (k,)``
        :math:`\log p(x,z)` in nats.
    q : Density

    Returns
    -------
    float
        In nats.
    """
    return _log_ratio(q, log_joint)


def _grid(q):
    return np.linspace(q.low, q.high, 10_003)[1:-1]


def _log_ratio(q, log_p):
    r""":math:`\mathbb E_q[\log p-\log q]`, minus infinity where q has mass and p has none."""
    z = _grid(q)
    beyond = np.isneginf(log_p(z)) & (q.log(z) > -700)
    if (beyond[1:] & beyond[:-1]).any():  # a stretch, not a single point
        return -math.inf
    return float(mean_under(q, lambda z: log_p(z) - q.log(z)))


@guarded(infinite=True, log_p="function")
def kl(q, log_p):
    r"""The divergence :math:`\mathrm{KL}[q\Vert p]=\int q(z)\log\frac{q(z)}{p(z)}\,dz`, in nats.

    Parameters
    ----------
    q : Density
    log_p : callable, ``(k,) -> (k,)``
        Log density of p.

    Returns
    -------
    float
        Infinity where q has mass and p has none.
    """
    return 0.0 - _log_ratio(q, log_p)


@guarded(log_joint="function")
def variation(log_joint, q, direction):
    r"""The first variation of the bound: its slope when q is moved towards another density.

    .. math:: \frac{d}{dt}\mathcal L[(1-t)q+t\,r]\Big|_{t=0}=\int(r(z)-q(z))\log\frac{p(x,z)}{q(z)}\,dz

    Parameters
    ----------
    log_joint : callable, ``(k,) -> (k,)``
    q, direction : Density
        q and r; r may have mass only where q has.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError
        If r has mass where q or the joint density has none.
    """
    if not np.isfinite(log_joint(z := _grid(direction)) - q.log(z)).all():
        raise ValueError("direction may have mass only where q and the joint density have")
    return float(mean_under(direction, lambda z: log_joint(z) - q.log(z))) - elbo(log_joint, q)


@dataclass(frozen=True)
class ConjugateGaussian:
    r"""The model :math:`z\sim N(0,\tau^2)`, :math:`x\mid z\sim N(z,s^2)` at one observed x.

    Everything has a closed form. ``log_joint`` is plain arithmetic: NumPy arrays and tensors both will do.

    Parameters
    ----------
    x : float
        The observation.
    tau, s : float
        Standard deviations of prior and noise, positive.

    Raises
    ------
    ValueError
        If a standard deviation is not positive.
    """

    x: float
    tau: float = 1.0
    s: float = 1.0

    def __post_init__(self):
        require_finite(x=self.x)
        require_positive(tau=self.tau, s=self.s)

    @guarded
    def log_joint(self, z):
        r""":math:`\log p(x,z)` in nats, of the shape of ``z``."""
        constant = -2 * HALF_LOG_2PI - math.log(self.tau) - math.log(self.s)
        return constant - 0.5 * (z / self.tau) ** 2 - 0.5 * ((self.x - z) / self.s) ** 2

    @property
    @guarded
    def posterior(self):
        r"""Mean and standard deviation of :math:`p(z\mid x)`."""
        precision = self.tau**-2 + self.s**-2
        return self.x * self.s**-2 / precision, precision**-0.5

    @property
    @guarded
    def log_evidence(self):
        r""":math:`\log p(x)=\log N(x;0,\tau^2+s^2)` in nats."""
        total = self.tau**2 + self.s**2
        return -HALF_LOG_2PI - 0.5 * math.log(total) - 0.5 * self.x**2 / total

    @guarded
    def elbo(self, mu, sigma):
        r"""The bound for :math:`q=N(\mu,\sigma^2)` in closed form, in nats, broadcast over ``mu`` and ``sigma``."""
        prior = -HALF_LOG_2PI - math.log(self.tau) - 0.5 * (mu**2 + sigma**2) / self.tau**2
        noise = -HALF_LOG_2PI - math.log(self.s) - 0.5 * ((self.x - mu) ** 2 + sigma**2) / self.s**2
        return prior + noise + np.log(sigma) + HALF_LOG_2PI + 0.5


@dataclass(frozen=True)
class SquareModel:
    r"""The model :math:`z\sim N(0,1)`, :math:`x\mid z\sim N(z^2,s^2)`: no elementary evidence, two modes.

    Parameters
    ----------
    x : float
        The observation.
    s : float
        Standard deviation of the noise, positive.

    Raises
    ------
    ValueError
        If ``s`` is not positive.
    """

    x: float = 1.5
    s: float = 0.5

    def __post_init__(self):
        require_finite(x=self.x)
        require_positive(s=self.s)

    @guarded
    def log_joint(self, z):
        r""":math:`\log p(x,z)` in nats, of the shape of ``z``."""
        return -2 * HALF_LOG_2PI - math.log(self.s) - 0.5 * z * z - 0.5 * ((self.x - z * z) / self.s) ** 2

    @guarded
    def elbo(self, mu, sigma):
        r"""The bound for :math:`q=N(\mu,\sigma^2)` in closed form, in nats, broadcast over ``mu`` and ``sigma``."""
        second, fourth = mu**2 + sigma**2, mu**4 + 6 * mu**2 * sigma**2 + 3 * sigma**4
        fit = 0.5 * (self.x**2 - 2 * self.x * second + fourth) / self.s**2
        return -HALF_LOG_2PI - math.log(self.s) - 0.5 * second - fit + np.log(sigma) + 0.5

    @property
    @guarded
    def log_evidence(self):
        r""":math:`\log p(x)` by quadrature, in nats."""
        return log_evidence(self.log_joint, -10.0, 10.0)

    @guarded
    def log_evidence_by_series(self, terms):
        r""":math:`\log p(x)` in nats from the first ``terms`` terms of a series, without any integral."""
        a, b = 0.5 / self.s**2, self.x / self.s**2 - 0.5
        moments = (math.exp(math.lgamma(n / 2 + 0.25) - math.lgamma(n + 1)) / a ** (n / 2 + 0.25) for n in range(terms))
        total = math.fsum(b**n * moment for n, moment in enumerate(moments)) / 2
        return math.log(total) - 0.5 * (self.x / self.s) ** 2 - 2 * HALF_LOG_2PI - math.log(self.s)


@guarded(log_joint="function", mu="number", sigma="number")
def best_normal(log_joint, mu, sigma):
    r"""The Gaussian q with the highest bound near a starting point, found by BFGS on :math:`(\mu,\log\sigma)`.

    Parameters
    ----------
    log_joint : callable, ``(k,) -> (k,)``
    mu, sigma : float
        Where the search starts.

    Returns
    -------
    mu, sigma : float
        To about seven digits.
    """
    from scipy.optimize import minimize

    def loss(phi):
        return -elbo(log_joint, normal_density(phi[0], math.exp(phi[1])))

    best = minimize(loss, (mu, math.log(sigma)), method="BFGS", options={"gtol": 1e-9})
    return float(best.x[0]), math.exp(best.x[1])


def draw_split(z, posterior, q, bound, log_evidence):
    """One frame of the chapter's slider: q against the posterior, and how bound and gap share the evidence.

    Parameters
    ----------
    z, posterior, q : array, shape ``(k,)``
        Nodes and the two densities there.
    bound, log_evidence : float
        In nats.

    Returns
    -------
    matplotlib Figure
    """
    from reparam.teaching import figures

    figure, (left, right) = figures.panels(2, height=2.6, width_ratios=(3, 1))
    left.fill_between(z, posterior, color="#d9dee5")
    left.plot(z, q, color=figures.ORANGE)
    left.set(xlabel="latent variable z", ylabel="density", ylim=(0, 1.6), title="posterior (grey) and q")
    shown = max(bound, log_evidence - 9)
    right.bar(0, log_evidence - shown, bottom=shown, width=0.6, color=figures.RED)
    right.bar(0, shown - (log_evidence - 10), bottom=log_evidence - 10, width=0.6, color=figures.BLUE)
    right.set(xticks=[], ylabel="nats", ylim=(log_evidence - 10, log_evidence), title="gap over bound")
    return figure
