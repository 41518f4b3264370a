"""Small tools for HTML that is already written: elements as pieces of text."""

import re

MATH = re.compile(r"\\([\[(])(.*?)\\[\])]", re.DOTALL)
GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "theta": "θ", "lambda": "λ", "mu": "μ",
         "sigma": "σ", "tau": "τ", "phi": "φ", "psi": "ψ", "nabla": "∇", "pi": "π", "eta": "η", "cdot": "·"}

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


def _plain(tex):
    """TeX as somebody would type it: Greek letters, and no braces."""
    tex = re.sub(r"\\([a-zA-Z]+)", lambda m: GREEK.get(m[1], f" {m[1]} " if m[1] in ("log", "exp") else " "), tex)
    return re.sub(r"[{}\\]", "", tex)


def as_typed(html):
    """The text of HTML that has not been typeset, on one line, with its formulas as somebody would type them."""
    return words(MATH.sub(lambda m: _plain(m[2]), html))


def article(html):
    """Start and end of the page's own text; (0, 0) if there is none."""
    start = html.find('<article class="bd-article"')
    return (start, element(html, start)) if start >= 0 else (0, 0)
