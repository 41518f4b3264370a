"""Chapter 5: laws as maps of standard normal noise, and how to train the map.

Laws on the line use NumPy; what is differentiated uses PyTorch. Noise is always an argument.
"""

import numpy as np
import torch
from scipy.special import betaln, log_ndtr, ndtr, ndtri

from reparam import quadrature
from reparam.guards import guarded, require_finite_array, require_float
from reparam.networks import Adam
from reparam.teaching.figures import BLUE, MUTED, RED, note


@guarded(u="array *", v="array *")
def box_muller(u, v):
    r"""Standard normal numbers from uniform ones, by elementary functions alone.

    .. math:: z=\sqrt{-2\log u}\,\cos 2\pi v

    Parameters
    ----------
    u, v : array, shape ``(n,)``
        Independent and uniform on (0, 1); ``u`` must not be 0.

    Returns
    -------
    array, shape ``(n,)``

    Raises
    ------
    ValueError
        If some ``u`` is not in (0, 1].

    References
    ----------
    :cite:t:`box1958note`
    """
    if not (np.all(u > 0) and np.all(u <= 1)):
        raise ValueError("u must lie in (0, 1]")
    return np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)


@guarded
def affine(z, mu, sigma):
    r"""The map :math:`y=\mu+\sigma z`, equation S23: arithmetic only, so arrays and tensors both will do.

    Parameters
    ----------
    z : array or Tensor, shape ``(n,)``
        Standard normal noise.
    mu, sigma : float or Tensor
        Mean and standard deviation, ``sigma`` positive.

    Returns
    -------
    array or Tensor, shape ``(n,)``
        Draws from :math:`N(\mu,\sigma^2)`.

    Raises
    ------
    ValueError
        If ``sigma`` is not positive.
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {float(sigma)}")
    return mu + sigma * z


@guarded(z="array n")
def affine_jacobian(z):
    r"""The derivatives of n draws :math:`y_i=\mu+\sigma z_i` with respect to :math:`(\mu,\sigma)`, equation S26.

    Parameters
    ----------
    z : array, shape ``(n,)``

    Returns
    -------
    array, shape ``(n, 2)``
        One row per draw: 1 and z.
    """
    z = require_finite_array("z", z)
    return np.stack([np.ones_like(z), z], axis=-1)


@guarded(slope="array m", jacobian="array m p")
def slope_times_jacobian(slope, jacobian):
    r"""The gradient of an objective through its sample, equation S28: row vector times Jacobian.

    .. math:: \nabla_\theta J=\nabla_y J\cdot\frac{\partial y}{\partial\theta}

    Parameters
    ----------
    slope : array, shape ``(m,)``
        :math:`\nabla_yJ`.
    jacobian : array, shape ``(m, p)``
        One row per component of y, one column per parameter.

    Returns
    -------
    array, shape ``(p,)``

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    if np.ndim(slope) != 1 or np.ndim(jacobian) != 2 or len(slope) != len(jacobian):
        raise ValueError(f"slope must be (m,) and jacobian (m, p), got {np.shape(slope)} and {np.shape(jacobian)}")
    return slope @ jacobian


@guarded(mu="function", sigma="function")
def total_variance(mu, sigma):
    r"""The variance of :math:`Y=\mu(X)+\sigma(X)Z` in two parts, with X and Z independent and standard normal.

    Parameters
    ----------
    mu, sigma : callable, ``(k,) -> (k,)``
        Conditional mean and standard deviation as functions of x.

    Returns
    -------
    within, between : float
        :math:`\mathbb E[\sigma(X)^2]`, left in the mean over X when X is known, and :math:`\mathrm{Var}[\mu(X)]`, which
        knowing X removes.
    """
    within, first, second = quadrature.expectation(lambda x: np.stack([sigma(x) ** 2, mu(x), mu(x) ** 2]))
    return float(within), float(second - first**2)


