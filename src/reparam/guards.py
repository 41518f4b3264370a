"""What input is refused, in one place: every message names the argument, what it was and what it should be.

Tensors may be as large as the cube root of their type's largest number: then products of any three of them are finite,
so that estimators need not look at their results again. Tensors on the ``meta`` device hold no numbers to be looked at.
"""

import functools
import inspect
import math
import re
from numbers import Integral

import numpy as np
import torch
from torch._subclasses import FakeTensor

LARGEST = {kind: torch.finfo(kind).max ** (1 / 3)
           for kind in (torch.float64, torch.float32, torch.float16, torch.bfloat16)}
"""Bound on the numbers of a tensor, by its type: 5.6e102 in double and 7e12 in single precision."""


def require_float(name, x, shape=None):
    """Reject anything but a floating-point tensor of finite numbers, none beyond :data:`LARGEST`.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    x : Tensor
        What was given.
    shape : tuple of int, optional
        The only shape allowed.

    Returns
    -------
    Tensor
        ``x`` itself.

    Raises
    ------
    ValueError
        If ``x`` is no tensor, holds integers, NaN, infinity or numbers beyond the bound, or has another shape.
    """
    if not isinstance(x, torch.Tensor) or x.dtype not in LARGEST:
        raise ValueError(f"{name} must be a floating-point tensor, got {getattr(x, 'dtype', type(x).__name__)}")
    if shape is not None and x.shape != shape:
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {tuple(x.shape)}")
    if isinstance(x, FakeTensor):
        raise ValueError(f"{name} must hold numbers, got a fake tensor; for shapes alone use the meta device")
    if not x.is_meta:
        flat, bound = x.detach().reshape(-1), LARGEST[x.dtype]
        # one product sees NaN, infinity and large numbers; only where it does, a slower look tells which
        if not float(torch.dot(flat, flat)) <= bound**2 and not float(top := flat.abs().max()) <= bound:
            got = f"{float(top):.3g}" if math.isfinite(top) else "NaN or infinity"
            raise ValueError(f"{name} must be finite and within ±{bound:.1g}, got {got}")
    return x


def require_groups(eps, q, rows=None, least=2):
    """Noise in groups of rows, one gradient a group.

    Parameters
    ----------
    eps : Tensor, shape ``(n, k, d)``
    q : DiagonalGaussian or FullGaussian
        With a mean of shape ``(d,)``.
    rows : int, optional
        The only k allowed.
    least : int
        The smallest k allowed, if ``rows`` is not stated.

    Returns
    -------
    torch.Size
        ``(n, k, d)``.

    Raises
    ------
    ValueError
        If ``eps`` has another shape.
    """
    require_float("eps", eps)
    if eps.ndim != 3 or eps.shape[2:] != q.mu.shape or (eps.shape[1] < least if rows is None else eps.shape[1] != rows):
        want = f"(n, {rows or f'k >= {least}'}, {q.mu.shape[-1]})"
        raise ValueError(f"eps must have shape {want}, got {tuple(eps.shape)}")
    return eps.shape


def values_of(cost, z, name="cost", shape=None, dtype=None):
    """The values of a function that was handed over: one finite number per draw.

    Parameters
    ----------
    cost : callable, ``(..., d) -> (...)``
    z : Tensor, shape ``(..., d)``
    name : str
        What the caller calls the function.
    shape, dtype : optional
        Of the values, if z's last axis is not what one draw consists of, or z is no tensor.

    Returns
    -------
    Tensor, shape ``(...)``
        Of z's type.

    Raises
    ------
    ValueError
        If it is no function, or what it returns has another shape or type, or is not finite.
    """
    if not callable(cost):
        raise ValueError(f"{name} must be a function of draws, got {type(cost).__name__}")
    value, want, dtype = cost(z), tuple(z.shape[:-1] if shape is None else shape), dtype or z.dtype
    if not isinstance(value, torch.Tensor) or value.dtype != dtype or value.shape != want:
        got = f"{value.dtype} of shape {tuple(value.shape)}" if hasattr(value, "shape") else type(value).__name__
        raise ValueError(f"{name} must return one number per draw, {dtype} of shape {want}, got {got}")
    return require_float(f"the value of {name}", value)


