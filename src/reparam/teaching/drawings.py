"""Network diagrams as inline vector graphics: nodes on a grid, edges between them, one look for the whole book."""

import math
from html import escape
from itertools import pairwise
from typing import NamedTuple

from reparam.teaching.figures import Html

COLUMN, ROW, SIDE, TOP = 64, 56, 46, 30  # pixels: spacing of the grid, and its margins

RADIUS = {"noise": 21, "value": 21, "operator": 14}

NEURON, GAP, TIP, BOX = 7, 26, 8, 18  # radius and distance of neurons, length of arrowheads, half height of boxes

OPERATORS = {"⊕": "m-14 0h28m-14 -14v28", "⊙": "m-1 0a1 1 0 1 0 2 0a1 1 0 1 0 -2 0"}


class Node(NamedTuple):
    """One part of a network diagram.

    Parameters
    ----------
    kind : str
        ``"noise"`` (dashed circle: a random input), ``"value"`` (circle: a quantity that comes in or out),
        ``"operator"`` (``"⊙"``: elementwise product, ``"⊕"``: sum), ``"box"`` (rectangle: a piece of network) or
        ``"layer"`` (a column of unnamed neurons, each joined to every neighbour).
    x, y : float
        Column and row of its centre; rows count downwards. Fractions are allowed.
    text : str
        Written inside; a layer has none.
    note : str
        Written below, small: a law, a name, the letter of the parameters.
    neurons : int
        Of a layer.
    """

    kind: str
    x: float
    y: float
    text: str = ""
    note: str = ""
    neurons: int = 4


def _parts(node):
    """Centre, half width and half height of each shape that a node draws; circles have both equal."""
    x, y = node.x * COLUMN, node.y * ROW
    if node.kind == "layer":
        return [(x, y + GAP * (i - (node.neurons - 1) / 2), NEURON, NEURON) for i in range(node.neurons)]
    if node.kind == "box":
        return [(x, y, 9 + 4.2 * len(node.text), BOX)]
    return [(x, y, RADIUS[node.kind], RADIUS[node.kind])]


def _rim(part, toward, box):
    """Where the line from a shape's centre to a point leaves the shape."""
    x, y, width, height = part
    dx, dy = toward[0] - x, toward[1] - y
    length = math.hypot(dx, dy)
    scale = min(width / max(abs(dx), 1e-9), height / max(abs(dy), 1e-9)) if box else width / length
    return x + dx * scale, y + dy * scale, dx / length, dy / length


def _edge(a, b):
    """Lines from every part of one node to every part of another; an arrowhead unless they end in a layer."""
    shapes = []
    for p in _parts(a):
        for q in _parts(b):
            x1, y1, _, _ = _rim(p, q, a.kind == "box")
            x2, y2, dx, dy = _rim(q, p, b.kind == "box")
            tip = 0 if b.kind == "layer" else TIP
            thin = ' stroke-width="0.8" stroke-opacity="0.7"' if "layer" in (a.kind, b.kind) else ""
            shapes.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2 + tip * dx:.1f} {y2 + tip * dy:.1f}"{thin}/>')
            if tip:
                points = [(x2, y2), *((x2 + tip * dx + s * 3.5 * dy, y2 + tip * dy - s * 3.5 * dx) for s in (1, -1))]
                corners = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
                shapes.append(f'<path d="M{corners}Z" fill="currentColor" stroke="none"/>')
    return shapes


def _shape(node):
    """A node's outline, its text inside and its note below."""
    shapes, parts = [], _parts(node)
    for x, y, width, height in parts:
        if node.kind == "box":
            shapes.append(f'<rect x="{x - width:.1f}" y="{y - height:.1f}" width="{2 * width:.1f}" '
                          f'height="{2 * height:.1f}" rx="6"/>')
        else:
            dashes = ' stroke-dasharray="4 3"' if node.kind == "noise" else ""
            shapes.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{width}"{dashes}/>')
    x, y, _, height = parts[-1]
    written = 'fill="currentColor" stroke="none" text-anchor="middle"'
    if node.kind == "operator":
        shapes.append(f'<path d="M{x:.1f} {y:.1f}{OPERATORS[node.text]}"/>')
    elif node.text:
        style = 'font-size="15" font-style="italic"'
        shapes.append(f'<text x="{x:.1f}" y="{y + 5:.1f}" {style} {written}>{escape(node.text)}</text>')
    if node.note:
        place = f'x="{x:.1f}" y="{y + height + 15:.1f}"'
        shapes.append(f'<text {place} font-size="13" {written}>{escape(node.note)}</text>')
    return shapes


def network(nodes, edges, title, alt):
    r"""A network diagram for light and dark pages, legible on a telephone: columns from left to right.

    Columns 0 to 5 fit a page 390 pixels wide. Let it be the last expression of a cell whose header names the figure
    and its caption.

    Parameters
    ----------
    nodes : dict of str to Node
        Each with a short name that only ``edges`` use.
    edges : sequence of str
        Chains of names such as ``"x -> h -> y"``; an edge that touches a layer joins all its neurons.
    title : str
        What the drawing is, in a few words.
    alt : str
        What it shows, in a sentence or two, for a reader who cannot see it.

    Returns
    -------
    reparam.teaching.figures.Html
        One ``<svg>`` that takes its colour from the text around it and holds no ids.

    Raises
    ------
    ValueError
        If a kind or an operator is unknown, a layer has no neurons, an edge names no node, or ``title`` or ``alt``
        is empty.

    Examples
    --------
    >>> nodes = {"z": Node("noise", 0, 0, "Z"), "y": Node("value", 1, 0, "Y")}
    >>> network(nodes, ["z -> y"], "A generator", "Noise Z becomes an output Y.")
    <figure of 1 kB>
    """
    if not title.strip() or not alt.strip():
        raise ValueError("a drawing needs a title and an alt text")
    for name, node in nodes.items():
        if node.kind not in (*RADIUS, "box", "layer") or node.neurons < 1:
            raise ValueError(f"{name} must be noise, value, operator, box or a layer with neurons, got {node}")
        if node.kind == "operator" and node.text not in OPERATORS:
            raise ValueError(f"{name} must be one of {', '.join(OPERATORS)}, got {node.text!r}")
    chains = [[name.strip() for name in edge.split("->")] for edge in edges]
    if unknown := {name for chain in chains for name in chain} - nodes.keys():
        raise ValueError(f"edges name no node: {', '.join(sorted(unknown))}")
    pairs = [(nodes[a], nodes[b]) for chain in chains for a, b in pairwise(chain)]
    shapes = [s for a, b in pairs for s in _edge(a, b)] + [s for node in nodes.values() for s in _shape(node)]
    boxes = [(x, y) for node in nodes.values() for x, y, _, _ in _parts(node)]
    left, top = min(x for x, _ in boxes) - SIDE, min(y for _, y in boxes) - TOP
    width, height = max(x for x, _ in boxes) + SIDE - left, max(y for _, y in boxes) + TOP + 14 - top
    return Html(
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(alt)}" '
        f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" fill="none" stroke="currentColor" stroke-width="1.4" '
        f'style="display:block;margin:auto;width:100%;max-width:{1.3 * width:.0f}px;height:auto">'
        f"<title>{escape(title)}</title>{''.join(shapes)}</svg>"
    )
