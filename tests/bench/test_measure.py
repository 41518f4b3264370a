"""The reference: changes of a mean along a piece of the way, and the gradient that a step leaves."""

import numpy as np
import torch
from torch.distributions import Normal

from reparam.bench import measure
from reparam.bench.given import Law, Parameters
from reparam.bench.measure import Bench, Record
from reparam.bench.steps import Intended, Step


def bench_of(problem, loss, law=None, intended=None, draws=None):
    p = Parameters(problem.parameters)
    law = Law(law, p) if law else None
    return Bench(Step(loss, p, law, draws), Intended(intended, law, draws) if intended else None, p, 0)


def test_the_piece_of_the_way_is_exact_for_paths(problem):
    bench = bench_of(problem, lambda: problem.loss(problem.law().rsample((50,))))
    record = Record()
    for _ in range(4):
        bench.replicate(record)
    own, meant, left, _values = record.arrays()
    assert own.shape == left.shape == (4, 2)
    np.testing.assert_array_equal(own, meant)
    np.testing.assert_allclose(left, own, rtol=2e-2)  # t is random: what is left of it is of third order


def test_objects_that_do_not_follow_their_parameters_are_told(problem):
    p = Parameters(problem.parameters)
    assert measure.movable(Intended(problem.loss, Law(problem.law, p), 4), p)
    assert not measure.movable(Intended(problem.loss, Law(problem.law(), p), 4), p)
    assert measure.movable(Intended(problem.loss, Law(Normal(problem.mu, 1.0), p), 4), p)


def test_pieces_stay_in_the_domain_and_find_what_moves(problem):
    scale = torch.tensor(0.01, requires_grad=True)
    p = Parameters(scale)
    bench = Bench(Step(lambda: Normal(0.0, scale).rsample((9,)), p, None, None), None, p, 1)
    bench.settle()
    assert 0.01 + float(bench.directions[0].vector) * bench.directions[0].length > 0


def test_the_number_of_draws_is_taken_from_the_step(problem):
    bench = bench_of(problem, lambda: problem.loss(problem.law().rsample((37,))), problem.law, problem.loss)
    bench.match()
    assert bench.intended.draws == 37
    assert measure.counts(lambda: torch.zeros(37)) == [1, 37]


def test_large_tensors_get_signs_and_small_ones_coordinates():
    p = Parameters([torch.zeros(3, requires_grad=True), torch.ones(5, 4, requires_grad=True)])
    made = measure.directions(p, 0)
    assert [d.name for d in made[:3]] == ["parameter 0[0]", "parameter 0[1]", "parameter 0[2]"]
    assert [(d.vector != 0).sum().item() for d in made] == [1, 1, 1, 20, 20]
