"""The grader of the exercises: it tests a reader's function and answers with what is right, or with a hint."""

import inspect
import traceback
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module

import numpy as np

from reparam.teaching.answers import SINGLE, Unreadable, aligned, difference, numbers, shown
from reparam.teaching.slips import Case, recognise


@dataclass(frozen=True)
class Exercise:
    """A function to be written, and what the grader knows about it.

    Parameters
    ----------
    task : str
        What the function must return, as a sentence that begins after "Return".
    reference : callable
        A right answer by another road than the chapter's solution, a closed form where there is one.
    inputs : tuple of tuples
        Arguments to try, chosen so that every known mistake shows.
    mistakes : tuple of (callable, str)
        Known wrong answers, each with the hint it earns.
    tol : float
        Allowed difference, relative to the reference, or absolute where that is below one.
    head : str
        The function's name and arguments, such as ``"kl(mu, sigma, m, s)"``.
    takes : str
        What the arguments are and what is returned, NumPy or torch, with shapes.
    """

    task: str
    reference: object
    inputs: tuple
    mistakes: tuple = ()
    tol: float = 1e-8
    head: str = ""
    takes: str = ""

    @property
    def names(self):
        """Names of the arguments."""
        inside = self.head.partition("(")[2].rpartition(")")[0]
        return [n.strip() for n in inside.split(",")] if inside else [f"argument {k + 1}" for k in range(self.arity)]

    @property
    def arity(self):
        """How many arguments there are."""
        return len(self.inputs[0])

    @property
    def asked(self):
        """The task, with what it is called with."""
        return f"Asked for: {self.task}" + (f" {self.head}: {self.takes}" if self.takes else "")


@dataclass(frozen=True)
class Grade:
    """The grader's answer; ``right`` tells a program what the text tells the reader."""

    right: bool
    text: str

    def __repr__(self):
        return ("✓ " if self.right else "✗ ") + self.text


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


def _misfit(answer, task):
    """A sentence if the function cannot be called with the exercise's arguments."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # some built-in functions have none
        return None
    try:
        signature.bind(*task.inputs[0])
    except TypeError:
        wanted = f"{task.arity} arguments, ({', '.join(task.names)})"
        return f"your function takes {signature}, but it is called with {wanted}"
    return None


def _functions(code):
    """Names of a function and of those that it defines."""
    return {code.co_name}.union(*(_functions(part) for part in code.co_consts if inspect.iscode(part)))


def _raised(error, answer):
    """What a reader's function raised, and in which of its lines."""
    code, place = getattr(answer, "__code__", None), ""
    own = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename
           and f.name in _functions(code)]
    if own:
        place = f" in line {own[-1].lineno - code.co_firstlineno + 1}" + (f", `{own[-1].line}`" if own[-1].line else "")
    return f"your function raised {type(error).__name__}{place}: {error}"


def _answers(answer, task):
    """What the function returns for each input, as numbers, and whether in single precision; or raise Unreadable."""
    found, single = [], True
    for args in task.inputs:
        at = f", at {shown(task.names, args)}."
        try:
            arrays, rounded = numbers(answer(*deepcopy(args)))  # an answer may sort in place
        except Unreadable as problem:
            raise Unreadable(f"{problem}{at}") from None
        except Exception as error:  # whatever a reader's function raises becomes a hint
            raise Unreadable(f"{_raised(error, answer)}{at}") from None
        found.append(arrays)
        single = single and rounded
    return found, single


def _known(function, args):
    """The answer of a known function, right or wrong."""
    with np.errstate(all="ignore"):
        return numbers(function(*deepcopy(args)))[0]


def _first(got, want, tol):
    """Number of the first input with another answer, and how it differs; or None."""
    pairs = enumerate(zip(got, want, strict=True))
    return next(((k, said) for k, (g, w) in pairs if (said := difference(aligned(g, w), w, tol))), None)


def _gives(mistake, got, task, tol):
    """Whether a known mistake gives these answers; it is asked no further than it does."""
    return _first(got, (_known(mistake, args) for args in task.inputs), tol) is None


def _hint(got, want, task, tol):
    """The known mistake that gives the same numbers, or a kind of mistake that does."""
    known = next((hint for mistake, hint in task.mistakes if _gives(mistake, got, task, tol)), None)
    packed = [aligned(g, w) for g, w in zip(got, want, strict=True)]
    return known or recognise(Case(packed, want, task.inputs, task.names,
                                   lambda *args: numbers(task.reference(*args))[0], max(1e-7, 10 * tol)))


def _share(got, want, tol):
    """How many numbers are right, if some are."""
    pairs = [(a.ravel(), e.ravel()) for g, w in zip(got, want, strict=True) for a, e in zip(g, w, strict=False)]
    if any(a.shape != e.shape for a, e in pairs):
        return ""
    right = sum(difference([x], [y], tol) is None for a, e in pairs for x, y in zip(a, e, strict=True))
    return f" ({right} of the {sum(e.size for _, e in pairs)} numbers compared are right.)" if right else ""


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
    Grade
        Right, or a hint: the mistake that gives the same numbers, the error raised, or where the numbers part; and the
        first input at which it shows. An answer in single precision is right to single precision.

    Raises
    ------
    ValueError
        If the exercise does not exist or ``answer`` is not callable.
    """
    task = exercise(name)
    if not callable(answer):
        raise ValueError(f"answer must be a function, got {type(answer).__name__}: hand over its name, without a call")
    if misfit := _misfit(answer, task):
        return Grade(False, f"{name}: {misfit}")
    try:
        got, single = _answers(answer, task)
    except Unreadable as problem:
        return Grade(False, f"{name}: {problem} {task.asked}")
    want = [_known(task.reference, args) for args in task.inputs]
    tol = max(task.tol, SINGLE) if single else task.tol
    if (wrong := _first(got, want, tol)) is None:
        return Grade(True, f"{name}: right on {len(task.inputs)} inputs")
    at = f"{wrong[1]}, at {shown(task.names, task.inputs[wrong[0]])}."
    hint = _hint(got, want, task, tol)
    return Grade(False, f"{name}: {hint}. ({at})" if hint else f"{name}: {at}{_share(got, want, tol)} {task.asked}")
