"""How a contest is timed: side by side in one process, one thread, CPU time, medians of interleaved repeats."""

import statistics
import time
from dataclasses import dataclass, field


@dataclass
class Contest:
    """One task, done in several ways.

    Parameters
    ----------
    name : str
        The task, in a few words.
    baseline : str
        The contestant whose time is the unit.
    contestants : dict of str to callable
        Each does the whole task once.
    aims : dict of str to tuple of (str, float, str)
        Per contestant what is aimed at: ``("at most", r, way)`` or ``("at least", r, way)`` times another way's time.
    scale : dict of str to float
        Contestants that do only a part of the task, and how many such parts make the whole.
    note : str
        What else the reader must know, for instance the losses reached.
    """

    name: str
    baseline: str
    contestants: dict
    aims: dict = field(default_factory=dict)
    scale: dict = field(default_factory=dict)
    note: str = ""


def _seconds(work):
    start = time.process_time()
    work()
    return time.process_time() - start


def together(runs):
    """Several runs of one contest as one result: medians, the ratios of each run, and the aims that were met in all."""
    rows = []
    for same in zip(*(run["rows"] for run in runs), strict=True):
        row = same[0] | {key: statistics.median(r[key] for r in same) for key in ("seconds", "ratio")}
        row["ratios"] = [r["ratio"] for r in same]
        if row["met"] is not None:
            row |= {"reached": [r["reached"] for r in same], "met": all(r["met"] for r in same)}
        rows.append(row)
    return runs[0] | {"rows": rows}


def measure(contest, repeats):
    """Time a contest.

    Parameters
    ----------
    contest : Contest
    repeats : int
        Rounds; every contestant runs once in each, in turn.

    Returns
    -------
    dict
        Per contestant the median of its CPU seconds, and the median over rounds of its ratio to the baseline.
    """
    for work in contest.contestants.values():  # imports, caches and first-use costs are nobody's merit
        work()
    rounds = [
        {name: _seconds(work) * contest.scale.get(name, 1.0) for name, work in contest.contestants.items()}
        for _ in range(repeats)
    ]
    rows = []
    for name in contest.contestants:
        row = {"way": name, "seconds": statistics.median(r[name] for r in rounds),
               "ratio": statistics.median(r[name] / r[contest.baseline] for r in rounds), "aim": "", "met": None}
        if name in contest.aims:
            kind, bound, other = contest.aims[name]
            reached = statistics.median(r[name] / r[other] for r in rounds)
            row["aim"] = f"{kind} {bound:.3g} × {other}"
            row["reached"] = reached
            row["met"] = reached <= bound if kind == "at most" else reached >= bound
        rows.append(row)
    return {"name": contest.name, "baseline": contest.baseline, "note": contest.note, "rows": rows}
