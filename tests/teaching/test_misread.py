"""Wrong answers that are made of the arguments, recognised in any exercise."""

import numpy as np
import pytest

from reparam.teaching import misread
from reparam.teaching.answers import numbers
from reparam.teaching.slips import Case, recognise

X = np.array([0.3, 1.7, 0.4, 2.2])
V = np.array([1.3, 0.2, 0.9, 0.5])
INPUTS = ((X, V, 0.7), (X[:3], V[:3], 2.3), (X[1:], V[1:], 0.4))
NAMES = ["x", "scale", "rate"]


def right(x, scale, rate):
    """Something with every argument in it, in no symmetric way."""
    return np.sin(x) / scale + rate * np.arange(1, len(x) + 1) * x


def case_of(wrong, reference=right, inputs=INPUTS, names=NAMES):
    got, want = ([numbers(f(*args))[0] for args in inputs] for f in (wrong, reference))
    return Case(got, want, inputs, names, lambda *args: numbers(reference(*args))[0])


def told(*wrong_and_right):
    return recognise(case_of(*wrong_and_right))


def test_each_kind_of_misreading_claims_only_its_own():
    swapped, scaled = case_of(lambda x, s, r: right(s, x, r)), case_of(lambda x, s, r: right(x, s, r) * s)
    assert [f(swapped) for f in (misread.other_arguments, misread.itself, misread.term)] == [
        "x and scale are swapped", None, None]
    assert [f(scaled) for f in (misread.other_arguments, misread.itself)] == [None, None]
    assert misread.term(scaled) == "this is scale times the right answer"


@pytest.mark.parametrize(("change", "words"), [
    (lambda x, s, r: (x, s**2, r), "scale is squared where it should not be"),
    (lambda x, s, r: (x, np.sqrt(s), r), "the square root of scale stands where scale belongs"),
    (lambda x, s, r: (x, s, -r), "the sign of rate"), (lambda x, s, r: (x, s, 1 / r), "one over rate"),
    (lambda x, s, r: (x, 2 * s, r), "twice scale"), (lambda x, s, r: (x, s, r / 2), "half of rate"),
    (lambda x, s, r: (1 - x, s, r), "1 - x stands"), (lambda x, s, r: (x, np.exp(s), r), "the exponential of scale"),
    (lambda x, s, r: (np.log(x), s, r), "the logarithm of x"), (lambda x, s, r: (x, s, 0.0), "rate is 0"),
    (lambda x, s, r: (x, np.ones_like(s), r), "scale is 1"), (lambda x, s, r: (x, s, r + 1), "rate + 1 stands"),
    (lambda x, s, r: (x, 0 * s + s.mean(), r), "the mean of scale"), (lambda x, s, r: (x, s[::-1], r), "reverse order"),
    (lambda x, s, r: (x, 0 * s + s[0], r), "the first of scale"), (lambda x, s, r: (np.sort(x), s, r), "x is sorted"),
    (lambda x, s, r: (s, x, r), "x and scale are swapped"),
], ids=lambda given: given if isinstance(given, str) else "")
def test_the_right_answer_to_other_arguments_is_named(change, words):
    assert words in told(lambda *args: right(*change(*args)))


@pytest.mark.parametrize(("wrong", "words"), [
    (lambda x, s, r: right(x, s, r) * s, "scale times the right answer"),
    (lambda x, s, r: right(x, s, r) / r**2, "a factor rate squared is missing"),
    (lambda x, s, r: 2 * right(x, s, r) / r, "2 · 1/rate times the right answer"),
    (lambda x, s, r: right(x, s, r) / np.sqrt(len(x)), "1/sqrt(len(x)) times the right answer"),
    (lambda x, s, r: right(x, s, r) * x / s, "x · 1/scale times the right answer"),
    (lambda x, s, r: right(x, s, r) - x / r, "right answer less x · 1/rate"),
    (lambda x, s, r: right(x, s, r) + 0.5 * s, "plus 0.5 · scale"),
    (lambda x, s, r: s, "this is scale itself"),
], ids=["times", "over", "twice", "root of a length", "ratio", "term", "half", "itself"])
def test_a_factor_or_a_term_that_is_made_of_the_arguments_is_named(wrong, words):
    assert words in told(wrong)


@pytest.mark.parametrize(("wrong", "words"), [
    (lambda x, s, r: right(x, s, r) * np.array([1, -1, 1, -1])[: len(x)], "some signs are wrong"),
    (lambda x, s, r: np.roll(right(x, s, r), 2)[np.argsort(s)], "in another order"),
    (lambda x, s, r: np.concatenate([right(x, s, r)[1:], [9.0]]), "shifted by one place"),
    (lambda x, s, r: np.minimum(right(x, s, r), 1.0), "cut off at 1"),
    (lambda x, s, r: right(x, s, r) * np.cos(r), "same for all numbers of one input, and another at the next"),
    (lambda x, s, r: right(x, s, r) + np.cos(r), "a constant that is the same for all numbers of one input"),
    (lambda x, s, r: 1 - right(x, s, r), "1 minus the right answer"),
], ids=["signs", "order", "shift", "cut", "factor by input", "constant by input", "complement"])
def test_what_is_right_in_part_is_told_apart(wrong, words):
    assert words in told(wrong)


def test_a_number_of_steps_is_not_made_so_large_that_somebody_has_to_wait():
    asked = []

    def reference(n, x):
        asked.append(n)
        return np.full(3, float(n) * x)

    told(lambda n, x: np.sin([n, x, n * x]), reference, ((50000, 0.3), (40000, 0.7)), ["n", "x"])
    assert max(asked) <= 1e5
