"""Chapter numbers come from the table of contents, and from nowhere else."""

import re
from pathlib import Path

import pytest
from numbering import chapter_numbers, span

ROOT = Path(__file__).resolve().parents[1]

TOC = """
parts:
  - caption: Before
    chapters: [{file: book/welcome}]
  - caption: One
    numbered: 2
    chapters: [{file: book/a}, {file: book/b}]
  - caption: Two
    numbered: 2
    chapters: [{file: book/c}]
"""


def test_numbers_run_through_the_numbered_parts(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    assert chapter_numbers(tmp_path / "_toc.yml") == {"a": 1, "b": 2, "c": 3}


def test_a_span_is_one_page_or_a_range():
    assert span("a, b-c", {"a": 1, "b": 2, "c": 4}) == [(1, 1), (2, 4)]


@pytest.mark.parametrize(("text", "said"),
                         [("x", "no chapter 'x'"), ("b-a", "'b-a' is no range"), ("a-b-a", "no range")])
def test_what_is_no_chapter_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        span(text, {"a": 1, "b": 2})


def test_no_page_types_the_number_of_a_chapter():
    for page in (ROOT / "book").glob("*.md"):
        assert not re.search(r"\bchapters? \d", page.read_text(encoding="utf-8"), re.IGNORECASE), page.name
