"""Exercises of chapter 2."""

import math

import numpy as np

from reparam.chapters import elbo as chapter
from reparam.teaching.grader import Exercise


def _kl(mu, sigma, m, s):
    return chapter.kl(chapter.normal_density(mu, sigma), chapter.normal_density(m, s).log)


def _closed(mu, sigma, m, s, entropy=True):
    return math.log(s / sigma) * entropy + (sigma**2 + (mu - m) ** 2) / (2 * s**2) - 0.5 * entropy


def _terms(log_joint, log_q, z):
    return log_joint(z) - log_q(z)


_Z = np.array([-1.3, -0.2, 0.4, 0.9, 2.1])
_MODEL = chapter.ConjugateGaussian(0.8, 1.3, 0.6)
_ESTIMATE = (
    (_MODEL.log_joint, chapter.normal_density(0.3, 0.7).log, _Z),
    (_MODEL.log_joint, chapter.normal_density(-1.0, 1.9).log, _Z[:3]),
)

EXERCISES = {
    "kl": Exercise(
        task="the divergence KL[N(mu, sigma^2) ‖ N(m, s^2)] in nats.",
        head="kl(mu, sigma, m, s)",
        takes="Four numbers, sigma and s positive standard deviations; returns a number.",
        reference=_kl,
        inputs=((0.0, 1.0, 0.0, 1.0), (0.7, 0.5, -0.2, 1.4), (-1.0, 2.0, 0.5, 0.8)),
        mistakes=(
            (lambda mu, sigma, m, s: _kl(m, s, mu, sigma),
             "this is KL with the two laws swapped; the first argument is the one averaged over"),
            (lambda mu, sigma, m, s: -_kl(mu, sigma, m, s), "the sign: KL is E_q[log q - log p], never negative"),
            (lambda *a: _kl(*a) + 0.5, "a constant -1/2 is missing: at q = p the divergence must be 0"),
            (lambda *a: _closed(*a, entropy=False), "the entropy of q is forgotten: log(s/sigma) - 1/2 is missing"),
            (lambda mu, sigma, m, s: math.log(s / sigma) + (sigma + (mu - m) ** 2) / (2 * s) - 0.5,
             "the standard deviations stand where the variances belong: square sigma and s"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) - 2 * math.log(s / sigma),
             "the logarithm is upside down: it is log(s/sigma)"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, mu, s), "the difference of the means is forgotten"),
            (lambda mu, sigma, m, s: 2 * _kl(mu, sigma, m, s) - math.log(s / sigma) + 0.5,
             "the squares are divided by 2 s^2, not by s^2"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) - ((mu - m) / s) ** 2,
             "the sign of the squared difference of the means: it is added"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) + math.log(s / sigma),
             "log(s^2/sigma^2) carries a factor 1/2; log(s/sigma) does not"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) - 0.5 * math.log(s / sigma),
             "the factor 1/2 has caught the logarithm too: log(s/sigma) stands whole"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) + (1 / math.log(2) - 1) * math.log(s / sigma),
             "the base of the logarithm: log2 where the natural one is asked for"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, m, s) + (1 / math.log(10) - 1) * math.log(s / sigma),
             "the base of the logarithm: log10 where the natural one is asked for"),
            (lambda mu, sigma, m, s: _kl(mu, sigma, 0.0, 1.0),
             "this is the divergence from N(0, 1): m and s are not used"),
        ),
    ),
    "estimate": Exercise(
        task="the Monte Carlo estimate of the ELBO from draws z of q.",
        head="estimate(log_joint, log_q, z)",
        takes="Two functions from NumPy arrays (n,) to (n,), and draws z (n,); returns a number.",
        reference=lambda *a: math.fsum(_terms(*a)) / len(a[2]),
        inputs=_ESTIMATE,
        mistakes=(
            (lambda *a: _terms(*a).sum(), "this is the sum over draws; the estimate is their mean"),
            (lambda p, q, z: p(z).mean(), "the entropy term is forgotten: subtract log q(z)"),
            (lambda *a: -_terms(*a).mean(), "the sign: this is minus the bound"),
            (lambda p, q, z: np.mean(np.exp(q(z)) * _terms(p, q, z)),
             "q is counted twice: the draws already come from q, so they must not be weighted by it"),
            (lambda *a: _terms(*a), "one value per draw; the estimate is their mean"),
            (lambda p, q, z: np.mean(p(z) + q(z)), "the sign of the entropy term: log q is subtracted"),
            (lambda *a: np.log(np.mean(np.exp(_terms(*a)))),
             "this is the log of the mean weight, a tighter bound; the ELBO is the mean of the log weights"),
            (lambda p, q, z: np.mean(np.exp(p(z)) - np.exp(q(z))),
             "the densities were subtracted; the bound averages logarithms"),
            (lambda p, q, z: np.mean(p(z) / q(z)),
             "the logarithms were divided; the log of a quotient is a difference"),
            (lambda p, q, z: p(z.mean()) - q(z.mean()),
             "evaluated at the mean of the draws: evaluate at each draw, then average"),
            (lambda p, q, z: np.median(_terms(p, q, z)), "the median has another expectation: take the mean"),
        ),
    ),
}
