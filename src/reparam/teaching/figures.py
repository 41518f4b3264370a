"""One look for every picture of the book: plots, sliders and network drawings."""

import base64
import hashlib
import io
import re
import sys
import weakref
from html import escape

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D

INK, MUTED = "#1f2937", "#6b7280"

BLUE, ORANGE, GREEN, RED, PURPLE = "#0b62a8", "#b85c00", "#00795a", "#b3261e", "#7a3e9d"

PALE = ("#d9dee5", "#c9ced6", "#eef1f5", "#b8c0cc")
ROLES = {INK: "ink", "#000000": "ink", MUTED: "muted", BLUE: "blue", ORANGE: "orange", GREEN: "green", RED: "red",
         PURPLE: "purple", "#ffffff": "paper", **dict.fromkeys(PALE, "pale")}  # what the page's theme may change
LETTER = re.compile(r'<path id="DejaVu[^"]+"[^>]*/>')  # an outline in a figure's SVG
LIMIT = 300_000  # bytes of a slider's frames as points
VECTORS = 450_000  # bytes of a slider as vector graphics, which take a seventh of it over the wire
HEAVY = 110_000  # bytes of vector graphics, about 22 kB over the wire, as of a picture in points
MANY = 150  # marks of one artist that are drawn as points where all together would be too heavy
STYLE = {
    "figure.dpi": 110, "figure.facecolor": "white", "savefig.facecolor": "white",
    "font.size": 11.2, "axes.titlesize": 11.2, "axes.labelsize": 11.2, "axes.edgecolor": MUTED,
    "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "axes.prop_cycle": matplotlib.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE]),
    "lines.linewidth": 1.8, "svg.hashsalt": "reparam", "figure.constrained_layout.use": True,
}

matplotlib.rcParams.update(STYLE)  # a context around pyplot would undo the notebook's own interactive mode

pyplot.switch_backend(matplotlib.get_backend())  # now, so that the first figure finds the notebook's set-up done


def panels(columns=1, height=3.2, **options):
    """A figure in the book's style, wide enough for one text column.

    Parameters
    ----------
    columns : int
        Panels side by side, 1 to 3.
    height : float
        Inches.
    **options
        Passed on to :func:`matplotlib.pyplot.subplots`, for instance ``sharey=True``.

    Returns
    -------
    figure, axes
        ``axes`` is one Axes, or an array of them if there are several.

    Raises
    ------
    ValueError
        If ``columns`` is not 1 to 3.
    """
    if columns not in (1, 2, 3):
        raise ValueError(f"columns must be 1, 2 or 3, got {columns}")
    _show_small()
    figure, axes = pyplot.subplots(1, columns, figsize=(5.0 if columns == 1 else 7.0, height), **options)
    for ax in np.atleast_1d(axes):  # on a telephone each panel stands by itself: it needs its own numbers
        ax.tick_params(labelleft=True)
    return figure, axes


def bars(values, limit, label, title):
    """One bar for each number, its name at the side.

    Parameters
    ----------
    values : dict of str to float
        At most four.
    limit : float
        Where the axis ends.
    label, title : str

    Returns
    -------
    matplotlib Figure
    """
    figure, ax = panels(height=1.3 + 0.25 * len(values))
    ax.barh(list(values), list(values.values()), color=(RED, ORANGE, BLUE, PURPLE)[: len(values)])
    ax.invert_yaxis()
    ax.set(xlim=(0, limit), xlabel=label, title=title)
    return figure


def note(ax, x, y, text, color=INK, **options):
    """Write a label beside the curve that it names: the book has no legends.

    Parameters
    ----------
    ax : matplotlib Axes
    x, y : float
        Place of the text's left end, in data units.
    text : str
    color : str
        The curve's own colour.
    **options
        Passed on to ``ax.annotate``.

    Returns
    -------
    matplotlib.text.Annotation
    """
    return ax.annotate(text, (x, y), color=color, xytext=(4, 0), textcoords="offset points", va="center", **options)


