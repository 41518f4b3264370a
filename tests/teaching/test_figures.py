"""Plots and sliders: one style, stable bytes, labels that a screen reader can use."""

import matplotlib
import pytest

from reparam.teaching import figures

matplotlib.use("Agg")


def draw(value):
    figure, ax = figures.panels(height=2.0)
    ax.plot([0, 1], [0, value])
    figures.note(ax, 0.5, 0.5, "line")
    return figure


def test_slider_is_the_same_on_every_run_and_complete():
    first = figures.slider(draw, [0.5, 1.0], "slope", "A line that gets steeper.")._repr_html_()
    assert first == figures.slider(draw, [0.5, 1.0], "slope", "A line that gets steeper.")._repr_html_()
    assert 'alt="A line that gets steeper."' in first
    assert "<label>slope <input" in first
    assert 'aria-valuetext="1"' in first
    assert "http" not in first


def test_slider_escapes_its_texts():
    html = figures.slider(draw, [1.0], "a < b", 'say "x"')._repr_html_()
    assert "a &lt; b" in html
    assert "say &quot;x&quot;" in html


@pytest.mark.parametrize(("values", "label", "alt"),
                         [([], "a", "b"), (range(25), "a", "b"), ([1], " ", "b"), ([1], "a", "")],
                         ids=["none", "many", "no label", "no alt"])
def test_slider_refuses_what_a_reader_could_not_use(values, label, alt):
    with pytest.raises(ValueError, match="a slider needs"):
        figures.slider(draw, values, label, alt)


@pytest.mark.parametrize("columns", [0, 4], ids=["none", "four"])
def test_panels_fit_a_column_of_text(columns):
    with pytest.raises(ValueError, match="columns must be"):
        figures.panels(columns)


def test_html_repr_tells_its_size_only():
    assert repr(figures.Html("x" * 2500)) == "<figure of 3 kB>"


def test_a_notebook_shows_every_figure_not_only_the_first():
    # a kernel of its own: the notebook backend loads once per process, at the first figure
    import nbformat
    from nbclient import NotebookClient

    source = "from reparam.teaching import figures\nfigure, ax = figures.panels()"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for _ in range(3)])
    NotebookClient(notebook, kernel_name="python3", shutdown_kernel="immediate").execute()
    shown = [sum("image/png" in out.get("data", {}) for out in cell.outputs) for cell in notebook.cells]
    assert shown == [1, 1, 1]


def test_table_names_its_columns_and_rows_and_escapes_texts():
    html = figures.table(["cost", "variance"], [["x < 1", "0.5"]], "Two & one")._repr_html_()
    assert "<caption>Two &amp; one</caption>" in html
    assert '<th scope="col">variance</th>' in html
    assert '<th scope="row">x &lt; 1</th><td>0.5</td>' in html


@pytest.mark.parametrize(("rows", "caption", "match"),
                         [([["a", "1"]], " ", "needs a caption"), ([], "c", "needs a caption"),
                          ([["a"]], "c", "rows of 2 cells"), ([["a", 1.0]], "c", "cells must be text")],
                         ids=["no caption", "no rows", "short row", "number"])
def test_table_refuses_what_a_reader_could_not_use(rows, caption, match):
    with pytest.raises(ValueError, match=match):
        figures.table(["h", "k"], rows, caption)
