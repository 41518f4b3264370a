"""Means and variances of 100,000 single-draw gradients, score function and total derivative, for d = 1, 10, 100."""

import jax
import jax.numpy as jnp
import numpy as np
import pyro
import pyro.distributions as dist
import torch
from harness import Contest
from pyro.distributions.testing.fakes import NonreparameterizedNormal
from pyro.infer import Trace_ELBO

from reparam import noise
from reparam.derivatives import WithSlope
from reparam.estimators.bounds import score_and_total
from reparam.laws.gaussian import DiagonalGaussian
from reparam.moments import stream

N, X, S = 100_000, 1.2, 0.8
LOOP = 200  # draws that the plain loop is asked for; its time is scaled up


def log_joint(z):
    return (-0.5 * z * z - 0.5 * ((X - z) / S) ** 2).sum(-1)


def ours(q, d, log_joint=log_joint):
    source = noise.generator("benchmarks/ours")

    def draw(n):
        score, total = score_and_total(log_joint, q, torch.from_numpy(source.standard_normal((n, d))))
        return *score, *total

    return stream(draw, N, d, order=2)


def slope(z):
    return (X - z) / S**2 - z


def by_torch(q, d):
    """The helpers' formulas in plain PyTorch, one evaluation by automatic differentiation; nothing is checked."""
    source, sigma = noise.generator("benchmarks/torch"), q.sigma
    constant = (q.log_sigma + 0.5 * np.log(2 * np.pi)).sum()

    def draw(n):
        eps = torch.from_numpy(source.standard_normal((n, d)))
        squares, scaled = eps * eps, sigma * eps
        z = (q.mu + scaled).requires_grad_()
        joint = log_joint(z)
        (slope,) = torch.autograd.grad(joint.sum(), z)
        value = (joint.detach() + 0.5 * squares.sum(1) + constant)[:, None]
        return value * eps / sigma, value * (squares - 1), slope, slope * scaled + 1

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


def by_jax(q, d):
    """Both gradients of one draw by jax.grad, vectorised and compiled; NumPy's noise, which is the faster one here."""
    mu, log_sigma = jnp.asarray(q.mu.numpy()), jnp.asarray(q.log_sigma.numpy())

    def joint(z):
        return (-0.5 * z * z - 0.5 * ((X - z) / S) ** 2).sum()

    def log_q(z, mu, log_sigma):
        return (-0.5 * ((z - mu) / jnp.exp(log_sigma)) ** 2 - log_sigma - 0.5 * np.log(2 * np.pi)).sum()

    def along(mu, log_sigma, eps):
        z = mu + jnp.exp(log_sigma) * eps
        return joint(z) - log_q(z, mu, log_sigma)

    def scored(mu, log_sigma, eps):
        z = jax.lax.stop_gradient(mu + jnp.exp(log_sigma) * eps)
        return jax.lax.stop_gradient(joint(z) - log_q(z, mu, log_sigma)) * log_q(z, mu, log_sigma)

    def one(eps):
        return jnp.concatenate([g for f in (scored, along) for g in jax.grad(f, (0, 1))(mu, log_sigma, eps)])

    block = max(1, 32_768 // d)

    @jax.jit
    def sums(eps):
        g = jax.vmap(one)(eps)
        return g.sum(0), (g * g).sum(0)

    source, blocks = noise.generator("benchmarks/jax"), -(-N // block)

    def work():
        drawn = (sums(source.standard_normal((block, d))) for _ in range(blocks))
        first, second = (sum(np.asarray(x) for x in part) for part in zip(*drawn, strict=True))
        n = block * blocks
        mean = first / n
        return mean, (second / n - mean**2) * n / (n - 1)

    return work


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
    jax_mean, jax_variance = by_jax(q, d)()
    if not np.all(abs(jax_mean - mean) <= 8 * np.sqrt((variance + jax_variance) / N)):
        raise SystemExit("draws: JAX and the helpers disagree")
    known = WithSlope(log_joint, slope, noise.normal("benchmarks/known", 4, d))
    for way in (by_torch(q, d), ours(q, d, known)):
        its = np.concatenate([part.mean for part in way])
        if not np.all(abs(its - mean) <= 8 * np.sqrt(2 * variance / N)):
            raise SystemExit("draws: the ways in PyTorch disagree")
    near = np.all(abs(my_mean - mean) <= 8 * np.sqrt(2 * variance / N))
    if not (near and np.allclose(my_variance, variance, rtol=0.2)):
        raise SystemExit("draws: NumPy and the helpers disagree")
    if not np.all(abs(rival - mean) <= 8 * np.sqrt((variance + rival_variance) / N)):
        raise SystemExit("draws: Pyro and the helpers disagree")


def contests():
    """One contest per dimension."""
    jax.config.update("jax_enable_x64", True)
    made = []
    for d, times in ((1, 1.25), (10, 1.4), (100, 1.5)):
        q = DiagonalGaussian.from_sigma([0.3] * d, [0.7] * d)
        agree(q, d)
        known = WithSlope(log_joint, slope, noise.normal("benchmarks/known", 4, d))
        made.append(Contest(
            f"means and variances of {N:,} gradients, d = {d}", "hand-written NumPy",
            {"hand-written NumPy": lambda q=q, d=d: by_numpy(q, d),
             "helpers of the book": lambda q=q, d=d: ours(q, d),
             "helpers, slope supplied": lambda q=q, d=d, known=known: ours(q, d, known),
             "plain PyTorch, no checks": lambda q=q, d=d: by_torch(q, d),
             "JAX, jit of vmap of grad": by_jax(q, d),
             "Pyro, parameters per draw": lambda q=q, d=d: by_pyro(q, d),
             "loop over draws": lambda q=q, d=d: by_loop(q, d)},
            aims={"helpers of the book": ("at most", times, "hand-written NumPy"),
                  "Pyro, parameters per draw": ("at least", 5.0, "helpers of the book")},
            scale={"loop over draws": N / LOOP},
            note=f"The loop ran {LOOP} draws; its time is scaled up. JAX's time is without its compilation.",
        ))
    return made
