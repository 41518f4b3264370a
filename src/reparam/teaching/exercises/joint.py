"""Exercises of chapter 5."""

import math

import numpy as np
from scipy.special import log_ndtr, ndtr

from reparam.teaching.grader import Exercise

_Z = np.array([0.8, -1.4, 0.1, 2.2, -0.3])
_DATA = np.array([1.5, -0.2, 3.1, 0.4, 0.9])
_SECOND = np.array([-0.6, 0.7, 1.9, -2.0, 0.2])


def _root(z, rate):
    """The y at which the survival function exp(-rate y) equals that of the noise, by halving an interval."""
    low, high = np.zeros_like(z), np.full_like(z, 40 / rate)
    for _ in range(60):
        middle = (low + high) / 2
        short = np.exp(-rate * middle) > ndtr(-z)
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return (low + high) / 2


def _gradient(z, data, mu, sigma, h=1e-3):
    """Central differences of the loss, exact up to rounding: it is quadratic as long as the order stays."""
    def loss(mu, sigma):
        return np.mean((np.sort(mu + sigma * z) - np.sort(data)) ** 2)

    return ((loss(mu + h, sigma) - loss(mu - h, sigma)) / (2 * h),
            (loss(mu, sigma + h) - loss(mu, sigma - h)) / (2 * h))


def _paired(z, data, mu, sigma):
    residual = mu + sigma * z - data
    return residual, z


def _both(residual, z, factor=2.0, average=np.mean):
    return factor * average(residual), factor * average(residual * z)


def _products(residual, z):
    return 2 * np.mean(residual), 2 * np.mean(residual) * np.mean(z)


def _energy(y, second, t, keep=1.0, power=1.0):
    terms = [abs(a - c) ** power + abs(b - c) ** power - keep * abs(a - b) ** power
             for a, b, c in zip(y, second, t, strict=True)]
    return math.fsum(terms) / (2 * len(terms))


