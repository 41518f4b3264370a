"""The chapter on many paths: closed forms against sums and draws, and its exercises."""

import math

import numpy as np
import pytest
from scipy.special import digamma, ndtr

from reparam import noise
from reparam.chapters import paths as chapter
from reparam.derivatives import derivative
from reparam.estimators import rejection, transport
from reparam.laws.gamma import gamma_density, gamma_score
from reparam.moments import Moments
from reparam.teaching.grader import grade

LOGS = np.linspace(-110, math.log(90), 1300)
Z, H = np.exp(LOGS), LOGS[1] - LOGS[0]
WAYS = {"score function": lambda z, a: (0 * z, gamma_score(z, a)), "standardised log": rejection.standardized_log,
        "rejection": rejection.marsaglia_tsang}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("alpha", [1.0, 3.3])
def test_closed_moments_are_sums_over_nodes(way, alpha):
    masses = gamma_density(Z, alpha) * Z * H
    g = transport.corrected_path(Z - alpha, np.ones_like(Z), *WAYS[way](Z, alpha))
    mean, variance = chapter.field_moments(*chapter.gamma_fields(alpha)[way], alpha)
    assert mean == pytest.approx(1.0, abs=1e-10)
    assert variance == pytest.approx(masses @ g**2 - 1, abs=1e-7)


@pytest.mark.parametrize("alpha", [0.8, 2.0])
def test_augmented_moments_are_those_of_draws(alpha):
    big = noise.generator("test/many").standard_gamma(alpha + 2, size=60_000)
    z, v, rho = rejection.augmented(big, noise.generator("test/noise").exponential(size=(60_000, 2)), alpha)
    seen = Moments(v + (z - alpha) * rho)
    mean, variance = chapter.augmented_moments(alpha, 2)
    assert mean == pytest.approx(1.0, abs=1e-10)
    assert abs(seen.variance - variance) < 5 * seen.variance_standard_error
    assert abs(seen.variance - 2 * variance) > 5 * seen.variance_standard_error


def test_augmentation_begins_with_the_plain_sampler_and_ends_at_its_limit():
    plain = chapter.field_moments(*chapter.gamma_fields(2.0)["rejection"], 2.0)
    assert chapter.augmented_moments(2.0, 0) == pytest.approx(plain)
    gaps = [chapter.augmented_moments(2.0, B)[1] - chapter.all_factors(2.0) for B in (200, 400)]
    assert gaps[0] / gaps[1] == pytest.approx(8.0, rel=0.05)  # the error falls like 1 / B^3
    assert chapter.all_factors(1.0) == pytest.approx(math.pi**2 / 6 - 1.25)  # by hand


def test_products_and_sums_of_terms():
    one, two = {(1, 0): 2.0, (0, 1): -1.0}, {(1, 0): 3.0}
    assert chapter.times(one, two) == {(2, 0): 6.0, (1, 1): -3.0}
    assert chapter.plus(one, two) == {(1, 0): 5.0, (0, 1): -1.0}


def test_the_hazard_is_the_density_over_the_tail():
    x = np.array([-3.0, 0.0, 1.5])
    np.testing.assert_allclose(chapter.hazard(x), np.exp(-x * x / 2) / np.sqrt(2 * np.pi) / ndtr(-x))
    assert chapter.hazard(np.array([30.0]))[0] == pytest.approx(30 + 1 / 30, rel=1e-4)  # x + 1/x far out


def test_the_gamma_path_keeps_the_mean():
    masses = gamma_density(Z, 2.5) * Z * H
    assert masses @ chapter.gamma_path(Z, 2.5) == pytest.approx(1.0, abs=1e-7)


BUMPS = chapter.TwoBumps(0.3, (0.9, -0.4), 0.8)
PLANE, MASSES = BUMPS.nodes(0.2)


@pytest.mark.parametrize("field", [BUMPS.straight, BUMPS.by_coordinates, lambda z: BUMPS.by_coordinates(z, 1)],
                         ids=["straight", "first", "second"])
