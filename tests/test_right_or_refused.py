"""Every public function of every module, fed with anything, is right or refuses.

Right: a finite answer of the documented shape and type. Refused: a ValueError or TypeError that names an argument.
"""

import importlib
import inspect
import os
import pkgutil
import re
import warnings
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples.kinds import SIZES, Number, bind, documented, shape_of
from samples.table import DRAWS, SIMPLE, TABLE

import reparam

EXAMPLES = int(os.environ.get("PYTEST_EXAMPLES", "12"))


def public():
    """The names of all public functions, classes and their public methods."""
    for found in pkgutil.walk_packages(reparam.__path__, "reparam."):
        module, place = importlib.import_module(found.name), found.name.removeprefix("reparam.")
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != found.name:
                continue
            if inspect.isfunction(thing) or inspect.isclass(thing):
                yield f"{place}.{name}"
            if inspect.isclass(thing):
                yield from (
                    f"{place}.{name}.{key}"
                    for key, part in vars(thing).items()
                    if not (key.startswith("_") or key in getattr(thing, "_fields", ()))
                    and (inspect.isfunction(part) or isinstance(part, (property, classmethod)))
                )


def parts(answer):
    if isinstance(answer, dict):
        return list(chain.from_iterable(parts(v) for v in answer.values()))
    if isinstance(answer, (tuple, list)):
        return list(chain.from_iterable(map(parts, answer)))
    return [answer] if isinstance(answer, (float, np.ndarray, np.number, torch.Tensor)) else []


def finite(x):
    if isinstance(x, torch.Tensor):
        return x.is_meta or bool(torch.isfinite(x.detach()).all())
    return np.asarray(x).dtype.kind not in "fc" or bool(np.isfinite(x).all())


def call(row, values):
    """What comes back, or the words of a refusal that names an argument."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return row.call(**values), None
        except (ValueError, TypeError) as e:
            refusal = f"{type(e).__name__}: {e}"
    names = {*row.args, *row.words, *inspect.signature(row.call).parameters}
    assert names & set(re.findall(r"\w+", refusal)), f"refused without naming one of {sorted(names)}: {refusal}"
    return None, refusal


def judge(row, values, answer):
    """The answer is finite, and of the documented shape and type, unless the shapes of the arguments do not fit."""
    found = parts(answer)
    assert all(map(finite, found)), f"not finite: {answer}"
    if row.returns is None:
        return
    shaped = [
        name
        for name, kind in row.args.items()
        if kind.pattern is not None and not isinstance(kind, Number) and values[name] is not None
    ]
    sizes = bind([row.args[n].pattern for n in shaped], [shape_of(values[n]) for n in shaped])
    assert sizes is not None, f"accepted shapes that do not fit: { {n: shape_of(values[n]) for n in shaped} }"
    assert len(found) == len(row.returns), f"{len(found)} parts"
    numbers = [n for n, kind in row.args.items() if isinstance(kind, Number) and kind.many]
    alone = [n for n, kind in row.args.items() if isinstance(kind, Number) and n not in numbers]
    assert all(shape_of(values[n]) == () for n in alone), "accepted several numbers for one"
    for part, pattern in zip(found, row.returns, strict=True):
        names = set(re.findall(r"[A-Za-z]\w*", pattern))
        if names <= set(sizes) and not ("*" in pattern and numbers):
            assert tuple(np.shape(part)) == documented(pattern, sizes), f"shape {np.shape(part)}, documented {pattern}"
        tensors = [getattr(v, "mu", v) for v in values.values() if isinstance(getattr(v, "mu", v), torch.Tensor)]
        kind = part.dtype if isinstance(part, torch.Tensor) else np.asarray(part).dtype
        if isinstance(part, torch.Tensor):
            assert kind in {v.dtype for v in tensors if v.is_floating_point()} | {torch.float64}, f"type {kind}"
        else:
            assert kind.kind == row.kind or kind == np.float64, f"type {kind}"


def thrown(row):
    """Every argument with every bad value for it, the others good."""
    for name, kind in row.args.items():
        example = kind.good(name, SIZES)
        for what, value in kind.bad(example):
            yield name, what, value


def examine(row, name, what, value):
    values = {n: kind.good(n, SIZES) for n, kind in row.args.items()}
    values[name] = value
    answer, refusal = call(row, values)
    if refusal is None:
        assert what not in ("nothing", "text", "no function", "absent") or optional(row, name), f"accepted {what}"
        judge(row, values, answer)


def optional(row, name):
    found = inspect.signature(row.call).parameters.get(name)
    return found is not None and found.default is None


def test_every_public_function_has_a_row():
    lacking = [
        name
        for name in public()
        if name not in TABLE and not name.startswith(tuple(SIMPLE)) and not name.split(".")[-1].startswith(DRAWS)
    ]
    assert lacking == []


def test_no_row_is_left_over():
    assert set(TABLE) <= set(public())


@pytest.mark.parametrize("name", TABLE)
def test_a_good_call_is_right(name):
    row = TABLE[name]
    values = {n: kind.good(n, SIZES) for n, kind in row.args.items()}
    answer, refusal = call(row, values)
    assert refusal is None, refusal
    judge(row, values, answer)


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if any(thrown(row))])
def test_a_bad_call_is_right_or_refused(name):
    row = TABLE[name]
    cases = list(thrown(row))

    @settings(
        derandomize=True,
        max_examples=min(EXAMPLES, len(cases)),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(cases))
    def throw(case):
        examine(row, *case)

    throw()
