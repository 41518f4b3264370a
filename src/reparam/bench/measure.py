r"""What is measured: the gradient that a step leaves, and the change of a mean along a piece of the way.

The reference rests on the fundamental theorem of calculus. Where :math:`V(\theta)` is the mean of the loss and
:math:`\theta_t=\theta+tv`,

.. math:: \frac{V(\theta_h)-V(\theta)}h=\mathbb E_{t\sim U(0,h)}\bigl[v^\top\nabla V(\theta_t)\bigr],

for every length h, without an error of discretization. The left side needs values alone, at common noise. On the right
stands the gradient that is judged, at pairs t, h - t.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from reparam.bench.given import surroundings
from reparam.bench.steps import NotFinite

PIECE = 0.3
"""Length of a piece, relative to a parameter's size (or to 0.3, if that is larger)."""

MOST = 10_000
"""Draws that the bench takes at once, at most."""


@dataclass
class Direction:
    """One direction of one tensor, with the length of the piece along which it is judged."""

    index: int
    name: str
    vector: torch.Tensor
    length: float = 1.0

    def along(self, grads):
        """Slope along it."""
        g = grads[self.index]
        return 0.0 if g is None else float((g.detach() * self.vector).sum())


def directions(parameters, seed):
    """Coordinates of small tensors, random signs for large ones, each scaled by the size of what it moves."""
    made, rng = [], np.random.default_rng([seed, 16])
    for i, (name, p) in enumerate(zip(parameters.names, parameters.tensors, strict=True)):
        count = p.numel()
        size = PIECE * p.detach().abs().clamp(min=PIECE) / (p.shape[-1] if p.ndim > 1 else 1) ** 0.5
        if count <= 4:
            for j in range(count):
                v = torch.zeros(count, dtype=p.dtype, device=p.device)
                v[j] = size.reshape(-1)[j] * (1.0 if rng.random() < 0.5 else -1.0)
                made.append(Direction(i, name if count == 1 else f"{name}[{j}]", v.reshape(p.shape)))
        else:
            for _ in range(2 if len(parameters.tensors) <= 8 else 1):
                signs = torch.from_numpy(rng.choice([-1.0, 1.0], size=tuple(p.shape))).to(p)
                made.append(Direction(i, name, size * signs))
    return made


@dataclass
class Record:
    """What was measured: one row per replicate, one column per direction."""

    own: list = field(default_factory=list)
    meant: list = field(default_factory=list)
    left: list = field(default_factory=list)
    values: list = field(default_factory=list)

    def __add__(self, other):
        return Record(*(getattr(self, k) + getattr(other, k) for k in ("own", "meant", "left", "values")))

    def arrays(self):
        """Changes of the own mean, of the intended mean, slopes that were left, and the two values."""
        return tuple(np.asarray(x, dtype=float) for x in (self.own, self.meant, self.left, self.values))


