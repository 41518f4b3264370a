"""The notebook that a reader gets: the page's text and cells, a blank cell for each exercise, solutions folded.

Markdown comes from :mod:`plain`; cells and their outputs come from the executed notebook, which stays complete.
"""

import ast
import base64
import re
import textwrap
from functools import cache

import freshness
import nbformat
import plain
from docutils import nodes
from sphinx_exercise.nodes import exercise_enumerable_node, solution_node

GRADED = re.compile(r'\bgrade\(\s*"([^"]+)",\s*(\w+)')
OWN = "# your own work goes here"
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


@cache
def exercises(page):
    """The exercises of a chapter, without what only the grader needs: name to keywords of :class:`Exercise`.

    Parameters
    ----------
    page : str
        The chapter's name.

    Returns
    -------
    dict of str to dict of str to str
        The file is read, not imported: that would load PyTorch into every build.
    """
    path = freshness.PACKAGE / "teaching" / "exercises" / f"{page}.py"
    if not path.is_file():
        return {}
    tables = (n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, ast.Dict))
    calls = ((key.value, call) for table in tables for key, call in zip(table.keys, table.values, strict=True)
             if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Exercise")
    return {name: {k.arg: k.value.value for k in call.keywords
                   if isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)} for name, call in calls}


def stub(name, task="", head="", takes=""):
    """The cell in which a reader answers: the function's head, what it takes and returns, and the grader's call."""
    if not head:
        return f'# write your function here, then call: grade("{name}", your_function)'
    says = [textwrap.fill(text, 92, initial_indent="    ", subsequent_indent="    ")
            for text in (f'"""Return {task}', takes) if text]
    written, function = "\n\n".join(says), head.partition("(")[0]
    return f'def {head}:\n{written}\n    """\n    return ...  # your work\n\n\ngrade("{name}", {function})'


def definitions(page, code):
    """What is graded in a solution.

    Parameters
    ----------
    page : str
        The chapter's name.
    code : list of str
        The cells of the solution.

    Returns
    -------
    dict of str to dict of str to str
        Name to keywords of :func:`stub`; an exercise that does not state its head has the one of the solution.
    """
    text, found = "\n".join(code), {}
    known = exercises(page)
    for name, function in GRADED.findall(text):
        head = re.search(rf"^def ({function}\(.*?\)):", text, re.MULTILINE)
        found[name] = {"head": head[1] if head else ""} | known.get(name.partition("/")[2], {})
    return found


def blank(code, page):
    """The source of the blank cell of an exercise, given its solution's cells."""
    stubs = [stub(name, **{k: v for k, v in texts.items() if k in ("task", "head", "takes")})
             for name, texts in definitions(page, code).items()]
    return "\n\n\n".join(stubs) or OWN


def state(doctree, page):
    """Say at each graded exercise of a page what its function takes and returns, as the grader's definition has it."""
    solutions = {node["target_label"]: plain.cells(node) for node in doctree.findall(solution_node)}
    for node in doctree.findall(exercise_enumerable_node):
        for texts in definitions(page, solutions.get(node["label"], [])).values():
            if texts.get("takes"):
                said = nodes.Text(f": {texts['takes']}")
                node.children[-1].append(nodes.paragraph("", "", nodes.literal("", texts["head"]), said))


def _with_blanks(blocks, page):
    """Blocks with a blank cell after each exercise."""
    solutions = {block.label: block for block in blocks if isinstance(block, plain.Solution)}
    for block in blocks:
        yield block
        if isinstance(block, plain.Exercise):
            code = solutions[block.label].code if block.label in solutions else []
            yield nbformat.v4.new_code_cell(blank(code, page))


def _record(output):
    """Whether an output is a number put away for the prose, which nobody is to see."""
    kinds = output.get("data", {})
    return bool(kinds) and all(kind.startswith("application/papermill.record/") for kind in kinds)


def _seen(output):
    """An output as a notebook shows it that nobody has trusted yet: there programs draw no bare vector graphic."""
    drawing = output.get("data", {}).get("image/svg+xml")
    if drawing:
        code = base64.b64encode(drawing.encode()).decode()
        picture = f'<img src="data:image/svg+xml;base64,{code}" alt="The figure that this cell draws">'
        output["data"] = {"text/html": picture, "text/plain": output["data"].get("text/plain", "a figure")}
    return output


def _code(cell):
    """A cell of the executed notebook, as a reader gets it."""
    kept = nbformat.from_dict(cell)
    tags = kept.metadata.get("tags", [])
    kept.metadata = {"tags": tags} if tags else {}
    kept.outputs = [_seen(output) for output in kept.outputs if not _record(output)]
    if "hide-input" in tags:
        kept.metadata["jupyter"] = {"source_hidden": True}
    return kept


def handout(blocks, executed, welcome, page):
    """A notebook that reads as the page does.

    Parameters
    ----------
    blocks : list of str or int
        The page: Markdown, and the indices of code cells in the executed notebook.
    executed : NotebookNode
    welcome : list of NotebookNode
        Cells before the page's first.
    page : str
        The page's name without folder.

    Returns
    -------
    NotebookNode
    """
    cells, text = list(welcome), []

    def close():
        if text:
            cells.append(nbformat.v4.new_markdown_cell("\n\n".join(text)))
            text.clear()

    for block in _with_blanks(blocks, page):
        if not isinstance(block, str) or block.startswith("#") or isinstance(block, plain.Solution):
            close()
        if isinstance(block, int):
            cells.append(_code(executed.cells[block]))
        elif isinstance(block, str):
            text.append(str(block))
            if isinstance(block, plain.Solution):
                close()
        else:
            cells.append(block)
    close()
    for number, cell in enumerate(cells):
        cell.id = f"{page}-{number}"
    info = executed.metadata.get("language_info", {"name": "python"})
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": dict(KERNEL), "language_info": info})
