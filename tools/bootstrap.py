"""Make `.venv` hold exactly what requirements.txt says, or say in one line why it cannot.

Runs on whatever Python the reader has, so it uses nothing newer than Python 3.0 until it has checked the version.
"""
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
STAMP = os.path.join(VENV, "installed")


def stop(reason):
    sys.stderr.write("make: %s\n" % reason)
    sys.exit(1)


def wanted():
    digest = hashlib.sha256((sys.version + VENV).encode())
    for name in ("requirements.txt", "pyproject.toml", os.path.join("tools", "npm", "package-lock.json")):
        with open(os.path.join(ROOT, name), "rb") as f:
            digest.update(f.read())
    return digest.hexdigest()


def up_to_date(stamp):
    try:
        with open(STAMP) as f:
            return f.read() == stamp
    except OSError:
        return False


def explain(log):
    """The line that tells a reader what to do about pip's failure."""
    unreachable = ("NewConnectionError", "Max retries", "ConnectionError", "ConnectTimeout", "ReadTimeout",
                   "Temporary failure in name resolution", "No matching distribution found for setuptools",
                   "from versions: none")
    if any(sign in log for sign in unreachable):
        return "pip cannot reach a package index; check the network or pip's configuration, then run make again"
    if "No space left on device" in log:
        return "the disk is full; free about 3 GB, then run make again"
    last = [line for line in log.splitlines() if line.startswith("ERROR")] or log.splitlines() or ["no output"]
    return "pip failed: " + last[0]


def install(stamp):
    if os.path.isdir(VENV) and not os.path.exists(STAMP):
        shutil.rmtree(VENV)  # an installation that was interrupted
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        made = subprocess.run([sys.executable, "-m", "venv", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if made.returncode:
            shutil.rmtree(VENV, ignore_errors=True)
            stop("this Python has no venv module; install it (on Debian and Ubuntu: python3-venv), then run make again")
    if os.path.exists(STAMP):
        os.remove(STAMP)
    print("installing the pinned requirements into .venv (a few minutes, once)")
    sys.stdout.flush()
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "2", "-r",
           "requirements.txt"]
    ran = subprocess.run(pip, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    log = ran.stdout.decode("utf-8", "replace")
    if ran.returncode:
        with open(os.path.join(ROOT, "install.log"), "w") as f:
            f.write(log)
        stop(explain(log) + " (all of pip's words: install.log)")
    ran = subprocess.run([python, os.path.join("tools", "npm", "install.py")], cwd=ROOT, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT)
    if ran.returncode:
        stop(ran.stdout.decode("utf-8", "replace").strip())
    with open(STAMP, "w") as f:
        f.write(stamp)


def main():
    if sys.version_info < (3, 11):
        stop("Python 3.11 or newer is needed, this is %s; name another with `make PYTHON=python3.11`"
             % sys.version.split()[0])
    stamp = wanted()
    if not up_to_date(stamp):
        try:
            install(stamp)
        except OSError as error:
            stop("cannot write .venv: %s" % error)


main()
