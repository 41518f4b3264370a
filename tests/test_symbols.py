"""One letter, one meaning: the chapters' own tables against the page that gathers them."""

import re
from pathlib import Path

import pytest
from numbering import chapter_numbers, span

ROOT = Path(__file__).resolve().parents[1]

BOOK = ROOT / "book"
NUMBERS = chapter_numbers()
CHAPTERS = {page: number for page, number in NUMBERS.items()
            if "| Symbol | In code |" in (BOOK / f"{page}.md").read_text(encoding="utf-8")}
SAME = {r"\lvert": "|", r"\log": "", r"\operatorname": "", r"\mathrm": "", r"\hat": "", r"\bar": ""}


def rows(text, head):
    """Rows of every table with this head, as lists of cells."""
    found = []
    for block in re.findall(rf"^\| {re.escape(head)} \|.*?(?=^$|\Z)", text, re.MULTILINE | re.DOTALL):
        for line in block.splitlines()[2:]:
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def letters(cell):
    r"""The symbols that a cell names: heads like ``c_0`` or ``G``, without arguments and running indices."""
    found = set()
    for formula in re.findall(r"\$([^$]+)\$", cell):
        for word, plain in SAME.items():
            formula = re.sub(re.escape(word) + r"(?![a-zA-Z])", plain, formula).strip()
        depth, start, parts = 0, 0, []
        for i, character in enumerate(formula + ","):
            depth += (character in "([{") - (character in ")]}")
            if character == "," and depth == 0:
                parts.append(formula[start:i])
                start = i + 1
        for part in parts:
            part = re.sub(r"^(\\[ ,;]|\s|\{)+", "", part).rstrip("\\ ")
            head = re.match(r"\\(?:mathcal|mathbb) ?\{?[A-Z]\}?|\\[a-zA-Z]+|[A-Za-z]+", part)
            if head:
                rest = part[head.end():]
                index = re.match(r"_\{?(\d|\\(?:mu|phi|theta|log)(?![a-z]))", rest)
                law = "()" if head[0] == "N" and rest.startswith("(") else ""  # the normal law, not a number
                found.add(head[0] + law + ("_" + index[1] if index else ""))
    return found


def numbers(cell):
    """The numbers of the chapters that a cell such as ``{chapters}`elbo-joint, vae``` names."""
    text = re.fullmatch(r"\{chapters\}`([^`]+)`", cell)[1]
    return {n for first, last in span(text, NUMBERS) for n in range(first, last + 1)}


GATHERED = rows((BOOK / "symbols.md").read_text(encoding="utf-8"), "Symbol | Meaning")
OWN = {chapter: rows((BOOK / f"{chapter}.md").read_text(encoding="utf-8"), "Symbol | In code") for chapter in CHAPTERS}


def test_every_chapter_has_a_table_and_every_line_its_chapters():
    assert set(NUMBERS) - set(CHAPTERS) <= {"structure", "your_model"}
    assert all(len(table) >= 5 for table in OWN.values())
    assert all(numbers(row[3]) for row in GATHERED)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_letters_of_a_chapter_are_gathered_with_its_number(chapter):
    known = {letter for row in GATHERED if CHAPTERS[chapter] in numbers(row[3]) for letter in letters(row[0])}
    own = {letter for row in OWN[chapter] for letter in letters(row[0])}
    assert own - known == set()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_letter_with_two_meanings_in_one_chapter_is_announced_there(chapter):
    lines = [letter for row in GATHERED if CHAPTERS[chapter] in numbers(row[3]) for letter in letters(row[0])]
    text = (BOOK / f"{chapter}.md").read_text(encoding="utf-8")
    for letter in {x for x in lines if lines.count(x) > 1 and "nabla" not in x}:
        assert re.search(rf"\${re.escape(letter)}\$ has two meanings", text), f"{letter} has two lines in symbols.md"


def test_cells_are_taken_apart():
    cell = r"$c_0,\ c_{1j}$, $x^{(i)}$, $\log p(x,z)$, $\mu(x),\log\sigma(x)$, $y_{\rm gene}$, $f_k=f(k)$, $N(0,1)$"
    assert letters(cell) == {"c_0", "c_1", "x", "p", r"\mu", r"\sigma", "y", "f", "N()"}
    assert numbers("{chapters}`approximators, joint-conditions`") == {1, 5, 6, 7}
