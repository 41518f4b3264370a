"""The grader: right answers, known mistakes, and everything a reader may hand in."""

import importlib
import re

import numpy as np
import pytest
import torch
from samples.exercises import CHAPTERS, NAMES

from reparam.teaching import grader
from reparam.teaching.grader import Exercise, exercise, grade


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
    assert verdict.text.startswith(f"{name}: {hint}. (")


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_asks_for_two_functions_with_hints(chapter):
    known = importlib.import_module(f"reparam.teaching.exercises.{chapter}").EXERCISES
    assert len(known) >= 2
    assert all(e.mistakes and e.task.strip() for e in known.values())


@pytest.mark.parametrize("name", NAMES)
def test_each_exercise_says_what_its_function_takes_and_returns(name):
    task = exercise(name)
    function, inside = re.fullmatch(r"(\w+)\((.*)\)", task.head).groups()
    assert function.isidentifier()
    assert all(argument.isidentifier() for argument in inside.split(", "))
    assert len(task.names) == task.arity
    assert re.search(r"\b(NumPy|PyTorch|[Nn]umbers?)\b", task.takes)
    assert "; returns " in task.takes
    assert task.takes.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_no_task_or_hint_uses_a_label_that_readers_never_see(name):
    task = exercise(name)
    for text in (task.task, task.takes, *(hint for _, hint in task.mistakes)):
        assert not re.search(r"\b[SDF]\d+\b", text), text


def broken(mu, sigma, m, s):
    def deeper():
        return sigma / 0

    return deeper()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (broken, ["raised ZeroDivisionError in line 3, `return sigma / 0`", "at mu = 0, sigma = 1"]),
        (lambda: 0.0, ["takes ()", "called with 4 arguments, (mu, sigma, m, s)"]),
        (lambda *a: "text", ["returned the text 'text'"]),
        (lambda *a: np.nan, ["NaN or infinity"]),
        (lambda *a: np.zeros(3), ["an array of shape (3,) where one number is asked for"]),
        (lambda *a: 17.0, ["17 where 0 is right, at mu = 0, sigma = 1, m = 0, s = 1"]),
        (lambda *a: None, ["is a return missing"]),
        (lambda *a: ..., ["still to be written"]),
        (lambda *a: (1.0, 2.0), ["an array of shape (2,) where one number"]),
        (lambda *a: [[1.0], [2.0, 3.0]], ["where 1 are asked for"]),
        (lambda *a: (n for n in a), ["an object of type generator"]),
        (lambda *a: np.array(["a"]), ["an array of <U1 values"]),
        (int, ["raised TypeError: int() takes at most 2 arguments"]),
    ],
    ids=["raises", "arguments", "text", "nan", "shape", "number", "none", "dots", "pair", "ragged", "generator",
         "letters", "built in"],
)
def test_any_function_gets_an_answer_not_a_traceback(answer, words):
    verdict = grade("elbo/kl", answer)
    assert not verdict.right
    for word in words:
        assert word in verdict.text


def verdict_on(monkeypatch, answer, right, tol=1e-3):
    monkeypatch.setattr(grader, "exercise", lambda name: Exercise("a number.", lambda: right, ((),), tol=tol))
    return grade("any/name", lambda: answer)


@pytest.mark.parametrize(("answer", "right", "good"), [
    (100.09, 100.0, True), (100.11, 100.0, False), (99.91, 100.0, True), (99.89, 100.0, False),
    (-100.09, -100.0, True), (-100.11, -100.0, False), (100.0, -100.0, False), (0.0, 5.0, False),
    (0.0109, 0.01, True), (0.0111, 0.01, False), (0.0, 0.0, True), (2.003, 2.0, False), (1.0015, 1.0, False),
], ids=str)
def test_the_tolerance_is_relative_and_below_one_absolute(monkeypatch, answer, right, good):
    # a thousandth of 100 is 0.1; of 0.01 it is taken from 1
    assert verdict_on(monkeypatch, answer, right).right is good


def test_the_hint_names_the_number_that_is_wrong(monkeypatch):
    # a million is off by 500, within its tolerance; 2 is off by 1, which is not
    verdict = verdict_on(monkeypatch, np.array([1e6 + 500, 3.0, 4.0]), np.array([1e6, 2.0, 4.0]))
    assert verdict.text.startswith("any/name: 3 where 2 is right at index 1, at .")
    assert "Asked for: a number." in verdict.text
    assert repr(verdict) == f"✗ {verdict.text}"


def test_an_answer_may_be_a_tensor_that_wants_a_gradient(monkeypatch):
    answer = torch.tensor([1.0, 2.0], requires_grad=True)
    assert verdict_on(monkeypatch, [answer, 3], (np.array([1.0, 2.0]), 3.0)).right


@pytest.mark.parametrize("name", ["elbo/nothing", "nowhere/kl", "", 3], ids=["exercise", "chapter", "empty", "number"])
def test_an_unknown_exercise_is_refused(name):
    with pytest.raises(ValueError, match="no exercise"):
        grade(name, abs)


def test_an_answer_that_changes_its_arguments_spoils_no_later_verdict():
    # sorting in place is right here, but whoever sorts nothing after it must still be told
    def gradient(z, data, mu, sigma):
        residual = mu + sigma * z - data
        return 2 * residual.mean(), 2 * (residual * z).mean()

    def in_place(z, data, mu, sigma):
        z.sort()
        data.sort()
        return gradient(z, data, mu, sigma)

    assert grade("joint/pairing_gradient", in_place).right
    assert "nothing is sorted" in grade("joint/pairing_gradient", gradient).text


def test_an_answer_must_be_a_function():
    with pytest.raises(ValueError, match="answer must be a function"):
        grade("elbo/kl", 3.0)
