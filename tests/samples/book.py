"""A small copy of the project, which tests build, break and serve."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from samples.forks import Forks

ROOT = Path(__file__).resolve().parents[2]

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
from reparam import tiny
```

```{code-cell} ipython3
check.equal("tiny-sum", tiny.add(1.0, 1.0), 2.0)
```
"""
APART = HEAD + """# A page that uses none

```{code-cell} ipython3
1 + 1
```
"""
TINY = '''"""A helper that needs no library: importing PyTorch would take longer than the rest of the page."""


def add(a, b):
    """Their sum."""
    return a + b
'''
DRAWS = HEAD + """# A page with a picture

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-line
    caption: "A line."
  image:
    alt: "A straight line that rises from the lower left corner to the upper right corner."
---
import matplotlib.pyplot as plt
from reparam.teaching.figures import panels
figure, axes = plt.subplots()
axes.plot([0, 1], [0, 1]);
```

```{code-cell} ipython3
import locale, os, sys
1 + 1
sys.flags.optimize, sys.warnoptions, os.environ["OMP_NUM_THREADS"], sys.getfilesystemencoding(), "µ σ 中"
```
"""

TOC = """format: jb-book
root: book/index
chapters:
  - file: book/uses
  - file: book/apart
  - file: book/checks
"""


FORKS = Forks()


class Book:
    """A copy of the project with two tiny pages."""

    def __init__(self, root):
        self.root = root
        for name in ("book/_ext", "book/_static", "src"):
            shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        (root / "tools").mkdir()
        for name in ("_config.yml", "requirements.txt", "tools/build.py", "tools/surroundings.py", "tools/kernel.py",
                     "tools/warm.py", "tools/ending.py", "tools/progress.py", "tools/address.py",
                     "CITATION.cff", "book/checks.md", "book/references.bib"):
            shutil.copyfile(ROOT / name, root / name)
        self.write("_toc.yml", TOC)
        self.write("book/index.md", "# A small book\n")
        self.write("book/uses.md", USES)
        self.write("book/apart.md", APART)
        self.write("src/reparam/tiny.py", TINY)

    def twin(self, root):
        """A copy of this book as it is, built or not."""
        shutil.copytree(self.root, root, dirs_exist_ok=True)
        other = object.__new__(Book)
        other.root = root
        return other

    def write(self, name, text):
        (self.root / name).write_text(text, encoding="utf-8")

    def swap(self, name, old, new):
        text = (self.root / name).read_text(encoding="utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def command(self):
        return [sys.executable, str(self.root / "tools" / "build.py")]

    def environment(self, **variables):
        return {**os.environ, **variables}

    def build(self, **variables):
        """Forked where that is safe: not on macOS, whose frameworks forbid it."""
        if not sys.platform.startswith("linux"):
            return self.build_alone(**variables)
        return FORKS.run(self.root / "tools" / "build.py", self.environment(**variables))

    def build_alone(self, *options, **variables):
        """The same in a process of its own, for what can go wrong before the build has set its surroundings."""
        command = [sys.executable, *options, *self.command()[1:]]
        return subprocess.run(command, cwd=self.root, env=self.environment(**variables), text=True,
                              capture_output=True, timeout=300, check=False)

    def green(self, ran=None, **variables):
        ran = ran or self.build(**variables)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert ran.stdout.splitlines()[-1] == str(self.root / "_build" / "html" / "index.html")
        return executed(ran)

    def red(self, *words, ran=None, **variables):
        ran = ran or self.build(**variables)
        assert ran.returncode == 1, ran.stdout
        for word in words:
            assert word in ran.stderr, ran.stderr
        assert "Traceback" not in ran.stderr, ran.stderr
        return executed(ran)


def executed(ran):
    return [line.split("executing ")[1] for line in ran.stdout.splitlines() if line.startswith("executing ")]


def assert_whole(book):
    assert "book/index.html" in (book.root / "_build/html/index.html").read_text()
    for name in ("book/index", "book/uses", "book/apart", "book/checks"):
        assert (book.root / f"_build/html/{name}.html").read_text().rstrip().endswith("</html>")
    assert "tiny-sum" in (book.root / "_build/html/book/checks.html").read_text()
