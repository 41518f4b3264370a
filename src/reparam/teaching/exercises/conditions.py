"""Exercises of chapter 7."""

import math

import numpy as np
from scipy.stats import norm

from reparam import quadrature
from reparam.teaching.grader import Exercise


def _window(mu, sigma, low, high):
    """The score-function road: E[1{low < Y < high} (Y - mu) / sigma^2] by quadrature."""
    return quadrature.expectation(
        lambda y: ((y > low) & (y < high)) * (y - mu) / sigma**2, mu, sigma, points=(low, high)
    )


def _edge(mu, sigma, c):
    return math.exp(-0.5 * ((c - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))


def _log_density(y, m, s):
    """The slope of the distribution function Phi((log y - m) / s) by a complex step."""
    h = 1e-30
    z = (np.log(y + 1j * h) - m) / s
    return math.log(math.exp(-0.5 * z.real**2) / math.sqrt(2 * math.pi) * z.imag / h)


EXERCISES = {
    "window": Exercise(
        task="the derivative in mu of P(low < Y < high), Y ~ N(mu, sigma^2).",
        head="window(mu, sigma, low, high)",
        takes="Four numbers, sigma a positive standard deviation; returns a number.",
        reference=_window,
        inputs=((0.3, 0.8, -0.2, 1.1), (-1.0, 0.5, -0.7, 0.6), (2.0, 1.7, -1.0, 1.5)),
        mistakes=(
            (lambda *a: 0.0, "this is the path gradient, which sees no jumps: add height times density at each jump"),
            (lambda *a: -_window(*a), "the sign: moving Y right brings mass in at low and takes it out at high"),
            (lambda mu, sigma, low, high: _window(mu, sigma, low, high) * sigma,
             "a factor 1/sigma is missing: use the density of Y, not of the noise"),
            (lambda mu, sigma, low, high: _edge(mu, sigma, low) + _edge(mu, sigma, high),
             "the cost jumps down at high: that density counts with a minus sign"),
            (lambda mu, sigma, low, high: _edge(mu, sigma, low), "one edge is forgotten: the cost falls at high"),
            (lambda mu, sigma, low, high: _window(mu, sigma, low, high) * -sigma,
             "sign, and a factor 1/sigma: differentiate Phi((high - mu)/sigma) - Phi((low - mu)/sigma) by mu"),
            (lambda mu, sigma, low, high: norm.cdf(high, mu, sigma) - norm.cdf(low, mu, sigma),
             "this is the probability itself; its derivative in mu is asked for"),
            (lambda mu, sigma, low, high: (norm.pdf(low) - norm.pdf(high)) / sigma,
             "the edges are not standardised: the density of Y at c is phi((c - mu)/sigma)/sigma"),
        ),
    ),
    "log_density": Exercise(
        task="the log density at y of exp(m + s z), z ~ N(0, 1).",
        head="log_density(y, m, s)",
        takes="Three numbers, y and s positive; returns a number.",
        reference=_log_density,
        inputs=((1.7, 0.3, 0.8), (0.4, -0.2, 1.3), (5.0, 1.0, 0.5)),
        mistakes=(
            (lambda y, m, s: _log_density(y, m, s) + math.log(s * y),
             "the slope is forgotten: subtract log g'(z), with g'(z) = s y"),
            (lambda y, m, s: _log_density(y, m, s) + 2 * math.log(s * y),
             "the sign of the slope term: stretching thins mass out, so log g'(z) is subtracted"),
            (lambda y, m, s: _log_density(y, m, s) + math.log(y),
             "only s is counted in the slope: the outer exponential stretches too, by y"),
            (lambda y, m, s: _log_density(y, m, s) + math.log(s),
             "only y is counted in the slope: the factor s of the inner map stretches too"),
            (lambda y, m, s: math.exp(_log_density(y, m, s)), "this is the density; its logarithm is asked for"),
            (lambda y, m, s: -0.5 * ((y - m) / s) ** 2 - math.log(s) - 0.5 * math.log(2 * math.pi),
             "this is the Gaussian's own density at y: first find the z that gives y, (log y - m)/s"),
            (lambda y, m, s: _log_density(y, m, s) + 2 * math.log(y),
             "the sign of log y: it is subtracted, like log s"),
            (lambda y, m, s: _log_density(y, m, s) + math.log(y) - y, "log y is subtracted, not y"),
        ),
    ),
}
