"""Chapter 6: a law of y that depends on x, drawn from and learned through the sample."""

import math

import numpy as np
import torch
from scipy.special import ndtr
from torch import nn

from reparam import quadrature
from reparam.bundled import bundled
from reparam.chapters.joint import energy_score, sorted_pairing
from reparam.guards import guarded, require_count, require_float
from reparam.laws import scoring_rules
from reparam.laws.gaussian import DiagonalGaussian
from reparam.networks import Adam, Stack
from reparam.teaching.figures import BLUE, INK, MUTED, ORANGE

SQRT_2PI = math.sqrt(2 * math.pi)


@guarded(x="tensor ...")
def wave(x):
    r"""Mean and deviation of the chapter's Gaussian example: :math:`m=\sin\frac32x`, :math:`s=e^{x/2-1.2}`.

    Parameters
    ----------
    x : Tensor, shape ``(...)``

    Returns
    -------
    mean, deviation : Tensor, shape ``(...)``
    """
    return torch.sin(1.5 * x), torch.exp(0.5 * x - 1.2)


@guarded(x="tensor *", eps="tensor ... 2 n")
def branches(x, eps):
    r"""Draws from the chapter's example with two branches, :math:`y=\pm(1+x/4)+0.2\,\epsilon_2`.

    The sign is that of a first noise :math:`\epsilon_1`: a fair coin, in reparameterized form.

    Parameters
    ----------
    x : Tensor, shape ``(n,)``
    eps : Tensor, shape ``(..., 2, n)``
        Standard normal noise.

    Returns
    -------
    Tensor, shape ``(..., n)``
    """
    coin, noise = eps.unbind(-2)
    return coin.sign() * (1 + x / 4) + 0.2 * noise


@guarded
def branches_cdf(y, x):
    r"""The conditional distribution function of :func:`branches`.

    Parameters
    ----------
    y, x : Tensor, of shapes that broadcast

    Returns
    -------
    Tensor
    """
    centre = 1 + x / 4
    return 0.5 * (torch.special.ndtr((y - centre) / 0.2) + torch.special.ndtr((y + centre) / 0.2))


@guarded(mu="number", sigma="number")
def printed_density(y, mu, sigma):
    r"""The Gaussian density as the source prints it, for any :math:`\sigma\ne0`: below zero it is no density (D11).

    .. math:: \frac1{\sigma\sqrt{2\pi}}\exp\Bigl\{-\frac{(y-\mu)^2}{2\sigma^2}\Bigr\}

    Parameters
    ----------
    y : array
    mu, sigma : float

    Returns
    -------
    array, of the shape of ``y``
    """
    return np.exp(-((y - mu) ** 2) / (2 * sigma**2)) / (sigma * SQRT_2PI)


@guarded(f="function", mu="number", sigma="number")
def six_lines(f, mu, sigma):
    r"""The six lines of S33 at one x, each integral as it stands there.

    Parameters
    ----------
    f : callable, ``(k,) -> (k,)``
        Smooth, growing slower than a Gaussian falls.
    mu, sigma : float
        :math:`\mu(x)` and :math:`\sigma(x)>0`.

    Returns
    -------
    array, shape ``(6,)``

    Raises
    ------
    ValueError
        If ``sigma`` is not positive.
    """
    law, standard = DiagonalGaussian.from_sigma([mu], [sigma]), DiagonalGaussian.from_sigma([0.0], [1.0])
    wide = (mu - 12 * sigma, mu + 12 * sigma)
    eps, weights = quadrature.normal_nodes(1, 80)

    def density(q, t):
        return q.log_density(torch.from_numpy(t)[:, None]).exp().numpy()

    def path(z):
        return mu + sigma * z

    return np.array([
        quadrature.integral(lambda y: density(law, y) * f(y), *wide),
        quadrature.integral(lambda y: printed_density(y, mu, sigma) * f(y), *wide),
        quadrature.integral(lambda z: printed_density(path(z), mu, sigma) * f(path(z)) * sigma, -12.0, 12.0),
        quadrature.integral(lambda z: np.exp(-z * z / 2) / SQRT_2PI * f(path(z)), -12.0, 12.0),
        quadrature.integral(lambda z: density(standard, z) * f(path(z)), -12.0, 12.0),
        weights @ f(path(eps[:, 0])),
    ])


