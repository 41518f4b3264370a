"""Numbers glued into prose."""

import pytest

from reparam.teaching.glue import glue


def test_glue_publishes_text_under_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options)))
    glue(gap="0.250")
    ((data, options),) = shown
    assert data == {"application/papermill.record/text/plain": "'0.250'"}
    assert options["raw"] is True
    assert options["metadata"]["scrapbook"] == {"name": "gap", "mime_prefix": "application/papermill.record/"}


def test_an_unrounded_number_is_refused():
    with pytest.raises(ValueError, match="gap must be text"):
        glue(gap=0.25)


@pytest.mark.parametrize("text", ["0.340", "296", "1.0 / 2.50", "75.1 ± 5.7"])
def test_the_page_shows_the_text_as_it_was_glued(monkeypatch, text):
    # the page's role evaluates what it can: the zeros at the end of a bare number would be lost
    from myst_nb.core.variables import format_plain_text

    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append(data))
    glue(gap=text)
    assert format_plain_text(*shown[0].values(), "s") == text
