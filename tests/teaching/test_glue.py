"""Numbers glued into prose."""

import pytest

from reparam import checks
from reparam.teaching.glue import glue


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    calls = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: calls.append((data, options)))
    return calls


def report(*sides):
    return checks.equal("S1", list(sides), list(sides))


def test_glue_publishes_text_under_its_name(shown):
    glue(report(0.25), gap="0.250")
    ((data, options),) = shown
    assert data == {"application/papermill.record/text/plain": "'0.250'"}
    assert options["raw"] is True
    assert options["metadata"]["scrapbook"] == {"name": "gap", "mime_prefix": "application/papermill.record/"}


def test_an_unrounded_number_is_refused():
    with pytest.raises(ValueError, match="gap must be text"):
        glue(report(0.25), gap=0.25)


TIED = [
    (0.2504, "0.25"), (0.2504, "0.250"), (-1.5, "−1.5"), (0.231, "23 %"), (0.2314, "23.1%"), (12345.0, "12,345"),
    (1.23e-7, "1.2e-07"), (-0.004, "0.00"),
]


@pytest.mark.parametrize(("side", "text"), TIED, ids=[text for _, text in TIED])
def test_a_number_that_a_side_rounds_to_is_tied(side, text):
    glue(report(7.0, side), gap=text)


@pytest.mark.parametrize(("side", "text"), [*TIED[:-1], (0.05, "0.05")], ids=[*[t for _, t in TIED[:-1]], "small"])
def test_five_per_cent_more_or_the_other_sign_is_refused(side, text):
    for wrong in (-side, 1.05 * side) if abs(side) > 0.2 and "." in text else (-side,):
        with pytest.raises(ValueError, match="which is no side of the checks"):
            glue(report(7.0, wrong), gap=text)


def test_every_number_of_a_text_must_be_tied_to_one_of_the_checks():
    glue(report(1.0), report(2.5) & report(3.5), pair="1.0 / 2.50 / 3.5")
    with pytest.raises(ValueError, match=r"pair prints 2\.51"):
        glue(report(1.0), report(2.5), pair="1.0 / 2.51")
    with pytest.raises(ValueError, match="gap prints 3, which"):
        glue(gap="3")
    with pytest.raises(ValueError, match="gap must hold a number"):
        glue(report(1.0), gap="many")


def test_numbers_of_one_run_are_published_as_they_are(shown):
    glue.run(gap="0.25")
    assert shown[0][0] == {"application/papermill.record/text/plain": "'0.25'"}


@pytest.mark.parametrize("text", ["0.340", "296", "1.0 / 2.50", "75.1 ± 5.7"])
def test_the_page_shows_the_text_as_it_was_glued(shown, text):
    # the page's role evaluates what it can: the zeros at the end of a bare number would be lost
    from myst_nb.core.variables import format_plain_text

    glue.run(gap=text)
    assert format_plain_text(*shown[0][0].values(), "s") == text
