"""Install requirements.txt with uv where it is there, else with pip; show how far it is; explain failures in a line.

The reader's settings say where packages come from (index, links, proxy, certificates, cache) and nothing else: no
setting can send them to another folder, or leave some out.
"""

import ast
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import surroundings
from ending import held, on_ending

ROOT = Path(surroundings.ROOT)
LOG = ROOT / "install.log"
CPU_INDEX = os.environ.get("REPARAM_TORCH_INDEX", "").strip() or "https://download.pytorch.org/whl/cpu"
SECONDS = 4  # to wait for that index
ROOM = 2.5e9  # bytes of an installation with the CPU build, with what is needed on the way
UNREACHABLE = ("NewConnectionError", "Max retries", "ConnectionError", "ConnectTimeout", "ReadTimeout",
               "Temporary failure in name resolution", "No matching distribution found for setuptools",
               "from versions: none", "Failed to establish", "SSLError")
RUNNING = []


def explain(log, who="pip"):
    """The line that tells a reader what to do about a failure."""
    if "No space left on device" in log or "Disk quota exceeded" in log:
        return (f"the disk is full: the installation needs about {ROOM / 1e9:.1f} GB and "
                f"{shutil.disk_usage(ROOT).free / 1e9:.1f} GB are free; make room, then run make again")
    if "Read-only file system" in log or "Permission denied" in log:
        return f"{ROOT} cannot be written to; copy the repository to a folder of your own and run make there"
    if any(sign in log for sign in UNREACHABLE):
        return "pip cannot reach a package index; check the network or pip's configuration, then run make again"
    lines = [line.strip() for line in log.splitlines() if line.strip()] or ["no output"]
    return f"{who} failed: {next((line for line in lines if line.startswith('ERROR')), lines[-1])}"


def stop(reason):
    sys.exit(f"make: {reason}")


def end_on_signals():
    """Ctrl-C, or being told to end, ends pip and this process at once."""
    def end():
        for process in RUNNING:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(1)
        os.write(2, b"\nmake: stopped; the next make goes on with the installation\n")

    on_ending(end)


def start(command, **options):
    """Start a process that ends with this one; it and what it starts are a group of their own."""
    with held():
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   errors="replace", start_new_session=True, **options)
        RUNNING.append(process)
    return process


