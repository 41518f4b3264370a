"""The benchmarks: how a contest is timed and judged, and that the published results are whole."""

import importlib
import json
import math
import re
import statistics
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
harness = importlib.import_module("harness")
RESULTS = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))


def test_ratio_scale_and_aims(monkeypatch):
    times = iter([1.0, 3.0, 0.0, 1.0] * 3)  # 2 s and 1 s, three times
    monkeypatch.setattr(harness.time, "process_time", lambda: next(times))
    contest = harness.Contest("c", "slow", {"slow": lambda: None, "part": lambda: None}, scale={"part": 10.0},
                              aims={"slow": ("at least", 0.2, "part"), "part": ("at most", 4.0, "slow")})
    result = harness.measure(contest, 3)
    slow, part = result["rows"]
    assert (slow["seconds"], slow["ratio"], slow["met"], slow["aim"]) == (2.0, 1.0, True, "at least 0.2 × part")
    assert (part["seconds"], part["ratio"], part["met"], part["aim"]) == (10.0, 5.0, False, "at most 4 × slow")
    assert (slow["reached"], part["reached"]) == (0.2, 5.0)


def test_an_aim_is_met_if_every_run_met_it():
    def run(seconds, met):
        row = {"way": "a", "seconds": seconds, "ratio": seconds, "reached": seconds, "met": met}
        return {"name": "c", "rows": [row]}

    (row,) = harness.together([run(1.0, True), run(3.0, False), run(2.0, True)])["rows"]
    assert row == {"way": "a", "seconds": 2.0, "ratio": 2.0, "ratios": [1.0, 3.0, 2.0], "reached": [1.0, 3.0, 2.0],
                   "met": False}


def test_the_command_line_is_understood_or_answered_with_usage():
    run = importlib.import_module("run")
    assert run.asked([]) == (7, [])
    assert run.asked(["3", "draws"]) == (3, ["draws"])
    assert run.asked(["weights"]) == (7, ["weights"])
    for words in (["0"], ["-1"], ["3.5"], ["nosuch"], ["3", "nosuch"], ["--fast"]):
        with pytest.raises(ValueError, match=r'^usage: make bench ARGS="[^\n]*$'):
            run.asked(words)


def test_published_results_have_every_task_with_positive_times_and_right_verdicts():
    tasks = re.search(r"TASKS = \((.*?)\)", (ROOT / "benchmarks" / "run.py").read_text())[1]
    assert {c["task"] for c in RESULTS["contests"]} == set(re.findall(r'"(\w+)"', tasks))
    for contest in RESULTS["contests"]:
        assert any(row["way"] == contest["baseline"] and row["ratio"] == pytest.approx(1) for row in contest["rows"])
        for row in contest["rows"]:
            assert row["seconds"] > 0
            if row["met"] is not None:
                kind, bound = re.match(r"(at \w+) ([\d.]+) × ", row["aim"]).groups()
                met = [x >= float(bound) if kind == "at least" else x <= float(bound) for x in row["reached"]]
                assert row["met"] == all(met)
                assert len(met) == RESULTS["runs"]


def test_the_page_shows_every_task():
    page = (ROOT / "book" / "benchmarks.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^```\{benchmarks\} (\w+)", page, re.MULTILINE))
    assert shown == {"machine", "slopes", "missed"} | {c["task"] for c in RESULTS["contests"]}


def test_the_price_list_is_true_of_every_record_that_is_kept():
    from reparam.estimators import prices, side_by_side

    older = [json.loads(path.read_text(encoding="utf-8")) for path in (ROOT / "benchmarks" / "records").glob("*.json")]
    assert older, "the record of 27 November belongs here"
    slopes = []
    for contest in (c for record in (RESULTS, *older) for c in record["contests"] if c["task"] == "atlas"):
        found = {row["way"].rsplit(" ", 1)[0]: row.get("ratios", [row["ratio"]]) for row in contest["rows"]}
        slopes += [ratio - 1 for ratio in found["pathwise"]]
        for way, passes in side_by_side.work(10).items():
            assert statistics.median(found[way]) <= prices.price(*passes) * 7 / 6
    # tenths, outwards: the pages say these two numbers
    assert (math.floor(10 * min(slopes)) / 10, math.ceil(10 * max(slopes)) / 10) == prices.MEASURED
    for page in ("estimators", "atlas", "benchmarks", "steps"):
        low, high = prices.MEASURED
        assert f"{low} to {high}" in (ROOT / "book" / f"{page}.md").read_text(encoding="utf-8")
