"""What an argument can be, how it goes wrong, how documented shapes are read: the words of the table."""

import zlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from reparam.laws.gaussian import DiagonalGaussian

SIZES = {"n": 6, "d": 2, "k": 3, "m": 4, "N": 5, "D": 3, "p": 2, "s": 7}
ODD = {"NaN": np.nan, "infinity": np.inf, "minus infinity": -np.inf, "huge": 1e308, "tiny": 1e-310, "zero": 0.0,
       "minus": -1.0}
TYPES = {"integer": np.int64, "truth": np.bool_, "half": np.float16, "single": np.float32, "complex": np.complex128}


def source(name):
    return np.random.Generator(np.random.SFC64(zlib.crc32(name.encode())))


def sized(pattern, sizes):
    """The shape that a pattern such as ``"n 2 d"`` stands for."""
    return tuple(int(eval(word, {}, dict(sizes))) for word in pattern.split() if word not in ("...", "*"))


@dataclass
class Numbers:
    """An array or tensor of a documented shape; ``"*"`` broadcasts with others of this kind, ``...`` is anything."""

    pattern: str
    low: float = -1.0
    high: float = 1.0
    torch: bool = False
    make: Any = None

    def good(self, name, sizes):
        if self.make is not None:
            x = np.asarray(self.make(sizes) if callable(self.make) else self.make)
        else:
            x = source(name).uniform(self.low, self.high, sized(self.pattern, sizes))
        return torch.from_numpy(np.array(x)) if self.torch else x

    def bad(self, x):
        """Everything that is thrown in place of a good array."""
        plain = x.numpy().copy() if isinstance(x, torch.Tensor) else np.array(x)
        back = (lambda y: torch.from_numpy(np.array(y))) if self.torch else np.asarray
        for what, value in ODD.items():
            if plain.size and plain.dtype.kind == "f":
                y = plain.copy()
                y.flat[0] = value
                yield what, back(y)
        for what, kind in TYPES.items():
            yield what, back(plain.astype(kind))
        yield "column", back(plain[..., None])
        yield "row", back(plain[None])
        yield "longer", back(np.concatenate([plain, plain], -1) if plain.ndim else np.stack([plain, plain]))
        if plain.ndim:
            yield "flat", back(plain.reshape(-1))
            yield "number", back(plain.reshape(-1)[0]) if plain.size else back(plain)
            yield "empty", back(plain[..., :0])
            yield "one", back(plain[..., :1])
            yield "none", back(plain[:0])
        yield "with a graph", torch.from_numpy(np.array(plain)).to(torch.float64).requires_grad_()
        yield "meta", torch.empty(plain.shape, dtype=torch.float64, device="meta")
        yield "the other library's", plain if self.torch else torch.from_numpy(np.array(plain))
        yield "nothing", None
        yield "text", "text"


def t(pattern, low=-1.0, high=1.0, make=None):
    return Numbers(pattern, low, high, True, make)


def a(pattern, low=-1.0, high=1.0, make=None):
    return Numbers(pattern, low, high, False, make)


@dataclass
class Number:
    """One number; with ``many`` it broadcasts as an array would."""

    value: Any
    many: bool = False
    pattern = ""

    def good(self, name, sizes):
        return self.value

    def bad(self, x):
        yield from ((what, value) for what, value in ODD.items())
        yield "complex", complex(x)
        yield "text", "text"
        yield "nothing", None
        yield "half a one more", x + 0.5
        yield "a tensor", torch.tensor(float(x), dtype=torch.float64)
        yield "two", np.array([x, x])


@dataclass
class Function:
    """A function that is handed over."""

    value: Any
    pattern = None

    def good(self, name, sizes):
        return self.value

    def bad(self, f):
        def after(change):
            return lambda *args: change(f(*args))

        yield "a column", after(lambda y: y[..., None])
        yield "a mean", after(lambda y: y.mean())
        yield "NaN", after(lambda y: y * np.nan)
        yield "infinity", after(lambda y: y + np.inf)
        yield "huge", after(lambda y: 0 * y + 1e308)
        yield "integers", after(lambda y: y.long() if isinstance(y, torch.Tensor) else np.asarray(y).astype(int))
        yield "single", after(lambda y: y.float() if isinstance(y, torch.Tensor) else np.asarray(y, dtype=np.float32))
        yield "complex", after(lambda y: y + 1j)
        yield "detached", after(lambda y: y.detach() if isinstance(y, torch.Tensor) else y)
        yield "an array", after(lambda y: y.detach().numpy() if isinstance(y, torch.Tensor) else torch.as_tensor(y))
        yield "a number", lambda *args: 1.0
        yield "nothing", lambda *args: None
        yield "no function", 1.0
        yield "absent", None


