"""What a gradient costs, and which orders hang on what a slope costs."""

import numpy as np
import pytest

from reparam.estimators import prices, side_by_side


def test_price_adds_slopes_to_values():
    # five values; two values with two slopes of 0.75 each
    assert prices.price(*side_by_side.work(2, k=5)["leave-one-out"]) == 5
    assert prices.price(*side_by_side.work(2)["antithetic pathwise"]) == 3.5
    assert prices.price(*side_by_side.work(2)["measure-valued"]) == 7


def test_at_the_turning_price_both_cost_the_same():
    # variances 4 and 6: at the price 1.75 and 1 they make 7 and 6, and (1 + c) 4 = 6 at c = 0.5
    assert prices.turning_price(7.0, 6.0) == pytest.approx(0.5)
    np.testing.assert_allclose(prices.turning_price(np.array([7.0, 3.5]), 6.0), [0.5, 2.0])
    with pytest.raises(ValueError, match="with_slopes"):
        prices.turning_price(0.0, 1.0)


def test_unsettled_are_the_pairs_that_turn_within_the_measured_range():
    # c* = 1.75 b / a - 1: for b = 1 it is 0.75 at a = 1, 0.3 at a = 1.3462 and 0.8 at a = 0.9722
    close = {"even": 1.0, "dear": 1.35, "cheap": 0.97, "far": 10.0}
    assert prices.unsettled(close, {"values": 1.0, "none": 9.0}) == {
        ("even", "values"): pytest.approx(0.75), ("far", "none"): pytest.approx(0.575)}
