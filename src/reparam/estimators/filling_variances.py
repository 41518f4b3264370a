r"""Exact variances of means over noise that fills its space: strata of N(0, 1), and products over a Latin hypercube."""

import numpy as np
from scipy.special import ndtr, ndtri

from reparam.guards import guarded, require_count, require_finite_array, require_number


@guarded(g="function", n="count")
def stratum_moments(g, n, panels=6, order=12):
    r"""Mean of g and of its square in each of n strata of equal mass under N(0, 1), by quadrature.

    Parameters
    ----------
    g : callable, ``(k,) -> (..., k)``
        A smooth function of the noise.
    n : int
        At most 100,000.
    panels, order : int
        Gauss-Legendre panels a stratum (the outer two get ten times as many), and nodes a panel.

    Returns
    -------
    mean, square : array, shape ``(..., n)``

    Raises
    ------
    ValueError
        If ``n`` is out of range, or g is not finite.
    """
    n, panels = require_count("n", n, 1, 100_000), require_count("panels", panels)
    edges = np.concatenate([[-12.0], ndtri(np.arange(1, n) / n), [12.0]])
    share = np.arange(10 * panels + 1) / (10 * panels)
    fine = [edges[i] + (edges[i + 1] - edges[i]) * (share if i in (0, n - 1) else share[::10]) for i in range(n)]
    ends = np.concatenate([*(f[:-1] for f in fine), [12.0]])
    x, w = np.polynomial.legendre.leggauss(require_count("order", order))
    half = np.diff(ends)[:, None] / 2
    nodes = ends[:-1, None] + half * (1 + x)
    mass = half * w * np.exp(-nodes * nodes / 2) / np.sqrt(2 * np.pi)
    values = require_finite_array("the value of g", g(nodes.ravel()))
    if values.shape[-1:] != (nodes.size,):
        raise ValueError(f"g must return one value per node on its last axis, got shape {values.shape}")
    first = np.concatenate([[0], np.cumsum([(len(f) - 1) * len(x) for f in fine])[:-1]])
    return tuple(n * np.add.reduceat(values**k * mass.ravel(), first, -1) for k in (1, 2))


@guarded(mean="array ... n", square="array ... n")
def stratified_variance(mean, square):
    r"""Variance of the mean over one draw from each stratum: what is left within them.

    .. math:: \frac1{n^2}\sum_{i=1}^n(q_i-m_i^2)

    Parameters
    ----------
    mean, square : array, shape ``(..., n)``
        :math:`m_i` and :math:`q_i`, the means of g and of its square in each stratum.

    Returns
    -------
    array, shape ``(...)``
    """
    mean, square = require_finite_array("mean", mean, 1), require_finite_array("square", square, 1)
    return (square - mean**2).mean(-1) / mean.shape[-1]


@guarded(a="array n", a2="array n", b="array n", b2="array n")
def latin_product_variance(a, a2, b, b2):
    r"""Variance of the mean of :math:`A(u_1)\,B(u_2)` over a Latin hypercube, both factors with mean zero.

    .. math:: \frac1n\Bigl(V_AV_B+\frac{S_AS_B}{n-1}\Bigr)

    with V the variance of a factor and S the variance of its stratum means.

    Parameters
    ----------
    a, b : array, shape ``(n,)``
        Stratum means of the factors, n at least 2.
    a2, b2 : array, shape ``(n,)``
        Stratum means of their squares.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a factor's mean is not zero, or there is one stratum.
    """
    a, a2, b, b2 = (require_finite_array(name, x, 1) for name, x in (("a", a), ("a2", a2), ("b", b), ("b2", b2)))
    n = require_count("the length of a", len(a), 2)
    for name, m, square in (("a", a, a2), ("b", b, b2)):
        if abs(m.mean()) > 1e-9 * np.sqrt(square.mean() + 1):
            raise ValueError(f"{name} must have mean zero, got {m.mean():.3g}")
    return (a2.mean() * b2.mean() + (a * a).mean() * (b * b).mean() / (n - 1)) / n


@guarded(mu="number", sigma="number", c="number", n="count")
def jump_variance(c, mu, sigma, n):
    r"""Variance of the mean of :math:`1[z>c]` over n strata of :math:`N(\mu,\sigma^2)`: one stratum has any.

    .. math:: \frac{r(1-r)}{n^2},\qquad r=n\,\Phi\bigl(\tfrac{c-\mu}\sigma\bigr)\bmod1

    Parameters
    ----------
    c, mu, sigma : float
        ``sigma`` positive.
    n : int
        At least 1.

    Returns
    -------
    float
    """
    n = require_count("n", n, 1)
    r = n * float(ndtr((c - mu) / require_number("sigma", sigma, 0))) % 1
    return r * (1 - r) / n**2
