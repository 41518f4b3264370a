"""Exercises of the chapter on several draws inside the logarithm."""

import math

import numpy as np

from reparam.teaching.grader import Exercise

_W = np.array([[-1.0, 0.3, -2.2], [0.4, 0.1, 1.9]])
_B = np.array([[0.5, -1.0, 2.0], [1.5, 0.7, -0.3]])
_LOW = np.array([[-743.0, -742.2], [-742.1, -743.9]])  # exp of these is finite, with hardly a digit


def _shares(log_w):
    """Group by group, with exactly rounded sums."""
    return np.array([[1 / math.fsum(math.exp(other - own) for other in row) for own in row] for row in log_w])


def _doubly(log_w, b):
    return np.array([math.fsum(s * s * x for s, x in zip(*pair, strict=True))
                     for pair in zip(_shares(log_w), b, strict=True)])


def _underflow(log_w, b):
    with np.errstate(all="ignore"):
        return ((np.exp(log_w) / np.exp(log_w).sum(1, keepdims=True)) ** 2 * b).sum(1)


def _rest(log_w):
    """By the logarithm of what is left, weight by weight."""
    return np.array([[math.log(math.fsum(math.exp(w - own) for w in row))
                      - math.log(math.fsum(math.exp(w - own) for j, w in enumerate(row) if j != k)) - share
                      for k, (own, share) in enumerate(zip(row, shares, strict=True))]
                     for row, shares in zip(log_w, _shares(log_w), strict=True)])


EXERCISES = {
    "doubly": Exercise(
        task="the doubly reparameterized gradients, one per group.",
        head="doubly_by_hand(log_w, b)",
        takes="NumPy arrays (n, K): log weights, and path derivatives of each; returns an array (n,).",
        reference=_doubly,
        inputs=((_W, _B), (_LOW, _B[:, :2]), (_W[:1], _B[1:])),
        mistakes=(
            (lambda w, b: (_shares(w) * b).sum(1), "this weighs by the share once; that is the biased one. Square it"),
            (_underflow,
             "the weights underflow: subtract the largest log weight of each group first"),
            (lambda w, b: (_shares(w) ** 2 * b).mean(1), "this is a mean over the draws; asked for is the sum"),
            (lambda w, b: (_shares(w.T).T ** 2 * b).sum(1), "the shares run over groups, not over the K draws"),
            (lambda w, b: _shares(w) ** 2 * b, "one number per draw; asked for is their sum, one per group"),
        ),
    ),
    "rest": Exercise(
        task="what multiplies the scores, -log(1 - share) - share, for each weight.",
        head="rest(log_w)",
        takes="A NumPy array (n, K) of log weights; returns an array (n, K).",
        reference=_rest,
        inputs=((_W,), (_LOW,), (_W[:, :2],)),
        mistakes=(
            (lambda w: -_rest(w), "the sign: the bracket is never negative"),
            (lambda w: -np.log1p(-_shares(w)), "the share itself, -w, is missing: phi also stands inside the weights"),
            (lambda w: 0.5 * _shares(w) ** 2, "this is the first term of its series; the others are missing"),
            (lambda w: -np.log1p(-_shares(w)) + _shares(w), "the sign of the last term: the share is subtracted"),
        ),
    ),
}
