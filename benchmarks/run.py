"""Measure the book's helpers against other ways of doing the same, and write benchmarks/results.json.

`make bench` calls this. The rivals in benchmarks/requirements.txt are installed into benchmarks/.packages on demand, so
that the book's own installation stays what it is.
"""

import datetime
import importlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = HERE / ".packages"
TASKS = ("draws", "atlas", "sgvi_step", "weights", "generator", "vae_step", "compare")

USAGE = f'usage: make bench ARGS="[REPEATS] [TASK ...]"; the tasks are {", ".join(TASKS)}'
RUNS = 3
"""An aim is met if it was met in every one of them; they lie apart in time, all tasks in turn."""

SETTINGS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def install_rivals():
    """Put the rivals where only this script looks."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = PACKAGES / "installed"
    if not (stamp.is_file() and stamp.read_text() == wanted):
        print("installing the rivals into benchmarks/.packages (once)", flush=True)
        subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
                        "--upgrade", "--target", str(PACKAGES), "-r", str(HERE / "requirements.txt")], check=True)
        stamp.write_text(wanted)
    sys.path.append(str(PACKAGES))


def processor():
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def load():
    """Processes that want a core, on average over a minute, this one among them."""
    return round(os.getloadavg()[0], 1)


def machine(loads):
    """What the numbers depend on; the loads are those before the first run and after each."""
    import jax
    import numpy
    import numpyro
    import pyro
    import torch

    return {
        "date": datetime.date.today().isoformat(), "processor": processor(), "cores": os.cpu_count(),
        "loads": loads, "system": platform.system(), "Python": platform.python_version(),
        "NumPy": numpy.__version__, "PyTorch": torch.__version__.split("+")[0], "Pyro": pyro.__version__,
        "JAX": jax.__version__, "NumPyro": numpyro.__version__,
    }


def asked(arguments):
    """How often to repeat, and which tasks; with the line of usage as a ValueError where that is not said."""
    given = list(arguments)
    repeats = int(given.pop(0)) if given and re.fullmatch("[1-9][0-9]{0,3}", given[0]) else 7
    if set(given) - set(TASKS):
        raise ValueError(USAGE)
    return repeats, given


def main():
    try:
        repeats, some = asked(sys.argv[1:])
    except ValueError as usage:
        print(usage, file=sys.stderr)
        return 2
    tasks = some or TASKS
    install_rivals()
    import torch
    from harness import measure, together

    torch.set_num_threads(1)
    contests = [(task, contest) for task in tasks for contest in importlib.import_module(task).contests()]
    runs, loads = [], [load()]
    for run in range(RUNS):
        print(f"run {run + 1} of {RUNS}, load {loads[-1]}", flush=True)
        runs.append([{"task": task, **measure(contest, repeats)} for task, contest in contests])
        loads.append(load())
    results = [together(same) for same in zip(*runs, strict=True)]
    for result in results:
        print(f"\n{result['name']}  {result['note']}")
        for row in result["rows"]:
            met = {True: "met", False: "MISSED", None: ""}[row["met"]]
            time = f"{row['seconds']:>10.4f} s {row['ratio']:>10.2f}"
            print(f"  {row['way']:<34}{time}  {row['aim']} {met}", flush=True)
    if not some:
        found = {"machine": machine(loads), "repeats": repeats, "runs": RUNS, "contests": results}
        text = json.dumps(found, indent=1, ensure_ascii=False)
        (HERE / "results.json").write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in SETTINGS.items()):
        # libraries read these when they start
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **SETTINGS})
    sys.exit(main())
