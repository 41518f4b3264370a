"""A process that has imported what every build imports, and forks one build after the other.

Most of a small build's seconds go into imports. A build that is forked here has them behind it; for the rest it is what
a process of its own would be: its files, its environment, its words and its exit code. Of the project's own modules
nothing is imported before the fork, or a copy that a test has changed would not be read.
"""

import atexit
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

COMMON = (
    "jupyter_book.sphinx", "jupyter_cache.cache.main", "sqlalchemy.dialects.sqlite", "nbclient", "ipykernel.kernelspec",
    "psutil", "numpy", "myst_nb.sphinx_ext", "sphinx.builders.html", "sphinx.ext.napoleon", "sphinx_exercise",
    "sphinx_proof", "sphinxcontrib.bibtex.style.referencing.author_year", "sphinx_book_theme", "sphinx_design",
    "sphinx_copybutton", "sphinx_togglebutton", "sphinx_external_toc", "sphinx_multitoc_numbering", "sphinx_comments",
    "sphinx_jupyterbook_latex", "docutils.languages.en", "IPython.lib.lexers",
)
SECONDS = 300


class Forks:
    """Runs tools in processes that are forked from one that is kept; it is started by the first run."""

    def __init__(self):
        self.server = None

    def run(self, tool, environment):
        """What `subprocess.run` would answer; the tool's project is the folder above the tool's own.

        Parameters
        ----------
        tool : Path
        environment : dict of str to str

        Returns
        -------
        CompletedProcess
        """
        if self.server is None:
            self.server = subprocess.Popen([sys.executable, "-P", __file__], text=True, stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE)
            atexit.register(self.server.stdin.close)
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("out", "err")]
            job = {"tool": str(tool), "environment": environment, "files": list(map(str, files))}
            print(json.dumps(job), file=self.server.stdin, flush=True)
            status = int(self.server.stdout.readline())
            said = [file.read_text(encoding="utf-8") for file in files]
        return subprocess.CompletedProcess([str(tool)], status, *said)


def become(tool, environment, files):
    """Go on as the tool, in the environment that it would make for itself."""
    import runpy

    root = Path(tool).parents[1]
    for number, file in enumerate(files, 1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.path[:0] = [tool], [str(root / "tools"), str(root / "src")]
    surroundings = import_module("surroundings")
    clean = surroundings.clean()
    os.environ.clear()
    os.environ.update(clean, **{surroundings.MARK: str(os.getpid())})
    signal.alarm(SECONDS)
    runpy.run_path(tool, run_name="__main__")


def serve():
    """Fork a process for each line that comes, and answer with its exit code."""
    sys.modules.setdefault("rfc3987_syntax", None)  # as in tools/build.py
    from sphinx.application import builtin_extensions

    for name in (*COMMON, *builtin_extensions):
        import_module(name)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if not child:
            return become(**json.loads(line))
        status = os.waitpid(child, 0)[1]
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
