"""The pattern of a difference names its cause."""

import pytest
import torch
from torch import nn
from torch.distributions import Normal, TanhTransform, TransformedDistribution, Uniform, kl_divergence

from reparam import bench
from reparam.bench import patterns

PRIOR = Normal(torch.zeros((), dtype=torch.float64), 1.0)


def judged(problem, step, **options):
    options = {"law": problem.law, "intended": problem.loss} | options
    return bench.is_unbiased(step, problem.parameters, **options)


@pytest.mark.parametrize(("entropies", "pattern"), [(0.0, "dropped entropy"), (2.0, "double entropy")])
def test_entropies_are_counted(problem, entropies, pattern):
    def step():
        z = problem.law().rsample((64,))
        return (entropies * problem.law().log_prob(z) - PRIOR.log_prob(z - 2)).mean()

    verdict = judged(problem, step, intended=None, log_joint=lambda z: PRIOR.log_prob(z - 2))
    assert (verdict.kind, verdict.pattern) == ("objective", pattern), verdict


def test_frozen_noise(problem):
    once = torch.tensor([1.3, 0.4, -0.2], dtype=torch.float64)
    assert judged(problem, lambda: problem.loss(problem.mu + problem.log_sigma.exp() * once)).pattern == "frozen noise"
    def seeded():
        return problem.loss(problem.mu + problem.log_sigma.exp() * torch.randn(
            3, generator=torch.Generator().manual_seed(0), dtype=torch.float64))
    assert judged(problem, seeded).pattern == "frozen noise"


def test_jumps_and_missing_paths(problem):
    def hit(z):
        return (z > 1).double() + 0.1 * z
    assert judged(problem, lambda: hit(problem.law().rsample((500,))), intended=hit).pattern == "jump"
    def moving(z):
        return (z - 2) ** 2 + z * problem.mu
    assert judged(problem, lambda: moving(problem.law().sample((500,))), intended=moving).pattern == "no path"
    def held(z):
        return (z - 2) ** 2 + z * problem.mu.detach()
    verdict = judged(problem, lambda: held(problem.law().rsample((500,))), intended=moving)
    assert verdict.pattern == "missing explicit term"


def test_a_moving_edge():
    end = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    def law():
        return Uniform(torch.zeros((), dtype=torch.float64), end)

    def scored():
        z = law().sample((500,))
        return (z**2 * law().log_prob(z)).mean()

    assert bench.is_unbiased(scored, [end], law, lambda z: z**2).pattern == "moving edge"


def test_a_forgotten_jacobian(problem):
    def law():
        return TransformedDistribution(problem.law(), TanhTransform(cache_size=1))

    def step():
        u = problem.law().rsample((64,))
        return problem.law().log_prob(u) + (u.tanh() - 0.5) ** 2

    verdict = judged(problem, step, law=law, intended=None, log_joint=lambda a: -(a - 0.5) ** 2)
    assert verdict.pattern == "forgotten Jacobian", verdict


def test_dropout_is_named(problem):
    drop = nn.Dropout(0.5)
    verdict = judged(problem, lambda: (drop(problem.law().rsample((64,))) - 1) ** 2, intended=lambda z: (z - 1) ** 2)
    assert verdict.pattern == "hidden noise"
    assert "Dropout" in verdict.text
    assert drop.training


def test_the_direction_of_a_divergence_has_no_name_but_is_an_objective(problem):
    verdict = judged(problem, lambda: kl_divergence(PRIOR, problem.law()), intended=None, log_joint=PRIOR.log_prob)
    assert verdict.kind == "objective"
    assert "usual suspects" in verdict.text


def test_surrogates_are_recognised_by_their_names(problem):
    step = type("S", (), {"surrogate": False, "loss": staticmethod(lambda: problem.law().log_prob(1))})
    assert patterns.looks_like_surrogate(step)
    assert callable(patterns.name_fault)
