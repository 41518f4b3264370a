"""The notebook that a reader gets: the page's text and cells, a blank cell for each exercise, solutions folded.

Markdown comes from :mod:`plain`; cells and their outputs come from the executed notebook, which stays complete.
"""

import ast
import re
import textwrap

import freshness
import nbformat
import plain

GRADED = re.compile(r'\bgrade\(\s*"([^"]+)"')
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


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
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Dict):
            for key, call in zip(node.keys, node.values, strict=True):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Exercise":
                    texts = {k.arg: k.value.value for k in call.keywords if isinstance(k.value, ast.Constant)}
                    found[key.value] = {k: v for k, v in texts.items() if isinstance(v, str)}
    return found


def stub(name, task="", head="", takes=""):
    """The cell in which a reader answers: the function's head, what it takes and returns, and the grader's call."""
    if not head:
        return f'# write your function here, then call: grade("{name}", your_function)'
    says = "\n".join(textwrap.wrap(takes, 92, initial_indent="    ", subsequent_indent="    "))
    asked = "\n".join(textwrap.wrap(f'"""Return {task}', 92, initial_indent="    ", subsequent_indent="    "))
    return f'def {head}:\n{asked}\n\n{says}\n    """\n    ...\n\n\ngrade("{name}", {head.partition("(")[0]})'


def blank(solution, page):
    """The source of the blank cell of an exercise, given its solution's code; a sentence if nothing is graded."""
    names = list(dict.fromkeys(GRADED.findall("\n".join(solution.code))))
    known = {f"{page}/{short}": texts for short, texts in exercises(page).items()}
    return "\n\n\n".join(stub(name, **known.get(name, {})) for name in names) or "# your own work goes here"


def _with_blanks(blocks, page):
    """Blocks with a blank cell, a list with its source, after each exercise."""
    solutions = {block.label: block for block in blocks if isinstance(block, plain.Solution)}
    for block in blocks:
        yield block
        if isinstance(block, plain.Exercise):
            yield [blank(solutions[block.label], page) if block.label in solutions else "# your own work goes here"]


def _code(cell):
    """A cell of the executed notebook, as a reader gets it."""
    kept = nbformat.from_dict(cell)
    tags = kept.metadata.get("tags", [])
    kept.metadata = {"tags": tags} if tags else {}
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
        if isinstance(block, list):
            cells.append(nbformat.v4.new_code_cell(block[0]))
        elif isinstance(block, str):
            text.append(str(block))
            if isinstance(block, plain.Solution):
                close()
        else:
            cells.append(_code(executed.cells[block]))
    close()
    for number, cell in enumerate(cells):
        cell.id = f"{page}-{number}"
    info = executed.metadata.get("language_info", {"name": "python"})
    return nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": dict(KERNEL), "language_info": info})
