"""Every way of compare has the exact mean, and ways that do not apply are left out."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent, Normal

from reparam.bench import ways
from reparam.bench.given import Law, Parameters, reseed
from reparam.estimators import prices

ROUNDS = 300


def mean_of(way, task, tensors, n=8):
    grads = []
    for k in range(ROUNDS):
        reseed(k)
        grads.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(way(task, n), tensors)]))
    return torch.stack(grads)


@pytest.mark.parametrize("way", [ways.by_path, ways.by_mirrored_paths, ways.by_score, ways.by_score_and_others])
def test_ways_for_a_loss_have_its_slope(problem, way):
    task = ways.Task(Law(problem.law, Parameters(problem.parameters)), problem.loss)
    draws = mean_of(way, task, problem.parameters)
    # mean loss (mu - 2)^2 + sigma^2 at mu .5, sigma^2 e^-.6
    exact = torch.tensor([-3.0, 2 * 0.5488116], dtype=torch.float64)
    error = draws.std(0) / ROUNDS**0.5
    assert ((draws.mean(0) - exact).abs() < 5 * error + 1e-9).all()


@pytest.mark.parametrize("way", [ways.by_path, ways.by_path_alone, ways.by_path_and_entropy, ways.by_mirrored_paths,
                                 ways.by_score, ways.by_score_and_others])
def test_ways_for_an_elbo_have_its_slope(problem, way):
    def joint(z):
        return -0.5 * z**2
    task = ways.Task(Law(problem.law, Parameters(problem.parameters)), joint, True)
    draws = mean_of(way, task, problem.parameters)
    # -ELBO = (mu^2 + sigma^2) / 2 - log sigma + const
    exact = torch.tensor([0.5, 0.5488116 - 1], dtype=torch.float64)
    assert ((draws.mean(0) - exact).abs() < 5 * draws.std(0) / ROUNDS**0.5 + 1e-9).all()


@pytest.mark.parametrize("way", [ways.by_enumeration, ways.by_local_expectations, ways.by_score_and_others,
                                 ways.by_score])
def test_ways_for_bits_have_the_slope(way):
    logits = torch.tensor([0.3, -0.5], dtype=torch.float64, requires_grad=True)
    law = Law(lambda: Independent(Bernoulli(logits=logits), 1), Parameters(logits))
    def loss(b):
        return (b[:, 0] - 0.2) ** 2 + b.prod(-1)
    draws = mean_of(way, ways.Task(law, loss), [logits])
    p = torch.sigmoid(logits.detach())
    exact = p * (1 - p) * torch.stack([0.6 + p[1], p[0]])
    assert ((draws.mean(0) - exact).abs() < 5 * draws.std(0) / ROUNDS**0.5 + 1e-9).all()


def test_local_expectations_look_at_each_draw_once_and_at_each_flip():
    logits = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    task = ways.Task(Law(lambda: Independent(Bernoulli(logits=logits), 1), Parameters(logits)), lambda b: b.sum(-1))
    ways.by_local_expectations(task, 4)
    assert task.work == 4 * (1 + 5)


def test_slopes_of_parameters_of_the_loss_are_paid_too(problem):
    inside = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    task = ways.Task(Law(problem.law, Parameters([*problem.parameters, inside])), lambda z: (z - inside) ** 2)
    ways.by_score(task, 4)
    assert task.work == 4 * prices.price(1, 1)


def test_only_what_applies_is_tried(problem):
    gaussian = ways.Task(Law(problem.law, Parameters(problem.parameters)), problem.loss)
    assert set(ways.applicable(gaussian)) == {"pathwise", "antithetic pairs", "score, leave-one-out", "score"}
    p = torch.zeros(3, requires_grad=True)
    bits = ways.Task(Law(lambda: Independent(Bernoulli(logits=p), 1), Parameters(p)), problem.loss)
    assert set(ways.applicable(bits)) == {"enumeration", "local expectations", "score, leave-one-out", "score"}
    assert Normal(0.0, 1.0).has_rsample


@pytest.mark.parametrize("slopes", [True, False], ids=["with slopes", "values"])
def test_an_evaluation_has_the_price_that_the_book_counts_with(problem, slopes):
    task = ways.Task(Law(problem.law, Parameters(problem.parameters)), problem.loss)
    task.cost(torch.zeros(4, dtype=torch.float64), slopes)
    assert task.work == 4 * prices.price(1, int(slopes))
