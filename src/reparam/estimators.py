"""Past the source: gradient estimators of Gaussian expectations, all with one signature.

Every estimator is ``(cost, q, eps) -> GradientDraws``: n rows of noise in, n independent gradients out. They differ in
what a row of noise holds, and in how often the cost is evaluated for it.
"""

import math
import time
from functools import partial

import numpy as np
import torch

from reparam import figures, quadrature
from reparam.gaussian import GradientDraws
from reparam.moments import stream
from reparam.reparameterization import pathwise
from reparam.sgvi import score_function


def _groups(eps, q, rows=None):
    if eps.ndim != 3 or eps.shape[2:] != q.mu.shape or (eps.shape[1] < 2 if rows is None else eps.shape[1] != rows):
        want = f"(n, {rows or 'k >= 2'}, {q.mu.shape[-1]})"
        raise ValueError(f"eps must have shape {want}, got {tuple(eps.shape)}")
    return eps.shape


def score_with_baseline(cost, q, eps, baseline):
    r"""Score-function gradients with a baseline for every parameter.

    .. math:: (f(z)-b)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    baseline : GradientDraws
        One number b per parameter, each of shape ``(d,)``, independent of ``eps``.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    fixed = q.detach()
    values = cost(fixed.path(eps)).detach()[:, None]
    score = fixed.score(eps)
    return GradientDraws((values - baseline.mu) * score.mu, (values - baseline.log_sigma) * score.log_sigma)


def _average(numbers, weights):
    return numbers.mean(0) if weights is None else torch.as_tensor(weights) @ numbers


def mean_baseline(cost, q, pilot, weights=None):
    r"""The baseline :math:`b=\mathbb E_q[f(z)]` for every parameter, from pilot noise.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.
    """
    fixed = q.detach()
    mean = _average(cost(fixed.path(pilot)).detach()[:, None], weights)
    return GradientDraws(mean.expand_as(fixed.mu), mean.expand_as(fixed.mu))


def optimal_baseline(cost, q, pilot, weights=None):
    r"""The baseline of least variance, :math:`b=\mathbb E[f s^2]/\mathbb E[s^2]` with s the score of one parameter.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    fixed = q.detach()
    values = cost(fixed.path(pilot)).detach()[:, None]
    squares = [s * s for s in fixed.score(pilot)]
    return GradientDraws(*(_average(values * s, weights) / _average(s, weights) for s in squares))


def leave_one_out(cost, q, eps):
    r"""Score-function gradients of k draws, each with the mean of the other k - 1 values as its baseline.

    .. math:: \frac1k\sum_{i=1}^k\Bigl(f(z_i)-\frac1{k-1}\sum_{j\ne i}f(z_j)\Bigr)\nabla_\phi\log q(z_i;\phi)

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used, k per gradient.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, k, d)``
        Standard normal noise, k at least 2.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per group of k draws.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, k, d)``.

    References
    ----------
    :cite:t:`kool2019buy`
    """
    n, k, d = _groups(eps, q)
    fixed = q.detach()
    values = cost(fixed.path(eps).reshape(-1, d)).detach().reshape(n, k, 1)
    lead = (values - values.mean(1, keepdim=True)) * (k / (k - 1))
    score = fixed.score(eps)
    return GradientDraws((lead * score.mu).mean(1), (lead * score.log_sigma).mean(1))


def measure_valued(cost, q, eps):
    r"""Coupled measure-valued gradients: differences of two values of the cost, coordinate by coordinate.

    .. math:: \frac{f(\mu+\sigma w)-f(\mu-\sigma w)}{\sigma\sqrt{2\pi}},\qquad f(\mu+\sigma m)-f(\mu+\sigma\epsilon_1)

    with :math:`w=\sqrt{\epsilon_1^2+\epsilon_2^2}` and :math:`m=\operatorname{sign}(\epsilon_1)\lVert\epsilon\rVert`;
    all other coordinates stay at their draw :math:`\mu+\sigma\epsilon_1`.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used, 3 d + 1 per gradient.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise, three numbers per coordinate.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, 3, d)``.

    References
    ----------
    :cite:t:`mohamed2020monte`
    """
    n, _, d = _groups(eps, q, rows=3)
    fixed, first = q.detach(), eps[:, 0]

    def values_at(noise):  # row j of a draw has coordinate j replaced
        swapped = torch.where(torch.eye(d, dtype=torch.bool), noise[:, None, :], first[:, None, :])
        return cost(fixed.path(swapped).reshape(-1, d)).detach().reshape(n, d)

    w = eps[:, :2].norm(dim=1)
    m = torch.copysign(eps.norm(dim=1), first)
    mu = (values_at(w) - values_at(-w)) / (fixed.sigma * math.sqrt(2 * math.pi))
    return GradientDraws(mu, values_at(m) - cost(fixed.path(first)).detach()[:, None])


