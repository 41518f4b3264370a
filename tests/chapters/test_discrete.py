"""Discrete variables: the laws of the relaxations, their exact moments, the unbiased rival."""

import numpy as np
import pytest
from scipy.special import expit

from reparam.chapters import discrete
from reparam.estimators import relaxations
from reparam.laws import concrete
from reparam.teaching.grader import grade


def test_triangle_integral_of_a_constant_is_the_area():
    assert discrete.triangle_integral(lambda log_y: 0 * log_y[..., 0], -45.0, 45.0) == pytest.approx(0.5, abs=1e-10)
    # by symmetry a third of the area has y1 on top
    assert discrete.triangle_integral(lambda log_y: 0 * log_y[..., 0], 0.0, 45.0) == pytest.approx(1 / 6, abs=1e-10)


def test_triangle_integral_knows_which_category_is_the_largest():
    # Dirichlet(2, 1, 1) has the density 6 y_1; the largest of three uniform shares averages 11/18
    mass = discrete.triangle_integral(lambda log_y: np.log(6) + log_y[..., 0], 0.0, 45.0)
    assert mass == pytest.approx(11 / 18, abs=1e-9)


def test_the_best_temperature_is_a_minimum_of_the_exact_error():
    def slope(y):
        return 2 * (y - 0.3)

    truth = 0.4 * expit(-0.8) * expit(0.8)
    tau, error = discrete.best_temperature(slope, -0.8, truth, 1e4, 0.04)
    mean, variance = relaxations.relaxed_moments(slope, -0.8, tau)
    assert error == pytest.approx((mean - truth) ** 2 + variance / 1e4, rel=1e-10)
    for other in (0.98 * tau, 1.02 * tau):
        mean, variance = relaxations.relaxed_moments(slope, -0.8, other)
        assert (mean - truth) ** 2 + variance / 1e4 > error


def test_a_frame_of_the_slider_has_two_panels():
    from matplotlib import pyplot

    figure = discrete.draw_wax(np.eye(3), ["red"] * 3, np.array([0.1, 0.9]), np.array([1.0, 2.0]))
    left, right = figure.axes
    np.testing.assert_allclose(left.collections[0].get_offsets()[2], [0.5, 0.75**0.5])
    assert right.lines[0].get_ydata()[1] == 2.0
    pyplot.close(figure)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("gumbel_max", lambda logits, u: np.argmax(logits - np.log(-np.log(u)), axis=-1)),
        ("binary_density", lambda y, ell, tau: np.exp(concrete.concrete_log_density(
            np.log(np.stack([y, 1 - y], -1)), np.array([ell, 0.0]), tau))),
    ],
)
def test_right_answers_are_right(name, answer):
    assert grade(f"discrete/{name}", answer).right
