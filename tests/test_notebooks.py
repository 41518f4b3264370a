"""The notebooks that readers get: plain Markdown with the page's numbers, blank exercises, solutions folded."""

import ast
import builtins
import json
import re
from pathlib import Path
from types import SimpleNamespace

import build
import handouts
import nbformat
import notebooks
import plain
import pytest
from docutils import nodes

ROOT = Path(__file__).resolve().parents[1]

HTML = ROOT / "_build" / "html"
PAGES = build.notebook_pages()
RAW = re.compile(r"\{[a-z]+(?::[a-z]+)?\}`|^[> ]*(?::::|`{3,}\{)|^[> ]*:(?:label|class|name|tags):", re.MULTILINE)


def offered(page):
    return json.loads((HTML / "_sources" / f"{page}.ipynb").read_text(encoding="utf-8"))


def source(cell):
    return "".join(cell["source"])


def text(book):
    return "\n\n".join(source(cell) for cell in book["cells"] if cell["cell_type"] == "markdown")


def code(book):
    return [cell for cell in book["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("page", PAGES)
def test_no_markup_of_the_books_own_is_left(page):
    assert RAW.findall(text(offered(page))) == []


@pytest.mark.parametrize("left", ["see {eq}`S6`", "{prf:ref}`a`", "````{admonition} x", "> :::{note}", ":class: x"])
def test_the_search_for_markup_sees_each_kind(left):
    assert RAW.search(left)


# every command and environment that KaTeX, which VS Code and Colab use, was seen to draw; try a new one there first
KATEX = r"""
    ! # % , : ; \ { | } Big Bigg Biggl Biggr Bigl Bigm Bigr Delta Gamma Im Lambda Leftrightarrow Longrightarrow
    Omega Phi Pi Pr Psi Re Rightarrow Sigma Theta Upsilon Vert Xi acute aleph alpha approx arccos arcsin arctan
    arg ast asymp bar because begin beta big bigg biggl biggm biggr bigl bigm bigr binom blacksquare bm
    boldsymbol boxed breve bullet cancel cap cdot cdotp cdots cfrac check chi circ colon coloneqq cong cos cosec
    cosh cot coth csc cup dagger dbinom ddot ddots deg delta det dfrac digamma dim displaystyle dot dots dotsb
    dotsc downarrow ell emptyset end enspace epsilon equiv eta exists exp forall frac gamma gcd ge geq geqslant
    gets gg grave gtrsim hat hbar hom hookrightarrow hphantom iff iint impliedby implies in inf infty int iota
    kappa ker lVert lambda land langle lbrace lbrack lceil ldots le left leftarrow leftrightarrow leq leqslant
    lesssim lfloor lg lim liminf limits limsup ll ln lnot log longleftarrow longrightarrow lor lvert mapsto
    mathbb mathbf mathbin mathcal mathfrak mathop mathord mathrel mathring mathrm mathscr mathsf mathstrut
    mathtt max mid middle min mp mu nabla ne neg neq ni nolimits notin nu odot oint omega ominus operatorname
    oplus otimes overbrace overleftarrow overline overrightarrow overset parallel partial perp phantom phi pi pm
    pmod prec prime prod propto psi qquad quad rVert rangle rbrace rbrack rceil rfloor rho right rightarrow rm
    rvert scriptstyle sec setminus sigma sim simeq sin sinh sqrt square stackrel star subset subseteq substack
    succ sum sup supset supseteq tag tanh tau tbinom text textbf textit textstyle tfrac therefore theta
    thinspace tilde times to top triangle trianglelefteq triangleq underbrace underline underset uparrow upsilon
    varepsilon varnothing varphi varpi varrho varsigma vartheta vdots vec vee vphantom wedge widehat widetilde
    xi zeta"""
GROUPS = "aligned alignedat array bmatrix cases gathered matrix pmatrix rcases smallmatrix split vmatrix"
FORMULA = re.compile(r"(\$\$)(.*?)\$\$|(?<![\\$\w])\$((?:[^$\\]|\\.)+)\$(?!\w)", re.DOTALL | re.ASCII)


def without_code(plainly):
    return re.sub(r"(?ms)^(`{3,}).*?^\1|``[^`]*``|`[^`\n]*`", "", plainly)


@pytest.mark.parametrize("page", PAGES)
def test_formulas_are_such_as_vs_code_and_colab_draw(page):
    plainly = without_code(text(offered(page)))
    formulas = [m[2] or m[3] for m in FORMULA.finditer(plainly)]
    assert formulas or "$" not in plainly
    assert {c for tex in formulas for c in re.findall(r"\\([a-zA-Z]+|.)", tex)} - {" "} <= set(KATEX.split())
    assert {group for tex in formulas for group in re.findall(r"\\begin\{(.*?)\}", tex)} <= set(GROUPS.split())
    left = FORMULA.sub("", plainly)
    assert re.findall(r".*(?<!\\)\$.*", left) == []  # a dollar that touches a letter, or has no mate


@pytest.mark.parametrize("page", PAGES)
def test_equations_claims_and_exercises_have_the_numbers_of_the_page(page):
    html, plainly = (HTML / f"{page}.html").read_text(encoding="utf-8"), text(offered(page))
    article = html[html.index("<article") : html.index("</article>")].partition('<div class="cards"')[0]
    assert re.findall(r"\\tag\{([\d.]+)\}", plainly) == re.findall(r'class="eqno">\(([\d.]+)\)', article)
    titles = [found.strip() for found in re.findall(r'<p class="admonition-title">\s*<span class="caption-number">'
                                                    r"([A-Z]\w+ [\d.]+)", article)]
    assert [name for name in titles if f"**{name}" not in plainly and f"### {name}" not in plainly] == []


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_into_the_notebook_to_other_notebooks_or_to_the_web(page):
    plainly, names = text(offered(page)), {p.split("/")[-1] for p in PAGES}
    anchors = set(re.findall(r'<a id="([^"]+)">', plainly))
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"(?s)\$\$.*?\$\$|\$[^$]*\$", "", plainly)):
        inside, other = target.startswith("#") and target[1:] in anchors, re.match(r"(\w+)\.ipynb(?:#|$)", target)
        assert inside or (other and other[1] in names) or re.match("https?://", target), target


