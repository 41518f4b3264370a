"""Scores: closed forms against integrals, and what each of them rewards."""

import math

import pytest
import torch
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.laws import scoring_rules


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def by_nodes(f, mu, sigma, n=80):
    nodes, weights = (torch.from_numpy(a) for a in quadrature.normal_nodes(1, n))
    return weights @ f(mu + sigma * nodes[:, 0])


def test_squared_takes_the_mean_of_the_draws_first():
    # mean of 1 and 4 is 2.5; (2.5 - 2)^2
    assert_close(scoring_rules.squared(tensor(1.0, 4.0)[:, None], tensor(2.0)), tensor(0.25))


@pytest.mark.parametrize(
    "draws", [torch.zeros(0, 2), torch.tensor(1.0), torch.tensor([1, 2]), torch.tensor([math.nan])],
    ids=["no draw", "no axis", "integers", "NaN"],
)
def test_squared_refuses_bad_draws(draws):
    with pytest.raises(ValueError, match="draws must"):
        scoring_rules.squared(draws, torch.zeros(2))


def test_log_score_of_the_standard_normal_at_one():
    # 0 + 1/2 + log(2 pi)/2
    expected = tensor(0.5 + 0.5 * math.log(2 * math.pi))
    assert_close(scoring_rules.log_score(tensor(0.0), tensor(1.0), tensor(1.0)), expected)


def test_log_score_follows_the_scale():
    # y, mu and sigma times 3: the density is divided by 3
    small, large = (scoring_rules.log_score(tensor(0.2) * k, tensor(0.7) * k, tensor(1.1) * k) for k in (1, 3))
    assert_close(large - small, tensor(math.log(3.0)))


def test_crps_of_a_narrow_claim_is_the_absolute_error():
    assert_close(scoring_rules.crps(tensor(1.0), tensor(1e-9), tensor(-2.0)), tensor(3.0), atol=1e-8, rtol=0)


def test_crps_at_the_mean():
    # w = 0: sigma (2 phi(0) - 1/sqrt(pi)) = sigma (sqrt 2 - 1)/sqrt(pi)
    expected = tensor(2 * (math.sqrt(2) - 1) / math.sqrt(math.pi))
    assert_close(scoring_rules.crps(tensor(0.3), tensor(2.0), tensor(0.3)), expected)


@pytest.mark.parametrize(
    "score", [scoring_rules.log_score, scoring_rules.crps, scoring_rules.pit,
              lambda mu, sigma, y: scoring_rules.mean_distance(mu, sigma)],
    ids=["log score", "CRPS", "PIT", "mean distance"],
)
@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan], ids=["zero", "negative", "NaN"])
def test_a_deviation_must_be_positive(score, sigma):
    with pytest.raises(ValueError, match="sigma must be"):
        score(tensor(0.0), tensor(sigma), tensor(0.0))


@pytest.mark.parametrize("expected", [scoring_rules.expected_squared, scoring_rules.expected_crps])
@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_expected_scores_refuse_what_is_no_deviation(expected, wrong):
    with pytest.raises(ValueError, match=r"^s must be finite and at least 0"):
        expected(tensor(0.0), tensor(1.0), 0.0, wrong)
    if wrong < 0 and expected is scoring_rules.expected_squared:  # of a generator without a constraint
        assert expected(0.0, wrong, 0.0, 1.0) == expected(0.0, -wrong, 0.0, 1.0)
        return
    asked = "finite, got" if expected is scoring_rules.expected_squared else "finite and at least 0, got"
    with pytest.raises(ValueError, match=f"^sigma must be {asked}"):
        expected(tensor(0.0), tensor(1.0, wrong), 0.0, 1.0)


def test_expected_scores_of_points():
    assert scoring_rules.expected_squared(0.0, 0.0, 0.5, 0.0) == 0.25
    # a claim with no spread: E|D| of a standard normal D, sqrt(2/pi)
    assert_close(scoring_rules.expected_crps(tensor(0.5), tensor(0.0), 0.5, 1.0), tensor(math.sqrt(2 / math.pi)))
    with pytest.raises(ValueError, match="sigma must be positive"):
        scoring_rules.expected_crps(tensor(0.0), tensor(0.0), 0.0, 0.0)
    with pytest.raises(ValueError, match="k must be at least 1"):
        scoring_rules.expected_squared(0.0, 1.0, 0.0, 1.0, k=0)


@pytest.mark.parametrize("sample", [torch.zeros(2, 0), torch.tensor(1.0), tensor(math.nan)],
                         ids=["no value", "no axis", "NaN"])
def test_kolmogorov_refuses_bad_samples(sample):
    with pytest.raises(ValueError, match="sample must"):
        scoring_rules.kolmogorov(sample, lambda t: t)


@pytest.mark.parametrize("shift", [0.0, 0.6, -2.0])
def test_mean_distance_is_the_mean_of_an_absolute_value(shift):
    exact = quadrature.expectation(abs, shift, 0.8, points=(0.0,))
    assert scoring_rules.mean_distance(tensor(shift), tensor(0.8)).item() == pytest.approx(float(exact), abs=1e-10)


def test_expected_squared_against_draws_and_data():
    # (0.3 - 0.5)^2 + 0.9^2/2 + 0.8^2
    assert scoring_rules.expected_squared(0.3, 0.9, 0.5, 0.8, k=2) == pytest.approx(0.04 + 0.405 + 0.64)
    assert scoring_rules.expected_squared(0.3, 0.9, 0.5, 0.8) == pytest.approx(0.04 + 0.81 + 0.64)


def test_expected_crps_is_the_mean_of_the_crps():
    mean = by_nodes(lambda y: scoring_rules.crps(tensor(0.2), tensor(0.9), y), 0.5, 0.8)
    assert_close(scoring_rules.expected_crps(tensor(0.2), tensor(0.9), 0.5, 0.8)[0], mean, atol=1e-8, rtol=0)


@pytest.mark.parametrize("wrong", [(0.5, 0.4), (0.5, 1.5), (1.0, 0.8)], ids=["too narrow", "too wide", "shifted"])
def test_both_proper_scores_are_least_at_the_truth(wrong):
    for score in (scoring_rules.crps, scoring_rules.log_score):
        truth, lie = (by_nodes(lambda y, c=c, f=score: f(tensor(c[0]), tensor(c[1]), y), 0.5, 0.8)
                      for c in ((0.5, 0.8), wrong))
        assert truth < lie - 0.005


def test_pit_is_uniform_for_an_honest_claim_and_not_for_a_narrow_one():
    y = 0.5 + 0.8 * noise.normal("test/pit", 20_000)
    honest, narrow = (scoring_rules.pit(tensor(0.5), tensor(s), y) for s in (0.8, 0.5))
    critical = 2.76 / math.sqrt(20_000)  # odds 6e-7
    assert scoring_rules.kolmogorov(honest, lambda t: t) < critical < scoring_rules.kolmogorov(narrow, lambda t: t)


def test_kolmogorov_by_hand():
    # steps of the sample 0.1, 0.3 to 1/2 and 1: farthest from the uniform cdf just after 0.3, 1 - 0.3
    assert_close(scoring_rules.kolmogorov(tensor(0.3, 0.1), lambda t: t), torch.tensor(0.7, dtype=torch.float64))