class Heads(nn.Module):
    r"""Networks :math:`\mu(x)` and :math:`\sigma(x)=e^{\rho(x)}>0`, in several independent copies.

    Parameters
    ----------
    width : int
        Neurons of the one hidden layer.
    copies : int
        Independent replicates, evaluated side by side.
    generator : torch.Generator
        Source of the initial weights.
    shared : bool
        True: one hidden layer feeds both heads (S35). False: two networks with no weight in common (S36).
    blocks : int
        How often the copies are repeated, block by block, each block with the same initial weights.
    """

    def __init__(self, width, copies, generator, shared=True, blocks=1):
        super().__init__()
        require_count("width", width)
        shapes = [(1, width, 2)] if shared else [(1, width, 1), (1, width, 1)]
        self.nets = nn.ModuleList(Stack(shape, copies, generator) for shape in shapes)
        for weights in self.parameters():
            weights.data = weights.data.repeat(blocks, 1, 1)

    def forward(self, x):
        """Mean and deviation at each x.

        Parameters
        ----------
        x : Tensor, shape ``(n,)``

        Returns
        -------
        mu, sigma : Tensor, shape ``(blocks * copies, n)``
        """
        if require_float("x", x).ndim != 1:
            raise ValueError(f"x must have shape (n,), got {tuple(x.shape)}")
        mu, rho = (head for net in self.nets for head in net(x[:, None]).unbind(-1))
        return mu, rho.exp()


class Generator(nn.Module):
    """A network with inputs x and z and output y, in several independent copies (S34).

    Neither mean nor deviation is among its outputs, and no density comes with it.

    Parameters
    ----------
    width : int
        Neurons of each of the two hidden layers.
    copies : int
        Independent replicates, evaluated side by side.
    generator : torch.Generator
        Source of the initial weights.
    """

    def __init__(self, width, copies, generator):
        super().__init__()
        require_count("width", width)
        self.net = Stack((2, width, width, 1), copies, generator)

    def forward(self, x, z):
        """Draws of y.

        Parameters
        ----------
        x : Tensor, shape ``(n,)``
        z : Tensor, shape ``(K, copies, n)``
            Standard normal noise.

        Returns
        -------
        Tensor, shape ``(K, copies, n)``
        """
        copies = len(self.net.weights[0])
        require_float("z", z)
        if require_float("x", x).ndim != 1 or z.ndim != 3 or z.shape[1:] != (copies, len(x)) or (
            {x.device, z.device} != {self.net.weights[0].device}
        ):
            raise ValueError(f"x (n,) and z (K, {copies}, n) must fit, got {tuple(x.shape)} and {tuple(z.shape)}")
        pairs = torch.stack(torch.broadcast_tensors(x, z.movedim(0, 1)), dim=-1)
        y = self.net(pairs.flatten(1, 2))
        return y.unflatten(1, pairs.shape[1:3])[..., 0].movedim(0, 1)


@guarded(slope="tensor ... n", mu="tensor ... n", sigma="tensor ... n", z="tensor ... n")
def two_paths(slope, mu, sigma, z, parameters):
    r"""The two sums of S40: the gradient that flows through the mean, and the one through the deviation.

    .. math:: \sum_i\frac{\partial J}{\partial y_i}\frac{\partial\mu(x_i)}{\partial\theta},\qquad
        \sum_i\frac{\partial J}{\partial y_i}\,z_i\,\frac{\partial\sigma(x_i)}{\partial\theta}

    Parameters
    ----------
    slope : Tensor, shape ``(..., n)``
        :math:`\partial J/\partial y_i`, at the generated values.
    mu, sigma : Tensor, shape ``(..., n)``
        With the graph that leads to the parameters.
    z : Tensor, shape ``(..., n)``
        The noise that generated the values.
    parameters : sequence of Tensor

    Returns
    -------
    through_mu, through_sigma : Tensor
        Flat, all parameters one after the other; zero where a parameter does not matter.
    """

    def pull(output, cotangent):
        total = (output * cotangent).sum()  # a cotangent handed to grad makes torch import a computer algebra system
        grads = torch.autograd.grad(total, parameters, retain_graph=True, materialize_grads=True)
        return torch.cat([g.flatten() for g in grads])

    return pull(mu, slope), pull(sigma, slope * z)


