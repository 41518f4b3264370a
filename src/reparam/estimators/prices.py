"""What a gradient costs in values of the cost, and which orders hang on what a slope costs."""

import numpy as np

from reparam.guards import guarded, require_positive

SLOPE = 0.75
"""Price of a row's slope beyond that of its value, in values: what the book counts with, by convention."""
MEASURED = (0.3, 0.8)
"""Between what numbers the benchmarks found that price; a test compares it with every record that is kept."""


@guarded
def price(values, slopes):
    """The price of one gradient in units of one value: ``values + SLOPE * slopes``.

    Parameters
    ----------
    values, slopes : float or array
        Rows, as in :func:`reparam.estimators.side_by_side.work`.

    Returns
    -------
    float or array
    """
    return values + SLOPE * slopes


@guarded
def turning_price(with_slopes, without):
    r"""The price of a slope at which two inefficiencies change places, equation price-turns.

    .. math:: c^*=(1+c)\,P_2/P_1-1\quad\text{with } c=\tfrac34

    Parameters
    ----------
    with_slopes, without : float or array
        Variance times price, positive: of an estimator that asks for as many slopes as values, and of one that asks for
        values alone.

    Returns
    -------
    float or array
        Below it the first is ahead, above it the second.
    """
    require_positive(with_slopes=with_slopes, without=without)
    return (1 + SLOPE) * np.divide(without, with_slopes) - 1


@guarded
def unsettled(with_slopes, without):
    """Pairs of estimators whose order hangs on what a slope costs, within :data:`MEASURED`.

    Parameters
    ----------
    with_slopes, without : dict of str to float
        Inefficiencies as in :func:`turning_price`, by the estimators' names.

    Returns
    -------
    dict of (str, str) to float
        The price of a slope at which each such pair changes places.
    """
    pairs = {(a, b): float(turning_price(x, y)) for a, x in with_slopes.items() for b, y in without.items()}
    return {pair: turn for pair, turn in pairs.items() if MEASURED[0] < turn < MEASURED[1]}
