r"""Noise that fills its space: strata, Latin hypercubes, scrambled nets.

Points are uniform on the unit cube, a batch of n of them at a time; :func:`as_normal` turns them into Gaussian noise.
Within a batch they are not independent, batches are. Arrays are NumPy's.
"""

import numpy as np
import torch
from scipy.special import ndtri
from torch.quasirandom import SobolEngine

from reparam.guards import guarded, require_count, require_finite_array

BITS = 30
"""Binary digits of a point of a scrambled net."""


def _uniform(name, value, axes):
    x = require_finite_array(name, value, axes)
    if not ((x > 0) & (x < 1)).all():
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {x.min()} to {x.max()}")
    return x


@guarded(v="array ... n")
def strata(v):
    r"""One point in each of n intervals of equal length, :math:`u_i=(i+v_i)/n` for :math:`i=0,\dots,n-1`.

    Parameters
    ----------
    v : array, shape ``(..., n)``
        Uniform noise.

    Returns
    -------
    array, shape ``(..., n)``

    Raises
    ------
    ValueError
        If a number is not strictly between 0 and 1.
    """
    v = _uniform("v", v, 1)
    return (np.arange(v.shape[-1]) + v) / v.shape[-1]


@guarded(v="array ... n d", w="array ... n d")
def latin_hypercube(v, w):
    r"""One point in each of n intervals of every axis, the axes shuffled independently.

    Parameters
    ----------
    v, w : array, shape ``(..., n, d)``
        Uniform noise: v places a point in its interval, the ranks of w are the shuffles.

    Returns
    -------
    array, shape ``(..., n, d)``

    Raises
    ------
    ValueError
        If a number is not strictly between 0 and 1, or shapes differ.

    References
    ----------
    :cite:t:`stein1987large`
    """
    v, w = _uniform("v", v, 2), _uniform("w", w, 2)
    return (w.argsort(-2).argsort(-2) + v) / v.shape[-2]


@guarded(m="count", d="count")
def sobol_digits(m, d):
    r"""Binary digits of the first :math:`2^m` points of Sobol's sequence, before any scramble.

    Parameters
    ----------
    m : int
        0 to 16.
    d : int
        Axes, 1 to 1,000.

    Returns
    -------
    array, shape ``(d, m, 2**m)``
        Zeros and ones; the points have no further digits.

    Raises
    ------
    ValueError
        If ``m`` or ``d`` is out of range.
    """
    m, d = require_count("m", m, 0, 16), require_count("d", d, 1, 1_000)
    points = SobolEngine(d).draw(2**m, dtype=torch.float64).numpy().T
    return np.floor(points[:, None] * 2.0 ** np.arange(1, m + 1)[:, None]) % 2


@guarded(digits="array d m n", coins="array ... d b k")
def scrambled_net(digits, coins):
    r"""A net whose digits are scrambled: each is added (modulo 2) to a random sum of those before it, and to a coin.

    Parameters
    ----------
    digits : array, shape ``(d, m, n)``
        From :func:`sobol_digits`.
    coins : array, shape ``(..., d, BITS, m + 1)``
        Zeros and ones, independent and fair: one scramble for each leading index. The last column is the shift.

    Returns
    -------
    array, shape ``(..., n, d)``
        Strictly between 0 and 1: multiples of :math:`2^{-30}`, moved to the middle of their cell.

    Raises
    ------
    ValueError
        If shapes do not fit, or an array holds anything but zeros and ones.

    References
    ----------
    :cite:t:`owen2003variance`
    """
    digits, coins = require_finite_array("digits", digits, 3), require_finite_array("coins", coins, 3)
    d, m, n = digits.shape
    if n != 2**m:
        raise ValueError(f"digits must have shape (d, m, 2**m), got {digits.shape}")
    if coins.shape[-3:] != (d, BITS, m + 1):
        raise ValueError(f"coins must have shape (..., {d}, {BITS}, {m + 1}), got {coins.shape}")
    for name, x in (("digits", digits), ("coins", coins)):
        if not ((x == 0) | (x == 1)).all():
            raise ValueError(f"{name} must hold zeros and ones")
    mixed = np.tril(coins[..., :m], -1) + np.eye(BITS, m)
    bits = (mixed @ digits + coins[..., m:]) % 2
    points = np.einsum("...bn,b->...n", bits, 0.5 ** np.arange(1, BITS + 1)) + 0.5 ** (BITS + 1)
    return np.swapaxes(points, -1, -2)


@guarded(u="array ...")
def as_normal(u):
    r"""Standard normal noise :math:`\Phi^{-1}(u)`.

    Parameters
    ----------
    u : array
        Strictly between 0 and 1.

    Returns
    -------
    array
        Of the same shape.

    Raises
    ------
    ValueError
        If a number is not strictly between 0 and 1.
    """
    return ndtri(_uniform("u", u, 0))
