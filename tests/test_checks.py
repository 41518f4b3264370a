"""The checks themselves: what they accept, what they reject, and how often they are wrong."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from reparam import checks as check
from reparam import noise
from reparam.moments import Moments


def draws(n=20_000, name="checks", shift=0.0):
    return noise.generator(f"test/{name}").standard_normal(n) + shift


# Exact comparisons


@pytest.mark.parametrize(("tol", "tier"), [(1e-10, "identity"), (1e-8, "quadrature"), (1e-6, "numerical")],
                         ids=["identity", "quadrature", "numerical"])
def test_equal_accepts_within_tolerance_and_names_its_tier(tol, tier):
    report = check.equal("x", [1.0, 100.0], [1.0 + 0.5 * tol, 100.0 + 50 * tol], tol)
    assert report.tier == tier
    assert report.numbers == 2
    assert report.observed == pytest.approx(0.5 * tol, rel=1e-3)


@pytest.mark.parametrize(("actual", "expected"),
                         [(1.0 + 2e-8, 1.0), (-1.0, 1.0), ([1.0, 2.0], [2.0, 1.0]), (5e-8, 0.0)],
                         ids=["small", "sign", "swapped", "near zero"])
def test_equal_rejects_beyond_tolerance(actual, expected):
    with pytest.raises(check.CheckFailed, match="two roads differ by"):
        check.equal("x", actual, expected, tol=1e-8)


def test_a_scalar_stands_for_every_number():
    assert check.equal("x", np.zeros((2, 3)), 0.0).numbers == 6


def test_tensors_are_compared_too():
    import torch

    check.equal("x", torch.ones(2, requires_grad=True), np.ones(2))


def test_order_holds_strictly_and_by_a_lead():
    assert check.less("x", [0.0, 1.0], [0.5, 1.5], by=0.5).tier == "order"
    for smaller, larger, by in [(1.0, 1.0, 0.0), (1.0, 1.4, 0.5), ([0.0, 2.0], [1.0, 1.0], 0.0)]:
        with pytest.raises(check.CheckFailed, match="the order leads by"):
            check.less("x", smaller, larger, by)


def test_contrast_shows_an_error_on_every_number():
    assert check.differs("x", [1.0, 3.0], [2.0, 2.0], by=1.0).tier == "contrast"
    with pytest.raises(check.CheckFailed, match="called wrong is only"):
        check.differs("x", [1.0, 2.0], [2.0, 2.0], by=0.5)


# Monte Carlo


def test_false_alarms_come_as_often_as_stated():
    # At k standard errors the rate is 2(1 - Phi(k)); at k = 2 it is 4.55 %. 5 standard errors of a rate over
    # 4,000 experiments are 1.65 %. The same statistic is compared with 5 in a check, out of reach of simulation.
    x = noise.generator("test/calibration").standard_normal((4000, 1000))
    strayed = np.abs(x.mean(1)) / (x.std(1, ddof=1) / 1000**0.5)
    assert abs((strayed > 2).mean() - 0.0455) < 0.0165
    assert pytest.approx(2 * stats.norm.sf(check.SIGMAS), rel=1e-9) == check.FALSE_ALARM
    rejected = 0
    for row in x:
        try:
            check.mean("x", row, 0.0, resolution=1.0)
        except check.CheckFailed:
            rejected += 1
    assert rejected == 0  # expected 4000 * 5.7e-7 = 0.002


def test_a_bias_of_twice_the_resolution_is_always_caught():
    # 5 SE <= resolution, so a bias of 2 resolutions lies at least 10 SE away: it escapes with odds below 3e-7.
    for i in range(200):
        x = draws(1000, f"power/{i}", shift=2 * 0.17)
        with pytest.raises(check.CheckFailed, match="standard errors from the exact value"):
            check.mean("x", x, 0.0, resolution=0.17)


def test_too_little_power_is_a_failure():
    with pytest.raises(check.CheckFailed, match="too little power"):
        check.mean("x", draws(1000), 0.0, resolution=0.1)


def test_mean_and_variance_accept_the_truth():
    x = draws(shift=2.0)
    assert check.mean("x", x, 2.0).random == 1
    assert check.mean("x", Moments(x), 2.0).claim.startswith("mean of draws")
    assert check.variance("x", x, 1.0, resolution=0.06).tier == "Monte Carlo variance"


@pytest.mark.parametrize("wrong", [-2.0, 1.9, 2.1], ids=["sign", "low", "high"])
def test_mean_rejects_a_wrong_value(wrong):
    with pytest.raises(check.CheckFailed):
        check.mean("x", draws(shift=2.0), wrong, resolution=0.04)


@pytest.mark.parametrize("wrong", [0.8, 1.25], ids=["low", "high"])
def test_variance_rejects_a_wrong_value(wrong):
    with pytest.raises(check.CheckFailed):
        check.variance("x", draws(), wrong, resolution=0.06)


def test_exceeds_asks_for_five_standard_errors():
    assert check.exceeds("x", draws(400, shift=0.4), 0.0).allowed == 5.0  # lead 8 SE
    with pytest.raises(check.CheckFailed, match="above the bound"):
        check.exceeds("x", draws(400, shift=0.1), 0.0)  # lead 2 SE


# Laws


def test_law_accepts_its_own_law_and_rejects_neighbours():
    x = draws(40_000, "law")
    assert check.law("x", x, stats.norm).tier == "law of samples"
    for other in (stats.norm(0.06, 1), stats.norm(0, 1.08), stats.t(5)):
        with pytest.raises(check.CheckFailed, match="Kolmogorov"):
            check.law("x", x, other)


@pytest.mark.parametrize("shift", [-0.005, 0.005], ids=["sample left of the law", "right"])
def test_law_measures_the_distance_of_scipy(shift):
    x = draws(40_000, "law") + shift
    expected = stats.ks_1samp(x, stats.norm.cdf).statistic
    assert check.law("x", x, stats.norm).observed == pytest.approx(expected, rel=1e-12)


def test_law_takes_a_plain_function():
    check.law("x", noise.generator("test/uniform").random(20_000), lambda u: u)


def test_law_refuses_a_sample_too_small_to_see_its_resolution():
    with pytest.raises(check.CheckFailed, match="too little power"):
        check.law("x", draws(1000), stats.norm)


def test_critical_distance_has_the_stated_odds():
    # P(sqrt(n) D > k) = 2 exp(-2 k^2) to leading order
    report = check.law("x", draws(40_000, "law"), stats.norm)
    assert 2 * np.exp(-2 * 40_000 * report.allowed**2) == pytest.approx(check.FALSE_ALARM, rel=1e-3)


# Refusals


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: check.equal("x", np.nan, 1.0), "actual must be finite"),
        (lambda: check.equal("x", 1.0, np.inf), "expected must be finite"),
        (lambda: check.equal("x", [], []), "must not be empty"),
        (lambda: check.equal("x", [1.0, 2.0], [[1.0, 2.0]]), "one shape"),
        (lambda: check.equal("x", 1.0, 1.0, tol=1e-3), "tol must lie"),
        (lambda: check.equal("x", 1.0, 1.0, tol=0.0), "tol must lie"),
        (lambda: check.mean("x", np.ones(999), 1.0), "at least 1000"),
        (lambda: check.mean("x", np.ones(1000), 1.0), "zero variance"),
        (lambda: check.mean("x", [np.nan] * 1000, 1.0), "draws must be finite"),
        (lambda: check.mean("x", draws(), 0.0), "state the resolution"),
        (lambda: check.mean("x", draws(), [1.0, 2.0]), "shape of one draw"),
        (lambda: check.variance("x", draws(10), 1.0), "at least 1000"),
        (lambda: check.exceeds("x", draws(99)), "at least 100"),
        (lambda: check.exceeds("x", np.ones(200)), "vary"),
        (lambda: check.law("x", draws(10).reshape(2, 5), stats.norm), "one-dimensional"),
        (lambda: check.law("x", [], stats.norm), "must not be empty"),
        (lambda: check.less("x", 0.0, 1.0, by=-1.0), "must not be negative"),
        (lambda: check.differs("x", 0.0, 1.0, by=0.0), "must be positive"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_input_that_could_pass_silently_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_one_object_given_twice_is_no_check():
    x = np.ones(3)
    with pytest.raises(ValueError, match="the same object"):
        check.equal("x", x, x)


# What the reader and the ledger get


def test_reports_join_and_show_no_digit_that_could_flip():
    both = check.equal("S6", 1.0, 1.0 + 1e-12) & check.less("S7", 0.0, 0.123456) & check.differs("D1", 1.0, 2.0, by=0.5)
    assert repr(both) == "S6 ✓ |difference| ≤ 1e-10\nS7 ✓ smaller\nD1 ✓ wrong by at least 0.5"
    data, metadata = both._repr_mimebundle_()
    assert data == {"text/plain": repr(both)}
    assert [r["label"] for r in metadata["reparam-checks"]] == ["S6", "S7", "D1"]


def test_two_joined_chains_keep_their_order():
    a, b = check.less("a", 0.0, 1.0), check.less("b", 0.0, 1.0)
    assert [r.label for r in ((a & b) & (b & a)).reports] == ["a", "b", "b", "a"]
    assert a._repr_mimebundle_()[1]["reparam-checks"][0]["label"] == "a"


def test_the_page_about_checks_shows_what_a_check_says(monkeypatch):
    monkeypatch.delenv("REPARAM_SEED", raising=False)
    page = Path(__file__).resolve().parents[1] / "book" / "about_checks.md"
    example = page.read_text(encoding="utf-8").replace("```", "").replace("\nCheckF", "\nreparam.checks.CheckF")
    shown = doctest.DocTestParser().get_doctest(example, {}, page.name, str(page), 0)
    said = []
    result = doctest.DocTestRunner(verbose=False).run(shown, out=said.append)
    assert result == (0, 6), "".join(said)
