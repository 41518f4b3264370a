"""Where a NaN comes from: the first operation whose result is not finite, in which draw, forward or backward."""

import sys
import warnings

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

_SILENT = {"empty", "empty_like", "new_empty", "detach", "view", "clone", "to", "expand", "full", "fill_", "zeros",
           "full_like", "where", "masked_fill", "get", "set"}
_KINDS = (("NaN", torch.isnan), ("infinity", torch.isinf))


def _bad(tensors, test):
    return next((t for t in tensors if isinstance(t, torch.Tensor) and t.is_floating_point() and t.numel()
                 and test(t.detach()).any()), None)


def _place():
    """The line of the user's code that is running, if any."""
    frame = sys._getframe(2)
    while frame:
        name = frame.f_code.co_filename
        if "/torch/" not in name and "/reparam/bench/" not in name and "torch\\" not in name:
            return frame.f_lineno
        frame = frame.f_back
    return None


class Watch(TorchFunctionMode):
    """Looks at each function's result; keeps the first infinity and the first NaN that no input explains."""

    def __init__(self):
        super().__init__()
        self.first = {}

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        name = getattr(func, "__name__", "an operation").strip("_")
        if name not in _SILENT:
            self.look(name, tree_leaves((args, kwargs)), tree_leaves(out), _place)
        return out

    def look(self, name, given, made, place=lambda: None):
        """Keep the operation if it is the first that makes something bad of something good."""
        for kind, test in _KINDS:
            found = _bad(made, test) if kind not in self.first else None
            if found is not None and _bad(given, test) is None:
                where = test(found.detach()).nonzero()[0].tolist()
                self.first[kind] = (name.removeprefix("true"), where, tuple(found.shape), place())


def _said(name, where, shape, line):
    draw = f" at index {where} of shape {shape}" if shape else ""
    return f"{name}{draw}" + (f", line {line}" if line else "")


def _operation(node):
    """Name of a node of the graph as its forward function is called: ``SqrtBackward0`` is ``sqrt``."""
    return node.name().rstrip("0123456789").removesuffix("Backward").lower()


def _backward(loss):
    """What a watch sees of the backward pass: every node's slopes in, and out."""
    watch, seen, waiting = Watch(), set(), [loss.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        name = _operation(node)
        node.register_hook(lambda made, given, name=name: watch.look(name, given, made))
        waiting += [nxt for nxt, _ in node.next_functions]
    loss.backward(retain_graph=True)
    return watch


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
    if forward.first:
        return ("the loss is finite and its gradient is not: what was masked in the forward pass comes back in the "
                f"backward pass, where 0 times it is NaN; {_story(forward, '')}")
    return "the loss is finite and its gradient is not: " + _story(_backward(loss), " in the backward pass")


def _story(watch, phase):
    nan, inf = watch.first.get("NaN"), watch.first.get("infinity")
    if nan and inf and nan[:2] != inf[:2]:
        return f"first infinity{phase} from {_said(*inf)}; first NaN from {_said(*nan)}"
    if nan or inf:
        return f"first {'NaN' if nan else 'infinity'}{phase} from {_said(*(nan or inf))}"
    return "it was there in what the function was given or holds"
