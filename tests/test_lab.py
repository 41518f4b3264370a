"""`make lab`: the reader's folder keeps what the reader wrote, and takes what the book offers."""

import contextlib
import json
import subprocess
import time
import urllib.request
from pathlib import Path

import build
import freshness
import lab
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def made(tmp_path):
    """A folder with the one notebook that a build has made, and the reader's folder beside it."""
    folder = tmp_path / "made"
    folder.mkdir()

    def write(text):
        (folder / "elbo.ipynb").write_text(text)
        return lab.offer([folder / "elbo.ipynb"], tmp_path / "mine")

    write.mine = tmp_path / "mine"
    return write


def names(folder):
    return sorted(p.name for p in folder.glob("*.ipynb"))


def test_a_notebook_that_nobody_changed_follows_the_book(made):
    assert made("one") == []
    assert made("two") == []
    assert (made.mine / "elbo.ipynb").read_text() == "two"
    assert names(made.mine) == ["elbo.ipynb"]


def test_what_the_reader_changed_is_never_written_again(made):
    made("one")
    (made.mine / "elbo.ipynb").write_text("mine")
    assert made("one") == []
    assert made("two") == ["elbo (new).ipynb"]
    assert made("two") == []
    assert {p.name: p.read_text() for p in made.mine.glob("*.ipynb")} == {
        "elbo.ipynb": "mine", "elbo (new).ipynb": "two"}


def test_a_new_version_that_the_reader_changed_is_kept_too(made):
    made("one")
    (made.mine / "elbo.ipynb").write_text("mine")
    made("two")
    assert made("three") == ["elbo (new).ipynb"]
    (made.mine / "elbo (new).ipynb").write_text("mine as well")
    assert made("four") == ["elbo (new 2).ipynb"]
    assert (made.mine / "elbo (new).ipynb").read_text() == "mine as well"


def test_a_notebook_that_was_there_before_is_the_readers(made):
    made.mine.mkdir()
    (made.mine / "elbo.ipynb").write_text("mine")
    assert made("one") == ["elbo (new).ipynb"]
    assert (made.mine / "elbo.ipynb").read_text() == "mine"


def test_a_notebook_that_was_thrown_away_comes_back(made):
    made("one")
    (made.mine / "elbo.ipynb").unlink()
    made("one")
    assert (made.mine / "elbo.ipynb").read_text() == "one"


def test_what_the_book_made_is_trusted_and_what_the_reader_changed_is_not(tmp_path, monkeypatch):
    import nbformat
    from nbformat.sign import NotebookNotary

    (tmp_path / "data").mkdir()
    monkeypatch.setattr(lab.surroundings, "OURS", str(tmp_path))
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("one")])
    nbformat.write(notebook, tmp_path / "a.ipynb")
    lab.trust([tmp_path / "a.ipynb"])
    notary = NotebookNotary(data_dir=str(tmp_path / "data"))
    assert notary.check_signature(nbformat.read(tmp_path / "a.ipynb", as_version=4))
    notebook.cells[0].source = "two"
    assert not notary.check_signature(notebook)


def test_the_start_page_links_every_chapter_by_its_title(tmp_path):
    cells = [{"cell_type": "markdown", "source": [text]} for text in ("*Welcome.*", "# 2. The bound")]
    (tmp_path / "elbo.ipynb").write_text(json.dumps({"cells": cells}))
    assert "- [2. The bound](elbo.ipynb)" in lab.start_page(["elbo.ipynb"], tmp_path)


def test_the_published_notebooks_are_offered_in_the_order_of_the_book():
    assert lab.chapters() == [f"{page.split('/')[-1]}.ipynb" for page in build.notebook_pages()]


@pytest.mark.parametrize("author", [False, True], ids=["reader", "author"])
def test_only_an_author_gets_the_books_own_folder(author, monkeypatch, tmp_path):
    monkeypatch.setattr(lab.surroundings, "OURS", str(tmp_path))
    line = lab.command(author, ["--no-browser"])
    root = next(Path(part.partition("=")[2]) for part in line if part.startswith("--ServerApp.root_dir="))
    assert root == (ROOT if author else ROOT / "notebooks")
    assert line[-1] == "--no-browser"


