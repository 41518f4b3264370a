"""Past the source: gradients of the evidence lower bound, by what each leaves to the path."""

import numpy as np

from reparam.estimators import variances
from reparam.teaching import figures

COLORS = {"total derivative": figures.ORANGE, "analytic KL": figures.PURPLE, "path derivative": figures.BLUE}


def draw_width(model, sigma):
    """One frame of the slider: posterior and q = N(m, sigma^2) with its mean m, and variances for mu over the width.

    Parameters
    ----------
    model : reparam.chapters.elbo.ConjugateGaussian
    sigma : float
        Standard deviation of q, positive.

    Returns
    -------
    matplotlib Figure
    """
    m, v = model.posterior
    figure, (left, right) = figures.panels(2, height=2.6)
    z, widths = np.linspace(m - 3, m + 3, 241), np.geomspace(0.2, 1.5, 120)
    for_posterior, for_q = (np.exp(-(((z - m) / s) ** 2) / 2) / (s * np.sqrt(2 * np.pi)) for s in (v, sigma))
    left.fill_between(z, for_posterior, color="#d9dee5")
    left.plot(z, for_q, color=figures.INK)
    left.set(xlabel="z", ylabel="density", ylim=(0, 1.7))
    curves = variances.elbo_estimators(model, m, widths)
    for name, color in COLORS.items():
        right.plot(widths, curves[name][0], color=color)
        figures.note(right, 1.52, curves[name][0, -1], name.split()[-1 if "KL" in name else 0], color=color,
                     annotation_clip=False)
    right.axvline(sigma, color=figures.MUTED, linewidth=1)
    right.set(xlabel="σ of q", ylabel="variance, parameter μ", ylim=(0, 10), xlim=(0.2, 1.85), xticks=[0.5, 1.0, 1.5])
    return figure
