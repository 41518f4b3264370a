"""Past the source: gradient estimators of Gaussian expectations, all with one signature.

Every estimator is ``(cost, q, eps) -> GradientDraws``: n rows of noise in, n independent gradients out. They differ in
what a row of noise holds, and in how often the cost is evaluated for it.
"""

import numpy as np

from reparam.teaching import figures


def _draw_curves(ax, x, curves, part, colors, ticks):
    """Draw variances over a parameter of the cost, on a logarithmic axis.

    Parameters
    ----------
    ax : matplotlib Axes
    x : array, shape ``(m,)``
    curves : dict of str to array, shape ``(2, m)``
        From :func:`reparam.estimators.variances.all_estimators`.
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
        From :func:`reparam.estimators.variances.all_estimators` at ``ks``.
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
        Per panel the variances of :func:`reparam.estimators.variances.all_estimators`.
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
    reparam.teaching.figures.Html
    """
    labels = [f"{cost}: {name}" for cost in atlas for name in atlas[cost]]
    numbers = np.stack([formula, by_nodes, by_draws], axis=-1).reshape(len(labels), 6)
    roads = ["closed form", "quadrature", "simulation"]
    head = ["cost: estimator", *(f"μ: {r}" for r in roads), *(f"log σ: {r}" for r in roads)]
    rows = [[label, *(f"{v:.4f}" for v in row)] for label, row in zip(labels, numbers, strict=True)]
    return figures.table(head, rows, caption)
