"""What a user hands to the bench, brought into one form: parameters, a step that leaves gradients, a law of draws."""

import inspect
import random
from contextlib import contextmanager

import numpy as np
import torch
from torch.distributions import Distribution, Independent, Normal


class Unusable(ValueError):
    """The bench cannot start; the message is a sentence that says why and what would help."""


class Faulty(Exception):
    """The user's step has a fault that needs no statistics: its kind, its name, and a sentence."""


def surroundings(fn):
    """What a function's body can reach by name: its globals, closure, and the object it is a method of, as a dict."""
    fn = getattr(fn, "func", fn)  # functools.partial
    bound = getattr(fn, "__self__", None)
    fn = getattr(fn, "__func__", fn)
    code = getattr(fn, "__code__", None)
    if code is None:
        return {"self": fn, **getattr(fn, "__dict__", {})}
    names = set(code.co_names).union(*(c.co_names for c in code.co_consts if inspect.iscode(c)))
    found = {name: fn.__globals__[name] for name in names if name in fn.__globals__}
    for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            continue
    return found | ({"self": bound, **getattr(bound, "__dict__", {})} if bound is not None else {})


def _named(given):
    if isinstance(given, torch.Tensor):
        return [("parameter", given)]
    if isinstance(given, torch.nn.Module):
        return [(name, p) for name, p in given.named_parameters() if p.requires_grad]
    if isinstance(given, dict):
        return [((f"{key}.{name}" if name != "parameter" else str(key)), p)
                for key, value in given.items() for name, p in _named(value)]
    if isinstance(given, torch.optim.Optimizer):
        return _named([p for group in given.param_groups for p in group["params"]])
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        return [given]
    try:
        parts = list(given.parameters() if hasattr(given, "parameters") else given)
    except TypeError:
        raise Unusable(f"parameters must be a module, a tensor, or a list or dict of them; this is a "
                       f"{type(given).__name__}") from None
    return [(f"{i}" if name == "parameter" else name if isinstance(part, tuple) else f"{i}.{name}", p)
            for i, part in enumerate(parts) for name, p in _named(part)]


class Parameters:
    """The tensors whose gradient is judged: they can be moved along a direction, and are put back afterwards."""

    def __init__(self, given, *functions):
        given = list(given) if inspect.isgenerator(given) else given
        seen = {id(p): (name, p) for name, p in reversed(_named(given))}
        known = {id(v): k for fn in functions for k, v in surroundings(fn).items() if isinstance(v, torch.Tensor)}
        self.names, self.tensors = [], []
        for name, p in reversed(seen.values()):
            name = known.get(id(p), f"parameter {name}") if name.isdigit() else name
            self.names.append(known.get(id(p), name) if name == "parameter" else name)
            self.tensors.append(self._accept(self.names[-1], p))
        if not self.tensors:
            raise Unusable("there are no parameters that require a gradient: nothing can be judged")
        self.given = given
        self._start = [p.detach().clone() for p in self.tensors]
        modules = given if isinstance(given, (list, tuple)) else given.values() if isinstance(given, dict) else [given]
        self._buffers = [(b, b.detach().clone()) for m in modules if isinstance(m, torch.nn.Module)
                         for b in m.buffers()]

    @staticmethod
    def _accept(name, p):
        if not isinstance(p, torch.Tensor) or not p.is_floating_point():
            raise Unusable(f"{name} must be a floating-point tensor, got {getattr(p, 'dtype', type(p).__name__)}")
        if not p.requires_grad:
            raise Unusable(f"{name} does not require a gradient: call requires_grad_() on it before its law is made")
        if not p.is_leaf:
            raise Unusable(f"{name} is computed from other tensors ({p.grad_fn.name()}): hand over those it comes from")
        if p.is_meta:
            raise Unusable(f"{name} is on the meta device and holds no numbers: make it on a real one")
        if not torch.isfinite(p.detach()).all():
            raise Unusable(f"{name} holds NaN or infinity before anything was computed")
        return p

    def place(self, index=0, direction=None, distance=0.0):
        """Put every tensor at its start, one of them moved along a direction; running statistics are put back too."""
        for i, (p, start) in enumerate(zip(self.tensors, self._start, strict=True)):
            p.data.copy_(start if direction is None or i != index else start + distance * direction)
        for buffer, start in self._buffers:
            buffer.data.copy_(start)

    def gradients(self):
        """The gradients that backward left, ``None`` where it left none."""
        return [None if p.grad is None else p.grad.detach().to_dense() if p.grad.is_sparse else p.grad.detach()
                for p in self.tensors]

    @contextmanager
    def borrowed(self):
        """Gradients, values and the states of the random generators are as they were when the bench is done."""
        grads = [p.grad for p in self.tensors]
        states = torch.get_rng_state(), np.random.get_state(), random.getstate()
        try:
            yield self
        finally:
            self.place()
            for p, grad in zip(self.tensors, grads, strict=True):
                p.grad = grad
            torch.set_rng_state(states[0])
            np.random.set_state(states[1])
            random.setstate(states[2])


