"""Hover cards: a page carries what it links to on other pages, an equation, a claim or a reference, as a template.

cards.js shows them; what stands on the same page is copied from there.
"""

import posixpath
import re
from pathlib import Path

from markup import article, element

LINK = re.compile(r'<a class="(?:reference internal|checked)"[^>]*? href="([^"#:]+\.html)#([^"]+)"')
CARD = re.compile(r'<(div|p|span)\b[^>]*class="(?:math|proof |citation|exercise |caption)[^"]*"[^>]*\bid="([^"]+)"')
LOCAL = re.compile(r'(<a\b[^>]*? href=")([^":#]*)#([^"]+)"')  # an outline of a letter, <use>, is on every page
DONE = '<div class="cards" hidden>'
LISTS = ("checks", "source_map")  # hundreds of links, one after the other
HEAVY = 12_000  # characters of HTML; what is longer, a theorem with many formulas, ends with its statement


def targets(html):
    """Equations, claims and references of a page: id to HTML without ids."""
    start, end = article(html)
    found = {}
    for match in CARD.finditer(html, start, end):
        piece = html[match.start() : element(html, match.start())]
        if len(piece) <= HEAVY:
            piece = re.sub(r'<a class="headerlink".*?</a>', "", piece, flags=re.DOTALL)
            found[match[2]] = re.sub(r' id="[^"]*"', "", piece)
    return found


def moved(piece, address):
    """A piece of another page, its own links made to lead from here where they led from there."""
    def follow(match):
        where = posixpath.normpath(posixpath.join(posixpath.dirname(address), match[2])) if match[2] else address
        return f'{match[1]}{where}#{match[3]}"'

    return LOCAL.sub(follow, piece)


def deal(html, path, known):
    """A page with the cards that its links need.

    Parameters
    ----------
    html : str
    path : Path
        Of the page.
    known : dict
        Absolute path of a page to its :func:`targets`.

    Returns
    -------
    str
    """
    start, end = article(html)
    cards = {}
    if path.stem in LISTS:
        return html
    for match in LINK.finditer(html, start, end):
        address = f"{match[1]}#{match[2]}"
        piece = address not in cards and known.get((path.parent / match[1]).resolve(), {}).get(match[2])
        if piece:
            cards[address] = moved(piece, match[1])
    if not cards:
        return html
    kept = "".join(f'<template data-for="{address}">{piece}</template>' for address, piece in cards.items())
    return html[:end] + f"{DONE}{kept}</div>" + html[end:]


def _finish(app, error):
    if error is not None or app.builder.name != "html":
        return
    pages = {path.resolve(): path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html")}
    known = {path: targets(html) for path, html in pages.items()}
    for path, html in pages.items():
        if DONE not in html and (dealt := deal(html, path, known)) != html:
            path.write_text(dealt, encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _finish, priority=360)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
