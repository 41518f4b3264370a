"""The atlas of estimators: unbiased, with the variance of the closed form; and what must be rejected."""

import numpy as np
import pytest
from samples.costs import COSTS, NODES, SIGMA, WEIGHTS, Q

from reparam import checks as check
from reparam.chapters import estimators as chapter
from reparam.estimators import side_by_side, variances
from reparam.estimators.slopes import pathwise
from reparam.estimators.values import score_function
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws
from reparam.teaching.exercises import estimators as exercises
from reparam.teaching.grader import grade


def integrated(cost):
    f = COSTS[cost][0]
    return side_by_side.integrate(side_by_side.catalogue(f, Q, NODES, WEIGHTS), f, Q)


@pytest.mark.parametrize("cost", COSTS)
def test_every_estimator_is_unbiased_and_has_its_closed_form_variance(cost):
    mean, variance = integrated(cost)
    e = COSTS[cost][1]
    np.testing.assert_allclose(mean, np.tile(e.gradient, (8, 1)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(variance, list(variances.all_estimators(e).values()), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda f, eps: score_function(lambda z: -f(z), Q, eps),
        lambda f, eps: pathwise(f, DiagonalGaussian(Q.mu, Q.log_sigma + 0.1), eps),
        lambda f, eps: GradientDraws(*(g * 0.5 for g in score_function(f, Q, eps))),
        lambda f, eps: GradientDraws(pathwise(f, Q, eps).mu, pathwise(f, Q, eps).log_sigma / SIGMA),
    ],
    ids=["sign", "wrong sigma", "shrunk by (k-1)/k at k = 2", "by sigma instead of log sigma"],
)
def test_wrong_gradients_are_rejected(wrong):
    f, e = COSTS["cosine"]
    got = [WEIGHTS @ g[:, 0].numpy() for g in wrong(f, NODES)]
    with pytest.raises(check.CheckFailed):
        check.equal("atlas-task", got, e.gradient, tol=1e-8)


def test_curves_and_frames_draw_every_named_estimator():
    import matplotlib

    matplotlib.use("Agg")
    ks = np.array([0.5, 1.0, 2.0])
    curves = variances.all_estimators(variances.cosine(ks, 1.0, 1.0))
    figure = chapter.draw_wiggle(1.0, ks, curves, {"pathwise": "blue", "measure-valued": "green"})
    left, right = figure.axes
    assert [line.get_color() for line in right.lines[:2]] == ["blue", "green"]
    np.testing.assert_allclose(right.lines[0].get_ydata(), curves["pathwise"][0])
    np.testing.assert_allclose(left.lines[0].get_ydata(), np.cos(left.lines[0].get_xdata()))
    assert right.get_yscale() == "log"

SOLUTIONS = {
    "leave_one_out": lambda v, s: ((v - v.mean(1, keepdims=True)) * s).sum(1) / (v.shape[1] - 1),
    "best_baseline": lambda v, s: (v * s**2).mean() / (s**2).mean(),
    "mean_gradient": lambda f, m, s, w: (f(m + s * w) - f(m - s * w)) / (s * np.sqrt(2 * np.pi)),
}


@pytest.mark.parametrize("name", exercises.EXERCISES)
def test_grader_accepts_the_solution(name):
    assert grade(f"estimators/{name}", SOLUTIONS[name]).right


def test_published_panels_have_logarithmic_axes_where_the_parameter_is_positive():
    ranges = {"a": (variances.square, np.linspace(-3, 3, 5)), "b": (variances.exponential, np.geomspace(0.1, 10, 5)),
              "c": (variances.cosine, np.geomspace(0.5, 5, 5))}
    curves = {c: variances.all_estimators(f(k, 1.0, 1.0)) for c, (f, k) in ranges.items()}
    axes = chapter.draw_published(ranges, curves, 1, {"pathwise": "blue"})
    assert [ax.get_xscale() for ax in axes] == ["linear", "log", "log"]
    assert axes[0].get_ylabel() == "variance, parameter σ"
    np.testing.assert_allclose(axes[1].lines[0].get_ydata(), curves["b"]["pathwise"][1])


def test_atlas_table_sets_the_three_roads_side_by_side():
    a = np.arange(8.0).reshape(2, 2, 2)
    html = chapter.atlas_table({"x": {"p": 0, "q": 0}, "y": {"p": 0, "q": 0}}, a, a + 10, a + 20, "c")._repr_html_()
    # the second cost's first estimator: 4 for mu, 5 for log sigma
    row = "<td>4.0000</td><td>14.0000</td><td>24.0000</td><td>5.0000</td><td>15.0000</td><td>25.0000</td>"
    assert f'<th scope="row">y: p</th>{row}' in html
