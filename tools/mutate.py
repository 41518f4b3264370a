"""Change the formulas one place at a time, and count who notices: the unit tests, and the pages' own checks.

Usage: mutate.py [--each N | --all] [MODULE | PAGE ...]

A mutant is one change of one module: a sign, an operator, a constant, a dropped term, swapped arguments, a removed
detach, a negated result. It is caught if the tests (of the same path), or the cells of the pages that use the module,
raise. By default five mutants of each module are drawn, the same on every run; --each 20 draws more, --all takes them
all. Guards of input (`if ...: raise`) are no formulas, so they count for the unit tests alone; functions that only
draw are left out. Survivors are listed; tools/survivors.txt explains the harmless ones.

Pages are changed too: the statement that a check cell hands to its check, like a module; every number that is printed
into a sentence, by five per cent; every side that a check compares with, by its sign and by a factor of two, an order
towards its bound.

Pages run without figures, each mutant in a process forked from one that has the libraries loaded.
"""

import ast
import importlib.abc
import importlib.util
import os
import random
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book" / "_ext")]

import freshness
from build import notebook_pages
from replay import conclusions, in_child, in_parallel, preload, run_page

PACKAGE = ROOT / "src" / "reparam"
EXPLAINED = ROOT / "tools" / "survivors.txt"
SECONDS = 120
USAGE = 'usage: make mutants ARGS="[--each N | --all] [MODULE | book/PAGE ...]"'
LEAST_TESTS, LEAST_PAGES = 0.98, 0.95
OPERATORS = {ast.Add: "-", ast.Sub: "+", ast.Mult: "/", ast.Div: "*"}
COMPARES = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "=="}


def source_of(module):
    """The file of a module named below the package, such as ``laws.gaussian``, or of a page, such as ``book/elbo``."""
    if module.startswith("book/"):
        return ROOT / f"{module}.md"
    return PACKAGE / f"{module.replace('.', '/')}.py"


@dataclass(frozen=True)
class Mutant:
    """One change: the text from ``start`` to ``end`` (offsets) becomes ``new``; ``nth`` tells equal ones apart."""

    module: str
    function: str
    line: int
    start: int
    end: int
    old: str
    new: str
    guard: bool
    nth: int = 0

    def source(self):
        text = (source_of(self.module)).read_text(encoding="utf-8")
        return text[: self.start] + self.new + text[self.end :]

    def __str__(self):
        return f"line {self.line} of {self.key}"

    @property
    def key(self):
        which = f" [{self.nth}]" if self.nth else ""
        return " ".join(f"{self.module}{self.function}: {self.old} -> {self.new}{which}".split())


class Finder(ast.NodeVisitor):
    """Collect the mutants of one module."""

    def __init__(self, module, text=None, offset=0, function=""):
        self.module, self.function, self.found, self.guard = module, function, [], False
        self.text, self.offset = text or source_of(module).read_text(encoding="utf-8"), offset
        self.starts = [0]
        for line in self.text.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.visit(ast.parse(self.text))
        self.found.sort(key=lambda m: (m.start, m.end))
        seen, total = Counter(), Counter(m.key for m in self.found)
        for index, mutant in enumerate(self.found):
            if total[mutant.key] > 1:
                seen[mutant.key] += 1
                self.found[index] = replace(mutant, nth=seen[mutant.key])

    def span(self, node):
        def offset(line, column):
            text = self.text[self.starts[line - 1] : self.starts[line]]
            return self.starts[line - 1] + len(text.encode()[:column].decode())

        return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

    def of(self, node):
        start, end = self.span(node)
        return self.text[start:end]

    def change(self, line, start, end, new):
        old = self.text[start:end]
        start, end = self.offset + start, self.offset + end
        self.found.append(Mutant(self.module, self.function, line, start, end, old, new, self.guard))

    def add(self, node, new):
        self.change(node.lineno, *self.span(node), new)

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):  # docstrings stay
            self.generic_visit(node)

    def visit_FunctionDef(self, node):
        if not node.name.startswith(("draw", "_draw", "plot")):
            self.inside(node)

    def visit_ClassDef(self, node):
        self.inside(node)

    def inside(self, node):
        self.function, before = f"{self.function}.{node.name}", self.function
        self.generic_visit(node)
        self.function = before

    def visit_Raise(self, node):
        pass

    def visit_JoinedStr(self, node):
        pass

    def visit_If(self, node):
        raises = any(isinstance(part, ast.Raise) for part in node.body)
        self.guard, before = self.guard or raises, self.guard
        self.visit(node.test)
        self.guard = before
        for part in node.body + node.orelse:
            self.visit(part)

    def visit_Return(self, node):
        if isinstance(node.value, ast.BinOp | ast.Name | ast.Call | ast.Subscript):
            self.add(node.value, f"-({self.of(node.value)})")
        self.generic_visit(node)

    def visit_BinOp(self, node):
        left, right = self.of(node.left), self.of(node.right)
        new = OPERATORS.get(type(node.op))
        if new:
            self.add(node, f"({left}) {new} ({right})")
        if isinstance(node.op, ast.Pow):
            self.add(node, f"(({left}) * ({right}))")  # a power binds before the quotient around it
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult):
            self.add(node, left)
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.USub):
            self.add(node, f"({self.of(node.operand)})")
        self.generic_visit(node)

    def visit_Compare(self, node):
        if len(node.ops) == 1 and type(node.ops[0]) in COMPARES:
            new = COMPARES[type(node.ops[0])]
            self.add(node, f"{self.of(node.left)} {new} {self.of(node.comparators[0])}")
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, int | float) and not isinstance(node.value, bool):
            self.add(node, f"({node.value!r} + 1)")

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "detach":
            self.add(node, self.of(node.func.value))
        first = [a for a in node.args if not isinstance(a, ast.Starred)]
        if len(first) == len(node.args) >= 2 and not name[:1].isupper():
            a, b = self.of(node.args[0]), self.of(node.args[1])
            (start, _), (_, end) = self.span(node.args[0]), self.span(node.args[1])
            swapped = f"{b}, {a}"
            if a != b:
                self.change(node.lineno, start, end, swapped)
        self.generic_visit(node)


