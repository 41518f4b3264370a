"""Candidates are what they say."""

import torch
from torch import nn
from torch.distributions import Bernoulli, Normal, TanhTransform, TransformedDistribution, Uniform

from reparam.bench import candidates
from reparam.bench.given import Law, Parameters
from reparam.bench.measure import Bench
from reparam.bench.steps import Intended, Step


class Run:
    def __init__(self, problem, step, intended):
        p = Parameters(problem.parameters)
        law = Law(problem.law, p)
        self.bench = Bench(Step(step, p, law, 500), Intended(intended, law, 500), p, 0)


def test_changes_of_a_mean_with_draws_that_follow_or_stay(problem):
    def moving(z):
        return z * problem.mu

    run = Run(problem, lambda: problem.law().rsample((500,)), moving)
    moved = [float(d.vector) * d.length for d in run.bench.directions]
    follows = candidates.change(run, moving).mean(0)  # mean mu^2
    held = candidates.explicit(run, moving).mean(0)  # at fixed draws the mean of z, which moves along the piece
    assert abs(follows[0] / moved[0] - (2 * 0.5 + moved[0])) < 0.03
    assert abs(held[0] / moved[0] - (0.5 + moved[0] / 2)) < 0.03
    assert abs(held[1]) < 1e-12


def test_jumps_are_told_from_slopes(problem):
    assert candidates.jumps(Run(problem, lambda: (problem.law().rsample((200,)) > 1).double(), problem.loss).bench)
    assert not candidates.jumps(Run(problem, lambda: problem.law().rsample((200,)) ** 2, problem.loss).bench)


def test_a_rescaled_normal_and_only_that(problem):
    p = Parameters(problem.parameters)
    law = candidates.rescaled(Law(problem.law, p), 0.5)
    torch.testing.assert_close(law().scale, problem.law().scale.sqrt())
    assert candidates.rescaled(Law(lambda: Bernoulli(logits=problem.mu), p), 2.0) is None


def test_edges_and_determinants(problem):
    p = Parameters(problem.parameters)
    assert candidates.edge_moves(Law(lambda: Uniform(0 * problem.mu.detach(), problem.mu), p))
    assert not candidates.edge_moves(Law(problem.law, p))
    law = Law(lambda: TransformedDistribution(problem.law(), TanhTransform(cache_size=1)), p)
    a = torch.tensor([0.3, -0.2], dtype=torch.float64)
    torch.testing.assert_close(candidates.log_det(law)(a), torch.log(1 - a**2))


def test_hidden_modules_and_kept_noise(problem):
    drop, once = nn.Dropout(0.5), torch.ones(3)
    run = Run(problem, lambda: drop(problem.law().rsample((500,))) ** 2, lambda z: z**2)
    assert candidates.noisy_modules(run) == {drop}
    assert abs(candidates.without_noise(run, {drop})).max() < 1e-12
    assert drop.training
    assert not candidates.keeps_noise(run.bench.step)
    assert candidates.keeps_noise(Run(problem, lambda: problem.mu * once, lambda z: z).bench.step)
    assert "log" in candidates.names_used(lambda: problem.mu.log())
    assert Normal(0.0, 1.0).has_rsample
