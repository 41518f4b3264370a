"""Break a small copy of the book on purpose, and see the build go red and say where."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import freshness
import pytest
from samples.book import HEAD, Book, executed

ROOT = Path(__file__).resolve().parents[1]

@pytest.fixture
def book(tmp_path):
    return Book(tmp_path)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A book that was built once."""
    made = Book(tmp_path_factory.mktemp("first"))
    assert sorted(made.green()) == ["book/apart", "book/uses"]
    return made


@pytest.fixture
def built(first, tmp_path):
    """A copy of it: building takes longer than most tests."""
    return first.twin(tmp_path)


def test_pages_run_again_exactly_when_what_they_use_has_changed(built):
    book = built
    assert book.green() == []
    book.swap("src/reparam/quadrature.py", "_ORDER = 40", "_ORDER = 41")
    assert book.green() == ["book/uses"]
    book.swap("book/apart.md", "that uses none", "that still uses none")
    assert book.green() == []
    assert "that still uses none" in (book.root / "_build/html/book/apart.html").read_text()
    book.swap("requirements.txt", "pluggy==", "pluggy== ")  # no page imports it
    assert book.green() == []
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


# Whose machine it is


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


def hostile(folder):
    """What readers have set, or could have set, all at once."""
    wrong = "raise SystemExit('a module of the reader is imported')"
    ipython = "c = get_config()\nc.InteractiveShell.ast_node_interactivity = 'all'\n"
    kernel = '{"argv": ["false"], "display_name": "Mine", "language": "python"}'
    files = {"path/yaml.py": wrong, "path/json.py": wrong, "path/numpy.py": wrong, "path/sitecustomize.py": wrong,
             "mpl/matplotlibrc": "text.usetex: True\nfont.size: 30\naxes.grid: True\n",
             "home/.config/matplotlib/matplotlibrc": "text.usetex: True\n",
             "ipython/profile_default/ipython_config.py": ipython,
             "home/.ipython/profile_default/ipython_config.py": ipython,
             "home/.ipython/profile_default/startup/00.py": "print('good morning')",
             "ipython/profile_default/startup/00.py": "print('good morning')",
             "jupyter/kernels/python3/kernel.json": kernel,
             "home/.local/share/jupyter/kernels/python3/kernel.json": kernel,
             "home/.jupyter/jupyter_config.json": '{"NotebookClient": {"timeout": 0}}',
             "start.py": wrong}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {
        "MPLBACKEND": "Agg", "MATPLOTLIBRC": str(folder / "mpl"), "MPLCONFIGDIR": str(folder / "mpl"),
        "HOME": str(folder / "home"), "XDG_CONFIG_HOME": str(folder / "home/.config"),
        "IPYTHONDIR": str(folder / "ipython"), "JUPYTER_CONFIG_DIR": str(folder / "home/.jupyter"),
        "JUPYTER_PATH": str(folder / "jupyter"), "JUPYTER_DATA_DIR": str(folder / "jupyter"),
        "JUPYTER_PREFER_ENV_PATH": "0", "PYTHONPATH": str(folder / "path"), "PYTHONSTARTUP": str(folder / "start.py"),
        "PYTHONHOME": str(folder / "nowhere"), "PYTHONWARNINGS": "error", "PYTHONOPTIMIZE": "2", "PYTHONDEVMODE": "1",
        "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONHASHSEED": "5", "PYTHONINSPECT": "1",
        "PYTHONVERBOSE": "1", "PYTHONPYCACHEPREFIX": str(folder / "pyc"), "PYTHONSAFEPATH": "1",
        "LC_ALL": "C", "LANG": "de_DE.ISO-8859-1", "LANGUAGE": "de", "TZ": "Asia/Kathmandu",
        "OMP_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "7", "MKL_NUM_THREADS": "7", "SOURCE_DATE_EPOCH": "0",
        "SPHINXOPTS": "-D language=de", "BASH_ENV": str(folder / "start.py"), "DISPLAY": ":99", "COLUMNS": "20",
        "TORCH_DEVICE": "cuda", "PYTORCH_ENABLE_MPS_FALLBACK": "1", "PYTHONBREAKPOINT": "none", "FORCE_COLOR": "1",
        "CUDA_VISIBLE_DEVICES": "9", "TORCH_LOGS": "+all", "OMP_PROC_BIND": "close", "KMP_SETTINGS": "1",
        "MKL_VERBOSE": "1", "PIP_TARGET": "/no", "UV_INDEX_URL": "http://127.0.0.1:9", "DOCUTILSCONFIG": "/nowhere",
        "HTTPS_PROXY": "http://127.0.0.1:9", "NODE_OPTIONS": "--require /nowhere", "NODE_PATH": str(folder / "path"),
        "PYTEST_ADDOPTS": "--nonsense", "PYTHONCASEOK": "1", "PYTHONNODEBUGRANGES": "1", "JUPYTER_NO_CONFIG": "1",
        "TMPDIR": "/nowhere", "TERM": "dumb", "NO_COLOR": "1", "QT_API": "none",
        "NUMPY_EXPERIMENTAL_ARRAY_FUNCTION": "0", "SCIPY_ARRAY_API": "1", "JUPYTERCACHE": "/nowhere",
    }


