"""Build the book: execute every page whose results could have changed, in parallel, then render.

Usage: build.py
"""

import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name)
                for name in ("tools", "book/_ext")]
import surroundings

if __name__ == "__main__":
    surroundings.enter()

from ending import on_ending

STOPPED = b"\nstopped; the next make goes on from the pages that are done\n"

if __name__ == "__main__":
    on_ending(lambda: os.write(2, STOPPED))  # until stop_on_signals, below, knows how to find what was started

import asyncio
import fcntl
import gc
import hashlib
import json
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

# jsonschema imports this optional checker of addresses if it is there, and it compiles its grammars for seconds
sys.modules.setdefault("rfc3987_syntax", None)

import address
import freshness
import warm
import yaml
from progress import Progress

ROOT = Path(surroundings.ROOT)
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"
HTML = BUILD / "html"
TOOLS = ("_config.yml", "_toc.yml", "book/_ext/*", "book/_static/*", "requirements.txt", "tools/build.py",
         "tools/surroundings.py", "tools/kernel.py", "tools/warm.py", "tools/address.py", "CITATION.cff")
LEAST_ROOM = 1e6  # bytes on a disk that is not full
FEW = 3  # pages whose own imports cost less than all libraries at once
INPUTS = (*TOOLS, "book/**/*", "src/reparam/**/*.py")


class BuildFailed(Exception):
    """The book is not to be had; the message says why in one line or one per page."""


