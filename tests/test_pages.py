"""The extensions that finish the pages: functions from HTML to HTML, each tried on the smallest page that needs it."""

import base64
import re
import struct
from pathlib import Path

import cards
import finder
import folds
import formulas
import javascript
import markup
import offline
import pictures
import pytest
import whispers

ROOT = Path(__file__).resolve().parents[1]

LONG = r"a_1+a_2+a_3+a_4+a_5+a_6+a_7+a_8+a_9=\frac{b_1+b_2+b_3+b_4}{c_1+c_2}+d_1+d_2+d_3+d_4+d_5+d_6"
ROWS = rf"\begin{{aligned}} x&={LONG}\\ &=y.\end{{aligned}}"
DISPLAYED = r'<div class="math notranslate" id="equation-e"><span class="eqno">(1.1)</span>\[' + LONG + r"\]</div>"
INLINE = r'<p>(<span class="math notranslate">\(q(z)=a+b\)</span>), then</p>'


def article(body, path="/book/a.html"):
    return f'<html><head></head><body><article class="bd-article">{body}</article></body></html>', Path(path)


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    return formulas.typeset([(LONG, True), (ROWS, True), ("q(z)=a+b", False)], tmp_path_factory.mktemp("store"))


def test_element_ends_at_its_own_closing_tag():
    html = "<div>a<div>b</div>c</div><div>d</div>"
    assert html[: markup.element(html, 0)] == "<div>a<div>b</div>c</div>"


# formulas

def test_a_long_formula_has_versions_that_get_narrower(known):
    widths = [v["wide"] for v in known["formulas"][formulas.key(LONG, True)]["versions"]]
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] <= formulas.WIDTHS[-1] < widths[0]


def test_an_alignment_gets_narrower_too(known):
    *_, last = known["formulas"][formulas.key(ROWS, True)]["versions"]
    assert last["wide"] <= formulas.WIDTHS[-1]


def test_a_page_is_drawn_with_every_outline_that_it_uses_and_no_tex(known):
    html, _ = article(DISPLAYED + INLINE)
    drawn = formulas.page(html, known)
    used = set(re.findall(r'href="#(g-[^"]+)"', drawn))
    assert used
    assert used == set(re.findall(r'<path id="(g-[^"]+)"', drawn))
    assert "\\(" not in drawn
    assert "\\[" not in drawn
    assert not formulas.asked(drawn)


def test_number_and_id_of_an_equation_stay(known):
    drawn = formulas.page(article(DISPLAYED)[0], known)
    assert 'id="equation-e"' in drawn
    assert '<span class="eqno">(1.1)</span>' in drawn


def test_what_touches_an_inline_formula_stays_on_its_line(known):
    drawn = formulas.page(article(INLINE)[0], known)
    first, last = re.findall(r'<span class="together">(.*?)</span>', drawn)
    assert first.startswith("(<svg")
    assert last.endswith("</svg>),")


def test_drawings_are_kept_between_builds(known, tmp_path):
    formulas.typeset([("x", False)], tmp_path)
    kept = next(tmp_path.glob("formulas-*.json"))
    before = kept.stat().st_mtime_ns
    formulas.typeset([("x", False)], tmp_path)
    assert kept.stat().st_mtime_ns == before


def test_a_formula_that_mathjax_cannot_read_is_told(tmp_path):
    (tmp_path / "html" / "_static").mkdir(parents=True)
    (tmp_path / "html" / "a.html").write_text(article(r'<div class="math">\[\frac{1}{2\]</div>')[0])
    (_, tex, fault), = formulas.finish(tmp_path / "html", tmp_path)
    assert tex == r"\frac{1}{2"
    assert fault


# figures

SVG = ('<svg class="figure" data-panels="0,10 10,10" style="" width="20pt" height="9pt" viewBox="0 0 20 9" '
       'xmlns="http://www.w3.org/2000/svg"><g id="fabc123-a"><path id="DejaVuSans-1" d="M0 0"/>'
       '<use href="#DejaVuSans-1"/><use href="#fabc123-a"/></g></svg>')


def test_a_figure_becomes_part_of_its_page_with_its_description(tmp_path):
    images = tmp_path / "_images"
    images.mkdir()
    (images / "x.svg").write_text(SVG)
    (tmp_path / "book").mkdir()
    figure = '<figure><img alt="A line." src="../_images/x.svg" /></figure>'
    html, path = article(figure * 2, tmp_path / "book" / "a.html")
    drawn = pictures.page(html, path)
    assert drawn.count('role="img" aria-label="A line."') == 2
    assert drawn.count('<path id="DejaVuSans-1"') == 1
    assert drawn.count('<svg class="panel" viewBox="0 0 10 9"') == 2
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert len(ids) == len(set(ids))
    assert {i[1:] for i in re.findall(r'href="(#[^"]+)"', drawn)} <= set(ids)