@pytest.mark.parametrize("page", PAGES)
def test_cells_are_those_of_the_executed_notebook_except_solutions(page):
    executed = nbformat.read(ROOT / "_build" / "jupyter_execute" / f"{page}.ipynb", as_version=4)
    book = nbformat.read(HTML / "_sources" / f"{page}.ipynb", as_version=4)
    kept = [(source(c), c["outputs"]) for c in code(book) if c["execution_count"] is not None]
    every = [(source(c), [handouts._seen(o) for o in c["outputs"] if "papermill.record" not in json.dumps(o)])
             for c in code(executed)]
    left_out = [cell for cell, _ in every if cell not in [k for k, _ in kept]]
    assert kept == [pair for pair in every if pair[0] not in left_out]
    solutions = re.findall(r"```\{code-cell\}[^\n]*\n(.*?)```", "".join(
        re.findall(r"\{solution-start\}(.*?)\{solution-end\}", PAGES[page], re.DOTALL)), re.DOTALL)
    assert len(left_out) == len(solutions)


@pytest.mark.parametrize("page", PAGES)
def test_exercises_have_a_blank_cell_and_no_open_solution(page):
    book = offered(page)
    cells = book["cells"]
    for at, cell in enumerate(cells):
        if source(cell).startswith("### Exercise "):
            assert cells[at + 1]["cell_type"] == "code"
            assert cells[at + 1]["outputs"] == []
    plainly = re.sub(r"<details>.*?</details>", "", text(book), flags=re.DOTALL)
    assert "Solution to" not in plainly
    assert not any("✓ " + page.split("/")[-1] in json.dumps(c["outputs"], ensure_ascii=False) for c in code(book))


@pytest.mark.parametrize("page", PAGES)
def test_nothing_that_stays_needs_a_name_that_a_solution_makes(page):
    known = set(dir(builtins))
    for cell in code(offered(page)):
        made, used = names(source(cell))
        assert used - made <= known, source(cell)
        known |= made


