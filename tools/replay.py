"""Execute the cells of a page in a forked process, without kernel and pictures, and keep what its checks report.

Usage: replay.py PAGE

A page replayed so takes about half the time of a kernel, and its checks see the same numbers. ``make reroll`` and
``make mutants`` are built on it.
"""

import importlib
import json
import multiprocessing
import os
import re
import signal
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book" / "_ext")]

import freshness
import IPython.display
import numpy as np
import surroundings

ORDERS = ("less", "exceeds")
_WORK = None


def preload():
    """Import once what the pages import, before any process is forked."""
    import matplotlib

    matplotlib.use("Agg")
    for library in ("torch", "torch.optim", "scipy.stats", "scipy.optimize", "matplotlib.pyplot"):
        importlib.import_module(library)


def without_pictures():
    """Stand-ins for the modules that only show things."""

    def axes():
        fake = MagicMock()
        fake.plot.return_value = [MagicMock()]  # pages unpack the line
        return fake

    def panels(columns=1, *args, **options):
        return MagicMock(), axes() if columns == 1 else [axes() for _ in range(columns)]

    IPython.display.display = lambda *a, **k: None
    for name in ("figures", "drawings"):
        fake = ModuleType(f"reparam.teaching.{name}")
        fake.__getattr__ = lambda attribute: MagicMock()
        fake.panels = panels
        sys.modules[f"reparam.teaching.{name}"] = fake


def run_page(text):
    """Execute the cells of one page; raise what they raise."""
    without_pictures()
    scope = {"display": lambda *a, **k: None}
    for code in freshness.codes(text):
        exec(compile(code, "cell", "exec"), scope)


def reports(text, seed=0):
    """The reports of a page's checks under a seed, and the line of the check or cell that failed, if one did.

    Parameters
    ----------
    text : str
        The page's source.
    seed : int
        Put into ``REPARAM_SEED``: call this in a process of its own.

    Returns
    -------
    found : list of dict
        In the order in which they passed.
    failure : str or None
    """
    os.environ["REPARAM_SEED"] = str(seed)
    checks = importlib.import_module("reparam.checks")
    found, settle = [], checks._settle

    def keep(ok, failure, report):
        passed = settle(ok, failure, report)
        found.append(asdict(passed) | {"sides": None})
        return passed

    checks._settle = keep
    try:
        run_page(text)
    except Exception as error:
        words = str(error).splitlines() or [""]
        return found, f"{type(error).__name__}: {words[0]}"
    return found, None


def _worse(name, side):
    """A side with the other sign, and off by a factor of two; for an order, the factor that makes it harder to keep."""
    side = importlib.import_module("reparam.checks")._array("side", side)
    if not side.any():
        return
    yield "sign", -side
    yield "factor", side * np.where(side < 0, 2.0, 0.5) if name == "less" else 2.0 * side


def _perturbed_check(name, real, found):
    def check(label, first, second=0.0, *rest, **options):
        report = real(label, first, second, *rest, **options)
        for change, wrong in _worse(name, second):
            found["sides"] += 1
            try:
                real(label, first, wrong, *rest, **options)
            except (ValueError, AssertionError):
                continue
            found["loose" if name in ORDERS else "survivors"].append(f"{label}, check.{name}: {change}")
        return report

    return check


def _five_per_cent_more(text):
    """The text with every number raised by five per cent, or by one unit of its last digit where that is more."""

    def more(number):
        value, decimals = float(number[0].replace(",", "")), len(number[0].partition(".")[2])
        return f"{max(1.05 * value, value + 10.0**-decimals):.{decimals}f}"

    return re.sub(r"\d[\d,]*(?:\.\d+)?", more, text)


def _perturbed_glue(real, found):
    def glue(*reports, **numbers):
        for name, text in numbers.items():
            found["printed"] += 1
            try:
                real(*reports, **{name: _five_per_cent_more(text)})
            except ValueError:
                continue
            found["survivors"].append(f"printed {name} = {text}")
        real(*reports, **numbers)

    glue.run = real.run
    return glue


def conclusions(text):
    """Run a page, and at each check and each printed number see whether a wrong one would have been noticed.

    Parameters
    ----------
    text : str
        The page's source; call this in a process of its own.

    Returns
    -------
    dict
        ``printed`` and ``sides``, how many were perturbed, ``survivors``, a line for each that nobody noticed, and
        ``loose``, the same of orders, which may well hold with a lead of that size.
    """
    found = {"printed": 0, "sides": 0, "survivors": [], "loose": []}
    checks, glue = map(importlib.import_module, ("reparam.checks", "reparam.teaching.glue"))
    for name in ("equal", "mean", "variance", *ORDERS):
        setattr(checks, name, _perturbed_check(name, getattr(checks, name), found))
    glue.glue = _perturbed_glue(glue.glue, found)
    run_page(text)
    return found


def in_child(work, *args):
    """The JSON that work(*args) returns in a forked process, or None if that died."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            with os.fdopen(writer, "w") as pipe:
                json.dump(work(*args), pipe)
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return json.loads(answer) if answer else None


def _one(index):
    """One job of the work that was set when this worker was forked."""
    work, jobs = _WORK
    return work(jobs[index])


def in_parallel(work, jobs):
    """Do the work on all cores, in forked processes; yield (job, result) as they come."""
    global _WORK
    _WORK = work, jobs  # what is forked after this need not be pickled
    pool = ProcessPoolExecutor(surroundings.cores(), multiprocessing.get_context("fork"),
                               initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL))
    try:
        asked = {pool.submit(_one, index): job for index, job in enumerate(jobs)}
        for done in as_completed(asked):
            yield asked[done], done.result()
    finally:
        pool.shutdown(cancel_futures=True)


def main(arguments):
    """Run one page, for whoever edits it: a line per failure, or how many checks passed."""
    from build import notebook_pages

    pages = {name.split("/")[-1]: text for name, text in notebook_pages().items()}
    if len(arguments) != 1 or arguments[0] not in pages:
        print(f"usage: make page PAGE=NAME, one of {' '.join(pages)}", file=sys.stderr)
        return 2
    found, failure = reports(pages[arguments[0]], os.environ.get("REPARAM_SEED", "").strip() or 0)
    print(f"{arguments[0]}: {len(found)} checks passed" + (f", then {failure}" if failure else ""))
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
