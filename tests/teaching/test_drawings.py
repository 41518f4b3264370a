"""Network drawings."""

import math
import re
from xml.etree import ElementTree

import pytest

from reparam.teaching.drawings import Node, network

NODES = {
    "z": Node("noise", 0, 0, "Z", "N(0, 1)"),
    "h": Node("layer", 1, 0, neurons=3),
    "times": Node("operator", 2, 0, "⊙"),
    "box": Node("box", 3, 0, "σ < 1"),
    "y": Node("value", 4, 0, "Y"),
}
SVG = "{http://www.w3.org/2000/svg}"


def draw(edges=("z -> h -> times -> box -> y",), **changed):
    return network({**NODES, **changed}, edges, "A net", "Noise enters & Y leaves.")


def parse(drawing):
    return ElementTree.fromstring(drawing._repr_html_())


def test_a_drawing_is_one_well_formed_svg_with_a_name_for_screen_readers():
    svg = parse(draw())
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "Noise enters & Y leaves."
    assert svg.find(f"{SVG}title").text == "A net"


def test_it_takes_its_colour_from_the_page_and_holds_no_ids():
    html = draw()._repr_html_()
    assert not re.search(r"#[0-9a-f]{3}|rgb|\bid=|<script", html)
    assert html.count("currentColor") > 1


def test_the_same_description_gives_the_same_bytes():
    assert draw()._repr_html_() == draw()._repr_html_()


def test_every_text_stands_in_the_drawing():
    assert [t.text for t in parse(draw()).iter(f"{SVG}text")] == ["Z", "N(0, 1)", "σ < 1", "Y"]


def test_a_layer_joins_all_its_neurons():
    # 1 x 3 lines into the layer, 3 x 1 out of it, 1 to the box, 1 to y
    lines = [p for p in parse(draw()).iter(f"{SVG}path") if re.fullmatch(r"M[-\d. ]+L[-\d. ]+", p.get("d"))]
    assert len(lines) == 3 + 3 + 1 + 1


def test_arrowheads_end_at_nodes_but_not_at_neurons():
    heads = [p for p in parse(draw()).iter(f"{SVG}path") if p.get("fill") == "currentColor"]
    assert len(heads) == 3 + 1 + 1


@pytest.mark.parametrize("start", [(0, 1), (0, -1), (2, 0), (1, 1)], ids=["left-low", "left-high", "right", "below"])
@pytest.mark.parametrize("kind", ["value", "box"])
def test_an_arrow_touches_the_rim_of_its_target(kind, start):
    nodes = {"a": Node("value", *start, "A"), "b": Node(kind, 1, 0, "b")}
    paths = [p for p in parse(network(nodes, ["a -> b"], "t", "a")).iter(f"{SVG}path") if p.get("fill")]
    x, y = map(float, re.match(r"M([-\d.]+) ([-\d.]+)", paths[0].get("d")).groups())
    dx, dy = abs(x - 64), abs(y)
    # a circle of radius 21, or a box 2 * (9 + 4.2 * 1) wide and 36 high
    distance = math.hypot(dx, dy) / 21 if kind == "value" else max(dx / 13.2, dy / 18)
    assert distance == pytest.approx(1, abs=0.01)


def test_the_view_holds_every_shape():
    svg = parse(draw(low=Node("value", 0.5, 3, "L"), high=Node("box", -1, -2, "H")))
    left, top, width, height = map(float, svg.get("viewBox").split())
    circles = [(c, float(c.get("r"))) for c in svg.iter(f"{SVG}circle")]
    assert all(left <= float(c.get("cx")) - r and float(c.get("cx")) + r <= left + width for c, r in circles)
    assert all(top <= float(c.get("cy")) - r and float(c.get("cy")) + r <= top + height for c, r in circles)


def test_operators_are_drawn_as_a_dot_or_a_cross():
    paths = [p.get("d") for p in parse(draw(plus=Node("operator", 2, 1, "⊕"))).iter(f"{SVG}path")]
    assert sum("h28" in d and "v28" in d for d in paths) == 1
    assert sum("a1 1" in d for d in paths) == 1


@pytest.mark.parametrize("call", [
    lambda: draw(edges=["z -> nowhere"]),
    lambda: draw(extra=Node("cloud", 0, 0)),
    lambda: draw(extra=Node("layer", 0, 0, neurons=0)),
    lambda: draw(extra=Node("operator", 0, 0, "+")),
    lambda: network(NODES, [], " ", "alt"),
    lambda: network(NODES, [], "title", ""),
], ids=["unknown node", "unknown kind", "empty layer", "unknown operator", "no title", "no alt"])
def test_bad_descriptions_are_refused(call):
    with pytest.raises(ValueError, match=r"nowhere|cloud|neurons|⊕|title"):
        call()
