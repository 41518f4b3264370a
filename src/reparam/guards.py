"""What input is refused, in one place: every message names the argument, what it was and what it should be."""

import math

import numpy as np
import torch


def require_groups(eps, q, rows=None):
    """Noise in groups of rows, one gradient a group.

    Parameters
    ----------
    eps : Tensor, shape ``(n, k, d)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    rows : int, optional
        The only k allowed; at least 2 if not stated.

    Returns
    -------
    torch.Size
        ``(n, k, d)``.

    Raises
    ------
    ValueError
        If ``eps`` has another shape.
    """
    if eps.ndim != 3 or eps.shape[2:] != q.mu.shape or (eps.shape[1] < 2 if rows is None else eps.shape[1] != rows):
        want = f"(n, {rows or 'k >= 2'}, {q.mu.shape[-1]})"
        raise ValueError(f"eps must have shape {want}, got {tuple(eps.shape)}")
    return eps.shape


def require_finite_array(name, value, axes=None):
    """A float64 array of finite numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like
    axes : int, optional
        Least number of axes of an array that may not be empty.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        On NaN or infinity, too few axes, or no numbers.
    """
    x = np.asarray(value, dtype=np.float64)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if axes is not None and (x.ndim < axes or x.size == 0):
        raise ValueError(f"{name} must have at least {axes} axes and not be empty, got shape {x.shape}")
    return x


def require_positive_array(name, value):
    """A float64 array of finite positive numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like

    Returns
    -------
    array

    Raises
    ------
    ValueError
        On NaN, infinity, or a number that is not positive.
    """
    x = require_finite_array(name, value)
    if not (x > 0).all():
        raise ValueError(f"{name} must be positive, got {value}")
    return x


def require_float(name, x):
    """Reject anything but a finite floating-point tensor.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    x : Tensor
        What was given.

    Returns
    -------
    Tensor
        ``x`` itself.

    Raises
    ------
    ValueError
        If ``x`` is no tensor, holds integers, or holds NaN or infinity.
    """
    if not isinstance(x, torch.Tensor) or not x.is_floating_point():
        raise ValueError(f"{name} must be a floating-point tensor, got {getattr(x, 'dtype', type(x).__name__)}")
    # one NaN or infinity spoils a sum; only a sum that overflows needs the slower look
    if not math.isfinite(x.detach().sum()) and not torch.isfinite(x.detach()).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return x


def _plain(value):
    return value.detach() if hasattr(value, "detach") else value


def require_finite(**values):
    """Reject numbers and arrays that hold NaN or infinity.

    Parameters
    ----------
    **values : float, array or Tensor
        By the argument's name, for the message.

    Raises
    ------
    ValueError
        Naming the first that does.
    """
    for name, value in values.items():
        if not np.isfinite(_plain(value)).all():
            raise ValueError(f"{name} must be finite, got {value}")


def require_positive(**values):
    """Reject numbers and arrays that are not finite and positive.

    Parameters
    ----------
    **values : float, array or Tensor
        By the argument's name, for the message.

    Raises
    ------
    ValueError
        Naming the first that is not.
    """
    for name, value in values.items():
        x = np.asarray(_plain(value))
        if not (np.isfinite(x) & (x > 0)).all():
            raise ValueError(f"{name} must be positive, got {value}")
