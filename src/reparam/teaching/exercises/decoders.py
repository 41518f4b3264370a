"""Exercises of the chapter on what the decoder says."""

import math

import numpy as np

from reparam.teaching.grader import Exercise

_LEVEL = np.array([0.0, 3.0, 15.0, 16.0])
_NEAR = np.array([0.1, 0.4, 0.8, 0.9])
_FAR = np.array([8.0, -6.0, -7.5, -9.0])  # hundreds of scales away: a difference of these tails is 0 in floating point
_S = np.array([0.05, 0.2, 0.03, 0.4])
_THIN = np.array([0.02, 0.02, 0.02, 0.02])


def _tail(t):
    """The logarithm of the logistic function at t, by its own series far out."""
    return -math.log1p(math.exp(-t)) if t > -30 else t - math.log1p(math.exp(t))


def _one(level, g, s):
    low, high = (level / 17 - g) / s, ((level + 1) / 17 - g) / s
    if level == 0:
        return _tail(high)
    if level == 16:
        return _tail(-low)
    if low > 0:  # the difference of two upper tails, by the larger of them
        return _tail(-low) + math.log1p(-math.exp(_tail(-high) - _tail(-low)))
    return _tail(high) + math.log1p(-math.exp(_tail(low) - _tail(high)))


def _logistic(level, g, s):
    return np.array([_one(*row) for row in np.broadcast(level, g, s)])


def _sigmoid(t):
    with np.errstate(all="ignore"):
        return 1 / (1 + np.exp(-t))


def _difference(level, g, s):
    with np.errstate(all="ignore"):
        top = np.where(level == 16, 1.0, _sigmoid(((level + 1) / 17 - g) / s))
        return np.log(top - np.where(level == 0, 0.0, _sigmoid((level / 17 - g) / s)))


def _inside(level, g, s):
    with np.errstate(all="ignore"):
        return np.log(_sigmoid(((level + 1) / 17 - g) / s) - _sigmoid((level / 17 - g) / s))


def _density(level, g, s):
    t = ((level + 0.5) / 17 - g) / s
    return -np.logaddexp(0, -t) - np.logaddexp(0, t) - np.log(s)


def _floor(lam, s2, rho):
    """The gain of a rate, at its best place and at the floor."""
    def gain(rate):
        return lam / (2 * s2) * -math.expm1(-2 * rate) - rate

    alone = max(0.0, 0.5 * (math.log(lam) - math.log(s2)))
    rate = max(alone, rho)
    return rate, gain(alone) - gain(rate)


EXERCISES = {
    "logistic": Exercise(
        task="the log probability of each level, 0 to 16, under the discretized logistic law.",
        head="log_probability(level, g, s)",
        takes="NumPy arrays (n,): levels, locations and scales; returns an array (n,).",
        reference=_logistic,
        inputs=((_LEVEL, _NEAR, _S), (_LEVEL, _FAR, _THIN), (_LEVEL[:1], _NEAR[1:2], _S[2:3])),
        mistakes=(
            (_difference, "the difference rounds to zero far out: write its logarithm as a sum"),
            (lambda k, g, s: np.log(np.exp(_logistic(k, g, s)) + 1e-8),
             "adding a small number under the logarithm hides the loss of digits, and the gradient with it"),
            (lambda k, g, s: np.log(np.maximum(np.exp(_logistic(k, g, s)), 1e-12)),
             "a probability that is kept from zero is no longer that of the law: write the logarithm as a sum"),
            (_inside,
             "the first and the last level take the tails, and far out the difference rounds to zero"),
            (lambda k, g, s: np.exp(_logistic(k, g, s)), "these are probabilities; asked for are their logarithms"),
            (_density, "this is the log density in the middle of the cell, not the mass of it"),
            (lambda k, g, s: _density(k, g, s) - math.log(17),
             "density times width is an approximation: take the difference of the distribution function"),
            (lambda k, g, s: _logistic(np.clip(k, 1, 15), g, s), "the first and the last level take the tails"),
            (lambda k, g, s: _logistic(k, g, s) / math.log(2), "these are bits; asked for are nats"),
        ),
    ),
    "floor": Exercise(
        task="the rate of the best model under a floor, and what the floor costs the true bound, in nats.",
        head="floor(lam, s2, rho)",
        takes="Three numbers: eigenvalue, noise variance, floor; returns two numbers.",
        reference=_floor,
        inputs=((0.5, 1.0, 0.4), (3.0, 0.2, 0.3), (2.0, 0.5, 1.5)),
        mistakes=(
            (lambda lam, s2, rho: (max(0.0, 0.5 * math.log(lam / s2)), _floor(lam, s2, rho)[1]),
             "this is the rate without a floor"),
            (lambda lam, s2, rho: (rho + max(0.0, 0.5 * math.log(lam / s2)), _floor(lam, s2, rho)[1]),
             "the floor is not added to the rate: the larger of the two is taken"),
            (lambda lam, s2, rho: (max(rho, 0.5 * math.log(1 + lam / s2)), _floor(lam, s2, rho)[1]),
             "half of log(1 + lam/s2) is the capacity of a channel; here lam already contains the noise"),
            (lambda lam, s2, rho: (_floor(lam, s2, rho)[0], rho), "the additional rate also improves the fit, and only "
             "what exceeds the best rate counts"),
            (lambda lam, s2, rho: (rho, _floor(lam, s2, rho)[1]), "a dimension that pays carries more than the floor"),
            (lambda lam, s2, rho: (_floor(lam, s2, rho)[0], max(rho - max(0.5 * math.log(lam / s2), 0.0), 0.0)),
             "the additional rate also improves the fit: subtract that gain"),
            (lambda lam, s2, rho: (_floor(lam, s2, rho)[0], -_floor(lam, s2, rho)[1]),
             "the sign of the cost: a floor never raises the true bound"),
            (lambda lam, s2, rho: (max(rho, math.log(lam / s2)), _floor(lam, s2, rho)[1]),
             "a factor one half is missing: the rate is half a logarithm"),
        ),
    ),
}
