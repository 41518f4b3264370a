"""What the bench evaluates: a user's step, and the mean that was meant, each as a function of a seed."""

import math

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from reparam.bench.given import Faulty, Unusable, arguments, generators, per_draw, reseed


class NotFinite(Exception):
    """A loss or a gradient was NaN or infinite."""


DRAWING = {"bernoulli", "bernoulli_", "binomial", "cauchy_", "exponential_", "geometric_", "multinomial", "normal",
           "normal_", "poisson", "rand", "rand_like", "randint", "randn", "randn_like", "uniform_", "_sample_dirichlet",
           "_standard_gamma"}
"""Functions of PyTorch that draw."""


class Listen(TorchFunctionMode):
    """Hears how many numbers are drawn: the leading lengths of all random tensors, in their order."""

    def __init__(self):
        super().__init__()
        self.lengths = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "")
        if name in DRAWING and isinstance(out, torch.Tensor) and out.ndim:
            self.lengths.append(out.shape[-1 if name == "multinomial" else 0])
        return out


class Step:
    """A user's function as two functions of a seed: the value of its loss, and the gradient that it leaves."""

    def __init__(self, loss, parameters, law, draws):
        self.loss, self.parameters, self.law, self.draws = loss, parameters, law, draws or 100
        wanted = arguments(loss, "loss")
        if wanted > 1:
            raise Unusable(f"loss must take no argument (it draws its own noise) or one (the draws); it takes {wanted}")
        self.of_draws = wanted == 1 and law is not None
        self.of_count = wanted == 1 and law is None
        if self.of_draws and not law.has_path:
            raise Faulty("gradient", "no path", f"{type(law()).__name__} has no rsample: its draws carry no slopes, "
                         "and backward through loss(z) misses their part. Use a score function, or give your own step")
        self._generators = generators(loss)
        self.no_graph, self.missing, self.oldest = False, set(), None
        self.surrogate, self._looks = False, 0

    def _call(self, seed):
        for p in self.parameters.tensors:
            p.grad = None
        reseed(seed, self._generators)
        before = [p._version for p in self.parameters.tensors]
        if self.of_draws:
            out = self.loss(self.law.draw(self.draws, path=True))
            if not isinstance(out, (tuple, list)) and not (isinstance(out, torch.Tensor) and out.ndim == 0):
                try:
                    out = per_draw(out, self.draws, "loss")
                except Unusable as error:
                    raise Faulty("objective", "wrong shape", str(error)) from None
        else:
            out = self.loss(self.draws) if self.of_count else self.loss()
        if before != [p._version for p in self.parameters.tensors]:
            raise Unusable("the step changes the parameters: leave optimizer.step() and what clips weights out of it")
        loss, value = out if isinstance(out, (tuple, list)) and len(out) == 2 else (out, out)
        self.surrogate = loss is not value
        return self._mean(loss), self._mean(value)

    @staticmethod
    def _mean(x):
        if x is None or isinstance(x, (int, float)):
            return x
        if isinstance(x, np.ndarray | np.generic):
            return float(x.mean())
        if not isinstance(x, torch.Tensor):
            raise Unusable(f"loss must return a tensor, or (surrogate, loss), got {type(x).__name__}")
        if x.is_complex() or x.numel() == 0 or x.ndim > 2 or (x.ndim == 2 and 1 not in x.shape):
            raise Faulty("objective", "wrong shape", f"the loss has {x.dtype} and shape {tuple(x.shape)} where one "
                         "number or one per draw is needed: did (n, 1) meet (n,)?")
        return x.mean() if x.is_floating_point() else x.to(torch.get_default_dtype()).mean()

    def value(self, seed):
        """Value of the loss at the noise of a seed; ``nan`` if the step returns none."""
        value = self._call(seed)[1]
        return number(value)

    def gradient(self, seed):
        """Gradients, one per tensor, ``None`` where there is none, and the value of the loss."""
        first = self._looks == 0
        mark = torch.ones((), requires_grad=True).clone().grad_fn._sequence_nr() if first else 0
        loss, value = self._call(seed)
        grads = self.parameters.gradients()
        if all(g is None for g in grads) and isinstance(loss, torch.Tensor):
            self.no_graph = not loss.requires_grad
            if loss.requires_grad:
                if first:  # once is enough
                    self.oldest, self._looks = stale(loss.grad_fn, mark), 1
                loss.backward(retain_graph=True)
                grads = self.parameters.gradients()
        got = number(value)
        sums = [float(g.sum()) for g in grads if g is not None]
        if not all(map(math.isfinite, sums)) or (value is not None and not math.isfinite(got)):
            raise NotFinite
        self.missing = {n for n, g in zip(self.parameters.names, grads, strict=True) if g is None}
        return grads, got

    def lengths(self, seed):
        """Leading lengths of the random tensors that the step draws."""
        with Listen() as heard:
            self._call(seed)
        return heard.lengths

    def again(self, seed):
        """The loss with its graph, for the search for a NaN."""
        return lambda: self._call(seed)[0]


def number(value):
    """A loss as a Python number, ``nan`` for none."""
    return float("nan") if value is None else float(value.detach() if isinstance(value, torch.Tensor) else value)


def stale(node, mark):
    """Name of an operation in a loss's graph that ran before the step did, or ``None``."""
    seen, waiting = set(), [node]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if "AccumulateGrad" not in node.name() and node._sequence_nr() < mark:
            return node.name()
        waiting += [nxt for nxt, _ in node.next_functions]
    return None


class Intended:
    """The mean that was meant: draws of the law, and an integrand with one number per draw."""

    def __init__(self, integrand, law, draws):
        self.integrand, self.law, self.draws = integrand, law, draws
        self._generators = generators(integrand)
        self.states = law.states()

    def value(self, seed, integrand=None, law=None):
        """Mean over draws at the noise of a seed, or the exact mean of a law with few states."""
        reseed(seed, self._generators)
        integrand, law = integrand or self.integrand, law or self.law
        if self.states is not None and law is self.law:
            weights = self.law.log_density(self.states).double().exp()
            f = per_draw(integrand(self.states), len(self.states), "intended").double()
            return float((weights * f).detach().sum() / weights.detach().sum())
        return float(per_draw(integrand(law.draw(self.draws)), self.draws, "intended").detach().double().mean())

    def score_gradient(self, seed, parameters):
        """Gradients by the score function with leave-one-out baselines: for a law that cannot be made afresh."""
        reseed(seed, self._generators)
        n = max(self.draws or 100, 2)
        z = self.law.draw(n)
        f = per_draw(self.integrand(z), n, "intended")
        bracket = (f.detach() - f.detach().mean()) * n / (n - 1)
        total = (bracket * self.law.log_density(z)).mean() + (f.mean() if f.requires_grad else 0.0)
        if not total.requires_grad:
            raise Unusable("neither law nor intended depends on the parameters: there is nothing to differentiate")
        grads = torch.autograd.grad(total, parameters.tensors, allow_unused=True, retain_graph=True)
        return [None if g is None else g.detach() for g in grads], float(f.detach().mean())
