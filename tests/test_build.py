"""Break a small copy of the book on purpose, and see the build go red and say where."""

import os
import shutil
import subprocess
import sys
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
