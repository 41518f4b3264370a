"""Chapter numbers, written by the table of contents and never by hand.

``{chapter}`sgvi``` is a link that reads "chapter 3", ``{chapter}`Sgvi``` begins a sentence, and the role ``chapters``
writes bare numbers: ``{chapters}`elbo-sgvi, vae``` is "2-3, 11", ranges in the book's order.
"""

from functools import cache
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.addnodes import pending_xref

TOC = Path(__file__).resolve().parents[2] / "_toc.yml"


@cache
def chapter_numbers(toc=TOC):
    """Pages of the numbered parts and their numbers, in the book's order.

    Parameters
    ----------
    toc : Path
        Of ``_toc.yml``.

    Returns
    -------
    dict
        Name of a page, without folder and ending, to its number.
    """
    parts = yaml.safe_load(toc.read_text(encoding="utf-8"))["parts"]
    pages = [entry["file"] for part in parts if part.get("numbered") for entry in part["chapters"]]
    return {page.split("/")[-1]: number for number, page in enumerate(pages, start=1)}


def span(text, known):
    """The numbers that ``"elbo-sgvi, vae"`` names.

    Parameters
    ----------
    text : str
        Names of pages, or ranges of them, with commas between.
    known : dict
        Of :func:`chapter_numbers`.

    Returns
    -------
    list of tuple
        First and last number of each part.

    Raises
    ------
    ValueError
        If a name is no chapter, or a range runs backwards.
    """
    found = []
    for part in text.split(","):
        ends = [name.strip() for name in part.split("-")]
        for name in ends:
            if name not in known:
                raise ValueError(f"there is no chapter {name!r}")
        first, last = known[ends[0]], known[ends[-1]]
        if len(ends) > 2 or first > last:
            raise ValueError(f"{part.strip()!r} is no range of chapters")
        found.append((first, last))
    return found


def _written(text, known):
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in span(text, known))


def _read(name, rawtext, text, lineno, inliner):
    """The numbers that a role asks for, and what docutils is told when it asks for no chapter."""
    inliner.document.settings.env.note_dependency(str(TOC))
    try:
        return _written(text, chapter_numbers()), None
    except ValueError as error:
        message = inliner.reporter.error(f"{name}: {error}", line=lineno)
        return None, ([inliner.problematic(rawtext, rawtext, message)], [message])


def _numbers(name, rawtext, text, lineno, inliner, options=None, content=None):
    number, refusal = _read(name, rawtext, text, lineno, inliner)
    return refusal or ([nodes.Text(number)], [])


def _link(name, rawtext, text, lineno, inliner, options=None, content=None):
    page = text[:1].lower() + text[1:]
    number, refusal = _read(name, rawtext, page, lineno, inliner)
    if refusal:
        return refusal
    word = "chapter" if page == text else "Chapter"
    shown = nodes.inline("", f"{word}\N{NO-BREAK SPACE}{number}", classes=["xref", "std", "std-doc"])
    here = inliner.document.settings.env.docname
    return [pending_xref(rawtext, shown, refdoc=here, refdomain="std", reftype="doc", reftarget=page, refexplicit=True,
                         refwarn=True)], []


def setup(app):
    """Register with Sphinx."""
    app.add_role("chapter", _link)
    app.add_role("chapters", _numbers)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
