"""The lock of what comes from npm: exact, checked by digests, and naming no host."""

import json
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tools" / "npm"
LOCK = (FOLDER / "package-lock.json").read_text(encoding="utf-8")


def test_the_lock_names_no_host():
    assert "://" not in LOCK


def test_every_package_is_pinned_and_has_a_digest():
    packages = {name: entry for name, entry in json.loads(LOCK)["packages"].items() if name}
    assert packages["node_modules/mathjax"]["version"].startswith("4.")
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())


def test_what_is_asked_for_is_exact_and_locked():
    asked = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
    locked = json.loads(LOCK)["packages"]
    for name, version in {**asked["dependencies"], **asked["devDependencies"]}.items():
        assert locked[f"node_modules/{name}"]["version"] == version
