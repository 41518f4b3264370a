"""The advisories: what the answers mean, and that the pins are free of those that were found by hand."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
audit = importlib.import_module("audit")
STATE = json.loads((ROOT / "tools" / "advisories.json").read_text(encoding="utf-8"))
CLEAN = {"name": "a", "version": "1", "vulns": []}
NPM = {"vulnerabilities": {}, "metadata": {"dependencies": {"total": 7}}}


def test_an_advisory_is_told_with_its_remedy():
    faulty = {"name": "b", "version": "2", "vulns": [{"id": "GHSA-1", "fix_versions": ["2.1"]}]}
    found = {"id": "GHSA-1", "package": "b", "version": "2", "since": ["2.1"]}
    assert audit.read_pip(json.dumps({"dependencies": [CLEAN, faulty]})) == (2, [found])
    fault = {"range": "<3", "via": ["another", {"url": "https://github.com/advisories/GHSA-2"}]}
    found = {"id": "GHSA-2", "package": "c", "version": "<3", "since": []}
    assert audit.read_npm(json.dumps({**NPM, "vulnerabilities": {"c": fault}})) == (7, [found])


@pytest.mark.parametrize("read", [audit.read_pip, audit.read_npm])
@pytest.mark.parametrize("text", ["", "null", "{}", '{"message": "405 Method Not Allowed"}'])
def test_silence_is_no_clean_bill(read, text):
    with pytest.raises(audit.NoAnswer):
        read(text)


def test_a_package_that_was_passed_over_is_not_audited():
    passed_over = {"name": "b", "skip_reason": "Dependency not found on PyPI"}
    with pytest.raises(audit.NoAnswer, match="nothing of 1 of 2 packages"):
        audit.read_pip(json.dumps({"dependencies": [CLEAN, passed_over]}))


@pytest.mark.parametrize(
    ("pip", "npm", "status", "words"),
    [
        ({"dependencies": [CLEAN]}, NPM, 0, "8 packages, 0 advisories"),
        ({"dependencies": []}, None, 1, "not audited: npm gave no answer"),
        ({"dependencies": [{**CLEAN, "vulns": [{"id": "X-1", "fix_versions": []}]}]}, NPM, 1, "a 1: X-1, mended in ?"),
        ({"dependencies": [{**CLEAN, "vulns": [{"id": "X-2", "fix_versions": []}]}]}, NPM, 0, "0 advisories"),
    ],
    ids=["clean", "no network", "found", "accepted"],
)
def test_the_answer_is_kept_and_its_absence_is_one_line(tmp_path, monkeypatch, capsys, pip, npm, status, words):
    state = {"audited": None, "accepted": {"X-2": "not used"}, "mended": []}
    monkeypatch.setattr(audit, "STATE", tmp_path / "state.json")
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    monkeypatch.setattr(audit, "ask_pip", lambda: json.dumps(pip))
    monkeypatch.setattr(audit, "ask_npm", lambda: json.dumps(npm))
    audit.STATE.write_text(json.dumps(state))
    assert audit.main() == status
    said = capsys.readouterr()
    assert words in said.out + said.err
    kept = json.loads(audit.STATE.read_text())["audited"]
    if npm is None:
        assert kept is None
        assert said.err.count("\n") == 1
        assert "never been audited" in said.err
    else:
        assert kept["locks"] == audit.digest()
        assert [fault["id"] for fault in kept["found"]] == (["X-1"] if status else [])


def test_the_pins_are_free_of_what_was_found_by_hand():
    def numbers(version):
        return [int(part) for part in version.split(".")]

    pins = dict(re.findall(r"^([\w.-]+)==([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert len(STATE["mended"]) >= 8
    for entry in STATE["mended"]:
        assert numbers(pins[entry["package"]]) >= numbers(entry["since"]), entry
    assert set(STATE) == {"audited", "accepted", "mended"}
    assert all(STATE["accepted"].values())
