"""How long a page takes to read: the role ``{minutes}`sgvi``` writes the number, counted from that page's source."""

import re
from pathlib import Path

from docutils import nodes

BOOK = Path(__file__).resolve().parents[1]
WORDS_A_MINUTE = 110
EQUATION, CODE_LINE = 25, 5  # counted as so many words
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DISPLAY = re.compile(r"^\$\$\n.*?^\$\$", re.DOTALL | re.MULTILINE)


def minutes(text):
    """Minutes for a page, in steps of five: words at a calm pace, exercises left out, hidden code not counted.

    Parameters
    ----------
    text : str
        MyST source.

    Returns
    -------
    int
        At least 5.
    """
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL).split("\n## Exercises\n")[0]
    cells = [cell for cell in CELL.findall(body) if "hide-input" not in cell]
    lines = sum(1 for cell in cells for line in cell.splitlines() if line.strip())
    body = CELL.sub("", body)
    equations = len(DISPLAY.findall(body))
    words = len(re.sub(r"\$[^$]+\$", "formula", DISPLAY.sub("", body)).split())
    return max(5, 5 * round((words + EQUATION * equations + CODE_LINE * lines) / WORDS_A_MINUTE / 5))


def _role(name, rawtext, text, lineno, inliner, options=None, content=None):
    path = BOOK / f"{text}.md"
    if not path.is_file():
        message = inliner.reporter.error(f"minutes: there is no page {text}", line=lineno)
        return [inliner.problematic(rawtext, rawtext, message)], [message]
    inliner.document.settings.env.note_dependency(str(path))
    return [nodes.Text(str(minutes(path.read_text(encoding="utf-8"))))], []


def setup(app):
    """Register with Sphinx."""
    app.add_role("minutes", _role)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
