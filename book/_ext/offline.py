"""Make pages complete in themselves: their math script, and names that a screen reader can use."""

import re
import shutil
from importlib.metadata import files
from pathlib import Path


def _copy_mathjax(app, error):
    if error is None and app.builder.name == "html":
        packed = next(f for f in files("sphinx-mathjax-offline") if f.as_posix().endswith("mathjax/tex-svg.js"))
        target = Path(app.outdir) / "_static" / "mathjax" / "tex-svg.js"
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packed.locate(), target)


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
    app.connect("build-finished", _copy_mathjax)
    app.connect("build-finished", _repair)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
