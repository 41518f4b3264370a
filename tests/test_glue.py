"""Numbers glued into prose."""

import pytest

from reparam.glue import glue


def test_glue_publishes_text_under_its_name(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **options: shown.append((data, options)))
    glue(gap="0.25")
    ((data, options),) = shown
    assert data == {"application/papermill.record/text/plain": "0.25"}
    assert options["raw"] is True
    assert options["metadata"]["scrapbook"] == {"name": "gap", "mime_prefix": "application/papermill.record/"}


def test_an_unrounded_number_is_refused():
    with pytest.raises(ValueError, match="gap must be text"):
        glue(gap=0.25)
