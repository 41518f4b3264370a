r"""Past the source: hierarchies of latent variables, and diffusion, where the trick is used at every level.

Two problems with all the answers: a chain of Gaussians, and a mixture of Gaussians on the line that is noised step by
step. The noise of a step is named by its signal-to-noise ratio :math:`r=\alpha^2/\sigma^2`, with
:math:`\alpha^2+\sigma^2=1`.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import nn

from reparam.guards import array_values, guarded, require_count, require_finite, require_positive
from reparam.laws.gaussian import LOG_2PI
from reparam.laws.mixture import Mixture
from reparam.laws.noising import Noised, bridge, level
from reparam.networks import Adam, Stack
from reparam.teaching import figures

DATA = Mixture((0.4, 0.6), (-1.2, 0.8), (0.3, 0.4))
"""The law of the data: two humps, mean 0."""

HIGH, LOW = 100.0, 0.01
"""Signal-to-noise ratios of the first and of the last level."""

GRID = np.linspace(-8.5, 8.5, 567)
"""Nodes of the trapezoidal rule over one level; spacing 0.03, error below 1e-12 for the laws of the chapter."""


def _normal(x, mean, deviation):
    return -0.5 * ((x - mean) / deviation) ** 2 - math.log(deviation) - 0.5 * LOG_2PI


@dataclass(frozen=True)
class LinearChain:
    r"""Layers of Gaussians: :math:`z_L\sim N(0,1)`, :math:`z_{l-1}\mid z_l\sim N(wz_l,v^2)`, and :math:`x=z_0`.

    Parameters
    ----------
    layers : int
        Their number L.
    weight, deviation : float
        w and v; ``deviation`` positive.

    Raises
    ------
    ValueError
        If one is out of range.
    """

    layers: int
    weight: float
    deviation: float

    def __post_init__(self):
        require_count("layers", self.layers)
        require_finite(weight=self.weight)
        require_positive(deviation=self.deviation)

    @guarded(x="number", z="tensor n L")
    def log_joint(self, x, z):
        r""":math:`\log p(x,z)` in nats, shape ``(n,)``, for layers ``z`` of shape ``(n, L)``, lowest first."""
        self._layers("z", z)
        below = torch.cat([torch.full_like(z[:, :1], x), z[:, :-1]], 1)
        return _normal(below, self.weight * z, self.deviation).sum(1) + _normal(z[:, -1], 0.0, 1.0)

    @guarded(x="number")
    def log_evidence(self, x):
        r""":math:`\log p(x)` in nats: the variance of layer l - 1 is :math:`w^2` times that of l, plus :math:`v^2`."""
        variance = 1.0
        for _ in range(self.layers):
            variance = self.weight**2 * variance + self.deviation**2
        return float(_normal(x, 0.0, math.sqrt(variance)))

    @guarded(x="number")
    def posterior(self, x):
        r"""The exact posterior from the top down, :math:`z_l\mid z_{l+1},x\sim N(a_lz_{l+1}+b_l,s_l^2)`.

        Returns
        -------
        Tensor, shape ``(L, 3)``
            :math:`a_l,b_l,\log s_l`; the top layer's a is zero.
        """
        rows, w, v2 = [], self.weight, self.deviation**2
        for layer in range(1, self.layers + 1):
            fresh = v2 * sum(w ** (2 * k) for k in range(layer))  # of x, given this layer
            above, prior = (w, v2) if layer < self.layers else (0.0, 1.0)
            variance = 1 / (1 / prior + w ** (2 * layer) / fresh)
            rows.append([variance * above / prior, variance * w**layer * x / fresh, 0.5 * math.log(variance)])
        return torch.tensor(rows, dtype=torch.float64)

    @guarded(phi="tensor L 3", eps="tensor n L")
    def path(self, phi, eps):
        r"""Layers by the trick, from the top down: :math:`z_l=a_lz_{l+1}+b_l+s_l\epsilon_l`, shape ``(n, L)``."""
        self._layers("eps", eps)
        return self._path(phi, eps)

    @guarded(phi="tensor L 3", z="tensor n L")
    def log_q(self, phi, z):
        r""":math:`\log q(z\mid x)=\sum_l\log N(z_l;a_lz_{l+1}+b_l,s_l^2)` in nats, shape ``(n,)``."""
        self._layers("z", z)
        return self._log_q(phi, z)

    @guarded(x="number", phi="tensor L 3", eps="tensor n L")
    def gradients(self, x, phi, eps, path=False):
        r"""Gradients of the ELBO by :math:`\phi`, one per draw, shape ``(n, L, 3)``.

        The total derivative; with ``path`` the path derivative, which holds the parameters inside :math:`\log q`.
        """
        self._layers("eps", eps)
        each = phi.detach().expand(len(eps), -1, -1).clone().requires_grad_()  # one copy per draw
        z = self._path(each, eps)
        value = self.log_joint(x, z) - self._log_q(each.detach() if path else each, z)
        return torch.autograd.grad(value.sum(), each)[0]

    @guarded(phi="tensor L 3", other="tensor L 3", z="tensor n L")
    def divergences(self, phi, other, z):
        r"""Divergence of each layer's Gaussian with numbers ``phi`` from that with ``other``, given the layer above.

        Returns
        -------
        Tensor, shape ``(n, L)``
            In nats.
        """
        self._layers("z", z)
        above = torch.cat([z[:, 1:], torch.zeros_like(z[:, :1])], 1)
        slope, offset, log_ratio = (phi - other).unbind(-1)
        shift = (slope * above + offset) / other[:, 2].exp()
        return 0.5 * ((2 * log_ratio).exp() + shift**2 - 1) - log_ratio

    def _path(self, phi, eps):
        above, layers = torch.zeros_like(eps[:, 0]), []
        for layer in reversed(range(self.layers)):
            a, b, log_s = phi[..., layer, :].unbind(-1)
            above = a * above + b + log_s.exp() * eps[:, layer]
            layers.append(above)
        return torch.stack(layers[::-1], 1)

    def _log_q(self, phi, z):
        a, b, log_s = phi.unbind(-1)
        above = torch.cat([z[:, 1:], torch.zeros_like(z[:, :1])], 1)
        return (-0.5 * ((z - a * above - b) / log_s.exp()) ** 2 - log_s - 0.5 * LOG_2PI).sum(1)

    def _layers(self, name, z):
        if z.shape[-1] != self.layers:
            raise ValueError(f"{name} must have {self.layers} layers on its last axis, got shape {tuple(z.shape)}")


@guarded(T="count")
def levels(T):
    """Signal-to-noise ratios of T levels, evenly spaced in their logarithm from HIGH down to LOW, shape ``(T,)``."""
    return np.geomspace(HIGH, LOW, require_count("T", T, least=2))


@guarded(r="number")
def noised(r):
    """The data at a signal-to-noise ratio: a Noised."""
    return Noised(DATA, *map(float, level(r)))


@guarded(r="number", f="function")
def average(r, f):
    r"""Mean over :math:`x_t` at the ratio r of ``f(noised, x)``, by the trapezoidal rule over GRID.

    Parameters
    ----------
    r : float
    f : callable
        Of a Noised and nodes ``(k,)``; returns ``(..., k)``.

    Returns
    -------
    float or array, shape ``(...)``
    """
    here = noised(r)
    return np.asarray(f(here, GRID)) @ here.law.density(GRID) * (GRID[1] - GRID[0])


@guarded(r="number")
def error(r):
    r"""The least mean squared error of a guess, :math:`\mathbb E[(x_0-\hat x(x_t))^2]`."""
    return float(average(r, lambda here, x: here.central(x)[0]))


@guarded(r="number")
def information(r):
    r"""What :math:`x_t` tells of :math:`x_0` in nats: the entropy of :math:`x_t`, less that of its noise."""
    entropy = average(r, lambda here, x: -np.log(here.law.density(x)))
    return float(entropy - 0.5 * (LOG_2PI + 1 + 2 * math.log(level(r)[1])))


@guarded(r="array T")
def step_gaps(r, matched=False):
    r"""What each step back loses with the exact guess: :math:`\mathbb E\,\mathrm{KL}[q(x_s|x_t)\,\Vert\,p(x_s|x_t)]`.

    Parameters
    ----------
    r : array, shape ``(T,)``
        Ratios, falling.
    matched : bool
        Whether p has the variance that :math:`x_s` has given :math:`x_t`, in place of the same for all :math:`x_t`.

    Returns
    -------
    array, shape ``(T - 1,)``
        In nats.
    """
    if len(r) < 2 or not (np.diff(r) < 0).all():
        raise ValueError(f"r must hold at least two ratios, falling, got {r}")
    told = np.array([information(float(ratio)) for ratio in r])
    spent = []
    for near, far in pairwise(map(float, r)):
        more = near - far
        if matched:
            spread = average(far, lambda here, x, more=more: np.log1p(more * here.central(x)[0]))
        else:
            spread = more * error(far)
        spent.append(0.5 * spread)
    return np.array(spent) + np.diff(told)


@guarded(near="number", far="number")
def step_gap_by_density(near, far, matched=False):
    r"""One entry of :func:`step_gaps` by another road: :math:`q\log(q/p)`, summed over nodes of both levels.

    Parameters
    ----------
    near, far : float
        Ratios, the step between them not much narrower than the nodes are apart.
    matched : bool
        As in :func:`step_gaps`.

    Returns
    -------
    float
        In nats.
    """
    ways = tuple(tuple(map(float, level(ratio))) for ratio in (near, far))
    (alpha_s, sigma_s), (alpha_t, sigma_t) = ways
    x_s, x_t, here = GRID[:, None], GRID, noised(far)
    along = alpha_t / alpha_s
    mean, deviation = bridge(here.guess(x_t), x_t, *ways)
    forward = _normal(x_t, along * x_s, math.sqrt(sigma_t**2 - (along * sigma_s) ** 2))
    wide = deviation * np.sqrt(1 + matched * (near - far) * here.central(x_t)[0])
    back = -0.5 * ((x_s - mean) / wide) ** 2 - np.log(wide) - 0.5 * LOG_2PI
    p_s, p_t = noised(near).law.density(x_s), here.law.density(x_t)
    return float((p_s * np.exp(forward) * (np.log(p_s / p_t) + forward - back)).sum() * (x_t[1] - x_t[0]) ** 2)


class Denoiser(nn.Module):
    r"""Networks side by side that guess the noise, each from its own start: the best linear guess, plus a correction.

    .. math:: \hat\epsilon_\theta(x,r)=\frac{\sigma x}{v}+\alpha\,\mathrm{net}(x/\sqrt v,\ \tfrac13\log r),
        \qquad v=\alpha^2\operatorname{Var}(x_0)+\sigma^2

    Parameters
    ----------
    copies : int
        How many networks.
    hidden : int
        Hidden units of each.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, copies, hidden, generator):
        super().__init__()
        self.net = Stack((2, require_count("hidden", hidden), 1), copies, generator)

    @guarded(x="tensor ... n", r="tensor ... n")
    def forward(self, x, r):
        """Guesses of the noise.

        Parameters
        ----------
        x, r : Tensor, one shape, ``(n,)`` or ``(copies, n)``
            Points, and positive signal-to-noise ratios; the same for all networks, or each its own.

        Returns
        -------
        Tensor, shape ``(copies, n)``

        Raises
        ------
        ValueError
            If the shapes differ, or a ratio is not positive.
        """
        if not (r > 0).all():
            raise ValueError(f"r must be positive, got {r}")
        alpha2, sigma2 = r / (1 + r), 1 / (1 + r)
        v = alpha2 * DATA.variance + sigma2
        correction = self.net(torch.stack([x / v.sqrt(), r.log() / 3], -1))[..., 0]
        return sigma2.sqrt() * x / v + alpha2.sqrt() * correction


