"""A user's step in every dress, and the mean that was meant."""

import numpy as np
import pytest
import torch
from torch.distributions import Bernoulli, Normal

from reparam.bench import steps
from reparam.bench.given import Faulty, Law, Parameters, Unusable
from reparam.bench.steps import Intended, NotFinite, Step


def test_a_step_may_return_draws_a_scalar_a_pair_a_float_or_nothing(problem):
    def itself():
        problem.loss(problem.law().rsample((8,))).mean().backward()

    def number():
        loss = problem.loss(problem.law().rsample((8,))).mean()
        loss.backward()
        return loss.item()

    def pair():
        loss = problem.loss(problem.law().rsample((8,)))
        return loss.mean(), loss

    def each():
        return problem.loss(problem.law().rsample((8,)))

    ways = [each, lambda: each().mean(), number, itself, pair]
    p = Parameters(problem.parameters)
    grads = [Step(s, p, None, None).gradient(3) for s in ways]
    for found, value in grads:
        torch.testing.assert_close(torch.stack(found), torch.stack(grads[0][0]))
        assert np.isnan(value) or value == pytest.approx(grads[0][1])
    assert np.isnan(grads[3][1])


def test_steps_are_replayed_with_their_seed(problem):
    step = Step(lambda n: problem.law().rsample((n,)), Parameters(problem.parameters), None, 5)
    assert step.value(1) == step.value(1) != step.value(2)
    assert step.again(1)().item() == step.value(1)


def test_wrong_shapes_and_laws_without_a_path_are_faults(problem):
    p = Parameters(problem.parameters)
    with pytest.raises(Faulty):
        Step(lambda: torch.zeros(3, 3), p, None, None).value(0)
    with pytest.raises(Faulty):
        Step(lambda z: z[:, None], p, Law(problem.law, p), 4).value(0)
    with pytest.raises(Faulty):
        Step(problem.loss, p, Law(lambda: Bernoulli(logits=problem.mu), p), 4)
    with pytest.raises(Unusable, match="takes 2"):
        Step(lambda a, b: a, p, None, None)
    with pytest.raises(Unusable, match="tensor"):
        Step(lambda: "no", p, None, None).value(0)


def test_a_nan_stops_at_once(problem):
    step = Step(lambda: problem.law().rsample((8,)).sub(9).log(), Parameters(problem.parameters), None, None)
    with pytest.raises(NotFinite):
        step.gradient(0)


def test_a_graph_from_before_the_step_is_recognised(problem):
    sigma = problem.log_sigma.exp()
    step = Step(lambda: Normal(problem.mu, sigma).rsample((8,)), Parameters(problem.parameters), None, None)
    step.gradient(0)
    assert step.oldest == "ExpBackward0"
    fresh = Step(lambda: problem.law().rsample((8,)), Parameters(problem.parameters), None, None)
    fresh.gradient(0)
    assert fresh.oldest is None
    assert steps.stale(None, 0) is None


def test_few_states_are_summed_and_objects_scored():
    logit = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    p = Parameters(logit)
    exact = Intended(lambda b: (b - 0.2) ** 2, Law(lambda: Bernoulli(logits=logit), p), 10)
    s = float(torch.sigmoid(logit.detach()))
    assert exact.value(0) == pytest.approx(s * 0.64 + (1 - s) * 0.04)
    draws = [float(exact.score_gradient(k, p)[0][0]) for k in range(400)]
    slope = s * (1 - s) * 0.6
    assert abs(np.mean(draws) - slope) < 5 * np.std(draws) / 20


def test_a_number_is_read_off_anything():
    assert steps.number(torch.tensor(2.0, requires_grad=True)) == 2.0
    assert steps.number(3) == 3.0
    assert np.isnan(steps.number(None))