def name_lines(ax):
    """Write the label of every line beside its right end, moved up where two would meet.

    Parameters
    ----------
    ax : matplotlib Axes
        With its lines drawn, each to be named by its ``label``, and with whatever limits were asked for.
    """
    ax.autoscale_view()  # else the limits are found when it is drawn
    to_axes, line_height = ax.transData - ax.transAxes, 13.5 / (54 * ax.figure.get_size_inches()[1])
    lines = [line for line in ax.lines if not line.get_label().startswith("_")]
    ends = np.array([to_axes.transform(line.get_xydata()[-1]) for line in lines])
    ends[:, 1] = np.clip(ends[:, 1], 0, 1)
    order, steps = np.argsort(ends[:, 1], kind="stable"), line_height * np.arange(len(lines))
    ends[order, 1] = np.maximum.accumulate(ends[order, 1] - steps) + steps
    for line, place in zip(lines, to_axes.inverted().transform(ends), strict=True):
        note(ax, *place, line.get_label(), color=line.get_color(), annotation_clip=False)


def _short(number):
    """A coordinate in points to a tenth; what is below one, a scale perhaps, to four digits."""
    x = float(number[0])
    return f"{x:.1f}".removesuffix(".0") if abs(x) >= 1 else f"{x:.4g}"


def _themed(svg, name):
    """Vector graphics that take the page's colours (and the book's where there are none), with ids of their own."""
    svg = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</defs>", "", svg[svg.index("<svg"):],
                 flags=re.DOTALL)
    svg = re.sub(r' (?:xmlns:xlink|version)="[^"]*"|(?<=\s)xlink:(?=href)', "", svg)
    svg = re.sub(r"-?\d+\.\d{2,}", _short, svg)
    svg = re.sub(r"\s+", " ", svg).replace("> <", "><").replace(' "', '"')
    svg = re.sub(r"#[0-9a-f]{6}(?=[;\"])", lambda m: f"var(--fig-{ROLES[m[0]]},{m[0]})" if m[0] in ROLES else m[0], svg)
    kept = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in kept else "", svg)
    svg = svg.replace("<image ", '<image style="filter:var(--fig-points)" ')  # no rule of the page reaches a copy
    return re.sub(r'(href="#| id="|url\(#)(?!DejaVu)', rf"\g<1>{name}-", svg)


def _strips(figure):
    """Left edge and width of each panel in points, colour bars included; empty if there is one."""
    if len(figure.axes) < 2:
        return []
    boxes = []
    for ax in figure.axes:
        box = ax.get_tightbbox()
        if ax.get_label() == "<colorbar>" and boxes:
            boxes[-1][1] = max(boxes[-1][1], box.x1)
        else:
            boxes.append([box.x0, box.x1])
    scale = 72 / figure.dpi
    return [(scale * left - 2, scale * (right - left) + 4) for left, right in boxes] if len(boxes) > 1 else []


def _lay_out(figure):
    """Place the panels, once: it is the dearest part of a drawing."""
    if engine := figure.get_layout_engine():
        engine.execute(figure)
    figure.set_layout_engine("none")


