"""When a difference counts."""

import numpy as np
import pytest
import torch
from scipy import stats

from reparam.bench.measure import Direction, Record
from reparam.bench.statistics import ODDS, Test, bearable, critical, share


class Stub:
    """A bench with two directions of one tensor."""

    def __init__(self):
        self.directions = [Direction(0, f"p[{i}]", torch.ones(1)) for i in range(2)]
        self.parameters = type("P", (), {"tensors": [torch.zeros(2, dtype=torch.float64)], "names": ["p"]})


def compared(left, meant, own=None):
    n = len(left)
    own = np.full((n, 2), np.nan) if own is None else own
    return Test(Record(list(own), list(meant), list(left), [(np.nan, 1.0)] * n), Stub(), 0.1)


def test_the_odds_are_shared_among_directions_and_widened_for_few_replicates():
    # two-sided odds of Student's law with 23 degrees of freedom, six directions
    assert abs(2 * 6 * stats.t.sf(critical(24, 6), 23) / ODDS - 1) < 1e-6
    assert critical(10**6, 1) == pytest.approx(5.0, abs=1e-3)
    assert critical(24, 6) > critical(24, 1) > critical(1000, 1)


def test_a_bias_is_seen_and_none_is_not():
    rng = np.random.default_rng(4)
    meant = 1 + 0.1 * rng.standard_normal((64, 2))
    noise = 0.1 * rng.standard_normal((64, 2))
    assert not compared(meant + noise, meant).alarm.any()
    assert compared(1.2 * meant + noise, meant).alarm.all()
    assert compared(meant + noise, meant).power < 0.12


def test_pairing_is_noticed():
    rng = np.random.default_rng(5)
    meant = rng.standard_normal((64, 2))
    assert compared(meant + 0.1, meant).pairs
    assert not compared(rng.standard_normal((64, 2)), meant).pairs


def test_one_replicate_that_makes_the_variance_forbids_a_verdict():
    spiky = np.zeros((64, 2))
    spiky[5] = 40.0
    assert share(spiky).min() > 0.9 > bearable(64)
    t = compared(spiky, np.ones((64, 2)))
    assert t.heavy
    assert not t.alarm.any()
    assert not t.settled


def test_rare_events_that_were_never_hit_raise_no_alarm():
    rng = np.random.default_rng(6)
    left = 1 + 0.1 * rng.standard_normal((64, 2))
    t = compared(left, np.zeros((64, 2)))
    assert t.unmoved.all()
    assert not t.alarm.any()


def test_differences_of_rounding_are_no_fault():
    meant = np.ones((64, 2))
    assert not compared(meant + 1e-9, meant).alarm.any()


def test_the_steps_own_mean_is_compared_where_it_was_measured():
    rng = np.random.default_rng(7)
    left = 1 + 0.01 * rng.standard_normal((64, 2))
    t = compared(left, 2 * left, left + 0.001 * rng.standard_normal((64, 2)))
    assert t.own_known
    assert not t.own_alarm.any()
    assert compared(left, 2 * left, 2 * left).own_alarm.all()
    assert compared(left, 2 * left).own_alarm.all()  # unknown
