"""A comparison ends when it is decided, or with its budget."""

import pytest
import torch
from torch.distributions import Normal

from reparam import bench
from reparam.bench import run


def test_too_small_a_budget_is_said(problem):
    def score():
        z = problem.law().sample((3,))
        return (problem.loss(z).detach() * problem.law().log_prob(z)).mean()

    verdict = bench.is_unbiased(score, problem.parameters, problem.law, problem.loss, replicates=50, resolution=0.01)
    assert verdict.right is None
    assert "more draws" in verdict.text or "heavy" in verdict.text
    assert bench.is_unbiased(score, problem.parameters, problem.law, problem.loss, seconds=-1.0).pattern == "budget"


@pytest.mark.parametrize(
    ("draws", "looks"), [(4, run.FIRST / 4), (40_000, 5)], ids=["between looks", "within a look"]
)
def test_a_difference_that_was_not_confirmed_in_time_is_not_called_right(problem, monkeypatch, draws, looks):
    def too_large():  # the right value, and a gradient that is 30 % off
        loss = problem.loss(problem.law().rsample((draws,))).mean()
        return loss + 0.3 * (loss - loss.detach())

    asked = []
    monkeypatch.setattr(run.Run, "_spent", lambda self: asked.append(1) or (0.0 if len(asked) <= looks else 1e9))
    verdict = bench.is_unbiased(too_large, problem.parameters, problem.law, problem.loss, draws=draws)
    assert (verdict.right, verdict.pattern) == (None, "budget")
    assert "a difference was seen" in verdict.text
    monkeypatch.undo()
    assert bench.is_unbiased(too_large, problem.parameters, problem.law, problem.loss, draws=draws).kind == "gradient"


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
