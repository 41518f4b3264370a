"""Exact expectations: integrals to near machine precision, with their own error control."""

from functools import lru_cache

import numpy as np

from reparam.guards import as_numbers, guarded

_ORDER = 40


@lru_cache(maxsize=32)
def _legendre(order):
    return np.polynomial.legendre.leggauss(order)


def _panels(f, edges):
    x, w = _legendre(_ORDER)
    half = np.diff(edges) / 2
    nodes = (edges[:-1] + half)[:, None] + half[:, None] * x
    values = as_numbers("the value of f", f(nodes.ravel()))
    if values.shape[-1:] != (nodes.size,):
        raise ValueError(f"f must return one value per node on its last axis, got shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("f must be finite on [a, b], got NaN or infinity")
    return values @ (half[:, None] * w).ravel()


@guarded(f="function", a="number", b="number", tol="number")
def integral(f, a, b, points=(), tol=1e-12):
    """Integral of ``f`` from ``a`` to ``b`` by Gauss-Legendre panels, doubled until two rounds agree.

    Parameters
    ----------
    f : callable, ``(k,) -> (..., k)``
        Vectorised integrand; several integrals at once on leading axes.
    a, b : float
        Finite ends; for a Gaussian factor, ten standard deviations lose less than 1e-22.
    points : sequence of float
        Places of kinks and jumps: panels end there.
    tol : float
        Agreement asked of two rounds, relative to the integral, or absolute where that is below one.

    Returns
    -------
    float or array, shape ``(...)``

    Raises
    ------
    ValueError
        If the ends are not finite and ordered, or ``f`` is too rough for ``tol``.

    Examples
    --------
    >>> round(float(integral(np.exp, 0.0, 1.0)), 12) == round(np.e - 1, 12)
    True
    """
    if not (np.isfinite(a) and np.isfinite(b) and a < b):
        raise ValueError(f"a and b must be finite with a < b, got {a} and {b}")
    edges = np.unique([a, *(p for p in points if a < p < b), b])
    last = _panels(f, edges)
    for _ in range(8):
        edges = np.union1d(edges, (edges[:-1] + edges[1:]) / 2)
        value = _panels(f, edges)
        if np.all(np.abs(value - last) <= tol * np.maximum(1.0, np.abs(value))):
            return value
        last = value
    raise ValueError("f is too rough on [a, b]: name its kinks in points, or take a shorter interval")


@guarded(f="function", mu="number", sigma="number")
def expectation(f, mu=0.0, sigma=1.0, points=(), tol=1e-12):
    r"""Expectation of ``f`` under :math:`N(\mu,\sigma^2)`, by :func:`integral` over twelve deviations each way.

    Parameters
    ----------
    f : callable, ``(k,) -> (..., k)``
        Vectorised function, whose product with the density is negligible beyond twelve deviations (so not
        :math:`e^{0.45z^2}`, whose mean is off by 5e-4).
    mu, sigma : float
        Mean and standard deviation, ``sigma`` positive.
    points, tol
        As in :func:`integral`; ``points`` in units of f's argument.

    Returns
    -------
    float or array, shape ``(...)``

    Raises
    ------
    ValueError
        If ``sigma`` is not positive, or as :func:`integral`.

    Examples
    --------
    >>> round(float(expectation(lambda z: z**2, mu=1.0, sigma=2.0)), 10)
    5.0
    """
    if not sigma > 0:
        raise ValueError(f"sigma must be positive, got {sigma}")
    scale = 1.0 / (sigma * np.sqrt(2 * np.pi))

    def weighted(z):
        return np.asarray(f(z)) * (scale * np.exp(-0.5 * ((z - mu) / sigma) ** 2))

    return integral(weighted, mu - 12 * sigma, mu + 12 * sigma, points=(mu, *points), tol=tol)


@lru_cache(maxsize=32)
def _hermite(nodes):
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    return x, w / w.sum()


@guarded(d="count", nodes="count")
def normal_nodes(d, nodes=40):
    r"""Nodes and weights with which a helper that takes noise gives its expectation.

    For a smooth helper, ``weights @ helper(eps)`` is its expectation over :math:`\epsilon\sim N(0,I)`: the same code
    that makes single draws, fed with Gauss-Hermite nodes in place of random numbers.

    Parameters
    ----------
    d : int
        Dimension of the noise, 1 to 4 (the grid has ``nodes**d`` rows).
    nodes : int
        Nodes per axis; polynomials up to degree ``2 * nodes - 1`` are integrated exactly.

    Returns
    -------
    eps : array, shape ``(nodes**d, d)``
    weights : array, shape ``(nodes**d,)``
        Summing to one.

    Raises
    ------
    ValueError
        If ``d`` is not 1 to 4, or ``nodes`` not 2 to 150.

    Examples
    --------
    >>> eps, w = normal_nodes(2)
    >>> round(float(w @ (eps[:, 0] ** 2 * eps[:, 1] ** 4)), 10)
    3.0
    """
    if d not in (1, 2, 3, 4) or not 2 <= nodes <= 150:
        raise ValueError(f"d must be 1 to 4 and nodes 2 to 150, got d={d}, nodes={nodes}")
    x, w = _hermite(nodes)
    eps = np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)
    weights = np.prod(np.stack(np.meshgrid(*[w] * d, indexing="ij"), axis=-1).reshape(-1, d), axis=-1)
    return eps, weights