class Statements(Finder):
    """Collect the mutants of what a cell hands to its checks: signs, operators, arguments; numbers it chose stay."""

    compared = False

    def visit_Call(self, node):
        if getattr(getattr(node.func, "value", None), "id", "") != "check":
            super().visit_Call(node)
            return
        self.compared = True
        for side in node.args[1:]:
            self.visit(side)
        self.compared = False

    def visit_Constant(self, node):
        pass

    def change(self, *where):
        if self.compared:
            super().change(*where)


def statements(page, text):
    """The mutants of all check cells of a page."""
    found = []
    both = zip(freshness.CODE_CELL.finditer(text), freshness.codes(text), strict=True)
    for number, (cell, code) in enumerate(both, 1):
        if "check." in code:
            found += Statements(page, code, cell.start(1) + cell[1].rindex(code), f" cell {number}").found
    return found


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Import one module of the package from changed source."""

    def __init__(self, mutant):
        self.name, self.text = f"reparam.{mutant.module}", mutant.source()

    def find_spec(self, name, path=None, target=None):
        if name == self.name:
            return importlib.util.spec_from_loader(name, self, origin=name)
        return None

    def exec_module(self, module):
        exec(compile(self.text, self.name, "exec"), module.__dict__)


def run_tests(module):
    """Run the module's unit tests; raise if one fails."""
    import pytest

    folder, _, name = module.rpartition(".")
    path = str(ROOT / "tests" / folder / f"test_{name}.py")
    if pytest.main(["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--import-mode=importlib", path]):
        raise AssertionError


def dies(mutant, work, *args):
    """True if the work raises, or takes too much processor time, in a process where the mutant is imported."""
    child = os.fork()
    if child == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # a clock would blame mutants for a busy machine
        code = 1
        try:
            if mutant:
                sys.meta_path.insert(0, Mutated(mutant))
            work(*args)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def users(module, pages):
    """Names of the pages that use a module, its own chapter first."""
    path = source_of(module)
    using = [p for p, text in pages.items() if path in freshness.helper_files(text, p.split("/")[-1])]
    return sorted(using, key=lambda page: page != f"book/{module.rpartition('.')[2]}")


def judge(mutant, pages):
    """(caught by the unit tests, caught by a page): None for pages and guards, where the other is not asked."""
    if mutant.module in pages:
        return None, dies(None, run_page, mutant.source())
    tests = dies(mutant, run_tests, mutant.module)
    if mutant.guard:
        return tests, None
    return tests, any(dies(mutant, run_page, pages[page]) for page in users(mutant.module, pages))


def broken(modules, pages):
    """Tests and pages that fail without any mutant: they would seem to catch them all."""
    jobs = [(module, run_tests, module) for module in modules]
    jobs += [(page, run_page, pages[page]) for page in sorted({p for m in modules for p in users(m, pages)})]
    return [name for (name, *_), died in in_parallel(lambda job: dies(None, *job[1:]), jobs) if died]


