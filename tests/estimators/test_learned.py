"""RELAX with a control that learns: its parabola, its learners, and wrong ones that are refused."""

import numpy as np
import pytest
from samples.bits import ELL, one
from scipy.special import expit, logit

from reparam import checks as check
from reparam.estimators import corrected, learned
from reparam.noise import generator

TAUS, D = np.array([0.3, 1.2]), 4
THETA = expit(ELL)


def crowd(b):
    """A cost of the number of ones that is no sum over bits."""
    return (b.sum(-1) - 1.2) ** 2


def by_count(size=D):
    ones = np.arange(size) + np.array([[0], [1]])
    return (ones - 1.2) ** 2


EXACT = learned.LearnedControl(ELL, TAUS, by_count())
U, V = generator("tests/learned").random((2, 60_000, D))


def test_draws_are_those_of_relax_with_the_same_control():
    a = np.array([0.3, -0.7, 1.1])
    b, d = learned.controls(ELL, TAUS, U[:50], V[:50])

    def heights(z):
        return expit(z[..., None] / TAUS)

    known = corrected.relax(
        crowd, lambda z: a[0] + (heights(z) - THETA).sum(1) @ a[1:],
        lambda z: (heights(z) * (1 - heights(z)) / TAUS) @ a[1:], np.full(D, THETA), U[:50], V[:50])
    np.testing.assert_allclose(crowd(b)[:, None] * (b - THETA) - d @ a, known, atol=1e-12)


def test_the_parts_have_mean_zero_and_the_stated_second_moments():
    b, d = learned.controls(ELL, TAUS, U, V)
    scored = crowd(b) * (b[:, 0] - THETA)
    check.mean("relax-parts", d[:, 0], np.zeros(3), resolution=0.03)
    check.mean("relax-normal", d[:, 0, :, None] * d[:, 0, None], EXACT.bend, resolution=0.1)
    check.mean("relax-normal", scored[:, None] * d[:, 0], EXACT.pull, resolution=0.2)


@pytest.mark.parametrize("weights", [[0.0, 0.0, 0.0], [0.4, -0.3, 0.8], None], ids=("none", "some", "best"))
def test_the_variance_of_draws_is_the_parabola(weights):
    a = EXACT.best if weights is None else np.array(weights)
    b, d = learned.controls(ELL, TAUS, U, V)
    g = crowd(b) * (b[:, 0] - THETA) - d[:, 0] @ a
    stated = EXACT.variance(a)
    check.mean("relax-learned", g, EXACT.gradient, resolution=0.06)
    check.variance("relax-learned", g, stated, resolution=0.1 * stated)
    with pytest.raises(check.CheckFailed):  # the path of the second draw forgotten
        check.mean("relax-learned", g - 0.1 * (b[:, 0] - THETA) * b[:, 0], EXACT.gradient, resolution=0.06)


def test_without_control_the_variance_is_that_of_the_score_function_by_hand():
    # one bit, f = (b - 0.3)^2: values 0.09 and 0.49 times the scores -theta and 1 - theta
    x = learned.LearnedControl(ELL, TAUS, [[one(0.0)], [one(1.0)]])
    values, chance = np.array([0.09 * -THETA, 0.49 * (1 - THETA)]), np.array([1 - THETA, THETA])
    assert x.gradient == pytest.approx(chance @ values, rel=1e-12)
    assert x.variance(np.zeros(3)) == pytest.approx(chance @ values**2 - (chance @ values) ** 2, rel=1e-12)


def test_one_bit_is_exact_with_its_best_constant():
    x = learned.LearnedControl(ELL, TAUS, [[one(0.0)], [one(1.0)]])
    assert x.variance(x.best) == pytest.approx(0.0, abs=1e-12)
    np.testing.assert_allclose(x.best, [one(1.0) * (1 - THETA) + one(0.0) * THETA, 0, 0], atol=1e-9)


def test_the_best_weights_are_a_minimum():
    for step in 0.05 * np.vstack([np.eye(3), -np.eye(3)]):
        assert EXACT.variance(EXACT.best + step) > EXACT.variance(EXACT.best)


def test_learners_go_where_they_are_expected():
    u, v = generator("tests/learners").random((2, 25, 3000, D))
    found = learned.learn(crowd, ELL, TAUS, u, v, 0.2)
    check.mean("relax-learning", found, EXACT.expected(0.2, 25), resolution=0.12)
    with pytest.raises(check.CheckFailed):
        check.mean("relax-learning", found, EXACT.expected(0.4, 25), resolution=0.12)
    # one step from zero by hand: rate times the mean over bits of f s d
    b, d = learned.controls(ELL, TAUS, u[0, :2], v[0, :2])
    by_hand = 0.2 * np.einsum("n,ni,nik->nk", crowd(b), b - THETA, d) / D
    np.testing.assert_allclose(learned.learn(crowd, ELL, TAUS, u[:1, :2], v[:1, :2], 0.2), by_hand, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: learned.controls(9.0, TAUS, U, V), "ell must"),
        (lambda: learned.controls(ELL, [0.3, 0.3], U, V), "taus must be temperatures"),
        (lambda: learned.controls(ELL, [0.001], U, V), "taus must be temperatures"),
        (lambda: learned.controls(ELL, TAUS, 0 * U, V), "strictly between"),
        (lambda: learned.LearnedControl(ELL, TAUS, np.ones((3, 4))), "values"),
        (lambda: EXACT.variance(np.ones(2)), "weights must"),
        (lambda: EXACT.expected(0.0, 3), "rate must be positive"),
        (lambda: learned.learn(crowd, ELL, TAUS, U[None], V[None], -1.0), "rate must be positive"),
    ],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_the_logit_may_be_any_in_range():
    for ell in (-7.9, logit(0.5), 7.9):
        x = learned.LearnedControl(ell, [0.02, 50.0], by_count())
        assert 0 <= x.variance(x.best) <= x.variance(np.zeros(3))