def sources(python):
    """Where the reader's pip looks for packages: its settings from files and variables, as variables for pip."""
    loud = {"PIP_QUIET": "0", "PIP_VERBOSE": "0", "PIP_LOG": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    asked = subprocess.run([python, "-E", "-s", "-m", "pip", "config", "list"], capture_output=True, text=True,
                           check=False, env={**surroundings.clean(reader=True), **loud})
    found = {}
    lines = [line.partition("=") for line in asked.stdout.splitlines() if "=" in line]
    for section in ("global", "install", ":env:"):
        for key, _, value in lines:
            name = key.rpartition(".")[2].replace("-", "_").upper()
            wanted = name in surroundings.FETCHING and name != "CONFIG_FILE"
            if key.startswith(f"{section}.") and wanted and value != "''":
                found[f"PIP_{name}"] = " ".join(ast.literal_eval(value).split())
    return found


def environment(python, folder):
    """What pip gets: the clean environment, the reader's sources, and a folder for what it fetches."""
    kept = {name: value for name, value in surroundings.clean(reader=True).items() if not name.startswith("PIP_")}
    del kept["PYTHONPATH"]
    return {**kept, **sources(python), "TMPDIR": folder, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1", "PIP_PROGRESS_BAR": "off"}


def has_driver():
    """True if a program that asks for an NVIDIA processor would find one."""
    return os.path.exists("/proc/driver/nvidia/version") or bool(shutil.which("nvidia-smi"))


def cpu_build(variables):
    """The index of PyTorch's CPU build, if this machine wants it and it answers within seconds; else None."""
    if not sys.platform.startswith("linux") or has_driver() or variables.get("PIP_NO_INDEX", "0") not in ("0", ""):
        return None
    answer = []

    def ask():
        try:
            with urllib.request.urlopen(f"{CPU_INDEX}/torch/", timeout=SECONDS) as page:
                answer.append(page.read().decode("utf-8", "replace"))
        except (OSError, ValueError):
            pass

    asking = threading.Thread(target=ask, daemon=True)  # a name server may take longer than any timeout here
    asking.start()
    asking.join(SECONDS + 1)
    pinned = torch_pin()
    if answer and pinned and re.search(re.escape(pinned) + r"(?:\+|%2B)cpu", answer[0]):
        return CPU_INDEX
    print("PyTorch's CPU index does not answer, so what the usual index has is taken (on Linux that may be several GB)",
          flush=True)
    return None


def torch_pin():
    """The version of PyTorch in requirements.txt, or nothing."""
    found = re.search(r"^torch==(\S+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else ""


class Watch:
    """Show what an installer does: the package it is at, what it has fetched of it, how many are unpacked."""

    def __init__(self, site, folder, total):
        self.site, self.folder, self.total = site, folder, total
        self.start, self.package, self.size, self.seen, self.unpacking = time.monotonic(), "", "", 0, False
        self.before = self.unpacked()
        self.terminal, self.told, self.last = sys.stdout.isatty(), 0.0, ""

    def hear(self, line):
        """One line of the installer's."""
        if match := re.match(r"\s*(?:Collecting|Obtaining|Requirement already satisfied:|Processing) (\S+)", line):
            self.seen += not line.startswith(" ")
            self.package, self.size = match[1].split("/")[-1], ""
        elif match := re.search(r"Downloading (\S+).*\((.*B)\)", line):
            self.package, self.size = match[1].split("/")[-1], match[2]
        elif line.startswith(("Installing collected", "Prepared ")):
            self.unpacking = True

    def unpacked(self):
        return sum(name.endswith(".dist-info") for name in os.listdir(self.site)) if os.path.isdir(self.site) else 0

    def fetched(self):
        """Bytes of the file that is being fetched; those that are done lie beside it."""
        for where, _, names in os.walk(self.folder):
            if self.package in names:
                with contextlib.suppress(OSError):  # moved or removed in the meantime
                    return os.path.getsize(os.path.join(where, self.package))
        return 0

    def state(self):
        seconds = f"{time.monotonic() - self.start:.0f} s"
        if self.unpacking:
            return f"unpacking: {max(self.unpacked() - self.before, 0)} of about {self.total} packages, {seconds}"
        fetched = f"{self.fetched() / 1e6:.0f} MB of " if self.fetched() else ""
        done = f" ({fetched}{self.size})" if self.size else ""
        return f"fetching {min(self.seen, self.total)} of {self.total}: {self.package or '...'}{done}, {seconds}"

    def show(self, end=False):
        """A line that changes, or where there is no terminal a new line every five seconds."""
        if self.terminal:
            width = shutil.get_terminal_size().columns - 1
            sys.stdout.write("\r" + ("" if end else self.state())[:width].ljust(width) + "\r" * end)
            sys.stdout.flush()
        elif not end and time.monotonic() - self.told > 5:
            self.told = time.monotonic()
            print(self.state(), flush=True)


def run(command, variables, watch):
    """Run an installer; return whether it failed, and its words."""
    words = []
    process = start(command, cwd=ROOT, env=variables)

    def listen():
        for line in process.stdout:
            words.append(line)
            watch.hear(line)

    ear = threading.Thread(target=listen, daemon=True)
    ear.start()
    while process.poll() is None:
        watch.show()
        time.sleep(0.1)
    ear.join(2)
    watch.show(end=True)
    return process.returncode, "".join(words)


def commands(python, variables):
    """The installer's commands for some arguments: uv's, if it is there, and pip's."""
    uv = shutil.which("uv")
    if uv:
        places = []
        for name, option in (("PIP_INDEX_URL", "--default-index"), ("PIP_EXTRA_INDEX_URL", "--index"),
                             ("PIP_FIND_LINKS", "--find-links")):
            places += [part for value in variables.get(name, "").split() for part in (option, value)]
        if variables.get("PIP_NO_INDEX", "0") not in ("0", ""):
            places.append("--no-index")
        yield "uv", [uv, "pip", "install", "--no-config", "--python", python, "--index-strategy", "unsafe-best-match",
                     *places]
    yield "pip", [python, "-s", "-m", "pip", "install", "--retries", variables.get("PIP_RETRIES", "2")]


def attempt(arguments, python, variables, watch):
    """Try the installers in turn; return (who, its words) of the last if all failed, else None."""
    failed = None
    for who, command in commands(python, variables):
        status, words = run(command + arguments, variables, watch)
        with LOG.open("a", encoding="utf-8") as log:
            log.write(f"{who} {' '.join(arguments)}\n{words}\n")
        if not status:
            return None
        failed = who, words
    return failed


def packages():
    """How many packages requirements.txt names."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return sum(bool(line.strip()) and not line.startswith("#") for line in lines)


def need_room():
    """Stop if the disk cannot hold the installation."""
    if shutil.disk_usage(ROOT).free < ROOM * min(1.0, packages() / 100):
        stop(explain("No space left on device"))


def scripts(python, variables, watch):
    """What the pages bring along from npm, by the Node that is among the requirements."""
    watch.package, watch.size, watch.unpacking = "MathJax", "", False
    fetch = [python, "-E", "-s", os.path.join("tools", "npm", "install.py")]
    status, words = run(fetch, {**os.environ, **variables}, watch)
    if status:
        stop(words.strip().splitlines()[-1] if words.strip() else "the packages of tools/npm could not be installed")


def install(python, folder):
    """Install everything, or stop with one line.

    Parameters
    ----------
    python : str
        The environment's own Python.
    folder : str
        Where what is fetched may lie in the meantime; removed at the end.
    """
    total = packages()
    LOG.unlink(missing_ok=True)
    os.makedirs(folder, exist_ok=True)
    site = next(Path(python).parent.parent.glob("lib/python*/site-packages"), Path(folder))
    variables = environment(python, folder)
    watch = Watch(site, folder, total)
    try:
        index = cpu_build(variables) if torch_pin() and not any(site.glob(f"torch-{torch_pin()}*.dist-info")) else None
        if index:
            print("no NVIDIA driver here: taking PyTorch's CPU build", flush=True)
            alone = {**variables, "PIP_INDEX_URL": index, "PIP_EXTRA_INDEX_URL": "", "PIP_FIND_LINKS": ""}
            if attempt(["--no-deps", f"torch=={torch_pin()}"], python, alone, watch):
                print("that build could not be fetched; taking what the usual index has", flush=True)
        failed = attempt(["-r", "requirements.txt"], python, variables, watch)
        if not failed:
            scripts(python, variables, watch)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if failed:
        stop(f"{explain(failed[1], failed[0])} (all its words: install.log)")
    LOG.unlink(missing_ok=True)
