"""Implicit paths: the weight of two bumps by two roads, the slider's frame, the exercises."""

import numpy as np
import pytest
import torch

from reparam.chapters import implicit
from reparam.teaching.grader import grade


def test_torch_has_no_path_for_von_mises():
    assert torch.distributions.Gamma.has_rsample
    assert not torch.distributions.VonMises.has_rsample


def test_bumps_stand_where_they_should():
    law = implicit.bumps(0.3, 2.0, 0.5)
    assert law.mean == pytest.approx(0.6 - 1.4)
    assert law.weights[0] == 0.3
    assert law.means[0] == 2.0


def test_variances_of_far_bumps_are_those_of_a_choice_between_two_points():
    # draws m + s e with probability w, -m + s e else: [4 m^2 (1 - 2w)^2 + s^2]/(w (1 - w))
    path, score = implicit.weight_variances(0.3, 4.0, 0.5)
    assert score == pytest.approx((64 * 0.16 + 0.25) / 0.21, rel=1e-9)
    assert path > 1e10


def test_variances_of_near_bumps_by_a_riemann_sum():
    z = np.linspace(-4.5, 4.5, 200_001)
    first, second = (np.exp(-0.5 * ((z - m) / 0.7) ** 2) / (0.7 * np.sqrt(2 * np.pi)) for m in (0.8, -0.8))
    p, step = 0.4 * first + 0.6 * second, z[1] - z[0]
    moved = np.cumsum(second - first) * step
    path = np.sum(moved**2 / p) * step - 1.6**2
    score = np.sum((z + 0.16) ** 2 * (first - second) ** 2 / p) * step - 1.6**2
    for road in (implicit.weight_variances, implicit.weight_variances_again):
        np.testing.assert_allclose(road(0.4, 0.8, 0.7), (path, score), rtol=1e-4)


def test_two_roads_for_wide_bumps():
    roads = implicit.weight_variances, implicit.weight_variances_again
    np.testing.assert_allclose(*(road(0.4, 1.0, 3.0) for road in roads), rtol=1e-6)


def test_a_frame_marks_both_variances_of_its_centre():
    from matplotlib import pyplot

    figure = implicit.draw_weight(1.0, 0.4, 0.7, np.array([0.5, 1.5]), np.ones((2, 2)))
    marks = figure.axes[1].lines[-1].get_ydata()
    np.testing.assert_allclose(marks, implicit.weight_variances(0.4, 1.0, 0.7))
    pyplot.close(figure)


@pytest.mark.parametrize(("centre", "width"), [(0.0, 1.0), (1.0, -1.0), (np.nan, 1.0)], ids=str)
def test_bad_bumps_are_refused(centre, width):
    with pytest.raises(ValueError, match="must be"):
        implicit.weight_variances(0.4, centre, width)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("weibull", lambda z, k: -z * np.log(z) / k),
        ("truncated", lambda z, r, c: (c * np.expm1(r * z) / np.expm1(r * c) - z) / r),
    ],
)
def test_right_answers_are_right(name, answer):
    assert grade(f"implicit/{name}", answer).right