def antithetic(estimator):
    r"""An estimator averaged over a draw and its mirror image, :math:`\frac12[g(\epsilon)+g(-\epsilon)]`.

    Parameters
    ----------
    estimator : callable, ``(cost, q, eps) -> GradientDraws``
        Whose noise has a law that is symmetric about zero.

    Returns
    -------
    callable, ``(cost, q, eps) -> GradientDraws``
        Of twice the cost.
    """

    def averaged(cost, q, eps):
        there, back = estimator(cost, q, eps), estimator(cost, q, -eps)
        return GradientDraws(*((a + b) / 2 for a, b in zip(there, back, strict=True)))

    return averaged


def analytic_entropy(log_joint, q, eps):
    r"""Gradients of the ELBO with the entropy of q in closed form: :math:`\nabla_\phi\log p(x,G(\epsilon;\phi))+(0,1)`.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    path = pathwise(log_joint, q, eps)
    return GradientDraws(path.mu, path.log_sigma + 1)


def analytic_kl(log_likelihood, q, eps, prior):
    r"""Gradients of the ELBO with its divergence to the prior in closed form.

    .. math:: \nabla_\phi\log p(x\mid G(\epsilon;\phi))-\nabla_\phi\mathrm{KL}[q\Vert p(z)]

    Parameters
    ----------
    log_likelihood : callable, ``(n, d) -> (n,)``
        Log density of the data given z, in nats.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    prior : DiagonalGaussian
        The law of z.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    path, fixed = pathwise(log_likelihood, q, eps), q.detach()
    precision = prior.sigma**-2
    return GradientDraws(
        path.mu - precision * (fixed.mu - prior.mu),
        path.log_sigma - (precision * fixed.sigma**2 - 1),
    )


def _panel_nodes(edges, order=20):
    x, w = np.polynomial.legendre.leggauss(order)
    low, half = np.asarray(edges[:-1])[:, None], np.diff(edges)[:, None] / 2
    return (low + half * (1 + x)).ravel(), (half * w).ravel()


def polar_nodes():
    """Nodes and weights with which :func:`measure_valued` becomes exact for one coordinate.

    Returns
    -------
    for_mu, for_log_sigma : tuple of (Tensor of shape ``(n, 3, 1)``, array of shape ``(n,)``)
        Polar coordinates of the plane for the mean, of space for the standard deviation; weights sum to one.
    """
    r, dr = _panel_nodes(np.arange(13.0))
    plane = np.stack([r, np.zeros_like(r), np.zeros_like(r)], axis=1)
    u, du = _panel_nodes(np.array([-1.0, 0.0, 1.0]))
    R, U = np.meshgrid(r, u, indexing="ij")
    space = np.stack([R * U, R * np.sqrt(1 - U * U), np.zeros_like(R)], axis=-1).reshape(-1, 3)
    shell = math.sqrt(2 / math.pi) * r * r * np.exp(-r * r / 2) * dr
    return (
        (torch.from_numpy(plane[..., None]), r * np.exp(-r * r / 2) * dr),
        (torch.from_numpy(space[..., None]), np.outer(shell, du / 2).ravel()),
    )


def catalogue(cost, q, pilot, weights=None):
    """Every estimator that takes any cost, with its baseline fixed.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot, weights
        Noise behind the two baselines, as in :func:`mean_baseline`.

    Returns
    -------
    dict of str to callable, ``(cost, q, eps) -> GradientDraws``
    """
    mean, best = (b(cost, q, pilot, weights) for b in (mean_baseline, optimal_baseline))
    return {
        "score function": score_function,
        "mean baseline": partial(score_with_baseline, baseline=mean),
        "optimal baseline": partial(score_with_baseline, baseline=best),
        "leave-one-out": leave_one_out,
        "antithetic score": antithetic(score_function),
        "pathwise": pathwise,
        "antithetic pathwise": antithetic(pathwise),
        "measure-valued": measure_valued,
    }


