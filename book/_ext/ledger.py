"""The ledger of checks, and the map from the source's statements to the places that state and check them.

Both are filled from the executed notebooks that the build publishes, so they cannot claim what did not run. A check
that names a label which no page displays is a warning, and warnings are errors here.
"""

import json
import re
from collections import Counter
from pathlib import Path

from docutils import nodes
from notebooks import published
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode
from sphinx_exercise.nodes import exercise_enumerable_node, exercise_node, solution_node
from sphinx_proof.nodes import definition_node, proof_node
from tables import table

from reparam.checks import LOWER_TIERS

log = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
STATEMENT = re.compile(r"^([SDF]\d+)(?![0-9])")
MAP = json.loads((Path(__file__).parent / "source_map.json").read_text(encoding="utf-8"))


class Placeholder(nodes.General, nodes.Element):
    """Stands for a table until every page has been read."""


class Ledger(SphinxDirective):
    """``{ledger}``: every check of the book."""

    def run(self):
        return [Placeholder(kind="ledger")]


class SourceMap(SphinxDirective):
    """``{source-map}``: every statement and defect of the source."""

    def run(self):
        return [Placeholder(kind="source-map")]


def reports(notebook):
    """Checks recorded in an executed notebook.

    Parameters
    ----------
    notebook : dict
        Parsed ``.ipynb``.

    Returns
    -------
    list of dict
        In the order of the page.
    """
    return [
        report
        for cell in notebook["cells"]
        for output in cell.get("outputs", [])
        for report in output.get("metadata", {}).get("reparam-checks", [])
    ]


def _kind(node):
    """What a labelled equation is: a step of a proof or of a solution, a definition (it has ``:=``), or a result."""
    while node.parent is not None and not isinstance(node, nodes.document):
        if isinstance(node, proof_node | solution_node | exercise_node | exercise_enumerable_node):
            return "step"
        if isinstance(node, definition_node):
            return "definition"
        node = node.parent
    return "result"


def _sort_equations(app, doctree):
    """Remember the kind of every labelled equation of a page."""
    known = app.env.reparam_equations = getattr(app.env, "reparam_equations", {})
    known[app.env.docname] = {
        equation["label"]: "definition" if ":=" in equation.astext() and _kind(equation) != "step" else _kind(equation)
        for equation in doctree.findall(nodes.math_block) if equation.get("label")
    }


def _unchecked(env):
    """Results that no check names, with their page."""
    checked = {c["label"] for c in env.reparam_checks}
    return [
        (docname, label) for docname in env.reparam_digests for label, kind in env.reparam_equations[docname].items()
        if kind == "result" and label not in checked
    ]


def _anchors(env):
    """Every label a check may name: displayed equations, and claims such as propositions and remarks."""
    found = {}
    for label, equation in env.get_domain("math").equations.items():
        found[label] = (equation[0], f"equation-{nodes.make_id(label)}")
    for label, claim in getattr(env, "proof_list", {}).items():
        found[label] = (claim["docname"], claim["ids"][0])
    for label, (docname, anchor, _) in env.get_domain("std").labels.items():
        if STATEMENT.match(label.upper()):
            found.setdefault(label.upper(), (docname, anchor))
    return found


def _collect(app, env):
    """Gather the checks of all notebook pages, and refuse labels that no page displays."""
    rows, anchors = [], _anchors(env)
    env.reparam_anchors = anchors
    for docname in env.reparam_digests:
        path = published(app, docname)
        if docname not in env.found_docs or not path.is_file():
            continue
        for report in reports(json.loads(path.read_text(encoding="utf-8"))):
            rows.append({"page": docname, **report})
            if report["label"] not in anchors:
                log.warning("a check names %r, which no page displays", report["label"], location=docname)
    order = {name: i for i, name in enumerate(env.toctree_includes.get(env.config.root_doc, []))}
    env.reparam_checks = sorted(rows, key=lambda r: order.get(r["page"], 99))
    for docname, label in _unchecked(env):
        if docname in env.found_docs:
            log.warning("the result %r has no check under its own label", label, location=docname)