def toc_pages():
    """Names of all pages of `_toc.yml`, without ending, in order."""
    found = []

    def walk(node):
        if isinstance(node, dict):
            found.extend(node[key] for key in ("root", "file") if key in node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8")))
    return found


def notebook_pages():
    """Pages of `_toc.yml` that have a kernel, with their text."""
    pages = {}
    for name in toc_pages():
        path = ROOT / f"{name}.md"
        if not path.is_file():
            raise BuildFailed(f"_toc.yml names {name}, but there is no {name}.md")
        text = path.read_text(encoding="utf-8")
        if freshness.is_notebook(text):
            pages[name] = text
    return pages


@contextmanager
def only_build():
    """Hold the build folder: a second build waits, a killed one leaves a mark that the next one heeds."""
    try:
        BUILD.mkdir(exist_ok=True)
        lock = (BUILD / ".lock").open("w")
    except OSError as error:
        raise BuildFailed(f"cannot write {BUILD} ({error.strerror}): copy the repository to a folder of your own and "
                          "run make there") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            print("another build is at work here; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def digest(*patterns):
    """What the given files hold, with what a run depends on beside them, as hexadecimal digits."""
    chosen = [os.environ.get(name, "").strip() for name in ("REPARAM_SEED", "REPARAM_THREADS")]
    h = hashlib.sha256(f"{sys.version} {freshness.installed()} {chosen}".encode())
    for path in sorted(p for pattern in patterns for p in ROOT.glob(pattern) if "__pycache__" not in p.parts):
        if path.is_file():
            h.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return h.hexdigest()


def outputs():
    """Size and time of every published file: a book that was touched since is built again."""
    found = {}
    for folder in (HTML, BUILD / "jupyter_execute"):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                found[path.relative_to(BUILD).as_posix()] = [stat.st_size, stat.st_mtime_ns]
    return found


@contextmanager
def finished_or_fresh(state):
    """Render from nothing unless the last build finished with the same tools and pages; mark only what finished."""
    done = BUILD / "done.json"
    tools = digest(*TOOLS)
    if state.get("tools") != tools:
        for name in ("html", ".doctrees", "jupyter_execute"):
            shutil.rmtree(BUILD / name, ignore_errors=True)
    done.unlink(missing_ok=True)
    pages = {}
    yield pages
    written = {"tools": tools, "inputs": digest(*INPUTS), "pages": pages, "outputs": outputs()}
    partial = done.with_suffix(".part")
    partial.write_text(json.dumps(written))
    partial.replace(done)


def last_build():
    """What the last finished build left, or nothing."""
    try:
        return json.loads((BUILD / "done.json").read_text())
    except (OSError, ValueError):
        return {}


def open_cache():
    """The execution cache; a damaged one is thrown away whole."""
    from jupyter_cache import get_cache

    try:
        cache = get_cache(CACHE)
        cache.list_cache_records()
        return cache
    except Exception as error:
        if isinstance(error, OSError):
            raise
        shutil.rmtree(CACHE, ignore_errors=True)
        return get_cache(CACHE)


def cached(cache, notebook):
    """The record of an execution that is whole and readable, else None."""
    import nbformat

    try:
        record = cache.match_cache_notebook(notebook)
    except KeyError:
        return None
    try:
        stored = nbformat.read(CACHE / "executed" / record.hashkey / "base.ipynb", 4)
        counts = [c.execution_count for c in stored.cells if c.cell_type == "code"]
        whole = counts == list(range(1, len(counts) + 1)) and not blank_figure(stored)
        if whole and "cpu_seconds" in record.data:
            return record
    except Exception:  # truncated, unreadable or not measured: execute again
        pass
    cache.remove_cache(record.pk)
    return None


def blank_figure(notebook):
    """Number of the first code cell that is to be a figure and shows none, else 0."""
    for number, cell in enumerate((c for c in notebook.cells if c.cell_type == "code"), 1):
        shown = {kind for output in cell.outputs for kind in output.get("data", {})}
        pictured = any(kind.startswith("image/") or kind == "text/html" for kind in shown)
        if "figure" in cell.metadata.get("mystnb", {}) and not pictured:
            return number
    return 0


async def execute(name, notebook, room, progress, cache):
    """Run one page in a kernel of its own; return its record in the cache, where it stands as soon as it is done."""
    import psutil
    from jupyter_cache.base import CacheBundleIn
    from nbclient import NotebookClient

    failed = {}

    def on_error(cell, cell_index, execute_reply):
        failed["at"] = sum(c.cell_type == "code" for c in notebook.cells[: cell_index + 1])

    usage = {}

    def on_executed(cell, cell_index, execute_reply):  # the last call tells the whole: the kernel is gone afterwards
        times = psutil.Process(client.km.provisioner.pid).cpu_times()
        usage["cpu"] = times.user + times.system

    async with room:
        progress.started(name)
        start = time.perf_counter()
        new_client = partial(
            NotebookClient,
            notebook, timeout=300, kernel_name="python3", shutdown_kernel="immediate", record_timing=False,
            resources={"metadata": {"path": str((ROOT / name).parent)}},
            on_cell_error=on_error, on_cell_executed=on_executed,
        )
        client = new_client()
        try:
            try:
                await client.async_execute()
            except RuntimeError as error:
                if "before replying" not in str(error):
                    raise
                client = new_client()  # another program was quicker at a port of the first kernel
                await client.async_execute()
        except Exception as error:
            words = str(getattr(error, "evalue", "") or error).strip().splitlines() or [type(error).__name__]
            kind = getattr(error, "ename", type(error).__name__)
            where = f"code cell {failed['at']} of " if "at" in failed else ""
            raise BuildFailed(f"{where}{name}.md failed: {kind}: {words[0]}") from None
        finally:
            progress.ended(name, time.perf_counter() - start)
        if blank := blank_figure(notebook):
            raise BuildFailed(f"code cell {blank} of {name}.md is to be a figure, but it shows no picture")
        data = {"execution_seconds": time.perf_counter() - start, "cpu_seconds": usage["cpu"]}
        executed = CacheBundleIn(notebook, str(ROOT / f"{name}.md"), data=data)
        return cache.cache_notebook_bundle(executed, check_validity=True, overwrite=True)


async def outcome(*page):
    """What `execute` returns, or its BuildFailed."""
    try:
        return await execute(*page)
    except BuildFailed as failure:
        return failure


def jobs():
    """How many pages run at a time: what REPARAM_JOBS says, else one on each core."""
    text = os.environ.get("REPARAM_JOBS", "").strip()
    if text and not re.fullmatch("[1-9][0-9]{0,3}", text):
        raise BuildFailed(f"REPARAM_JOBS must be a whole number from 1 to 9999, got {text!r}")
    return int(text) if text else surroundings.cores()


def execute_all(waiting, cache):
    """Execute pages over the cores into the cache; return each one's record, or its BuildFailed."""
    async def run():
        room = asyncio.Semaphore(jobs())
        with Progress(BUILD / "seconds.json", list(waiting), jobs()) as progress:
            every = (outcome(name, notebook, room, progress, cache) for name, notebook in waiting.items())
            return await asyncio.gather(*every)  # what is no page's fault, as a full disk, ends them all

    if len(waiting) > FEW:
        warm.settle()
    # in a thread of its own, or each notebook's client puts its own handler in the place of stop_on_signals
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(asyncio.run, run())
        while not done.done():  # a signal that falls between two steps of the interpreter's is seen at the next look
            wait([done], timeout=0.2)
        return done.result()


def stop_on_signals():
    """Ctrl-C, or being told to end, ends kernels and build at once; whatever is half done is done anew next time."""
    import psutil  # not in the handler: a second signal would find it half imported

    def each(act):
        found = psutil.Process().children(recursive=True)
        for child in found:
            with suppress(psutil.Error):  # it has ended by itself
                act(child)
        return found

    def stop():
        each(psutil.Process.suspend)  # what stands still starts nothing more
        psutil.wait_procs(each(psutil.Process.kill), timeout=1)
        with suppress(OSError, RuntimeError):  # a closed pipe; or it came while something was printed
            sys.stdout.flush()
        os.write(2, STOPPED)

    on_ending(stop)


def execute_pages():
    """Bring the cache up to date; return per page its seconds, CPU seconds, cells, checks, and whether it ran now."""
    from ledger import reports
    from myst_nb.core.config import NbParserConfig
    from myst_nb.core.read import create_nb_reader
    from myst_parser.config.main import MdParserConfig

    cache = open_cache()
    notebooks, records = {}, {}
    for name, text in notebook_pages().items():
        text = freshness.with_digest(text, name.split("/")[-1])
        reader = create_nb_reader(f"{name}.md", MdParserConfig(), NbParserConfig(), text)
        notebooks[name] = reader.read(text)
        records[name] = cached(cache, notebooks[name])
    waiting = {n: nb for n, nb in notebooks.items() if records[n] is None}
    problems = []
    for name, result in zip(waiting, execute_all(waiting, cache), strict=True):
        if isinstance(result, BuildFailed):
            problems.append(str(result))
        else:
            records[name] = result
    if problems:
        raise BuildFailed("\n".join(problems))
    pages = {}
    for name, notebook in notebooks.items():
        _, merged = cache.merge_match_into_notebook(notebook)
        pages[name] = {
            "seconds": records[name].data["execution_seconds"], "cpu": records[name].data["cpu_seconds"],
            "cells": sum(c.cell_type == "code" for c in merged.cells), "checks": len(reports(merged)),
            "now": name in waiting,
        }
    return pages


def render():
    """Run Sphinx on the executed pages, warnings as errors."""
    from jupyter_book.sphinx import build_sphinx

    gc.disable()  # Sphinx keeps nearly all that it makes, and this process ends here: a third of the time saved
    config = {
        "nb_execution_cache_path": str(CACHE), "nitpicky": True, "external_toc_path": str(ROOT / "_toc.yml"),
        "latex_individualpages": False,
    }
    failed = build_sphinx(
        str(ROOT), str(HTML), noconfig=True, path_config=str(ROOT / "_config.yml"), confoverrides=config,
        doctreedir=str(BUILD / ".doctrees"), warningiserror=True, keep_going=True, quiet=True,
    )
    gc.freeze()  # or the interpreter looks through all of it once more as it ends
    if failed:
        raise BuildFailed("the pages do not render cleanly: see the warnings above")


def table(pages, rendering, wall):
    """The table that a build ends with."""
    lines = [f"{'page':<28}{'seconds':>9}{'CPU':>8}{'cells':>7}{'checks':>8}"]
    for name, page in pages.items():
        mark = "" if page["now"] else "  (unchanged)"
        lines.append(
            f"{name:<28}{page['seconds']:>9.1f}{page['cpu']:>8.1f}{page['cells']:>7}{page['checks']:>8}{mark}"
        )
    ran = [page for page in pages.values() if page["now"]]
    cores = surroundings.cores()
    kernels = sum(page["cpu"] for page in ran) / cores
    lines.append(
        f"{len(ran)} of {len(pages)} pages executed; {wall:.1f} s in all, of which rendering {rendering:.1f} s; "
        f"the kernels' CPU time over {cores} cores is {kernels:.1f} s"
    )
    if len(ran) == len(pages) > 0:
        longest = max(page["cpu"] for page in ran) / cores / kernels
        lines.append(
            f"cold build: {wall / (kernels + rendering):.2f} x (kernels' CPU over cores + rendering), "
            f"{wall / len(pages):.1f} s a page, the longest {longest:.0%} of the CPU time"
        )
    return "\n".join(lines)


def build():
    """Build what has changed; print the table and, last, the path of the index."""
    start = time.perf_counter()
    with only_build():
        state = last_build()
        if state.get("outputs") != outputs():
            state = {}  # pages were touched or lost since: render them all
        if state.get("inputs") == digest(*INPUTS):
            pages = {name: {**page, "now": False} for name, page in state["pages"].items()}
            print(table(pages, 0.0, time.perf_counter() - start))
            return
        with finished_or_fresh(state) as pages:
            pages.update(execute_pages())
            rendering = time.perf_counter()
            render()
        now = time.perf_counter()
        print(table(pages, now - rendering, now - start))


def check_address():
    """Refuse an address of the repository that no link could be made of."""
    try:
        address.settings()
    except ValueError as problem:
        raise BuildFailed(problem) from None


def told(problem):
    """What to say of a failure, if it is of a kind that happens."""
    with suppress(OSError):
        if shutil.disk_usage(BUILD).free < LEAST_ROOM and not isinstance(problem, BuildFailed):
            return "the disk is full (No space left on device): make room, then run make again"
    for error in (problem, problem.__cause__):
        if isinstance(error, BuildFailed | OSError):
            return str(error)
        if type(error).__module__.startswith("sqlalchemy"):
            return str(error).splitlines()[0]
    return ""


def main():
    try:
        if len(sys.argv) > 1:
            print("usage: make book (it takes no arguments; make help lists the commands)", file=sys.stderr)
            return 2
        freshness.check_settings()
        check_address()
        stop_on_signals()
        surroundings.prepare()
        build()
        print(HTML / "index.html")
    except Exception as problem:
        words = told(problem)
        if not words:
            raise
        print(f"\nbuild failed\n{words}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
