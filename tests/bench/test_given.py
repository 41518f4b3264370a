"""What a user hands over: parameters in every dress, laws, noise that can be replayed."""

import random
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.distributions import Bernoulli, Categorical, Independent, Normal

from reparam.bench import given
from reparam.bench.given import Law, Parameters, Unusable
from reparam.laws.gaussian import DiagonalGaussian


@pytest.mark.parametrize("dress", [
    lambda m: m, lambda m: m.parameters(), lambda m: list(m.parameters()),
    lambda m: dict(m.named_parameters()),
    lambda m: torch.optim.SGD(m.parameters(), lr=0.1), lambda m: m.named_parameters(),
    lambda m: {"net": m}, lambda m: [m],
], ids=["module", "generator", "list", "dict", "optimizer", "named", "dict of modules", "list of modules"])
def test_parameters_come_in_every_dress(dress):
    p = Parameters(dress(nn.Linear(3, 2)))
    assert [tuple(t.shape) for t in p.tensors] == [(2, 3), (2,)]


def test_tensors_are_called_as_the_functions_call_them():
    shift = torch.zeros(2, requires_grad=True)
    assert Parameters([shift], lambda: shift.sum()).names == ["shift"]
    assert Parameters(shift).names == ["parameter"]


@pytest.mark.parametrize(("bad", "word"), [
    ([torch.ones(2)], "does not require a gradient"),
    ([torch.ones(2, requires_grad=True).exp()], "computed from other tensors"),
    ([torch.tensor([float("nan")], requires_grad=True)], "NaN"),
    ([torch.ones(2, dtype=torch.int64)], "floating-point"),
    (3, "module"), ([], "no parameters"), (nn.Linear(1, 1).requires_grad_(False), "no parameters"),
], ids=["frozen", "derived", "nan", "integer", "number", "empty", "frozen module"])
def test_what_cannot_be_judged_is_said(bad, word):
    with pytest.raises(Unusable, match=word):
        Parameters(bad)


def test_everything_is_put_back():
    net = nn.BatchNorm1d(2)
    p, grad = Parameters(net), torch.ones(2)
    net.weight.grad = grad
    states = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    with p.borrowed():
        given.reseed(3)
        p.place(0, torch.ones(2), 0.5)
        assert float(net.weight[0].detach()) == 1.5
        net(torch.randn(5, 2))
        net.weight.grad = None
    assert net.weight.tolist() == [1.0, 1.0]
    assert net.weight.grad is grad
    assert net.running_mean.tolist() == [0.0, 0.0]
    assert torch.equal(states[0], torch.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()
    assert states[2] == random.getstate()


def test_generators_within_reach_are_replayed():
    mine, rng, dice = torch.Generator(), np.random.default_rng(1), random.Random(1)

    def step():
        return float(torch.randn(1, generator=mine)), rng.standard_normal(), dice.random(), np.random.rand()

    found = given.generators(step, None)
    assert len(found) == 3
    given.reseed(5, found)
    first = step()
    given.reseed(5, found)
    assert step() == first
    assert set(given.surroundings(partial(step))) >= {"mine", "rng", "dice", "torch", "np"}


def test_arguments_that_must_be_given_are_counted():
    assert given.arguments(lambda: 0, "loss") == 0
    assert given.arguments(lambda z, n=3, *rest: 0, "loss") == 1
    with pytest.raises(Unusable, match="function"):
        given.arguments(3, "loss")


@pytest.mark.parametrize("make", [
    lambda m, s: Law(lambda: Normal(m, s), Parameters([m, s])),
    lambda m, s: Law(lambda a, b: Normal(a, b), Parameters([m, s])),
    lambda m, s: Law(lambda both: Normal(*both), Parameters([m, s])),
    lambda m, s: Law(lambda d: Normal(d["m"], d["s"]), Parameters({"m": m, "s": s})),
    lambda m, s: Law(Normal(m, s), Parameters([m, s])),
], ids=["closure", "tensors", "list", "dict", "object"])
def test_a_law_is_made_from_what_there_is(make):
    law = make(torch.tensor(1.0, requires_grad=True), torch.tensor(2.0, requires_grad=True))
    assert law.draw(7).shape == (7,)
    assert law.draw(7, path=True).requires_grad
    assert law.has_path
    assert law.log_density(torch.zeros(4)).shape == (4,)


def test_the_books_own_gaussian_is_a_law():
    q = DiagonalGaussian(torch.zeros(3, requires_grad=True), torch.zeros(3, requires_grad=True))
    law = Law(lambda: q, Parameters([q.mu, q.log_sigma]))
    z = law.draw(5)
    torch.testing.assert_close(law.log_density(z), q.log_density(z))


def test_laws_that_are_none_are_refused():
    p = Parameters(torch.ones(2, requires_grad=True))
    with pytest.raises(Unusable, match="must be a torch"):
        Law(lambda: 3, p)()
    with pytest.raises(Unusable, match="takes 3"):
        Law(lambda a, b, c: 3, p)


@pytest.mark.parametrize(("q", "states"), [
    (lambda p: Bernoulli(logits=p), [[0, 0], [0, 1], [1, 0], [1, 1]]),
    (lambda p: Independent(Bernoulli(logits=p), 1), [[0, 0], [0, 1], [1, 0], [1, 1]]),
    (lambda p: Categorical(logits=p), [0, 1]),
    (lambda p: Normal(p, 1.0), None), (lambda p: Bernoulli(logits=p.repeat(20)), None),
], ids=["batch", "independent", "category", "normal", "too many"])
def test_few_states_are_listed_once_each(q, states):
    p = torch.zeros(2, requires_grad=True)
    found = Law(lambda: q(p), Parameters(p)).states()
    assert (found is None) if states is None else (sorted(found.tolist()) == states)
    if found is not None:
        law = Law(lambda: q(p), Parameters(p))
        torch.testing.assert_close(law.log_density(found).exp().sum(), torch.tensor(1.0))


@pytest.mark.parametrize(("out", "word"), [
    (torch.zeros(4, 1), "squeeze"), (torch.zeros(4, 4), "broadcast"), (torch.tensor(0.0), "averaged"),
    (torch.zeros(4, 2), "sum over"), (3.0, "tensor"), (torch.zeros(4, dtype=torch.complex64), "real"),
], ids=["column", "square", "mean", "rest", "float", "complex"])
def test_one_number_per_draw_is_asked_for(out, word):
    with pytest.raises(Unusable, match=word):
        given.per_draw(out, 4, "loss")
    assert given.per_draw(torch.ones(4, dtype=torch.bool), 4, "loss").is_floating_point()
