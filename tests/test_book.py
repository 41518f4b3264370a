"""Guards of the published book: every page executed, whole, fresh and complete; no lever that hides a fault."""

import ast
import json
import re
import textwrap
from html.parser import HTMLParser
from pathlib import Path

import build
import freshness
import icons
import nbformat
import pytest
from ledger import reports
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]

HTML = ROOT / "_build" / "html"
PAGES = build.notebook_pages()
PACKAGE = ROOT / "src" / "reparam"
CHAPTERS = [p for p in PAGES if (PACKAGE / "chapters" / f"{p.split('/')[-1]}.py").is_file()]
MODULES = {p.relative_to(PACKAGE).with_suffix("").as_posix(): p for p in PACKAGE.rglob("*.py") if p.stem != "__init__"}

HIDING = {"skip-execution", "raises-exception", "remove-cell", "remove-output", "nbval-skip", "nbval-ignore-output"}
HIDDEN = re.DOTALL | re.MULTILINE
SHELL = re.compile(r"^\s*[!%]|get_ipython|subprocess|os\.system", re.MULTILINE)
UNSEEDED = re.compile(r"manual_seed|np\.random\.|torch\.rand(?!n?\([^\n]*generator=)")
FILES = re.compile(r"\bopen\(|\.write_|savefig|np\.save|torch\.save|to_csv")


def notebook(page):
    path = ROOT / "_build" / "jupyter_execute" / f"{page}.ipynb"
    assert path.is_file(), f"{page} was not executed: run `make book` first"
    return json.loads(path.read_text(encoding="utf-8"))


def code(book):
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


def source(cell):
    return "".join(cell["source"])


def faults(page, text, book):
    """What is wrong with a published notebook, compared with its page's source."""
    found = []
    wanted = freshness.digest(text, page.split("/")[-1])
    if book["metadata"].get("kernelspec", {}).get("digest") != wanted:
        found.append("stale: helpers, requirements or seed have changed since it was executed")
    written = [code.strip() for code in freshness.codes(text)]
    if written != [source(c).strip() for c in code(book)]:
        found.append("stale: its cells are not those of the page")
    if [c["execution_count"] for c in code(book)] != list(range(1, len(code(book)) + 1)):
        found.append("not all cells ran, once each and in order")
    for cell in code(book):
        outputs = cell["outputs"]
        if any(o["output_type"] == "error" or o.get("name") == "stderr" for o in outputs):
            found.append(f"cell {cell['execution_count']} raised or wrote to stderr")
        calls = len(re.findall(r"\bcheck\.(?:equal|mean|variance|exceeds|law|less|differs)\(", source(cell)))
        if calls != len(reports({"cells": [cell]})):
            found.append(f"cell {cell['execution_count']} makes {calls} checks but its output does not show them all")
        tags = set(cell["metadata"].get("tags", []))
        if tags & HIDING:
            found.append(f"cell {cell['execution_count']} carries a tag that hides faults: {sorted(tags)}")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_page_of_the_toc_is_published_whole_and_fresh(page):
    assert faults(page, PAGES[page], notebook(page)) == []


def test_no_other_notebook_is_published():
    folder = ROOT / "_build" / "jupyter_execute"
    assert {p.relative_to(folder).with_suffix("").as_posix() for p in folder.rglob("*.ipynb")} == set(PAGES)


@pytest.mark.parametrize(
    ("harm", "word"),
    [
        (lambda book: book["metadata"]["kernelspec"].update(digest="0"), "stale: helpers"),
        (lambda book: code(book)[0].update(source="1"), "stale: its cells"),
        (lambda book: code(book)[-1].update(execution_count=None), "not all cells ran"),
        (lambda book: [c.update(outputs=[]) for c in code(book)], "does not show them all"),
        (lambda book: code(book)[0]["metadata"].update(tags=["skip-execution"]), "hides faults"),
        (lambda book: code(book)[0]["outputs"].append({"output_type": "stream", "name": "stderr"}), "stderr"),
    ],
    ids=["digest", "source", "count", "outputs", "tag", "stderr"],
)
def test_the_guard_sees_each_fault(harm, word):
    page = "book/elbo"
    book = notebook(page)
    harm(book)
    assert any(word in fault for fault in faults(page, PAGES[page], book))


def test_an_icon_is_not_another_whose_name_ends_alike():
    library = 'x={"angellist":[1,2,[],"f209","M1"],list:[3,4,["list-squares"],"f03a","M2"]}'
    assert "0 0 3 4" in icons._rule("list", library)
    assert "M2" in icons._rule("list", library)


# Form of a chapter


def test_a_label_stands_once_in_the_book():
    stated = re.compile(r"^\$\$ \(([^)\s]+)\)|^:(?:label|name): (\S+)|^\(([^)\s]+)\)=$", re.MULTILINE)
    found = [label for text in PAGES.values() for groups in stated.findall(text) for label in groups if label]
    assert len(found) > 300
    assert sorted({label for label in found if found.count(label) > 1}) == []