def _drawn(figure):
    """The figure as matplotlib writes it, its text apart from what hangs on the day."""
    file = io.StringIO()
    # savefig would draw a second time, to find out what is known by now
    FigureCanvasSVG(figure).print_svg(file, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return file.getvalue()


def _crowds(figure):
    """The artists that draw many marks, one by one: the points of a scatter, segments, cells."""
    for ax in figure.axes:
        for artist in (*ax.lines, *ax.collections):
            if isinstance(artist, Line2D):
                marks = 1 if artist.get_marker() in ("None", "none", " ", "", None) else len(artist.get_xydata())
            else:
                marks = max(len(artist.get_offsets()), len(artist.get_paths()))
            if marks > MANY:
                yield artist


def _few_colours(match):
    """A PNG inside vector graphics with 64 colours instead of millions."""
    from PIL import Image

    small = io.BytesIO()
    picture = Image.open(io.BytesIO(base64.b64decode(match[1]))).convert("RGBA")
    picture.quantize(64, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(small, "PNG")
    return f'"data:image/png;base64,{base64.b64encode(small.getvalue()).decode()}"'


def _with_points(figure):
    """A figure as vector graphics in which the crowds alone are points: letters, axes and curves stay what they are."""
    for artist in _crowds(figure):
        artist.set_rasterized(True)
    figure.set_dpi(200)
    return re.sub(r'"data:image/png;base64,([^"]+)"', _few_colours, _drawn(figure))


def _svg(figure):
    """A figure as vector graphics, the same on every build; None if it is too dense for that."""
    if not isinstance(figure.get_layout_engine(), PlaceHolderLayoutEngine):  # else a slider has laid it out
        _lay_out(figure)
    places = " ".join(f"{left:.0f},{width:.0f}" for left, width in _strips(figure))
    for draw in (_drawn, _with_points):
        text = draw(figure)
        if len(text) > 4 * HEAVY:
            continue
        svg = _themed(text, "f" + hashlib.sha256(text.encode()).hexdigest()[:6])
        if len(svg) <= HEAVY:
            marks = f'class="figure" data-panels="{places}" style="stroke-linejoin:round"'
            return svg.replace("<svg", f"<svg {marks}", 1)
    return None


def _png(figure, limit=25_000):
    """A figure as PNG in base64, with few colours: a third of the usual size, and the same on every build."""
    from PIL import Image

    for dpi in (200, 160, 130, 110, 90, 72, 60):  # what is dense gets fewer points, within its limit
        figure.set_dpi(dpi)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()  # once; savefig would lay out and draw a second time
        picture = Image.frombytes("RGBA", canvas.get_width_height(), bytes(canvas.buffer_rgba()))
        small = io.BytesIO()
        picture.convert("RGB").quantize(64, dither=Image.Dither.NONE).save(small, "PNG")
        if small.tell() <= limit:
            break
    return base64.b64encode(small.getvalue()).decode()


def _show_small():
    """Have notebooks show figures as vector graphics where these are small, else through :func:`_png`."""
    if "IPython" in sys.modules and (shell := sys.modules["IPython"].get_ipython()):
        formatters = shell.display_formatter.formatters
        vectors = weakref.WeakKeyDictionary()  # the notebook asks for them first, and drawing is what takes time

        def svg(figure):
            vectors[figure] = _svg(figure)
            return vectors[figure]

        formatters["image/svg+xml"].for_type(matplotlib.figure.Figure, svg)
        formatters["image/png"].for_type(matplotlib.figure.Figure, lambda f: None if vectors.get(f) else _png(f))


class Html:
    """A piece of HTML that a notebook shows and that compares equal from run to run."""

    def __init__(self, html):
        self._html = html

    def _repr_html_(self):
        return self._html

    def __repr__(self):
        return f"<figure of {-(-len(self._html) // 1000)} kB>"


def table(head, rows, caption):
    """Numbers of a run as a table that a screen reader can follow.

    Parameters
    ----------
    head : sequence of str
        Column headings.
    rows : sequence of sequences of str
        One cell per heading, already rounded; the first cell names its row.
    caption : str
        What the table shows.

    Returns
    -------
    Html

    Raises
    ------
    ValueError
        If the caption is empty, there are no rows, or a row has not one text per heading.
    """
    if not caption.strip() or not rows or any(len(row) != len(head) for row in rows):
        raise ValueError(f"a table needs a caption, and rows of {len(head)} cells")
    if not all(isinstance(cell, str) for row in rows for cell in row):
        raise ValueError("cells must be text such as f'{x:.3f}': rounding is the author's choice")
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:]) + "</tr>"
        for row in rows
    )
    return Html(
        f'<table class="table reparam-table"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
    )