@guarded(n="count")
def normal_grid(n):
    r"""The midpoints :math:`\Phi^{-1}((i-\frac12)/n)` of n slices of equal probability: noise without randomness.

    Parameters
    ----------
    n : int
        At least 1.

    Returns
    -------
    Tensor, shape ``(n,)``
        Increasing.

    Raises
    ------
    ValueError
        If ``n`` is below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    return torch.from_numpy(ndtri((np.arange(n) + 0.5) / n))


@guarded
def nearest_normal(target):
    r"""The Gaussian nearest to a law in Wasserstein-2 distance.

    Its mean is the law's own, its standard deviation :math:`\mathbb E[Z\,T(Z)]`, and the squared distance is the law's
    variance less the square of that.

    Parameters
    ----------
    target : Mixture

    Returns
    -------
    mu, sigma, distance : float
    """
    sigma = float(quadrature.expectation(lambda z: z * target.transport(z), tol=1e-10))
    return target.mean, sigma, float(np.sqrt(target.variance - sigma**2))


def _same_shape(**samples):
    for name, x in samples.items():
        require_float(name, x)
    shapes = {name: tuple(x.shape) for name, x in samples.items()}
    if len(set(shapes.values())) > 1 or () in shapes.values():
        raise ValueError(f"{', '.join(shapes)} must have one shape (..., n), got {list(shapes.values())}")


@guarded(y="tensor ... n", data="tensor ... n")
def sorted_pairing(y, data):
    r"""Mean squared difference of two samples, each sorted: the squared Wasserstein-2 distance between them.

    .. math:: \frac1n\sum_{i=1}^n\bigl(y_{(i)}-t_{(i)}\bigr)^2

    Differentiable in ``y``; leading axes hold independent problems.

    Parameters
    ----------
    y, data : Tensor, shape ``(..., n)``
        Generated and real sample, one number each.

    Returns
    -------
    Tensor, shape ``(...)``

    Raises
    ------
    ValueError
        If they are not finite floating-point tensors of one shape.
    """
    _same_shape(y=y, data=data)
    return (y.sort().values - data.sort().values).square().mean(-1)


@guarded(first="tensor ... n", second="tensor ... n", data="tensor ... n", power="number")
def energy_score(first, second, data, power=1.0):
    r"""The energy score from two draws; with ``power=1`` an unbiased estimate of the CRPS.

    .. math:: \tfrac12\bigl(|y-t|^\beta+|y'-t|^\beta\bigr)-\tfrac12|y-y'|^\beta

    Parameters
    ----------
    first, second : Tensor, shape ``(..., n)``
        Two generated samples from independent noise.
    data : Tensor, shape ``(..., n)``
        Real sample.
    power : float
        The exponent :math:`\beta` in (0, 2]; at 2 the score is no longer strictly proper.

    Returns
    -------
    Tensor, shape ``(..., n)``
        One value per datum.

    Raises
    ------
    ValueError
        If the samples are not finite floating-point tensors of one shape, or ``power`` is not in (0, 2].

    References
    ----------
    :cite:t:`gneiting2007strictly`
    """
    _same_shape(first=first, second=second, data=data)
    if not 0 < power <= 2:
        raise ValueError(f"power must lie in (0, 2], got {power}")

    def apart(a, b):
        gap = (a - b).abs()
        if power == 1:
            return gap  # autograd takes a power's slope the long way, even at one
        tied = gap == 0  # where the power's slope is infinite or undefined; by symmetry it is taken as zero, as at one
        return torch.where(tied, 0.0, torch.where(tied, 1.0, gap) ** power)

    return 0.5 * (apart(first, data) + apart(second, data) - apart(first, second))


@guarded(n="count")
def pairing_factor(n):
    r"""How far sorted pairing shrinks the width of a Gaussian generator.

    .. math:: c_n=\frac1n\sum_{i=1}^n(\mathbb E\,Z_{(i)})^2

    Z being n standard normal draws. The density of :math:`Z_{(i)}` is
    :math:`\varphi(z)\,\Phi(z)^{i-1}(1-\Phi(z))^{n-i}/B(i,n-i+1)`.

    Parameters
    ----------
    n : int
        Size of the sample, at least 1.

    Returns
    -------
    float
        In [0, 1).

    Raises
    ------
    ValueError
        If ``n`` is below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    i = np.arange(1, n // 2 + 1)[:, None]  # the upper half mirrors the lower; in the middle of an odd n stands 0
    means = quadrature.expectation(
        lambda z: z * np.exp((i - 1) * log_ndtr(z) + (n - i) * log_ndtr(-z) - betaln(i, n - i + 1))
    )
    return float(2 * np.sum(np.square(means)) / n)


def train_generator(net, objective, noise, data, rate=0.02):
    r"""Train a generator by stochastic backpropagation, one Adam step per row of noise.

    Parameters
    ----------
    net : torch.nn.Module, ``(..., n, 1) -> (..., n, 1)``
        The map :math:`G(\cdot;\theta)`, or several copies of it on a leading axis; its weights are changed.
    objective : callable, ``((..., n), (..., n)) -> (...)``
        J(y, data), to be minimised, one value per copy; for instance :func:`sorted_pairing`.
    noise, data : Tensor, shape ``(steps, ..., n)``
        A row for each step.
    rate : float
        First step length; it falls to zero along a quarter of a cosine.

    Yields
    ------
    int
        The number of steps done, after each.
    """
    optimizer = Adam(net.parameters())
    for step, (z, t) in enumerate(zip(noise, data, strict=True)):
        loss = objective(net(z[..., None])[..., 0], t).sum()
        optimizer.descend(loss, rate * np.cos(0.5 * np.pi * step / len(noise)))
        yield step + 1


def draw_map(ax, z, law):
    """Noise, the increasing map to a law, and the law's density on its side along the right edge.

    Parameters
    ----------
    ax : matplotlib Axes
    z : array, shape ``(n,)``
        Noise numbers that are led along the map.
    law : Mixture
    """
    line, edge = np.linspace(-3.2, 3.2, 200), 4.6
    ax.plot(line, law.transport(line), color=BLUE)
    for noise, y in zip(z, law.transport(z), strict=True):
        ax.plot([noise, noise, edge], [-4, y, y], color=MUTED, linewidth=0.6)
    height = np.linspace(-4, 4.3, 200)
    ax.fill_betweenx(height, edge, edge + 3 * law.density(height), color=RED, alpha=0.4, linewidth=0)
    ax.set_xlim(-3.3, edge + 2.2)
    ax.set_xticks([-2, 0, 2])


def draw_read_off(left, right, z, law, color):
    r"""The way from z up to :math:`\Phi(z)`, across to F, and down to :math:`T(z)`.

    Parameters
    ----------
    left, right : matplotlib Axes
        With the distribution functions of the noise and of the law, on one vertical axis.
    z : float
    law : Mixture
    color : str
    """
    height, y = ndtr(z), law.transport(z)
    left.plot([z, z, left.get_xlim()[1]], [0, height, height], "--", color=color)
    right.plot([right.get_xlim()[0], y, y], [height, height, 0], "--", color=color)
    note(left, z, 0.04, "z", color=color)
    note(right, y, 0.04, "T(z)", color=color)


def draw_pairs(ax, y, t):
    """Two rows of points, each joined with its partner.

    Parameters
    ----------
    ax : matplotlib Axes
    y, t : array, shape ``(n,)``
        The upper and the lower row; partners have one index.
    """
    ax.plot([y, t], [1, 0], color=MUTED, linewidth=1.2)
    ax.plot(y, np.ones_like(y), "o", color=BLUE)
    ax.plot(t, np.zeros_like(t), "o", color=RED)
    ax.set_yticks([0, 1], ["data t", "made y"])
    ax.set(xlabel="value", ylim=(-0.2, 1.2))


def draw_learning(left, right, z, y, target):
    """One frame of the slider: the map so far, and its law, beside those of the target.

    Parameters
    ----------
    left, right : matplotlib Axes
    z, y : array, shape ``(n,)``
        Noise of equal probability, and what the network makes of it.
    target : Mixture
    """
    shown = z[::8]
    left.plot(shown, target.transport(shown), color=RED)
    left.plot(shown, y[::8], color=BLUE)
    left.set(xlabel="noise z", ylabel="output y", title="The map", xlim=(-3.5, 3.5), ylim=(-4, 4.5))
    line = np.linspace(-4, 4.5, 200)
    right.plot(line, target.density(line), color=RED)
    right.hist(np.clip(y, -4, 4.5), bins=50, range=(-4, 4.5), density=True, color=BLUE, alpha=0.35)
    right.set(xlabel="output y", ylabel="density", title="Its law", ylim=(0, 1.2))
    note(right, 1.1, 1.1, "target", color=RED)
    note(right, 1.1, 0.98, "network", color=BLUE)
