"""What `reparam.bench.compare` adds to the passes of the estimators that it compares."""

import torch
from harness import Contest
from torch.distributions import Independent, Normal

from reparam import bench, noise
from reparam.laws.logistic import LogisticRegression

DIMENSION, POINTS, DRAWS, ROUNDS = 10, 300, 16, 40


def by_hand(log_joint, mu, s):
    """The same six estimators in plain PyTorch: each returns a number to be differentiated."""
    def law():
        return Independent(Normal(mu, s.exp()), 1)

    def along(z, q):
        return (q.log_prob(z) - log_joint(z)).mean()

    def total():
        q = law()
        return along(q.rsample((DRAWS,)), q)

    def path():
        z = law().rsample((DRAWS,))
        return along(z, Independent(Normal(mu.detach(), s.exp().detach()), 1))

    def entropy():
        q = law()
        return -log_joint(q.rsample((DRAWS,))).mean() - q.entropy()

    def pairs():
        q = law()
        half = q.rsample((DRAWS // 2,))
        return along(torch.cat([half, 2 * mu - half]), q)

    def scored(others):
        q = law()
        z = q.sample((DRAWS,))
        log_q = q.log_prob(z)
        with torch.no_grad():
            bracket = log_q - log_joint(z)
        return ((bracket - others * bracket.mean()) * log_q).sum() / (DRAWS - others)

    return [total, path, entropy, pairs, lambda: scored(1), lambda: scored(0)]


def contests():
    """All six on a logistic regression."""
    features = noise.normal("benchmarks/compare-features", POINTS, DIMENSION)
    labels = torch.where(features[:, 0] + noise.normal("benchmarks/compare-labels", POINTS) > 0, 1.0, -1.0)
    log_joint = LogisticRegression(features, labels).log_joint
    mu, s = (torch.full((DIMENSION,), x, dtype=torch.float64, requires_grad=True) for x in (0.1, -1.0))

    def passes():
        for estimator in by_hand(log_joint, mu, s):
            for _ in range(ROUNDS):
                torch.autograd.grad(estimator(), [mu, s])

    def compared():
        return bench.compare(None, [mu, s], lambda: Independent(Normal(mu, s.exp()), 1), log_joint=log_joint,
                             draws=DRAWS, rounds=ROUNDS)

    names = {row.way for row in compared().rows}
    assert len(names) == len(by_hand(log_joint, mu, s)), names
    ways = {"the passes alone, by hand": passes, "reparam.bench.compare": compared}
    return [Contest("comparing six estimators", "the passes alone, by hand", ways,
                    {"reparam.bench.compare": ("at most", 1.3, "the passes alone, by hand")},
                    note=f"{ROUNDS} gradients of {DRAWS} draws by each of six estimators, for a logistic regression "
                    f"with {POINTS} points and {DIMENSION} weights.")]
