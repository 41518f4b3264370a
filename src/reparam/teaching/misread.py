"""Wrong answers that are made of the arguments: the right answer to other arguments, or with a term or factor of them.

Each function takes a :class:`reparam.teaching.slips.Case` and returns a hint, or None.
"""

import math
from itertools import combinations, product

import numpy as np

POWERS = ((1, "{}"), (-1, "1/{}"), (2, "{}²"), (-2, "1/{}²"), (0.5, "sqrt({})"), (-0.5, "1/sqrt({})"))
NICE = (1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, -3.0, 4.0, -4.0, 0.25, -0.25, 1.5, -1.5)
MANY = 1e5  # an argument made larger than this may be a number of steps that nobody wants to wait for
CHANGES = (
    (np.square, "{0} is squared where it should not be"),
    (np.sqrt, "the square root of {0} stands where {0} belongs"),
    (np.negative, "the sign of {0}: this is right for minus {0}"),
    (np.reciprocal, "one over {0} stands where {0} belongs"),
    (lambda x: 2 * x, "twice {0} stands where {0} belongs"),
    (lambda x: x / 2, "half of {0} stands where {0} belongs"),
    (lambda x: 1 - x, "1 - {0} stands where {0} belongs"),
    (np.exp, "the exponential of {0} stands where {0} belongs"),
    (np.log, "the logarithm of {0} stands where {0} belongs"),
    (np.zeros_like, "{0} plays no part: this is right if {0} is 0"),
    (np.ones_like, "{0} plays no part: this is right if {0} is 1"),
    (lambda x: x + 1, "{0} + 1 stands where {0} belongs"),
    (lambda x: x - 1, "{0} - 1 stands where {0} belongs"),
)
REARRANGED = (
    (lambda x: np.full_like(x, x.mean()), "the mean of {0} stands where each of its numbers belongs"),
    (lambda x: x[:1] + 0 * x, "the first of {0} stands in every place"),
    (lambda x: x[::-1], "{0} is taken in reverse order"),
    (lambda x: np.sort(x, 0), "{0} is sorted where its order should stay"),
)


def _put(args, changes):
    return tuple(changes.get(k, value) for k, value in enumerate(args))


def _plain(value):
    """An argument as NumPy has it."""
    return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)


def _numeric(value):
    return not callable(value) and _plain(value).dtype.kind in "fiu"


def _readings(names, example):
    """(change of arguments, hint) where one is easily taken for something else."""
    for i, name in enumerate(names):
        if name in ("sigma", "s", "v") and not callable(example[i]) and np.ndim(example[i]) == 0:
            yield (lambda a, i=i: _put(a, {i: math.sqrt(a[i])}),
                   f"{name} was taken for a variance; it is a standard deviation")
        if name == "log_sigma":
            yield (lambda a, i=i: _put(a, {i: a[i] / 2}),
                   "log_sigma was read as the log of the variance: sigma is exp(log_sigma), not exp(log_sigma / 2)")
            yield (lambda a, i=i: _put(a, {i: a[i] * 2}),
                   "the variance stands where sigma belongs: sigma is exp(log_sigma), not exp(2 log_sigma)")


def _changed(value, change):
    """An argument changed, as it was handed over: a number, an array or a tensor, in floating point."""
    old = _plain(value).astype(np.float64)
    new = np.asarray(change(old))
    if not np.isfinite(new).all() or (np.abs(new) > max(MANY, np.abs(old).max())).any():
        raise ValueError("no such argument")
    if hasattr(value, "new_tensor"):
        return value.new_tensor(new, requires_grad=value.requires_grad)
    return new if np.ndim(value) else float(new)


def _replaced(names, example):
    """(change of arguments, hint) where one argument is turned into something else."""
    for i, name in enumerate(names):
        if _numeric(example[i]):
            for change, said in CHANGES + (REARRANGED if np.ndim(example[i]) else ()):
                yield lambda a, i=i, change=change: _put(a, {i: _changed(a[i], change)}), said.format(name)


