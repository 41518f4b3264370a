"""Faults of the kinds that people ask about in public, none of them in the chapter, each broken and mended.

And right gradients of many laws, for the count of false alarms. Float32 unless a case says otherwise.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import distributions as D
from torch import nn
from torch.nn import functional as F


@dataclass
class Case:
    """One fault: what the bench must say of it, the two steps, and what the bench is told."""

    name: str
    kind: str
    broken: object
    mended: object
    parameters: object
    law: object = None
    intended: object = None
    options: dict = field(default_factory=dict)


def leaf(*values):
    """A float32 leaf."""
    return torch.tensor(values[0] if len(values) == 1 else values, requires_grad=True)


def scored(law, cost, n, sign=1.0, live=False):
    """A score-function step with the mean cost as baseline."""
    def step():
        z = law().sample((n,))
        c = cost(z)
        c = c - c.mean()
        return sign * ((c if live else c.detach()) * law().log_prob(z)).sum() / (n - 1)
    return step


def gradient_faults():
    """The loss has the right mean, backward leaves something else."""
    a, b = leaf(1.5), leaf(2.0)
    beta, square = lambda: D.Beta(a, b), lambda z: (z - 0.3) ** 2
    yield Case("Beta, sample", "gradient",
               lambda: square(beta().sample((200,))), lambda: square(beta().rsample((200,))),
               [a, b], beta, square)
    conc, heads = leaf(1.0, 2.0, 3.0), torch.tensor([1.0, 0.0, -2.0])
    dirichlet, linear = lambda: D.Dirichlet(conc), lambda z: (z @ heads) ** 2
    yield Case("Dirichlet, detached sum", "gradient",
               lambda: linear((lambda g: g / g.sum(-1, keepdim=True).detach())(D.Gamma(conc, 1.0).rsample((200,)))),
               lambda: linear(dirichlet().rsample((200,))), [conc], dirichlet, linear)
    mu, low = leaf(0.3, -0.5), leaf(0.2, 0.4, -0.3)
    tril = lambda: torch.stack([torch.stack([low[0].exp(), 0 * low[0]]), torch.stack([low[1], low[2].exp()])])
    full, bowl = lambda: D.MultivariateNormal(mu, scale_tril=tril()), lambda z: (z[:, 0] * z[:, 1] - 1) ** 2
    frozen = lambda: D.MultivariateNormal(mu, scale_tril=tril().data)
    yield Case("full covariance, .data", "gradient", lambda: bowl(frozen().rsample((400,))),
               lambda: bowl(full().rsample((400,))), {"mu": mu, "tril": low}, full, bowl)
    logits, pay = leaf(0.1, -0.4, 0.7), torch.tensor([1.0, 0.0, 3.0])
    category, cost = lambda: D.Categorical(logits=logits), lambda k: -pay[k]
    yield Case("policy gradient, sign", "gradient",
               scored(category, cost, 500, -1.0), scored(category, cost, 500), logits,
               category, cost)
    yield Case("policy, rewards alone", "gradient", lambda: cost(category().sample((500,))).mean() + 0 * logits.sum(),
               scored(category, cost, 500), [logits], category, cost)
    yield Case("hard Gumbel-softmax", "gradient",
               lambda: ((F.gumbel_softmax(logits.expand(500, 3), tau=1.0, hard=True) @ pay) ** 2).mean(),
               lambda: (logits.softmax(-1) * pay**2).sum(), [logits], category, lambda k: pay[k] ** 2)
    rate = leaf(0.7)
    poisson, parabola = lambda: D.Poisson(rate.exp()), lambda k: (k - 3.0) ** 2
    yield Case("Poisson without a score", "gradient", lambda: parabola(poisson().sample((500,))).mean() + 0 * rate,
               scored(poisson, parabola, 4000), [rate], poisson, parabola)
    m, s = leaf(0.4), leaf(-0.5)
    normal = lambda: D.Normal(m, F.softplus(s))
    rounded = lambda z: torch.round(2 * z) ** 2
    yield Case("rounding", "gradient", lambda: rounded(normal().rsample((500,))).mean() + 0 * m,
               scored(normal, rounded, 4000), [m, s], normal, rounded)
    tied = lambda z: z * m + z**2
    yield Case("path, explicit part detached", "gradient",
               lambda: (lambda z: z * m.detach() + z**2)(normal().rsample((300,))),
               lambda: tied(normal().rsample((300,))), [m, s], normal, tied)
    net = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 2))
    x = torch.linspace(-1, 1, 15).reshape(5, 3)

    def head(features):
        return D.Independent(D.Normal(features[:, 0], F.softplus(features[:, 1])), 1)

    def unseen():
        with torch.no_grad():
            h = net[:2](x)
        return ((head(net[2](h)).rsample((100,)) - 1) ** 2).sum(-1)

    yield Case("encoder under no_grad", "gradient", unseen,
               lambda: ((head(net(x)).rsample((100,)) - 1) ** 2).sum(-1), net, lambda: head(net(x)),
               lambda z: ((z - 1) ** 2).sum(-1))
    shift = leaf(0.9)
    delayed = lambda: D.TransformedDistribution(D.Exponential(torch.ones(())), D.AffineTransform(shift, 1.0))
    yield Case("shifted support, score", "gradient",
               lambda: (lambda z: (z**2 * D.Exponential(1.0).log_prob(z - shift)).mean())(delayed().sample((1000,))),
               lambda: delayed().rsample((1000,)) ** 2, [shift], delayed, lambda z: z**2)
    t, df = leaf(0.2), leaf(1.5)
    student, soft = lambda: D.StudentT(4 + df.exp(), t, 1.0), lambda z: torch.log1p(z**2)
    yield Case("Student-t, numpy on the way", "gradient",
               lambda: soft(torch.from_numpy(student().rsample((200,)).detach().numpy())) + 0 * t,
               lambda: soft(student().rsample((200,))), [t, df], student, soft)


def objective_faults():
    """The right gradient of another mean."""
    mu, s = leaf(0.4, -0.6), leaf(-0.3, 0.2)
    q = lambda: D.Independent(D.Normal(mu, s.exp()), 1)
    prior = D.Independent(D.Normal(torch.zeros(2), 1.0), 1)
    target = torch.tensor([1.0, -0.5])
    fit = lambda z: D.Normal(z, 0.8).log_prob(target).sum(-1)
    joint = {"log_joint": lambda z: prior.log_prob(z) + fit(z)}

    def bound(kl):
        return lambda: kl() - fit(q().rsample((200,))).mean()

    right = lambda: D.kl_divergence(q(), prior)
    for name, kl in {
        "closed KL with log sigma as log variance": lambda: -0.5 * (1 + s - mu**2 - s.exp()).sum(),
        "KL averaged over dimensions": lambda: right() / 2,
        "KL without its log": lambda: 0.5 * (mu**2 + (2 * s).exp() - 1).sum(),
        "KL without the half": lambda: 2 * right(),
        "KL left out": lambda: 0 * right(),
    }.items():
        yield Case(name, "objective", bound(kl), bound(right), [mu, s], q, None, joint)
    pixels = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
    w = torch.linspace(-1, 1, 10).reshape(2, 5)
    bce = lambda z, how: F.binary_cross_entropy_with_logits(z @ w, pixels.expand(len(z), 5), reduction=how)
    image = {"log_joint": lambda z: prior.log_prob(z) - F.binary_cross_entropy_with_logits(
        z @ w, pixels.expand(len(z), 5), reduction="none").sum(-1)}
    yield Case("reconstruction averaged over pixels", "objective",
               lambda: right() + bce(q().rsample((200,)), "mean"),
               lambda: right() + bce(q().rsample((200,)), "sum") / 200, [mu, s], q, None, image)
    m, v = leaf(0.4), leaf(-0.3)
    one, cost = lambda: D.Normal(m, v.exp()), lambda z: torch.cosh(z - 1)
    draws = lambda f: lambda: cost(f(torch.rand(400), torch.rand(400)))
    yield Case("Box-Muller without the 2", "objective",
               draws(lambda u, t: m + v.exp() * (-torch.log1p(-u)).sqrt() * torch.cos(2 * math.pi * t)),
               draws(lambda u, t: m + v.exp() * (-2 * torch.log1p(-u)).sqrt() * torch.cos(2 * math.pi * t)),
               [m, v], one, cost)
    yield Case("softplus for exp", "objective", lambda: cost(D.Normal(m, F.softplus(v)).rsample((200,))),
               lambda: cost(one().rsample((200,))), [m, v], one, cost)
    yield Case("a clamp that bites", "objective", lambda: cost(D.Normal(m, v.clamp(min=0).exp()).rsample((200,))),
               lambda: cost(one().rsample((200,))), [m, v], one, cost)
    lam = leaf(0.4)
    wait, late = lambda: D.Exponential(lam.exp()), lambda t: (t - 1) ** 2
    yield Case("rate for scale", "objective", lambda: late(-torch.log1p(-torch.rand(400)) * lam.exp()),
               lambda: late(-torch.log1p(-torch.rand(400)) / lam.exp()), [lam], wait, late)
    lap, even = lambda: D.Laplace(m, v.exp()), lambda z: torch.sqrt(1 + (z - 1) ** 2)  # cosh has no variance here
    yield Case("Laplace, sign of u lost", "objective",
               lambda: even(m + v.exp() * torch.log1p(-2 * (torch.rand(400) - 0.5).abs())),
               lambda: even((lambda u: m - v.exp() * u.sign() * torch.log1p(-2 * u.abs()))(torch.rand(400) - 0.5)),
               [m, v], lap, even, {"resolution": 0.3})
    five = lambda: D.Independent(D.Normal(m.expand(5), v.exp()), 1)
    standard, seen = D.Normal(0.0, 1.0), torch.tensor(2.0)
    weights = lambda z: standard.log_prob(z) - one().log_prob(z) + D.Normal(z, 0.5).log_prob(seen)
    tight = lambda z: math.log(5) - torch.logsumexp(weights(z), -1)
    yield Case("mean of logs for log of mean", "objective", lambda: -weights(five().rsample((400,))).mean(-1),
               lambda: tight(five().rsample((400,))), [m, v], five, tight)
    l = leaf(0.6, -0.8)
    soft = lambda x: D.Independent(D.RelaxedBernoulli(torch.tensor(0.8), logits=x), 1)
    curve = lambda z: ((z - 0.3) ** 2).sum(-1)
    yield Case("probabilities for logits", "objective", lambda: curve(soft(torch.sigmoid(l)).rsample((300,))),
               lambda: curve(soft(l).rsample((300,))), [l], lambda: soft(l), curve)
    log_normal = lambda: D.LogNormal(m, v.exp())
    yield Case("LogNormal, its median for its mean", "objective", lambda: (m.exp() - 1) ** 2,
               lambda: (log_normal().rsample((400,)) - 1).square(), [m, v], log_normal, lambda z: (z - 1) ** 2,
               {"resolution": 0.4})
    net = nn.Sequential(nn.Linear(1, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 1))
    net[1].running_mean += 1.0
    calm = lambda z: (F.linear(torch.tanh(F.batch_norm(net[0](z[:, None]), net[1].running_mean, net[1].running_var,
                                                       net[1].weight, net[1].bias)), net[3].weight, net[3].bias)[:, 0]
                      - 1) ** 2
    yield Case("batch norm in training mode", "objective", lambda: (net(one().rsample((200,))[:, None])[:, 0] - 1) ** 2,
               lambda: calm(one().rsample((200,))), [m, v], one, calm)
    data = torch.linspace(-2, 2, 60)
    each = lambda z, x: D.Normal(z[:, None], 1.5).log_prob(x).sum(-1)

    def batch(scale):
        return lambda: (D.kl_divergence(one(), D.Normal(0.0, 1.0)) -
                        scale * each(one().rsample((64,)), data[torch.randperm(60)[:50]]).mean())

    yield Case("B/N for N/B", "objective", batch(50 / 60), batch(60 / 50), [m, v], one, None,
               {"log_joint": lambda z: D.Normal(0.0, 1.0).log_prob(z) + each(z, data)})


def numerical_faults():
    """NaN and infinity, forward and backward."""
    m = leaf(0.2)
    q = lambda: D.Normal(m, 1.0)
    kept = lambda: q().rsample((50, 3)) * (torch.rand(50, 1) > 0.5)
    yield Case("norm of nothing, by hand", "numerical", lambda: kept().square().sum(-1).sqrt(),
               lambda: (kept().square().sum(-1) + 1e-6).sqrt(), [m])
    yield Case("exp of a large log variance", "numerical",
               lambda: (lambda e: e / (1 + e))((200 * q().rsample((50,))).exp()),
               lambda: torch.sigmoid(200 * q().rsample((50,))), [m], None, None, {"resolution": 0.5})
    yield Case("log of a softmax", "numerical",
               lambda: -torch.stack([200 * q().rsample((50,)), torch.zeros(50)]).softmax(0)[1].log(),
               lambda: -torch.stack([200 * q().rsample((50,)), torch.zeros(50)]).log_softmax(0)[1], [m])
    yield Case("power of a negative", "numerical", lambda: q().rsample((50,)) ** 1.5,
               lambda: (q().rsample((50,)) ** 2 + 1) ** 0.75, [m])


def faults():
    """All cases."""
    torch.manual_seed(3)
    return [*gradient_faults(), *objective_faults(), *numerical_faults()]


def right_gradients():
    """Right steps of many laws, as ``(name, loss, parameters, law, intended, options)``."""
    for case in faults():
        if case.kind != "numerical":
            yield case.name, case.mended, case.parameters, case.law, case.intended, case.options
    a, b = leaf(0.8), leaf(0.3)
    positive = {
        "Gamma": lambda: D.Gamma(1 + a.exp(), b.exp()), "Weibull": lambda: D.Weibull(1.0, 1 + a.exp()),
        "Gumbel": lambda: D.Gumbel(a, b.exp()), "Pareto": lambda: D.Pareto(1.0, 9 + a.exp()),
        "Kumaraswamy": lambda: D.Kumaraswamy(1 + a.exp(), 1 + b.exp()), "Uniform": lambda: D.Uniform(-b.exp(), a.exp()),
        "InverseGamma": lambda: D.InverseGamma(9 + a.exp(), 8.0), "Cauchy": lambda: D.Cauchy(a, b.exp()),
        "VonMises's neighbour": lambda: D.TransformedDistribution(D.Normal(a, b.exp()), D.SigmoidTransform()),
    }
    for name, law in positive.items():
        for shape, cost in (("smooth", lambda z: torch.log1p(z**2)), ("kink", lambda z: (z - 1).abs().clamp(max=3))):
            yield f"{name}, {shape}", cost, [a, b], law, None, {}
    for n in (1, 3):
        yield f"{n} draws", lambda n=n: D.Normal(a, b.exp()).rsample((n,)) ** 2, [a, b], lambda: D.Normal(a, b.exp()), (
            lambda z: z**2), {}
