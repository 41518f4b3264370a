"""Candidates for what a difference could be, each computed from replicates of its own."""

import numpy as np
import torch
from torch.distributions import Independent, Normal

from reparam.bench.given import Law, reseed, surroundings

TRIES = 24
"""Replicates for each candidate; those with one row per replicate carry their own noise to the comparison."""


def change(run, integrand, law=None):
    """Change of a mean along every direction, a row for each of :data:`TRIES` replicates of its own."""
    bench, rows = run.bench, []
    for _ in range(TRIES):
        seed = bench._next()
        bench.parameters.place()
        here, row = bench.intended.value(seed, integrand, law), []
        for d in bench.directions:
            bench.parameters.place(d.index, d.vector, d.length)
            row.append((bench.intended.value(seed, integrand, law) - here) / d.length)
        rows.append(row)
    bench.parameters.place()
    return np.asarray(rows)


def explicit(run, integrand, weighted=False):
    """Mean slope of the integrand along the piece, its draws held fixed, weighted by the log density or not: rows."""
    bench, law, rows = run.bench, run.bench.intended.law, []
    for i in range(TRIES):
        seed, row = bench._next(), []
        for d in bench.directions:
            start, middle, end = ((i + part) * d.length / TRIES for part in (0.0, 0.5, 1.0))
            bench.parameters.place(d.index, d.vector, middle)
            reseed(seed)
            z = law.draw(bench.intended.draws)
            weight = law.log_density(z).detach() if weighted else 1.0
            ends = []
            for place in (start, end):
                bench.parameters.place(d.index, d.vector, place)
                ends.append(integrand(z).detach())
            row.append(float((weight * (ends[1] - ends[0])).mean()) / (end - start))
        rows.append(row)
    bench.parameters.place()
    return np.asarray(rows)


def jumps(bench):
    """Whether changes over a short piece spread more than over a long one: the mark of a jump."""
    long, short = [], []
    for d in bench.directions:
        for _ in range(8):
            seed = bench._next()
            bench.parameters.place()
            here = bench.step.value(seed)
            for length, kept in ((d.length, long), (d.length / 64, short)):
                bench.parameters.place(d.index, d.vector, length)
                kept.append((bench.step.value(seed) - here) / length)
    bench.parameters.place()
    wide, narrow = (np.array(x).reshape(len(bench.directions), -1).var(1).mean() for x in (long, short))
    return bool(narrow > 8 * wide > 0 or (wide > 0 and not np.any(short)))


class Rescaled(Law):
    """A normal law whose scale is a power of the given one."""

    def __init__(self, law, power):
        self._law, self._power, self.parameters, self.fixed = law, power, law.parameters, law.fixed

    def __call__(self):
        q = self._law()
        inner = q.base_dist if isinstance(q, Independent) else q
        new = Normal(inner.loc, inner.scale**self._power)
        return Independent(new, q.reinterpreted_batch_ndims) if isinstance(q, Independent) else new


def rescaled(law, power):
    """The law with its scale to a power, or ``None`` if it is no normal law."""
    q = law() if law is not None else None
    inner = q.base_dist if isinstance(q, Independent) else q
    return Rescaled(law, power) if isinstance(inner, Normal) else None


def log_det(law):
    """Log determinant of the maps of a transformed law, per draw."""
    def of(z):
        q, total, y = law(), 0.0, z
        for transform in reversed(q.transforms):
            x = transform.inv(y)
            total, y = total + transform.log_abs_det_jacobian(x, y), x
        return total.reshape(len(z), -1).sum(1)
    return of


def edge_moves(law):
    """Whether the ends of the law's support require a gradient."""
    try:
        support = law().support
    except (NotImplementedError, AttributeError):
        return False
    ends = [getattr(support, name, None) for name in ("lower_bound", "upper_bound")]
    return any(isinstance(e, torch.Tensor) and e.requires_grad for e in ends)


def keeps_noise(step):
    """Whether the step seeds a generator inside, or reaches tensors that are no parameters."""
    if {"manual_seed", "Generator", "default_rng", "RandomState", "seed"} & names_used(step.loss):
        return True
    own = {id(p) for p in step.parameters.tensors}
    return any(isinstance(v, torch.Tensor) and v.is_floating_point() and id(v) not in own
               for v in surroundings(step.loss).values())


def names_used(fn, depth=2):
    """Names that a function's body uses, and those of the user's functions that it calls."""
    fn = getattr(getattr(fn, "func", fn), "__func__", getattr(fn, "func", fn))
    code = getattr(fn, "__code__", None)
    names = set(code.co_names) if code else set()
    if code:
        names |= {n for c in code.co_consts if hasattr(c, "co_names") for n in c.co_names}
    if depth and code:
        for v in surroundings(fn).values():
            if hasattr(v, "__code__") and not (v.__module__ or "").startswith(("torch", "reparam")):
                names |= names_used(v, depth - 1)
    return names


def noisy_modules(run):
    """Modules within reach that draw noise, or use statistics of the batch, in training mode."""
    noisy = torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm
    reach = [run.bench.parameters.given, *surroundings(run.bench.step.loss).values()]
    return {m for g in reach if isinstance(g, torch.nn.Module) for m in g.modules()
            if isinstance(m, noisy) and m.training}


def without_noise(run, modules):
    """What is left of the difference when these modules are in evaluation mode: the slope, if they explain it."""
    bench, rows = run.bench, []
    for m in modules:
        m.eval()
    for _ in range(TRIES):
        seed = bench._next()
        bench.parameters.place()
        here, row = bench._values(seed), []
        for d in bench.directions:
            bench.parameters.place(d.index, d.vector, d.length)
            there = bench._values(seed)
            row.append((there[0] - here[0] - there[1] + here[1]) / d.length)
        rows.append(row)
    bench.parameters.place()
    for m in modules:
        m.train()
    return np.mean(rows, 0)
