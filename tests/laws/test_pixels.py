"""Laws of one pixel: masses against other roads, tails that neither cancel nor underflow, slopes, refusals."""

import math

import numpy as np
import pytest
import torch
from scipy import integrate, stats

from reparam.laws import pixels

F64 = torch.float64
LEVELS = torch.arange(17, dtype=F64)


def real(*numbers):
    return torch.tensor(numbers, dtype=F64).squeeze()


@pytest.mark.parametrize(("law", "rival"), [
    (pixels.discretized_logistic, stats.logistic), (pixels.discretized_gaussian, stats.norm),
], ids=["logistic", "Gaussian"])
@pytest.mark.parametrize(("mean", "scale"), [(0.3, 0.05), (0.9, 0.2), (0.5, 1.5)], ids=["narrow", "edge", "wide"])
def test_masses_are_differences_of_scipys_distribution_function_with_the_tails_folded_in(law, rival, mean, scale):
    ends = np.concatenate([[-np.inf], np.arange(1, 17) / 17, [np.inf]])
    expected = np.diff(rival(mean, scale).cdf(ends))
    actual = law(LEVELS, real(mean), real(math.log(scale)))
    torch.testing.assert_close(actual.exp(), torch.from_numpy(expected), rtol=1e-9, atol=1e-15)
    assert actual.exp().sum().item() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("law", [pixels.discretized_logistic, pixels.discretized_gaussian])
def test_far_tails_on_both_sides_are_mirror_images(law):
    low = law(LEVELS, real(-30.0), real(-1.0))
    high = law(LEVELS.flip(0), real(31.0), real(-1.0))
    assert low.isfinite().all()
    assert low[5] < -60
    torch.testing.assert_close(low, high, rtol=1e-9, atol=1e-9)


def test_a_gaussian_tail_equals_its_integral_relative_to_the_edge():
    # level 4 seen from -3 at scale 0.1: from a = (4/17 + 3) / 0.1 over 1/1.7
    a = (4 / 17 + 3) / 0.1
    area, _ = integrate.quad(lambda t: math.exp(-0.5 * t * t - a * t), 0, 1 / 1.7)
    expected = -0.5 * a * a - 0.5 * math.log(2 * math.pi) + math.log(area)
    assert pixels.discretized_gaussian(real(4.0), real(-3.0), real(math.log(0.1))).item() == pytest.approx(expected)


@pytest.mark.parametrize("law", [pixels.discretized_logistic, pixels.discretized_gaussian])
@pytest.mark.parametrize("mean", [-2.0, 0.4, 3.0])
def test_slopes_equal_central_differences(law, mean):
    g, log_s = real(mean).requires_grad_(), real(-1.5).requires_grad_()
    actual = torch.autograd.grad(law(LEVELS, g, log_s).sum(), (g, log_s))
    h = 1e-5
    for k, step in enumerate(((h, 0.0), (0.0, h))):
        up, down = (law(LEVELS, real(mean + i * step[0]), real(-1.5 + i * step[1])).sum() for i in (1, -1))
        assert actual[k].item() == pytest.approx(((up - down) / (2 * h)).item(), rel=1e-6, abs=1e-6)


def test_another_number_of_levels():
    actual = pixels.discretized_logistic(real(0.0, 1.0), real(0.5), real(0.0), levels=2)
    torch.testing.assert_close(actual, real(0.5, 0.5).log())  # the border lies at the location


def test_binomial_masses_are_scipys():
    logit = real(-0.7)
    expected = stats.binom(16, 1 / (1 + math.exp(0.7))).logpmf(np.arange(17))
    torch.testing.assert_close(pixels.binomial(LEVELS, logit), torch.from_numpy(expected))


@pytest.mark.parametrize("a", [-700.0, -3.0, -0.1001, -0.0999, -1e-9, 0.0, 1e-5, 0.0999, 0.1001, 40.0, 700.0], ids=str)
def test_the_integral_of_an_exponential(a):
    # (e^a - 1) / a, with expm1; for large |a| the smaller term is dropped
    expected = 0.0 if a == 0 else math.log(math.expm1(a) / a) if abs(a) < 500 else max(a, 0.0) - math.log(abs(a))
    assert pixels.log_integral(real(a)).item() == pytest.approx(expected, abs=1e-13, rel=1e-14)


@pytest.mark.parametrize("a", [-30.0, -0.11, -0.05, 0.0, 0.05, 0.11, 8.0], ids=str)
def test_its_slope_is_the_mean(a):
    logit = real(a).requires_grad_()
    (slope,) = torch.autograd.grad(pixels.log_integral(logit), logit)
    expected = 0.5 if a == 0 else 1 / (-math.expm1(-a)) - 1 / a
    assert slope.item() == pytest.approx(expected, abs=1e-12)


def test_density_is_torchs():
    x, logit = torch.linspace(0, 1, 11, dtype=F64), real(1.3)
    law = torch.distributions.ContinuousBernoulli(logits=logit)
    torch.testing.assert_close(pixels.continuous_bernoulli(x, logit), law.log_prob(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: pixels.discretized_logistic(real(17.0), real(0.0), real(0.0)), "level must"),
    (lambda: pixels.discretized_gaussian(real(0.5), real(0.0), real(0.0)), "level must"),
    (lambda: pixels.binomial(real(-1.0), real(0.0)), "level must"),
    (lambda: pixels.discretized_logistic(real(0.0), real(0.0), real(0.0), levels=1), "levels must"),
    (lambda: pixels.continuous_bernoulli(real(1.5), real(0.0)), "x must"),
], ids=["beyond", "half", "negative", "one level", "outside"])
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
