"""Exercises of chapter 4."""

import numpy as np
import torch

from reparam import derivatives, estimators
from reparam.chapters import reparameterization as chapter
from reparam.chapters.elbo import ConjugateGaussian, SquareModel
from reparam.estimators.bounds import elbo_integrand
from reparam.estimators.values import score_function
from reparam.laws.gaussian import DiagonalGaussian
from reparam.quadrature import integral, normal_nodes
from reparam.teaching.grader import Exercise

_EPS = torch.tensor([[-1.4, 0.3], [-0.2, 1.1], [0.6, -0.7], [2.1, 0.4]], dtype=torch.float64)
_Q = DiagonalGaussian.from_sigma([0.4, -0.8], [0.6, 1.7])


def _over_data(model):
    return lambda z: model.log_joint(z).sum(-1)


def _mean(estimator, log_joint, mu, log_sigma, eps):
    return tuple(g.mean(0) for g in estimator(log_joint, DiagonalGaussian(mu, log_sigma), eps))


def _plain(log_joint, q, eps):
    return estimators.pathwise(log_joint, q, eps)


def _score(log_joint, q, eps):
    return score_function(elbo_integrand(log_joint, q), q, eps)


def _with(log_joint, mu, log_sigma, eps, held):
    """The gradient of the sampled bound with something held fixed inside the difference."""
    live = {"mu": mu.clone().requires_grad_(), "log_sigma": log_sigma.clone().requires_grad_()}
    z = live["mu"] + live["log_sigma"].exp() * eps
    seen = {name: value.detach() if name in held else value for name, value in (*live.items(), ("z", z))}
    q = DiagonalGaussian(seen["mu"], seen["log_sigma"])
    value = (log_joint(seen["z"]) - q.log_density(seen["z"])).mean()
    return torch.autograd.grad(value, tuple(live.values()))


def _per_sigma(log_joint, mu, log_sigma, eps):
    first, second = _mean(estimators.path_derivative, log_joint, mu, log_sigma, eps)
    return first, second / log_sigma.exp()


def _noise(mu, sigma, m, v, weight):
    eps, weights = map(torch.from_numpy, normal_nodes(1))
    draws = estimators.controlled(
        lambda z: -0.5 * ((z - m) / v).square().sum(-1), DiagonalGaussian.from_sigma([mu], [sigma]), eps, weight
    )
    return float(chapter.exact_moments(draws, weights)[1].log_sigma)


def _both(mu, sigma, m, v, power=2):
    return tuple(_noise(mu, sigma, m, v, c) / sigma**power for c in (1, 0))


def _with_fourth(mu, sigma, m, v, factor):
    """Both variances with another number in the place of Var(eps^2) = 2, and the offset term kept or dropped."""
    r, drift = (sigma / v) ** 2, ((mu - m) / v**2) ** 2
    return tuple(drift + factor * (c - r) ** 2 / sigma**2 for c in (1, 0))


def _no_offset(mu, sigma, m, v):
    return _both(m, sigma, m, v)


def _edge(f, theta, z):
    return float(derivatives.derivative(lambda t: integral(f, 0.0, t) / t, theta))



def _grid(theta):
    """Equally weighted draws that integrate the test functions exactly enough: midpoints of many cells."""
    return (np.arange(200_000) + 0.5) * (theta / 200_000)