def lines_of(page):
    """Lines of prose, counted at 80 characters however they are wrapped, and the code cells that a reader sees."""
    body = PAGES[page].split("---\n", 2)[2]
    body = re.sub(r"^```\{code-cell\}[^\n]*\n(?:---\n)?(?::)?tags: \[hide-input\].*?^```", "", body, flags=HIDDEN)
    cells = freshness.codes(body)
    text = freshness.CODE_CELL.sub("", body)
    prose = [part for x in text.splitlines() if x.strip() for part in textwrap.wrap(x, 80)]
    return prose, [[x for x in c.splitlines() if x.strip()] for c in cells]


@pytest.mark.parametrize("page", PAGES)
def test_a_number_of_one_run_is_said_to_be_one(page):
    text = PAGES[page]
    runs = set(re.findall(r"(\w+)=f?\"", " ".join(re.findall(r"glue\.run\((.*?)\)\n", text, re.DOTALL))))
    for section in re.split(r"^#+ ", text, flags=re.MULTILINE):
        shown = runs & set(re.findall(r"\{glue:text\}`(\w+)`", section))
        assert not shown or "this run" in section, f"{shown} belong to one run: the section must say so"


@pytest.mark.parametrize("page", CHAPTERS)
def test_text_outweighs_code_two_to_one_and_cells_are_short(page):
    text, cells = lines_of(page)
    assert len(text) >= 2 * sum(map(len, cells))
    assert max(map(len, cells)) <= 20
    for cell in cells:
        for node in ast.walk(ast.parse("\n".join(cell))):
            if isinstance(node, ast.FunctionDef):
                assert node.end_lineno - node.lineno + 1 <= 6, f"{node.name} is a helper: move it to src/reparam"


@pytest.mark.parametrize("page", [p for p in CHAPTERS if p != "book/atlas"])  # tables to look things up in
def test_a_chapter_ends_with_where_to_go_next_before_its_exercises(page):
    text = PAGES[page]
    end = re.search(r"Where to go next(.*?)^## Exercises", text, HIDDEN)
    assert end, f"{page} does not say where to go next"
    assert re.search(r"\{(?:cite:[pt]|doc|chapter|prf:ref|eq)\}", end[1]), f"{page} goes next to no page and no paper"


@pytest.mark.parametrize("page", [p for p in CHAPTERS if p != "book/atlas"])  # tables to look things up in
def test_a_chapter_has_four_exercises_with_solutions_two_graded_and_something_to_move(page):
    text = PAGES[page]
    asked = set(re.findall(r"\{exercise\}[^`]*?:label: (\S+)", text, re.DOTALL))
    solved = set(re.findall(r"\{solution(?:-start)?\} (\S+)", text))
    assert len(asked) >= 4
    assert asked == solved
    assert text.count(":class: dropdown") >= len(asked)
    assert len(set(re.findall(r"\bgrade\(\s*\"([^\"]+)\"", text))) >= 2
    moves = "figures.slider(" in text or "```{laboratory}" in text
    assert moves or page == "book/your_model"  # there the reader's own model is what moves


@pytest.mark.parametrize("page", CHAPTERS)
def test_graded_solutions_are_right_and_figures_shown_and_light(page):
    for cell in code(notebook(page)):
        shown = {kind for output in cell["outputs"] for kind in output.get("data", {})}
        if "figure" in cell["metadata"].get("mystnb", {}):
            assert shown & {"image/svg+xml", "image/png", "text/html"}, source(cell)
        for output in cell["outputs"]:
            data = output.get("data", {})
            wrong = "✗" in "".join(data.get("text/plain", ""))
            assert not wrong or "examine(" in source(cell), source(cell)  # the clinic shows faults on purpose
            assert len("".join(data.get("text/html", ""))) <= 450_000
            assert len(data.get("image/png", "")) * 3 / 4 <= 25_000


@pytest.mark.parametrize("page", PAGES)
def test_no_cell_runs_a_shell_or_seeds_globally(page):
    for cell in code(notebook(page)):
        text = source(cell)
        assert not SHELL.search(text), text
        assert not UNSEEDED.search(text), text
        assert not FILES.search(text), text


def test_a_kernel_that_reaches_out_or_writes_elsewhere_is_stopped(tmp_path):
    inside, outside = tmp_path / "kernel", tmp_path / "elsewhere"
    inside.mkdir()
    allowed = ["open('mine', 'w').close()", "import os; os.remove('mine')", "open(os.__file__).close()"]
    refused = [
        f"open({str(outside)!r}, 'w')", f"os.mkdir({str(outside)!r})", f"os.rename('.', {str(outside)!r})",
        "os.system('true')", "import subprocess; subprocess.run(['true'])",
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        f"from reparam.noise import np; np.save({str(outside)!r}, [1.0])",
    ]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in allowed + refused])
    NotebookClient(book, allow_errors=True, resources={"metadata": {"path": str(inside)}}).execute()
    errors = ["".join(o.get("evalue", "") for o in c.outputs) for c in book.cells]
    assert errors[: len(allowed)] == [""] * len(allowed)
    for cell, error in zip(refused, errors[len(allowed):], strict=True):
        assert "pages keep to themselves" in error, (cell, error)
    assert not outside.exists()


