"""Draw the handful of icons that pages use as small style rules.

The theme ships all of Font Awesome as a script of 1.5 MB, more than the rest of a page together. Its shapes are read
from that very script, and the script is left out of the pages.
"""

import re
from pathlib import Path

SCRIPT = re.compile(r'\s*<(?:script|link)[^>]*fontawesome\.js[^>]*>(?:</script>)?')
USED = re.compile(r"\bfa-([a-z0-9-]+)")
SHAPE = r'[{{,]"?{}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
BASE = """i[class*="fa-"] { display: inline-block; width: 1em; height: 1em; vertical-align: -0.125em;
  background: currentColor; mask: var(--icon) center / contain no-repeat;
  -webkit-mask: var(--icon) center / contain no-repeat; }
i.fa-lg { font-size: 1.25em; }
"""


def _rule(name, library):
    found = re.search(SHAPE.format(re.escape(name)), library)
    if not found:
        return ""
    width, height, path = found.groups()
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}'><path d='{path}'/></svg>"
    return f'i.fa-{name} {{ --icon: url("data:image/svg+xml,{svg.replace("<", "%3C").replace(">", "%3E")}"); }}\n'


def _replace(app, error):
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    library = out / "_static" / "scripts" / "fontawesome.js"
    used = set()
    for page in out.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        used |= set(USED.findall(html))
        if SCRIPT.search(html):
            page.write_text(SCRIPT.sub("", html), encoding="utf-8")
    if library.is_file():
        text = library.read_text(encoding="utf-8")
        rules = "".join(_rule(name, text) for name in sorted(used))
        (out / "_static" / "icons.css").write_text(BASE + rules, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _replace)
    app.add_css_file("icons.css")
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