EXERCISES = {
    "transport": Exercise(
        task="the increasing map from N(0, 1) to the exponential law with density rate exp(-rate y).",
        head="transport(z, rate)",
        takes="A NumPy array z (n,) and a positive number; returns an array (n,).",
        reference=_root,
        inputs=((np.array([-2.0, 0.0, 0.9]), 1.0), (np.array([-1.0, 0.3, 0.6]), 2.5)),  # below 1: log(1 - z) must exist
        mistakes=(
            (lambda z, rate: -log_ndtr(z) / rate,
             "the law is right, but this map decreases: use 1 - Phi(z) = Phi(-z) in place of Phi(z)"),
            (lambda z, rate: -log_ndtr(-z) * rate, "the rate divides: its inverse is the mean"),
            (lambda z, rate: -np.log1p(-z) / rate, "the noise is Gaussian, not uniform: apply Phi first"),
            (lambda z, rate: log_ndtr(-z) / rate, "the sign: these numbers are negative"),
            (lambda z, rate: rate * np.exp(log_ndtr(z)), "this is no quantile function: solve F(y) = Phi(z) for y"),
            (lambda z, rate: np.exp(z) / rate, "exp(z) has the log-normal law: solve F(y) = Phi(z) for y"),
            (lambda z, rate: abs(z) / rate,
             "|z| does not increase, and its law is no exponential one: solve F(y) = Phi(z) for y"),
            (lambda z, rate: 1 - np.exp(-rate * z),
             "this is the distribution function; the map is its inverse, at Phi(z)"),
            (lambda z, rate: rate * np.exp(-rate * z),
             "this is the density; the map inverts the distribution function, at Phi(z)"),
            (lambda z, rate: ndtr(z) / rate,
             "Phi(z) is uniform: the inverse of the distribution function is still to come"),
        ),
    ),
    "pairing_gradient": Exercise(
        task="the gradient with respect to (mu, sigma) of mean((y_(i) - t_(i))^2), y = mu + sigma z and the data"
             " t sorted.",
        head="pairing_gradient(z, data, mu, sigma)",
        takes="NumPy arrays z, data (n,) in any order, and two numbers; returns two numbers.",
        reference=_gradient,
        inputs=((_Z, _DATA, 0.3, 0.7), (_Z[:4], _DATA[1:], -1.0, 2.0)),
        mistakes=(
            (lambda *a: _both(*_paired(*a)), "nothing is sorted: draws are paired with data as they come"),
            (lambda z, t, mu, sigma: _both(*_paired(z, np.sort(t), mu, sigma)), "only the data are sorted"),
            (lambda z, t, mu, sigma: _both(np.sort(mu + sigma * z) - np.sort(t), z),
             "the derivative by sigma pairs the residual of y_(i) with another draw's noise: sort z as well"),
            (lambda z, t, mu, sigma: _both(*_paired(np.sort(z), np.sort(t), mu, sigma), average=np.sum),
             "this is the sum over pairs; the loss is their mean"),
            (lambda z, t, mu, sigma: _both(*_paired(np.sort(z), np.sort(t), mu, sigma), factor=1.0),
             "the factor 2 of the square's derivative is missing"),
            (lambda z, t, mu, sigma: _both(*_paired(np.sort(z), np.sort(t), mu, sigma), factor=-2.0),
             "the sign: this is the direction of descent, the gradient points uphill"),
            (lambda z, t, mu, sigma: _products(np.sort(mu + sigma * z) - np.sort(t), np.sort(z)),
             "the product of two means; the derivative by sigma is the mean of the products"),
            (lambda z, t, mu, sigma: _both(np.sort(mu + sigma * z) - np.sort(t)[::-1], np.sort(z)),
             "one of the two is sorted downwards: the smallest draw goes with the smallest datum"),
            (lambda z, t, mu, sigma: _both(np.sort(mu + sigma * z) - np.sort(t), np.sort(mu + sigma * z)),
             "the derivative of y by sigma is z, not y"),
            (lambda z, t, mu, sigma: _both(np.sign(np.sort(mu + sigma * z) - np.sort(t)), np.sort(z), factor=1.0),
             "this is the gradient for absolute values; the loss has squares"),
        ),
        tol=1e-7,
    ),
    "energy": Exercise(
        task="the mean over the data of the energy score with exponent 1, from two draws per datum.",
        head="energy(first, second, data)",
        takes="NumPy arrays (n,); returns a number.",
        reference=_energy,
        inputs=((_Z, _SECOND, _DATA), (_Z[:3], _SECOND[2:], _DATA[1:4])),
        mistakes=(
            (lambda *a: _energy(*a, keep=0.0), "the distance of the two draws is forgotten: subtract half of it"),
            (lambda *a: _energy(*a, keep=2.0), "the distance of the two draws counts half"),
            (lambda *a: _energy(*a, keep=-1.0), "the sign: the distance of the two draws is subtracted"),
            (lambda *a: 2 * _energy(*a), "twice the score: both terms carry a factor 1/2"),
            (lambda *a: _energy(*a, power=2.0), "squares where absolute values belong: this score is blind to sigma"),
            (lambda *a: len(a[0]) * _energy(*a), "this is the sum over data; their mean is asked for"),
            (lambda y, second, t: np.mean(np.abs(y - t) - 0.5 * np.abs(y - second)),
             "unbiased, but it uses the second draw only half: average |y - t| and |y' - t|"),
            (lambda y, second, t: np.mean(abs((y + second) / 2 - t) - 0.5 * abs(y - second)),
             "the two draws were averaged before the distance: average the two distances"),
            (lambda y, second, t: np.mean(abs(np.stack([y, second])[..., None] - t)) - 0.5 * np.mean(abs(y - second)),
             "every draw was compared with every datum: pair them one by one"),
        ),
    ),
}
