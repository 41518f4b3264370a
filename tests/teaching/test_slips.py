"""Mistakes that are recognised in any exercise by the numbers that they give."""

import math

import numpy as np
import pytest

from reparam.teaching.answers import numbers
from reparam.teaching.slips import Case, recognise

X = np.array([0.3, 1.7, -0.4, 2.2])
INPUTS = ((0.3, 0.8, X), (-1.2, 1.7, X[:3]), (0.6, 0.4, X[1:]))
NAMES = ["mu", "sigma", "x"]


def right(mu, sigma, x):
    """A log density: something with every argument in it."""
    return -0.5 * ((x - mu) / sigma) ** 2 - math.log(sigma)


def told(wrong, reference=right, inputs=INPUTS, names=NAMES):
    got, want = ([numbers(f(*args))[0] for args in inputs] for f in (wrong, reference))
    return recognise(Case(got, want, inputs, names, lambda *args: numbers(reference(*args))[0]))


@pytest.mark.parametrize(("change", "words"), [
    (lambda a: -a, "the sign"), (lambda a: 2 * a, "a factor 2 too many"), (lambda a: a / 2, "a factor 2 is missing"),
    (lambda a: a / math.log(2), "in bits"), (lambda a: a / math.log(10), "log10"), (lambda a: 3 * a, "always 3 times"),
    (lambda a: a * 180 / math.pi, "degrees"), (lambda a: a + 1, "always one more"), (lambda a: a - 1, "one less"),
    (lambda a: a - 0.5 * math.log(2 * math.pi), "log(2 pi)/2 is missing"), (lambda a: a + 0.3, "always +0.3 from"),
    (np.exp, "the exponential of the right answer"), (np.square, "the square of"), (lambda a: 1 / a, "one over"),
    (np.abs, "here they are lost"), (np.round, "rounded"), (lambda a: a[::-1], "in reverse order"),
    (lambda a: a * len(a), "a sum where a mean"), (lambda a: a / len(a), "a mean where a sum"),
    (lambda a: a * len(a) / (len(a) - 1), "divide by n, not by n - 1"),
], ids=lambda given: given if isinstance(given, str) else "")
def test_what_is_done_to_the_right_answer_is_named(change, words):
    assert words in told(lambda *args: change(right(*args)))


@pytest.mark.parametrize(("wrong", "words"), [
    (lambda mu, sigma, x: right(mu, sigma, x) * sigma, "a factor sigma too many"),
    (lambda mu, sigma, x: right(mu, sigma, x) / sigma**2, "a factor sigma squared is missing"),
    (lambda mu, sigma, x: right(mu, math.sqrt(sigma), x), "sigma was taken for a variance"),
    (lambda mu, sigma, x: right(mu, sigma**2, x), "sigma is squared where it should not be"),
], ids=["times", "over", "variance", "squared"])
def test_what_is_done_to_an_argument_is_named(wrong, words):
    assert words in told(wrong)


def test_arguments_that_are_swapped_are_named():
    def power(a, b):
        return a**b

    inputs, names = ((2.0, 3.0), (1.5, 0.4), (0.7, 2.2)), ["a", "b"]
    assert told(lambda a, b: b**a, power, inputs, names) == "a and b are swapped"


def test_a_log_deviation_read_as_a_log_variance_is_named():
    def scaled(log_sigma, eps):
        return np.exp(log_sigma) * eps + eps**2

    inputs, names = ((0.4, X), (-0.7, X[:2])), ["log_sigma", "eps"]
    assert "log of the variance" in told(lambda r, eps: scaled(r / 2, eps), scaled, inputs, names)
    assert "exp(2 log_sigma)" in told(lambda r, eps: scaled(2 * r, eps), scaled, inputs, names)
    assert "a factor sigma is missing" in told(lambda r, eps: eps, lambda r, eps: np.exp(r) * eps, inputs, names)


def test_one_hot_rows_and_counting_from_one_are_named():
    def place(u):
        return np.argmax(u, axis=-1)

    inputs, names = ((np.array([[1, 5, 2], [3, 0, 1], [0, 0, 4]]),), (np.array([[2, 1, 0]]),)), ["u"]
    assert "one-hot" in told(lambda u: np.eye(3)[place(u)], place, inputs, names)
    assert "counted from 1 instead of 0" in told(lambda u: place(u) + 1, place, inputs, names)


def test_a_transposed_square_and_swapped_values_are_named():
    def outer(x):
        return np.outer(x, x**2), x

    assert "transposed" in told(lambda x: outer(x)[0].T, lambda x: outer(x)[0], ((X,), (X[:2],)), ["x"])
    assert "reverse order" in told(lambda x: (x.max(), x.min()), lambda x: (x.min(), x.max()), ((X,), (X[:2],)), ["x"])


def test_the_one_value_of_several_that_is_wrong_is_named():
    wrong = told(lambda x: (x.sum(), 2 * x), lambda x: (x.sum(), x), ((X,), (X[:2],)), ["x"])
    assert wrong == "in value 2 of 2 alone: a factor 2 too many: this is twice the right answer"


def test_numbers_that_fit_nothing_get_no_name():
    assert told(lambda mu, sigma, x: np.sin(17 * x + mu)) is None
    assert told(lambda mu, sigma, x: x[:1]) is None
