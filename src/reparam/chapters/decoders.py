"""Past the source: decoders of pixels side by side, and a pair of Gaussian numbers whose decoder may need no latent."""

import math

import numpy as np
import torch

from reparam.chapters.vae import VAE
from reparam.digits import LEVELS
from reparam.guards import guarded, require_float
from reparam.laws import pixels
from reparam.laws.gaussian import LOG_2PI
from reparam.networks import Stack


def _gaussian(x, said, log_scale):
    return -0.5 * ((x - said) * (-log_scale).exp()).square() - log_scale - 0.5 * LOG_2PI


def _level(x):
    return (x * LEVELS).floor().clamp(0, LEVELS - 1)


LAWS = {
    "Gaussian": _gaussian,
    "continuous Bernoulli": lambda x, said, log_scale: pixels.continuous_bernoulli(x, said),
    "binomial": lambda x, said, log_scale: pixels.binomial(_level(x), said),
    "logistic": lambda x, said, log_scale: pixels.discretized_logistic(_level(x), said, log_scale),
}
"""What the decoder says of a pixel, by name: the log density of a dequantized pixel, or the log mass of its level."""

COUNTED = "binomial", "logistic"
"""The laws of whole levels; the others are densities of dequantized pixels."""


class PixelVAE(VAE):
    r"""A VAE whose decoder says one of :data:`LAWS` of each pixel, with one scale per pixel where the law has one.

    Parameters
    ----------
    encoder, decoder : nn.Module
        As in :class:`reparam.chapters.vae.VAE`; the decoder gives means, or log odds.
    law : str
        A key of :data:`LAWS`.
    log_scale : Tensor, shape ``(copies, 1, D)``
        Where the logarithms of the scales start.

    Raises
    ------
    ValueError
        If there is no such law.
    """

    def __init__(self, encoder, decoder, law, log_scale):
        super().__init__(encoder, decoder, require_float("log_scale", log_scale))
        if law not in LAWS:
            raise ValueError(f"law must be one of {', '.join(LAWS)}, got {law!r}")
        self.law = law

    @guarded
    def log_likelihood(self, x, z):
        """Log density of dequantized pixels x, or log mass of their levels: x ``(n, D)``, z ``(copies, n, d)``."""
        return LAWS[self.law](x, self.decoder(z), self.log_noise).sum(-1)

    @guarded
    def bits(self, x, eps):
        """Bits per dimension that code the levels of x, at most: one number per copy, the mean over images.

        Parameters
        ----------
        x : Tensor, shape ``(n, D)``
            Dequantized pixels.
        eps : Tensor, shape ``(copies, n, d)``

        Returns
        -------
        Tensor, shape ``(copies,)``
        """
        nats = -self.elbo(x, eps).mean(-1) / x.shape[-1]
        return nats / math.log(2) + (0 if self.law in COUNTED else math.log2(LEVELS))


@guarded(copies="count", d="count", hidden="count", mean="tensor D")
def crowd(law, copies, d, hidden, mean, generator):
    """Several independent VAEs with one law of pixels, in single precision, whose q starts as the prior.

    The decoder's last bias starts at the mean image, or at its log odds.

    Parameters
    ----------
    law : str
        A key of :data:`LAWS`.
    copies, d, hidden : int
        How many; latent dimensions; hidden units.
    mean : Tensor, shape ``(D,)``
        The mean image, from 0 to 1.
    generator : torch.Generator

    Returns
    -------
    PixelVAE
        Takes images ``(n, D)`` and noise ``(copies, n, d)``.
    """
    encoder, decoder = (Stack(s, copies, generator) for s in ((len(mean), hidden, 2 * d), (d, hidden, len(mean))))
    odds = law in ("binomial", "continuous Bernoulli")
    with torch.no_grad():
        encoder.biases[0] -= mean[None] @ encoder.weights[0]
        encoder.weights[-1].zero_()
        decoder.biases[-1] += mean.clamp(0.03, 0.97).logit() if odds else mean
    return PixelVAE(encoder, decoder, law, torch.full((copies, 1, len(mean)), -2.0)).float()


