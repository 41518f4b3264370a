r"""Two evaluations, tied to each other: antithetic bits (ARM, DisARM), and two categories without replacement.

Bits have the logits :math:`\ell_i` and :math:`\theta_i=\sigma(\ell_i)`. A pair of states comes from one uniform number
a bit, :math:`b_i=1\{u_i>1-\theta_i\}` and :math:`\tilde b_i=1\{u_i<\theta_i\}`. Arrays are NumPy's.
"""

from itertools import product

import numpy as np

from reparam.guards import guarded, require_finite_array, require_probabilities


@guarded(theta="array D", u="array n D")
def antithetic_bits(theta, u):
    r"""A state and its antithetic twin from the same noise.

    Parameters
    ----------
    theta : array, shape ``(D,)``
        Strictly between 0 and 1.
    u : array, shape ``(n, D)``
        Uniform noise.

    Returns
    -------
    b, twin : array, shape ``(n, D)``
        Each with the law of the bits.

    Raises
    ------
    ValueError
        If ``theta`` is out of range, or on NaN or infinity.
    """
    theta, u = require_probabilities("theta", theta), require_finite_array("u", u, 2)
    return (u > 1 - theta).astype(float), (u < theta).astype(float)


def _difference(cost, b, twin):
    values = require_finite_array("cost", [cost(b), cost(twin)])
    if values.shape != (2, len(b)):
        raise ValueError(f"cost must return shape ({len(b)},), got {values.shape[1:]}")
    return (values[0] - values[1])[:, None]


@guarded(cost="function", theta="array D", u="array n D")
def arm(cost, theta, u):
    r"""Augment-REINFORCE-merge, :math:`[f(b)-f(\tilde b)]\,(u_i-\frac12)`.

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
        Evaluated twice.
    theta, u
        As in :func:`antithetic_bits`.

    Returns
    -------
    array, shape ``(n, D)``
        One gradient in the logits per pair.

    Raises
    ------
    ValueError
        As :func:`antithetic_bits`, or if the cost does not return one finite number a state.

    References
    ----------
    :cite:t:`yin2019arm`
    """
    b, twin = antithetic_bits(theta, u)
    return _difference(cost, b, twin) * (u - 0.5)


@guarded(cost="function", theta="array D", b="array n D", twin="array n D")
def disarm(cost, theta, b, twin):
    r"""The mean of :func:`arm` given the pair.

    .. math:: \tfrac12[f(b)-f(\tilde b)]\,(b_i-\tilde b_i)\max(\theta_i,1-\theta_i)

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
        Evaluated twice.
    theta : array, shape ``(D,)``
    b, twin : array, shape ``(n, D)``
        From :func:`antithetic_bits`.

    Returns
    -------
    array, shape ``(n, D)``

    Raises
    ------
    ValueError
        As :func:`arm`.

    References
    ----------
    :cite:t:`dong2020disarm`
    """
    theta = require_probabilities("theta", theta)
    return _difference(cost, b, twin) * (b - twin) * np.maximum(theta, 1 - theta) / 2


@guarded(theta="array D")
def antithetic_states(theta):
    r"""Every pair of :func:`antithetic_bits`, three for a bit; one that differs has
    chance :math:`\min(\theta,1-\theta)`.

    Parameters
    ----------
    theta : array, shape ``(D,)``
        At most 8 probabilities.

    Returns
    -------
    b, twin : array, shape ``(3**D, D)``
    chances : array, shape ``(3**D,)``

    Raises
    ------
    ValueError
        If ``theta`` is out of range or has more than 8 numbers.
    """
    theta = require_probabilities("theta", theta)
    if len(theta) > 8:
        raise ValueError(f"theta must hold at most 8 numbers, got {len(theta)}")
    kind = np.array(list(product(range(3), repeat=len(theta))))  # 0: (1, 0); 1: (0, 1); 2: alike
    rare, alike = np.minimum(theta, 1 - theta), (theta > 0.5).astype(float)
    b, twin = (np.where(kind == 2, alike, kind == mine) for mine in (0, 1))
    return b, twin, np.where(kind == 2, 1 - 2 * rare, rare).prod(-1)


@guarded(cost="function", theta="array D")
def pair_variances(cost, theta):
    r"""Exact variances of one :func:`arm` and one :func:`disarm`, by enumeration of the pairs.

    Given the pair, :math:`u_i` is uniform: at the ends of (0, 1) where the bits differ, in the middle else.

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
    theta : array, shape ``(D,)``
        At most 8 probabilities.

    Returns
    -------
    arm, disarm : array, shape ``(D,)``

    Raises
    ------
    ValueError
        As :func:`antithetic_states` and :func:`arm`.
    """
    b, twin, chances = antithetic_states(theta)
    gap, likely = _difference(cost, b, twin), np.maximum(theta, 1 - np.asarray(theta))
    inner = likely - 0.5
    square = np.where(b == twin, inner**2 / 3, (0.5**3 - inner**3) / (3 * (1 - likely)))
    step = disarm(cost, theta, b, twin)
    mean = chances @ step
    return chances @ (gap**2 * square) - mean**2, chances @ step**2 - mean**2


@guarded(values="array ... 2", scores="array ... 2 K", chances="array ... 2")
def without_replacement(values, scores, chances):
    r"""Two *different* categories, :math:`(f_i-f_j)(s_i-s_j)/\bigl(\frac1{1-\pi_i}+\frac1{1-\pi_j}\bigr)`.

    Parameters
    ----------
    values, chances : array, shape ``(..., 2)``
        f and the probability of each of the two.
    scores : array, shape ``(..., 2, K)``

    Returns
    -------
    array, shape ``(..., K)``

    Raises
    ------
    ValueError
        If shapes do not fit, on NaN or infinity, or if a probability is not between 0 and 1.

    References
    ----------
    :cite:t:`kool2020estimating`
    """
    f, s = require_finite_array("values", values, 1), require_finite_array("scores", scores, 2)
    p = require_finite_array("chances", chances, 1)
    if f.shape != p.shape or s.shape[:-1] != f.shape or f.shape[-1] != 2 or not ((p > 0) & (p < 1)).all():
        raise ValueError(f"values, chances must be (..., 2), scores (..., 2, K), got {f.shape}, {p.shape}, {s.shape}")
    weight = 1 / (1 / (1 - p)).sum(-1)
    return (weight * (f[..., 0] - f[..., 1]))[..., None] * (s[..., 0, :] - s[..., 1, :])
