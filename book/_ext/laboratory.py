"""``{laboratory}``: the live figure of the book, with a static picture that the same scripts draw at build time."""

from functools import cache
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from javascript import run
from sphinx.util.docutils import SphinxDirective

FOLDER = Path(__file__).resolve().parents[1] / "_static" / "laboratory"
PURE = ("numbers.js", "words.js", "drawing.js")  # no page needed; controls.js adds what a reader moves
STYLE = "laboratory.css"
OPTIONS = {
    "preset": directives.unchanged_required, "caption": directives.unchanged_required,
    "size": lambda text: directives.choice(text, ("small", "full")), "name": directives.unchanged,
}


def scripts():
    """The texts of the scripts that need no page, in order."""
    return [(FOLDER / name).read_text(encoding="utf-8") for name in PURE]


@cache
def presets():
    """Names of all presets, in the order of words.js."""
    return run(scripts(), "() => Object.keys(laboratory.WORDS.PRESETS)", None)


@cache
def still(preset, size):
    """The figure as HTML, as it stands before any script runs.

    Parameters
    ----------
    preset : str
        A name of :func:`presets`.
    size : {"full", "small"}

    Returns
    -------
    str
    """
    call = "({ preset, size }) => laboratory.DRAWING.markup(laboratory.DRAWING.open(preset), size)"
    return run(scripts(), call, {"preset": preset, "size": size})


class Laboratory(SphinxDirective):
    """A numbered figure. ``preset`` names one or more presets, the first is shown at the start."""

    option_spec = OPTIONS

    def run(self):
        names, size = self.options.get("preset", "").split(), self.options.get("size", "full")
        if not names or not set(names) <= set(presets()):
            raise self.error(f"preset must name some of {', '.join(presets())}, got {' '.join(names) or 'none'}")
        if "caption" not in self.options:
            raise self.error("a laboratory needs a caption")
        for file in (*PURE, "controls.js", STYLE):
            self.env.note_dependency(str(FOLDER / file))
        html = f'<div class="lab" data-presets="{" ".join(names)}" data-size="{size}">{still(names[0], size)}</div>'
        figure = nodes.figure("", nodes.raw("", html, format="html"), classes=["laboratory"])
        words, messages = self.parse_inline(self.options["caption"])
        figure += nodes.caption("", "", *words)
        self.set_source_info(figure)
        self.add_name(figure)
        return [figure, *messages]


def _load(app, page, template, context, doctree):
    """Scripts and style come with the pages that show a laboratory, and with no others."""
    if doctree and any("laboratory" in figure["classes"] for figure in doctree.findall(nodes.figure)):
        app.add_css_file(f"laboratory/{STYLE}")
        for name in (*PURE, "controls.js"):
            app.add_js_file(f"laboratory/{name}", loading_method="defer")


def setup(app):
    """Register with Sphinx."""
    app.add_directive("laboratory", Laboratory)
    app.connect("html-page-context", _load)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