def array_values(name, function, points, *more):
    """The values of a NumPy function that was handed over: one finite number per point.

    Parameters
    ----------
    name : str
        What the caller calls the function.
    function : callable, ``(...) -> (...)``
    points : array, shape ``(...)``
    *more
        What else the function takes.

    Returns
    -------
    array, shape of ``points``

    Raises
    ------
    ValueError
        If it is no function, or what it returns has another shape or is not finite.
    """
    if not callable(function):
        raise ValueError(f"{name} must be a function, got {type(function).__name__}")
    return require_finite_array(f"the value of {name}", function(points, *more), shape=np.shape(points))


def as_numbers(name, value):
    """A float64 array of whatever real numbers, NaN and infinity among them.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like

    Returns
    -------
    array

    Raises
    ------
    ValueError
        On what is no real number: text, truth values, complex numbers, ragged lists, tensors with a graph or no data.
    """
    try:
        given = np.asarray(value)
    except (RuntimeError, TypeError, ValueError) as e:
        raise ValueError(f"{name} must be an array, got {type(value).__name__}: {e}") from None
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got {given.dtype}")
    return given.astype(np.float64, copy=False)


def require_finite_array(name, value, axes=None, shape=None):
    """A float64 array of finite numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like
    axes : int, optional
        Least number of axes of an array that may not be empty.
    shape : tuple of int, optional
        The only shape allowed.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        On what is no real number, NaN or infinity, too few axes, no numbers, or another shape.
    """
    x = as_numbers(name, value)
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    if axes is not None and (x.ndim < axes or x.size == 0):
        raise ValueError(f"{name} must have at least {axes} axes and not be empty, got shape {x.shape}")
    if shape is not None and x.shape != tuple(shape):
        raise ValueError(f"{name} must have shape {tuple(shape)}, got {x.shape}")
    return x


def require_positive_array(name, value, axes=None, shape=None):
    """A float64 array of finite positive numbers.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like
    axes, shape
        As in :func:`require_finite_array`.

    Returns
    -------
    array

    Raises
    ------
    ValueError
        On NaN, infinity, or a number that is not positive.
    """
    x = require_finite_array(name, value, axes, shape)
    if not (x > 0).all():
        raise ValueError(f"{name} must be positive, got {x.min() if x.size > 1 else value}")
    return x


def require_probabilities(name, value):
    """Probabilities of independent bits.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : array-like, shape ``(D,)``

    Returns
    -------
    array, shape ``(D,)``

    Raises
    ------
    ValueError
        If a number does not lie strictly between 0 and 1, or the shape is another.
    """
    theta = require_finite_array(name, value, 1)
    if theta.ndim != 1 or not ((theta > 0) & (theta < 1)).all():
        raise ValueError(f"{name} must be (D,) strictly between 0 and 1, got {theta}")
    return theta


def require_number(name, value, above=-math.inf, below=math.inf):
    """One finite number in an open interval.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : float
        Or an array or tensor that holds one number.
    above, below : float
        The interval's ends, not allowed themselves.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If ``value`` is no such number.
    """
    x = require_finite_array(name, value)
    if x.size != 1 or not above < x.item() < below:
        room = "positive and " if (above, below) == (0, math.inf) else ""
        room += f"between {above:g} and {below:g}" if math.isfinite(below) else "finite"
        raise ValueError(f"{name} must be {room}, one number, got {value!r}")
    return x.item()


