"""The comparison recommends what is best, and says when that is not certain."""

import pytest
import torch
from torch.distributions import Bernoulli, Independent

from reparam import bench


def test_the_quieter_estimator_wins(problem):
    found = bench.compare(problem.loss, problem.parameters, problem.law, rounds=80, price="evaluations")
    assert found.winner in ("pathwise", "antithetic pairs")
    assert found.total("score").variance > 5 * found.total("pathwise").variance
    assert {r.group for r in found.rows} == {"all", "mu", "log_sigma"}
    assert "variance" in repr(found)
    assert "<table" in found._repr_html_()
    assert found.plot().get_xscale() == "log"


def test_variances_are_those_of_the_closed_form(problem):
    found = bench.compare(problem.loss, problem.parameters, problem.law, draws=4, rounds=400, price="evaluations")
    row = next(r for r in found.rows if r.way == "pathwise" and r.group == "mu")
    exact = 4 * 0.5488116 / 4  # slope 2 (z - 2), variance 4 sigma^2, four draws
    assert abs(row.variance / exact - 1) < 5 * row.variance_error
    assert row.signal == pytest.approx(row.mean_norm / row.variance**0.5)


def test_exact_sums_win_where_there_are_few_states():
    logits = torch.tensor([0.3, -0.5], requires_grad=True)
    found = bench.compare(lambda b: (b - 0.4).square().sum(-1), [logits],
                          lambda: Independent(Bernoulli(logits=logits), 1), rounds=40, price="evaluations")
    assert found.winner == "enumeration"
    assert "no noise" in found.recommendation


def test_a_path_across_a_jump_is_called_biased(problem):
    def loss(z):
        return (z > 1).double() + 0.1 * z
    found = bench.compare(loss, problem.parameters, problem.law, rounds=200, draws=200, price="evaluations")
    assert found.total("pathwise").biased
    assert "biased here" in found.recommendation
    assert found.winner.startswith("score")


def test_an_elbo_has_its_own_estimators(problem):
    found = bench.compare(None, problem.parameters, problem.law, log_joint=lambda z: -0.5 * z**2, rounds=40)
    assert {"total derivative", "path derivative", "analytic entropy"} <= {r.way for r in found.rows}
    assert found.unit == "seconds"
    assert found.total("path derivative").price > 0


def test_refusals(problem):
    with pytest.raises(bench.Unusable, match="loss of the draws"):
        bench.compare(lambda: 0, problem.parameters, problem.law)
    with pytest.raises(bench.Unusable, match="rounds"):
        bench.compare(problem.loss, problem.parameters, problem.law, rounds=5)
    with pytest.raises(bench.Unusable, match="no estimator"):
        bench.compare(lambda z: z[:, None], problem.parameters, problem.law)