@dataclass
class Law:
    """A diagonal Gaussian."""

    pattern: str = "d"

    def good(self, name, sizes):
        shape = sized(self.pattern, sizes)
        s = source(name)
        return DiagonalGaussian(*(torch.from_numpy(s.uniform(-0.5, 0.5, shape)) for _ in range(2)))

    def bad(self, q):
        def of(change):
            return DiagonalGaussian(change(q.mu), change(q.log_sigma))

        yield "one dimension more", of(lambda p: torch.cat([p, p[..., :1]], -1))
        yield "one dimension", of(lambda p: p[..., :1])
        yield "a batch", of(lambda p: p.expand(3, *p.shape))
        yield "single", of(lambda p: p.float())
        yield "half", of(lambda p: p.half())
        yield "with a graph", of(lambda p: p.clone().requires_grad_())
        yield "meta", of(lambda p: p.to("meta"))
        yield "far", DiagonalGaussian(q.mu + 1e100, q.log_sigma)
        yield "narrow", DiagonalGaussian(q.mu, q.log_sigma - 230)
        yield "wide", DiagonalGaussian(q.mu, q.log_sigma + 230)
        yield "PyTorch's", torch.distributions.Normal(q.mu, q.sigma)
        yield "no Gaussian", torch.distributions.Laplace(q.mu, q.sigma)
        yield "nothing", None
        yield "a tensor", q.mu


@dataclass
class Object:
    """Anything else: only its absence is thrown."""

    value: Any
    pattern = None

    def good(self, name, sizes):
        return self.value(sizes) if callable(self.value) and getattr(self.value, "sized", False) else self.value

    def bad(self, x):
        yield "nothing", None
        yield "text", "text"
        yield "a number", 1.5


@dataclass
class Given(Object):
    """What is no subject of the row, such as a place of noise: nothing is thrown."""

    def bad(self, x):
        return iter(())


@dataclass
class Row:
    """A public function: what it takes, and the shapes of what it returns."""

    call: Any
    args: dict
    returns: Any = None
    kind: str = "f"
    words: tuple = ()
    smallest: dict = field(default_factory=dict)


def shape_of(x):
    if isinstance(x, DiagonalGaussian):
        return tuple(x.mu.shape)
    if isinstance(x, torch.distributions.Distribution):
        return tuple(x.batch_shape + x.event_shape)
    return tuple(np.shape(x)) if not isinstance(x, torch.Tensor) else tuple(x.shape)


def bind(patterns, shapes):
    """The sizes that make all documented shapes true, or None if there are none."""
    sizes, group = {}, []
    for pattern, shape in zip(patterns, shapes, strict=True):
        words = pattern.split()
        if words == ["*"]:
            group.append(shape)
            continue
        if "..." in words:
            before, after = words[: words.index("...")], words[words.index("...") + 1:]
            lead = shape[len(before): max(len(shape) - len(after), len(before))]
            if sizes.setdefault("...", lead) != lead:
                return None
            words, shape = before + after, shape[: len(before)] + shape[len(before) + len(lead):]
        if len(words) != len(shape):
            return None
        for word, size in zip(words, shape, strict=True):
            if word.isidentifier():
                if sizes.setdefault(word, size) != size:
                    return None
            elif word.isdigit() and int(word) != size:
                return None
    try:
        sizes["*"] = np.broadcast_shapes(*group)
    except ValueError:
        return None
    return sizes


def documented(pattern, sizes):
    """The shape of an answer."""
    shape = ()
    for word in pattern.split():
        if word in ("...", "*"):
            shape += tuple(sizes[word])
        else:
            shape += (int(eval(word, {}, {k: v for k, v in sizes.items() if isinstance(v, int)})),)
    return shape