def work(d, k=2, gradient=1.0):
    """What one gradient costs, in evaluations of the cost function.

    Parameters
    ----------
    d : int
        Dimension of z.
    k : int
        Draws per leave-one-out gradient.
    gradient : float
        Price of one value together with its slope, in units of one value.

    Returns
    -------
    dict of str to float
        With the names of :func:`catalogue`.
    """
    return {
        "score function": 1, "mean baseline": 1, "optimal baseline": 1, "leave-one-out": k, "antithetic score": 2,
        "pathwise": gradient, "antithetic pathwise": 2 * gradient, "measure-valued": 3 * d + 1,
    }


def _share(name, eps):
    """What an estimator takes of a pool of noise of shape (n, 3, d)."""
    return {"leave-one-out": eps[:, :2], "measure-valued": eps}.get(name, eps[:, 0])


def seconds(estimators, cost, q, eps, repeats=5, clock=time.process_time):
    """Processor time of one gradient by every estimator of a catalogue, in batches.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise, shared out as in :func:`simulate`.
    repeats : int
        Batches that are timed; the fastest counts, since nothing but disturbance makes one slower.
    clock : callable, ``() -> float``
        Seconds.

    Returns
    -------
    dict of str to float
        Seconds per gradient.
    """
    fastest = {}
    for name, estimator in estimators.items():
        times = []
        for _ in range(repeats):
            start = clock()
            estimator(cost, q, _share(name, eps))
            times.append(clock() - start)
        fastest[name] = min(times) / len(eps)
    return fastest


def simulate(estimators, cost, q, eps):
    """Gradients of every estimator of a catalogue from one pool of noise.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, 3, d)``
        Standard normal noise: measure-valued gradients use all of it, leave-one-out gradients two of the three rows.

    Returns
    -------
    array, shape ``(n, m, 2, d)``
        For each of the m estimators the gradients with respect to mu and log sigma.
    """
    drawn = [estimator(cost, q, _share(name, eps)) for name, estimator in estimators.items()]
    return torch.stack([torch.stack(g, dim=1) for g in drawn], dim=1).numpy()


def simulated(atlas, costs, q, variance, source, n):
    """Moments of gradients in one dimension, each divided by its exact deviation; those without noise are left out.

    Parameters
    ----------
    atlas : dict of str to dict
        Per cost some estimators of its :func:`catalogue`, equally many.
    costs : dict of str to callable, ``(n, 1) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(1,)``.
    variance : array, shape ``(costs, estimators, 2)``
        Exact variances of the gradients with respect to mu and log sigma.
    source : numpy.random.Generator
    n : int
        Gradients of each kind.

    Returns
    -------
    reparam.moments.Moments
        One number for each variance above 1e-9, row by row.
    """
    live = variance > 1e-9

    def draw(n):
        eps = torch.from_numpy(source.standard_normal((n, 3, 1)))
        g = [simulate(estimators, costs[c], q, eps)[..., 0] for c, estimators in atlas.items()]
        return np.stack(g, axis=1)[:, live] / np.sqrt(variance[live])

    return stream(draw, n, 3)


def weighted_moments(draws, weights):
    """Exact mean and variance of one gradient in one dimension, from gradients at the nodes of a quadrature.

    Parameters
    ----------
    draws : GradientDraws
        Each ``(n, 1)``.
    weights : array, shape ``(n,)``
        Summing to one.

    Returns
    -------
    array, shape ``(2, 2)``
        Mean and variance with respect to mu and log sigma.
    """
    g = torch.cat(draws, dim=1).numpy()
    return np.stack([weights @ g, weights @ (g - weights @ g) ** 2])


def integrate(estimators, cost, q):
    """Exact mean and variance of one gradient in one dimension: the helpers themselves, at the nodes of a quadrature.

    Parameters
    ----------
    estimators : dict of str to callable
        From :func:`catalogue`.
    cost : callable, ``(n, 1) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(1,)``.

    Returns
    -------
    array, shape ``(2, m, 2)``
        Means and variances of the m estimators with respect to mu and log sigma; two draws per leave-one-out gradient.
    """
    line, plane = (quadrature.normal_nodes(d, 100) for d in (1, 2))
    found = []
    for name, estimator in estimators.items():
        if name == "measure-valued":
            pair = [weighted_moments(estimator(cost, q, eps), weights) for eps, weights in polar_nodes()]
            found.append(np.stack([pair[0][:, 0], pair[1][:, 1]], axis=1))
        else:
            eps, weights = plane if name == "leave-one-out" else line
            eps = torch.from_numpy(eps)[:, :, None] if name == "leave-one-out" else torch.from_numpy(eps)
            found.append(weighted_moments(estimator(cost, q, eps), weights))
    return np.stack(found, axis=1)


