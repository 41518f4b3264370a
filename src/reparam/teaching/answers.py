"""What a reader's function returned, read as numbers and compared with what is right, in sentences."""

import numpy as np

SINGLE = 2e-5  # of an answer in single precision, relative to the right one, or absolute where that is below one
NEAR = 1e-4  # what looks like rounding


class Unreadable(ValueError):
    """The answer is no number; the message is a sentence about it."""


def _kind(value):
    """A sentence for what cannot be read as numbers, else None."""
    if value is None:
        return "your function returned None; is a return missing?"
    if value is ...:
        return "your function returned the placeholder `...`: its body is still to be written"
    if isinstance(value, str | bytes):
        return f"your function returned the text {value!r}; numbers are asked for, without quotation marks"
    if isinstance(value, dict):
        return f"your function returned a dict with the keys {list(value)}; return the values alone, in order"
    if isinstance(value, set | frozenset):
        return "your function returned a set, which has no order; return a number, an array or a tuple"
    if callable(value) and not hasattr(value, "__array__"):
        return "your function returned a function; call it and return what comes out"
    return None


def _array(value):
    """One array, and whether it came in single precision."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().resolve_conj().resolve_neg()
        if "float" in str(value.dtype):
            return value.double().numpy(), "64" not in str(value.dtype)
        value = value.numpy()
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different length
        raise Unreadable("your function returned rows of different length; a whole array is asked for") from None
    if array.dtype.kind == "c":
        raise Unreadable(f"your function returned complex numbers such as {array.ravel()[0]:.4g}; real ones are asked "
                         "for (take the real part, or look for the root or logarithm of a negative number)")
    if array.dtype.kind not in "fiub":
        words = f"an object of type {type(value).__name__}" if array.ndim == 0 else f"an array of {array.dtype} values"
        raise Unreadable(f"your function returned {words}; numbers are asked for")
    return array.astype(np.float64), array.dtype in (np.float32, np.float16)


def _leaves(value):
    if (sentence := _kind(value)) is not None:
        raise Unreadable(sentence)
    if isinstance(value, tuple | list):
        return [leaf for part in value for leaf in (_rows(part) or _leaves(part))]
    return [_array(value)]


def _rows(value):
    """A list of numbers or of such lists, as the one array that it is; None for anything else."""
    flat = [value] if isinstance(value, list) else []
    while any(isinstance(part, list) for part in flat):
        flat = [inner for part in flat for inner in (part if isinstance(part, list) else [part])]
    return [_array(value)] if flat and all(isinstance(part, int | float) for part in flat) else None


def numbers(value):
    """An answer as a list of arrays in float64, and whether it was computed in single precision.

    Parameters
    ----------
    value : object
        A number, an array, a tensor, or tuples and lists of them.

    Returns
    -------
    list of ndarray, bool

    Raises
    ------
    Unreadable
        With a sentence that says what was returned in the place of numbers.
    """
    leaves = _leaves(value)
    arrays = [array for array, _ in leaves]
    rounded = all(np.array_equal(a, a.astype(np.float32)) for a in arrays if np.isfinite(a).all())
    return arrays, rounded or any(single for _, single in leaves)


def aligned(got, want):
    """The answer with its numbers packed as asked for, where only the packing differs: a list for an array, or an
    array for a tuple of numbers.

    Parameters
    ----------
    got, want : list of ndarray

    Returns
    -------
    list of ndarray
    """
    if len(want) == 1 < len(got) and len({a.shape for a in got}) == 1:
        return [np.stack(got)]
    if len(want) == len(got) == 1 and want[0].shape == (1, *got[0].shape):  # a list of one row
        return [got[0][None]]
    if len(got) == 1 < len(want) and got[0].ndim and len(got[0]) == len(want):
        return list(got[0])
    return got


def _digits(a, e):
    """Two numbers with as many digits as it takes to tell them apart."""
    return next(((f"{a:.{p}g}", f"{e:.{p}g}") for p in (6, 9, 12) if f"{a:.{p}g}" != f"{e:.{p}g}"),
                (f"{a:.17g}", f"{e:.17g}"))


def _shapes(got, want):
    """What is wrong with a shape, and how it may have come about."""
    told = f"an array of shape {got.shape}" if got.ndim else "one number"
    told += f" where {f'the shape {want.shape}' if want.ndim else 'one number'} is asked for"
    if got.ndim == 2 and got.shape == want.shape[::-1] and got.shape != want.shape:
        return f"{told}: it is transposed"
    if got.size == want.size:
        return f"{told}: the same numbers in other axes (one of length 1 too many or too few?)"
    if got.ndim < want.ndim:
        return f"{told}: a sum or mean too many, or over the wrong axis?"
    if got.ndim > want.ndim:
        return f"{told}: a sum or mean too few?"
    return f"{told}: a sum or mean over the wrong axis?"


def difference(got, want, tol):
    """Where an answer parts from what is right.

    Parameters
    ----------
    got, want : list of ndarray
        Aligned.
    tol : float
        Allowed, relative to the right number, or absolute where that is below one.

    Returns
    -------
    str or None
        A sentence without its beginning; None if they agree.
    """
    if len(got) != len(want):
        return f"{len(got)} {'value' if len(got) == 1 else 'values'} where {len(want)} are asked for"
    for number, (a, e) in enumerate(zip(got, want, strict=True)):
        part = f", in value {number + 1} of {len(want)}" if len(want) > 1 else ""
        if a.shape != e.shape:
            return _shapes(a, e) + part
        with np.errstate(invalid="ignore"):
            excess = np.abs(a - e) - tol * np.maximum(1.0, np.abs(e))
        wrong = ~(excess <= 0) & ~((a == e) | (np.isnan(a) & np.isnan(e)))
        if np.any(wrong):
            if not np.isfinite(a[wrong]).all():
                return f"NaN or infinity where {e[wrong & ~np.isfinite(a)][0]:.6g} is right{part}"
            i = np.unravel_index(np.argmax(np.where(wrong, excess, -np.inf)), a.shape)
            first, second = _digits(a[i], e[i])
            place = f" at index {', '.join(map(str, i))}" if a.ndim else ""
            near = np.all(np.abs(a - e) <= NEAR * np.maximum(1.0, np.abs(e)))
            return f"{first} where {second} is right{place}{part}" + (NEARLY if near else "")
    return None


NEARLY = ", nearly: is something rounded on the way, or found by finite differences?"


def shown(names, args):
    """Arguments as a reader can type them, shortened where they are long.

    Parameters
    ----------
    names : list of str
    args : sequence

    Returns
    -------
    str
    """
    return ", ".join(f"{name} = {_shown(value)}" for name, value in zip(names, args, strict=True))


def _shown(value):
    if callable(value) and not hasattr(value, "__array__"):
        name = getattr(value, "__name__", type(value).__name__)
        return name if name.isidentifier() and not name.startswith("_") else "a function"
    array = np.asarray(value.detach() if hasattr(value, "detach") else value)
    if array.size > 12:
        return f"an array of shape {array.shape}"
    text = np.array2string(array, precision=4, separator=", ", formatter={"float": lambda x: f"{x:.4g}"})
    return " ".join(text.split())
