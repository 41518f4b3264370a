r"""Past the source: several draws inside the logarithm, on a Gaussian problem where every mean is a small integral.

The model is :math:`z\sim N(\theta,2)`, :math:`x\mid z\sim N(z,2)`, seen is :math:`x=-\theta`: then the posterior is
:math:`N(0,1)`, and :math:`q=N(\mu,\sigma^2)`.
"""

import math

import numpy as np

from reparam.guards import guarded, require_number, require_positive
from reparam.laws.gaussian import LOG_2PI
from reparam.teaching import figures

LOG_EVIDENCE = -0.5 * (LOG_2PI + math.log(4) + 1)
r""":math:`\log p(x)=\log N(-1;1,4)` at :math:`\theta=1`, in nats."""


STEP = 0.2
"""Of log t, between the nodes of the outer integral."""


@guarded(z="tensor m 1")
def log_joint(z, theta=1.0):
    r""":math:`\log N(z;\theta,2)+\log N(-1;z,2)`, the log joint density of the problem.

    Parameters
    ----------
    z : Tensor, shape ``(m, 1)``
    theta : float or Tensor
        Mean of the prior.

    Returns
    -------
    Tensor, shape ``(m,)``
        In nats.
    """
    return (-0.25 * ((z - theta) ** 2 + (z + 1) ** 2) - 0.5 * math.log(4 * math.pi) * 2).sum(-1)


class WeightLaw:
    r"""The law of one weight :math:`w/p(x)` under q, and from it exact means over K independent ones.

    With S the sum of K weights, :math:`S^{-j}=\int_0^\infty\frac{t^{j-1}}{(j-1)!}e^{-tS}dt`, and the mean of
    :math:`e^{-tS}` is a product of one-dimensional integrals. So every mean below is an integral of integrals, whatever
    K is; both by the trapezoidal rule, which for such smooth functions has an error below 1e-7 in the range allowed.

    Parameters
    ----------
    mu, sigma : float
        Of q; the posterior is N(0, 1). Between -3 and 3, and between 0.05 and 1.6: of a wider q the weights get so
        small that the grid of the outer integral ends too early.

    Raises
    ------
    ValueError
        If they are not in that range.
    """

    def __init__(self, mu, sigma):
        mu, sigma = require_number("mu", mu, -3, 3), require_number("sigma", sigma, 0.05, 1.6)
        self.eps = np.arange(-12.0, 12.01, 0.16)
        self.z = mu + sigma * self.eps
        self.w = np.exp(0.5 * self.eps**2 - 0.5 * self.z**2 + math.log(sigma))
        slope = self.eps / sigma - self.z
        self.path = np.stack([slope, slope * sigma * self.eps])
        self.total = self.path - np.stack([self.eps / sigma, self.eps**2 - 1])
        self.mass = np.exp(-0.5 * self.eps**2)
        self.mass /= self.mass.sum()
        self.t = np.exp(np.arange(-70.0, 70.01, STEP))
        self._damped = np.exp(-np.outer(self.t, self.w)) * self.mass
        self._transform = self._damped.sum(1)

    @guarded(K="count")
    def bound(self, K):
        r"""The gap :math:`\mathcal L_K-\log p(x)=\mathbb E\log\frac1K\sum_kw_k/p(x)`, in nats, never positive."""
        return float(STEP * (np.exp(-self.t) - self._transform**K).sum()) - math.log(K)

    @guarded(a="array ... nodes", power="count", K="count")
    def moments(self, a, power, K):
        r"""Mean and variance of :math:`\sum_k\tilde w_k^{\,j}\,a(\epsilon_k)` over K independent draws.

        Parameters
        ----------
        a : array, shape ``(p, nodes)`` or ``(nodes,)``
            Values at the nodes ``eps``, for instance ``path`` or ``total``.
        power : int
            The exponent j, at least 1.
        K : int
            Number of draws, at least 1.

        Returns
        -------
        mean, variance : array, shape ``(p,)`` or ``()``
        """
        once = self._damped @ (self.w**power * a).T
        twice = self._damped @ (self.w ** (2 * power) * a * a).T
        mean = K * self._integral(once, power, K - 1)
        square = K * self._integral(twice, 2 * power, K - 1)
        if K > 1:
            square = square + K * (K - 1) * self._integral(once * once, 2 * power, K - 2)
        return mean, square - mean**2

    def _integral(self, values, j, others):
        gamma = STEP * self.t**j / math.factorial(j - 1)
        return np.tensordot(gamma * self._transform**others, values, 1)


@guarded(K="count", step="number")
def node_groups(K, step=0.5):
    r"""Noise for K draws at the nodes of a grid, with the weights of a K-dimensional trapezoidal rule.

    Parameters
    ----------
    K : int
        1 to 4.
    step : float
        Between nodes, which reach from -8.5 to 8.5.

    Returns
    -------
    eps : array, shape ``(nodes**K, K, 1)``
    weights : array, shape ``(nodes**K,)``
        Summing to one.

    Raises
    ------
    ValueError
        If ``K`` is not 1 to 4, or ``step`` not positive.
    """
    require_positive(step=step)
    if K not in (1, 2, 3, 4):
        raise ValueError(f"K must be 1 to 4, got {K}")
    x = np.arange(-8.5, 8.5 + step / 2, step)
    eps = np.stack(np.meshgrid(*[x] * K, indexing="ij"), -1).reshape(-1, K)
    weights = np.exp(-0.5 * (eps * eps).sum(1))
    return eps[..., None], weights / weights.sum()


def draw_ratios(curves, title):
    """One frame of the slider: signal-to-noise ratios over the number of draws, on logarithmic axes.

    Parameters
    ----------
    curves : dict of str to (array, array)
        Numbers of draws, and ratios, by the estimator's name.
    title : str

    Returns
    -------
    matplotlib Figure
    """
    figure, ax = figures.panels(height=3.0)
    colors = (figures.RED, figures.BLUE, figures.GREEN, figures.ORANGE)
    for (name, (draws, ratio)), color in zip(curves.items(), colors, strict=False):
        ax.loglog(draws, ratio, color=color, marker="o", markersize=3, label=name)
    ax.set(xlabel="draws K", ylabel="signal to noise", ylim=(0.02, 60), title=title)
    figures.name_lines(ax)
    return figure