def _swaps(names, example):
    """(change of arguments, hint) for each two of the same kind."""
    for i in range(len(names)):
        for j in range(i):
            if callable(example[i]) == callable(example[j]) and np.shape(example[i]) == np.shape(example[j]):
                yield lambda a, i=i, j=j: _put(a, {i: a[j], j: a[i]}), f"{names[j]} and {names[i]} are swapped"


def _answered(case, change):
    """Whether these are the right answers to changed arguments; the next input is tried only if the last one fits."""
    for k, args in enumerate(case.inputs):
        try:
            with np.errstate(all="ignore"):
                other = case.reference(*change(args))
        except Exception:  # the reference need not be defined there
            return False
        if not case.gives([other], k):
            return False
    return True


def other_arguments(case):
    """The right answer to other arguments: two swapped, or one of them read as something else."""
    ways = (*_readings(case.names, case.inputs[0]), *_swaps(case.names, case.inputs[0]),
            *_replaced(case.names, case.inputs[0]))
    return next((said for change, said in ways if _answered(case, change)), None)


def itself(case):
    """An argument handed back."""
    return next((f"this is {name} itself" for at, name in enumerate(case.names) if _numeric(case.inputs[0][at])
                 and case.gives([[_plain(args[at]).astype(np.float64)] for args in case.inputs])), None)


def _sources(case):
    """(name, its value at each input) of what may stand in a term: numeric arguments, and lengths of arrays."""
    for at, name in enumerate(case.names):
        if all(_numeric(args[at]) for args in case.inputs):
            values = [_plain(args[at]).astype(np.float64) for args in case.inputs]
            log = name.startswith("log_")
            yield name.removeprefix("log_"), [np.exp(v) if log else v for v in values]
            for axis in range(min(map(np.ndim, values))):
                yield (f"len({name})" if axis == 0 else f"{name}.shape[{axis}]",
                       [np.float64(np.shape(v)[axis]) for v in values])


def _spread(values, case):
    """A value per input laid under each number of the answers; None where it does not fit them."""
    found = []
    for value, arrays in zip(values, case.want, strict=True):
        for e in arrays:
            column = value[:, None] if value.ndim == 1 and e.ndim == 2 and len(value) == len(e) else value
            if np.broadcast_shapes(column.shape, e.shape) != e.shape:
                return None
            found.append(np.broadcast_to(column, e.shape).ravel())
    return np.concatenate(found)


def _single(case):
    """(label, numbers) of every argument to a power."""
    for name, values in _sources(case):
        try:
            numbers = _spread(values, case)
        except ValueError:  # shapes that have nothing in common
            continue
        if numbers is None:
            continue
        for power, label in POWERS:
            with np.errstate(all="ignore"):
                raised = numbers**power
            if np.isfinite(raised).all() and not np.allclose(raised, 1):
                yield power, label.format(name), raised


def _monomials(case):
    """(label, numbers) of powers of the arguments, and of products of two."""
    singles = list(_single(case))
    yield from ((label, numbers) for _, label, numbers in singles)
    plain = [(label, numbers) for power, label, numbers in singles if abs(power) == 1]
    yield from ((f"{p} · {q}", a * b) for (p, a), (q, b) in combinations(plain, 2) if not np.allclose(a * b, 1))


def _times(factor):
    return {1.0: "", -1.0: "minus "}.get(factor, f"{factor:g} · ")


def term(case):
    """The right answer with a term, or a factor, that is made of the arguments."""
    if not case.fits(case.want):
        return None
    a, e = case.flat(case.got), case.flat(case.want)
    if len(a) < 3 or not np.isfinite(a).all() or not np.isfinite(e).all():
        return None
    for (label, m), factor in product(list(_monomials(case)), NICE):
        if np.allclose(a, factor * m * e, rtol=case.rtol, atol=case.rtol * 1e-3) and e.any():
            return f"this is {_times(factor)}{label} times the right answer"
        if np.allclose(a - e, factor * m, rtol=10 * case.rtol, atol=1e-8 * max(1.0, np.abs(e).max())):
            change, asked = ("plus", "one too many") if factor > 0 else ("less", "is one missing")
            return f"a term is wrong ({asked}?): this is the right answer {change} {_times(abs(factor))}{label}"
    return None
