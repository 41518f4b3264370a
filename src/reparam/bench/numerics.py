"""Where a NaN comes from: the first operation whose result is not finite, in which draw, forward or backward."""

import sys
import warnings

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

_SILENT = {"empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided", "detach", "alias", "view", "clone",
           "_to_copy", "expand", "full", "fill_", "zeros", "full_like", "where", "masked_fill"}


def _bad(tensors, test):
    return next((t for t in tensors if isinstance(t, torch.Tensor) and t.is_floating_point() and t.numel()
                 and test(t).any()), None)


def _place():
    """The line of the user's code that is running, if any."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_code.co_filename
        if "/torch/" not in name and "/reparam/bench/" not in name and "torch\\" not in name:
            return frame.f_lineno
        frame = frame.f_back
    return None


class Watch(TorchDispatchMode):
    """Looks at each operation's result; keeps the first infinity and the first NaN that no input explains."""

    def __init__(self):
        super().__init__()
        self.first = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in _SILENT:
            return out
        for kind, test in (("NaN", torch.isnan), ("infinity", torch.isinf)):
            if kind not in self.first:
                found = _bad(tree_leaves(out), test)
                if found is not None and _bad(tree_leaves((args, kwargs)), test) is None:
                    where = test(found).nonzero()[0].tolist()
                    self.first[kind] = (name, where, tuple(found.shape), _place())
        return out


def _said(name, where, shape, line):
    draw = f" at index {where} of shape {shape}" if shape else ""
    return f"{name}{draw}" + (f", line {line}" if line else "")


def _backward(loss):
    """Name of the forward operation whose slope is NaN."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with torch.autograd.detect_anomaly():
                loss.backward(retain_graph=True)
    except RuntimeError as error:
        text = str(error)
        if "returned nan" in text:
            return text.split("'")[1].removesuffix("0").removesuffix("Backward").lower()
    return None


def explain(run):
    """One sentence on where a NaN or infinity was born.

    Parameters
    ----------
    run : callable
        Evaluates the loss once more at the same noise, and returns it with its graph, or ``None`` if it has none.

    Returns
    -------
    str
    """
    forward = Watch()
    try:
        with warnings.catch_warnings(), forward:
            warnings.simplefilter("ignore")
            loss = run()
    except Exception as error:  # the user's function, whatever it raises
        return f"the loss raised {type(error).__name__}: {error}"
    if isinstance(loss, torch.Tensor) and not torch.isfinite(loss.detach()).all():
        return "the loss is not finite: " + _story(forward, "")
    if not isinstance(loss, torch.Tensor) or not loss.requires_grad:
        return "the gradient is not finite: " + _story(forward, "")
    name, backward = _backward(loss), Watch()
    with backward:
        loss.backward(retain_graph=True)
    culprit = f"the slope of {name} is not finite; " if name else ""
    if forward.first:
        return ("the loss is finite and its gradient is not: what was masked in the forward pass comes back in the "
                f"backward pass, where 0 times it is NaN; {_story(forward, '')}")
    return "the loss is finite and its gradient is not: " + culprit + _story(backward, " in the backward pass")


def _story(watch, phase):
    nan, inf = watch.first.get("NaN"), watch.first.get("infinity")
    if nan and inf and nan[:2] != inf[:2]:
        return f"first infinity{phase} from {_said(*inf)}; first NaN from {_said(*nan)}"
    if nan or inf:
        return f"first {'NaN' if nan else 'infinity'}{phase} from {_said(*(nan or inf))}"
    return "it was there in what the function was given or holds"
