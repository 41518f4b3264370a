"""The grader: right answers, known mistakes, and everything a reader may hand in."""

import importlib
import pkgutil

import numpy as np
import pytest

import reparam.exercises
from reparam.grader import exercise, grade

CHAPTERS = [m.name for m in pkgutil.iter_modules(reparam.exercises.__path__)]
NAMES = [f"{c}/{n}" for c in CHAPTERS for n in importlib.import_module(f"reparam.exercises.{c}").EXERCISES]


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_is_right(name):
    verdict = grade(name, exercise(name).reference)
    assert verdict.right
    assert repr(verdict).startswith("✓ ")


@pytest.mark.parametrize(("name", "i"), [(n, i) for n in NAMES for i in range(len(exercise(n).mistakes))])
def test_each_known_mistake_gets_its_own_hint(name, i):
    wrong, hint = exercise(name).mistakes[i]
    verdict = grade(name, wrong)
    assert not verdict.right
    assert verdict.text == f"{name}: {hint}"


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_asks_for_two_functions_with_hints(chapter):
    known = importlib.import_module(f"reparam.exercises.{chapter}").EXERCISES
    assert len(known) >= 2
    assert all(e.mistakes and e.task.strip() for e in known.values())


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (lambda *a: 1 / 0, "raised ZeroDivisionError"),
        (lambda: 0.0, "raised TypeError"),
        (lambda *a: "text", "raised ValueError"),
        (lambda *a: np.nan, "NaN or infinity"),
        (lambda *a: np.zeros(3), "shape"),
        (lambda *a: 17.0, "17 where 0 is right"),
        (lambda *a: None, "is a return missing"),
    ],
    ids=["raises", "arguments", "text", "nan", "shape", "number", "none"],
)
def test_any_function_gets_an_answer_not_a_traceback(answer, word):
    verdict = grade("elbo/kl", answer)
    assert not verdict.right
    assert word in verdict.text


@pytest.mark.parametrize("name", ["elbo/nothing", "nowhere/kl", "", 3], ids=["exercise", "chapter", "empty", "number"])
def test_an_unknown_exercise_is_refused(name):
    with pytest.raises(ValueError, match="no exercise"):
        grade(name, abs)


def test_an_answer_must_be_a_function():
    with pytest.raises(ValueError, match="answer must be a function"):
        grade("elbo/kl", 3.0)
