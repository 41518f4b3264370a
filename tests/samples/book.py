"""A small copy of the project, which tests build, break and serve."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
        for name in ("_config.yml", "requirements.txt", "tools/build.py", "tools/surroundings.py", "tools/kernel.py",
                     "tools/progress.py", "tools/address.py", "CITATION.cff", "book/checks.md", "book/references.bib"):
            shutil.copyfile(ROOT / name, root / name)
        self.write("_toc.yml", TOC)
        self.write("book/index.md", "# A small book\n")
        self.write("book/uses.md", USES)
        self.write("book/apart.md", APART)

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
