"""One comparison, replicate after replicate, until it can be decided; and the verdict in words."""

import sys
import time
from dataclasses import dataclass

import numpy as np

from reparam.bench import patterns
from reparam.bench.given import Faulty, Unusable
from reparam.bench.measure import Record
from reparam.bench.numerics import explain
from reparam.bench.statistics import Test
from reparam.bench.steps import NotFinite

FIRST, LAST = 24, 6144
"""Replicates of the first look, and of the last."""


@dataclass
class Verdict:
    """What the bench says of a gradient.

    Attributes
    ----------
    right : bool or None
        ``True``: no difference was seen, and a bias of the size stated in ``power``, at most five times ``resolution``,
        very likely would have been; ``False``: a fault; ``None``: it cannot be said.
    kind : str
        ``"right"``, ``"gradient"`` (backward leaves another thing than the slope of the mean), ``"objective"`` (the
        right gradient of a wrong mean), ``"numerical"`` (NaN or infinity), ``"error"``, or ``"undecided"``.
    pattern : str
        The name of what the difference looks like, or an empty string.
    text : str
        The verdict in sentences.
    power : float
        The relative bias that would have been seen, in the worst group of parameters; ``nan`` if nothing was compared.
    rows : list of dict
        Per direction: ``name``, ``gradient``, ``reference``, ``error`` (the standard error of their difference).
    replicates : int
        How many were made.
    """

    right: bool | None
    kind: str
    pattern: str
    text: str
    power: float = float("nan")
    rows: list = ()
    replicates: int = 0

    def __bool__(self):
        return self.right is True

    def __repr__(self):
        mark = {True: "✓", False: "✗", None: "?"}[self.right]
        return f"{mark} {self.kind}" + (f" ({self.pattern})" if self.pattern else "") + f": {self.text}"

    def table(self):
        """The compared numbers as text, one line per direction."""
        lines = [f"{'direction':<24}{'gradient':>12}{'reference':>12}{'error':>12}"]
        lines += [f"{r['name'][:23]:<24}{r['gradient']:>12.4g}{r['reference']:>12.4g}{r['error']:>12.2g}"
                  for r in self.rows]
        return "\n".join(lines)


