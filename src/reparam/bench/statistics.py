"""When a difference counts: five standard errors, corrected for the number of directions and for few replicates."""

from functools import cached_property

import numpy as np
from scipy.special import stdtrit

ODDS = 5.733031437583869e-07
"""Of a normal number beyond five standard errors: the odds of a false alarm per comparison and look."""
NEGLIGIBLE = 2e-3
"""A bias below this part of the gradient is never called a fault."""
MARGIN = 2.0
"""Standard errors by which a bias must exceed the limit, for the odds that it is seen to be 97 %."""
SMALL = 0.3
"""A group whose gradient cannot be told from 0 is judged at this part of the largest group's."""


def critical(n, directions):
    """How many standard errors are allowed: Student's law for n replicates, the odds shared among directions."""
    return -float(stdtrit(n - 1, ODDS / (2 * directions)))


def share(x):
    """Largest part of the sum of squares about the mean that one replicate contributes, per column."""
    squares = np.square(x - x.mean(0))
    total = squares.sum(0)
    return np.where(total > 0, squares.max(0) / np.where(total > 0, total, 1), 0.0)


def bearable(n):
    """The share that light tails stay below: a multiple of what the largest of n normal numbers contributes."""
    return max(0.05, min(0.45, 12 * np.log(n) / n))


class Test:
    """The comparison of slopes that were left with changes of the mean, per direction."""

    __test__ = False  # not a test of pytest's

    def __init__(self, record, bench, resolution):
        own, meant, left, values = record.arrays()
        self.n, self.count = len(left), left.shape[1]
        self.bench, self.resolution = bench, resolution
        self.limit = critical(self.n, self.count)
        kept = ~np.isnan(own).any(1)  # not every replicate measures the step's own mean
        self._own, self._meant, self._left, self._values = own[kept], meant, left, values
        self._beside = left[kept]
        self.own = self._own.mean(0) if kept.any() else np.full(self.count, np.nan)
        self.meant, self.left = meant.mean(0), left.mean(0)
        self.groups = np.array([d.index for d in bench.directions])

    def _error(self, x):
        return x.std(0, ddof=1) / np.sqrt(len(x)) if len(x) > 1 else np.full(self.count, np.nan)

    @cached_property
    def bias(self):
        """Mean of slope less reference."""
        return self.left - self.meant

    @cached_property
    def error(self):
        """Standard error of the bias: noise is paired."""
        return self._error(self._left - self._meant)

    @cached_property
    def scale(self):
        """Size of the reference in the group of each direction; where that is not clear, a part of the largest."""
        clear = np.abs(self.meant) > self.limit * np.maximum(self._error(self._meant), 1e-300)
        sizes = {g: np.sqrt(np.mean(self.meant[self.groups == g] ** 2)) for g in set(self.groups)}
        largest = max([s for g, s in sizes.items() if clear[self.groups == g].any()], default=0.0)
        spread = self._left.std(0)
        return np.array([sizes[g] if clear[self.groups == g].any() else SMALL * max(largest, s) or sizes[g]
                         for g, s in zip(self.groups, spread, strict=True)])

    @cached_property
    def rounding(self):
        """What rounding of the values can do to a difference."""
        kind = {p.dtype: np.finfo(str(p.dtype).removeprefix("torch.")).eps if "bfloat" not in str(p.dtype) else 8e-3
                for p in self.bench.parameters.tensors}
        lengths = np.array([d.length for d in self.bench.directions])
        return 4 * max(kind.values()) * np.nanmax(np.abs(self._values), initial=0.0) / lengths

    @cached_property
    def floor(self):
        """Differences below it are never called a fault."""
        return NEGLIGIBLE * self.scale + self.rounding

    @cached_property
    def spiky(self):
        """Columns in which one replicate makes a large part of the variance of the difference, or of a side."""
        worst = np.max([share(self._left - self._meant), share(self._left), share(self._meant)], axis=0)
        negligible = self.limit * self.error < self.floor  # paired so well that tails do not matter
        return (worst > bearable(self.n)) & ~negligible

    @property
    def pairs(self):
        """Whether common noise takes at least half of the variance out of the difference, somewhere."""
        return bool(((self._left - self._meant).var(0) < 0.5 * self._left.var(0)).any())

    @cached_property
    def unmoved(self):
        """Columns whose reference hardly ever changed: rare events that may just not have been hit."""
        hits = (self._meant != 0).sum(0)
        return (hits < 10) & (self.n < 192)

    @cached_property
    def alarm(self):
        """Columns whose bias is too large for chance."""
        beyond = (np.abs(self.bias) > self.limit * self.error) & (np.abs(self.bias) > self.floor)
        return beyond & ~self.spiky & ~self.unmoved

    @cached_property
    def power(self):
        """The relative bias that would have been seen in 97 of 100 cases, in the worst direction."""
        hidden = np.maximum((self.limit + MARGIN) * self.error, self.floor)
        return float(np.max(np.where(self.scale > 0, hidden / np.where(self.scale > 0, self.scale, 1), 0)))

    @property
    def heavy(self):
        """Whether tails forbid a verdict."""
        return bool(self.spiky.any())

    @property
    def settled(self):
        """Whether there is nothing left to look for."""
        return self.power <= self.resolution and not self.heavy and not (self.unmoved & (self.left != 0)).any()

    @cached_property
    def own_bias(self):
        """Slope less the change of the step's own mean, and its standard error."""
        if not len(self._own):
            return self.own, self.own
        return self._beside.mean(0) - self.own, self._error(self._beside - self._own)

    @cached_property
    def own_alarm(self):
        """Columns in which the gradient is not that of the step's own mean."""
        bias, error = self.own_bias
        return np.isnan(bias) | ((np.abs(bias) > self.limit * error) & (np.abs(bias) > self.floor))

    @property
    def own_known(self):
        """Whether the comparison with the step's own mean would see a bias of half the size."""
        bias, error = self.own_bias
        large = np.abs(self.bias).max()
        return bool(self.own_alarm.any() or np.isnan(bias).any() or (self.limit * error < large / 2).all())

    @cached_property
    def value_differs(self):
        """Whether the step returns another mean than the intended one."""
        gap = self._values[:, 0] - self._values[:, 1]
        scale = 1e-6 * max(1.0, float(np.nanmax(np.abs(self._values), initial=0.0)))
        if not np.isfinite(gap).all():
            return False
        return bool(abs(gap.mean()) > max(critical(self.n, 1) * gap.std(ddof=1) / np.sqrt(self.n), scale))

    @property
    def rows(self):
        """Numbers for the reader."""
        return [{"name": d.name, "gradient": float(g), "reference": float(r), "error": float(e)}
                for d, g, r, e in zip(self.bench.directions, self.left, self.meant, self.error, strict=True)]
