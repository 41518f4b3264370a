"""Reading times, and the landing page's table of chapters."""

import re
from pathlib import Path

from build import toc_pages
from numbering import chapter_numbers
from reading import minutes

ROOT = Path(__file__).resolve().parents[1]


def test_minutes_count_words_equations_and_visible_code():
    assert minutes("word " * 1100) == 10
    assert minutes("word " * 550 + "\n$$\na=b\n$$ (x)\n" * 22) == 10  # 22 equations are 550 words
    cell = "\n```{code-cell} ipython3\n" + "x = 1\n" * 110 + "```\n"
    assert minutes("word " * 550 + cell) == 10  # 110 lines are 550 words
    hidden = cell.replace("x = 1\n", "---\ntags: [hide-input]\n---\nx = 1\n", 1)
    assert minutes("word " * 550 + hidden) == 5


def test_minutes_leave_out_front_matter_and_exercises_and_know_no_zero():
    assert minutes("---\n" + "a: b\n" * 2000 + "---\nword") == 5
    assert minutes("word " * 1100 + "\n## Exercises\n" + "word " * 9000) == 10


def test_the_landing_page_lists_the_chapters_in_order_with_their_numbers_and_minutes():
    text = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    line = r"^\| (?:\{chapters\}`(\w+)` )?\| \{doc\}`(\w+)` \|.*\| \{minutes\}`(\w+)` \|$"
    rows = re.findall(line, text, re.MULTILINE)
    pages = [p.split("/")[-1] for p in toc_pages()[1:]]
    listed = [page for _, page, _ in rows]
    assert listed == pages[: len(listed)]
    assert [page for _, _, page in rows] == listed
    assert [page for page, *_ in rows] == ["", *chapter_numbers()]