def test_points_in_several_panels_are_as_wide_as_vectors(tmp_path):
    head = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    wide, narrow = (head + struct.pack(">II", width, 500) + bytes(9) for width in (1400, 1000))
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "x.png").write_bytes(wide)
    (tmp_path / "book").mkdir()
    frames = "".join(f'<img alt="A > b." src="data:image/png;base64,{base64.b64encode(part).decode()}"/>'
                     for part in (wide, narrow))
    html, path = article(frames + '<img alt="" src="../_images/x.png"/>', tmp_path / "book" / "a.html")
    drawn = pictures.page(html, path)
    assert [found == ' class="wide"' for found in re.findall(r"<img( class=.wide.)?", drawn)] == [True, False, True]
    assert pictures.page(drawn, path) == drawn


def test_a_long_name_breaks_at_its_dots_and_a_comma_stays_with_its_parameter():
    name, parameter = '<span class="pre">reparam.laws.flows()</span>', '<em class="sig-param"><span>x</span></em>'
    assert folds.breakable(name) == '<span class="pre">reparam.<wbr>laws.<wbr>flows()</span>'
    assert folds.breakable(f"{parameter}, {parameter}") == f"{parameter[:-5]},</em> {parameter}"


def test_a_sliders_frames_have_panels_once_and_share_their_letters(tmp_path):
    html, path = article(f'<div class="picture">{SVG}</div><template>{SVG}</template>', tmp_path / "a.html")
    drawn = pictures.page(html, path)
    assert drawn.count('<svg class="panel"') == 4
    assert drawn.count('<path id="DejaVuSans-1"') == 1
    assert pictures.page(drawn, path).count('<svg class="panel"') == 4


# checks

def test_only_outputs_that_are_all_checks_become_marks():
    assert whispers.lines("S1 ✓ |difference| ≤ 1e-10\nS2 ✓ 5 SE\n") == [("S1", "|difference| ≤ 1e-10"), ("S2", "5 SE")]
    assert whispers.lines("S1 ✓ fine\n0.5") == []
    assert whispers.lines("✓ elbo/gap: right on 3 inputs") == []


def test_a_mark_links_what_it_tests_by_number_and_never_by_label():
    mark = whispers.mark([("private-label", "|difference| ≤ 1e-10")], lambda label: "#equation-private-label")
    html, path = article('<div class="math" id="equation-private-label"><span class="eqno">(4.2)</span></div>' + mark)
    told = whispers.number(html, path, {path.resolve(): whispers.numbers(html)})
    assert re.findall(r'<a class="checked"[^>]*>([^<]*)</a>', told) == ["(4.2)", "(4.2)"]
    assert ">private-label" not in told


def test_claims_are_named_by_kind_and_number():
    html = ('<div class="proof theorem admonition" id="main"><p class="admonition-title">'
            '<span class="caption-number">Theorem 4.1 </span></p></div>')
    assert whispers.numbers(html) == {"main": "Theorem 4.1"}


# folds, ids, tables

def test_a_dropdown_becomes_details_whose_title_says_which():
    html = ('<div class="solution dropdown admonition" id="s"><p class="admonition-title">Solution to'
            '<a href="#e"> Exercise 8.1</a></p><section id="solution-content"><div>x</div></section></div>after')
    folded = folds.fold(html)
    assert '<details class="folded solution admonition" id="s"><summary class="admonition-title">' in folded
    assert "Solution to Exercise 8.1</summary>" in folded
    assert folded.endswith("</section></details>after")


def test_a_proof_without_a_title_is_folded_under_its_kind_and_drops_the_id_that_all_have():
    html = '<div class="proof dropdown admonition" id="proof"><p>Proof. Trivial.</p></div>'
    folded = folds.fold(folds.NAMELESS.sub(r"\1", html))
    assert folded == ('<details class="folded proof admonition"><summary class="admonition-title">Proof</summary>'
                      "<p>Proof. Trivial.</p></details>")


def test_ids_that_several_pages_have_get_the_pages_name_and_links_follow():
    html, path = article('<section id="summary"><a href="#summary">1</a><a href="b.html#summary">2</a>'
                         '<a href="b.html#own">3</a></section>')
    renamed = folds.rename(html, path, {"summary"})
    assert 'id="a-summary"' in renamed
    assert re.findall('href="([^"]+)"', renamed) == ["#a-summary", "b.html#b-summary", "b.html#own"]


@pytest.mark.parametrize(("page", "taken", "made"), [
    ("book/a.html", {"id1"}, "a-id1"), ("book/api/laws/a.html", {"id1"}, "laws-a-id1"),
    ("book/a.html", {"id1", "a-id1"}, "a-id1-section"),
])
def test_an_id_of_ones_own_tells_folders_apart_and_gives_way_to_a_label(page, taken, made):
    assert folds.own(Path(page), "id1", taken) == made


