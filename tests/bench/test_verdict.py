"""Right gradients pass, faults are found, and every refusal is a sentence."""

import math
import re

import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical, Cauchy, Gamma, Independent, MultivariateNormal, Normal

from reparam import bench
from reparam.bench.verdict import negative_elbo


def right_steps(problem):
    mu, log_sigma = problem.parameters
    logits = torch.tensor([0.3, -0.4, 0.1], dtype=torch.float64, requires_grad=True)
    shape = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    loc = torch.tensor([0.5, -0.2], dtype=torch.float64, requires_grad=True)
    cov = torch.tensor([[1.0, 0.3], [0.3, 0.5]], dtype=torch.float64)

    def scored(law, loss, n):
        def step():
            z = law().sample((n,))
            cost = loss(z).detach()
            return ((cost - cost.mean()) * law().log_prob(z)).sum() / (n - 1)
        return step

    category, table = lambda: Categorical(logits=logits), torch.tensor([1.0, 0.0, 3.0], dtype=torch.float64)
    return {
        "path": (lambda: problem.loss(problem.law().rsample((64,))), [mu, log_sigma], problem.law, problem.loss),
        "draws": (problem.loss, [mu, log_sigma], problem.law, None),
        "score": (scored(problem.law, problem.loss, 2000), [mu, log_sigma], problem.law, problem.loss),
        "object": (lambda: problem.loss(problem.law().rsample((64,))), [mu, log_sigma], problem.law(), problem.loss),
        "gamma": (lambda z: (z - 1) ** 2, [shape], lambda: Gamma(shape, 1.0), None),
        "category": (scored(category, lambda z: table[z], 2000), [logits], category, lambda z: table[z]),
        "full": (lambda z: (z**2).sum(-1), [loc], lambda: MultivariateNormal(loc, cov), None),
    }


@pytest.mark.parametrize("name", ["path", "draws", "score", "object", "gamma", "category", "full"])
def test_right_gradients_pass(problem, name):
    loss, parameters, law, intended = right_steps(problem)[name]
    verdict = bench.is_unbiased(loss, parameters, law, intended, resolution=0.3)
    assert verdict, verdict
    assert verdict.power <= 0.3
    assert "would have been seen" in verdict.text


def test_what_the_bench_uses_it_puts_back(problem):
    problem.mu.grad = torch.tensor(7.0, dtype=torch.float64)
    state = torch.get_rng_state()
    bench.is_unbiased(problem.loss, problem.parameters, problem.law)
    assert (float(problem.mu.detach()), float(problem.mu.grad), problem.log_sigma.grad) == (0.5, 7.0, None)
    assert torch.equal(state, torch.get_rng_state())


def test_without_an_intention_the_objective_is_not_judged(problem):
    assert "cannot judge" in bench.is_unbiased(lambda: problem.law().rsample((8,)), problem.parameters).text


def test_a_surrogate_is_not_called_wrong(problem):
    def step():
        z = problem.law().sample((500,))
        return (problem.loss(z) * problem.law().log_prob(z)).mean()

    verdict = bench.is_unbiased(step, problem.parameters)
    assert (verdict.right, verdict.pattern) == (None, "surrogate")

    def both():
        z = problem.law().sample((2000,))
        cost = problem.loss(z)
        return ((cost - cost.mean()) * problem.law().log_prob(z)).mean(), cost

    assert bench.is_unbiased(both, problem.parameters, resolution=0.4)


@pytest.mark.parametrize(("step", "pattern"), [
    (lambda p: (lambda: p.loss(p.law().sample((64,)))), "detached"),
    (lambda p: (lambda: -p.loss(p.law().rsample((64,)))), "sign"),
    (lambda p: (lambda: p.loss(p.law().rsample((64,))).sum()), "factor"),
    (lambda p: (lambda: p.loss(Normal(p.mu, (0.5 * p.log_sigma).exp()).rsample((64,)))), "log-variance"),
], ids=["sample", "sign", "sum", "log-variance"])
def test_faults_are_found_and_named(problem, step, pattern):
    verdict = bench.is_unbiased(step(problem), problem.parameters, problem.law, problem.loss)
    assert (verdict.right, verdict.pattern) == (False, pattern), verdict
    assert verdict.kind == ("gradient" if pattern == "detached" else "objective")
    assert "reference" in verdict.table()


def test_float32_is_judged_as_well():
    mu = torch.tensor(0.5, requires_grad=True)
    def law():
        return Normal(mu, 1.0)
    assert bench.is_unbiased(lambda: law().rsample((64,)) ** 2 + 1000, [mu], law, lambda z: z**2 + 1000)
    assert not bench.is_unbiased(lambda: law().sample((64,)) ** 2 + 1000, [mu], law, lambda z: z**2 + 1000)