def formula_modules():
    """Modules that hold formulas: laws, estimators and the chapters' own."""
    paths = [p for folder in ("laws", "estimators", "chapters") for p in (PACKAGE / folder).glob("*.py")]
    names = [".".join(p.relative_to(PACKAGE).with_suffix("").parts) for p in paths if p.stem != "__init__"]
    return sorted(names)


def explained():
    """Mutants that change nothing a check could see, with the reason."""
    lines = EXPLAINED.read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("  # ", 1) for line in lines)


def sample(mutants, each):
    chosen = []
    for module in sorted({m.module for m in mutants}):
        own = [m for m in mutants if m.module == module]
        chosen += own if each is None else random.Random(module).sample(own, min(each, len(own)))
    return chosen


def conclude(pages):
    """Perturb what every page prints and what its checks compare with; return lines of what nobody noticed."""
    lines, printed, sides, loose = [], 0, 0, 0
    for page, found in in_parallel(lambda page: in_child(conclusions, pages[page]), list(pages)):
        if found is None:
            lines.append(f"{page} fails without any change")
            continue
        printed, sides, loose = printed + found["printed"], sides + found["sides"], loose + len(found["loose"])
        lines += [f"{page}: {survivor}" for survivor in found["survivors"]]
    print(f"{printed} printed numbers 5 % off, {sides} sides of checks with the other sign or a factor of two: "
          f"{len(lines)} went unnoticed; {loose} orders keep a lead of a factor of two", flush=True)
    return lines


def tell(mutants, pages):
    """Judge all mutants; print the survivors and the table; return the shares that tests and pages noticed."""
    start, tally, harmless = time.time(), {}, explained()
    for mutant, (tests, page) in in_parallel(lambda m: judge(m, pages), mutants):
        row = tally.setdefault(mutant.module, [0, 0, 0, 0])
        for caught, column in ((tests, 0), (page, 2)):
            row[column] += caught is not None
            row[column + 1] += bool(caught or (caught is not None and mutant.key in harmless))
        if mutant.key not in harmless and False in (tests, page):
            who = " and ".join(w for w, caught in (("unit tests", tests), ("pages", page)) if caught is False)
            print(f"survives the {who}: {mutant}", flush=True)
    print(f"\n{'module':<28}{'unit tests':>18}{'pages':>18}")
    tally["all"] = [sum(column) for column in zip(*tally.values(), strict=True)]
    for module, (asked, died, on_pages, died_there) in tally.items():
        cells = [f"{d / n:.0%} of {n}" if n else "-" for d, n in ((died, asked), (died_there, on_pages))]
        print(f"{module:<28}{cells[0]:>18}{cells[1]:>18}")
    print(f"{time.time() - start:.0f} s")
    asked, died, on_pages, died_there = tally["all"]
    return died / max(1, asked), died_there / max(1, on_pages)


def asked(arguments, pages):
    """What the command line asks for: how many mutants of each module, None for all, and which modules and pages.

    Raises
    ------
    ValueError
        The line of usage.
    """
    each, names = 5, []
    words = [part for word in arguments for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while words:
        word = words.pop(0)
        if word == "--all":
            each = None
        elif word == "--each" and words and re.fullmatch("[1-9][0-9]*", words[0]):
            each = int(words.pop(0))
        elif word in pages or (re.fullmatch(r"\w+(\.\w+)*", word) and source_of(word).is_file()):
            names.append(word)
        else:
            raise ValueError(f"{USAGE}; {word} {'takes a whole number' if word == '--each' else 'is none of these'}")
    return each, names


def main():
    pages = notebook_pages()
    try:
        each, names = asked(sys.argv[1:], pages)
    except ValueError as usage:
        print(usage, file=sys.stderr)
        return 2
    modules = names or [*formula_modules(), *pages]
    preload()
    if wrong := broken([m for m in modules if m not in pages], pages):
        print(f"fails without any mutant: {', '.join(wrong)}", file=sys.stderr)
        return 1
    unseen = conclude({page: text for page, text in pages.items() if page in modules})
    print("\n".join(unseen))
    found = [m for name in modules for m in (statements(name, pages[name]) if name in pages else Finder(name).found)]
    mutants = sample(found, each)
    print(f"{len(mutants)} of {len(found)} mutants of {len(modules)} modules and pages", flush=True)
    by_tests, by_pages = tell(mutants, pages)
    return 0 if by_tests >= LEAST_TESTS and by_pages >= LEAST_PAGES and not unseen else 1


if __name__ == "__main__":
    sys.exit(main())
