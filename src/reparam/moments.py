"""Means and variances of many draws, streamed in blocks that fit the processor's cache."""

from operator import add

import numpy as np

from reparam.guards import as_numbers, guarded

BLOCK = 131_072
"""Numbers per block: a megabyte, which stays in the processor's cache."""
LARGE = 4_000_000  # numbers, just under the 32 MiB up to which glibc learns from a freed array


def _total(x):
    """Sum over draws; a product with ones, since NumPy's own sum down a narrow array is ten times slower."""
    return (np.ones(len(x)) @ x.reshape(len(x), -1)).reshape(x.shape[1:])


def _as_rows(draws):
    if isinstance(draws, tuple) and draws and all(np.ndim(part) for part in draws):
        shapes = [tuple(part.shape) for part in map(_plain, draws)]
        if len(set(shapes)) > 1:
            raise ValueError(f"draws must be one array, or a pair of arrays of one shape, got shapes {shapes}")
        draws = np.stack([_plain(part) for part in draws], axis=1)
    return as_numbers("draws", _plain(draws))


def _plain(x):
    if getattr(x, "is_meta", False):
        raise ValueError("draws must hold numbers, got a tensor on the meta device")
    return x.detach().numpy(force=True) if hasattr(x, "detach") else np.asarray(x)


class Moments:
    """Count, mean, variance and, if asked for, fourth central moment of draws, merged block by block.

    Parameters
    ----------
    draws : array or Tensor, shape ``(n, ...)``
        One row per draw. A pair of gradients, as an estimator returns it, is one draw of shape ``(2, d)``.
    order : {4, 2}
        The highest moment kept. Four gives the standard error of the variance too, two takes half the time.

    Raises
    ------
    ValueError
        If ``draws`` has no rows or holds NaN or infinity, or ``order`` is neither 2 nor 4.

    References
    ----------
    The pairwise merging rule of :cite:t:`pebay2008formulas`.
    """

    def __init__(self, draws, order=4):
        x = _as_rows(draws)
        if not isinstance(order, int) or order not in (2, 4):
            raise ValueError(f"order must be 2 or 4, got {order!r}")
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"draws must have at least one row, got shape {x.shape}")
        self.n = len(x)
        self.mean = _total(x) / self.n
        # one NaN or infinity spoils a mean; only a mean that is spoilt needs the slower look
        if not np.isfinite(self.mean).all() and not np.isfinite(x).all():
            raise ValueError("draws must be finite, got NaN or infinity")
        with np.errstate(over="ignore", invalid="ignore"):
            away = x - self.mean
            squares = np.square(away, out=None if order == 4 else away)  # fresh memory costs more than the products
            self._sums = (_total(squares),)
            if order == 4:
                away *= squares
                squares *= squares
                self._sums += (_total(away), _total(squares))
        if not np.isfinite(self._sums[-1]).all():
            raise ValueError("draws must be less extreme, or another order of moments: their powers overflow")

    def __add__(self, other):
        """Moments of both sets of draws together, up to the lower of their orders."""
        new = object.__new__(Moments)
        a, b = self.n, other.n
        new.n = n = a + b
        d = other.mean - self.mean
        new.mean = self.mean + d * b / n
        (a2, *a_rest), (b2, *b_rest) = self._sums, other._sums
        new._sums = (a2 + b2 + d**2 * a * b / n,)
        if not (a_rest and b_rest):
            return new
        (a3, a4), (b3, b4) = a_rest, b_rest
        new._sums += (
            a3 + b3 + d**3 * a * b * (a - b) / n**2 + 3 * d * (a * b2 - b * a2) / n,
            a4 + b4 + d**4 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * d**2 * (a * a * b2 + b * b * a2) / n**2 + 4 * d * (a * b3 - b * a3) / n,
        )
        return new

    @property
    def variance(self):
        """Unbiased variance of one draw, shape ``(...)``; of a single row it is NaN."""
        return self._sums[0] / (self.n - 1)

    @property
    def standard_error(self):
        """Standard error of the mean, shape ``(...)``."""
        return np.sqrt(self.variance / self.n)

    @property
    def variance_standard_error(self):
        """Standard error of the variance, from the fourth moment, shape ``(...)``; ValueError if order was 2."""
        if len(self._sums) == 1:
            raise ValueError("the standard error of a variance needs moments of order 4, got order 2")
        spread = self._sums[2] / self.n - np.square(self._sums[0] / self.n)
        return np.sqrt(np.maximum(spread, 0) / self.n)


@guarded(draw="function", n="count", width="count")
def stream(draw, n, width, order=4):
    """Moments of ``n`` draws, produced block by block.

    Parameters
    ----------
    draw : callable, ``k -> (k, ...)`` or a tuple of such
        Makes ``k`` fresh draws, for instance a gradient estimator at fresh noise.
    n : int
        Number of draws.
    width : int
        Numbers behind one draw (the dimension of its noise); sets the block size.
    order : {4, 2}
        The highest moment kept, see :class:`Moments`.

    Returns
    -------
    Moments or tuple of Moments
        Of all ``n`` draws; one for each array that ``draw`` makes.

    Raises
    ------
    ValueError
        If ``n`` or ``width`` is below 1, or what :class:`Moments` raises.
    """
    if n < 1 or width < 1:
        raise ValueError(f"n and width must be at least 1, got n={n}, width={width}")
    # Freed blocks go back to the system one by one, and are paid for again as page faults, until glibc has seen a large
    # array freed; this one costs nothing, since nobody writes to it.
    np.empty(LARGE)
    block = max(1, min(n, BLOCK // width))
    totals = ()
    for start in range(0, n, block):
        drawn = draw(min(block, n - start))
        parts = [Moments(part, order) for part in (drawn if isinstance(drawn, tuple) else (drawn,))]
        totals = tuple(map(add, totals, parts)) if totals else tuple(parts)
    return totals if isinstance(drawn, tuple) else totals[0]
