"""Publish the executed notebooks, with their outputs, and offer each reader one to write in.

MyST-NB writes the notebook that it parsed, which has no outputs when they came from the cache. nbval would compare
nothing in such a notebook and pass. So the outputs are merged in again here, once each page has been read. What a page
offers for download is made from it and from the page's resolved text.
"""

import base64
import json
import mimetypes
import posixpath
import re
from functools import partial
from pathlib import Path

import freshness
import nbformat
from handouts import handout, state
from jupyter_cache import get_cache
from plain import Writer, folded

WELCOME = """*This notebook is a page of the book "The reparameterization trick". {install} {data}Links to other
chapters open their notebooks if these lie in the same folder. Exercises have a blank cell each; their solutions are
folded.*"""
CLONE = """Its cells use the book's helper package `reparam`: in a copy of the book's repository, `pip install .`
installs it, with NumPy, SciPy, PyTorch and Matplotlib. (On Linux pip may fetch PyTorch's CUDA build, several GB; the
repository's README says how to take the small one.)"""
NEXT = "The next cell installs the book's helper package `reparam`, unless it is there."
DATA = "Its real data come with scikit-learn: `pip install scikit-learn` as well. "
INSTALL = """try:
    import reparam
except ModuleNotFoundError:
    %pip install --quiet {place}"""
CHECKED = re.compile(r"^(\S+) ✓ ", re.MULTILINE)


def published(app, docname):
    """Where the executed notebook of a page lies, whether or not it exists."""
    return Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"


def _welcome(app, docname, legend):
    """The cells before a page's first: what this is, how its helpers are installed, and what the labels mean."""
    text = Path(app.env.doc2path(docname)).read_text(encoding="utf-8")
    code = [text, *(p.read_text(encoding="utf-8") for p in freshness.helper_files(text, docname.split("/")[-1]))]
    place = app.config.reparam_place
    said = WELCOME.format(install=NEXT if place else CLONE, data=DATA if any("sklearn" in c for c in code) else "")
    cells = [nbformat.v4.new_markdown_cell(" ".join(said.split()) + legend)]
    return [*cells, nbformat.v4.new_code_cell(INSTALL.format(place=place))] if place else cells


def _publish(app, doctree):
    state(doctree, app.env.docname.split("/")[-1])
    path = published(app, app.env.docname)
    if app.env.docname in app.env.reparam_digests and path.is_file():
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        _, merged = get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)
        for number, cell in enumerate(merged.cells):  # random ids would make every build another book
            cell.id = f"{app.env.docname.split('/')[-1]}-{number}"
        nbformat.write(merged, path)


def _number(env, docname, kind, name):
    """The number that a page shows for one of its parts; the page itself is the section without a name."""
    if kind == "section":
        found = env.toc_secnumbers.get(docname, {}).get(f"#{name}" if name else "")
    else:
        found = env.toc_fignumbers.get(docname, {}).get(kind, {}).get(name)
    return ".".join(map(str, found or ()))


def _named(env, label):
    """What a check's label stands for, as pages call it: an equation's number, or a claim's kind and number."""
    docname, anchor = env.reparam_anchors.get(label, ("", ""))
    for kind, numbers in env.toc_fignumbers.get(docname, {}).items():
        if anchor in numbers:
            number = ".".join(map(str, numbers[anchor]))
            return f"({number})" if kind == "displaymath" else f"{kind.capitalize()} {number}"
    return ""


def _legend(env, executed):
    """A folded list of the labels that this notebook's checks print."""
    shown = "\n".join(json.dumps(c.get("outputs", []), ensure_ascii=False) for c in executed.cells)
    labels = dict.fromkeys(CHECKED.findall(shown.replace("\\n", "\n").replace('"', "\n")))
    rows = [f"`{label}`: {name}" for label in labels if (name := _named(env, label))]
    return "\n\n" + folded("What the labels of the checks stand for", "; ".join(rows)) if rows else ""


def _paper(env, anchor):
    """The address of a reference of the bibliography."""
    for citation in env.get_domain("cite").citations:
        if citation.citation_id == anchor:
            fields = env.get_domain("cite").bibdata.data.entries[citation.key].fields
            if "doi" in fields:
                return f"https://doi.org/{fields['doi']}"
            return f"https://arxiv.org/abs/{fields['eprint']}" if "eprint" in fields else fields.get("url", "")
    return ""


def _link(app, docname, reference):
    """Where a reference of a page leads in its notebook: to a part of it, another notebook, a paper, the web."""
    address = reference.get("refuri") or f"#{reference.get('refid', '')}"
    if not reference.get("internal") or re.match(r"\w+:", address):
        return address
    page, _, anchor = address.partition("#")
    if not page:
        return f"#{anchor}"
    target = posixpath.normpath(posixpath.join(posixpath.dirname(docname), page)).removesuffix(".html")
    if target in app.env.reparam_digests:
        return f"{target.split('/')[-1]}.ipynb" + (f"#{anchor}" if anchor else "")
    return _paper(app.env, anchor) or _on_the_web(app, target, anchor)


def _on_the_web(app, target, anchor):
    """The address of a page that is no notebook; empty as long as the book has no home on the web."""
    base = app.config.html_baseurl
    return f"{base.rstrip('/')}/{target}.html" + (f"#{anchor}" if anchor else "") if base else ""


def _picture(app, uri):
    """An image within the notebook's own text."""
    data = base64.b64encode((Path(app.srcdir) / uri).read_bytes()).decode()
    return f"data:{mimetypes.guess_type(uri)[0]};base64,{data}"


def _offer(app, pagename, templatename, context, doctree):
    path = published(app, pagename)
    if pagename in app.env.reparam_digests and path.is_file():
        executed = nbformat.read(path, nbformat.NO_CONVERT)
        writer = Writer(partial(_number, app.env, pagename), partial(_link, app, pagename), partial(_picture, app))
        welcome = _welcome(app, pagename, _legend(app.env, executed))
        target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        text = nbformat.writes(handout(writer.blocks(doctree), executed, welcome, target.stem)) + "\n"
        target.write_text(text, encoding="utf-8")
        script = f"reparamNotebook({json.dumps(target.name)}, {json.dumps(text)});\n"
        target.with_name(f"{target.name}.js").write_text(script, encoding="utf-8")
        context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("reparam_place", "", "html")
    app.connect("doctree-read", _publish)
    app.connect("html-page-context", _offer, priority=400)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
