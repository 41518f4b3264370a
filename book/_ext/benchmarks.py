"""``{benchmarks}``: the measured contests of benchmarks/results.json as tables, with the machine and the date."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import table

VERDICTS = Path(__file__).resolve().parents[2] / "benchmarks" / "verdicts.json"
RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"
OLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "records"


def _verdict(row):
    if row["met"] is None:
        return ""
    reached = ", ".join(f"{x:.2f}" for x in row["reached"])
    return f"{row['aim']}: {reached}; {'met' if row['met'] else 'missed'}"


def _loads(machine):
    return machine.get("loads") or [machine["load"]]


def _machine(results):
    """Where and when, and whether strangers were at work."""
    parts = {**results["machine"], "loads": ", ".join(f"{x:.1f}" for x in _loads(results["machine"]))}
    words = "; ".join(f"{name} {value}" for name, value in parts.items())
    words += f"; {results['runs']} runs, each the median of {results['repeats']} interleaved repeats."
    if max(_loads(results["machine"])) > results["machine"]["cores"]:
        words += " This machine was busy with other work while it measured."
    return [nodes.paragraph("", words)]


def _slopes(records):
    """What a slope cost beside its value, in every record that is kept."""
    rows = []
    for record in records:
        for contest in (c for c in record["contests"] if c["task"] == "atlas"):
            row = next(r for r in contest["rows"] if r["way"].startswith("pathwise"))
            found = ", ".join(f"{x - 1:.2f}" for x in row.get("ratios", [row["ratio"]]))
            rows.append([record["machine"]["date"], f"{max(_loads(record['machine'])):.1f}",
                         contest["name"].split(", ", 1)[1], found])
    head = ["date", "highest load", "cost", "a slope, in values, run by run"]
    return [table(head, rows, [1, 1, 3, 2], "reparam-table")]


def _missed(results):
    """The aims of the helpers that were missed, and the same work with a slope supplied, and without checks."""
    rows, ways = [], ("helpers, slope supplied", "plain PyTorch, no checks", "plain PyTorch, slope by hand, no checks")
    for contest in results["contests"]:
        by_way = {row["way"]: row for row in contest["rows"]}
        for name in ("helpers of the book", "helpers, slope supplied"):
            row = by_way.get(name)
            if row and row["met"] is False:
                others = [_ratio(by_way[way]["ratio"]) if way in by_way else "" for way in ways]
                rows.append([contest["name"], name, row["aim"].split(" × ")[0], _ratio(row["ratio"]), *others])
    head = ["task", "way", "aim", "median", "slope supplied", "no checks", "no checks, slope by hand"]
    return [table(head, rows, [4, 2, 1, 1, 1, 1, 1], "reparam-table")] if rows else [nodes.paragraph("", "None.")]


def _ratio(x):
    return f"{x:.2f}" if x < 10 else f"{x:,.0f}"


def _verdicts(results):
    """How often the bench was right."""
    known, held, runs = results["faults"], results["held out"], results["right gradients"]

    def share(part, name, of="cases"):
        return f"{part[name]} of {part[of]}"

    rows = [[what, share(known, name, of), share(held, name, of)] for what, name, of in (
        ("broken steps called wrong", "broken found", "cases"),
        ("of these, with the right kind", "kind named", "broken found"),
        ("mended steps called right", "mended passed", "cases"))]
    alarms = [["false alarms", share(runs, "alarms", "runs")], ["called right", share(runs, "right", "runs")],
              ["not decided within the budget", share(runs, "undecided", "runs")]]
    return [table(["faults, broken and mended", "at hand", "held out"], rows, [3, 1, 1], "reparam-table"),
            table([f"right gradients, {runs['kinds']} laws and losses", "runs"], alarms, [4, 1], "reparam-table")]


def _worked(results):
    """Three models by the clock."""
    def took(seconds):
        return f"{1000 * seconds:.2g} ms"

    def many(case):
        if not case["times"]:
            return f"{(100 / case['signal']) ** 2:,.0f} gradients for 1 %, where one is exact"
        return f"{case['times']:.2g} times" if case["times"] < 100 else f"{case['times']:.0f} times"

    rows = [[c["case"], c["winner"], took(c["winner seconds"]), c["rival"], took(c["rival seconds"]), many(c)]
            for c in results["worked"]]
    head = ["model", "winner", "one gradient", "rival", "one gradient", "the rival needs, for the same error"]
    return [table(head, rows, [2, 2, 1, 2, 1, 3], "reparam-table")]


class Benchmarks(SphinxDirective):
    """With a task's name the tables of its contests, with ``machine`` the sentence on where and when.

    With ``slopes`` what a slope cost in this record and in the older ones of benchmarks/records, with ``missed`` the
    aims of the helpers that were missed.

    With ``verdicts`` and ``worked`` what benchmarks/verdicts.py found.
    """

    required_arguments = 1

    def run(self):
        self.env.note_dependency(str(RESULTS))
        task = self.arguments[0]
        if task in ("verdicts", "worked"):
            self.env.note_dependency(str(VERDICTS))
            return (_verdicts if task == "verdicts" else _worked)(json.loads(VERDICTS.read_text(encoding="utf-8")))
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
        if task == "machine":
            return _machine(results)
        if task == "missed":
            return _missed(results)
        if task == "slopes":
            older = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(OLDER.glob("*.json"))]
            return _slopes([*older, results])
        found = [c for c in results["contests"] if c["task"] == task]
        if not found:
            raise self.error(f"benchmarks/results.json has no task {task!r}; run make bench")
        made = []
        for contest in found:
            head = ["way", "milliseconds", "ratio"]
            rows = [[r["way"], f"{1000 * r['seconds']:,.1f}", _ratio(r["ratio"])] for r in contest["rows"]]
            if any(r["aim"] for r in contest["rows"]):
                head.append("aim")
                rows = [[*cells, _verdict(r)] for cells, r in zip(rows, contest["rows"], strict=True)]
            title = nodes.paragraph()
            title += nodes.strong("", contest["name"][0].upper() + contest["name"][1:] + ".")
            title += nodes.Text(f" {contest['note']}")
            made += [title, table(head, rows, [1] * len(head), "reparam-table")]
        return made


def setup(app):
    """Register with Sphinx."""
    app.add_directive("benchmarks", Benchmarks)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