class Run:
    """One comparison, replicate after replicate, until it can be decided."""

    def __init__(self, bench, resolution, replicates, seconds, is_elbo, first=FIRST):
        self.bench, self.resolution, self.is_elbo = bench, resolution, is_elbo
        self.limit, self.seconds, self.first, self.interrupted = replicates, seconds, first, False
        self.began = time.process_time()
        self.judged = bench.intended is not None
        self.shown = False

    def verdict(self):
        """Start, compare, decide."""
        try:
            self._start()
            return self._decide(*self._sample())
        except NotFinite:
            seed = self.bench.seed * 1_000_003 + self.bench.count
            return Verdict(False, "numerical", "NaN", explain(self.bench.step.again(int(seed) % 2**31)) + ".")
        except (Unusable, Faulty):
            raise
        except KeyboardInterrupt:
            return Verdict(None, "undecided", "interrupted", "interrupted before anything was compared.")
        except Exception as error:  # whatever the user's functions raise becomes a sentence
            return self._raised(error)
        finally:
            if self.shown:
                print("\r\033[K", end="", file=sys.stderr)

    def _start(self):
        for _ in range(3):  # at the parameters themselves, before they are moved
            self.bench.parameters.place()
            self.bench.step.gradient(self.bench._next())
        if not self.judged and np.isnan(self.bench.step.value(self.bench._next())):
            raise Unusable("the step returns no loss, and nothing says what is meant: return it, or give "
                           "law and intended")
        self.bench.match()
        self.bench.settle()

    @staticmethod
    def _raised(error):
        if "does not require grad" in str(error):
            return Verdict(False, "gradient", "detached", "no gradient: nothing leads from the loss back to the "
                           "parameters. Look for sample where rsample belongs, detach, no_grad, .item() or .data.")
        if "a second time" in str(error) or "inplace operation" in str(error):
            return Verdict(None, "undecided", "stale graph", "a part of the graph was built before the step ran: "
                           "compute everything from the parameters inside the step.")
        return Verdict(False, "error", type(error).__name__, f"the step raised {type(error).__name__}: {error}")

    def _more(self, record, count, own=False):
        for k in range(count):
            if self.bench.count >= self.limit + 200 or (k % 4 == 0 and self._spent() > self.seconds):
                return False
            try:
                self.bench.replicate(record, own)
            except KeyboardInterrupt:
                self.interrupted = True
                return False
            self._progress(len(record.left))
        return True

    def _spent(self):
        return time.process_time() - self.began

    def _progress(self, done):
        if done % 16 == 0 and sys.stderr.isatty() and self._spent() > 2:
            self.shown = True
            print(f"\r\033[K{done} replicates, {self._spent():.0f} s", end="", file=sys.stderr, flush=True)

    def _sample(self):
        """Double the replicates until an alarm repeats itself on fresh ones, or until nothing can have gone unseen."""
        record, want = Record(), self.first
        while True:
            going = self._more(record, want - len(record.left))
            if len(record.left) < 8:
                return record, None, None
            test = Test(record, self.bench, self.resolution)
            if want == self.first:
                self.bench.paired = test.pairs
            if test.alarm.any() and going:
                fresh = Record()
                going = self._more(fresh, min(want, 384), own=True)
                again = Test(fresh, self.bench, self.resolution) if len(fresh.left) >= 8 else None
                seen = again is not None and (test.alarm & again.alarm & (test.bias * again.bias > 0)).any()
                record = record + fresh
                both = Test(record, self.bench, self.resolution)
                if seen and (both.own_known or not going or want > 400):
                    return record, both, True
                test = both
            elif test.settled:
                return record, test, False
            if not going or want >= self.limit or (test.heavy and want > 1500):
                return record, test, None
            want = 2 * max(want, len(record.left) // 2)

    def _decide(self, record, test, fault):
        if test is None:
            return Verdict(None, "undecided", "budget", "the budget ended before there were eight replicates: give "
                           "more seconds, or a smaller step.")
        if fault:
            return patterns.name_fault(self, record, test)
        if test.heavy:
            return self._say(None, "undecided", "heavy tails", "a few replicates make much of the variance, so no "
                             "standard error can be trusted: the law of this gradient is too heavy-tailed, or its "
                             "events too rare, for the budget.", test)
        if test.alarm.any():
            return self._say(None, "undecided", "budget", "a difference was seen, and the budget ended before fresh "
                             "draws could confirm it: give more seconds or replicates.", test)
        if fault is None and test.power > 5 * self.resolution:
            return self._say(None, "undecided", "too little power", f"with {test.n} replicates a bias of "
                             f"{test.power:.0%} could hide, where {self.resolution:.0%} was asked for: give more "
                             "draws, replicates or seconds.", test)
        return self._right(record, test)

    def _right(self, record, test):
        step = self.bench.step
        own = np.asarray(record.values)[:, 0]
        if not np.any(test.left) and not np.any(test.meant):
            return self._say(None, "undecided", "no gradient", "the loss does not depend on the parameters here, and "
                             "backward leaves nothing: there is nothing to compare.", test)
        text = f"a bias of {max(test.power, 0.001):.1%} of the gradient would have been seen"
        if step.missing:
            text += f"; {', '.join(sorted(step.missing))} get no gradient, and the loss does not depend on them here"
        if not self.judged:
            if np.ptp(own) == 0 and not step.of_draws:
                return self._say(None, "undecided", "no noise", "the step gives the same number whatever the seed. If "
                                 "it is a closed form, its gradient is right; if its noise was drawn once and kept, it "
                                 "is frozen. Give law and intended, and I can tell.", test)
            text += "; whether the loss is the one you mean I cannot judge without intended or log_joint"
        elif test.value_differs and not step.surrogate:
            text += ("; the number that the step returns is not the mean of the intended loss (a surrogate, or a "
                     "constant apart), which does not touch the gradient")
        return self._say(True, "right", "", text + ".", test)

    def _say(self, right, kind, pattern, text, test):
        text = ("interrupted; " if self.interrupted else "") + text
        return Verdict(right, kind, pattern, text, test.power, test.rows, test.n)
