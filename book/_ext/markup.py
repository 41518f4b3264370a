"""Small tools for HTML that is already written: elements as pieces of text."""

import re


def element(html, start):
    """End of the element whose tag begins at ``start``: where its closing tag ends.

    Parameters
    ----------
    html : str
        Well-formed as Sphinx writes it.
    start : int
        Index of the element's ``<``.

    Returns
    -------
    int
    """
    name = re.match(r"<(\w+)", html[start:])[1]
    depth = 0
    for tag in re.compile(rf"<(/?){name}\b[^>]*?(/?)>").finditer(html, start):
        depth += -1 if tag[1] else 0 if tag[2] else 1
        if depth == 0:
            return tag.end()
    raise ValueError(f"<{name}> at {start} is not closed")


def words(html):
    """The text of a piece of HTML, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


def article(html):
    """Start and end of the page's own text; (0, 0) if there is none."""
    start = html.find('<article class="bd-article"')
    return (start, element(html, start)) if start >= 0 else (0, 0)
