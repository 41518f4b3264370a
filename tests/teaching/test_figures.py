"""Plots and sliders: one style, stable bytes, labels that a screen reader can use."""

import re
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from reparam.teaching import figures

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parents[2]


def draw(value):
    figure, ax = figures.panels(height=2.0)
    ax.plot([0, 1], [0, value])
    figures.note(ax, 0.5, 0.5, "line")
    return figure


def test_slider_is_the_same_on_every_run_and_complete():
    first = figures.slider(draw, [0.5, 1.0], "slope", "A line that gets steeper.")._repr_html_()
    assert first == figures.slider(draw, [0.5, 1.0], "slope", "A line that gets steeper.")._repr_html_()
    assert 'aria-label="A line that gets steeper."' in first
    assert re.search(r'<label for="(slider-\w+-set)">slope</label>.*<input id="\1"', first, re.DOTALL)
    assert 'aria-valuetext="1"' in first
    assert re.findall("http[^\"]*", first) == ["http://www.w3.org/2000/svg"] * 3


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
    shown = [sum("image/svg+xml" in out.get("data", {}) for out in cell.outputs) for cell in notebook.cells]
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


def test_vector_graphics_follow_the_theme_and_hold_no_ids_that_clash():
    one, other = figures._svg(draw(0.5)), figures._svg(draw(1.0))
    assert "var(--fig-blue,#0b62a8)" in one
    assert "var(--fig-paper,#ffffff)" in one
    ids = [set(re.findall(r' id="((?!DejaVu)[^"]+)"', svg)) for svg in (one, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', one)) <= set(re.findall(r' id="([^"]+)"', one))
    assert "<style" not in one


def test_panels_of_a_figure_are_told_apart():
    figure, (left, right) = figures.panels(2, height=2.0)
    left.plot([0, 1])
    right.plot([1, 0])
    places = re.search(r'data-panels="([^"]+)"', figures._svg(figure))[1].split()
    (start, width), (second, _) = (map(float, place.split(",")) for place in places)
    assert start + width <= second + 8


def test_what_is_dense_is_drawn_in_points_within_the_limit():
    figure, ax = figures.panels()
    ax.plot(*np.random.default_rng(0).normal(size=(2, 20_000)))
    assert figures._svg(figure) is None
    assert len(figures._png(figure)) * 3 / 4 <= 26_000


def test_a_crowd_of_points_leaves_letters_and_curves_sharp():
    def cloud():
        figure, ax = figures.panels()
        ax.plot(*np.random.default_rng(0).normal(size=(2, 20_000)), ".", color=figures.BLUE)
        ax.plot([0, 1], color=figures.RED)
        ax.set(xlabel="x")
        return figures._svg(figure)

    svg = cloud()
    assert svg.count("<image ") == svg.count('<image style="filter:var(--fig-points)"') == 1
    assert svg.count('id="DejaVuSans') > 5  # minus, digits, x
    assert "var(--fig-red" in svg
    assert "var(--fig-blue" not in svg
    assert svg == cloud()


def test_each_panel_has_its_own_numbers_for_it_may_stand_alone():
    _, axes = figures.panels(3, sharey=True)
    assert all(ax.yaxis.get_tick_params()["labelleft"] for ax in axes)


def test_bars_are_as_long_as_their_numbers():
    figure = figures.bars({"all terms": 1.0, "own terms": 0.5}, 2.0, "error", "κ = 1")
    assert [round(bar.get_width(), 3) for bar in figure.axes[0].patches] == [1.0, 0.5]
    assert figure.axes[0].get_xlim() == (0.0, 2.0)


def test_lines_are_named_at_their_ends_without_meeting():
    figure, ax = figures.panels(height=2.8)
    for name, end, color in (("top", 1.0, figures.RED), ("low", 1e-3, figures.BLUE), ("same", 1.01e-3, figures.GREEN)):
        ax.loglog([1, 10], [1.0, end], color=color, label=name)
    ax.axhline(0.5)
    figures.name_lines(ax)
    figure.canvas.draw()
    boxes = {text.get_text(): text.get_window_extent() for text in ax.texts}
    assert [text.get_color() for text in ax.texts] == [figures.RED, figures.BLUE, figures.GREEN]
    assert not boxes["low"].overlaps(boxes["same"])
    assert boxes["low"].y0 < boxes["same"].y0 < boxes["top"].y0
    bottom = ax.transData.transform((10, 1e-3))
    assert boxes["low"].y0 < bottom[1] < boxes["low"].y1
    assert boxes["low"].x0 > bottom[0]


def test_no_figure_of_the_book_has_a_legend():
    sources = [*(ROOT / "book").rglob("*.md"), *(ROOT / "src").rglob("*.py")]
    assert [path.name for path in sources if ".legend(" in path.read_text(encoding="utf-8")] == []
