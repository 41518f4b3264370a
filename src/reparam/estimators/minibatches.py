r"""The variance of a gradient from a part of the data: what the choice of data brings, and what the noise brings."""

import numpy as np

from reparam.guards import guarded, require_count, require_positive


@guarded(means="array N p", within="array N p", batch="count", draws="count", together="array p?")
def batch_variance(means, within, batch, draws=1, together=None):
    r"""Variance of the gradient of a minibatch, drawn without replacement and scaled by N/B.

    .. math:: N^2\Bigl[\frac{\beta^2}B\,\frac{N-B}{N-1}
        +\frac1S\Bigl(\frac{\omega^2}B+\frac{B-1}B\gamma\Bigr)\Bigr]

    Parameters
    ----------
    means : array, shape ``(N, p)``
        Mean gradient of every datum's term; their variance over the data is :math:`\beta^2`.
    within : array, shape ``(N, p)``
        Variance of one draw of each; their mean is :math:`\omega^2`. Not negative.
    batch : int
        Size B, 1 to N.
    draws : int
        Draws S per datum, over which its gradient is averaged.
    together : array, shape ``(p,)``, optional
        :math:`\gamma`: the mean covariance of the draws of two different data, where all share their noise.

    Returns
    -------
    array, shape ``(p,)``

    Raises
    ------
    ValueError
        If ``batch`` is not 1 to N, ``draws`` below 1, or a variance in ``within`` negative.
    """
    N = len(means)
    B, S = require_count("batch", batch, 1, N), require_count("draws", draws)
    if (within < 0).any():
        raise ValueError(f"within must not be negative, got {within.min()}")
    between = means.var(0) * (N - B) / (B * max(N - 1, 1))
    pairs = 0.0 if together is None else (B - 1) / B * together
    return N**2 * (between + (within.mean(0) / B + pairs) / S)


@guarded(covariance="array N N p")
def mean_covariance(covariance):
    r"""The mean :math:`\gamma` over all pairs of different data, of the covariances of their gradients.

    Parameters
    ----------
    covariance : array, shape ``(N, N, p)``
        Of the draws of two data's gradients, for each parameter; N at least 2.

    Returns
    -------
    array, shape ``(p,)``

    Raises
    ------
    ValueError
        If there are fewer than two data.
    """
    N = len(covariance)
    if N < 2:
        raise ValueError(f"covariance must be of at least 2 data, got {N}")
    return (covariance.sum((0, 1)) - np.einsum("iip->p", covariance)) / (N * (N - 1))


@guarded(between="number", within="number", per_datum="number", per_draw="number")
def best_draws(between, within, per_datum, per_draw):
    r"""Draws per datum that make the variance least for a budget.

    .. math:: S^*=\frac\omega\beta\sqrt{\frac ab}\quad\text{minimizes}\quad(\beta^2+\omega^2/S)(a+bS)

    Parameters
    ----------
    between, within : float
        :math:`\beta^2`, with a factor N/(N-1) if batches are drawn without replacement, and :math:`\omega^2`.
    per_datum, per_draw : float
        Prices: a for taking up a datum, b for each draw with it.

    Returns
    -------
    float
        The variance is convex in the number of draws: of whole numbers one of the two neighbours is best, and 1 if this
        is below 1.

    Raises
    ------
    ValueError
        If one of the four is not positive.
    """
    require_positive(between=between, within=within, per_datum=per_datum, per_draw=per_draw)
    return float(np.sqrt(within) / np.sqrt(between) * np.sqrt(per_datum) / np.sqrt(per_draw))
