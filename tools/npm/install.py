"""Fetch what the pages take from npm into the environment that runs this, exactly as package-lock.json says.

Usage: install.py [--dev]

With ``--dev`` what the browser test needs comes too. Node is the one that requirements.txt brings.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "book" / "_ext"))

import javascript

NAMES = ("package.json", "package-lock.json")
# of npm's settings only those that say where packages come from, and the certificates and proxies on the way
KEPT = ("registry", "userconfig", "globalconfig", "cafile", "ca", "proxy", "https_proxy", "noproxy", "offline",
        "prefer_offline", "cache", "strict_ssl", "node_extra_ca_certs", "node_use_system_ca")
ALWAYS = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--global=false", "--dry-run=false",
          "--package-lock=true", "--package-lock-only=false", "--workspaces=false", "--include=prod", "--force=false",
          "--foreground-scripts=false", "--update-notifier=false"]
STAMP = "installed"


def wanted(dev):
    """What the stamp of a finished installation says; one with everything serves those who need less."""
    return "".join((HERE / name).read_text(encoding="utf-8") for name in NAMES) + ("dev" if dev else "")


def up_to_date(folder, dev):
    """True if all that is wanted is there."""
    try:
        found = (folder / STAMP).read_text(encoding="utf-8")
    except OSError:
        return False
    return found in {wanted(dev), wanted(True)}


def npm():
    """The command that starts npm."""
    node = javascript.node()
    script = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(script)] if script.is_file() else [shutil.which("npm") or "npm"]


def environment(folder):
    """The reader's variables without those that would change Node or npm; a cache beside it if theirs is closed."""
    def kept(name):
        setting = name.lower().removeprefix("npm_config_")
        return (not setting.startswith("node_") and setting == name.lower()) or setting in KEPT

    theirs = {name: value for name, value in os.environ.items() if kept(name)}
    home = Path(os.environ.get("HOME", "/nowhere")) / ".npm"
    if not os.access(home if home.exists() else home.parent, os.W_OK):
        theirs.setdefault("npm_config_cache", str(folder / ".npm"))
    return theirs


def install(dev):
    """Install, or return a line that says why not."""
    folder = javascript.PACKAGES
    if up_to_date(folder, dev):
        return None
    folder.mkdir(parents=True, exist_ok=True)
    (folder / STAMP).unlink(missing_ok=True)
    for name in NAMES:
        shutil.copyfile(HERE / name, folder / name)
    command = [*npm(), "ci", *ALWAYS, "--include=dev" if dev else "--omit=dev"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", env=environment(folder))
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if " error " in line or "ERR" in line]
        return f"npm cannot fetch MathJax; check the network or npm's settings, then try again ({(said or ['?'])[0]})"
    (folder / STAMP).write_text(wanted(dev), encoding="utf-8")
    return None


if __name__ == "__main__":
    try:
        sys.exit(install("--dev" in sys.argv[1:]))
    except OSError as error:
        sys.exit(str(error))