_SLIDER = """<div class="reparam-slider" id="{id}">{letters}
<div class="picture" role="img" aria-label="{alt}">{first}</div>
<p><label for="{id}-set">{label}</label> <output for="{id}-set">{start_text}</output>
<input id="{id}-set" type="range" min="0" max="{last}" value="{start}" step="1" aria-valuetext="{start_text}"></p>
{frames}<script>(function(){{const b=document.getElementById("{id}"),f=b.querySelectorAll("template"),
r=b.querySelector("input");r.addEventListener("input",function(){{const now=f[r.value],said=now.dataset.text;
b.querySelector(".picture").innerHTML=now.innerHTML;b.querySelector("output").value=said;
r.setAttribute("aria-valuetext",said);}});}})();</script></div>"""


def _frames(draw, values, alt):
    """Every frame as vector graphics, or as points if they are too heavy together; and the letters that all share."""
    drawn, places = [], None
    for value in values:
        figure = draw(value)
        if places:  # laid out as the first frame: nothing jumps, and layout is the dearest part of a frame
            figure.set_layout_engine("none")
            for ax, place in zip(figure.axes, places, strict=True):
                ax.set_position(place)
        else:
            _lay_out(figure)
        places = places or [ax.get_position() for ax in figure.axes]
        pyplot.close(figure)
        drawn.append(figure)
    vectors = [_svg(figure) for figure in drawn]
    if all(vectors):
        frames, letters = _apart(vectors)
        weight = sum(map(len, frames)) + max(map(len, frames)) + len(letters)  # one is shown, all are kept
        if weight <= VECTORS - 10_000:
            return frames, letters
    share = 0.7 * LIMIT / (len(drawn) + 1)
    return [f'<img alt="{escape(alt)}" src="data:image/png;base64,{_png(figure, share)}">' for figure in drawn], ""


def _apart(vectors):
    """Frames without the outlines of their letters, and these, once for all frames."""
    letters = sorted({outline for frame in vectors for outline in LETTER.findall(frame)})
    frames = [LETTER.sub("", frame).replace("<defs></defs>", "") for frame in vectors]
    return frames, f'<svg class="glyphs" aria-hidden="true" width="0" height="0"><defs>{"".join(letters)}</defs></svg>'


def slider(draw, values, label, alt, start=None, text="{:g}"):
    """Frames behind a slider: no kernel and no network, operable from the keyboard, still in print.

    Parameters
    ----------
    draw : callable, ``value -> figure``
        Draws one frame with :func:`panels`; same size and axis limits for every value.
    values : sequence
        One per frame, at most 24.
    label : str
        What the slider sets, for instance ``"σ of q"``.
    alt : str
        What the picture shows and how it changes along the slider.
    start : int, optional
        The frame shown first and in print; the middle one if not stated.
    text : str
        Format of the value beside the slider.

    Returns
    -------
    Html
        Under 450 kB of vector graphics, or 300 kB of points.

    Raises
    ------
    ValueError
        If there are no values or more than 24, ``alt`` or ``label`` is empty, or the frames weigh more than that.
    """
    values = list(values)
    if not 1 <= len(values) <= 24 or not alt.strip() or not label.strip():
        raise ValueError(f"a slider needs 1 to 24 values, an alt text and a label, got {len(values)} values")
    start = len(values) // 2 if start is None else start
    (frames, letters), texts = _frames(draw, values, alt), [escape(text.format(v)) for v in values]
    name = "slider-" + hashlib.sha256("".join(frames).encode()).hexdigest()[:12]
    kept = "".join(f'<template data-text="{t}">{frame}</template>' for t, frame in zip(texts, frames, strict=True))
    html = _SLIDER.format(id=name, frames=kept, letters=letters, alt=escape(alt), label=escape(label),
                          first=frames[start], last=len(frames) - 1, start=start, start_text=texts[start])
    if len(html) > (limit := VECTORS if letters else LIMIT):
        kilobytes = f"{len(html) // 1000} kB, {limit // 1000} are allowed"
        raise ValueError(f"the slider weighs {kilobytes}: fewer or plainer frames")
    return Html(html)