@guarded(u="array ...")
def ratio(u):
    r"""The schedule :math:`r(u)=r_{\text{high}}^{1-u}\,r_{\text{low}}^{\,u}`, evenly in the logarithm, u in [0, 1]."""
    return HIGH ** (1 - np.asarray(u)) * LOW ** np.asarray(u)


def learn_noise(denoiser, generator, steps=240, batch=32, lr=0.05):
    r"""Fit every network to the noise: descend :math:`(\epsilon-\hat\epsilon_\theta(\alpha x_0+\sigma\epsilon,r))^2`.

    Parameters
    ----------
    denoiser : Denoiser
        Changed in place.
    generator : numpy.random.Generator
        Source of levels, data and noise, from :func:`reparam.noise.generator`.
    steps, batch : int
        Steps of Adam, and draws per step and network; their levels are evenly spread, with one random shift.
    lr : float
        First step size, falling linearly to zero.

    Returns
    -------
    array, shape ``(steps,)``
        The mean loss of each step.
    """
    shape = len(denoiser.net.weights[0]), require_count("batch", batch)
    optimizer, losses = Adam(denoiser.parameters()), []
    for step in range(require_count("steps", steps)):
        u = (generator.random((shape[0], 1)) + np.arange(batch) / batch) % 1
        x_0 = DATA.draw(generator.random(shape), generator.standard_normal(shape))
        r, eps = ratio(u), generator.standard_normal(shape)
        alpha, sigma = level(r)
        x_t, r, eps = map(torch.from_numpy, (alpha * x_0 + sigma * eps, r, eps))
        loss = (denoiser(x_t, r) - eps).square().mean(1)
        optimizer.descend(loss.sum(), lr * (1 - step / steps))
        losses.append(float(loss.detach().mean()))
    return np.array(losses)


