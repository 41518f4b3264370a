"""``{benchmarks}``: the measured contests of benchmarks/results.json as tables, with the machine and the date."""

import json
from pathlib import Path

from docutils import nodes
from sphinx.util.docutils import SphinxDirective
from tables import table

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results.json"


def _verdict(row):
    if row["met"] is None:
        return ""
    return f"{row['aim']}: {row['reached']:.2f}, {'met' if row['met'] else 'missed'}"


def _ratio(x):
    return f"{x:.2f}" if x < 10 else f"{x:,.0f}"


class Benchmarks(SphinxDirective):
    """With a task's name the tables of its contests, with ``machine`` the sentence on where and when."""

    required_arguments = 1

    def run(self):
        self.env.note_dependency(str(RESULTS))
        results = json.loads(RESULTS.read_text(encoding="utf-8"))
        task = self.arguments[0]
        if task == "machine":
            words = "; ".join(f"{name} {value}" for name, value in results["machine"].items())
            return [nodes.paragraph("", f"{words}; medians of {results['repeats']} interleaved repeats.")]
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
