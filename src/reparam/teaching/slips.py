"""Mistakes that people make in any exercise, recognised by the numbers that they give.

The answer is the right one with something done to it, the same on every input. What is made of the arguments, as if two
were swapped or a deviation were a variance, is in :mod:`reparam.teaching.misread`.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from reparam.teaching import misread

FACTORS = (
    (-1.0, "the sign: this is minus the right answer"),
    (2.0, "a factor 2 too many: this is twice the right answer"),
    (0.5, "a factor 2 is missing: this is half of the right answer"),
    (-2.0, "sign and a factor 2: this is minus twice the right answer"),
    (-0.5, "sign and a factor 2: this is minus half of the right answer"),
    (1 / math.log(2), "the base of the logarithm: this is in bits (log2); natural logarithms are asked for"),
    (1 / math.log(10), "the base of the logarithm: log10 where the natural one is asked for"),
    (math.sqrt(2 * math.pi), "a factor sqrt(2 pi) too many"),
    (1 / math.sqrt(2 * math.pi), "a factor sqrt(2 pi) is missing"),
    (math.pi / 180, "degrees and radians: a factor pi/180 too many"),
    (180 / math.pi, "degrees and radians: a factor 180/pi too many"),
)
OFFSETS = (
    (1.0, "always one more than the right answer: is something counted from 1 instead of 0, or an end counted too?"),
    (-1.0, "always one less than the right answer: is something counted from 0 instead of 1, or an end left out?"),
    (0.5, "always 1/2 more than the right answer: a constant is wrong"),
    (-0.5, "always 1/2 less than the right answer: a constant is wrong"),
    (0.5 * math.log(2 * math.pi), "the Gaussian's constant: log(2 pi)/2 too much"),
    (-0.5 * math.log(2 * math.pi), "the Gaussian's constant: log(2 pi)/2 is missing"),
    (math.log(2 * math.pi), "the Gaussian's constant: log(2 pi) too much"),
    (-math.log(2 * math.pi), "the Gaussian's constant: log(2 pi) is missing"),
)
MAPS = (
    (np.exp, "this is the exponential of the right answer: take the logarithm"),
    (np.log, "this is the logarithm of the right answer: take the exponential"),
    (np.sqrt, "this is the square root of the right answer"),
    (np.square, "this is the square of the right answer"),
    (np.reciprocal, "this is one over the right answer"),
    (lambda e: 1 - e, "this is 1 minus the right answer"),
    (np.abs, "the right answer has signs; here they are lost"),
    (np.round, "this is the right answer, rounded"),
    (lambda e: np.maximum(e, 0), "the right answer may be negative; here it is cut off at zero"),
)


@dataclass(frozen=True)
class Case:
    """An answer that is wrong, beside what is right.

    Parameters
    ----------
    got, want : list of list of ndarray
        The answers to each input, and the right ones.
    inputs : sequence of tuples
    names : list of str
        Of the arguments.
    reference : callable, ``arguments -> list of ndarray``
        The right answer to other arguments.
    rtol : float
        How exactly an answer must fit a mistake to be called by its name.
    """

    got: list
    want: list
    inputs: tuple
    names: list
    reference: object
    rtol: float = 1e-7

    def fits(self, other):
        """Whether another list of answers has the shapes of this one."""
        return all(len(g) == len(w) and all(a.shape == e.shape for a, e in zip(g, w, strict=True))
                   for g, w in zip(self.got, other, strict=True))

    def gives(self, other, at=None):
        """Whether the answers are those, on all inputs or on one of them."""
        mine = self if at is None else replace(self, got=self.got[at : at + 1])
        return mine.fits(other) and all(
            np.isfinite(e).all() and np.allclose(a, e, rtol=self.rtol, atol=self.rtol * 1e-3)
            for g, w in zip(mine.got, other, strict=True) for a, e in zip(g, w, strict=True))

    @staticmethod
    def flat(lists):
        """All numbers of some answers in a row."""
        return np.concatenate([a.ravel() for arrays in lists for a in arrays])

    def changed(self, change):
        """The right answers, each number changed."""
        return [[change(e) for e in w] for w in self.want]


def _named(value, table, rtol):
    return next((hint for known, hint in table if math.isclose(value, known, rel_tol=10 * rtol)), None)


def _scaled(case):
    """A factor or an offset that is the same everywhere."""
    a, e = case.flat(case.got), case.flat(case.want)
    if len(a) < 3 or not np.isfinite(a).all():
        return None
    factor = float(a @ e / (e @ e)) if e.any() else 0.0
    if factor and np.allclose(a, factor * e, rtol=case.rtol, atol=case.rtol * 1e-3):
        known = _named(factor, FACTORS, case.rtol)
        return known or f"always {factor:.6g} times the right answer: a constant factor is wrong"
    offset = float(np.mean(a - e))
    if offset and np.allclose(a - e, offset, rtol=max(10 * case.rtol, 1e-6), atol=0):
        return _named(offset, OFFSETS, case.rtol) or f"always {offset:+.6g} from the right answer: a constant is wrong"
    return None


LENGTHS = (
    (lambda n: n, "n times the right answer: a sum where a mean is asked for"),
    (lambda n: 1 / n, "1/n of the right answer: a mean where a sum is asked for"),
    (lambda n: n / (n - 1), "n/(n-1) times the right answer: divide by n, not by n - 1"),
    (lambda n: (n - 1) / n, "(n-1)/n of the right answer: divide by n - 1, not by n"),
)


def _counted(case):
    """A factor that is a length, such as a sum where a mean is asked for."""
    for at, name in enumerate(case.names):
        values = [args[at] for args in case.inputs]
        for axis in range(0 if callable(values[0]) else min(map(np.ndim, values))):
            n = [np.shape(v)[axis] for v in values]
            for factor, hint in LENGTHS if min(n) > 1 else ():
                if case.gives([[factor(k) * e for e in w] for k, w in zip(n, case.want, strict=True)]):
                    return f"{hint} (n is the length of {name}{f' along axis {axis}' if axis else ''})"
    return None


def _argument(case):
    """A factor that is one of the arguments."""
    for at, name in enumerate(case.names):
        if any(callable(args[at]) or np.ndim(args[at]) for args in case.inputs):
            continue
        said = name.removeprefix("log_")
        values = [math.exp(args[at]) if said != name else float(args[at]) for args in case.inputs]
        for power, told in ((1, said), (-1, said), (2, f"{said} squared"), (-2, f"{said} squared")):
            if 0 not in values and case.gives([[e * v**power for e in w]
                                               for v, w in zip(values, case.want, strict=True)]):
                return f"a factor {told} {'too many' if power > 0 else 'is missing'}"
    return None


def _packed(case):
    """The right numbers in another order or form."""
    if len(case.want[0]) > 1 and case.gives([w[::-1] for w in case.want]):
        return "the right values in the reverse order"
    for flip, said in ((lambda e: e.T, "transposed"), (lambda e: e[::-1], "in reverse order along the first axis"),
                       (lambda e: e[..., ::-1], "in reverse order along the last axis")):
        if case.gives(case.changed(lambda e, flip=flip: flip(e) if e.ndim else e)):
            return f"the right numbers, but {said}"
    pairs = [pair for g, w in zip(case.got, case.want, strict=True) for pair in zip(g, w, strict=False)]
    if all(a.ndim == e.ndim + 1 and np.isin(a, (0, 1)).all() and np.array_equal(a.argmax(-1), e) for a, e in pairs):
        return "these are one-hot rows; the index of the one is asked for"
    return None


def _mapped(case):
    with np.errstate(all="ignore"):
        return next((hint for change, hint in MAPS if case.gives(case.changed(change))), None)


def _partly(case):
    """The right numbers with some signs lost, in another order, shifted, or cut off."""
    a, e = case.flat(case.got), case.flat(case.want)
    if np.allclose(np.abs(a), np.abs(e), rtol=case.rtol):
        return "the sizes are right, some signs are wrong"
    ordered = [[np.sort(x, None) for x in w] for w in case.want]
    if replace(case, got=[[np.sort(x, None) for x in g] for g in case.got]).gives(ordered):
        return "the right numbers in another order"
    rows = [(x, y) for g, w in zip(case.got, case.want, strict=True) for x, y in zip(g, w, strict=True)
            if x.ndim and len(x) > 2]
    for early, late in ((slice(-1), slice(1, None)), (slice(1, None), slice(-1))):
        if rows and all(np.allclose(x[early], y[late], rtol=case.rtol) for x, y in rows):
            return "the right numbers, shifted by one place"
    wrong = ~np.isclose(a, e, rtol=case.rtol, atol=case.rtol * 1e-3)
    cut = a[wrong]
    if 1 < len(cut) < len(a) and np.isfinite(cut).all() and np.allclose(cut, cut[0]):
        below = cut[0] <= a.min() and (e[wrong] < cut[0]).all()
        above = cut[0] >= a.max() and (e[wrong] > cut[0]).all()
        return f"the right answer, but cut off at {cut[0]:.6g}" if below or above else None
    return None


def _by_input(case):
    """A factor or an offset that is the same within each input, and changes between them."""
    pairs = [(np.concatenate([x.ravel() for x in g]), np.concatenate([x.ravel() for x in w]))
             for g, w in zip(case.got, case.want, strict=True)]
    if min(len(a) for a, _ in pairs) < 2 or not all(np.isfinite(a).all() and e.all() for a, e in pairs):
        return None
    if all(np.allclose(a / e, a[0] / e[0], rtol=1e-6) and a[0] for a, e in pairs):
        return ("a factor that is the same for all numbers of one input, and another at the next "
                f"({', '.join(f'{a[0] / e[0]:.4g}' for a, e in pairs)}): is it made of the arguments?")
    if all(np.allclose(a - e, a[0] - e[0], rtol=1e-6, atol=1e-9) for a, e in pairs):
        return ("a constant that is the same for all numbers of one input, and another at the next "
                f"({', '.join(f'{a[0] - e[0]:+.4g}' for a, e in pairs)}): is it made of the arguments?")
    return None


def _by_value(case):
    """Of several values some are right: look at the others alone."""
    count = len(case.want[0])
    if count == 1 or not case.fits(case.want):
        return None
    for k in range(count):
        rest = [i for i in range(count) if i != k]
        others = replace(case, got=[[g[i] for i in rest] for g in case.got])
        if others.gives([[w[i] for i in rest] for w in case.want]):
            alone = replace(case, got=[[g[k]] for g in case.got], want=[[w[k]] for w in case.want],
                            reference=lambda *args, k=k: [case.reference(*args)[k]])
            hint = recognise(alone)
            return f"in value {k + 1} of {count} alone: {hint}" if hint else None
    return None


def recognise(case):
    """What kind of mistake gives these numbers.

    Parameters
    ----------
    case : Case

    Returns
    -------
    str or None
        A hint, if the numbers fit one on every input.
    """
    if not case.fits(case.want):
        return _packed(case)
    ways = (_scaled, _counted, _argument, _packed, _mapped, misread.itself, misread.other_arguments, misread.term,
            _partly, _by_value, _by_input)
    return next((hint for way in ways if (hint := way(case))), None)
