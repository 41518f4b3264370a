"""What folds is a browser's own <details>: links and the browser's search open it, and its title says what it is.

Ids are made unique, in a page and over the book, and tables learn to be read on a telephone.
"""

import json
import re
from collections import Counter
from os.path import normpath
from pathlib import Path

from markup import article, as_typed, element

FOLDED = re.compile(r'<div class="((?=[^"]*\badmonition\b)[^"]*\bdropdown\b[^"]*)"([^>]*)>\s*'
                    r'(?:<p class="admonition-title">(.*?)</p>)?', re.DOTALL)
IDS = re.compile(r' id="([^"]+)"')
NAMELESS = re.compile(r'(<(?:section|div)[^>]*) id="(?:[a-z]+-content|proof)"')
LINK = re.compile(r'href="([^"#:]*)#([^"]+)"')
DOTTED = re.compile(r'(?<=<span class="pre">)(?=[\w.]{18})[a-zA-Z_]\w*\.[\w.]+')
COMMA = re.compile(r'(<em class="sig-param">(?:(?!</em>).)*)</em>, ')
HEAD = re.compile(r"<th\b([^>]*)>(.*?)</th>", re.DOTALL)
TABLE = re.compile(r'<table class="(?![^"]*lab-table)([^"]*)"')
CELL = re.compile(r"<t[dh]\b[^>]*>(.*?)</t[dh]>", re.DOTALL)
ROW = re.compile(r"<tr\b.*?</tr>", re.DOTALL)
ROOM = 50  # letters of a row of numbers that a telephone shows side by side


def fold(html):
    """Dropdowns as ``<details>``."""
    while match := FOLDED.search(html):
        end = element(html, match.start())
        kinds = " ".join(kind for kind in match[1].split() if kind != "dropdown")
        title = re.sub(r"</?a\b[^>]*>", "", match[3] or kinds.split()[0].capitalize()).strip()
        body = html[match.end() : end - len("</div>")]
        html = (f'{html[: match.start()]}<details class="folded {kinds}"{match[2]}>'
                f'<summary class="admonition-title">{title}</summary>{body}</details>{html[end:]}')
    return html


def ids(html):
    """Ids of a page's own text."""
    start, end = article(html)
    return IDS.findall(html, start, end)


def own(path, name, taken):
    """An id that only this page has: with the page's name in front, and its folder's where that tells more."""
    front = path.stem if path.parent.name in ("", "book") else f"{path.parent.name}-{path.stem}"
    return f"{front}-{name}" + ("-section" if f"{front}-{name}" in taken else "")


def rename(html, path, common, taken=frozenset()):
    """A page in which ids that other pages have as well begin with the page's name; links follow.

    Parameters
    ----------
    html : str
    path : Path
        Of the page in the book, such as ``book/elbo.html``.
    common : set of str
        Ids that more than one page has.
    taken : collection of str
        Ids of all pages.

    Returns
    -------
    str
    """
    start, end = article(html)
    text = IDS.sub(lambda m: f' id="{own(path, m[1], taken)}"' if m[1] in common else m[0], html[start:end])

    def follow(match):
        target = Path(normpath(path.parent / match[1])) if match[1] else path
        return f'href="{match[1]}#{own(target, match[2], taken)}"' if match[2] in common else match[0]

    return LINK.sub(follow, html[:start] + text + html[end:])


def breakable(html):
    """Long names may break after a dot, and a parameter keeps its comma: no line begins with one."""
    return COMMA.sub(r"\1,</em> ", DOTTED.sub(lambda m: re.sub(r"\.(?=\w)", ".<wbr>", m[0]), html))


def _slender(table):
    """Whether a table of numbers stands side by side on a telephone, too, by the longest cell of each column."""
    if "reparam-table" not in table.partition(">")[0]:
        return False
    rows = [[len(as_typed(cell)) for cell in CELL.findall(row)] for row in ROW.findall(table.partition("</thead>")[2])]
    return sum(max(column) + 1 for column in zip(*rows, strict=True)) <= ROOM


def label_cells(html):
    """Tables whose cells know their column's heading, unless narrow: a telephone shows each row as a list."""
    for match in reversed(list(TABLE.finditer(html))):
        end = element(html, match.start())
        table = html[match.start() : end]
        if _slender(table):
            continue
        heads = [as_typed(h).replace('"', "&quot;") for _, h in HEAD.findall(table.partition("</thead>")[0])]
        if not heads:
            continue

        def row(found, heads=heads):
            at = iter(heads)
            named = {"<td": 'data-label="{}" role="cell"', "<th": 'data-label="{}" role="rowheader"'}
            return re.sub(r"<t[dh]\b", lambda m: f"{m[0]} {named[m[0]].format(next(at, ''))}", found[0])

        head, _, body = table.partition("</thead>")
        body = re.sub(r"<tr\b", '<tr role="row"', ROW.sub(row, body))
        table = re.sub(r'<table class="', '<table role="table" class="stacks ', head, count=1) + "</thead>" + body
        html = html[: match.start()] + table + html[end:]
    return html


def _finish(app, error):
    if error is not None or app.builder.name != "html":
        return
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(Path(app.outdir).rglob("*.html"))}
    pages = {path: html for path, html in pages.items() if "<!-- folded -->" not in html and "bd-article" in html}
    store = Path(app.outdir).parent / "ids.json"
    seen = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    for path, html in pages.items():
        pages[path] = NAMELESS.sub(r"\1", html)
        seen[path.relative_to(app.outdir).as_posix()] = sorted(set(ids(pages[path])))
    store.write_text(json.dumps(seen), encoding="utf-8")
    taken = Counter(name for found in seen.values() for name in found)
    common = {name for name, n in taken.items() if n > 1}
    for path, html in pages.items():
        text = breakable(label_cells(fold(rename(html, path.relative_to(app.outdir), common, taken))))
        path.write_text(text.replace("</body>", "<!-- folded --></body>"), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", _finish, priority=320)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
