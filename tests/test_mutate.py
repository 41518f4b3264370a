"""The tool that mutates the helpers: what it changes, how it names it, and that its excuses are not out of date."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
mutate = importlib.import_module("mutate")

MODULE = '''"""A module."""
class Box:
    def half(self, x, y):
        """Half of 2."""
        if x < 0:
            raise ValueError(f"{x - 1}")
        return scale(x.detach(), y) / 2

    def four(self):
        return [2, 2]


def draw_half(x):
    return x / 2
'''


@pytest.fixture
def found(tmp_path, monkeypatch):
    (tmp_path / "box.py").write_text(MODULE)
    monkeypatch.setattr(mutate, "PACKAGE", tmp_path)
    return mutate.Finder("box").found


def test_signs_operators_constants_arguments_and_detach_are_changed_and_nothing_else(found):
    assert {m.key.removeprefix("box.Box.half: ") for m in found if m.function == ".Box.half"} == {
        "x < 0 -> x >= 0", "0 -> (0 + 1)",
        "scale(x.detach(), y) / 2 -> -(scale(x.detach(), y) / 2)",
        "scale(x.detach(), y) / 2 -> (scale(x.detach(), y)) * (2)",
        "2 -> (2 + 1)", "x.detach(), y -> y, x.detach()", "x.detach() -> x",
    }
    assert {m.old for m in found if m.guard} == {"x < 0", "0"}


def test_equal_changes_are_told_apart(found):
    assert [m.key for m in found if m.function == ".Box.four"] == [
        "box.Box.four: 2 -> (2 + 1) [1]", "box.Box.four: 2 -> (2 + 1) [2]",
    ]


def test_a_mutant_differs_from_the_module_in_its_place_alone(found):
    swapped = next(m for m in found if m.new == "y, x.detach()")
    assert swapped.source() == MODULE.replace("x.detach(), y", "y, x.detach()")


def test_every_explained_survivor_is_still_a_mutant():
    keys = mutate.explained()
    modules = [*mutate.formula_modules(), "digits", "networks", "noise", "teaching.grader"]
    assert keys
    assert not set(keys) - {m.key for name in modules for m in mutate.Finder(name).found}
    assert all(keys.values())


@pytest.mark.parametrize(
    ("words", "each", "names"),
    [([], 5, []), (["--each", "20"], 20, []), (["--each=7", "noise"], 7, ["noise"]), (["--all"], None, []),
     (["laws.gaussian", "book/elbo"], 5, ["laws.gaussian", "book/elbo"])],
    ids=["nothing", "each", "each=", "all", "names"],
)
def test_the_command_line_is_understood(words, each, names):
    assert mutate.asked(words, {"book/elbo": ""}) == (each, names)


@pytest.mark.parametrize("words", [["--each"], ["--each", "abc"], ["--each", "0"], ["--each=-1"], ["--few"], ["nosuch"],
                                   ["../tools/mutate"], [""]])
def test_what_is_not_understood_is_answered_with_usage(words):
    with pytest.raises(ValueError, match=r"^usage: make mutants [^\n]*$"):
        mutate.asked(words, {"book/elbo": ""})
