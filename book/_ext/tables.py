"""Tables that extensions write."""

from docutils import nodes


def table(head, rows, widths, style):
    """A table as a docutils node.

    Parameters
    ----------
    head : list of str
    rows : list of list
        Cells: text, a node, or a list of both that stand one after the other.
    widths : list of int
        Relative widths of the columns.
    style : str
        CSS class.

    Returns
    -------
    docutils.nodes.table
    """
    group = nodes.tgroup(cols=len(head))
    group += [nodes.colspec(colwidth=w) for w in widths]

    def row(cells):
        line = nodes.row()
        for cell in cells:
            entry = nodes.entry()
            paragraph = nodes.paragraph()
            for part in cell if isinstance(cell, list) else [cell]:
                paragraph += part if isinstance(part, nodes.Node) else nodes.Text(str(part))
            entry += paragraph
            line += entry
        return line

    top, body = nodes.thead(), nodes.tbody()
    top += row(head)
    body += [row(r) for r in rows]
    group += [top, body]
    made = nodes.table(classes=[style])
    made += group
    return made
