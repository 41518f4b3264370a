"""Publish the executed notebooks: with their outputs, and offered for download on their pages.

MyST-NB writes the notebook that it parsed, which has no outputs when they came from the cache. nbval would compare
nothing in such a notebook and pass. So the outputs are merged in again here, once each page has been read.
"""

from pathlib import Path

import freshness
import nbformat
from jupyter_cache import get_cache

WELCOME = """*This notebook is a page of the book "The reparameterization trick". Its cells use the book's
helper package `reparam`: from a copy of the book's repository, `pip install .` installs it, with NumPy, SciPy, PyTorch
and Matplotlib. (On Linux pip fetches PyTorch's CUDA build, several GB; the repository's README says how to take the
small one.) {data}The notebook then runs from any folder.*"""
DATA = "Its real data come with scikit-learn: `pip install scikit-learn` as well. "


def published(app, docname):
    """Where the executed notebook of a page lies, whether or not it exists."""
    return Path(app.outdir).parent / "jupyter_execute" / f"{docname}.ipynb"


def _welcome(app, pagename):
    text = Path(app.env.doc2path(pagename)).read_text(encoding="utf-8")
    code = [text, *(p.read_text(encoding="utf-8") for p in freshness.helper_files(text, pagename.split("/")[-1]))]
    return WELCOME.format(data=DATA if any("from sklearn" in part for part in code) else "")


def _publish(app, doctree):
    path = published(app, app.env.docname)
    if app.env.docname in app.env.reparam_digests and path.is_file():
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        _, merged = get_cache(app.config.nb_execution_cache_path).merge_match_into_notebook(notebook)
        for number, cell in enumerate(merged.cells):  # random ids would make every build another book
            cell.id = f"{app.env.docname.split('/')[-1]}-{number}"
        nbformat.write(merged, path)


def _offer(app, pagename, templatename, context, doctree):
    path = published(app, pagename)
    if pagename in app.env.reparam_digests and path.is_file():
        notebook = nbformat.read(path, nbformat.NO_CONVERT)
        notebook.cells.insert(0, nbformat.v4.new_markdown_cell(_welcome(app, pagename), id="welcome"))
        target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
        target.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(notebook, target)
        context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app):
    """Register with Sphinx."""
    app.connect("doctree-read", _publish)
    app.connect("html-page-context", _offer, priority=400)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
