"""Break a small copy of the book on purpose, and see the build go red and say where."""

from pathlib import Path

import freshness
from samples.book import DRAWS

ROOT = Path(__file__).resolve().parents[1]


def test_pages_run_again_exactly_when_what_they_use_has_changed(built):
    book = built
    assert book.green() == []
    book.swap("src/reparam/tiny.py", "Their sum", "The sum")
    assert book.green() == ["book/uses"]
    book.swap("book/apart.md", "that uses none", "that still uses none")
    assert book.green() == []
    assert "that still uses none" in (book.root / "_build/html/book/apart.html").read_text()
    book.swap("requirements.txt", "pluggy==", "pluggy== ")  # no page imports it
    assert book.green() == []
    book.swap("requirements.txt", "numpy==", "numpy== ")
    assert sorted(book.green()) == ["book/apart", "book/uses"]
    assert sorted(book.green(REPARAM_SEED="7")) == ["book/apart", "book/uses"]


def test_a_wrong_helper_fails_the_check_and_names_the_cell(book):
    book.swap("src/reparam/tiny.py", "return a + b", "return a - b")
    book.red("code cell 2 of book/uses.md failed", "CheckFailed", "tiny-sum")
    ran = book.build_alone(PYTHONOPTIMIZE="1")  # and again: no failure is remembered as success, and checks stay on
    book.red("code cell 2 of book/uses.md failed", "CheckFailed", ran=ran)
    book.swap("src/reparam/tiny.py", "return a - b", "return a + b")
    book.green()


def test_a_cell_that_raises_is_named(book):
    book.swap("book/apart.md", "1 + 1", "1 / 0")
    book.red("code cell 1 of book/apart.md failed: ZeroDivisionError")


def test_a_cell_that_warns_fails(book):
    book.swap("book/apart.md", "1 + 1", "import warnings; warnings.warn('careful')")
    book.red("stderr", "apart")


def test_what_does_not_resolve_fails_each_time(book):
    dangling = "{eq}`no-equation` {prf:ref}`no-claim` {cite}`nobody` {numref}`no-figure` {doc}`no-page`"
    book.swap("book/apart.md", "# A page that uses none", f"# A page\n\n{dangling}\n\n#### Too deep")
    cell = "from reparam import checks as check\ncheck.less('no-such-label', 0.0, 1.0)"
    book.swap("book/apart.md", "1 + 1", cell)
    words = ("no-equation", "no-claim", "nobody", "no-figure", "no-page", "Non-consecutive header", "no-such-label")
    book.red(*words)
    book.red(*words)


def test_a_page_that_does_not_exist_is_named(book):
    (book.root / "book/apart.md").unlink()
    book.red("_toc.yml names book/apart, but there is no book/apart.md")


def test_a_figure_without_a_picture_is_refused_and_never_served_from_the_cache(book):
    import nbformat

    book.swap("_toc.yml", "  - file: book/checks\n", "  - file: book/checks\n  - file: book/draws\n")
    book.write("book/draws.md", DRAWS.replace("axes.plot([0, 1], [0, 1]);", "plt.close()"))
    book.red("code cell 1 of book/draws.md is to be a figure, but it shows no picture")
    book.write("book/draws.md", DRAWS)
    assert book.green() == ["book/draws"]
    for path in (book.root / "_build/.jupyter_cache/executed").rglob("base.ipynb"):  # poison the cache
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if "fig-line" in str(cell.metadata):
                cell.outputs = []
                nbformat.write(notebook, path)
    (book.root / "_build/done.json").unlink()
    assert book.green() == ["book/draws"]
    assert "fig-line" in (book.root / "_build/html/book/draws.html").read_text()


def test_a_page_that_jupyterlab_has_saved_still_builds(book):
    import jupytext

    for page in sorted((ROOT / "book").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if freshness.is_notebook(text):
            saved = jupytext.writes(jupytext.reads(text, "md:myst"), "md:myst")
            before, after = (freshness.cells(t).split() for t in (text, saved))
            assert before == after, page.name
    cell = ":tags: [hide-input]\n:editable: true\n\nfrom reparam import checks as check\n"
    book.swap("book/uses.md", "from reparam import checks as check\n", cell)
    book.green()
    book.swap("src/reparam/tiny.py", "Their sum", "The sum")
    assert book.green() == ["book/uses"]


def test_a_kernel_whose_port_was_taken_is_started_once_more(monkeypatch):
    import asyncio

    import build
    import nbclient
    import nbformat

    tries = []

    class Unlucky(nbclient.NotebookClient):
        async def async_execute(self):
            tries.append(self)
            if len(tries) == 1:
                raise RuntimeError("Kernel died before replying to kernel_info")
            return await super().async_execute()

    class Quiet:
        def started(self, name): ...

        def ended(self, name, seconds): ...

    class Cache:
        def cache_notebook_bundle(self, bundle, **options):
            return bundle

    monkeypatch.setattr(nbclient, "NotebookClient", Unlucky)
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("6 * 7")])
    bundle = asyncio.run(build.execute("book/page", page, asyncio.Semaphore(1), Quiet(), Cache()))
    assert len(tries) == 2
    assert bundle.nb.cells[0].outputs[0]["data"]["text/plain"] == "42"