def test_every_field_of_the_weight_has_the_right_mean_on_any_cost(field):
    v = field(PLANE)
    m = np.array(BUMPS.centre)
    wave = np.array([0.7, 1.3])
    # E[sin(a.z)] in bump +-m is +-sin(a.m) exp(-|a|^2 s^2 / 2)
    slopes = np.cos(PLANE @ wave)[:, None] * wave
    truth = 2 * math.sin(wave @ m) * math.exp(-0.5 * wave @ wave * 0.64)
    assert MASSES @ (slopes * v).sum(1) == pytest.approx(truth, abs=1e-7)
    assert abs(MASSES @ (slopes * v[:, ::-1]).sum(1) - truth) > 1e-3


def test_bumps_are_drawn_and_scored():
    u, eps = np.array([0.1, 0.9]), np.array([[1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(BUMPS.draw(u, eps), [[1.7, -0.4], [-0.9, 2.0]])
    m = np.array(BUMPS.centre)

    def log_density(w):
        bells = [np.exp(-0.5 * ((PLANE[::97] - c * m) ** 2).sum(1) / 0.64) for c in (1, -1)]
        return np.log(w * bells[0] + (1 - w) * bells[1])

    np.testing.assert_allclose(BUMPS.score(PLANE[::97]), derivative(log_density, 0.3), atol=1e-7)


def test_added_up_variances_are_those_of_draws():
    goal, source = np.array([0.5, -1.0]), noise.generator("test/added")
    first, second = source.standard_normal((2, 60_000, 2))
    m = np.array(BUMPS.centre)

    def cost(centre, e):
        return 0.5 * ((centre + 0.8 * e - goal) ** 2).sum(1)

    exact = BUMPS.added_up(goal)
    seen = {"both bumps": cost(m, first) - cost(-m, second), "both, one noise": cost(m, first) - cost(-m, first),
            "both, mirrored noise": cost(m, first) - cost(-m, -first)}
    up = source.uniform(size=60_000) < 0.3
    f = np.where(up, cost(m, first), cost(-m, second))
    mean = 0.3 * (0.64 + 0.5 * (m - goal) @ (m - goal)) + 0.7 * (0.64 + 0.5 * (m + goal) @ (m + goal))
    seen["score of the bump"] = (f - mean) * np.where(up, 1 / 0.3, -1 / 0.7)
    for name, draws in seen.items():
        moments = Moments(draws)
        assert abs(moments.variance - exact[name]) < 5 * moments.variance_standard_error, name
        assert abs(moments.mean + 2 * goal @ m) < 5 * moments.standard_error, name


def test_the_example_by_hand_and_a_frame_of_the_slider():
    from matplotlib import pyplot

    assert chapter.variance_of_turn(0.4) == pytest.approx(2 * (1.4**2 + 0.4**2) + 1)
    figure = chapter.draw_turn(-0.5, np.array([[1.0, 2.0]]))
    assert figure.axes[1].lines[1].get_ydata() == pytest.approx([2.0])
    pyplot.close(figure)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: chapter.TwoBumps(1.2, (1.0, 1.0), 1.0), "weight must"),
    (lambda: chapter.TwoBumps(0.2, (0.0, 1.0), 1.0), "centre must"),
    (lambda: chapter.gamma_fields(0.5), "alpha must"), (lambda: chapter.augmented_moments(1.0, -1), "B must"),
    (lambda: BUMPS.by_coordinates(PLANE, 2), "first must"),
], ids=["weight", "centre", "alpha", "B", "first"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    def mended(z, f, slope, mu, a):
        return slope(z) - float(chapter.hazard(a - mu)) * (f(z) - f(a))

    assert grade("paths/scaled", lambda z, a: np.log(z) - digamma(a) + 1 - z / a).right
    assert grade("paths/truncated", mended).right
