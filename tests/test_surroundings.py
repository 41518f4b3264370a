"""Whose machine it is: nothing that a reader has set, or lacks, changes a published byte."""

import shutil
import subprocess
import sys

import pytest
from samples.book import DRAWS, assert_whole


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
    book.green(book.build_alone("-I", **variables))  # what make does: -I survives PYTHONHOME
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


@pytest.mark.parametrize("theirs", [{}, {"LC_ALL": "C", "LANG": "C"}, {"LC_CTYPE": "de_DE.ISO-8859-1"}])
def test_what_a_child_writes_in_the_locales_letters_may_name_any_folder(theirs, monkeypatch):
    import surroundings

    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    code = "import locale; print(locale.getencoding())"  # setuptools writes a project's path so
    ran = subprocess.run([sys.executable, "-c", code], env=surroundings.clean(True), capture_output=True, text=True,
                         check=True)
    assert ran.stdout.strip().lower() == "utf-8"


def test_a_machine_wide_profile_does_not_reach_a_kernel(book):
    from IPython.core import application

    places = application.ENV_CONFIG_DIRS + application.SYSTEM_CONFIG_DIRS
    assert places  # what tools/kernel.py empties
    kernel = (book.root / "tools/kernel.py").read_text()
    script = kernel.split("from ipykernel")[0] + "print(application.ENV_CONFIG_DIRS, application.SYSTEM_CONFIG_DIRS)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[] []"


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
