"""The chapter on structure: its cost, and variances at equal work."""

import numpy as np
import pytest

from reparam.chapters import structure as chapter
from reparam.estimators import structure

THETA = np.array([0.3, 0.6, 0.45])


def test_coupled_by_hand():
    terms, reads = chapter.coupled(3, 0.5, 2.0)
    # (1 - 0.5)^2, (0 - 0.5)^2, (1 - 0.5)^2, then b1 b2, b1 b3, b2 b3, each times 2
    np.testing.assert_allclose(terms(np.array([[1.0, 0.0, 1.0]])), [[0.25, 0.25, 0.25, 0, 2, 0]])
    assert reads.sum(1).tolist() == [1, 1, 1, 2, 2, 2]
    assert reads[3].tolist() == [True, True, False]
    alone, reads = chapter.coupled(1, 0.5, 2.0)
    assert alone(np.array([[1.0]])).tolist() == [[0.25]]
    assert reads.tolist() == [[True]]


def test_equal_work_against_all_pairs_of_draws():
    terms, reads = chapter.coupled(3, 0.5, 2.0)
    found = chapter.at_equal_work(terms, reads, THETA, 2)
    states = structure.bit_states(3)
    pair = np.array([(i, j) for i in range(8) for j in range(8)])
    weights = structure.bit_weights(states, THETA)[pair].prod(1)
    everything = np.ones((1, 3), dtype=bool)
    scores = (states - THETA)[pair]
    own = structure.own_leave_one_out(terms(states)[pair], reads, scores)[:, 0]
    whole = structure.own_leave_one_out(terms(states).sum(1)[pair][..., None], everything, scores)[:, 0]
    for name, draws in (("own terms", own), ("all terms", whole)):
        assert found[name] == pytest.approx(weights @ draws**2 - (weights @ draws) ** 2, rel=1e-10)
    # v (f(1, .) - f(0, .)) with f(1, .) - f(0, .) = 1 - 2t + 2 (b2 + b3); four evaluations a draw, two to spend
    v = 0.3 * 0.7
    assert found["local expectation"] == pytest.approx(2 * v**2 * 4 * (0.6 * 0.4 + 0.45 * 0.55), rel=1e-10)


@pytest.mark.parametrize("call", [lambda: chapter.coupled(0, 0.5, 1.0), lambda: chapter.coupled(3, np.nan, 1.0)],
                         ids=["no bit", "nan"])
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match="must be"):
        call()