@pytest.mark.parametrize("argument", ["elbo", "--nonsense", "--port", "--author=yes", ""])
def test_a_wrong_argument_is_answered_with_one_line_before_anything_is_built(argument, capsys):
    assert lab.main([argument]) == 2
    assert capsys.readouterr().err == lab.USAGE + "\n"


def announced(folder):
    """What the server says of itself, None before its file is there and whole."""
    for path in folder.glob("jpserver-*.json"):
        with contextlib.suppress(ValueError):
            return json.loads(path.read_text())


@pytest.fixture
def server(tmp_path, monkeypatch):
    """JupyterLab's own server on a reader's folder with one notebook; a function that asks it."""
    monkeypatch.setattr(lab, "FOLDER", tmp_path / "notebooks")
    monkeypatch.setattr(lab.surroundings, "OURS", str(tmp_path / "home"))
    lab.surroundings.prepare()
    lab.offer([lab.MADE / "elbo.ipynb"], lab.FOLDER)
    line = lab.command(False, ["--no-browser", "--allow-root", "--ServerApp.port=0"])
    with subprocess.Popen(line, env=lab.surroundings.clean(), cwd=lab.FOLDER, stderr=subprocess.DEVNULL) as process:
        try:
            end = time.monotonic() + 90
            while not (told := announced(tmp_path / "home" / "runtime")):
                assert process.poll() is None
                assert time.monotonic() < end
                time.sleep(0.2)

            def ask(path, method="GET", body=None):
                sent = json.dumps(body).encode() if body else None
                request = urllib.request.Request(f"{told['url']}api/{path}", sent, method=method,
                                                 headers={"Authorization": f"token {told['token']}"})
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return json.loads(answer.read() or "null")

            yield ask
        finally:
            process.terminate()


def test_what_is_saved_in_the_lab_stays_in_the_readers_folder(server):
    before = {p: p.read_bytes() for p in (ROOT / "book").rglob("*.md")}
    assert {entry["name"] for entry in server("contents")["content"]} == {"elbo.ipynb"}
    model = server("contents/elbo.ipynb")
    spec = server("kernelspecs")["kernelspecs"][model["content"]["metadata"]["kernelspec"]["name"]]["spec"]
    assert spec["display_name"] == model["content"]["metadata"]["kernelspec"]["display_name"]  # so nobody is asked
    model["content"]["cells"][0]["source"] = "mine"
    server("contents/elbo.ipynb", "PUT", {"type": "notebook", "format": "json", "content": model["content"]})
    assert lab.offer([lab.MADE / "elbo.ipynb"], lab.FOLDER) == []
    assert json.loads((lab.FOLDER / "elbo.ipynb").read_text())["cells"][0]["source"] == ["mine"]
    assert {p: p.read_bytes() for p in (ROOT / "book").rglob("*.md")} == before


@pytest.mark.parametrize("page", build.notebook_pages())
def test_a_page_that_an_author_saves_unchanged_builds_as_before(page):
    import jupytext
    from myst_nb.core.config import NbParserConfig
    from myst_nb.core.read import create_nb_reader
    from myst_parser.config.main import MdParserConfig

    def cells(text):
        notebook = create_nb_reader("x.md", MdParserConfig(), NbParserConfig(), text).read(text)
        return [(c.cell_type, c.source.strip(), dict(c.metadata)) for c in notebook.cells]

    text = (ROOT / f"{page}.md").read_text(encoding="utf-8")
    saved = jupytext.writes(jupytext.reads(text, fmt="md:myst"), fmt="md:myst")
    assert [code.strip() for code in freshness.codes(saved)] == [code.strip() for code in freshness.codes(text)]
    assert freshness.is_notebook(saved)
    assert cells(saved) == cells(text)
