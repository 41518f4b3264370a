"""Past the source: what is known of a cost before any machinery, on a cost whose coupling can be turned up."""

import numpy as np

from reparam.estimators import structure
from reparam.estimators.categories import leave_one_out_variance
from reparam.guards import guarded, require_finite_array


@guarded(bits="count", target="number", coupling="number")
def coupled(bits, target, coupling):
    r"""The cost :math:`\sum_i(b_i-t)^2+\kappa\sum_{i<j}b_ib_j`, term by term.

    Parameters
    ----------
    bits : int
        At least 1.
    target, coupling : float
        The numbers t and kappa.

    Returns
    -------
    terms : callable, ``(n, bits) -> (n, C)``
    reads : boolean array, shape ``(C, bits)``

    Raises
    ------
    ValueError
        If there is no bit, or a number is not finite.
    """
    if bits < 1:
        raise ValueError(f"bits must be at least 1, got {bits}")
    require_finite_array("target and coupling", [target, coupling])
    i, j = np.triu_indices(bits, 1)
    one = np.eye(bits, dtype=bool)

    def terms(b):
        return np.concatenate([(b - target) ** 2, coupling * b[:, i] * b[:, j]], axis=1)

    return terms, np.concatenate([one, one[i] | one[j]])


@guarded(terms="function", theta="array D", evaluations="count")
def at_equal_work(terms, reads, theta, evaluations):
    """Exact variances of three estimators of the first logit's gradient, at equal numbers of evaluations of the cost.

    Parameters
    ----------
    terms, reads : callable and array
        As returned by :func:`coupled`.
    theta : array, shape ``(D,)``
        At most 20 probabilities.
    evaluations : int
        Of the whole cost, at least 2.

    Returns
    -------
    dict of str to float
        Local expectations take D + 1 evaluations, of which a budget that is no multiple buys a fraction more.
    """
    states = structure.bit_states(len(theta))
    weights, scores, values = structure.bit_weights(states, theta), (states - theta)[:, :1], terms(states)
    own = structure.own_sums(values, reads)[:, 0]
    local = structure.local_expectation(lambda b: terms(b).sum(1), theta, states)[:, 0]
    spread = weights @ (local - weights @ local) ** 2
    return {
        "all terms": float(leave_one_out_variance(weights, values.sum(1), scores, evaluations)[0]),
        "own terms": float(leave_one_out_variance(weights, own, scores, evaluations)[0]),
        "local expectation": float(spread * (len(theta) + 1) / evaluations),
    }