@guarded(guess="function", r="array T", eps="array T ...")
def ancestral(guess, r, eps):
    r"""Draws from the top down: :math:`x_T=\epsilon_T`, then :math:`x_s` from :math:`q(x_s|x_t,x_0=\hat x)`.

    Parameters
    ----------
    guess : callable
        Of points ``(...)`` and one ratio; returns guesses of the datum, ``(...)``.
    r : array, shape ``(T,)``
        Ratios, falling.
    eps : array, shape ``(T, ...)``
        Standard normal noise, the top level's last.

    Returns
    -------
    array, shape ``(...)``
        :math:`x_1`, at the first ratio.
    """
    ways = [tuple(map(float, level(ratio))) for ratio in r]
    x = eps[-1]
    for t in range(len(r) - 1, 0, -1):
        mean, deviation = bridge(array_values("guess", guess, x, float(r[t])), x, ways[t - 1], ways[t])
        x = mean + deviation * eps[t - 1]
    return x


@guarded(guess="function", r="array T", x="array k")
def sampled_density(guess, r, x):
    r"""Density of what :func:`ancestral` draws, at nodes: every step is an integral over the one above.

    Parameters
    ----------
    guess, r
        As in :func:`ancestral`.
    x : array, shape ``(k,)``
        Evenly spaced, closer than the narrowest step is wide.

    Returns
    -------
    array, shape ``(k,)``
    """
    ways, spacing = [tuple(map(float, level(ratio))) for ratio in r], x[1] - x[0]
    p = np.exp(_normal(x, 0.0, 1.0))
    for t in range(len(r) - 1, 0, -1):
        mean, deviation = bridge(array_values("guess", guess, x, float(r[t])), x, ways[t - 1], ways[t])
        p = np.exp(_normal(x[:, None], mean, deviation)) @ p * spacing
    return p


