"""Which estimator? Means, variances and seconds of all that apply, measured side by side."""

import sys
import time
import warnings

import numpy as np
import torch

from reparam.bench.given import Law, Parameters, Unusable, arguments, reseed
from reparam.bench.outcome import Comparison, Row, recommend
from reparam.bench.statistics import critical
from reparam.bench.ways import Task, applicable

BATCH = 10
"""Rounds per batch: variances are estimated within batches, their errors between them."""


def compare(loss, parameters, law, *, log_joint=None, draws=16, rounds=200, price="seconds", seed=0):
    r"""Measure every estimator that applies to a loss and a law, and recommend one.

    Parameters
    ----------
    loss : callable, ``(n, ...) -> (n,)``, or None
        One loss per draw; ``None`` if ``log_joint`` is given.
    parameters : Module, Tensor, list, dict or optimizer
        As for :func:`reparam.bench.is_unbiased`.
    law : Distribution or callable
        The law of the draws, or a function that makes it from the parameters.
    log_joint : callable, ``(n, ...) -> (n,)``, optional
        In place of ``loss``: the negative ELBO is meant.
    draws : int
        Draws per gradient, at least 2.
    rounds : int
        Gradients per estimator, taken in turn; at least 40. An interruption keeps those that are done.
    price : {"seconds", "evaluations"}
        Processor time, or the number of draws whose loss was evaluated (1.75 for one whose slope is taken).
    seed : int
        Of all noise.

    Returns
    -------
    Comparison

    Raises
    ------
    Unusable
        A ``ValueError`` whose sentence says what cannot be used.
    """
    f = loss if log_joint is None else log_joint
    if f is None or arguments(f, "loss") != 1:
        raise Unusable("compare needs a loss of the draws, one number per draw: loss(z), or log_joint(z)")
    if draws < 2 or rounds < 4 * BATCH or price not in ("seconds", "evaluations"):
        raise Unusable(f"draws must be at least 2, rounds at least {4 * BATCH}, price seconds or evaluations")
    given = Parameters(parameters, f, *([law] if callable(law) else []))
    task = Task(Law(law, given), f, log_joint is not None)
    with given.borrowed(), warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        contest = Contest(task, given, draws, price, seed)
        contest.run(rounds)
    return contest.result()


class Contest:
    """Estimators that run in turn, and the figures that remain of them."""

    def __init__(self, task, given, draws, price, seed):
        self.task, self.given, self.draws, self.price, self.seed = task, given, draws, price, seed
        self.left_out, self.ways, self.interrupted = {}, {}, False
        for name, way in applicable(task).items():
            try:
                reseed(seed * 1_000_003)
                self._gradient(way)
                self.ways[name] = way
            except (RuntimeError, NotImplementedError, ValueError, TypeError) as error:
                self.left_out[name] = str(error).splitlines()[0]
        if not self.ways:
            raise Unusable("no estimator applies: " + "; ".join(f"{k}: {v}" for k, v in self.left_out.items()))
        self.means = {n: [] for n in self.ways}
        self.variances, self.prices = {n: [] for n in self.ways}, {n: [] for n in self.ways}

    def _gradient(self, way):
        grads = torch.autograd.grad(way(self.task, self.draws), self.given.tensors, allow_unused=True)
        return torch.cat([(torch.zeros_like(p) if g is None else g).reshape(-1) for g, p in
                          zip(grads, self.given.tensors, strict=True)])

    def run(self, rounds):
        """Batches of rounds; a NaN ends them with a sentence."""
        try:
            for batch in range(rounds // BATCH):
                for number, (name, way) in enumerate(self.ways.items()):
                    reseed(self.seed * 1_000_003 + 1 + number * rounds + batch)
                    start, self.task.work = time.process_time(), 0.0
                    done = [self._gradient(way) for _ in range(BATCH)]
                    spent = time.process_time() - start if self.price == "seconds" else self.task.work
                    self._keep(name, torch.stack(done), spent / BATCH)
                if sys.stderr.isatty():
                    print(f"\r{(batch + 1) * BATCH} of {rounds} rounds", end="", file=sys.stderr, flush=True)
        except KeyboardInterrupt:
            self.interrupted = True
        if sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr)
        if min(map(len, self.means.values())) < 4:
            raise Unusable("interrupted before there were four batches: nothing to compare")

    def _keep(self, name, grads, price):
        sizes = [p.numel() for p in self.given.tensors]
        if not torch.isfinite(grads).all():
            raise Unusable(f"the estimator {name!r} gave NaN or infinity: ask is_unbiased for the place")
        self.means[name].append(grads.mean(0).double().cpu().numpy())
        self.variances[name].append([float(v.sum()) for v in grads.double().var(0).cpu().split(sizes)])
        self.prices[name].append(price)

    def _row(self, name, group, part, columns):
        mean = np.mean(self.means[name], 0)[part]
        per_batch = np.asarray(self.variances[name])[:, columns].sum(1)
        count, variance, prices = len(per_batch), float(per_batch.mean()), np.asarray(self.prices[name])
        spread = per_batch.std(ddof=1) / count**0.5 / variance if variance > 0 else 0.0
        error = prices.std(ddof=1) / count**0.5 / max(prices.mean(), 1e-300)
        return Row(name, group, float(np.linalg.norm(mean)), variance if variance > 1e-14 * float(mean @ mean) else 0.0,
                   float(spread), float(np.median(prices)), float(error))

    def result(self):
        """Rows, which of them are biased here, and the words."""
        ends = np.cumsum([0] + [p.numel() for p in self.given.tensors])
        groups = [("all", slice(None), slice(None))]
        if len(self.given.names) > 1:
            groups += [(n, slice(ends[i], ends[i + 1]), slice(i, i + 1)) for i, n in enumerate(self.given.names)]
        rows = [self._row(name, *group) for name in self.ways for group in groups]
        biased = self._biased()
        for row in rows:
            row.biased = row.way in biased
        unit = "seconds" if self.price == "seconds" else "evaluations"
        found = Comparison(rows, unit, self.draws, left_out=self.left_out)
        recommend(found, self.interrupted)
        return found

    def _biased(self):
        """Ways whose mean is not that of the score with leave-one-out baselines: a loss that jumps, or has no slope."""
        judge = "enumeration" if "enumeration" in self.ways else "score, leave-one-out"
        if judge not in self.ways:
            return set()
        a, found = np.asarray(self.means[judge]), set()
        for name in set(self.ways) - {judge, "score", "score, leave-one-out"}:
            b = np.asarray(self.means[name])
            gap, error = a.mean(0) - b.mean(0), np.sqrt((a.var(0, ddof=1) + b.var(0, ddof=1)) / len(a))
            floor = 1e-4 * np.abs(a.mean(0)).max()
            if (np.abs(gap) > np.maximum(critical(len(a), gap.size) * error, floor)).any():
                found.add(name)
        return found