def test_cells_of_a_table_know_their_heading_but_narrow_tables_of_numbers_stay():
    table = ('<table class="{}"><thead><tr><th>Term &amp; sign</th><th>B \\(\\theta_1\\)</th></tr></thead>'
             "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>")
    labelled = folds.label_cells(table.format("table"))
    assert 'class="stacks table"' in labelled
    assert re.findall('data-label="([^"]*)"', labelled) == ["Term &amp; sign", "B θ_1"]
    assert folds.label_cells(table.format("table reparam-table")) == table.format("table reparam-table")
    wide = table.replace("<td>1</td>", f'<th scope="row">{"way " * 14}</th>').format("table reparam-table")
    assert re.findall('data-label="([^"]*)" role="(.*?)"', folds.label_cells(wide)) == [
        ("Term &amp; sign", "rowheader"), ("B θ_1", "cell")]


# cards

def test_a_page_carries_what_it_links_to_on_other_pages_without_ids():
    other, there = article('<div class="math" id="equation-x"><span id="inner">x</span></div>', "/book/b.html")
    html, path = article('<a class="reference internal" href="b.html#equation-x">(2.1)</a>'
                         '<a class="reference internal" href="b.html#none">?</a>')
    dealt = cards.deal(html, path, {there.resolve(): cards.targets(other)})
    assert dealt.count("<template") == 1
    assert '<template data-for="b.html#equation-x"><div class="math"><span>x</span></div></template>' in dealt


def test_links_of_a_card_lead_where_they_led_on_their_own_page():
    piece = '<a href="#S15">4.1</a> <a href="../api/checks.html#check">c</a> <a href="https://a.org/#b">a</a>' + (
        '<use href="#g-1"/>')
    assert re.findall('href="([^"]+)"', cards.moved(piece, "../book/b.html")) == [
        "../book/b.html#S15", "../api/checks.html#check", "https://a.org/#b", "#g-1"]


# search

SECTIONS = finder.sections(article(
    '<section id="c"><h1>Score function</h1><p>The gradient of <span>\\(\\log\\sigma\\)</span> is noisy.</p>'
    '<section id="d"><h2>Baselines</h2><p>Importance-weighted bounds; an ELBO, an ELBO.</p></section></section>')[0],
    "book/estimators.html")
HELPER = {"path": "book/api/elbo.html", "id": "elbo", "title": "elbo", "page": "elbo", "text": "", "kind": "helper"}
JS = [(ROOT / "book" / "_static" / f"{name}.js").read_text(encoding="utf-8") for name in ("synonyms", "finder")]


def test_sections_have_their_own_text_only_and_formulas_as_typed():
    assert [s["id"] for s in SECTIONS] == ["c", "d"]
    assert SECTIONS[0]["text"] == "The gradient of log σ is noisy."
    assert "ELBO" not in SECTIONS[0]["text"]


def search(query):
    found = javascript.run(JS, "x => finder.find(x.query, x.sections).map((r) => r.section.id)",
                           {"query": query, "sections": [*SECTIONS, HELPER]})
    return found


FIRST = [("IWAE", "d"), ("REINFORCE", "c"), ("baselines", "d"), ("basel", "d"), ("what is a baseline?", "d"),
         ("basseline", "d"), ("gradient of quaternions", "c")]


@pytest.mark.parametrize(("query", "first"), FIRST)
def test_search_knows_other_words_beginnings_slips_and_questions(query, first):
    assert search(query)[0] == first


def test_helpers_come_last_and_what_is_nowhere_is_not_found():
    assert search("ELBO") == ["d", "elbo"]
    assert search("quaternion") == []
    assert search("") == []


def test_every_reference_can_be_followed():
    text = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    forms = (r"doi\s*=\s*\{10\.\d{4,}/\S+\}", r"eprint\s*=\s*\{\d{4}\.\d{4,5}\}", r"url\s*=\s*\{https://\S+\}",
             r"isbn\s*=\s*\{[\d-]{13,17}X?\}")
    entries = re.split(r"\n(?=@)", text.strip())
    assert len(entries) > 40
    assert [e.split("\n")[0] for e in entries if not any(re.search(form, e) for form in forms)] == []


def test_the_themes_script_no_longer_measures_every_box():
    script = ('a();const e=()=>{document.querySelectorAll(["pre",".x"].join(", ")).forEach(e=>{'
              "e.tabIndex=e.a>e.b?0:-1})};e()")
    quick = offline.without_measuring(script)
    assert "querySelectorAll" not in quick
    assert quick.endswith("};e()")
    assert offline.without_measuring(quick) == quick
    assert offline.without_measuring("another theme") is None
