"""The environment of every process that the project starts, so that no setting of the reader's can change a page.

`clean` makes it from a short list of allowed variables; `enter` restarts a tool in it; `prepare` writes the few files
that it points to. Nothing is imported that is not loaded at Python's start: a module of the reader's could shadow it.
"""

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OURS = os.path.join(ROOT, "_build", "home")
# where programs are and files may go, what the terminal can do, and what the reader asks of the book
KEPT = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TERM", "NO_COLOR", "CHROMIUM",
        "REPARAM_SEED", "REPARAM_JOBS", "REPARAM_THREADS")
# what JupyterLab needs to open the reader's browser, and pip to find an index; no page runs in these
READERS = ("HOME", "USER", "LOGNAME", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "BROWSER",
           "DBUS_SESSION_BUS_ADDRESS", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
FETCHING = ("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "PROXY", "CERT", "CLIENT_CERT",
            "DEFAULT_TIMEOUT", "TIMEOUT", "RETRIES", "CACHE_DIR", "NO_CACHE_DIR", "KEYRING_PROVIDER", "CONFIG_FILE")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS",
           "VECLIB_MAXIMUM_THREADS")
MARK = "REPARAM_SURROUNDINGS"


def settings():
    """What the project sets itself; a part of every page's cache key, but for the paths."""
    threads = os.environ.get("REPARAM_THREADS", "").strip() or "1"
    fixed = {"PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1", "PYTHONCOERCECLOCALE": "0", "TZ": "UTC",
             "LC_CTYPE": "C.UTF-8",  # setuptools writes the project's path in the locale's letters, whatever the mode
             "JUPYTER_PLATFORM_DIRS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    return dict(fixed, **{name: threads for name in THREADS})


def clean(reader=False):
    """The environment for a child process.

    Parameters
    ----------
    reader : bool
        Keep the reader's home, display, proxies and index too, for JupyterLab's browser and for pip.

    Returns
    -------
    dict of str to str
    """
    kept = KEPT + READERS + tuple("PIP_" + name for name in FETCHING) if reader else KEPT
    found = {name: os.environ[name] for name in kept if name in os.environ}
    if reader:
        found.update((name, value) for name, value in os.environ.items() if name.lower().endswith("_proxy"))
    found.update(settings())
    found.update(
        PYTHONPATH=os.path.join(ROOT, "src"), IPYTHONDIR=os.path.join(OURS, "ipython"),
        MPLCONFIGDIR=os.path.join(OURS, "matplotlib"), MATPLOTLIBRC=os.path.join(OURS, "matplotlib", "matplotlibrc"),
        JUPYTER_CONFIG_DIR=os.path.join(OURS, "config"), JUPYTER_DATA_DIR=os.path.join(OURS, "data"),
        JUPYTER_PATH=os.path.join(OURS, "data"), JUPYTER_RUNTIME_DIR=os.path.join(OURS, "runtime"),
    )
    found.setdefault("HOME", OURS)
    return found


def cores():
    """How many processors this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # macOS
        return os.cpu_count() or 1


def become(python, arguments, reader=False):
    """Replace this process by another Python in the clean environment."""
    os.execve(python, [python] + arguments, dict(clean(reader), **{MARK: str(os.getpid())}))


def enter():
    """Restart the running tool in the clean environment, unless it is there already."""
    if os.environ.pop(MARK, "") != str(os.getpid()):
        become(sys.executable, sys.argv)


KERNEL = """{"argv": ["python", "-P", %s, "-f", "{connection_file}"], "display_name": "Python 3", "language": "python"}
"""


def prepare():
    """Write what the clean environment points to: a kernel that heeds no machine-wide settings, a style of no lines."""
    files = {"matplotlib/matplotlibrc": "", "ipython/profile_default/startup/README": "",
             "data/kernels/python3/kernel.json": KERNEL % _quoted(os.path.join(ROOT, "tools", "kernel.py"))}
    for name, text in files.items():
        path = os.path.join(OURS, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(path, encoding="utf-8") as f:
                same = f.read() == text
        except OSError:
            same = False
        if not same:  # a file that is there is never half written while another process reads it
            with open(path + ".%d" % os.getpid(), "w", encoding="utf-8") as f:
                f.write(text)
            os.replace(path + ".%d" % os.getpid(), path)


def _quoted(text):
    return '"%s"' % text.replace("\\", "\\\\").replace('"', '\\"')