def test_modules_with_minibatches():
    torch.manual_seed(0)  # the weights of a module are drawn from the global state
    net, data = nn.Linear(3, 4), torch.randn(20, 3, generator=torch.Generator().manual_seed(1))
    def law():
        return Independent(Normal(net(data)[:, :2], net(data)[:, 2:].exp()), 2)
    def loss(z):
        return (z**2).sum((1, 2)) / 20

    def step(scale=1.0):
        x = data[torch.randint(20, (10,))]
        z = Independent(Normal(net(x)[:, :2], net(x)[:, 2:].exp()), 2).rsample((16,))
        return scale * (z**2).sum((1, 2)).mean() / 10

    assert bench.is_unbiased(step, net, law, loss, resolution=0.4)
    assert bench.is_unbiased(lambda: step(0.5), net, law, loss).pattern == "factor"


@pytest.mark.parametrize(("loss", "word", "pattern"), [
    (lambda p: (lambda: p.law().rsample((8,)).sub(9).sqrt()), "NaN from sqrt", "NaN"),
    (lambda p: (lambda: torch.zeros(3, 3) + p.mu), "did .n, 1. meet", "wrong shape"),
    (lambda p: (lambda: 1 / 0), "ZeroDivisionError", "ZeroDivisionError"),
    (lambda p: (lambda: torch.ones(3).mean().backward()), "nothing leads", "detached"),
    (lambda p: (lambda: problem_free(p)), "same number", "no noise"),
], ids=["nan", "shape", "raises", "no graph", "no noise"])
def test_failures_are_sentences(problem, loss, word, pattern):
    verdict = bench.is_unbiased(loss(problem), problem.parameters)
    assert not verdict
    assert verdict.pattern == pattern, verdict
    assert re.search(word, verdict.text)


def problem_free(p):
    return p.mu**2 + p.log_sigma**2


def test_a_step_that_updates_its_parameters_is_refused(problem):
    def step():
        optimizer = torch.optim.SGD(problem.parameters, 0.1)
        loss = problem.loss(problem.law().rsample((8,))).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    with pytest.raises(bench.Unusable, match="changes the parameters"):
        bench.is_unbiased(step, problem.parameters)


def test_messy_models_are_told(problem):
    with pytest.raises(bench.Unusable, match="meta device"):
        bench.is_unbiased(lambda: 0, nn.Linear(2, 1, device="meta"))
    unused = torch.zeros(2, requires_grad=True)
    parameters = {"mu": problem.mu, "unused": unused}
    assert "unused get no gradient" in bench.is_unbiased(lambda: (problem.mu + torch.randn(64)) ** 2, parameters).text

    def interrupted():
        raise KeyboardInterrupt

    assert bench.is_unbiased(interrupted, problem.parameters).pattern == "interrupted"


def test_misuse_raises(problem):
    with pytest.raises(bench.Unusable, match="law"):
        bench.is_unbiased(problem.loss, problem.parameters, intended=problem.loss)
    with pytest.raises(bench.Unusable, match="returns no loss"):
        bench.is_unbiased(lambda: problem.law().rsample().backward(), problem.parameters)
    with pytest.raises(bench.Unusable, match="one number per draw"):
        bench.is_unbiased(lambda: problem.law().rsample((8,)), problem.parameters, problem.law, lambda z: z.mean())


def test_laws_without_rsample_are_told():
    p = torch.zeros(2, requires_grad=True)
    verdict = bench.is_unbiased(lambda b: b.sum(-1), [p], lambda: Bernoulli(logits=p))
    assert "no rsample" in verdict.text


def test_tails_that_are_too_heavy_give_no_verdict():
    x = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)

    def step():  # a mean that does not exist
        return (x * Cauchy(torch.zeros((), dtype=torch.float64), 1.0).sample((1,)) ** 2).exp().log1p().log1p()

    verdict = bench.is_unbiased(lambda: x * Cauchy(0.0, 1.0).sample((20,)) * torch.rand(1), [x],
                                lambda: Cauchy(0.0 * x, 1.0), lambda z: x * z, replicates=100)
    assert verdict.right is not True or verdict.power < 1
    assert math.isfinite(float(step().detach()))


def test_the_elbo_is_log_q_less_log_joint(problem):
    from reparam.bench.given import Law, Parameters

    law = Law(problem.law, Parameters(problem.parameters))
    z = law.draw(4)
    torch.testing.assert_close(negative_elbo(lambda z: -z**2, law)(z), problem.law().log_prob(z) + z**2)