@guarded(w="tensor two", a="tensor", log_s="tensor two", v="tensor two", log_sigma="tensor", r="number", beta="number")
def pair_bound(w, a, log_s, v, log_sigma, r, beta=1.0):
    r"""The exact ELBO of two standard normal numbers with correlation r, under a decoder that may read the first.

    The decoder says :math:`x_1\mid z\sim N(w_1z,s_1^2)` and :math:`x_2\mid x_1,z\sim N(w_2z+ax_1,s_2^2)`; the encoder
    says :math:`q(z\mid x)=N(v^\top x,\sigma^2)`.

    Parameters
    ----------
    w, log_s, v : Tensor, shape ``(2,)``
    a, log_sigma : Tensor, scalar
    r : float
        Between -1 and 1.
    beta : float
        Weight of the divergence.

    Returns
    -------
    Tensor
        A scalar, in nats.

    Raises
    ------
    ValueError
        If ``r`` is not between -1 and 1.
    """
    if not -1 < r < 1:
        raise ValueError(f"r must lie between -1 and 1, got {r}")
    C = torch.tensor([[1.0, r], [r, 1.0]], dtype=w.dtype)
    reads = torch.eye(2, dtype=w.dtype) - a * torch.tensor([[0.0, 0.0], [1.0, 0.0]], dtype=w.dtype)
    left, variance = reads - torch.outer(w, v), (2 * log_sigma).exp()
    error = ((left @ C) * left).sum(1) + w.square() * variance
    fit = -0.5 * (LOG_2PI + 2 * log_s + error * (-2 * log_s).exp()).sum()
    return fit - beta * (0.5 * (v @ C @ v + variance - 1) - log_sigma)


@guarded(w1="number", w2="number", r="number")
def pair_optimum(w1, w2, r):
    r"""A decoder that reads, with the law of the pair whatever its weights, and the exact posterior as encoder.

    .. math:: a=r-w_1w_2,\qquad s_1^2=1-w_1^2,\qquad s_2^2=1-w_2^2-a^2-2aw_1w_2

    Parameters
    ----------
    w1, w2 : float
        What the decoder makes of z.
    r : float
        The pair's correlation.

    Returns
    -------
    w, a, log_s, v, log_sigma : Tensor
        As :func:`pair_bound` takes them.

    Raises
    ------
    ValueError
        If one of the two variances would not be positive.
    """
    a, first = r - w1 * w2, 1 - w1**2
    second = 1 - w2**2 - a**2 - 2 * a * w1 * w2
    if not min(first, second) > 0:
        raise ValueError(f"w1, w2 must leave variance to both numbers, got {first:g} and {second:g}")
    variance = 1 / (1 + w1**2 / first + w2**2 / second)
    v = [variance * (w1 / first - a * w2 / second), variance * w2 / second]
    numbers = [w1, w2], a, [0.5 * math.log(first), 0.5 * math.log(second)], v, 0.5 * math.log(variance)
    return tuple(torch.tensor(n, dtype=torch.float64) for n in numbers)


def draw_objective(top, variances, bend):
    r"""One frame of the slider: a dimension's objective over its rate, for two noise variances.

    Parameters
    ----------
    top : float
        The largest eigenvalue.
    variances : pair of float
        Noise variances, of the first and of the second panel.
    bend : float
        Where the divergence is floored (green) or capped (red), in nats.

    Returns
    -------
    matplotlib Figure
    """
    from reparam.teaching import figures

    figure, axes = figures.panels(2, height=2.5)
    rates = np.linspace(0, 4, 161)
    for ax, variance, title in zip(axes, variances, ("a direction that pays", "one that does not"), strict=True):
        gain = -top / (2 * variance) * np.expm1(-2 * rates)
        for name, paid, color in (("cap", np.minimum(rates, bend), figures.RED), ("bound", rates, figures.BLUE),
                                  ("floor", np.maximum(rates, bend), figures.GREEN)):
            value = gain - paid
            ax.plot(rates, value, color=color, label=name)
            if color != figures.RED:
                ax.plot(rates[value.argmax()], value.max(), "o", color=color)
        ax.set(xlabel="rate R in nats", ylabel="objective", title=title, ylim=(gain.max() - 4.4, gain.max()))
        figures.name_lines(ax)
    return figure
