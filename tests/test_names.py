"""One name, one meaning: what a public function or class is called tells it from every other of the package."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "reparam"
SHARED = {}
"""Names that two modules may have, and why."""


def homes():
    """Every public function and class at the top of a module: its name to the modules that define it."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(path.relative_to(PACKAGE).as_posix())
    return found


def test_no_two_modules_define_the_same_public_name():
    assert {name: where for name, where in homes().items() if len(where) > 1 and name not in SHARED} == {}


def test_every_reason_is_still_needed():
    found = homes()
    assert [name for name in SHARED if len(found[name]) < 2] == []