# The house shows its plan


FLOORS = ("laws", "estimators", "chapters", "teaching")


def imports(path):
    found = map(freshness.file_of, freshness.modules(path.read_text(encoding="utf-8")))
    names = (p.relative_to(PACKAGE).with_suffix("").as_posix() for p in found if p)
    return {name.removesuffix("/__init__") for name in names} - {"__init__"}


def floor(name):
    """0 for tools, then laws, estimators, chapters; None for what teaching needs from anywhere."""
    folder = name.split("/")[0]
    return FLOORS.index(folder) + 1 if folder in FLOORS else 0


def test_arrows_run_one_way():
    order = [p.split("/")[-1] for p in CHAPTERS]
    for name, path in MODULES.items():
        for used in imports(path):
            if name.startswith("teaching/exercises/"):
                continue  # they know their chapter
            if used.split("/")[0] == "teaching":
                assert floor(name) >= FLOORS.index("chapters") + 1, f"{name} imports {used}"
            elif used.startswith("chapters/") and name.startswith("chapters/"):
                mine, theirs = (order.index(n.split("/")[1]) for n in (name, used))
                assert theirs < mine, f"{name} imports the later {used}"
            else:
                assert floor(used) <= floor(name), f"{name} imports {used}"


def public_functions():
    for name, path in sorted(MODULES.items()):
        if "exercises" not in name:
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield name, node


def test_every_public_function_is_documented_and_used_by_the_book_and_a_test():
    tests = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("*.py"))
    pages = "\n".join(PAGES.values())
    package = {name: path.read_text(encoding="utf-8") for name, path in MODULES.items()}
    problems = []
    for module, node in public_functions():
        if not ast.get_docstring(node):
            problems.append(f"{module}.{node.name} has no docstring")
        elsewhere = "\n".join(text for stem, text in package.items() if stem != module)
        inside = len(re.findall(rf"\b{node.name}\b", package[module])) > 1
        if not (re.search(rf"\b{node.name}\b", pages + elsewhere) or inside):
            problems.append(f"{module}.{node.name} is used by no page")
        if not re.search(rf"\b{node.name}\b", tests):
            problems.append(f"{module}.{node.name} is used by no test")
    assert problems == []


def test_each_module_has_a_test_file_at_its_place():
    for name, path in MODULES.items():
        if "exercises" not in name:
            assert (ROOT / "tests" / name).with_name(f"test_{path.stem}.py").is_file(), name


# The published pages


class Reader(HTMLParser):
    """Collects what a page loads, its images and whether it offers its notebook."""

    def __init__(self, html):
        super().__init__()
        self.loads, self.images, self.links = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        a = dict(attrs)
        if tag == "img":
            self.images.append(a)
        if tag in ("script", "img", "iframe", "source", "video", "audio", "embed") and a.get("src"):
            self.loads.append(a["src"])
        if tag == "link" and a.get("rel") not in ("index", "search", "next", "prev", "canonical") and a.get("href"):
            self.loads.append(a["href"])
        if tag == "a" and a.get("href"):
            self.links.append(a["href"])


WRITTEN = sorted(HTML.rglob("*.html"))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: p.relative_to(HTML).as_posix())
def test_a_page_loads_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    outside = [u for u in Reader(text).loads if re.match(r"(?:https?:)?//", u)]
    assert outside == []
    assert not re.search(r"@import\s+url\(|(?:fetch|import)\(\s*[\"']https?://", text)


def test_style_sheets_load_nothing_from_elsewhere():
    for path in HTML.rglob("*.css"):
        assert not re.search(r"url\(\s*[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")), path.name


HEADS = re.compile(r"^\|(.*)\|\n\|[-:| ]+\|$", re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "book").rglob("*.md")), ids=lambda p: p.stem)
def test_every_column_has_a_heading_with_words(path):  # checkers of accessibility read no formula
    headings = [cell for row in HEADS.findall(path.read_text(encoding="utf-8")) for cell in re.split(r"(?<!\\)\|", row)]
    assert [cell for cell in headings if not re.search(r"\w", re.sub(r"\$[^$]*\$", "", cell))] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_image_says_what_it_shows(page):
    images = [i for i in Reader((HTML / f"{page}.html").read_text(encoding="utf-8")).images if "logo" not in str(i)]
    for image in images:
        alt = image.get("alt") or ""
        assert len(alt) >= 40, image.get("src", "")[:80]
        assert not re.search(r"\.(png|svg|jpg)", alt), alt


@pytest.mark.parametrize("page", PAGES)
def test_a_page_offers_a_notebook_that_says_how_to_install(page):
    assert f"_sources/{page}.ipynb" in "".join(Reader((HTML / f"{page}.html").read_text(encoding="utf-8")).links)
    offered = json.loads((HTML / "_sources" / f"{page}.ipynb").read_text(encoding="utf-8"))
    assert "pip install" in source(offered["cells"][0])
