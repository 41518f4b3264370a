"""Numerical derivatives, a second road beside autograd."""

import numpy as np

from reparam.guards import require_positive_array

_STEPS = np.array([1, 2, 3, 4])
_STENCIL = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])
"""Central differences of order eight: the first derivative from four steps each way."""


def derivative(f, x, step=0.01):
    r"""Derivative of a smooth function by central differences of order eight.

    Parameters
    ----------
    f : callable
        Takes one float, returns a number or an array.
    x : float
    step : float
        Error about ``step**8`` times the ninth derivative, and rounding of about 1e-16 over ``step``.

    Returns
    -------
    float or array
        Of the shape that ``f`` returns.

    Raises
    ------
    ValueError
        If ``step`` is not positive.
    """
    require_positive_array("step", step)
    return sum(c * (f(x + k * step) - f(x - k * step)) for k, c in zip(_STEPS, _STENCIL, strict=True)) / step
