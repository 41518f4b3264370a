"""Exercises of chapter 3."""

import math

import numpy as np
import torch

from reparam.chapters import elbo
from reparam.teaching.grader import Exercise


def _by_autograd(log_joint, mu, log_sigma, eps, detach=True):
    """S12 by another road: the gradient of the mean of log q times held-fixed cost, at held-fixed draws."""
    phi = torch.tensor([mu, log_sigma], dtype=torch.float64, requires_grad=True)
    z = torch.as_tensor(mu + math.exp(log_sigma) * eps)
    log_q = -0.5 * ((z - phi[0]) / phi[1].exp()) ** 2 - phi[1] - elbo.HALF_LOG_2PI
    cost = log_joint(z) - (log_q.detach() if detach else log_q)
    (gradient,) = torch.autograd.grad((log_q * cost).mean(), phi)
    return tuple(gradient.numpy())


def _by_hand(log_joint, mu, log_sigma, eps, entropy=1.0, scale=None, less=1.0, power=1, reduce=np.mean):
    """S12 with the places where it can go wrong."""
    sigma = math.exp(log_sigma)
    log_q = -0.5 * eps**2 - log_sigma - elbo.HALF_LOG_2PI
    cost = log_joint(mu + sigma * eps) - entropy * log_q
    return reduce(cost * eps / sigma**power), reduce(cost * (eps**2 - less)) / (1.0 if scale is None else sigma)


def _cost(log_joint, mu, log_sigma, eps):
    return log_joint(mu + math.exp(log_sigma) * eps) + 0.5 * eps**2 + log_sigma + elbo.HALF_LOG_2PI


def _scores(mu, log_sigma, eps):
    return eps / math.exp(log_sigma), eps**2 - 1


def _centred(log_joint, mu, log_sigma, eps):
    """With the mean cost of the draws as a baseline."""
    mean = np.mean(_cost(log_joint, mu, log_sigma, eps))
    return _by_hand(lambda at: log_joint(at) - mean, mu, log_sigma, eps)


def _at(draw, *args):
    """The same with sigma taken for log sigma."""
    log_joint, mu, log_sigma, eps = args
    return draw(log_joint, mu, math.log(abs(log_sigma)), eps)


def _best(values, score):
    """The best constant by another road: least squares of score * values on the score."""
    return np.linalg.lstsq(score[:, None], score * values, rcond=None)[0][0]


_EPS = np.array([-1.7, -0.6, 0.1, 0.8, 1.4, 2.2])
_MODEL, _SQUARE = elbo.ConjugateGaussian(0.8, 1.3, 0.6), elbo.SquareModel(1.5, 0.5)
_VALUES = np.array([1.3, -0.4, 2.2, 0.9, -1.1, 3.0])

EXERCISES = {
    "gradient": Exercise(
        task="the score-function estimate of the ELBO's gradient for q = N(mu, sigma^2): the pair of gradients "
             "in mu and in log sigma, averaged over the draws z = mu + sigma eps.",
        head="gradient(log_joint, mu, log_sigma, eps)",
        takes="log_joint takes and returns NumPy arrays (n,) or tensors; mu, log_sigma are numbers, eps a NumPy "
              "array (n,) of standard normal draws; returns two numbers.",
        reference=_by_autograd,
        inputs=((_MODEL.log_joint, 0.3, -0.4, _EPS), (_MODEL.log_joint, -0.8, 0.5, _EPS[:4]),
                (_SQUARE.log_joint, 0.9, -0.7, _EPS[1:])),
        mistakes=(
            (lambda *a: _by_hand(*a, entropy=0.0), "the entropy term is forgotten: subtract log q(z) from log p(x, z)"),
            (lambda *a: _by_autograd(*a, detach=False),
             "a detach is missing: the gradient also went through log q inside the bracket, which must be held fixed"),
            (lambda *a: _by_hand(*a, scale=True),
             "sigma for log sigma: the score in log sigma is eps^2 - 1, without dividing by sigma"),
            (lambda *a: _by_hand(*a, power=0), "the score in mu is eps / sigma, not eps"),
            (lambda *a: _by_hand(*a, power=2), "the score in mu is eps / sigma, that is (z - mu) / sigma^2"),
            (lambda *a: _by_hand(*a, less=0.0), "the score in log sigma is eps^2 - 1: the -1 comes from -log sigma"),
            (lambda *a: _by_hand(*a, reduce=np.sum), "this is the sum over draws; the estimate is their mean"),
            (lambda *a: tuple(-g for g in _by_hand(*a)), "the sign: this descends; the ELBO is to be maximised"),
            (lambda *a: _by_hand(*a)[::-1], "the two gradients are swapped: first mu, then log sigma"),
            (lambda *a: _at(_by_hand, *a), "the third argument is log sigma, not sigma: take its exponential"),
            (lambda log_joint, mu, log_sigma, eps: tuple(_centred(log_joint, mu, log_sigma, eps)),
             "a baseline was subtracted: that often quiets the estimate, but it is another one than asked for"),
            (lambda f, mu, r, eps: _by_hand(lambda z: f(z) - r - elbo.HALF_LOG_2PI, mu, r, eps),
             "log q lacks its constants, -log sigma - log(2 pi)/2: they change the estimate, though not its mean"),
            (lambda *a: tuple(np.mean(_cost(*a)) * s.mean() for s in _scores(*a[1:])),
             "the product of two means; asked for is the mean of the products"),
            (lambda *a: tuple(s.mean() for s in _scores(*a[1:])),
             "the mean of the scores alone: multiply each by its cost first"),
            (lambda f, mu, r, eps: _by_hand(lambda z: f((z - mu) / math.exp(r)), mu, r, eps),
             "log_joint is evaluated at eps: the draws are z = mu + sigma eps"),
            (lambda *a: (np.mean(_cost(*a) * (a[1] / math.exp(a[2]) + a[3]) / math.exp(a[2])), _by_hand(*a)[1]),
             "the score in mu is (z - mu) / sigma^2: mu was not subtracted"),
        ),
    ),
    "constant": Exercise(
        task="the constant beta that minimises the mean of ((f - beta) s)^2.",
        head="constant(f, s)",
        takes="NumPy arrays (n,): the cost and the score at each draw; returns a number.",
        reference=_best,
        inputs=((_VALUES, _EPS), (_VALUES**2, _EPS**2 - 1), (_VALUES[:4] - 5.0, _EPS[2:])),
        mistakes=(
            (lambda f, s: f.mean(), "the mean of f is a common choice, but not the best: weigh each draw by its s^2"),
            (lambda f, s: (f * s).sum() / s.sum(), "the weights are the squares of the score, not the score itself"),
            (lambda f, s: (f * s**2).mean(), "divide by the mean of s^2: the weights must sum to one"),
            (lambda f, s: -_best(f, s), "the sign: beta is subtracted from f"),
            (lambda f, s: np.cov(f * s, s)[0, 1] / s.var(ddof=1),
             "you subtracted sample means; the task asks for the minimum of the mean square, with nothing subtracted"),
            (lambda f, s: (f * s).mean() / (s**2).mean(),
             "one factor s is missing in the numerator: set the derivative of E[(f - beta)^2 s^2] to zero"),
            (lambda f, s: (f * abs(s)).mean() / abs(s).mean(), "the weight is |s| where s^2 is asked for"),
            (lambda f, s: (f * s**2).mean() / np.var(s), "divide by the mean of s^2; the variance subtracts a mean"),
            (lambda f, s: np.median(f), "this is the median of f: weigh each draw by its s^2"),
        ),
    ),
}