EXERCISES = {
    "landing": Exercise(
        task="the path-derivative gradients of the bound with respect to mu and log_sigma, averaged over the "
             "draws.",
        head="landing(log_joint, mu, log_sigma, eps)",
        takes="log_joint maps a PyTorch tensor (n, d) to (n,); mu, log_sigma are tensors (d,), eps is a tensor "
              "(n, d), all float64; returns two tensors (d,).",
        reference=lambda *a: _mean(estimators.path_derivative, *a),
        inputs=(
            (_over_data(ConjugateGaussian(1.2, 1.0, 0.8)), _Q.mu, _Q.log_sigma, _EPS),
            (_over_data(SquareModel()), _Q.mu, _Q.log_sigma, _EPS),
            (_over_data(SquareModel()), _Q.mu[:1], _Q.log_sigma[:1], _EPS[:1, :1]),
        ),
        mistakes=(
            (lambda *a: _mean(estimators.total_derivative, *a),
             "this is the total derivative: detach the parameters inside log q, but not inside the path"),
            (lambda *a: _mean(_plain, *a), "the entropy term is forgotten: subtract log q(z)"),
            (lambda *a: tuple(len(a[3]) * g for g in _mean(estimators.path_derivative, *a)),
             "this is the sum over draws; the estimate is their mean"),
            (_per_sigma, "this is the gradient with respect to sigma; asked for is log sigma: multiply by sigma"),
            (lambda *a: tuple(-g for g in _mean(estimators.path_derivative, *a)),
             "the sign: this is the gradient of minus the bound"),
            (lambda *a: _mean(_score, *a),
             "this is the score-function gradient: let the gradient flow through z, not through log q"),
            (lambda *a: _with(*a, held=("z",)), "z was detached: the gradient must flow through the draws"),
            (lambda *a: _with(*a, held=("mu",)), "inside log q both parameters must be detached, not mu alone"),
            (lambda *a: _with(*a, held=("log_sigma",)),
             "inside log q both parameters must be detached, not log_sigma alone"),
        ),
    ),
    "variances": Exercise(
        task="the variances of one draw of the path derivative and of the total derivative with respect to sigma"
             " (not log sigma).",
        head="variances(mu, sigma, m, v)",
        takes="Four numbers: q is N(mu, sigma^2), the posterior N(m, v^2); returns two numbers, path first.",
        reference=_both,
        inputs=((0.3, 0.5, 1.0, 0.8), (-1.0, 1.7, 0.2, 1.1), (0.4, 0.9, 0.1, 2.0)),
        mistakes=(
            (lambda *a: _both(*a, power=0),
             "these are the variances for log sigma; the gradient by sigma is this one over sigma"),
            (lambda *a: _both(*a, power=1), "a gradient divided by sigma has its variance divided by sigma squared"),
            (lambda *a: _both(*a)[::-1], "the two are swapped: first path, then total"),
            (_no_offset, "the term in (mu - m)^2 is forgotten: the slope at mu is multiplied by eps"),
            (lambda *a: _with_fourth(*a, 3), "the variance of eps^2 is 3 - 1 = 2; 3 is its second moment"),
            (lambda *a: _with_fourth(*a, 1), "the variance of eps^2 is 2, not 1"),
            (lambda mu, sigma, m, v: tuple(x + (mu - m) ** 2 * (v**-2 - v**-4) for x in _both(mu, sigma, m, v)),
             "the slope at mu is (mu - m)/v^2, so its square has v^4"),
            (lambda mu, sigma, m, v: tuple((mu - m) ** 2 / v**4 + 2 * (c - sigma / v) ** 2 / sigma**2 for c in (1, 0)),
             "the ratio of the variances belongs here, sigma^2/v^2"),
        ),
    ),
    "edge": Exercise(
        task="the estimate of the derivative in theta of E[f(z)], z uniform on (0, theta), from values of f "
             "alone.",
        head="edge(f, theta, z)",
        takes="f maps numbers and NumPy arrays to the same shape; theta is a positive number, z (n,) are draws; "
              "returns a number.",
        reference=_edge,
        inputs=((np.sin, 1.3, _grid(1.3)), (lambda z: z * z - z, 0.7, _grid(0.7)), (np.cosh, 2.0, _grid(2.0))),
        mistakes=(
            (lambda f, t, z: -f(z).mean() / t,
             "this is the score-function gradient: the moving edge of the support contributes f(theta)/theta"),
            (lambda f, t, z: (f(t) + f(z).mean()) / t, "the sign: the density falls as theta grows"),
            (lambda f, t, z: f(t) - f(z).mean(), "both terms carry the density 1/theta"),
            (lambda f, t, z: (f(t) - f(z)) / t, "one value per draw; the estimate is their mean"),
            (lambda f, t, z: f(t) / t, "the edge alone: inside the support the density falls by 1/theta^2"),
        ),
        tol=1e-7,
    ),
}
