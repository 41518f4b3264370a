"""The list of references is headed by author and year, as the text cites them."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


class AuthorYear(BaseLabelStyle):
    """Labels such as ``Kingma and Welling, 2014``."""

    def format_labels(self, sorted_entries):
        for entry in sorted_entries:
            people = entry.persons.get("author") or entry.persons.get("editor") or []
            names = [" ".join([*p.prelast_names, *p.last_names]).replace("{", "").replace("}", "") for p in people]
            first = names[0] if names else entry.fields.get("title", entry.key)
            who = {0: first, 1: first, 2: " and ".join(names)}.get(len(names), f"{first} et al.")
            yield f"{who}, {entry.fields['year']}"


class AuthorYearStyle(Plain):
    """The plain style with these labels."""

    default_label_style = "author_and_year"


def setup(app):
    """Register with Sphinx."""
    register_plugin("pybtex.style.labels", "author_and_year", AuthorYear)
    register_plugin("pybtex.style.formatting", "author_and_year", AuthorYearStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
