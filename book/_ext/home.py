"""Links that a page has once the book has an address, and the box that says how to cite it."""

import sys
from html import escape
from pathlib import Path

import yaml
from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
import address

LOGOS = {"Colab": "_static/images/logo_colab.png", "Binder": "_static/images/logo_binder.svg"}


def bibtex(citation, site=""):
    """What a reader pastes into a bibliography.

    Parameters
    ----------
    citation : dict
        The content of CITATION.cff.
    site : str
        Address of the published book, if it has one.
    """
    authors = " and ".join(f"{{{author['name']}}}" for author in citation["authors"])
    fields = {"title": f"{{{citation['title']}}}", "author": authors,
              "year": str(citation["date-released"])[:4],
              "note": f"Executable lecture notes, version {citation['version']}", "url": site}
    lines = ",\n".join(f"  {name:<6} = {{{value}}}" for name, value in fields.items() if value)
    return f"@book{{reparameterization-trick,\n{lines}\n}}"


class Cite(SphinxDirective):
    """The box with the citation; its copy button is the one of every block of code."""

    def run(self):
        path = ROOT / "CITATION.cff"
        self.env.note_dependency(str(path))
        text = bibtex(yaml.safe_load(path.read_text(encoding="utf-8")), self.config.html_baseurl)
        return [nodes.literal_block(text, text, language="bibtex")]


def mistake(url, page):
    """The line at the foot of a page."""
    false, lost = (escape(address.report(url, form, page)) for form in ("sentence", "line"))
    return (f'<p class="mistake">Found a mistake? <a href="{false}">A sentence is false</a> · '
            f'<a href="{lost}">I could not follow a line</a></p>')


def launch(url, page):
    """The menu at the head of a page that runs."""
    buttons = [{"type": "link", "text": name, "tooltip": f"Run this page on {name}", "url": where, "icon": LOGOS[name]}
               for name, where in address.elsewhere(url, page).items()]
    return {"type": "group", "tooltip": "Run this page elsewhere", "icon": "fas fa-rocket", "buttons": buttons,
            "label": "launch-buttons"}


def _where(app, config):
    url = config.html_theme_options.get("repository_url") or ""
    config.html_baseurl = address.published(url, config.html_baseurl or "")
    if url and not config.reparam_place:
        config.reparam_place = f"git+{url}"


def _links(app, pagename, templatename, context, doctree):
    url = app.config.html_theme_options.get("repository_url") or ""
    if url:
        context["theme_extra_footer"] = mistake(url, pagename)
        if context.get("ipynb_source"):
            context["header_buttons"].append(launch(url, pagename))


def setup(app):
    """Register with Sphinx."""
    app.add_directive("cite-this-book", Cite)
    app.connect("config-inited", _where)
    app.connect("html-page-context", _links, priority=510)  # after the theme's own buttons
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
