"""A comparison ends when it is decided, or with its budget."""

import torch
from torch.distributions import Normal

from reparam import bench


def test_too_small_a_budget_is_said(problem):
    def score():
        z = problem.law().sample((3,))
        return (problem.loss(z).detach() * problem.law().log_prob(z)).mean()

    verdict = bench.is_unbiased(score, problem.parameters, problem.law, problem.loss, replicates=50, resolution=0.01)
    assert verdict.right is None
    assert "more draws" in verdict.text or "heavy" in verdict.text
    assert bench.is_unbiased(score, problem.parameters, problem.law, problem.loss, seconds=-1.0).pattern == "budget"


def test_an_interruption_keeps_what_there_is(problem):
    calls = []

    def step():
        calls.append(1)
        if len(calls) == 150:
            raise KeyboardInterrupt
        return problem.law().sample((8,)).square() * problem.mu

    verdict = bench.is_unbiased(step, problem.parameters, problem.law, lambda z: z**2 * problem.mu)
    assert verdict.text.startswith("interrupted") or verdict.right is False
    assert isinstance(Normal(0.0, 1.0).mean, torch.Tensor)
