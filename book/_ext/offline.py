"""Mend what the theme gets wrong for screen readers, in the written pages."""

import re
from pathlib import Path

REPAIRS = (
    (re.compile(r'(<div class="citation"[^>]*) role="doc-biblioentry"'), r'\1 role="listitem"'),
    (re.compile(r' role="doc-bibliography"'), ' role="list"'),
    (re.compile(r"<p>(?=(?:[\w-]+ )?[\u4e00-\u9fff])"), '<p lang="zh-Hans">'),
)


def _repair(app, error):
    """Mend what the theme gets wrong for screen readers, in the written pages."""
    if error is not None or app.builder.name != "html":
        return
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
