"""Execute every page under other seeds, in parallel, and report each check that fails under any of them.

Usage: reroll.py SEEDS [PAGE ...]

Writes the smallest margin of every check over the seeds to tools/margins.json: how many times smaller than its bound
the observed figure was, or how many times larger than the lead that was asked for. Below one is a failure.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from build import ROOT, notebook_pages

MARGINS = Path(__file__).parent / "margins.json"


def margin(report, lower_tiers):
    """Above one if the check has room; infinite if its bound is zero or its figure exact."""
    small, large = report["observed"], report["allowed"]
    if report["tier"] in lower_tiers:
        small, large = large, small
    return large / small if small > 0 else float("inf")


async def run(page, notebook, seed, room):
    """Execute one page under one seed to its end; return its notebook with outputs."""
    from nbclient import NotebookClient

    async with room:
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3", allow_errors=True, shutdown_kernel="immediate",
            record_timing=False, resources={"metadata": {"path": str((ROOT / page).parent)}},
        )
        await client.async_execute(env={**os.environ, "REPARAM_SEED": str(seed)})
    print(f"seed {seed}: {page}", flush=True)


def read(page, text):
    from myst_nb.core.config import NbParserConfig
    from myst_nb.core.read import create_nb_reader
    from myst_parser.config.main import MdParserConfig

    return create_nb_reader(f"{page}.md", MdParserConfig(), NbParserConfig(), text).read(text)


def failures(notebook):
    """One line for each cell that raised."""
    found = []
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        for output in cell.outputs:
            if output.output_type == "error":
                found.append(f"code cell {number}: {output.ename}: {output.evalue.splitlines()[0]}")
    return found


def gather(results):
    """The smallest margin of each check, keyed by page, place and label."""
    from ledger import reports

    from reparam.checks import LOWER_TIERS

    smallest = {}
    for (page, seed), notebook in results.items():
        seen = {}
        for report in reports(notebook):
            seen[report["label"]] = n = seen.get(report["label"], 0) + 1
            key = f"{page} {report['label']} {n}"
            m = margin(report, LOWER_TIERS)
            if key not in smallest or m < smallest[key][0]:
                smallest[key] = (m, seed, report["tier"], report["random"])
    return smallest


def main():
    seeds = range(1, int(sys.argv[1]) + 1)
    pages = {n: t for n, t in notebook_pages().items() if len(sys.argv) == 2 or n in sys.argv[2:]}
    jobs = {(page, seed): read(page, text) for seed in seeds for page, text in pages.items()}

    async def everything():
        room = asyncio.Semaphore(len(os.sched_getaffinity(0)))
        await asyncio.gather(*(run(page, nb, seed, room) for (page, seed), nb in jobs.items()))

    asyncio.run(everything())
    bad = [f"seed {seed}, {page}, {line}" for (page, seed), nb in jobs.items() for line in failures(nb)]
    margins = gather(jobs)
    finite = {k: m for k, m in sorted(margins.items()) if m[0] != float("inf")}
    record = {k: {"margin": float(f"{m[0]:.3g}"), "seed": m[1], "tier": m[2]} for k, m in finite.items()}
    if len(sys.argv) == 2:
        MARGINS.write_text(json.dumps({"seeds": len(seeds), "checks": record}, indent=0) + "\n")
    print("\nsmallest margins (bound over figure, or lead over what was asked)")
    for key, m in sorted(finite.items(), key=lambda item: item[1][0])[:15]:
        print(f"{m[0]:8.3g}  seed {m[1]:<3} {m[2]:<22} {key}")
    for line in bad:
        print(line)
    print(f"{len(seeds)} seeds, {len(pages)} pages, {len(margins)} checks: {len(bad)} failures")
    return 1 if bad else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or not re.fullmatch(r"[1-9]\d*", sys.argv[1]):
        sys.exit("usage: make reroll SEEDS=20")
    sys.exit(main())