@guarded(x="array ...", t="number")
def field(x, t):
    r"""The marginal field of flow matching, :math:`\mathbb E[x_0-\epsilon\mid tx_0+(1-t)\epsilon=x]`, t in [0, 1]."""
    here = Noised(DATA, t, 1 - t)
    return here.guess(x) - here.noise(x)


@guarded(eps="array ...", steps="count")
def follow(eps, steps=100):
    """Where the field carries noise from t = 0 to t = 1, by the classical Runge-Kutta method, the shape of ``eps``."""
    x, h = np.asarray(eps, dtype=np.float64), 1 / require_count("steps", steps)
    for k in range(steps):
        a = field(x, k * h)
        b = field(x + h / 2 * a, (k + 0.5) * h)
        c = field(x + h / 2 * b, (k + 0.5) * h)
        d = field(x + h * c, min((k + 1) * h, 1.0))
        x = x + h / 6 * (a + 2 * b + 2 * c + d)
    return x


def draw_levels(x_0, eps):
    """Left: data tied to their noise, from level to level. Right: densities of three levels.

    Parameters
    ----------
    x_0, eps : array, shape ``(n,)``
        Data, and one noise each.

    Returns
    -------
    matplotlib Figure
    """
    figure, (left, right) = figures.panels(2, height=2.8)
    r = np.geomspace(HIGH, LOW, 60)
    alpha, sigma = level(r[:, None])
    for x, color in ((x_0 < -0.2, figures.BLUE), (x_0 >= -0.2, figures.ORANGE)):
        left.semilogx(r, alpha * x_0[x] + sigma * eps[x], color=color, linewidth=0.9)
    left.invert_xaxis()
    left.set(xlabel="signal over noise r", ylabel="x", title="one datum, one noise, every level")
    at = np.linspace(-3, 3, 301)
    for ratio, color, height in ((HIGH, figures.BLUE, 0.58), (1.0, figures.GREEN, 0.5), (LOW, figures.RED, 0.42)):
        right.plot(at, noised(ratio).law.density(at), color=color)
        figures.note(right, -3.3, height, f"r = {ratio:g}", color=color)
    right.set(xlabel="x", ylabel="density", title="the law of each level")
    return figure
