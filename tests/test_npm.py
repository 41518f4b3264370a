"""The lock of what comes from npm: exact, checked by digests, and naming no host."""

import importlib
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


def test_settings_of_npm_and_node_that_say_no_place_stay_out(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(FOLDER))
    install = importlib.import_module("install")
    theirs = {"npm_config_registry": "https://npm.example", "NODE_EXTRA_CA_CERTS": "/ca", "HTTPS_PROXY": "http://proxy"}
    others = {"NODE_OPTIONS": "--require /x", "NODE_PATH": "/x", "npm_config_omit": "prod", "NPM_CONFIG_GLOBAL": "true"}
    for name, value in {**theirs, **others, "HOME": "/proc/1"}.items():
        monkeypatch.setenv(name, value)
    made = install.environment(tmp_path)
    assert theirs.items() <= made.items()
    assert not set(others) & set(made)
    assert made["npm_config_cache"] == str(tmp_path / ".npm")  # a home that takes nothing
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "npm_config_cache" not in install.environment(tmp_path)
