"""Typeset every formula while the book is built: pages need no MathJax, and show their formulas at once.

MathJax 4 draws a displayed formula for several widths of the column, cut into lines where it must be; the style sheet
shows the one that fits, so a formula is whole on a telephone too. Inline formulas come in pieces between which a line
may end, and what follows one without a space (a comma, a bracket) stays with its last piece. Results are kept between
builds.
"""

import hashlib
import json
import math
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path

import javascript
from sphinx.util import logging

log = logging.getLogger(__name__)
SCRIPT = Path(__file__).with_name("formulas.js")
WIDTHS = (40, 28, 17.5)  # em: the column of a desk, of a tablet or a box, of a telephone's innermost box
SCALE = 1.13  # letters of formulas against those of the text, which are higher for their size
BLOCK = re.compile(r'<div class="math([^"]*)"([^>]*)>\s*(<span class="eqno">.*?</span>)?\s*'
                   r"\\\[(.*?)\\\]\s*</div>", re.DOTALL)
INLINE = re.compile(r'([(\[“‘]*)<span class="math[^"]*">\\\((.*?)\\\)</span>'
                    r"((?:[^\s<&]|&(?:amp|#39|quot);){0,16})", re.DOTALL)
LAST = re.compile(r"^(.*)(<svg.*)$", re.DOTALL)
USED = re.compile(r'href="#g-([^"]+)"')


def _tex(text):
    return unescape(text).strip()


def asked(html):
    """The formulas of a page, as (TeX, displayed) pairs in order."""
    return [*((_tex(m[4]), True) for m in BLOCK.finditer(html)), *((_tex(m[2]), False) for m in INLINE.finditer(html))]


def _store(folder):
    """File of what is typeset already with these very tools."""
    lock = javascript.PACKAGES / "package-lock.json"
    parts = [SCRIPT.read_bytes(), lock.read_bytes() if lock.is_file() else b"", repr((WIDTHS, SCALE)).encode()]
    return Path(folder) / f"formulas-{hashlib.sha256(b'|'.join(parts)).hexdigest()[:12]}.json"


