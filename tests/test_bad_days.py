"""Bad days: builds killed or told to stop, caches that are damaged, disks that are full, settings that are wrong."""

import os
import shutil
import signal
import subprocess
import time

import pytest
from samples.book import assert_whole


def kill_after(book, seconds):
    """Start a build and kill it, with all that it started, after some seconds."""
    running = subprocess.Popen(book.command(), cwd=book.root, env=book.environment(), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def test_a_build_killed_three_times_then_completes(book):
    for seconds in (0.4 + time.time() % 1, 2.0 + time.time() % 2, 4.0 + time.time() % 3):
        kill_after(book, seconds)
    book.green()
    assert_whole(book)


def test_a_damaged_cache_is_made_anew(built):
    book = built
    for path in (book.root / "_build/.jupyter_cache/executed").rglob("base.ipynb"):
        path.write_bytes(path.read_bytes()[:200])
    (book.root / "_build/done.json").write_text("{")
    assert sorted(book.green()) == ["book/apart", "book/uses"]
    database = book.root / "_build/.jupyter_cache/global.db"
    database.write_bytes(database.read_bytes()[:5000] + b"damage")
    book.swap("_toc.yml", "  - file: book/apart\n", "")
    book.green()
    assert not (book.root / "_build/html/book/apart.html").exists()


def test_a_page_that_was_touched_or_lost_since_is_rendered_again(built):
    book = built
    page = book.root / "_build/html/book/apart.html"
    page.write_text("half a page")
    book.green()
    assert "A page that uses none" in page.read_text()
    page.unlink()
    book.green()
    assert_whole(book)


def start(book):
    """A build that is not waited for."""
    return subprocess.Popen(book.command(), cwd=book.root, env=book.environment(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def read_until(words, running):
    """Lines of a running build up to the one that has these words."""
    lines = []
    for line in running.stdout:
        lines.append(line)
        if words in line:
            return lines
    raise AssertionError("".join(lines) + running.communicate()[1])


def test_two_builds_at_once_give_one_book(book):
    go = book.root / "go"
    wait = f"import os, time\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)"
    book.swap("book/apart.md", "1 + 1", wait)
    with start(book) as first:
        read_until("executing book/apart", first)
        with start(book) as second:
            lines = read_until("another build is at work here; waiting for it", second)
            go.touch()
            lines += second.communicate()[0].splitlines()
        first.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert [line for line in lines if line.startswith("executing")] == []
    assert_whole(book)


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("REPARAM_SEED", "-1", "a non-negative whole number, got '-1'"),
        ("REPARAM_SEED", "many", "a non-negative whole number, got 'many'"),
        ("REPARAM_THREADS", "0", "a whole number from 1 to 999, got '0'"),
        ("REPARAM_JOBS", "abc", "a whole number from 1 to 9999, got 'abc'"),
    ],
    ids=["negative", "word", "threads", "jobs"],
)
def test_a_wrong_setting_is_one_clear_line(book, name, value, line):
    ran = book.build(**{name: value})
    assert ran.returncode == 1
    assert ran.stderr.strip().splitlines() == ["build failed", f"{name} must be {line}"]


def test_arguments_are_answered_with_usage(book):
    ran = subprocess.run([*book.command(), "--fast"], capture_output=True, text=True, check=False)
    assert ran.returncode == 2
    assert ran.stderr.startswith("usage: make book")
    assert len(ran.stderr.splitlines()) == 1


def processes(book):
    """Processes that run a file of this book: the build, its kernels."""
    import psutil

    return [p for p in psutil.process_iter(["cmdline"]) if str(book.root) in " ".join(p.info["cmdline"] or [])]


def stop(book, number, moment):
    """Tell a build to stop; return the seconds until it ended, and what it said."""
    with start(book) as running:
        read_until("executing book/apart" if moment == "executing" else "2 of 2 pages", running)
        end = time.monotonic() + 60  # until the kernel is there, or Sphinx has begun to read
        while not (len(processes(book)) > 1 if moment == "executing" else (book.root / "_build/.doctrees").exists()):
            assert running.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        start_of_end = time.monotonic()
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
        return time.monotonic() - start_of_end, errors.strip()


@pytest.mark.parametrize(("number", "moment"), [(signal.SIGINT, "executing"), (signal.SIGTERM, "rendering")])
def test_a_build_told_to_stop_ends_within_two_seconds_with_one_line_and_no_kernel(book, number, moment):
    if moment == "executing":
        book.swap("book/apart.md", "1 + 1", "import time; time.sleep(60)")
    for _ in range(3):  # what else the machine does can make it later, never earlier
        seconds, said = stop(book, number, moment)
        assert said == "stopped; the next make goes on from the pages that are done"
        assert processes(book) == []
        if seconds < 2.0:
            break
        shutil.rmtree(book.root / "_build")
    assert seconds < 2.0
    book.swap("book/apart.md", "time.sleep(60)", "time.sleep(0)") if moment == "executing" else None
    book.green()
    assert_whole(book)


def test_a_build_that_waits_and_is_told_twice_to_stop_says_one_line(book):
    import fcntl

    (book.root / "_build").mkdir()
    with (book.root / "_build/.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with start(book) as waiting:
            read_until("waiting for it", waiting)
            for _ in range(3):  # the terminal, and make after it
                waiting.send_signal(signal.SIGTERM)
            _, errors = waiting.communicate(timeout=60)
    assert errors.strip() == "stopped; the next make goes on from the pages that are done"


@pytest.mark.parametrize(("module", "problem", "line"), [
    ("builtins", "OSError(28, 'No space left on device')", "No space left"), ("builtins", "KeyError('x')", ""),
    ("sqlalchemy.exc", "OperationalError('s', {}, Exception('database or disk is full'))", "database or disk is full"),
], ids=["disk", "bug", "database"])
def test_a_failure_of_a_known_kind_is_one_line_even_where_a_library_wraps_it(module, problem, line):
    import importlib

    import build

    error = RuntimeError("Unexpected error accessing jupyter cache")
    error.__cause__ = eval(problem, vars(importlib.import_module(module)).copy())
    assert line in build.told(error)
    assert len(build.told(error).splitlines()) == bool(line)


def test_what_is_no_pages_fault_ends_all_pages_at_once(monkeypatch, tmp_path):
    import asyncio

    import build

    async def execute(name, *others):
        if name == "full":
            raise OSError(28, "No space left on device")
        await asyncio.sleep(60)

    monkeypatch.setattr(build, "execute", execute)
    monkeypatch.setattr(build, "BUILD", tmp_path)
    start = time.monotonic()
    with pytest.raises(OSError, match="No space left"):
        build.execute_all({"waits": None, "full": None}, None)
    assert time.monotonic() - start < 30


@pytest.mark.parametrize("options", ["size=200k", "size=200k,ro"], ids=["full disk", "read-only"])
def test_a_disk_that_takes_nothing_is_one_clear_line(book, options):
    target = book.root / "_build"
    target.mkdir()
    mount = shutil.which("mount")
    if not mount or subprocess.run([mount, "-t", "tmpfs", "-o", options, "tmpfs", target], check=False,
                                   capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root")
    try:
        ran = book.build()
    finally:
        subprocess.run(["umount", "-l", target], check=True)  # a kernel may still be on its way out
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert any(words in ran.stderr for words in ("No space left on device", "Read-only file system", "disk is full"))
    book.green()  # and with room again, all is well
    assert_whole(book)
