"""Tie each chapter to the page of its helpers: a closing line on the chapter, and pages that autodoc fills."""

from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref


def _add_link(app, doctree):
    folder, _, name = app.env.docname.rpartition("/")
    if folder == "book" and (Path(app.srcdir) / "book" / "api" / f"{name}.md").is_file():
        line = nodes.paragraph(classes=["helpers-link"])
        line += nodes.Text("The helpers of this chapter, with shapes, units and errors: ")
        target = f"book/api/{name}"
        reference = pending_xref("", nodes.literal("", f"reparam.{name}"), refdomain="std", reftype="doc",
                                 refdoc=app.env.docname, reftarget=f"/{target}", refexplicit=True, refwarn=True)
        line += reference
        line += nodes.Text(".")
        next(iter(doctree.findall(nodes.section))).append(line)


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _add_link)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