def names(text):
    """Names that a cell makes, and those that it reads."""
    tree = list(ast.walk(ast.parse(re.sub(r"^\s+%.*$", "    pass", text, flags=re.MULTILINE))))
    made = {n.id for n in tree if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    made |= {n.name for n in tree if isinstance(n, ast.FunctionDef | ast.ClassDef)}
    made |= {(a.asname or a.name).split(".")[0] for n in tree if isinstance(n, ast.Import | ast.ImportFrom)
             for a in n.names}
    made |= {n.arg for n in tree if isinstance(n, ast.arg)}
    return made, {n.id for n in tree if isinstance(n, ast.Name)}


@pytest.mark.parametrize("page", PAGES)
def test_the_kernel_is_one_that_every_jupyter_has_and_drawing_code_is_hidden(page):
    book = offered(page)
    assert book["metadata"]["kernelspec"] == {"name": "python3", "display_name": "Python 3", "language": "python"}
    for cell in code(book):
        hidden = cell["metadata"].get("jupyter", {}).get("source_hidden", False)
        assert hidden == ("hide-input" in cell["metadata"].get("tags", []))
    nbformat.validate(nbformat.from_dict(book))


@pytest.mark.parametrize("page", PAGES)
def test_a_page_lets_its_notebook_be_taken_from_a_folder_too(page):
    html = (HTML / f"{page}.html").read_text(encoding="utf-8")
    name = page.split("/")[-1]
    assert re.search(rf'<a href="[^"]*/{name}\.ipynb" download\b', html)
    script = (HTML / "_sources" / f"{page}.ipynb.js").read_text(encoding="utf-8")
    _, told = json.loads("[" + script.removeprefix("reparamNotebook(").removesuffix(");\n") + "]")
    assert told == (HTML / "_sources" / f"{page}.ipynb").read_text(encoding="utf-8")


def test_a_vector_graphic_is_a_picture_in_a_notebook_that_nobody_has_trusted_yet():
    output = handouts._seen({"data": {"image/svg+xml": "<svg/>", "text/plain": "a figure"}})
    assert output["data"] == {"text/plain": "a figure", "text/html":
                              '<img src="data:image/svg+xml;base64,PHN2Zy8+" alt="The figure that this cell draws">'}


def test_every_graded_exercise_has_a_stub():
    found = []
    for page in PAGES:
        for cell in code(offered(page)):
            if cell["execution_count"] is None and "grade(" in source(cell):
                compile(source(cell), page, "exec")
                found.append(source(cell))
    assert [stub for stub in found if "write your function here" in stub] == []


# The writer, on small pieces


def write(*children, **more):
    document = nodes.section("", nodes.title("", "T"), *children, ids=["t"])
    writer = plain.Writer(more.get("number", lambda kind, name: ""), more.get("link", lambda node: ""), lambda uri: uri)
    return writer.blocks(nodes.section("", document))[1:]


def test_text_that_markdown_would_read_is_escaped():
    assert write(nodes.paragraph("", "a_b *c* [d] $5 <e>")) == [r"a\_b \*c\* \[d\] \$5 \<e\>"]
    assert write(nodes.paragraph("", "# one")) == [r"\# one"]


def test_a_formula_that_touches_a_letter_is_held_apart_from_it():
    parts = nodes.Text("the "), nodes.math("", "j"), nodes.Text("th Beta"), nodes.math("", "(a)"), nodes.Text(", ")
    assert write(nodes.paragraph("", "", *parts)) == ["the $j$&NoBreak;th Beta&NoBreak;$(a)$,"]


def test_a_formula_within_a_quotation_stands_on_one_line():
    quotation = nodes.block_quote("", nodes.math_block("", "a\n=b", ids=["equation-x"]))
    block, = write(quotation, number=lambda kind, name: "2.1")
    assert block == '> <a id="equation-x"></a>\n>\n> $$a =b \\tag{2.1}$$'


def test_bars_in_a_table_do_not_end_its_cells():
    entries = [nodes.entry("", nodes.paragraph("", "", nodes.math("", tex))) for tex in ("|x|", r"\|y\|")]
    table = nodes.table("", nodes.tgroup("", nodes.tbody("", nodes.row("", *entries))))
    assert write(table)[0].splitlines()[-1] == r"| $\vert x\vert $ | $\Vert y\Vert $ |"


def test_code_with_backticks_gets_longer_fences():
    assert plain.fenced("a\n```\nb") == "````\na\n```\nb\n````"
    assert write(nodes.paragraph("", "", nodes.literal("", "a`b"))) == ["``a`b``"]


def test_what_the_page_folds_is_folded_unless_a_cell_is_in_it():
    def fold(*inside):
        return write(nodes.admonition("", nodes.title("", "Proof"), *inside, classes=["dropdown"]))

    cell = nodes.container("", nb_element="cell_code", cell_index=7)
    assert fold(nodes.paragraph("", "p")) == ["<details>\n<summary>Proof</summary>\n\np\n\n</details>"]
    assert fold(nodes.paragraph("", "p"), cell) == ["**Proof**", "p", 7]


def test_a_stub_names_the_function_and_calls_the_grader():
    stub = handouts.stub("a/b", task="the sum of x and y.", head="add(x, y)", takes="Two floats; returns a float.")
    space = {"grade": lambda name, answer: (name, answer.__name__)}
    exec(compile(stub, "stub", "exec"), space)
    assert stub.startswith('def add(x, y):\n    """Return the sum of x and y.\n\n    Two floats; returns a float.\n')
    assert stub.endswith('grade("a/b", add)')
    assert "write your function here" in handouts.stub("a/b")


@pytest.mark.parametrize("place", ["", "git+https://example.org/book"])
def test_the_first_cells_install_the_helpers_from_the_books_place_or_say_how(place):
    env = SimpleNamespace(doc2path=lambda docname: ROOT / f"{docname}.md")
    app = SimpleNamespace(env=env, config=SimpleNamespace(reparam_place=place))
    told, *install = notebooks._welcome(app, "book/vae", "")
    assert [cell.cell_type for cell in install] == (["code"] if place else [])
    assert ("`pip install .`" in told.source) != bool(place)
    assert "scikit-learn" in told.source
    assert all(cell.source.endswith(f"%pip install --quiet {place}") for cell in install)


def test_an_exercise_that_states_no_head_has_the_one_of_its_solution():
    code = ["def area(r):\n    return r", 'grade("nowhere/disc", area)']
    assert 'def area(r):\n    """Return' in handouts.blank(code, "nowhere")
    assert handouts.blank(["x = 1"], "nowhere") == handouts.OWN
