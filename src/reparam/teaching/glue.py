"""Numbers put into the prose, each tied to the check that would notice if it were wrong."""

import re

NUMBER = re.compile(r"[-−+]?\d[\d,]*(?:\.(?P<decimals>\d+))?(?:e(?P<power>[-+]?\d+))?(?P<percent>\s?%)?")


def _publish(numbers):
    from IPython.display import display

    # quoted, or the role reads a number and drops the zeros at its end
    for name, text in numbers.items():
        if not isinstance(text, str):
            raise ValueError(f"{name} must be text such as f'{{x:.3f}}', got {type(text).__name__}")
        prefix = "application/papermill.record/"
        display({prefix + "text/plain": repr(text)}, raw=True,
                metadata={"scrapbook": {"name": name, "mime_prefix": prefix}})


def _untied(text, sides):
    """The first number of a text that no side of a check rounds to, or None."""
    for found in NUMBER.finditer(text):
        percent = 100 if found["percent"] else 1
        value = float(re.sub(r"[,%\s]", "", found[0]).replace("−", "-")) / percent
        half = 0.5 * 10.0 ** (int(found["power"] or 0) - len(found["decimals"] or "")) / percent
        if not any(abs(side - value) <= half * (1 + 1e-6) for side in sides):
            return found[0]
    return None


def glue(*reports, **numbers):
    """Publish numbers that checks vouch for, under names that the page's text refers to with the ``glue:text`` role.

    Parameters
    ----------
    *reports : Report or Reports
        Two-sided checks (``equal``, ``mean``, ``variance``) that have each number as one of their sides.
    **numbers : str
        Text as the reader shall see it, already rounded: ``glue(report, gap=f"{gap:.3f}")``.

    Raises
    ------
    ValueError
        If a value is not text (rounding is the author's choice, not Python's), holds no number, or holds one that no
        side of these checks rounds to.
    """
    sides = [side for report in reports for part in getattr(report, "reports", (report,)) for side in part.sides]
    _publish(numbers)
    for name, text in numbers.items():
        if not NUMBER.search(text):
            raise ValueError(f"{name} must hold a number, got {text!r}")
        if (number := _untied(text, sides)) is not None:
            raise ValueError(f"{name} prints {number}, which is no side of the checks it is tied to")


def _run(**numbers):
    """Publish numbers that belong to this run alone; the section that shows them must say "in this run".

    Parameters
    ----------
    **numbers : str
        Text as the reader shall see it, already rounded.

    Raises
    ------
    ValueError
        If a value is not text.
    """
    _publish(numbers)


glue.run = _run
