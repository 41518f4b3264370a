"""Means and variances of 100,000 single-draw gradients, score function and total derivative, for d = 1, 10, 100.

The total derivative is computed as the analytic-entropy gradient, to which it is equal draw by draw.
"""

import numpy as np
import pyro
import pyro.distributions as dist
import torch
from harness import Contest
from pyro.distributions.testing.fakes import NonreparameterizedNormal
from pyro.infer import Trace_ELBO

from reparam import noise
from reparam.estimators.bounds import analytic_entropy, elbo_integrand
from reparam.estimators.values import score_function
from reparam.laws.gaussian import DiagonalGaussian
from reparam.moments import stream

N, X, S = 100_000, 1.2, 0.8
LOOP = 200  # draws that the plain loop is asked for; its time is scaled up


def log_joint(z):
    return (-0.5 * z * z - 0.5 * ((X - z) / S) ** 2).sum(-1)


def ours(q, d):
    source, cost = noise.generator("benchmarks/ours"), elbo_integrand(log_joint, q)

    def draw(n):
        eps = torch.from_numpy(source.standard_normal((n, d)))
        return (*score_function(cost, q, eps), *analytic_entropy(log_joint, q, eps))

    return stream(draw, N, d, order=2)


def by_numpy(q, d):
    """The same sums, with slope and score derived and written by hand, in blocks."""
    source = noise.generator("benchmarks/numpy")
    mu, log_sigma, sigma = q.mu.numpy(), q.log_sigma.numpy(), q.sigma.numpy()
    constant = log_sigma.sum() + 0.5 * d * np.log(2 * np.pi)
    first, second = np.zeros(4 * d), np.zeros(4 * d)
    block = max(1, 32_768 // d)
    for start in range(0, N, block):
        eps = source.standard_normal((min(block, N - start), d))
        z = mu + sigma * eps
        squares = eps * eps
        value = (-0.5 * z * z - 0.5 * ((X - z) / S) ** 2 + 0.5 * squares).sum(1) + constant
        slope = (X - z) / S**2 - z
        score = value[:, None] * eps / sigma, value[:, None] * (squares - 1)
        g = np.concatenate([*score, slope, slope * sigma * eps + 1], axis=1)
        first += g.sum(0)
        second += np.einsum("ij,ij->j", g, g)
    mean = first / N
    return mean, (second / N - mean**2) * N / (N - 1)


def by_pyro(q, d):
    """Trace_ELBO with the parameters expanded per draw, so that each draw keeps its own gradient; in blocks."""
    first, second = torch.zeros(4 * d, dtype=torch.float64), torch.zeros(4 * d, dtype=torch.float64)
    block = max(1, 32_768 // d)

    def model(n):
        with pyro.plate("draws", n):
            zero = torch.zeros(n, d, dtype=torch.float64)
            z = pyro.sample("z", dist.Normal(zero, 1.0).to_event(1))
            pyro.sample("x", dist.Normal(z, S).to_event(1), obs=zero + X)

    for start in range(0, N, block):
        n = min(block, N - start)
        parts = []
        for path in (False, True):
            mu = q.mu.expand(n, d).clone().requires_grad_()
            log_sigma = q.log_sigma.expand(n, d).clone().requires_grad_()

            def guide(n, mu=mu, log_sigma=log_sigma, path=path):
                with pyro.plate("draws", n):
                    law = dist.Normal if path else NonreparameterizedNormal
                    pyro.sample("z", law(mu, log_sigma.exp()).to_event(1))

            loss = Trace_ELBO().differentiable_loss(model, guide, n)
            parts += [-g for g in torch.autograd.grad(loss, [mu, log_sigma])]
        g = torch.cat(parts, dim=1)
        first += g.sum(0)
        second += (g * g).sum(0)
    mean = first / N
    return mean.numpy(), ((second / N - mean**2) * N / (N - 1)).numpy()


def by_loop(q, d):
    """One draw, one backward pass, for both estimators."""
    source, grads = noise.generator("benchmarks/loop"), []
    mu, log_sigma = q.mu.clone().requires_grad_(), q.log_sigma.clone().requires_grad_()
    for _ in range(LOOP):
        eps, row = torch.from_numpy(source.standard_normal(d)), []
        for path in (False, True):
            mu.grad = log_sigma.grad = None
            z = mu + log_sigma.exp() * eps
            if path:
                (log_joint(z) + log_sigma.sum()).backward()
            else:
                z = z.detach()
                ((log_joint(z) - q.log_density(z)) * DiagonalGaussian(mu, log_sigma).log_density(z)).backward()
            row += [mu.grad.clone(), log_sigma.grad.clone()]
        grads.append(torch.cat(row))
    return torch.stack(grads).mean(0), torch.stack(grads).var(0)


def agree(q, d):
    """All contestants do the same work: their means agree within noise. Pyro's score-function gradient is another
    estimator of the same mean, so that with Pyro only the means are compared."""
    mine, (mean, variance) = ours(q, d), by_numpy(q, d)
    rival, rival_variance = by_pyro(q, d)
    my_mean, my_variance = (np.concatenate([getattr(part, name) for part in mine]) for name in ("mean", "variance"))
    near = np.all(abs(my_mean - mean) <= 8 * np.sqrt(2 * variance / N))
    if not (near and np.allclose(my_variance, variance, rtol=0.2)):
        raise SystemExit("draws: NumPy and the helpers disagree")
    if not np.all(abs(rival - mean) <= 8 * np.sqrt((variance + rival_variance) / N)):
        raise SystemExit("draws: Pyro and the helpers disagree")


def contests():
    """One contest per dimension."""
    made = []
    for d in (1, 10, 100):
        q = DiagonalGaussian.from_sigma([0.3] * d, [0.7] * d)
        agree(q, d)
        made.append(Contest(
            f"means and variances of {N:,} gradients, d = {d}", "hand-written NumPy",
            {"hand-written NumPy": lambda q=q, d=d: by_numpy(q, d),
             "helpers of the book": lambda q=q, d=d: ours(q, d),
             "Pyro, parameters per draw": lambda q=q, d=d: by_pyro(q, d),
             "loop over draws": lambda q=q, d=d: by_loop(q, d)},
            aims={"helpers of the book": ("at most", 2.5, "hand-written NumPy"),
                  "Pyro, parameters per draw": ("at least", 5.0, "helpers of the book")},
            scale={"loop over draws": N / LOOP},
            note=f"The loop ran {LOOP} draws; its time is scaled up.",
        ))
    return made
