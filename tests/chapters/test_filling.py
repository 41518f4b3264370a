"""Noise that fills its space: a cost of several coordinates, the picture, and the exercises."""

import math

import numpy as np
import pytest

from reparam import noise
from reparam.chapters import filling as chapter
from reparam.estimators import filling
from reparam.teaching.grader import grade


def test_the_score_over_a_latin_hypercube():
    # h = e: e1^2 stratified, products of two exactly linear factors
    d, n, sigma = 3, 8, 0.5
    stated = chapter.latin_score_variance(lambda e: e, d, n, sigma)
    v, w = noise.generator("test/filled").uniform(size=(2, 20_000, n, d))
    eps = filling.as_normal(filling.latin_hypercube(v, w))
    means = (eps.sum(-1) * eps[..., 0] / sigma).mean(1)
    assert means.mean() == pytest.approx(1 / sigma, abs=6 * math.sqrt(stated / 20_000))
    assert means.var() == pytest.approx(stated, rel=0.12)
    # negative control: as if the products gained like the own term
    assert abs(chapter.latin_score_variance(lambda e: e, 1, n, sigma) * d - stated) > 0.2 * stated


def test_one_coordinate_is_stratified():
    # with one coordinate nothing is left but strata: h = 2 e has four times the variance of e
    one = chapter.latin_score_variance(lambda e: e, 1, 6, 1.0)
    assert chapter.latin_score_variance(lambda e: 2 * e, 1, 6, 2.0) == pytest.approx(one)
    assert chapter.latin_score_variance(lambda e: e, 1, 2, 1.0) > one  # two points are enough


def test_the_picture():
    from matplotlib import pyplot

    points = np.array([[0.1, 0.2], [0.7, 0.4]])
    figure = chapter.draw_points({"a": points, "b": points[::-1]})
    assert figure.axes[1].get_title() == "b" or figure.axes[1].get_title("left") == "b"
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [0.1, 0.7])
    pyplot.close(figure)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: chapter.latin_score_variance(lambda e: e, 0, 4, 1.0), "d must"),
    (lambda: chapter.latin_score_variance(lambda e: e, 2, 1, 1.0), "n must"),
    (lambda: chapter.latin_score_variance(lambda e: e, 2, 4, -1.0), "sigma must"),
    (lambda: chapter.latin_score_variance(lambda e: e + 1, 2, 4, 1.0), "h must"),
], ids=["d", "n", "sigma", "mean"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    assert grade("filling/strata", lambda v: np.cumsum(np.full(len(v), 1 / len(v))) - (1 - v) / len(v)).right
    assert grade("filling/latin", filling.latin_hypercube).right
