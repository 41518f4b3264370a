"""The words of a comparison."""

from reparam.bench.outcome import Comparison, Row, recommend


def test_an_order_within_the_noise_is_not_significant():
    rows = [Row(name, "all", 1.0, v, 0.2, 1.0, 0.0) for name, v in (("a", 1.0), ("b", 1.2))]
    found = Comparison(rows, "seconds", 4)
    recommend(found)
    assert not found.significant
    assert "not significant" in found.recommendation
    rows[1].variance = 9.0
    recommend(found)
    assert found.significant
    assert (found.winner, found.runner_up) == ("a", "b")
