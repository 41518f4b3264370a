"""Tie chapters and the pages of their helpers together: each names the other, as the imports stand in the code."""

from pathlib import Path

import freshness
from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.util.nodes import make_refnode

FOLDER = "book/api/"


def _has_page(app, module):
    return (Path(app.srcdir) / FOLDER / f"{module}.md").is_file()


def _imports(source):
    """Modules as paths below the package, such as ``laws/gaussian``; a folder stands for what its roof imports."""
    found = set()
    for path in filter(None, map(freshness.file_of, freshness.modules(source))):
        name = path.relative_to(freshness.PACKAGE).with_suffix("").as_posix()
        found |= _imports(path.read_text(encoding="utf-8")) if path.stem == "__init__" else {name}
    return found


def _own(docname):
    return f"chapters/{docname.rpartition('/')[2]}"


def _used(app, docname):
    """Modules that a chapter's cells or its own helpers import, and that have a page."""
    text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
    own = freshness.PACKAGE / f"{_own(docname)}.py"
    found = _imports(freshness.cells(text)) | _imports(own.read_text(encoding="utf-8"))
    return {module for module in found if _has_page(app, module)}


def _listed(links):
    """The links with commas between them and a full stop after the last."""
    parts = [part for link in links for part in (nodes.Text(", "), link)]
    return [*parts[1:], nodes.Text(".")]


def _to_page(app, module):
    name = nodes.literal("", f"reparam.{module}".replace("/", "."))
    return pending_xref("", name, refdomain="std", reftype="doc", refexplicit=True,
                        refdoc=app.env.docname, reftarget=f"/{FOLDER}{module}", refwarn=True)


def _name_helpers(app, doctree):
    docname = app.env.docname
    own = _own(docname)
    if docname in app.env.reparam_digests and _has_page(app, own):
        line = nodes.paragraph(classes=["helpers-link"])
        line += nodes.Text("The helpers of this chapter, with shapes, units and errors: ")
        line += [_to_page(app, own), nodes.Text(". Others that it uses: ")]
        line += _listed([_to_page(app, module) for module in sorted(_used(app, docname) - {own})])
        next(iter(doctree.findall(nodes.section))).append(line)


def _find_users(app, env):
    """Which chapters use which module; pages of modules whose users have changed are written again."""
    before, users = getattr(env, "reparam_users", {}), {}
    for docname in env.toctree_includes.get(env.config.root_doc, []):
        if docname in env.reparam_digests and _has_page(app, _own(docname)):
            for module in _used(app, docname) - {_own(docname)}:
                users.setdefault(module, []).append((docname, env.titles[docname].astext()))
    env.reparam_users = users
    changed = (f"{FOLDER}{m}" for m in users.keys() | before.keys() if users.get(m) != before.get(m))
    return [docname for docname in changed if docname in env.found_docs]


def _name_users(app, doctree, docname):
    module = docname.removeprefix(FOLDER)
    users = app.env.reparam_users.get(module) if docname != module else None
    if users:
        line = nodes.paragraph()
        own = module.startswith("chapters/")
        line += nodes.Text("Later chapters that use them: " if own else "Used in: ")
        line += _listed([make_refnode(app.builder, docname, user, "", nodes.Text(title)) for user, title in users])
        next(iter(doctree.findall(nodes.section))).insert(2 if own else 1, line)


def _skip_fields(app, what, name, member, skip, options):
    """Fields of named tuples, of which Python says their number alone: the class tells what they hold."""
    return True if str(getattr(member, "__doc__", "")).startswith("Alias for field number") else None


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _name_helpers)
    app.connect("autodoc-skip-member", _skip_fields)
    app.connect("env-updated", _find_users)
    app.connect("doctree-resolved", _name_users)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
