"""Every random generator of the book, derived from one seed and the place that asks.

Unset, ``REPARAM_SEED`` is 0 and the book is the same every time. Any other whole number re-rolls every draw.
"""

import os
import zlib
from contextlib import contextmanager

import numpy as np


def seed():
    """The book's seed, read from ``REPARAM_SEED``.

    Returns
    -------
    int
        A non-negative whole number, 0 if the variable is unset or empty.

    Raises
    ------
    ValueError
        If ``REPARAM_SEED`` is not a non-negative whole number.
    """
    text = os.environ.get("REPARAM_SEED", "").strip()
    if text and not (text.isascii() and text.isdigit()):
        raise ValueError(f"REPARAM_SEED must be a non-negative whole number, got {text!r}")
    return int(text or 0)


def _entropy(place):
    if not isinstance(place, str) or not place:
        raise ValueError(f"place must be a non-empty name such as 'sgvi/variance', got {place!r}")
    return [seed(), zlib.crc32(place.encode())]


def generator(place):
    """A NumPy generator for one place of the book.

    Parameters
    ----------
    place : str
        A speaking name, ``"chapter/purpose"``. The same place gets the same stream.

    Returns
    -------
    numpy.random.Generator
        SFC64, the fastest of NumPy's generators for normal draws.

    Raises
    ------
    ValueError
        If ``place`` is empty or ``REPARAM_SEED`` is not a non-negative whole number.

    Examples
    --------
    >>> a, b = generator("doc/example"), generator("doc/example")
    >>> bool(a.standard_normal() == b.standard_normal())
    True
    """
    return np.random.Generator(np.random.SFC64(_entropy(place)))


def normal(place, *shape):
    """Standard normal noise as a float64 tensor.

    Parameters
    ----------
    place : str
        As in :func:`generator`.
    *shape : int
        Shape of the result, for instance ``n, d``.

    Returns
    -------
    Tensor, shape ``shape``
        Independent draws from N(0, 1).

    Raises
    ------
    ValueError
        As :func:`generator`.
    """
    import torch  # pages that need no torch must not pay for importing it

    return torch.from_numpy(np.asarray(generator(place).standard_normal(shape)))


def torch_generator(place):
    """A PyTorch generator for one place of the book, for initial weights and shuffles.

    Parameters
    ----------
    place : str
        As in :func:`generator`.

    Returns
    -------
    torch.Generator
        Seeded from (``REPARAM_SEED``, ``place``).

    Raises
    ------
    ValueError
        As :func:`generator`.
    """
    import torch

    state = np.random.SeedSequence(_entropy(place)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


@contextmanager
def torch_draws(place):
    """Let code that draws from PyTorch's own generator, such as ``rsample``, draw from a place of the book.

    Parameters
    ----------
    place : str
        As in :func:`generator`.

    Raises
    ------
    ValueError
        As :func:`generator`.

    Examples
    --------
    >>> import torch
    >>> with torch_draws("doc/example"):
    ...     first = torch.distributions.Normal(0.0, 1.0).sample()
    >>> with torch_draws("doc/example"):
    ...     second = torch.distributions.Normal(0.0, 1.0).sample()
    >>> bool(first == second)
    True
    """
    import torch

    state = torch_generator(place).get_state()
    with torch.random.fork_rng(devices=[]):  # afterwards the global generator is where it was
        torch.random.set_rng_state(state)
        yield