def _draw_curves(ax, x, curves, part, colors, ticks):
    """Draw variances over a parameter of the cost, on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib Axes
    x : array, shape ``(m,)``
    curves : dict of str to array, shape ``(2, m)``
        From :func:`reparam.variances.all_estimators`.
    part : int
        0 for mu, 1 for log sigma.
    colors : dict of str to str
        The estimators to draw, each with its colour.
    ticks : sequence of float
        On the axis of the parameter, which is logarithmic if the first one is positive.
    """
    for name, color in colors.items():
        ax.plot(x, curves[name][part], color=color)
    ax.set(yscale="log", xscale="log" if ticks[0] > 0 else "linear")
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:g}")  # powers of ten are set as formulas, the dearest part of a frame
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])


def draw_wiggle(k, ks, curves, colors):
    """One frame of the slider: the cost cos kx over the density of N(1, 1), and the variances for mu with k marked.

    Parameters
    ----------
    k : float
    ks : array, shape ``(m,)``
    curves : dict of str to array, shape ``(2, m)``
        From :func:`reparam.variances.all_estimators` at ``ks``.
    colors : dict of str to str
        The estimators to draw, each with its colour.

    Returns
    -------
    matplotlib Figure
    """
    figure, (left, right) = figures.panels(2, height=2.6)
    x = np.linspace(-2, 4, 300)
    left.fill_between(x, 1.8 * np.exp(-0.5 * (x - 1) ** 2) - 1, -1, color="#d9dee5")
    left.plot(x, np.cos(k * x), color=figures.INK)
    left.set(xlabel="x", ylabel="cost cos kx", ylim=(-1.05, 1.05))
    _draw_curves(right, ks, curves, 0, colors, range(5))
    right.axvline(k, color=figures.MUTED, linewidth=1)
    right.set(xlabel="k", ylabel="variance, parameter μ", ylim=(1e-3, 20))
    return figure


def draw_published(ranges, curves, part, colors):
    """Draw the three panels that :cite:t:`mohamed2020monte` plot.

    Parameters
    ----------
    ranges : dict of str to (callable, array)
        Per panel the family of costs and its parameters.
    curves : dict of str to dict
        Per panel the variances of :func:`reparam.variances.all_estimators`.
    part : int
        0 for mu, 1 for sigma.
    colors : dict of str to str
        The estimators to draw, each with its colour.

    Returns
    -------
    array of matplotlib Axes
    """
    _, axes = figures.panels(3, height=3.0)
    for ax, cost, ticks in zip(axes, ranges, ([-3, 0, 3], [0.1, 1, 10], [0.5, 1, 2, 5]), strict=True):
        _draw_curves(ax, ranges[cost][1], curves[cost], part, colors, ticks)
        ax.set(xlabel="k", title=cost)
    axes[0].set(ylabel=f"variance, parameter {'μσ'[part]}", ylim=((0.5, 1e3), (2, 3e3))[part])
    return axes


def atlas_table(atlas, formula, by_nodes, by_draws, caption):
    """The atlas as a table: every cost, every estimator, both parameters, three roads.

    Parameters
    ----------
    atlas : dict of str to dict
        Per cost its catalogue.
    formula, by_nodes, by_draws : array, shape ``(costs, estimators, 2)``
        Variances in closed form, by quadrature and by simulation.
    caption : str

    Returns
    -------
    reparam.figures.Html
    """
    labels = [f"{cost}: {name}" for cost in atlas for name in atlas[cost]]
    numbers = np.stack([formula, by_nodes, by_draws], axis=-1).reshape(len(labels), 6)
    roads = ["closed form", "quadrature", "simulation"]
    head = ["cost: estimator", *(f"μ: {r}" for r in roads), *(f"log σ: {r}" for r in roads)]
    rows = [[label, *(f"{v:.4f}" for v in row)] for label, row in zip(labels, numbers, strict=True)]
    return figures.table(head, rows, caption)
