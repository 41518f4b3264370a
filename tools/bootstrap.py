"""Make an environment that holds exactly what requirements.txt says, or say in one line why not; then run a tool in it.

Usage: bootstrap.py [TOOL [ARGUMENT ...]]

Runs on whatever Python the reader has, so it uses nothing newer than Python 3.0 until it has checked the version.
"""
import hashlib
import os
import shutil
import sys

import surroundings

ROOT = surroundings.ROOT
NAMES = (".venv", ".venv-book")  # the second if the first is the reader's own
STAMP = "installed"
UNFINISHED = "unfinished"


def stop(reason, status=1):
    sys.stderr.write("make: %s\n" % reason)
    sys.exit(status)


def ours(folder):
    """True if this script has made the environment, or may make it there."""
    return os.path.exists(os.path.join(folder, STAMP)) or not os.path.lexists(folder)


def choose():
    """The folder of the environment: never one that somebody else has made."""
    for name in NAMES:
        folder = os.path.join(ROOT, name)
        if ours(folder):
            return folder
    return stop("neither %s nor %s is the book's own; rename one of them, then run make again" % NAMES)


def wanted(folder):
    digest = hashlib.sha256((sys.version + folder).encode())
    for name in ("requirements.txt", "pyproject.toml", os.path.join("tools", "npm", "package-lock.json")):
        with open(os.path.join(ROOT, name), "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def stamped(folder):
    try:
        with open(os.path.join(folder, STAMP)) as f:
            return f.read()
    except OSError:
        return ""


def put_stamp(folder, text):
    """Replace the stamp in one step: a copy of the environment may share the old one's bytes."""
    partial = os.path.join(folder, STAMP + ".part")
    with open(partial, "w") as f:
        f.write(text)
    os.replace(partial, os.path.join(folder, STAMP))


def version_of(folder):
    """Version of the Python that an environment was made with."""
    try:
        with open(os.path.join(folder, "pyvenv.cfg")) as f:
            settings = dict(line.split(" = ", 1) for line in f.read().splitlines() if " = " in line)
    except OSError:
        return ""
    return settings.get("version", "")


def empty(folder):
    """Remove all but the stamp, which says that the folder is ours."""
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if name != STAMP:
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)


def make_environment(folder):
    """Make the folder and its Python; one that is half made, or of another Python, is made again."""
    python = os.path.join(folder, "bin", "python")
    if not os.path.isdir(folder):  # it appears together with its stamp, whenever this is told to end
        shutil.rmtree(folder + ".part", ignore_errors=True)
        os.mkdir(folder + ".part")
        put_stamp(folder + ".part", UNFINISHED)
        os.rename(folder + ".part", folder)
    whole = os.path.exists(python) and version_of(folder) == "%d.%d.%d" % sys.version_info[:3]
    if stamped(folder) in ("", UNFINISHED) or not whole:
        put_stamp(folder, UNFINISHED)
        empty(folder)
    if not os.path.exists(python):
        import installer

        made = installer.start([sys.executable, "-E", "-s", "-m", "venv", folder], env=surroundings.clean())
        log = made.communicate()[0]
        if made.returncode:
            lacking = "No module named" in log or "ensurepip is not available" in log
            stop("this Python has no venv module; install it (on Debian and Ubuntu: python3-venv), then run make again"
                 if lacking else installer.explain(log, "venv"))
    return python


def install(folder, stamp):
    import installer

    if os.path.basename(folder) != NAMES[0]:
        sys.stderr.write("make: .venv is not the book's own and stays as it is; using %s\n" % os.path.basename(folder))
    if not stamped(folder):
        installer.need_room()
    sys.stdout.write("installing the pinned requirements into %s (a few minutes, once)\n" % os.path.basename(folder))
    sys.stdout.flush()
    python = make_environment(folder)
    put_stamp(folder, UNFINISHED)
    installer.install(python, os.path.join(folder, "tmp"))
    put_stamp(folder, stamp)


def locked(work, *args):
    """Do the work while no other make does the same in this folder."""
    import fcntl

    try:
        handle = os.open(ROOT, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write("make: another make is installing here; waiting for it\n")
            fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:  # a file system that cannot lock
        handle = None
    try:
        return work(*args)
    finally:
        if handle is not None:
            os.close(handle)


def up_to_date():
    """The folder of an environment that holds what is wanted, made or mended if need be."""
    folder = choose()
    stamp = wanted(folder)
    if stamped(folder) != stamp:
        install(folder, stamp)
    return folder


def main():
    if os.name == "nt":
        stop("on Windows, run make inside WSL (the Windows Subsystem for Linux)")
    if sys.version_info < (3, 11):
        stop("Python 3.11 or newer is needed, this is %s; name another with `make PYTHON=python3.11`"
             % sys.version.split()[0])
    try:
        folder = choose()
        if stamped(folder) != wanted(folder):
            import installer

            installer.end_on_signals()
            folder = locked(up_to_date)
    except KeyboardInterrupt:
        stop("stopped; the next make goes on with the installation", 130)
    except OSError as error:
        import installer

        stop(installer.explain(str(error), "writing here"))
    if len(sys.argv) > 1:
        tool = sys.argv[1:] if sys.argv[1] == "-m" else [os.path.join(ROOT, sys.argv[1])] + sys.argv[2:]
        os.chdir(ROOT)
        surroundings.become(os.path.join(folder, "bin", "python"), tool, reader=sys.argv[1] in READERS)


# these open a browser, or fetch something
READERS = ("tools/lab.py", "tools/audit.py", "benchmarks/run.py")

if __name__ == "__main__":
    main()
