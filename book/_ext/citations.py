"""The list of references is headed by author and year, as the text cites them."""

from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as Plain
from pybtex.style.labels import BaseLabelStyle


def _label(entry, shown):
    """Up to two names in full, of more the first ``shown``."""
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [" ".join([*p.prelast_names, *p.last_names]).replace("{", "").replace("}", "") for p in people]
    names = names or [entry.fields.get("title", entry.key)]
    who = " and ".join(names) if len(names) < 3 else f"{', '.join(names[:shown])} et al."
    return f"{who}, {entry.fields['year']}"


class AuthorYear(BaseLabelStyle):
    """Labels such as ``Kingma and Welling, 2014``; a second name tells apart what one name does not."""

    def format_labels(self, sorted_entries):
        entries = list(sorted_entries)
        short = [_label(entry, 1) for entry in entries]
        return [_label(entry, 1 if short.count(label) == 1 else 2) for entry, label in zip(entries, short, strict=True)]


class AuthorYearStyle(Plain):
    """The plain style with these labels."""

    default_label_style = "author_and_year"


def setup(app):
    """Register with Sphinx."""
    register_plugin("pybtex.style.labels", "author_and_year", AuthorYear)
    register_plugin("pybtex.style.formatting", "author_and_year", AuthorYearStyle)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
