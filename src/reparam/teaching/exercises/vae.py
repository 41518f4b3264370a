"""Exercises of the chapter on variational autoencoders."""

import math

import numpy as np

from reparam.teaching.grader import Exercise

_MU = np.array([[0.0, 1.2], [-0.7, 0.4]])
_LOG = np.array([[0.0, -0.9], [0.3, -2.0]])
_W = np.array([[-3.0, -120.2], [-1.5, -121.0], [-4.2, -119.5]])
_LOW = np.array([[-743.0, -742.2], [-742.1, -743.9], [-744.2, -743.1]])  # exp of these is finite, with hardly a digit
_EIGEN = np.array([5.0, 3.0, 1.0, 0.6, 0.2])


def _divergence(mu, log_sigma):
    """By the entropy and the cross entropy, element by element."""
    cross = 0.5 * math.log(2 * math.pi) + 0.5 * (mu**2 + np.exp(2 * log_sigma))
    return cross - (log_sigma + 0.5 * math.log(2 * math.pi * math.e))


def _bound(log_w):
    """Image by image, shifted by the largest weight, with exactly rounded sums."""
    tops = log_w.max(0)
    return np.array([t + math.log(math.fsum(np.exp(c - t)) / len(c)) for t, c in zip(tops, log_w.T, strict=True)])


def _noise(values, d):
    s2 = math.fsum(values[d:]) / (len(values) - d)
    return s2, np.array([0.5 * math.log(v) - 0.5 * math.log(s2) for v in values[:d]])


EXERCISES = {
    "divergence": Exercise(
        task="the divergence KL[N(mu, sigma^2) ‖ N(0, 1)] of each dimension.",
        head="divergence(mu, log_sigma)",
        takes="NumPy arrays of one shape (n, d); returns an array of that shape.",
        reference=_divergence,
        inputs=((_MU, _LOG), (_MU[:1], _LOG[1:])),
        mistakes=(
            (lambda m, r: 0.5 * (m**2 + r**2 - 1) - np.log(np.abs(r) + 1e-300),
             "log sigma stands where sigma belongs: exponentiate it first"),
            (lambda m, r: 0.5 * (m**2 + np.exp(r) - 1 - r), "this reads log_sigma as the log of the variance"),
            (lambda m, r: -_divergence(m, r), "the sign: a divergence is never negative"),
            (lambda m, r: _divergence(m, r) + 0.5, "a constant -1/2 is missing: at the prior the divergence must be 0"),
            (lambda m, r: _divergence(m, r).sum(-1), "this is the sum over dimensions; leave one number per dimension"),
            (lambda m, r: 0.5 * ((1 + m**2) * np.exp(-2 * r) - 1) + r,
             "the two laws are swapped: the average runs over N(mu, sigma^2)"),
        ),
    ),
    "bound": Exercise(
        task="the importance-weighted bound of each image.",
        head="bound_of(log_w)",
        takes="A NumPy array (K, n): K log weights of each of n images, some near -743; returns an array (n,).",
        reference=_bound,
        inputs=((_W,), (_LOW,), (_W[:1],)),
        mistakes=(
            (lambda w: np.log(np.exp(w).mean(0)),
             "the weights underflow to zero: subtract the largest log weight first (logsumexp)"),
            (lambda w: w.mean(0), "this is the mean of the logarithms, the ELBO; take the logarithm of the mean"),
            (lambda w: _bound(w) + math.log(len(w)), "this is the sum of weights; subtract log K"),
            (lambda w: _bound(w.T), "the mean runs over images; it belongs over the K draws, the first axis"),
            (lambda w: w.max(0) - math.log(len(w)), "only the largest weight is kept: add the others"),
            (lambda w: _bound(w) + math.log(len(w) / max(len(w) - 1, 1)),
             "divide the sum of the weights by K, not by K - 1"),
            (lambda w: (_bound(w) + math.log(len(w))) / len(w),
             "divide the sum by K inside the logarithm: subtract log K"),
            (lambda w: w.max(0), "this is the largest log weight: the others count too"),
            (lambda w: np.log(np.exp(w).mean(0) + 1e-300),
             "a small number inside the logarithm hides the underflow: subtract the top first"),
        ),
    ),
    "noise": Exercise(
        task="the noise variance s2 of probabilistic PCA with d dimensions, and the average KL of each of them "
             "in nats.",
        head="fit(values, d)",
        takes="A NumPy array (D,) of descending eigenvalues, and a whole number d < D; returns a number and an "
              "array (d,).",
        reference=_noise,
        inputs=((_EIGEN, 2), (_EIGEN, 1), (_EIGEN, 4)),
        mistakes=(
            (lambda v, d: (v[d:].sum(), 0.5 * np.log(v[:d] / v[d:].sum())), "s2 is the mean of the rest, not the sum"),
            (lambda v, d: (v[d:].sum() / len(v), 0.5 * np.log(v[:d] * len(v) / v[d:].sum())),
             "the rest has D - d eigenvalues: divide by that, not by D"),
            (lambda v, d: (v[d:].mean(), np.log(v[:d] / v[d:].mean())), "a factor one half is missing in the KL"),
            (lambda v, d: (v[:d].mean(), 0.5 * np.log(v[:d] / v[:d].mean())),
             "the noise explains the directions that were left out, not those kept"),
            (lambda v, d: (v[d:].mean(), 0.5 * np.log(v[:d])), "the KL compares each eigenvalue with s2: divide by it"),
            (lambda v, d: (v[d:].mean(), 0.5 * np.log(v[:d] / v[d:].mean() - 1)),
             "the eigenvalue itself is divided by s2; s2 is not subtracted first"),
            (lambda v, d: (v[d], 0.5 * np.log(v[:d] / v[d])),
             "s2 is the mean of all that are left out, not the largest of them"),
        ),
    ),
}
