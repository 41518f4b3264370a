"""Put figures into their pages as vector graphics, so that they follow the theme and can be read on a telephone.

A notebook's output is one SVG. On a page it is part of the text: its colours are the theme's, its letters' outlines
are kept once for all figures of the page, and on a narrow screen a figure of several panels shows them one below the
other. What is too dense for that stays an image; one of several panels is marked as wide, so that its letters are as
large as everywhere.
"""

import base64
import hashlib
import re
import struct
from pathlib import Path

from formulas import with_shapes

IMAGE = re.compile(r'<img ((?:[^>"]|"[^"]*")*?)src="([^"]*/_images/[^"]+\.svg)"((?:[^>"]|"[^"]*")*?)/?>')
POINTS = re.compile(r'<img ((?:[^>"]|"[^"]*")*?)src="(data:image/png;base64,|[^"]*/_images/[^"]+\.png")')
WIDE = 2.1  # width by height; one panel is below it
ALT = re.compile(r'alt="([^"]*)"')
LETTER = re.compile(r'<path id="(DejaVu[^"]+)"[^>]*/>')
FRAME = re.compile(r'<svg class="figure" data-panels="[^"]+"[^>]*>(?!<g id="whole-).*?</svg>', re.DOTALL)
PANELS = re.compile(r'<svg class="figure" data-panels="([^"]*)"[^>]*? viewBox="([^"]*)"')


def _panels(svg, name):
    """A figure whose panels can also stand one below the other: drawn once, shown in parts."""
    found = PANELS.match(svg)
    strips = [part.split(",") for part in found[1].split()] if found else []
    if not strips:
        return svg
    height = found[2].split()[3]
    whole = svg.replace("><", f'><g id="{name}">', 1).removesuffix("</svg>") + "</g></svg>"
    parts = "".join(f'<svg class="panel" viewBox="{left} 0 {width} {height}"><use href="#{name}"/></svg>'
                    for left, width in strips)
    return whole + parts


def _frame(match):
    """A slider's frame in panels; the same frame, shown or waiting, has the same name."""
    return _panels(match[0], f"whole-{hashlib.sha256(match[0].encode()).hexdigest()[:8]}")


def _inline(match, page, numbers):
    """An image as part of the page."""
    path = (page.parent / match[2]).resolve()
    if not path.is_file():
        return match[0]
    attributes = match[1] + match[3]
    alt = ALT.search(attributes)
    numbers.append(path)
    svg = path.read_text(encoding="utf-8").strip()
    svg = re.sub(r'(href="#| id="|url\(#)(f[0-9a-f]{6}-)', rf"\1p{len(numbers)}\2", svg)
    svg = _panels(svg, f"whole-{page.stem}-{len(numbers)}")
    marks = re.search(r'class="([^"]*)"', attributes)
    parts = svg.count('<svg class="panel"')
    kind = f"drawn panels-{parts} {marks[1] if marks else ''}".strip()
    return f'<div class="{kind}" role="img" aria-label="{alt[1] if alt else ""}">{svg}</div>'


def _sized(match, page):
    """An image of several panels, as wide as the vector graphics of several panels."""
    if "class=" in match[1]:
        return match[0]
    if match[2].endswith('"'):
        path = (page.parent / match[2].strip('"')).resolve()
        head = path.read_bytes()[:24] if path.is_file() else b""
    else:
        head = base64.b64decode(match.string[match.end():match.end() + 32])
    width, height = struct.unpack(">II", head[16:24]) if len(head) >= 24 else (1, 1)
    return match[0].replace("<img ", '<img class="wide" ', 1) if width > WIDE * height else match[0]


def page(html, path):
    """A page's HTML with its figures drawn in it.

    Parameters
    ----------
    html : str
    path : Path
        Where the page lies; images are found relative to it.

    Returns
    -------
    str
    """
    numbers = []
    html = FRAME.sub(_frame, html)  # only sliders have drawn figures before the images come
    html = POINTS.sub(lambda m: _sized(m, path), html)
    html = IMAGE.sub(lambda m: _inline(m, path, numbers), html)
    letters = {m[1]: m[0] for m in LETTER.finditer(html)}
    if not letters:
        return html
    shapes = "".join(letters[name] for name in sorted(letters))
    html = LETTER.sub("", html).replace("<defs></defs>", "")
    return with_shapes(html, shapes)


def _finish(app, error):
    if error is None and app.builder.name == "html":
        for path in sorted(Path(app.outdir).rglob("*.html")):
            html = path.read_text(encoding="utf-8")
            drawn = page(html, path)
            if drawn != html:
                path.write_text(drawn, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _finish, priority=420)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