def _updated(app, env):
    _collect(app, env)
    return [d for d in ("book/checks", "book/source_map", "book/index") if d in env.found_docs]


def _link(app, docname, label, text=None):
    anchors = app.env.reparam_anchors
    if label not in anchors:
        return nodes.inline("", text or label)
    target, anchor = anchors[label]
    return make_refnode(app.builder, docname, target, anchor, nodes.inline("", text or label))


def _stated(app, number):
    """Labels under which a statement stands: ``S33`` and its parts ``S33-1``, ``S33-2``, ..."""
    labels = [a for a in app.env.reparam_anchors if a == number or a.startswith(number + "-")]
    return sorted(labels, key=lambda a: (len(a), a))


def _ledger(app, docname):
    checks = app.env.reparam_checks
    checked = {m[1] for c in checks if (m := STATEMENT.match(c["label"]))}
    random = sum(c["random"] for c in checks)
    everything = [e["id"] for e in MAP]
    kinds = Counter(k for page in app.env.reparam_digests for k in app.env.reparam_equations[page].values())
    bare = _unchecked(app.env)
    lines = [
        f"Statements and defects of the source that a check backs: {len(checked & set(everything))} of "
        f"{sum(not e.get('naming') for e in MAP)} (mere naming needs none).",
        f"Labelled equations: {kinds['result']} results, of which {len(bare)} have no check under their own label"
        f"{': ' if bare else ''}{', '.join(label for _, label in bare)}; {kinds['step']} steps of proofs and "
        f"{kinds['definition']} definitions, which need none.",
        f"Checks passed: {len(checks)}, comparing {sum(c['numbers'] for c in checks):,} numbers.",
        f"By tier: {', '.join(f'{n} {tier}' for tier, n in Counter(c['tier'] for c in checks).most_common())}.",
        f"Odds that chance fails a right mean, variance or law in one build of the whole book: {random * 5.733e-7:.1g} "
        f"({random:,} random numbers compared, each with odds of 5.7e-7).",
    ]
    totals = nodes.bullet_list()
    for line in lines:
        item = nodes.list_item()
        item += nodes.paragraph("", line)
        totals += item
    titles = app.env.titles
    rows = [
        [_link(app, docname, c["label"]), titles[c["page"]].astext(), c["tier"],
         f"{c['observed']:.1e}", f"{'≥' if c['tier'] in LOWER_TIERS else '≤'} {c['allowed']:.1e}"]
        for c in checks
    ]
    return [totals, table(["Checks", "Chapter", "Tier", "Observed", "Allowed"], rows, [12, 34, 22, 14, 14], "ledger")]


def _source_map(app, docname):
    counts = {}
    for check in app.env.reparam_checks:
        if m := STATEMENT.match(check["label"]):
            counts[m[1]] = counts.get(m[1], 0) + 1
    rows = []
    for entry in MAP:
        stated = _stated(app, entry["id"])
        where = [part for label in stated for part in (_link(app, docname, label), nodes.Text(" "))]
        n = counts.get(entry["id"], 0)
        checks = f"{n} check{'s' if n != 1 else ''}" if n else "naming, no check" if entry.get("naming") else "none yet"
        rows.append([entry["id"], entry["text"], where or "not written yet", checks if stated else "—"])
    return [table(["No.", "What it says", "Where", "Checked by"], rows, [8, 60, 16, 16], "ledger")]


def _resolve(app, doctree, docname):
    makers = {"ledger": _ledger, "source-map": _source_map}
    for node in list(doctree.findall(Placeholder)):
        node.replace_self(makers[node["kind"]](app, docname))


def setup(app):
    """Register with Sphinx."""
    app.add_node(Placeholder)
    app.add_directive("ledger", Ledger)
    app.add_directive("source-map", SourceMap)
    app.connect("doctree-read", _sort_equations)
    app.connect("env-updated", _updated)
    app.connect("doctree-resolved", _resolve)
    return {"version": "2", "parallel_read_safe": False, "parallel_write_safe": False}
