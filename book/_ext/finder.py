"""The book's own search index: every section with its text, for finder.js on the search page.

Sphinx's index leads to the top of a page and puts the names of functions first; and its script, which the theme loads
on every page, keeps the words that were searched from being marked.
"""

import json
import re
from html import unescape
from pathlib import Path

from markup import article, as_typed, element

SECTION = re.compile(r'<section\b[^>]*\bid="([^"]+)"[^>]*>')
OBJECT = re.compile(r'<dt class="sig[^"]*"[^>]*\bid="([^"]+)"[^>]*>')
HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL)
SKIPPED = re.compile(r'<a class="headerlink".*?</a>|<(script|style|template|svg|pre)\b.*?</\1>|'
                     r'<span class="eqno">.*?</span>', re.DOTALL)
SCRIPTS = re.compile(r'\s*<script\b[^>]*(?:searchtools|language_data|searchindex)\.js[^>]*></script>')
LOOKUPS = ("glossary", "symbols", "bibliography", "checks", "source_map", "benchmarks", "about_checks", "index")


def _text(html):
    return unescape(as_typed(SKIPPED.sub(" ", html)))


def sections(html, name):
    """The sections of a page that has not been typeset.

    Parameters
    ----------
    html : str
    name : str
        Address of the page from the book's root.

    Returns
    -------
    list of dict
        ``path``, ``id``, ``title``, ``page``, ``text`` and ``kind``: chapter, lookup or helper.
    """
    start, end = article(html)
    body, made, page = html[start:end], [], ""
    kind = "helper" if "/api/" in name else "lookup" if Path(name).stem in LOOKUPS else "chapter"
    for match in SECTION.finditer(body):
        inside = body[match.end() : element(body, match.start())]
        own = re.split(r"<section\b[^>]*\bid=", inside, maxsplit=1)[0]
        heading = HEADING.search(own)
        if heading:
            title = _text(heading[2])
            page = page or title
            text = _text(own[heading.end() :])
            made.append({"path": name, "id": match[1], "title": title, "page": page, "text": text, "kind": kind})
    made += [{"path": name, "id": m[1], "title": m[1], "page": page, "text": "", "kind": "helper"}
             for m in OBJECT.finditer(body)]
    return made


def _finish(app, error):
    if error is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    store = out.parent / "sections.json"
    known = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    for path in sorted(out.rglob("*.html")):
        html, name = path.read_text(encoding="utf-8"), path.relative_to(out).as_posix()
        if "bd-article" in html and "mjx-container" not in html and name != "search.html":
            known[name] = sections(html, name)
        if SCRIPTS.search(html):
            html = SCRIPTS.sub("", html)
            if name == "search.html":
                names = ("sections", "synonyms", "finder")
                loads = "".join(f'<script src="_static/{s}.js"></script>' for s in names)
                html = html.replace("</head>", f"{loads}</head>")
            path.write_text(html, encoding="utf-8")
    known = {name: found for name, found in known.items() if (out / name).is_file()}
    store.write_text(json.dumps(known), encoding="utf-8")
    every = [section for found in known.values() for section in found]
    text = json.dumps(every, ensure_ascii=False, separators=(",", ":"))
    (out / "_static" / "sections.js").write_text(f"globalThis.bookSections = {text};\n", encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _finish, priority=340)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