@guarded(draws="tensor K ... n", power="number")
def two_draws(draws, y, power=1.0):
    r"""The energy score of the first two of K draws, :func:`reparam.chapters.joint.energy_score`, one y for all copies.

    Parameters
    ----------
    draws : Tensor, shape ``(K, ..., n)``
    y : Tensor, of a shape that broadcasts to ``(..., n)``, or ``(m, ..., n)``
        With an axis in front, m values of y for each pair of draws.
    power : float
        The exponent.

    Returns
    -------
    Tensor, shape ``(..., n)`` or ``(m, ..., n)``
    """
    first, second = draws.unbind()[:2]
    wide = y if y.ndim > first.ndim else first
    return energy_score(first.expand_as(wide), second.expand_as(wide), y.expand_as(wide), power)


@guarded(draws="tensor K ... n")
def sorted_batch(draws, y):
    r"""Sorted pairing of the first draws with all of y, :func:`reparam.chapters.joint.sorted_pairing`, across inputs.

    Parameters
    ----------
    draws : Tensor, shape ``(K, ..., n)``
    y : Tensor, of a shape that broadcasts to ``(..., n)``

    Returns
    -------
    Tensor, shape ``(..., 1)``
        One value for the whole batch.
    """
    return sorted_pairing(draws[0], y.expand_as(draws[0]))[..., None]

OBJECTIVES = {
    "least squares": lambda mu, sigma, z, y: scoring_rules.squared(mu + sigma * z[:1], y),
    "mean of 8 draws": lambda mu, sigma, z, y: scoring_rules.squared(mu + sigma * z[:8], y),
    "energy, exponent 2": lambda mu, sigma, z, y: two_draws(mu + sigma * z[:2], y, power=2.0),
    "sorted pairing": lambda mu, sigma, z, y: sorted_batch(mu + sigma * z[:1], y),
    "likelihood": lambda mu, sigma, z, y: scoring_rules.log_score(mu, sigma, y),
    "energy score": lambda mu, sigma, z, y: two_draws(mu + sigma * z[:2], y),
}

r"""Every objective of D2, as a function of :math:`\mu(x)`, :math:`\sigma(x)`, noise of shape ``(K, ..., n)`` and y."""


@guarded
def side_by_side(objectives):
    r"""Several objectives as one, for copies that lie block by block: the first objective has the first block.

    Parameters
    ----------
    objectives : sequence of callable
        As in :data:`OBJECTIVES`.

    Returns
    -------
    callable
        A function of :math:`\mu(x)` and :math:`\sigma(x)` of shape ``(blocks * copies, n)``, noise of shape
        ``(K, copies, n)``, the same for every block, and y; its value has the shape of :math:`\mu(x)`.
    """

    def together(mu, sigma, z, y):
        blocks = zip(objectives, mu.chunk(len(objectives)), sigma.chunk(len(objectives)), strict=True)
        return torch.cat([objective(a, b, z, y).expand_as(a) for objective, a, b in blocks])

    return together


@guarded(loss="function", lr="number", watch="function?")
def train_copies(model, loss, noise, lr=0.03, watch=None, at=()):
    """Adam with a step size that falls linearly to zero; one step per row of noise.

    Parameters
    ----------
    model : torch.nn.Module
        Copies of a network; each is trained as if it were alone.
    loss : callable, ``noise[i] -> (copies, n)``
        One value per copy and observation.
    noise : Tensor, shape ``(steps, ...)``, or list
        Fresh noise for every step, or whatever else ``loss`` takes.
    lr : float
        The first step size.
    watch : callable, optional
        Called without gradients after as many steps as ``at`` says.
    at : sequence of int
        From 0, before the first step, to ``len(noise)``, after the last.

    Returns
    -------
    dict
        From each number in ``at`` to what ``watch`` returned then.
    """
    optimizer = Adam(model.parameters())
    seen = {}

    def look(step):
        if step in at:
            with torch.no_grad():
                seen[step] = watch()

    for step, z in enumerate(noise):
        look(step)
        optimizer.descend(loss(z).mean(-1).sum(), lr * (1 - step / len(noise)))
    look(len(noise))
    return seen


