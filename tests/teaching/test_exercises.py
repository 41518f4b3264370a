"""What people hand in: twenty wrong answers to every exercise, right ones in every dress, and what earned a hint."""


import numpy as np
import pytest
import torch
from samples.exercises import NAMES

from reparam.teaching.grader import exercise, grade


def each(change):
    """Change every number of an answer."""
    def changed(value):
        if isinstance(value, tuple | list):
            return tuple(changed(part) for part in value)
        return change(np.asarray(value.detach() if hasattr(value, "detach") else value, dtype=np.float64))

    return changed


def fail(value):
    raise ZeroDivisionError("division by zero")


def first(value):
    return value[0] if isinstance(value, tuple | list) or np.ndim(value) else [value, value]


WRONG = {
    "minus": (each(np.negative), ""), "twice": (each(lambda a: 2 * a), ""), "half": (each(lambda a: a / 2), ""),
    "one more": (each(lambda a: a + 1), ""), "one less": (each(lambda a: a - 1), ""),
    "in bits": (each(lambda a: a / np.log(2)), ""), "thrice": (each(lambda a: 3 * a), ""),
    "a little off": (each(lambda a: a + 0.01), ""), "nearly": (each(lambda a: a * (1 + 3e-5) + 3e-5), "nearly"),
    "zero": (each(lambda a: 0 * a - 7), ""), "not a number": (each(lambda a: a * np.nan), "NaN or infinity"),
    "infinite": (each(lambda a: a + np.inf), "NaN or infinity"),
    "text": (str, "returned the text"), "dict": (lambda v: {"answer": v}, "returned a dict"),
    "none": (lambda v: None, "is a return missing"), "unwritten": (lambda v: ..., "still to be written"),
    "complex": (each(lambda a: a + 1j), "complex numbers"), "raises": (fail, "raised ZeroDivisionError in line 1"),
    "a function": (lambda v: abs, "returned a function"), "a set": (lambda v: {1.0, 2.0}, "returned a set"),
    "an object": (lambda v: object(), "an object of type object"), "the first": (first, "where"),
    "a column": (each(lambda a: a[..., None, None]), "where"),
}


@pytest.mark.parametrize("name", NAMES)
def test_twenty_wrong_answers_each_get_a_sentence(name):
    reference = exercise(name).reference
    for kind, (change, word) in WRONG.items():
        verdict = grade(name, lambda *args, change=change: change(reference(*args)))
        assert not verdict.right, kind
        assert word in verdict.text, f"{kind}: {verdict.text}"
        assert " at " in verdict.text, f"{kind}: {verdict.text}"
        assert any(n in verdict.text for n in exercise(name).names), f"{kind}: {verdict.text}"


def tensors(value):
    return each(lambda a: torch.tensor(a, requires_grad=True))(value)


def listed(value):
    if isinstance(value, tuple | list):
        return [listed(part) for part in value]
    return np.asarray(value.detach() if hasattr(value, "detach") else value).tolist()


DRESSES = {
    "single": each(np.float32), "single tensors": each(lambda a: torch.tensor(a, dtype=torch.float32)),
    "single, made floats": lambda v: listed(each(np.float32)(v)), "tensors": tensors, "lists": listed,
    "tuple of arrays": each(np.asarray),
}


@pytest.mark.parametrize("dress", DRESSES)
@pytest.mark.parametrize("name", NAMES)
def test_a_right_answer_is_right_in_every_dress(name, dress):
    reference = exercise(name).reference
    verdict = grade(name, lambda *args: DRESSES[dress](reference(*args)))
    assert verdict.right, verdict.text


@pytest.mark.parametrize(("name", "i"), [(n, i) for n in NAMES for i in range(len(exercise(n).mistakes))])
def test_single_precision_hides_no_mistake(name, i):
    wrong, _ = exercise(name).mistakes[i]
    verdict = grade(name, lambda *args: each(np.float32)(wrong(*args)))
    assert not verdict.right
