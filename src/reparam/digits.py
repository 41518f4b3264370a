"""The handwritten digits that ship with scikit-learn: counts of ink, as real numbers, and as a picture."""

import numpy as np
import torch

from reparam.bundled import bundled
from reparam.guards import guarded

LEVELS = 17
"""Grey levels of a pixel, 0 to 16: how many of its 4 x 4 points carry ink."""


def load():
    """The handwritten digits that ship with scikit-learn: 1797 images of 8 by 8 pixels.

    Returns
    -------
    pixels : array, shape ``(1797, 64)``
        Grey levels 0 to 16.
    labels : array of int, shape ``(1797,)``
        What was written, 0 to 9.
    """
    table = bundled("digits.csv.gz", delimiter=",")
    return table[:, :-1], table[:, -1].astype(int)


@guarded(u="array n D")
def dequantize(pixels, u):
    r"""Turn grey levels into real numbers between 0 and 1: :math:`x=(\text{level}+u)/17`.

    Parameters
    ----------
    pixels : integer-valued array, shape ``(n, D)``
        Grey levels 0 to 16.
    u : array, shape ``(n, D)``
        Uniform noise in [0, 1).

    Returns
    -------
    Tensor, shape ``(n, D)``

    Raises
    ------
    ValueError
        If the levels are not whole numbers from 0 to 16, or ``u`` has another shape or leaves [0, 1).
    """
    pixels, u = np.asarray(pixels), np.asarray(u)
    if not (np.isin(pixels, np.arange(LEVELS))).all():
        raise ValueError(f"pixels must be whole numbers from 0 to {LEVELS - 1}")
    if u.shape != pixels.shape or not ((u >= 0) & (u < 1)).all():
        raise ValueError(f"u must lie in [0, 1) and have shape {pixels.shape}, got {u.shape}")
    return torch.from_numpy((pixels + u) / LEVELS)


@guarded(columns="count")
def mosaic(images, columns):
    """Lay 8 x 8 images side by side, row after row, with a line of middle grey between them.

    Parameters
    ----------
    images : Tensor or array, shape ``(n, 64)``
        n a multiple of ``columns``.
    columns : int

    Returns
    -------
    array, shape ``(9 * n / columns - 1, 9 * columns - 1)``
        Clipped to [0, 1].

    Raises
    ------
    ValueError
        If ``images`` is not ``(n, 64)`` with n a multiple of ``columns``.
    """
    x = np.asarray(images)
    if x.ndim != 2 or x.shape[1] != 64 or len(x) % columns:
        raise ValueError(f"images must be (n, 64) with n a multiple of {columns}, got {x.shape}")
    framed = np.pad(x.reshape(-1, columns, 8, 8).clip(0, 1), ((0, 0), (0, 0), (0, 1), (0, 1)), constant_values=0.5)
    return framed.transpose(0, 2, 1, 3).reshape(-1, 9 * columns)[:-1, :-1]
