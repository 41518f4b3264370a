"""Tie every executed page to the helpers it was executed with.

The execution cache keys a notebook on its code cells and its kernel specification alone, so a change in ``src`` would
go unnoticed. Each page therefore carries, in its kernel specification, a digest of all that its cells can depend on;
the published notebook shows it too, and a test compares it with the tree.
"""

import ast
import hashlib
import os
import platform
import re
import sys
from functools import cache
from importlib import metadata
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))
import surroundings

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "reparam"
OPTIONS = re.compile(r"\A\s*?(?:---\n(?:.*?\n)?---\n|(?::[\w-]+:[^\n]*\n)+)", re.DOTALL)
RUNS_PAGES = ("tools/kernel.py", "tools/warm.py")
LIBRARIES = ("numpy", "scipy", "torch", "matplotlib", "scikit-learn", "ipython", "ipykernel", "matplotlib-inline")
CODE_CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```", re.DOTALL | re.MULTILINE)
KERNEL = re.compile(r"\A(---\n.*?^kernelspec:\n)", re.DOTALL | re.MULTILINE)


def check_settings():
    """Refuse a seed that the pages would refuse, or a number of threads that is none, before any page starts.

    Raises
    ------
    OSError
        If ``REPARAM_SEED`` is neither empty nor a non-negative whole number, or ``REPARAM_THREADS`` no positive one.
    """
    threads = os.environ.get("REPARAM_THREADS", "").strip()
    if threads and not re.fullmatch("[1-9][0-9]{0,2}", threads):
        raise OSError(f"REPARAM_THREADS must be a whole number from 1 to 999, got {threads!r}")
    text = os.environ.get("REPARAM_SEED", "").strip()
    if text and not (text.isascii() and text.isdigit()):
        raise OSError(f"REPARAM_SEED must be a non-negative whole number, got {text!r}")


def codes(text):
    """The code of each of a page's cells, without its options: a block of YAML, or the lines that an editor writes."""
    return [OPTIONS.sub("", cell) for cell in CODE_CELL.findall(text)]


def cells(text):
    """The code of all cells of a page."""
    return "\n".join(codes(text))


@cache
def installed():
    """Versions of the libraries that pages compute and draw with, as they are installed."""
    def version(name):
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            return "missing"

    return " ".join(f"{name} {version(name)}" for name in LIBRARIES)


def pins():
    """Lines of requirements.txt that name one of these libraries: others can change and no page runs again."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.partition("=")[0].strip().lower() in LIBRARIES]


@cache
def modules(source):
    """Names of the package's modules that Python source imports."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "reparam":
            names = [alias.name for alias in node.names]
            found |= {".".join([node.module, name]) for name in names} | {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.split(".")[0] == "reparam"}
    return frozenset(found)


def file_of(module):
    """The file of a module of the package, or None for other names."""
    base = PACKAGE.joinpath(*module.split(".")[1:])
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()), None)


def helper_files(text, page):
    """The files of ``src/reparam`` that a page's cells can reach, imports of imports included.

    Parameters
    ----------
    text : str
        The page's source.
    page : str
        Its name without folder; the grader loads the exercises of that name.

    Returns
    -------
    list of Path
        Sorted; every module if the cells are no valid Python.
    """
    try:
        waiting = set(modules(cells(text)))
    except SyntaxError:
        return sorted(PACKAGE.rglob("*.py"))
    files, seen = set(), set()
    if "reparam.teaching.grader" in waiting:
        waiting.add(f"reparam.teaching.exercises.{page}")
    while waiting:
        module = waiting.pop()
        path = None if module in seen else file_of(module)
        seen.add(module)
        if path:
            files |= {path, *(PACKAGE / folder / "__init__.py" for folder in path.relative_to(PACKAGE).parents)}
            waiting |= modules(path.read_text())
    return sorted(files)


def digest(text, page):
    """What a page's results depend on beside its own cells, as 16 hexadecimal digits.

    Helpers, the libraries that are pinned and installed, the environment that kernels get, Python's version, the seed
    and the number of threads are in.
    """
    h = hashlib.sha256()
    for path in [*helper_files(text, page), *(ROOT / name for name in RUNS_PAGES)]:
        h.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    seed = os.environ.get("REPARAM_SEED", "").strip() or 0
    given = sorted(surroundings.settings().items())
    h.update(f"{platform.python_version()} {installed()} {pins()} {seed} {given}".encode())
    return h.hexdigest()[:16]


def code_digest(text):
    """The page's own cells, as 16 hexadecimal digits."""
    return hashlib.sha256(cells(text).encode()).hexdigest()[:16]


def is_notebook(text):
    """True if a page has a kernel."""
    return bool(KERNEL.match(text))


def with_digest(text, page):
    """The page's source with its digest in the kernel specification; unchanged if the page has no kernel."""
    if not is_notebook(text):
        return text
    return KERNEL.sub(lambda m: f"{m[1]}  digest: {digest(text, page)}\n", text, count=1)


def _source_read(app, docname, source):
    text = source[0]
    source[0] = with_digest(text, docname.split("/")[-1])
    if is_notebook(text):
        app.env.reparam_digests[docname] = digest(text, docname.split("/")[-1])


def _outdated(app, env, added, changed, removed):
    if not hasattr(env, "reparam_digests"):
        env.reparam_digests = {}
    stale = []
    for docname, old in env.reparam_digests.items():
        path = Path(env.doc2path(docname))
        if path.is_file() and digest(path.read_text(), docname.split("/")[-1]) != old:
            stale.append(docname)
    return stale


def setup(app):
    """Register with Sphinx."""
    app.connect("source-read", _source_read)
    app.connect("env-get-outdated", _outdated)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
