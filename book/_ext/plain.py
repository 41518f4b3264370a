"""A page's text in plain Markdown, as any notebook program shows it: every number and reference as on the page.

The input is the page as Sphinx resolved it, so nothing of the book's own markup is left to interpret.
"""

import re
import textwrap

from docutils import nodes

SPECIAL = re.compile(r"([\\`*_\[\]<>$~])")
START = re.compile(r"^(#{1,6}(?= )|[-+](?= )|\d+(?=[.)] ))")

JOINT = "&NoBreak;"
LIVE = " *(This figure is live: see the book's page; a notebook cannot show it.)*"


def _letter(text):
    """Whether a character is one of a word, as JavaScript has it."""
    return bool(re.match(r"\w", text, re.ASCII))


def quoted(text, mark="> "):
    """Lines behind a mark; a displayed formula on one line, or the mark would become part of it."""
    text = re.sub(r"\$\$\n(.*?)\n\$\$", lambda m: f"$${' '.join(m[1].split())}$$", text, flags=re.DOTALL)
    return "\n".join((mark + line).rstrip() for line in text.split("\n"))


def folded(title, text):
    """What is shown after a click."""
    return f"<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>"


def fenced(code, language=""):
    """A block of code, between fences longer than any in it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", code)), default=0))
    return f"{fence}{language}\n{code.rstrip()}\n{fence}"


def cells(node):
    """The source of each code cell in a node."""
    return [next(c.findall(nodes.literal_block)).astext() for c in node.findall(nodes.container)
            if c.get("nb_element") == "cell_code"]


def anchor(node):
    """What links to a node lead to."""
    return "".join(f'<a id="{name}"></a>' for name in node["ids"][:1])


class Writer:
    """Writes docutils nodes as Markdown.

    Parameters
    ----------
    number : callable, ``(kind, id) -> str``
        The number of an equation, theorem, figure, table, exercise or section of this page; empty if it has none.
    link : callable, ``reference -> str``
        Where a reference leads in a notebook; empty if nowhere.
    picture : callable, ``uri -> str``
        What an image is shown from.
    """

    def __init__(self, number, link, picture):
        self.number, self.link, self.picture = number, link, picture
        self.level = 0

    def _number(self, kind, node):
        return next((found for name in node["ids"] if (found := self.number(kind, name))), "")

    # Within a line

    def inline(self, node):
        """The children of a node, on one line."""
        return re.sub(r"\s*\n\s*", " ", "".join(self._word(child) for child in node.children)).strip()

    def _word(self, node):
        if isinstance(node, nodes.Text):
            return SPECIAL.sub(r"\\\1", str(node))
        writer = getattr(self, f"word_{type(node).__name__}", None)
        return writer(node) if writer else "".join(self._word(child) for child in node.children)

    def word_math(self, node):
        """A formula. VS Code reads no dollar that touches a letter: there an invisible joint stands between them."""
        at, beside = node.parent.index(node), node.parent.children
        before, after = "".join(n.astext() for n in beside[:at])[-1:], "".join(n.astext() for n in beside[at + 1 :])[:1]
        tex = " ".join(node.astext().split())
        return f"{JOINT * _letter(before)}${tex}${JOINT * _letter(after)}"

    def word_literal(self, node):
        text = node.astext()
        fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
        space = " " if text[:1] == "`" or text[-1:] == "`" else ""
        return f"{fence}{space}{text}{space}{fence}"

    def word_emphasis(self, node):
        return f"*{self.inline(node)}*"

    def word_strong(self, node):
        return f"**{self.inline(node)}**"

    def word_reference(self, node):
        text = "".join(self._word(child) for child in node.children)
        if isinstance(node.children[0], nodes.literal) and node.get("internal"):
            text = SPECIAL.sub(r"\\\1", node.astext())  # a link's title, set in Sphinx's typewriter
        target = self.link(node)
        return f"[{text}]({target})" if target else text

    def word_number_reference(self, node):
        return self.word_reference(node)

    def word_image(self, node):
        return f'<img src="{self.picture(node["uri"])}" alt="{node.get("alt", "")}">'

    def word_raw(self, node):
        return ""

    # Blocks

    def blocks(self, node):
        """The children of a node as a list of blocks; a code cell is its index in the notebook."""
        return [block for child in node.children for block in self._block(child)]

    def _block(self, node):
        if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
            return [node["cell_index"], *self._captions(node)]
        for kind in type(node).__mro__:
            if writer := getattr(self, f"block_{kind.__name__}", None):
                return writer(node)
        if isinstance(node, nodes.Invisible | nodes.Text | nodes.target | nodes.raw):
            return []
        if isinstance(node, nodes.Inline):
            return [self._word(node)]
        return self.blocks(node)

    def _text(self, node):
        """A node's content as one text; code cells in it become blocks of code."""
        return "\n\n".join(self._static(block, node) for block in self.blocks(node) if block != "")

    def _static(self, block, node):
        """A block as text."""
        if isinstance(block, str):
            return block
        cell = next(c for c in node.findall(nodes.container) if c.get("cell_index") == block)
        return fenced(next(cell.findall(nodes.literal_block)).astext(), "python")

    def _captions(self, node):
        return [self._caption(figure) for figure in node.findall(nodes.figure)]

    def _caption(self, figure):
        words = [self.inline(caption) for caption in figure.findall(nodes.caption)]
        number = self._number("figure", figure)
        return " ".join([f"{anchor(figure)}**Figure {number}.**" if number else "", *words]).strip()

    def block_paragraph(self, node):
        return [START.sub(lambda m: f"{m[1]}\\" if m[1].isdigit() else f"\\{m[1]}", self.inline(node))]

    def block_section(self, node):
        title = next((c for c in node.children if isinstance(c, nodes.title)), None)
        if title is None:  # the body of a theorem or an exercise
            return self.blocks(node)
        self.level += 1
        number = self.number("section", node["ids"][0] if self.level > 1 else "")
        head = f"{'#' * self.level} {f'{number}. ' if number else ''}{self.inline(title)}"
        found = self.blocks(node)
        self.level -= 1
        labels = "".join(f'<a id="{name}"></a>' for name in node["ids"] if len(node["ids"]) > 1)
        return [head, *filter(None, [labels]), *found]

    def block_title(self, node):
        return []

    def block_math_block(self, node):
        tex = re.sub(r"\n\s*\n", "\n", node.astext().strip())
        if "\\\\" in tex and "\\begin{" not in tex:
            tex = f"\\begin{{split}}{tex}\\end{{split}}"
        number = self._number("displaymath", node)
        tag = f" \\tag{{{number}}}" if number else ""
        return [*filter(None, [anchor(node)]), f"$$\n{tex}{tag}\n$$"]

    def block_literal_block(self, node):
        language = node.get("language", "")
        return [fenced(node.astext(), {"ipython3": "python", "default": "", "none": ""}.get(language, language))]

    def block_block_quote(self, node):
        return [quoted(self._text(node))]

    def block_transition(self, node):
        return ["---"]

    def block_bullet_list(self, node):
        return ["\n".join(self._item(item, "- ") for item in node.children)]

    def block_enumerated_list(self, node):
        first = node.get("start", 1)
        return ["\n".join(self._item(item, f"{k}. ") for k, item in enumerate(node.children, first))]

    def _item(self, item, mark):
        return mark + textwrap.indent(self._text(item), " " * len(mark)).lstrip()

    def block_definition_list_item(self, node):
        term, definition = node.children[0], node.children[-1]
        return [f"**{self.inline(term)}**: {self._text(definition)}"]

    def block_table(self, node):
        rows = [[self._cell(entry) for entry in row.children] for row in node.findall(nodes.row)]
        if not any(isinstance(head, nodes.thead) for head in node.findall(nodes.thead)):
            rows.insert(0, [""] * len(rows[0]))
        rows.insert(1, ["---"] * len(rows[0]))
        title = [f"**{self.inline(t)}**" for t in node.children if isinstance(t, nodes.title)]
        return [*title, "\n".join(f"| {' | '.join(row)} |" for row in rows)]

    def _cell(self, entry):
        text = re.sub(r"\s*\n\s*", " ", self._text(entry))
        text = re.sub(r"\$[^$]+\$", lambda m: m[0].replace(r"\|", r"\Vert ").replace("|", r"\vert "), text)
        return text.replace("|", r"\|")

    def block_figure(self, node):
        images = [self.word_image(image) for image in node.findall(nodes.image)]
        return [*images, self._caption(node) + (LIVE if next(node.findall(nodes.raw), None) else "")]

    def block_image(self, node):
        return [self.word_image(node)]

    def _titled(self, node, title):
        """Folded, if the page folds it and no cell of the notebook is in it; else below its title in bold."""
        found = self.blocks(node)
        cells = [block for block in found if not isinstance(block, str)]
        if cells:
            return [f"**{title}**", *found]
        text = "\n\n".join(found)
        if "dropdown" in node["classes"]:
            return [folded(re.sub(r"[*\\]", "", title), text)]
        return [quoted(f"**{title}**\n\n{text}")]

    def block_Admonition(self, node):  # noqa: N802 (docutils' name of the class)
        if node.get("realtype"):
            return self._claim(node)
        if not isinstance(node.children[0], nodes.title):
            return self.blocks(node)
        return self._titled(node, self.inline(node.children[0]))

    def block_admonition(self, node):
        if "proof" in node["classes"]:
            return self.block_proof(node)
        return self.block_Admonition(node)

    def block_proof(self, node):
        """A proof begins with its own word, in plain type, and ends with a mark."""
        first, *rest = self.blocks(node)
        begun = re.sub(r"^Proof\.", "*Proof.*", first)
        if "dropdown" in node["classes"]:
            return [folded("Proof", "\n\n".join([begun, *rest]))]
        *before, last = [begun, *rest]
        return [*before, last, "∎"] if last[-1] in "$>`|" else [*before, f"{last} ∎"]

    def _claim(self, node):
        kind, number = node["realtype"].capitalize(), self._number(node["countertype"], node)
        name = self.inline(node.children[0]) if isinstance(node.children[0], nodes.title) else ""
        return [anchor(node), *self._titled(node, " ".join(part for part in (kind, number, name) if part))]

    def block_exercise_enumerable_node(self, node):
        name = self.inline(node.children[0])
        title = " ".join(part for part in ("Exercise", self._number("exercise", node), name) if part)
        return [Exercise(node["label"], title, f"{anchor(node)}{self._text(node)}")]

    def block_solution_node(self, node):
        return [Solution(node["target_label"], cells(node), folded(node.children[0].astext(), self._text(node)))]


class Exercise(str):
    """The text of an exercise, with its label."""

    def __new__(cls, label, title, text):
        made = super().__new__(cls, f"### {title}\n\n{text}")
        made.label = label
        return made


class Solution(str):
    """A folded solution, with the label of its exercise and its code."""

    def __new__(cls, label, code, text):
        made = super().__new__(cls, text)
        made.label, made.code = label, code
        return made