def typeset(formulas, folder):
    """Drawings of formulas, kept in a folder between builds.

    Parameters
    ----------
    formulas : iterable of (str, bool)
        TeX, and whether it is displayed.
    folder : Path

    Returns
    -------
    dict
        ``style``, ``glyphs`` (name to outline) and ``formulas``, whose keys are as :func:`key` makes them.

    Raises
    ------
    OSError
        If Node or MathJax is missing, or fails; the message is one line.
    """
    path = _store(folder)
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {"style": "", "glyphs": {}, "formulas": {}}
    missing = [f for f in dict.fromkeys(formulas) if key(*f) not in known["formulas"]]
    if missing:
        cores = min(os.cpu_count() or 1, 1 + len(missing) // 100)
        shares = [missing[i::cores] for i in range(cores)]
        with ThreadPoolExecutor(cores) as pool:
            for share, made in zip(shares, pool.map(_draw, shares), strict=True):
                known["style"] = made["style"]
                known["glyphs"].update(made["glyphs"])
                known["formulas"].update((key(*f), d) for f, d in zip(share, made["formulas"], strict=True))
        for old in Path(folder).glob("formulas-*.json"):
            old.unlink()
        path.write_text(json.dumps(known), encoding="utf-8")
    return known


def key(tex, display):
    """How a formula is called in the store."""
    return ("D" if display else "T") + tex


def _draw(formulas):
    task = {"mathjax": str(javascript.package("mathjax")), "widths": WIDTHS, "scale": SCALE,
            "formulas": [{"tex": tex, "display": display} for tex, display in formulas]}
    ran = subprocess.run([javascript.node(), SCRIPT], input=json.dumps(task), capture_output=True, text=True,
                         encoding="utf-8")
    if ran.returncode:
        raise OSError(f"MathJax failed: {(ran.stderr.strip().splitlines() or ['no word'])[0]}")
    return json.loads(ran.stdout)


def _spoken(mathml):
    return f"<mjx-assistive-mml>{mathml}</mjx-assistive-mml>"


def block(classes, attributes, number, drawing):
    """A displayed formula as HTML: every version, and the widths from which each may be shown."""
    versions = drawing["versions"]
    marks = "".join(f" w{i}-{math.ceil(v['wide'])}" for i, v in enumerate(versions[:-1]))
    shown = "".join(f'<span class="v{i}">{v["svg"]}</span>' for i, v in enumerate(versions))
    box = f'<mjx-container display="true" jax="SVG" class="n{len(versions)}{marks}">'
    return (f'<div class="math{classes}"{attributes}><div class="formula">{box}{shown}{_spoken(drawing["mathml"])}'
            f'</mjx-container></div>{number or ""}</div>')


def inline(before, drawing, after):
    """An inline formula as HTML; brackets before it and what follows it are kept on its line."""
    head, last = LAST.match(drawing["svg"]).groups()
    first = before if not head else ""
    if before and head:
        start, rest = head.split("</svg>", 1)
        head = f'<span class="together">{before}{start}</svg></span>{rest}'
    return (f'<span class="math"><mjx-container jax="SVG">{_spoken(drawing["mathml"])}{head}'
            f'<span class="together">{first}{last}{after}</span></mjx-container></span>')


def rules():
    """Style rules: of a formula's versions the widest that fits its column is shown."""
    made = ['.v1, .v2 { display: none; }']
    for i in range(len(WIDTHS) - 1):
        for wide in range(1, 2 * WIDTHS[0]):
            made.append(f"@container formula (max-width: {wide - 0.01}em) {{ .w{i}-{wide} > .v{i} {{ display: none; }} "
                        f".w{i}-{wide} > .v{i + 1} {{ display: inline-block; }} }}")
    return "\n".join(made)


def with_shapes(html, shapes):
    """A page that holds outlines for its drawings to refer to."""
    kept = f'<svg class="glyphs" aria-hidden="true"><defs>{shapes}</defs></svg>'
    return re.sub(r"(<body[^>]*>)", lambda m: m[1] + kept, html, count=1)


def page(html, known):
    """A page with its formulas drawn, and with the outlines of the letters that they use.

    Parameters
    ----------
    html : str
    known : dict
        From :func:`typeset`.

    Returns
    -------
    str
    """
    drawings = known["formulas"]
    html = BLOCK.sub(lambda m: block(m[1], m[2], m[3], drawings[key(_tex(m[4]), True)]), html)
    html = INLINE.sub(lambda m: inline(m[1], drawings[key(_tex(m[2]), False)], m[3]), html)
    used = sorted(set(USED.findall(html)) & known["glyphs"].keys())
    if not used:
        return html
    shapes = "".join(f'<path id="g-{name}" d="{known["glyphs"][name]}"/>' for name in used)
    return with_shapes(html, shapes)


def finish(out, folder):
    """Typeset all pages of a finished book; return the formulas that MathJax cannot read, with their pages."""
    pages = {p: text for p in sorted(Path(out).rglob("*.html")) if asked(text := p.read_text(encoding="utf-8"))}
    known = typeset((f for text in pages.values() for f in asked(text)), folder)
    for path, text in pages.items():
        path.write_text(page(text, known), encoding="utf-8")
    style = Path(out) / "_static" / "formulas.css"
    if pages or not style.is_file():
        style.write_text(f"{known['style']}\n{rules()}\n", encoding="utf-8")
    return [(path, tex, fault) for path, text in pages.items() for tex, display in asked(text)
            if (fault := known["formulas"][key(tex, display)]["fault"])]


def _finish(app, error):
    if error is None and app.builder.name == "html":
        for path, tex, fault in finish(app.outdir, Path(app.outdir).parent):
            log.warning("%s: MathJax cannot read %s: %s", path.name, tex, fault)


def _without_script(app, pagename, templatename, context, doctree):
    """No page loads MathJax."""
    def loads(script):
        return "mathjax" in f"{getattr(script, 'filename', script)} {getattr(script, 'attributes', '')}".lower()

    context["script_files"] = [script for script in context["script_files"] if not loads(script)]


def setup(app):
    """Register with Sphinx."""
    app.add_css_file("formulas.css")
    app.connect("html-page-context", _without_script, priority=900)
    app.connect("build-finished", _finish, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
