"""Ask for the advisories on everything that is pinned, from PyPI and from npm, and keep the answer.

Usage: audit.py

`tools/advisories.json` is the state: `audited` is the last complete answer (its day, a digest of both locks, how many
packages), or null; `accepted` maps the name of an advisory that does not concern the book to the reason; `mended` lists
advisories that were looked up by hand, with the first version that is free of them, which a test holds the pins to.
"""

import datetime
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "npm"))
STATE = ROOT / "tools" / "advisories.json"
LOCKS = (ROOT / "requirements.txt", ROOT / "tools" / "npm" / "package-lock.json")


class NoAnswer(Exception):
    """The advisories could not be reached, so nothing is known."""


def read_pip(text):
    """What pip-audit's JSON says.

    Parameters
    ----------
    text : str

    Returns
    -------
    packages : int
    found : list of dict
        ``id``, ``package``, ``version``, ``since``: the versions that are free of it.

    Raises
    ------
    NoAnswer
        If it is no JSON, or a package was passed over: pip-audit calls that success, too.
    """
    try:
        answers = json.loads(text)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise NoAnswer("pip-audit gave no answer") from None
    if skipped := [answer["name"] for answer in answers if "skip_reason" in answer]:
        raise NoAnswer(f"PyPI told nothing of {len(skipped)} of {len(answers)} packages")
    return len(answers), [
        {"id": fault["id"], "package": answer["name"], "version": answer["version"], "since": fault["fix_versions"]}
        for answer in answers for fault in answer["vulns"]
    ]


def read_npm(text):
    """The same of npm's JSON."""
    try:
        answer = json.loads(text)
        faults, packages = answer["vulnerabilities"], answer["metadata"]["dependencies"]["total"]
    except (ValueError, KeyError, TypeError):
        raise NoAnswer("npm gave no answer") from None
    return packages, [
        {"id": via["url"].rsplit("/", 1)[-1], "package": name, "version": fault["range"], "since": []}
        for name, fault in faults.items() for via in fault["via"] if isinstance(via, dict)
    ]


def ask_pip():
    """pip-audit's JSON on requirements.txt without the package itself."""
    pins = [line for line in LOCKS[0].read_text(encoding="utf-8").splitlines() if "==" in line]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pins.txt").write_text("\n".join(pins))
        command = [sys.executable, "-m", "pip_audit", "-r", f"{folder}/pins.txt", "--no-deps", "--disable-pip",
                   "--format", "json", "--progress-spinner", "off", "--cache-dir", f"{folder}/cache"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def ask_npm():
    """npm's JSON on package-lock.json."""
    from install import npm

    return subprocess.run([*npm(), "audit", "--json", "--package-lock-only"], cwd=LOCKS[1].parent, capture_output=True,
                          text=True, check=False).stdout


def digest():
    """Of both locks: an answer holds for what was asked."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in LOCKS)).hexdigest()[:16]


def last(state):
    """When these locks were audited, in words."""
    audited = state["audited"]
    if not audited:
        return "these pins have never been audited"
    words = "these pins were last audited" if audited["locks"] == digest() else "other pins were audited"
    return f"{words} on {audited['day']}"


def main():
    if len(sys.argv) > 1:
        print("usage: make audit (it takes no arguments; make help lists the commands)", file=sys.stderr)
        return 2
    state = json.loads(STATE.read_text(encoding="utf-8"))
    try:
        answers = read_pip(ask_pip()), read_npm(ask_npm())
    except NoAnswer as reason:
        print(f"make: not audited: {reason} (is the network there?); {last(state)}", file=sys.stderr)
        return 1
    found = [fault for _, faults in answers for fault in faults if fault["id"] not in state["accepted"]]
    for fault in found:
        print(f"{fault['package']} {fault['version']}: {fault['id']}, mended in {' or '.join(fault['since']) or '?'}")
    packages = sum(count for count, _ in answers)
    today = datetime.date.today().isoformat()
    state["audited"] = {"day": today, "locks": digest(), "packages": packages, "found": found}
    STATE.write_text(json.dumps(state, indent=1) + "\n", encoding="utf-8")
    print(f"{packages} packages, {len(found)} advisories")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