class Bench:
    """Replicates of the comparison, each at noise of its own."""

    def __init__(self, step, intended, parameters, seed):
        self.step, self.intended, self.parameters, self.seed = step, intended, parameters, seed
        self.directions = directions(parameters, seed)
        self.rng = np.random.default_rng([seed, 17])
        self.at_start = intended is not None and not movable(intended, parameters)
        self.count, self.with_own, self.paired = 0, True, True

    def _next(self):
        self.count += 1
        return int(self.seed * 1_000_003 + self.count) % 2**31

    def _values(self, seed):
        own = self.step.value(seed) if self.with_own or not self.intended else float("nan")
        return own, (self.intended.value(seed) if self.intended and not self.at_start else own)

    def match(self):
        """As many draws for the reference as the step takes, if a number within its reach makes the values equal."""
        if self.intended is None or self.step.of_draws or self.intended.draws is not None:
            return
        seeds = [self._next(), self._next()]
        heard = [n for n in self.step.lengths(seeds[0]) if 0 < n <= MOST]
        values = np.array([self.step.value(s) for s in seeds])
        for n in dict.fromkeys([*heard, *counts(self.step.loss)][:12]):
            self.intended.draws = n
            if np.allclose([self.intended.value(s) for s in seeds], values, rtol=3e-6, atol=0):
                return
        self.intended.draws = max([100, *heard[-1:]])

    def settle(self):
        """Shorten pieces that leave the domain of the loss or the law, and lengthen those along which nothing moves."""
        seeds = [self._next() for _ in range(3)]
        self.parameters.place()
        here = [self._values(s) for s in seeds]
        for d in self.directions:
            shortened = False
            for _ in range(12):
                try:
                    self.parameters.place(d.index, d.vector, d.length)
                    there = [self._values(s) for s in seeds]
                    self.step.gradient(seeds[0])
                    fine = (np.isfinite(there) | np.isnan(here)).all()
                except (ValueError, RuntimeError, NotFinite):
                    fine = False
                still = fine and all(a == b for a, b in zip(here, there, strict=True))
                if fine and not (still and d.length < 16 and not shortened):
                    break
                d.length, shortened = (d.length / 2, True) if not fine else (d.length * 4, shortened)
        self.parameters.place()

    def replicate(self, record, own=True):
        """One row: every direction at one seed; the step's own mean is left out unless it is asked for."""
        seed = self._next()
        self.parameters.place()
        here = self._values(seed)  # the step's own value is always among them
        rows = ([], [], [])
        if self.at_start:
            grads, value = self.intended.score_gradient(seed, self.parameters)
            own, _ = self.step.gradient(seed)
            rows = ([float("nan")] * len(self.directions), [d.along(grads) for d in self.directions],
                    [d.along(own) for d in self.directions])
            here = (here[0], value)
        self.with_own = own or not self.intended
        for d in () if self.at_start else self.directions:
            for row, x in zip(rows, self._piece(d, seed, here), strict=True):
                row.append(x)
        for name, row in zip(("own", "meant", "left"), rows, strict=True):
            getattr(record, name).append(row)
        record.values.append(here)
        self.with_own = True

    def _piece(self, d, seed, here):
        h, t = d.length, self.rng.random() * d.length
        self.parameters.place(d.index, d.vector, h)
        there = self._values(seed)
        slopes = []
        for place in (t, h - t):
            self.parameters.place(d.index, d.vector, place)
            slopes.append(d.along(self.step.gradient(seed)[0]))
            seed = seed if self.paired else self._next()  # where pairing gains nothing, fresh noise does
        return (there[0] - here[0]) / h, (there[1] - here[1]) / h, sum(slopes) / 2


def counts(fn):
    """Whole numbers within reach of a function that may be its number of draws."""
    code = getattr(fn, "__code__", None)
    found = [*(code.co_consts if code else ()), *(getattr(fn, "__defaults__", None) or ()), *surroundings(fn).values()]
    sizes = [s for v in found if isinstance(v, (torch.Size, tuple)) for s in v[:1]]
    return sorted({1} | {n for n in [*found, *sizes] if type(n) is int and 0 < n <= MOST})[:8]


def movable(intended, parameters):
    """Whether the intended law follows its parameters when they are moved: objects built beforehand may not."""
    if not intended.law.fixed:
        return True
    parameters.place()
    z = intended.law.draw(2)
    density = intended.law.log_density(z)
    if not density.requires_grad:
        return True
    grads = torch.autograd.grad(density.sum(), parameters.tensors, allow_unused=True, retain_graph=True)
    before = density.detach().clone()
    try:
        for i, g in enumerate(grads):
            if g is not None and bool(g.abs().sum() > 0):
                parameters.place(i, torch.ones_like(parameters.tensors[i]), 1e-2)
                if torch.equal(intended.law.log_density(z).detach(), before):
                    return False
    except ValueError:
        return False
    finally:
        parameters.place()
    return True