def reseed(seed, generators=()):
    """Start all noise anew: PyTorch's, NumPy's and Python's own, and the generators that a user's function holds."""
    torch.default_generator.manual_seed(seed)  # torch.manual_seed costs more than a small step
    for device in (torch.cuda, torch.xpu):
        if device.is_initialized():
            device.manual_seed_all(seed)
    if torch.backends.mps.is_available():
        torch.mps.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)
    for g in generators:
        if isinstance(g, torch.Generator):
            g.manual_seed(seed)
        elif isinstance(g, np.random.Generator):
            g.bit_generator.state = type(g.bit_generator)(seed).state
        else:
            g.seed(seed)


def generators(*functions):
    """Random generators within reach of the functions, which must be replayed with them."""
    kinds = torch.Generator, np.random.Generator, random.Random
    return [v for fn in functions if fn is not None for v in surroundings(fn).values() if isinstance(v, kinds)]


def arguments(fn, what):
    """How many arguments a function must be given."""
    try:
        wanted = inspect.signature(fn).parameters.values()
    except (TypeError, ValueError):
        raise Unusable(f"{what} must be a function, got {type(fn).__name__}") from None
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return sum(p.default is p.empty and p.kind in kinds for p in wanted)


class Law:
    """A law of draws, made afresh from the parameters whenever it is asked for; an object is taken as it is."""

    def __init__(self, given, parameters):
        self.parameters, self.fixed = parameters, not callable(given) or isinstance(given, Distribution)
        if self.fixed:
            self._make = lambda: given
        else:
            count = arguments(given, "law")
            if count not in (0, 1, len(parameters.tensors)):
                raise Unusable(f"law must take no argument, the parameters, or each of the {len(parameters.tensors)} "
                               f"tensors; it takes {count}")
            one = count == 1 and len(parameters.tensors) != 1
            args = () if count == 0 else (parameters.given,) if one else parameters.tensors
            if count == 1 and isinstance(parameters.given, (torch.nn.Module, dict)):
                args = (parameters.given,)
            self._make = lambda: given(*args)

    def __call__(self):
        q = self._make()
        if hasattr(q, "mu") and hasattr(q, "log_sigma"):  # the book's own DiagonalGaussian
            q = Independent(Normal(q.mu, q.log_sigma.exp()), 1)
        if not hasattr(q, "log_prob") or not (hasattr(q, "sample") or hasattr(q, "rsample")):
            raise Unusable(f"law must be a torch.distributions object or make one, got {type(q).__name__}")
        return q

    @property
    def has_path(self):
        """Whether draws carry slopes; a law that does not say so is asked for a draw."""
        q = self()
        if isinstance(q, Distribution):
            return bool(q.has_rsample)
        return hasattr(q, "rsample")

    def draw(self, n, path=False):
        """``n`` draws, with their graph if ``path`` is true."""
        q = self()
        if path:
            return q.rsample((n,))
        with torch.no_grad():
            return (q.sample if hasattr(q, "sample") else q.rsample)((n,)).detach()

    def log_density(self, z, q=None):
        """One log density per draw, summed over whatever axes the law leaves: shape ``(n,)``."""
        out = (q or self()).log_prob(z)
        return out if out.ndim == 1 else out.reshape(len(z), -1).sum(1)

    def states(self, limit=512):
        """All values of a law with few states, shape ``(m, ...)``, or ``None``."""
        q = self()
        inner = q.base_dist if isinstance(q, Independent) else q
        if not getattr(inner, "has_enumerate_support", False):
            return None
        each = inner.enumerate_support(expand=False).reshape(-1, *([1] * len(inner.batch_shape)), *inner.event_shape)
        places = inner.batch_shape.numel()
        if len(each) ** places > limit:
            return None
        index = torch.cartesian_prod(*[torch.arange(len(each))] * places).reshape(-1, places)
        return each.reshape(len(each), *inner.event_shape)[index].reshape(
            len(index), *inner.batch_shape, *inner.event_shape).to(each)


def per_draw(out, n, what):
    """One number per draw, or a sentence on what came instead."""
    if not isinstance(out, torch.Tensor):
        raise Unusable(f"{what} must return a tensor of shape ({n},), got {type(out).__name__}")
    if out.is_complex() or not (out.is_floating_point() or out.dtype in (torch.int64, torch.bool)):
        raise Unusable(f"{what} must return real numbers, got {out.dtype}")
    if out.shape != (n,):
        hint = "squeeze its last axis" if out.shape == (n, 1) else "it broadcast: compare shapes inside" \
            if out.shape == (n, n) else "it is averaged or summed over the draws already" if out.ndim == 0 \
            else "sum over the other axes"
        raise Unusable(f"{what} must return one number per draw, shape ({n},), got {tuple(out.shape)}: {hint}")
    return out if out.is_floating_point() else out.to(torch.get_default_dtype())