def published(book):
    """Every published file; the inventory and the search index hold no dates either."""
    folders = [book.root / "_build/html", book.root / "_build/jupyter_execute"]
    return {p.relative_to(book.root).as_posix(): p.read_bytes() for f in folders for p in f.rglob("*") if p.is_file()}


def test_no_setting_of_the_reader_changes_a_published_byte(book, tmp_path_factory):
    book.swap("_toc.yml", "  - file: book/checks\n", "  - file: book/checks\n  - file: book/draws\n")
    book.write("book/draws.md", DRAWS)
    book.green()
    clean = published(book)
    shutil.rmtree(book.root / "_build")
    variables = hostile(tmp_path_factory.mktemp("hostile"))
    command = [sys.executable, "-I", str(book.root / "tools" / "build.py")]  # what make does: -I survives PYTHONHOME
    ran = subprocess.run(command, cwd=book.root, env={**os.environ, **variables}, text=True, capture_output=True,
                         check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    again = published(book)
    assert sorted(again) == sorted(clean)
    assert [name for name in clean if again[name] != clean[name]] == []


def test_no_setting_of_the_reader_reaches_a_child_process(monkeypatch, tmp_path):
    import surroundings

    variables = hostile(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for reader in (False, True):
        theirs = {"TMPDIR", "TERM", "NO_COLOR"} | ({"HOME", "DISPLAY", "HTTPS_PROXY"} if reader else set())
        made = surroundings.clean(reader)
        kept = {name for name, value in variables.items() if made.get(name) == value}
        assert kept == theirs


def test_a_machine_wide_profile_does_not_reach_a_kernel(book):
    from IPython.core import application

    places = application.ENV_CONFIG_DIRS + application.SYSTEM_CONFIG_DIRS
    assert places  # what tools/kernel.py empties
    kernel = (book.root / "tools/kernel.py").read_text()
    script = kernel.split("from ipykernel")[0] + "print(application.ENV_CONFIG_DIRS, application.SYSTEM_CONFIG_DIRS)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[] []"


def test_a_figure_without_a_picture_is_refused_and_never_served_from_the_cache(book):
    import nbformat

    book.swap("_toc.yml", "  - file: book/checks\n", "  - file: book/checks\n  - file: book/draws\n")
    book.write("book/draws.md", DRAWS.replace("axes.plot([0, 1], [0, 1]);", "plt.close()"))
    book.red("code cell 1 of book/draws.md is to be a figure, but it shows no picture")
    book.write("book/draws.md", DRAWS)
    assert book.green() == ["book/draws"]
    for path in (book.root / "_build/.jupyter_cache/executed").rglob("base.ipynb"):  # poison the cache
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if "fig-line" in str(cell.metadata):
                cell.outputs = []
                nbformat.write(notebook, path)
    (book.root / "_build/done.json").unlink()
    assert book.green() == ["book/draws"]
    assert "fig-line" in (book.root / "_build/html/book/draws.html").read_text()


def test_a_page_that_jupyterlab_has_saved_still_builds(book):
    import jupytext

    for page in sorted((ROOT / "book").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if freshness.is_notebook(text):
            saved = jupytext.writes(jupytext.reads(text, "md:myst"), "md:myst")
            before, after = (freshness.cells(t).split() for t in (text, saved))
            assert before == after, page.name
    cell = ":tags: [hide-input]\n:editable: true\n\nfrom reparam import checks as check\n"
    book.swap("book/uses.md", "from reparam import checks as check\n", cell)
    book.green()
    book.swap("src/reparam/quadrature.py", "_ORDER = 40", "_ORDER = 41")
    assert book.green() == ["book/uses"]


# Being told to stop


def kernels(book):
    """Processes that run a kernel of this book."""
    import psutil

    return [p for p in psutil.process_iter(["cmdline"]) if str(book.root) in " ".join(p.info["cmdline"] or [])]


@pytest.mark.parametrize(("number", "moment"), [(signal.SIGINT, "executing"), (signal.SIGTERM, "rendering")])
def test_a_build_told_to_stop_ends_within_two_seconds_with_one_line_and_no_kernel(book, number, moment):
    if moment == "executing":
        book.swap("book/apart.md", "1 + 1", "import time; time.sleep(60)")
    running = subprocess.Popen(book.command(), cwd=book.root, env=book.environment(), stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    wanted = "executing book/apart" if moment == "executing" else "2 of 2 pages"
    while wanted not in running.stdout.readline():
        assert running.poll() is None
    time.sleep(1.0)
    start = time.monotonic()
    running.send_signal(number)
    _, errors = running.communicate(timeout=10)
    assert time.monotonic() - start < 2.0
    assert errors.strip() == "stopped; the next make goes on from the pages that are done"
    assert kernels(book) == []
    book.swap("book/apart.md", "time.sleep(60)", "time.sleep(0)") if moment == "executing" else None
    book.green()
    assert_whole(book)


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
