"""One step of SGVI on Bayesian logistic regression, N = 1000, d = 20, with 1 and with 16 draws."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as npdist
import numpyro.infer
import pyro
import pyro.distributions as dist
import torch
from harness import Contest
from pyro.infer import SVI, Trace_ELBO
from torch.nn.functional import logsigmoid

from reparam import noise
from reparam.derivatives import WithSlope
from reparam.estimators.bounds import total_derivative
from reparam.laws.gaussian import DiagonalGaussian
from reparam.laws.logistic import LogisticRegression

N, D, RATE, STEPS = 1000, 20, 1e-4, 20


def data():
    source = noise.generator("benchmarks/logistic")
    x = source.standard_normal((N, D))
    y = np.where(source.random(N) < 1 / (1 + np.exp(-x @ source.standard_normal(D))), 1.0, -1.0)
    return x, y


def start():
    return np.zeros(D), np.full(D, -1.0)


def noises(k):
    return noise.generator("benchmarks/step").standard_normal((STEPS, k, D))


def by_numpy(signed, eps):
    mu, log_sigma = start()
    for e in eps:
        sigma = np.exp(log_sigma)
        z = mu + sigma * e
        slope = (1 / (1 + np.exp(z @ signed.T))) @ signed - z
        mu, log_sigma = mu + RATE * slope.mean(0), log_sigma + RATE * ((slope * sigma * e).mean(0) + 1)
    return np.concatenate([mu, log_sigma])


def ours(log_joint, eps):
    q = DiagonalGaussian(*map(torch.from_numpy, start()))
    for e in torch.from_numpy(eps):
        g = total_derivative(log_joint, q, e)
        q = DiagonalGaussian(q.mu + RATE * g.mu.mean(0), q.log_sigma + RATE * g.log_sigma.mean(0))
    return torch.cat([q.mu, q.log_sigma]).numpy()


def _by_autograd(z, x):
    z = z.requires_grad_()
    return torch.autograd.grad(logsigmoid(z @ x.T).sum() - 0.5 * (z * z).sum(), z)[0]


def _by_hand(z, x):
    return torch.sigmoid(-z @ x.T) @ x - z


def by_torch(signed, eps, slope_at=_by_autograd):
    """The same step in plain PyTorch, written for this model; nothing is checked."""
    x, (mu, log_sigma) = torch.from_numpy(signed), map(torch.from_numpy, start())
    for e in torch.from_numpy(eps):
        scaled = log_sigma.exp() * e
        slope = slope_at(mu + scaled, x)
        mu, log_sigma = mu + RATE * slope.mean(0), log_sigma + RATE * ((slope * scaled).mean(0) + 1)
    return torch.cat([mu, log_sigma]).numpy()


def with_slope(model, signed):
    """The log joint, whose slope its owner supplies; it is compared with automatic differentiation here, once."""
    return WithSlope(model.log_joint, partial(_by_hand, x=torch.from_numpy(signed)), torch.from_numpy(noises(4)[0]))


def by_loop(log_joint, eps):
    mu, log_sigma = (torch.from_numpy(a).requires_grad_() for a in start())
    for step in torch.from_numpy(eps):
        mu.grad = log_sigma.grad = None
        for e in step:
            z = mu + log_sigma.exp() * e
            ((log_joint(z[None]).sum() + log_sigma.sum()) / len(step)).backward()
        with torch.no_grad():
            mu += RATE * mu.grad
            log_sigma += RATE * log_sigma.grad
    return torch.cat([mu, log_sigma]).detach().numpy()


def by_pyro(signed, k):
    """SVI with Trace_ELBO, particles vectorised, plain gradient steps."""
    x = torch.from_numpy(signed)
    zero, ones = torch.zeros(D, dtype=torch.float64), torch.ones(N, dtype=torch.float64)

    def model():
        z = pyro.sample("z", dist.Normal(zero, 1.0).to_event(1))
        with pyro.plate("data", N):
            logits = z.reshape(-1, D) @ x.T if z.ndim > 1 else x @ z
            pyro.sample("y", dist.Bernoulli(logits=logits), obs=ones)

    def guide():
        mu = pyro.param("mu", lambda: torch.from_numpy(start()[0]))
        log_sigma = pyro.param("log_sigma", lambda: torch.from_numpy(start()[1]))
        pyro.sample("z", dist.Normal(mu, log_sigma.exp()).to_event(1))

    pyro.clear_param_store()
    torch.manual_seed(0)
    elbo = Trace_ELBO(num_particles=k, vectorize_particles=k > 1, max_plate_nesting=1)
    svi = SVI(model, guide, pyro.optim.SGD({"lr": RATE}), elbo)
    for _ in range(STEPS):
        svi.step()
    return torch.cat([pyro.param("mu"), pyro.param("log_sigma")]).detach().numpy()


def by_numpyro(signed, k):
    """SVI with Trace_ELBO, compiled, all steps in one loop of the compiled program."""
    x = jnp.asarray(signed)

    def model():
        z = numpyro.sample("z", npdist.Normal(jnp.zeros(D), 1.0).to_event(1))
        numpyro.sample("y", npdist.Bernoulli(logits=x @ z).to_event(1), obs=jnp.ones(N))

    def guide():
        mu, log_sigma = map(numpyro.param, ("mu", "log_sigma"), map(jnp.asarray, start()))
        numpyro.sample("z", npdist.Normal(mu, jnp.exp(log_sigma)).to_event(1))

    svi = numpyro.infer.SVI(model, guide, numpyro.optim.SGD(RATE), numpyro.infer.Trace_ELBO(num_particles=k))
    state = svi.init(jax.random.PRNGKey(0))
    climb = jax.jit(lambda state: jax.lax.fori_loop(0, STEPS, lambda _, s: svi.update(s)[0], state))

    def work():
        found = svi.get_params(climb(state))
        return np.concatenate([found["mu"], found["log_sigma"]])

    return work


def contests():
    """With 1 and with 16 draws per step."""
    jax.config.update("jax_enable_x64", True)
    x, y = data()
    model, signed, made = LogisticRegression(x, y), y[:, None] * x, []
    known = with_slope(model, signed)
    for k, times, helped in ((1, 4.0, 1.6), (16, 2.5, 1.1)):
        eps = noises(k)
        first = by_numpy(signed, eps)
        runs = (ours(model.log_joint, eps), ours(known, eps), by_torch(signed, eps), by_torch(signed, eps, _by_hand),
                by_loop(model.log_joint, eps))
        if not all(np.allclose(first, last, atol=1e-10) for last in runs):
            raise SystemExit("sgvi_step: the ways to take a step disagree")
        if not np.allclose(first[:D], by_pyro(signed, k)[:D], atol=0.5 if k == 1 else 0.1):
            raise SystemExit("sgvi_step: Pyro goes elsewhere")
        if not np.allclose(first[:D], by_numpyro(signed, k)()[:D], atol=0.5 if k == 1 else 0.1):
            raise SystemExit("sgvi_step: NumPyro goes elsewhere")
        made.append(Contest(
            f"{STEPS} SGVI steps, logistic regression N = {N}, d = {D}, {k} draw{'s' if k > 1 else ''} a step",
            "hand-written NumPy",
            {"hand-written NumPy": lambda eps=eps: by_numpy(signed, eps),
             "helpers of the book": lambda eps=eps: ours(model.log_joint, eps),
             "helpers, slope supplied": lambda eps=eps: ours(known, eps),
             "plain PyTorch, no checks": lambda eps=eps: by_torch(signed, eps),
             "plain PyTorch, slope by hand, no checks": lambda eps=eps: by_torch(signed, eps, _by_hand),
             "NumPyro, compiled": by_numpyro(signed, k),
             "Pyro, Trace_ELBO": lambda k=k: by_pyro(signed, k),
             "loop over draws": lambda eps=eps: by_loop(model.log_joint, eps)},
            aims={"helpers of the book": ("at most", times, "hand-written NumPy"),
                  "helpers, slope supplied": ("at most", helped, "hand-written NumPy")},
            note="NumPy, the helpers and the loop end at the same parameters, to ten digits. NumPyro's time is without "
                 "its compilation.",
        ))
    return made