def require_count(name, value, least=1, most=math.inf):
    """A whole number in a range.

    Parameters
    ----------
    name : str
        The argument's name, for the message.
    value : int
    least, most : int
        Both allowed.

    Returns
    -------
    int

    Raises
    ------
    ValueError
        If ``value`` is no whole number from ``least`` to ``most``.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not least <= value <= most:
        room = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {room}, got {value!r}")
    return int(value)


def _plain(name, value):
    if isinstance(value, torch.Tensor):
        value = value.detach()
        if value.is_meta:
            return np.ones(())
    given = np.asarray(value)
    if given.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold real numbers, got {value!r}")
    return given


def require_finite(**values):
    """Reject numbers and arrays that hold NaN or infinity, or anything but real numbers.

    Parameters
    ----------
    **values : float, array or Tensor
        By the argument's name, for the message.

    Raises
    ------
    ValueError
        Naming the first that does.
    """
    for name, value in values.items():
        if not np.isfinite(_plain(name, value)).all():
            raise ValueError(f"{name} must be finite, got {value}")


def require_positive(**values):
    """Reject numbers and arrays that are not finite and positive.

    Parameters
    ----------
    **values : float, array or Tensor
        By the argument's name, for the message.

    Raises
    ------
    ValueError
        Naming the first that is not.
    """
    for name, value in values.items():
        x = _plain(name, value)
        if not (np.isfinite(x) & (x > 0)).all():
            raise ValueError(f"{name} must be positive, got {value}")


def _numbers(value):
    """The arrays and numbers among what a function takes or gives, its tuples, lists and dictionaries taken apart."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        return [part for member in value for part in _numbers(member)]
    return [value] if isinstance(value, (float, complex, np.ndarray, np.number, torch.Tensor)) else []


def _fault(x):
    if (x.is_complex() if isinstance(x, torch.Tensor) else np.iscomplexobj(x)):
        return f"real, got {x.dtype if hasattr(x, 'dtype') else x!r}"
    if isinstance(x, torch.Tensor):
        x = x.detach()
        # NaN or infinity makes the sum so; where the sum is not finite, a slower look tells
        fine = x.is_meta or math.isfinite(float(x.sum())) or bool(torch.isfinite(x).all())
        return None if fine else "finite, got NaN or infinity"
    if np.asarray(x).dtype.kind == "f" and not np.isfinite(x).all():
        return f"finite, got {x if np.ndim(x) == 0 else 'NaN or infinity'}"
    return None


def _sizes(shapes):
    """The sizes that make all documented shapes true, such as ``{"n": 5, "...": (2,)}``, or None if there are none."""
    sizes, group = {}, []
    for words, shape in shapes:
        if words == ["*"]:
            group.append(shape)
            continue
        if "..." in words:
            at, more = words.index("..."), len(shape) - len(words) + 1
            lead, shape = shape[at:at + max(more, 0)], shape[:at] + shape[at + max(more, 0):]
            words = [w for w in words if w != "..."]
            if sizes.setdefault("...", lead) != lead:
                return None
        if len(words) != len(shape) or any(
            int(w) != size if w.isdigit() else sizes.setdefault(w, size) != size
            for w, size in zip(words, shape, strict=True)
        ):
            return None
    try:
        sizes["*"] = np.broadcast_shapes(*group)
    except ValueError:
        return None
    return sizes


def _taken(kind, value):
    """What a helper computes with: a number or an array in place of a tensor, where it is NumPy's."""
    if not isinstance(value, torch.Tensor) or value.requires_grad or value.is_meta:
        return value
    if kind.startswith("number") and value.ndim == 0:
        return value.item()
    return value.numpy(force=True) if kind.startswith("array") else value


def _refuse_kind(name, kind, value):
    if kind == "number" and (shape := as_numbers(name, value).shape):
        raise ValueError(f"{name} must be one number, got shape {shape}")
    if kind == "count" and (isinstance(value, bool) or not isinstance(value, Integral)):
        raise ValueError(f"{name} must be a whole number, got {value!r}")
    if kind == "function" and not callable(value):
        raise ValueError(f"{name} must be a function, got {type(value).__name__}")
    if kind.startswith("tensor"):
        require_float(name, value)
    if kind.startswith("array"):
        as_numbers(name, value)


