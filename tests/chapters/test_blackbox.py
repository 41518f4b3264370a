"""The cost can only be called: the exact errors of its two costs, the nodes of its laws, and its exercises."""

import math

import numpy as np
import pytest

from reparam import quadrature
from reparam.chapters import blackbox as chapter
from reparam.estimators import blackbox, filling_variances, variances
from reparam.teaching.grader import grade

MU, SIGMA = 0.4, 0.8


@pytest.mark.parametrize(("cost", "difference", "points"), [
    (lambda z: np.cos(1.5 * z), lambda h: chapter.wave_difference(1.5, MU, SIGMA, h), ()),
    (lambda z: (z > 1) * 1.0, lambda h: chapter.step_difference(1.0, MU, SIGMA, h), (1.0,)),
], ids=["wave", "step"])
def test_moments_of_a_difference(cost, difference, points):
    h = 0.3

    def mean(f):
        return quadrature.expectation(f, MU, SIGMA, points=[p + s * h for p in points for s in (-1, 1)])

    def tied(z):
        return (cost(z + h) - cost(z - h)) / (2 * h)

    def spread(m):
        first = quadrature.expectation(cost, m, SIGMA, points=points)
        return quadrature.expectation(lambda z: cost(z) ** 2, m, SIGMA, points=points) - first**2

    d = difference(h)
    assert d.mean == pytest.approx(mean(tied))
    assert d.common == pytest.approx(mean(lambda z: tied(z) ** 2) - mean(tied) ** 2)
    assert d.fresh == pytest.approx((spread(MU + h) + spread(MU - h)) / (4 * h * h))


def test_a_short_step_is_the_path():
    e = variances.cosine(1.5, MU, SIGMA)
    d = chapter.wave_difference(1.5, MU, SIGMA, np.array([1e-4]))
    assert d.mean == pytest.approx(e.gradient[0], rel=1e-6)
    assert d.common == pytest.approx(variances.of_pathwise(e)[0], rel=1e-6)


@pytest.mark.parametrize("kind", ["common", "fresh"])
def test_the_least_error_is_one(kind):
    def step(h):
        return chapter.step_difference(1.0, MU, SIGMA, h)

    truth = math.exp(-((0.6 / 0.8) ** 2) / 2) / math.sqrt(2 * math.pi) / SIGMA
    best, least = chapter.least_error(step, truth, 500, kind)

    def error(h):
        d = step(h)
        return float((d.mean - truth) ** 2 + getattr(d, kind) / 500)

    assert error(best) == pytest.approx(least)
    assert error(0.98 * best) > least < error(1.02 * best)


def test_nodes_of_the_laws():
    n, odds = chapter.poisson_nodes(7.0)
    assert (odds.sum(), odds @ n, odds @ (n - 7) ** 2) == pytest.approx((1, 7, 7))
    x, more, w = chapter.gamma_nodes(2.5)
    assert (w.sum(), w @ x, w @ x**2, w @ more, w @ more**2) == pytest.approx((1, 2.5, 2.5 * 3.5, 1, 2))


def test_five_gradients_of_a_gamma_mean():
    # shape 1, the exponential law: path 1, coupled 1, baseline 2 + 6, uncoupled 2 + 1, plain 1 + 6 + 6
    np.testing.assert_allclose(chapter.gamma_rivals(1.0, 0.6), [1, 1, 8, 3, 13])
    np.testing.assert_allclose(chapter.gamma_rivals(1.0, 2.0), [1, 1, 8, 3, 13])


def test_a_frame_of_the_slider():
    from matplotlib import pyplot

    figure = chapter.draw_stairs(0.5)
    ramp, slope = (ax.lines[-1].get_ydata() for ax in figure.axes)
    m = figure.axes[0].lines[-1].get_xdata()
    # wide blur: the ramp m - 1/2, with slope one
    np.testing.assert_allclose(ramp, m - 0.5, atol=0.01)
    np.testing.assert_allclose(slope, 1, atol=0.02)
    pyplot.close(figure)


@pytest.mark.parametrize("c", [-0.5, 1.0])
def test_strata_of_a_step(c):
    n, u = 6, (c - MU) / SIGMA
    mean, square = chapter.step_strata(c, MU, SIGMA, n)

    def g(e):
        return (e > u) * e / SIGMA

    assert mean.mean() == pytest.approx(quadrature.expectation(g, points=(u,)))
    assert square.mean() == pytest.approx(quadrature.expectation(lambda e: g(e) ** 2, points=(u,)))
    whole = filling_variances.stratum_moments(lambda e: e / SIGMA, n)
    assert mean[-1] == pytest.approx(whole[0][-1], abs=1e-9)
    assert square[-1] == pytest.approx(whole[1][-1], abs=1e-9)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: chapter.wave_difference(1.0, 0.0, 1.0, 0.0), "h must"),
    (lambda: chapter.step_difference(1.0, 0.0, -1.0, 0.1), "sigma must"),
    (lambda: chapter.least_error(lambda h: None, 1.0, 0, "fresh"), "n must"),
    (lambda: chapter.least_error(lambda h: None, 1.0, 9, "some"), "kind must"),
    (lambda: chapter.poisson_nodes(0.0), "theta must"), (lambda: chapter.gamma_nodes(-1.0), "shape must"),
    (lambda: chapter.gamma_rivals(1.0, 0.0), "scale must"),
    (lambda: chapter.step_strata(0.0, 0.0, 1.0, 0), "n must"),
], ids=["step", "sigma", "n", "kind", "theta", "shape", "scale", "strata"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    assert grade("blackbox/direction", lambda r, b, s, h: np.outer((r - b) / (2 * h), np.ones(s.shape[1])) * s).right
    assert grade("blackbox/step", lambda A, third, N, p: blackbox.best_step(A, third, N, p)[0]).right
