"""Break a small copy of the book on purpose, and see the build go red and say where."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  name: python3
  display_name: Python 3
---

"""
USES = HEAD + """# A page that uses a helper

$$ 1 + 1 = 2 $$ (tiny-sum)

```{code-cell} ipython3
from reparam import checks as check
from reparam import quadrature
```

```{code-cell} ipython3
check.equal("tiny-sum", quadrature.integral(lambda z: 0 * z + 2.0, 0.0, 1.0), 2.0)
```
"""
APART = HEAD + """# A page that uses none

```{code-cell} ipython3
1 + 1
```
"""
TOC = """format: jb-book
root: book/index
chapters:
  - file: book/uses
  - file: book/apart
  - file: book/checks
"""


class Book:
    """A copy of the project with two tiny pages."""

    def __init__(self, root):
        self.root = root
        for name in ("book/_ext", "book/_static", "src"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        (root / "tools").mkdir()
        for name in ("_config.yml", "requirements.txt", "tools/build.py", "book/checks.md", "book/references.bib"):
            shutil.copyfile(ROOT / name, root / name)
        self.write("_toc.yml", TOC)
        self.write("book/index.md", "# A small book\n")
        self.write("book/uses.md", USES)
        self.write("book/apart.md", APART)

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def swap(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def command(self):
        return [sys.executable, str(self.root / "tools" / "build.py")]

    def environment(self, **variables):
        return {**os.environ, "PYTHONPATH": str(self.root / "src"), **variables}

    def build(self, **variables):
        return subprocess.run(self.command(), cwd=self.root, env=self.environment(**variables), text=True,
                              capture_output=True, timeout=300, check=False)

    def green(self, **variables):
        ran = self.build(**variables)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ran.stdout.splitlines()[-1] == str(self.root / "_build" / "html" / "index.html")
        return executed(ran)

    def red(self, *words, **variables):
        ran = self.build(**variables)
        assert ran.returncode == 1, ran.stdout
        for word in words:
            assert word in ran.stderr, ran.stderr
        assert "Traceback" not in ran.stderr, ran.stderr
        return executed(ran)


def executed(ran):
    return [line.split("executing ")[1] for line in ran.stdout.splitlines() if line.startswith("executing ")]


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


def test_pages_run_again_exactly_when_what_they_use_has_changed(book):
    assert sorted(book.green()) == ["book/apart", "book/uses"]
    assert book.green() == []
    book.swap("src/reparam/quadrature.py", "_ORDER = 40", "_ORDER = 41")
    assert book.green() == ["book/uses"]
    book.swap("book/apart.md", "that uses none", "that still uses none")
    assert book.green() == []
    assert "that still uses none" in (book.root / "_build/html/book/apart.html").read_text()
    book.swap("requirements.txt", "numpy==", "numpy== ")
    assert sorted(book.green()) == ["book/apart", "book/uses"]
    assert sorted(book.green(REPARAM_SEED="7")) == ["book/apart", "book/uses"]


@pytest.mark.parametrize("variables", [{}, {"PYTHONOPTIMIZE": "1"}], ids=["plain", "PYTHONOPTIMIZE=1"])
def test_a_wrong_helper_fails_the_check_and_names_the_cell(book, variables):
    book.swap("src/reparam/quadrature.py", "return values @", "return -values @")
    book.red("code cell 2 of book/uses.md failed", "CheckFailed", "tiny-sum", **variables)
    book.red("code cell 2 of book/uses.md failed", **variables)  # and again: no failure is remembered as success
    book.swap("src/reparam/quadrature.py", "return -values @", "return values @")
    book.green(**variables)


def test_a_cell_that_raises_is_named(book):
    book.swap("book/apart.md", "1 + 1", "1 / 0")
    book.red("code cell 1 of book/apart.md failed: ZeroDivisionError")


def test_a_cell_that_warns_fails(book):
    book.swap("book/apart.md", "1 + 1", "import warnings; warnings.warn('careful')")
    book.red("stderr", "apart")


def test_what_does_not_resolve_fails_each_time(book):
    dangling = "{eq}`no-equation` {prf:ref}`no-claim` {cite}`nobody` {numref}`no-figure` {doc}`no-page`"
    book.swap("book/apart.md", "# A page that uses none", f"# A page\n\n{dangling}\n\n#### Too deep")
    cell = "from reparam import checks as check\ncheck.less('no-such-label', 0.0, 1.0)"
    book.swap("book/apart.md", "1 + 1", cell)
    words = ("no-equation", "no-claim", "nobody", "no-figure", "no-page", "Non-consecutive header", "no-such-label")
    book.red(*words)
    book.red(*words)


def test_a_page_that_does_not_exist_is_named(book):
    (book.root / "book/apart.md").unlink()
    book.red("_toc.yml names book/apart, but there is no book/apart.md")


# Bad days


def kill_after(book, seconds):
    """Start a build and kill it, with all that it started, after some seconds."""
    running = subprocess.Popen(book.command(), cwd=book.root, env=book.environment(), start_new_session=True,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


def assert_whole(book):
    assert "book/index.html" in (book.root / "_build/html/index.html").read_text()
    for name in ("book/index", "book/uses", "book/apart", "book/checks"):
        assert (book.root / f"_build/html/{name}.html").read_text().rstrip().endswith("</html>")
    assert "tiny-sum" in (book.root / "_build/html/book/checks.html").read_text()


def test_a_build_killed_three_times_then_completes(book):
    for seconds in (0.4 + time.time() % 1, 2.0 + time.time() % 2, 4.0 + time.time() % 3):
        kill_after(book, seconds)
    book.green()
    assert_whole(book)


def test_a_damaged_cache_is_made_anew(book):
    book.green()
    for path in (book.root / "_build/.jupyter_cache/executed").rglob("base.ipynb"):
        path.write_bytes(path.read_bytes()[:200])
    (book.root / "_build/done.json").write_text("{")
    assert sorted(book.green()) == ["book/apart", "book/uses"]
    database = book.root / "_build/.jupyter_cache/global.db"
    database.write_bytes(database.read_bytes()[:5000] + b"damage")
    book.swap("_toc.yml", "  - file: book/apart\n", "")
    book.green()
    assert not (book.root / "_build/html/book/apart.html").exists()


def test_a_page_that_was_touched_or_lost_since_is_rendered_again(book):
    book.green()
    page = book.root / "_build/html/book/apart.html"
    page.write_text("half a page")
    book.green()
    assert "A page that uses none" in page.read_text()
    page.unlink()
    book.green()
    assert_whole(book)


def test_two_builds_at_once_give_one_book(book):
    first = subprocess.Popen(book.command(), cwd=book.root, env=book.environment(), stdout=subprocess.PIPE, text=True)
    while not (book.root / "_build/.lock").exists():
        time.sleep(0.02)
    time.sleep(0.3)
    second = book.build()
    first.communicate()
    assert (first.returncode, second.returncode) == (0, 0)
    assert "another build is at work here; waiting for it" in second.stdout
    assert executed(second) == []
    assert_whole(book)


@pytest.mark.parametrize("seed", ["-1", "many"], ids=["negative", "word"])
def test_a_wrong_seed_is_one_clear_line(book, seed):
    ran = book.build(REPARAM_SEED=seed)
    assert ran.returncode == 1
    line = f"REPARAM_SEED must be a non-negative whole number, got '{seed}'"
    assert ran.stderr.strip().splitlines() == ["build failed", line]


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
        subprocess.run(["umount", target], check=True)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert any(words in ran.stderr for words in ("No space left on device", "Read-only file system", "disk is full"))
    book.green()  # and with room again, all is well
    assert_whole(book)


LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up and running
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_a_build_needs_no_network(book):
    unshare = shutil.which("unshare")
    if not unshare or subprocess.run([unshare, "-n", "true"], check=False, capture_output=True).returncode:
        pytest.skip("a process without network needs root")
    command = [unshare, "-n", sys.executable, "-c", LOOPBACK, *book.command()[1:]]
    ran = subprocess.run(command, cwd=book.root, env=book.environment(), text=True, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert_whole(book)