@guarded(integers=("folds",), x="tensor n", y="tensor n", width="count")
def held_out(objectives, x, y, folds, noise, generator, width=8):
    """Mean and deviation for every observation, from networks that have not seen it, for several deals into folds.

    Parameters
    ----------
    objectives : sequence of callable
        Of :data:`OBJECTIVES`; trained side by side, from the same initial weights and with the same noise.
    x, y : Tensor, shape ``(n,)``
    folds : Tensor of integers, shape ``(deals, n)``
        0 to F - 1; the network of fold f trains on all other folds of its deal.
    noise : Tensor, shape ``(steps, K, deals * F, n)``
    generator : torch.Generator
        Source of the initial weights.
    width : int
        Neurons of the hidden layer.

    Returns
    -------
    mu, sigma : Tensor, shape ``(len(objectives), deals, n)``
    """
    blocks, deals, copies = len(objectives), len(folds), noise.shape[2]
    training = folds[:, None] != torch.arange(copies // deals)[:, None]
    weight = training.flatten(0, 1).repeat(blocks, 1)
    heads, together = Heads(width, copies, generator, blocks=blocks), side_by_side(objectives)
    train_copies(heads, lambda z: together(*heads(x), z, y) * weight, noise, lr=0.03)
    own = folds[:, None].expand(blocks, -1, -1, -1)
    with torch.no_grad():
        each = (output.unflatten(0, (blocks, deals, -1)) for output in heads(x))
        return tuple(output.gather(2, own)[:, :, 0] for output in each)


def diabetes():
    """The diabetes data that come with scikit-learn: body mass index, and progression of the disease a year later.

    Returns
    -------
    bmi : Tensor, shape ``(442,)``
        In kg/m².
    progression : Tensor, shape ``(442,)``
        In hundreds of the study's score.

    References
    ----------
    :cite:t:`efron2004least`
    """
    bmi = bundled("diabetes_data_raw.csv.gz", usecols=2)
    return torch.from_numpy(bmi), torch.from_numpy(bundled("diabetes_target.csv.gz")) / 100


def draw_crps(ax, t, mu, sigma, y):
    r"""The distribution function of :math:`N(\mu,\sigma^2)`, the step at y, and the area between them.

    Parameters
    ----------
    ax : matplotlib Axes
    t : array, shape ``(k,)``
        Increasing.
    mu, sigma, y : float
    """
    below, step = ndtr((t - mu) / sigma), (t >= y).astype(float)
    ax.fill_between(t, below, step, color=ORANGE, alpha=0.35, lw=0, step="mid")
    ax.plot(t, below, color=BLUE)
    ax.plot(t, step, color=INK, lw=1.2, drawstyle="steps-mid")


def draw_band(ax, x, y, grid, mu, sigma, color):
    r"""Data, a learned mean, and the band :math:`\mu\pm1.28\,\sigma` that claims to hold 80 % of them.

    Parameters
    ----------
    ax : matplotlib Axes
    x, y : Tensor, shape ``(n,)``
        The data.
    grid, mu, sigma : Tensor, shape ``(k,)``
        The claim.
    color : str
    """
    ax.plot(x, y, ".", color=MUTED, ms=2.5)
    ax.plot(grid, mu, color=color)
    ax.fill_between(grid, mu - 1.28 * sigma, mu + 1.28 * sigma, color=color, alpha=0.25, lw=0)
    ax.set(xlabel="x", xlim=(-2, 2), ylim=(-3.2, 3.2))
