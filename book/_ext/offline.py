"""Mend what the theme gets wrong in the written pages, for screen readers, notebooks and slow telephones."""

import re
from pathlib import Path

from sphinx.util import logging

log = logging.getLogger(__name__)

REPAIRS = (
    (re.compile(r'(<div class="citation"[^>]*) role="doc-biblioentry"'), r'\1 role="listitem"'),
    (re.compile(r' role="doc-bibliography"'), ' role="list"'),
    (re.compile(r'<th class="head">\s*(?:<p>\s*</p>)?\s*</th>'), '<td class="head"></td>'),
    (re.compile(r'(<a href="[^"]*\.ipynb" )target="_blank"'), r"\1download"),
    (re.compile(r"<p>(?=(?:[\w-]+ )?[\u4e00-\u9fff])"), '<p lang="zh-Hans">'),
)
# As soon as a page is there, the theme's script asks for the width of everything that might scroll, and changes each in
# turn: the browser lays out the whole page, many times over. a11y.js does the same in idle moments.
MEASURES = re.compile(r'document\.querySelectorAll\(\["pre",.{1,400}?\?0:-1\}\)', re.DOTALL)
DONE = "/* a11y.js marks what scrolls */"


def without_measuring(script):
    """The theme's script without its way to make what scrolls reachable from the keyboard; None if it is not there."""
    return script if DONE in script else MEASURES.sub(DONE, script, count=1) if MEASURES.search(script) else None


def _quicken(out):
    path = out / "_static" / "scripts" / "pydata-sphinx-theme.js"
    if path.is_file():
        script = without_measuring(path.read_text(encoding="utf-8"))
        if script is None:
            log.warning("%s: what it does to boxes that scroll has changed: see offline.py", path.name)
        else:
            path.write_text(script, encoding="utf-8")


def _repair(app, error):
    """Mend pages and the theme's script."""
    if error is not None or app.builder.name != "html":
        return
    _quicken(Path(app.outdir))
    for page in Path(app.outdir).rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        mended = html
        for pattern, replacement in REPAIRS:
            mended = pattern.sub(replacement, mended)
        if mended != html:
            page.write_text(mended, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _repair)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
