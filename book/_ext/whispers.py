"""Checks whisper: their output on a page is one quiet mark, links to what they test, and details that unfold."""

import re
from html import escape
from pathlib import Path

from docutils import nodes

LINE = re.compile(r"^(\S+) ✓ (.+)$")
PLACE = re.compile(r'<a class="checked" tabindex="-1" href="([^"#]*)#([^"]+)">[^<]*</a>')
EQUATION = re.compile(r'id="(equation-[^"]+)">\s*<span class="eqno">(\([^)]*\))')
CLAIM = re.compile(r'<div class="(?:proof|exercise) [^"]*" id="([^"]+)">\s*<p class="admonition-title">\s*'
                   r'<span class="caption-number">([^<]+?)\s*</span>')


def lines(text):
    """(label, what was allowed) of each check, if the text holds nothing else."""
    found = [LINE.match(line) for line in text.strip().splitlines()]
    return [(m[1], m[2]) for m in found] if found and all(found) else []


def mark(checks, address):
    """The HTML of some checks.

    Parameters
    ----------
    checks : list of (str, str)
        From :func:`lines`.
    address : callable, ``label -> str``
        Relative address of what a label names.

    Returns
    -------
    str
    """
    def link(label):
        return f'<a class="checked" tabindex="-1" href="{escape(address(label))}">what it tests</a>'

    labels = list(dict.fromkeys(label for label, _ in checks))
    many = "1 check" if len(checks) == 1 else f"{len(checks)} checks"
    told = "".join(f"<li>{link(label)}: {escape(allowed)}</li>" for label, allowed in checks)
    return (f'<div class="whisper"><details><summary tabindex="-1" aria-label="{many} held; show them">✓</summary>'
            f"<ul>{told}</ul></details><span>{', '.join(map(link, labels))}</span></div>")


def _resolve(app, doctree, docname):
    anchors = app.env.reparam_anchors

    def address(label):
        target, anchor = anchors.get(label, (docname, ""))
        page = "" if target == docname else app.builder.get_relative_uri(docname, target)
        return f"{page}#{anchor}"

    for block in list(doctree.findall(nodes.literal_block)):
        checks = lines(block.astext()) if "✓" in block.astext() else []
        if checks:
            block.replace_self(nodes.raw("", mark(checks, address), format="html"))


def numbers(html):
    """Anchor to number of the displayed equations and claims of a page."""
    return {m[1]: m[2] for pattern in (EQUATION, CLAIM) for m in pattern.finditer(html)}


def number(html, path, known):
    """A page whose checks name what they test by its number.

    Parameters
    ----------
    html : str
    path : Path
        Of the page; links are relative to it.
    known : dict
        Absolute path of a page to what :func:`numbers` finds there.

    Returns
    -------
    str
    """
    def named(match):
        page = (path.parent / match[1]).resolve() if match[1] else path.resolve()
        text = known.get(page, {}).get(match[2]) or match[2].removeprefix("equation-")
        return match[0].replace(">what it tests<", f">{text}<")

    return PLACE.sub(named, html)


def _finish(app, error):
    if error is not None or app.builder.name != "html":
        return
    pages = {path.resolve(): path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html")}
    known = {path: numbers(html) for path, html in pages.items()}
    for path, html in pages.items():
        if ">what it tests<" in html:
            path.write_text(number(html, path, known), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-resolved", _resolve)
    app.connect("build-finished", _finish, priority=300)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}