def _check(kinds, given):
    if not kinds:
        return
    shapes, said, tensors = [], [], {}
    for name, kind in kinds.items():
        if name not in given or (given[name] is None and kind.endswith("?")):
            continue
        value, (library, *words) = given[name], kind.rstrip("?").split()
        _refuse_kind(name, kind.rstrip("?"), value)
        if library in ("array", "tensor"):
            shapes.append((words, tuple(np.shape(value))))
            said.append(f"{name} ({', '.join(words)})")
        if library == "tensor":
            tensors[name] = value
    if len({(x.dtype, x.device) for x in tensors.values()}) > 1:
        raise ValueError(f"{', '.join(tensors)} must have one type and device, "
                         f"got {[f'{x.dtype} on {x.device}' for x in tensors.values()]}")
    if _sizes(shapes) is None:
        raise ValueError(f"{', '.join(said)} must have shapes that fit, got {[shape for _, shape in shapes]}")


def _refuse_arguments(given, integers):
    for name, value in given.items():
        if name == "self":
            continue
        for x in _numbers(value):
            if fault := _fault(x):
                raise ValueError(f"{name} must be {fault}")
            if isinstance(x, torch.Tensor) and not x.is_floating_point() and name not in integers:
                raise ValueError(f"{name} must be a floating-point tensor, got {x.dtype}")


def guarded(function=None, *, integers=(), infinite=False, **kinds):
    """Let a small helper be right or refuse: around its formula, what all formulas need.

    Numbers, arrays and tensors that come in must be real and finite, tensors floating-point; an error on the way
    becomes a ValueError that names the arguments; what goes out must be finite.

    Parameters
    ----------
    function : callable
    integers : sequence of str
        Arguments that may be tensors of integers.
    infinite : bool
        Whether infinity is an answer.
    **kinds : str
        What an argument must be: ``"number"``, ``"count"``, ``"function"``, ``"array n d"`` or ``"tensor n d"``, with
        the names of its axes (equal names, equal sizes; ``...`` any axes; a lone ``*`` broadcasts); an added ``?``
        allows None.

    Returns
    -------
    callable
        The same function, with these guards.

    Examples
    --------
    >>> @guarded(x="array n", scale="number")
    ... def scaled(x, scale):
    ...     return scale * np.asarray(x)
    >>> scaled([1.0, 2.0], [3.0, 4.0])
    Traceback (most recent call last):
        ...
    ValueError: scale must be one number, got shape (2,)
    """
    if function is None:
        return functools.partial(guarded, integers=integers, infinite=infinite, **kinds)
    signature = inspect.signature(function)
    order, own = list(signature.parameters), [name for name in signature.parameters if name != "self"]
    names = ", ".join(own)
    plain = all(p.kind is p.POSITIONAL_OR_KEYWORD for p in signature.parameters.values())
    least = sum(p.default is p.empty for p in signature.parameters.values())

    @functools.wraps(function)
    def around(*args, **kwargs):
        # what signature.bind finds, without its price where all is given by position
        by_position = plain and not kwargs and least <= len(args) <= len(order)
        bound = None if by_position else signature.bind(*args, **kwargs)
        given = dict(zip(order, args, strict=False)) if by_position else bound.arguments
        given.update({name: _taken(kinds[name], given[name]) for name in kinds if name in given})
        try:
            with np.errstate(all="ignore"):
                answer = function(*given.values()) if by_position else function(*bound.args, **bound.kwargs)
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError, Warning) as e:
            if isinstance(e, ValueError) and set(re.findall(r"\w+", str(e))) & set(own):
                raise
            _check(kinds, given)
            _refuse_arguments(given, integers)
            raise ValueError(f"{names} must fit {function.__name__}, got: {e}") from e
        _check(kinds, given)  # after the function's own refusals, which say more
        _refuse_arguments(given, integers)
        if not infinite and any(map(_fault, _numbers(answer))):
            raise ValueError(f"{names} must be less extreme: the answer of {function.__name__} is not finite")
        return answer

    return around
