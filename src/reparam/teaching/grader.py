"""The grader of the exercises: it tests a reader's function and answers with what is right, or with a hint."""

from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module

import numpy as np


@dataclass(frozen=True)
class Exercise:
    """A function to be written, and what the grader knows about it.

    Parameters
    ----------
    task : str
        One sentence: what the function must return.
    reference : callable
        A right answer by another road than the chapter's solution, a closed form where there is one.
    inputs : tuple of tuples
        Arguments to try, chosen so that every known mistake shows.
    mistakes : tuple of (callable, str)
        Known wrong answers, each with the hint it earns.
    tol : float
        Allowed difference, relative to the reference, or absolute where that is below one.
    """

    task: str
    reference: object
    inputs: tuple
    mistakes: tuple = ()
    tol: float = 1e-8


@dataclass(frozen=True)
class Verdict:
    """The grader's answer; ``right`` tells a program what the text tells the reader."""

    right: bool
    text: str

    def __repr__(self):
        return ("✓ " if self.right else "✗ ") + self.text


def _numbers(value):
    """Flatten numbers, arrays, tensors and tuples of them into one list of arrays."""
    if isinstance(value, tuple | list):
        return [array for part in value for array in _numbers(part)]
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return [np.asarray(value, dtype=np.float64)]


def _compare(answer, reference, tol):
    """None if they agree, else a sentence that says where they part."""
    got, want = _numbers(answer), _numbers(reference)
    if [a.shape for a in got] != [a.shape for a in want]:
        return f"shape {[a.shape for a in got]} where {[a.shape for a in want]} is asked for"
    for a, e in zip(got, want, strict=True):
        if not np.isfinite(a).all():
            return "NaN or infinity"
        excess = np.abs(a - e) - tol * np.maximum(1.0, np.abs(e))
        if np.any(excess > 0):
            i = np.unravel_index(np.argmax(excess), a.shape)
            return f"{a[i]:.6g} where {e[i]:.6g} is right"
    return None


def exercise(name):
    """Look up an exercise.

    Parameters
    ----------
    name : str
        ``"chapter/exercise"``.

    Returns
    -------
    Exercise

    Raises
    ------
    ValueError
        If there is none of that name; the message lists the chapter's.
    """
    chapter, _, short = str(name).partition("/")
    try:
        known = import_module(f"reparam.teaching.exercises.{chapter}").EXERCISES
    except ModuleNotFoundError:
        raise ValueError(f"no exercises for chapter {chapter!r}") from None
    if short not in known:
        raise ValueError(f"no exercise {name!r}; this chapter has {', '.join(f'{chapter}/{k}' for k in known)}")
    return known[short]


def grade(name, answer):
    """Test a reader's function.

    Parameters
    ----------
    name : str
        ``"chapter/exercise"``, for instance ``"elbo/gap"``.
    answer : callable
        The reader's function.

    Returns
    -------
    Verdict
        Right, or a hint: the known mistake that gives the same numbers, the error raised, or where the numbers part.

    Raises
    ------
    ValueError
        If the exercise does not exist or ``answer`` is not callable.
    """
    task = exercise(name)
    if not callable(answer):
        raise ValueError(f"answer must be a function, got {type(answer).__name__}")
    results = []
    for args in task.inputs:
        try:
            results.append(answer(*deepcopy(args)))  # an answer may sort in place
            if results[-1] is None:
                return Verdict(False, f"{name}: your function returned None; is a return missing?")
            _numbers(results[-1])
        except Exception as error:  # whatever a reader's function raises becomes a hint
            return Verdict(False, f"{name}: your function raised {type(error).__name__}: {error}")

    def first_difference(other):
        pairs = zip(results, task.inputs, strict=True)
        return next((d for got, args in pairs if (d := _compare(got, other(*args), task.tol))), None)

    difference = first_difference(task.reference)
    if difference is None:
        return Verdict(True, f"{name}: right on {len(task.inputs)} inputs")
    for mistake, hint in task.mistakes:
        if first_difference(mistake) is None:
            return Verdict(False, f"{name}: {hint}")
    return Verdict(False, f"{name}: {difference}. Asked for: {task.task}")
