"""The estimators that compare tries: each builds a number whose gradient is an estimate of the mean's gradient.

A way is a function of a :class:`Task` and a number of draws. It draws its noise from PyTorch's generator.
"""

from dataclasses import dataclass

import torch
from torch.distributions import Bernoulli, Independent, MultivariateNormal, Normal

from reparam.bench.given import Law, per_draw


@dataclass
class Task:
    """A mean to be differentiated: of a loss, or of a negative ELBO if ``log_joint`` is set. Counts evaluations."""

    law: Law
    integrand: object
    log_joint: bool = False
    work: float = 0.0

    def cost(self, z, slopes=True):
        """The loss, or minus the log joint density, of every draw: shape ``(n,)``.

        A slope counts for 0.75 values, be it in the draws or in parameters that the loss has of its own.
        """
        out = per_draw(self.integrand(z), len(z), "log_joint" if self.log_joint else "loss")
        self.work += len(z) * (1.75 if slopes or out.requires_grad else 1)
        return -out if self.log_joint else out

    def bracket(self, z, q):
        """What stands beside the score, without a graph, and what depends on the parameters at fixed draws."""
        cost = self.cost(z, slopes=False)
        explicit = cost.mean() if cost.requires_grad else 0.0
        return cost.detach() + (self.law.log_density(z, q).detach() if self.log_joint else 0.0), explicit


def _draw(q, n):
    with torch.no_grad():
        return (q.sample if hasattr(q, "sample") else q.rsample)((n,))


def by_path(task, n):
    """Slopes along the path, of the cost and of log q in all its arguments: for an ELBO the total derivative."""
    q = task.law()
    z = q.rsample((n,))
    return (task.cost(z) + (task.law.log_density(z, q) if task.log_joint else 0.0)).mean()


def by_path_alone(task, n):
    """Slopes along the path alone: the score of q is left out, which has mean zero (sticking the landing)."""
    q = task.law()
    z = q.rsample((n,))
    held = z.detach().requires_grad_()
    cost = task.cost(held)
    (slope,) = torch.autograd.grad((cost + task.law.log_density(held, q)).sum(), held, retain_graph=True)
    return (slope * z).sum() / n + cost.mean()  # held is no parameter: the last term is the model's own


def by_path_and_entropy(task, n):
    """The entropy of q in closed form, the rest along the path."""
    q = task.law()
    return task.cost(q.rsample((n,))).mean() - q.entropy().sum()


def by_mirrored_paths(task, n):
    """Pathwise, with each draw mirrored at the mean of a normal law."""
    q = task.law()
    half = q.rsample((max(n // 2, 1),))
    z = torch.cat([half, 2 * q.mean - half])
    return (task.cost(z) + (task.law.log_density(z, q) if task.log_joint else 0.0)).mean()


def by_score(task, n):
    """The loss times the score."""
    q = task.law()
    z = _draw(q, n)
    bracket, explicit = task.bracket(z, q)
    return (bracket * task.law.log_density(z, q)).mean() + explicit


def by_score_and_others(task, n):
    """The loss less the mean loss of the other draws, times the score."""
    q = task.law()
    z = _draw(q, n)
    bracket, explicit = task.bracket(z, q)
    return ((bracket - bracket.mean()) * task.law.log_density(z, q)).sum() / (n - 1) + explicit


def by_enumeration(task, n):
    """All states, weighted: no noise at all."""
    q, states = task.law(), task.law.states()
    weights = task.law.log_density(states, q).exp()
    log_q = task.law.log_density(states, q) if task.log_joint else 0.0
    return (weights * (task.cost(states, slopes=False) + log_q)).sum()


def by_local_expectations(task, n):
    """For independent bits: what flipping each coordinate changes, the others as drawn; d + 1 values a draw."""
    q = task.law()
    p, z = q.base_dist.probs if isinstance(q, Independent) else q.probs, _draw(q, n)
    d = z.shape[-1]
    flipped = z.repeat(d, 1, 1)  # (coordinate, draw, d)
    flips = flipped.diagonal(dim1=0, dim2=2)
    flips.copy_(1 - flips)
    drawn, explicit = task.bracket(z, q)
    with torch.no_grad():
        others, _ = task.bracket(flipped.reshape(-1, d), q)
    from_zero_to_one = (others.reshape(d, n).T - drawn[:, None]) * (1 - 2 * z)
    return (from_zero_to_one * p).sum() / n + explicit


def applicable(task):
    """The ways that a task allows, by name; each was tried once."""
    q, law = task.law(), task.law
    inner = q.base_dist if isinstance(q, Independent) else q
    bits = isinstance(inner, Bernoulli) and len(inner.batch_shape) == 1
    paths = {"total derivative" if task.log_joint else "pathwise": by_path}
    if task.log_joint:
        paths |= {"path derivative": by_path_alone, "analytic entropy": by_path_and_entropy}
    if isinstance(inner, (Normal, MultivariateNormal)):
        paths["antithetic pairs"] = by_mirrored_paths
    ways = paths if law.has_path else {}
    if law.states() is not None:
        ways = ways | {"enumeration": by_enumeration}
    return ways | ({"local expectations": by_local_expectations} if bits else {}) | {
        "score, leave-one-out": by_score_and_others, "score": by_score}
