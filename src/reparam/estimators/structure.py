r"""Gradients that use what is known of the cost: enumeration, local expectations, own terms.

Bits :math:`b_1,\dots,b_D` are independent, :math:`P(b_i=1)=\theta_i`; gradients are with respect to the logits
:math:`\ell_i=\log\theta_i/(1-\theta_i)`, so that the score of bit i is :math:`b_i-\theta_i`. Arrays are NumPy's.
"""

import numpy as np

from reparam.estimators.categories import leave_one_out_gradient
from reparam.guards import guarded, require_finite_array, require_probabilities


def _links(reads, bits):
    links = np.asarray(reads)
    if links.dtype != bool or links.ndim != 2 or links.shape[1] != bits:
        raise ValueError(f"reads must be a boolean array (C, {bits}), got {links.dtype} of shape {links.shape}")
    return links


@guarded(bits="count")
def bit_states(bits):
    """Every state of some bits.

    Parameters
    ----------
    bits : int
        0 to 20.

    Returns
    -------
    array, shape ``(2**bits, bits)``
        Of zeros and ones, the last bit running fastest.

    Raises
    ------
    ValueError
        If there are more than 20 bits.
    """
    if not 0 <= bits <= 20:
        raise ValueError(f"bits must be 0 to 20, got {bits}")
    return (np.arange(2**bits)[:, None] >> np.arange(bits)[::-1] & 1).astype(float)


@guarded(states="array n D", theta="array D")
def bit_weights(states, theta):
    r"""The probabilities :math:`\prod_i\theta_i^{b_i}(1-\theta_i)^{1-b_i}` of states of independent bits.

    Parameters
    ----------
    states : array, shape ``(n, D)``
        Zeros and ones.
    theta : array, shape ``(D,)``
        Strictly between 0 and 1.

    Returns
    -------
    array, shape ``(n,)``

    Raises
    ------
    ValueError
        If a state is neither 0 nor 1, or ``theta`` is out of range.
    """
    theta = require_probabilities("theta", theta)
    states = require_finite_array("states", states, shape=(len(states), len(theta)))
    if not ((states == 0) | (states == 1)).all():
        raise ValueError("states must hold zeros and ones")
    return np.where(states == 1, theta, 1 - theta).prod(-1)


@guarded(cost="function", theta="array D")
def enumerated(cost, theta):
    r"""The exact gradient by enumeration, :math:`\sum_b P(b)\,f(b)\,(b_i-\theta_i)`.

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
        Evaluated at all ``2**D`` states.
    theta : array, shape ``(D,)``
        At most 20 probabilities.

    Returns
    -------
    array, shape ``(D,)``

    Raises
    ------
    ValueError
        If ``theta`` is out of range, or the cost does not return one finite number per state.
    """
    theta = require_probabilities("theta", theta)
    states = bit_states(len(theta))
    values = require_finite_array("cost(states)", cost(states), shape=(len(states),))
    return (bit_weights(states, theta) * values) @ (states - theta)


@guarded(terms="function", theta="array D")
def enumerated_terms(terms, reads, theta):
    r"""The exact gradient of a sum of terms, each enumerated over the bits that it reads.

    Parameters
    ----------
    terms : callable, ``(n, D) -> (n, C)``
        The C terms of the cost.
    reads : boolean array, shape ``(C, D)``
        Which bits a term depends on; what it does not read is set to zero.
    theta : array, shape ``(D,)``

    Returns
    -------
    array, shape ``(D,)``

    Raises
    ------
    ValueError
        If shapes do not fit, or a term reads more than 20 bits.
    """
    theta = require_probabilities("theta", theta)
    links, gradient = _links(reads, len(theta)), np.zeros(len(theta))
    for c, mine in enumerate(links):
        inner = bit_states(mine.sum())
        states = np.zeros((len(inner), len(theta)))
        states[:, mine] = inner
        values = require_finite_array("terms(states)", terms(states), shape=(len(states), len(links)))[:, c]
        gradient[mine] += (bit_weights(inner, theta[mine]) * values) @ (inner - theta[mine]) if mine.any() else 0.0
    return gradient


@guarded(cost="function", theta="array D", b="array n D")
def local_expectation(cost, theta, b):
    r"""Local-expectation gradients, :math:`\theta_i(1-\theta_i)\,[f(b_i{=}1,b_{-i})-f(b_i{=}0,b_{-i})]`.

    Parameters
    ----------
    cost : callable, ``(n, D) -> (n,)``
        Evaluated D + 1 times per draw: at the draw, and with each bit turned over.
    theta : array, shape ``(D,)``
    b : array, shape ``(n, D)``
        Draws of the bits.

    Returns
    -------
    array, shape ``(n, D)``
        One gradient per draw.

    Raises
    ------
    ValueError
        If ``theta`` is out of range, shapes do not fit, or the cost is not finite.

    References
    ----------
    :cite:t:`titsias2015local`
    """
    theta = require_probabilities("theta", theta)
    n, d = b.shape
    turned = np.where(np.eye(d, dtype=bool), 1 - b[:, None, :], b[:, None, :])
    here = require_finite_array("cost(b)", cost(b), shape=(n,))
    there = require_finite_array("cost(b)", cost(turned.reshape(-1, d)), shape=(n * d,)).reshape(n, d)
    return theta * (1 - theta) * (here[:, None] - there) * (2 * b - 1)


@guarded(terms="array ... C")
def own_sums(terms, reads):
    r"""For each variable the sum of the terms that read it, :math:`F_i=\sum_{c\,\text{reads}\,i}f_c`.

    Parameters
    ----------
    terms : array, shape ``(..., C)``
        Values of the terms.
    reads : boolean array, shape ``(C, D)``

    Returns
    -------
    array, shape ``(..., D)``

    Raises
    ------
    ValueError
        If shapes do not fit, or a value is not finite.
    """
    terms, links = require_finite_array("terms", terms, 1), np.asarray(reads)
    if links.dtype != bool or links.ndim != 2 or len(links) != terms.shape[-1]:
        raise ValueError(f"reads must be a boolean array ({terms.shape[-1]}, D), got {links.dtype} {links.shape}")
    return terms @ links


@guarded(terms="array ... N C", scores="array ... N D")
def own_leave_one_out(terms, reads, scores):
    r"""Leave-one-out gradients in which each variable hears only the terms that read it.

    .. math:: \frac1{N-1}\sum_n(F_{i,n}-\bar F_i)\,s_{i,n},\qquad F_i=\sum_{c\,\text{reads}\,i}f_c

    Parameters
    ----------
    terms : array, shape ``(..., N, C)``
        Values of the C terms at N draws, N at least 2.
    reads : boolean array, shape ``(C, D)``
        Which term depends on which variable.
    scores : array, shape ``(..., N, D)``
        One score per variable, of any law under which the variables are independent.

    Returns
    -------
    array, shape ``(..., D)``

    Raises
    ------
    ValueError
        If shapes do not fit, a number is not finite, or there are fewer than two draws.
    """
    own = own_sums(terms, reads)
    scores = require_finite_array("scores", scores, shape=own.shape)
    return leave_one_out_gradient(np.moveaxis(own, -1, -2), np.moveaxis(scores, -1, -2)[..., None])[..., 0]
