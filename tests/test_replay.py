"""What the tools that try to fool the checks count, and that they can be interrupted."""

import importlib
import os
import re
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
replay, reroll, mutate = map(importlib.import_module, ("replay", "reroll", "mutate"))


@pytest.fixture(scope="module")
def preloaded():
    replay.preload()


PAGE = """
```{code-cell} ipython3
from reparam import checks as check
from reparam.teaching.glue import glue
report = check.equal("sum", 1.0 + 2.0, 3.0)
glue(report, total="3.0")
(report & check.less("order", 1.0, 9.0) & check.exceeds("lead", [1.0, 1.1] * 60, 0.9))
```
"""


def test_every_perturbed_conclusion_is_noticed_and_wide_orders_are_told(preloaded):
    found = replay.in_child(replay.conclusions, PAGE)
    assert found == {"printed": 1, "sides": 6, "survivors": [], "loose": [
        "order, check.less: factor", "lead, check.exceeds: sign",
    ]}


def test_sides_may_be_tensors_and_zeros_are_left_out(preloaded):
    page = """
```{code-cell} ipython3
import torch
from reparam import checks as check
check.equal("sum", torch.tensor([3.0]), torch.tensor([3.0])) & check.equal("none", [0.0], torch.zeros(1))
```
"""
    assert replay.in_child(replay.conclusions, page) == {"printed": 0, "sides": 2, "survivors": [], "loose": []}


def test_what_a_check_is_handed_is_changed_and_the_numbers_it_chose_are_not():
    found = mutate.statements("book/page", PAGE)
    assert {m.old for m in found} == {"1.0 + 2.0", "[1.0, 1.1] * 60"}
    changed = {PAGE[: m.start] + m.new + PAGE[m.end :] for m in found}
    assert PAGE.replace("1.0 + 2.0", "(1.0) - (2.0)") in changed


def test_a_failing_check_is_told_with_what_passed_before(preloaded):
    found, failure = replay.in_child(replay.reports, PAGE.replace("9.0)", "0.5)"), 3)
    assert [r["label"] for r in found] == ["sum"]
    assert failure.startswith("CheckFailed: order: the order leads by -0.5")


def test_jobs_run_in_forked_workers_and_one_that_dies_is_not_lost_in_silence():
    assert sorted(replay.in_parallel(lambda job: 2 * job, [1, 2, 3])) == [(1, 2), (2, 4), (3, 6)]
    with pytest.raises(BrokenProcessPool):
        list(replay.in_parallel(lambda job: os._exit(3), [1, 2]))


def test_a_range_of_seeds_is_a_number_or_two():
    assert list(reroll.seeds("3")) == [1, 2, 3]
    assert list(reroll.seeds("101-103")) == [101, 102, 103]
    for wrong in ("", "0", "5-3", "many", "1-"):
        with pytest.raises(ValueError, match="usage: make reroll"):
            reroll.seeds(wrong)


def report(tier, observed, allowed, power=0.0):
    return {"label": "a", "tier": tier, "observed": observed, "allowed": allowed, "power": power}


@pytest.mark.parametrize(
    ("tier", "runs", "room"),
    [
        ("Monte Carlo order", [(9.0, 5.0), (11.0, 5.0)], 5 / 2**0.5),  # mean 10, deviation sqrt 2
        ("numerical", [(1e-7, 1e-6), (1e-8, 1e-6)], 1.5 / 0.5**0.5),  # logarithms -7 and -8 against -6
        ("identity", [(1e-15, 1e-10), (1e-13, 1e-10)], float("inf")),  # rounding
        ("order", [(1.0, 0.0), (2.0, 0.0)], float("inf")),  # told apart as one that moves
    ],
    ids=["order", "numerical", "identity", "exact"],
)
def test_room_is_counted_in_standard_deviations_over_seeds(tier, runs, room):
    checks = None
    for observed, allowed in runs:
        checks = reroll.add(checks, [report(tier, observed, allowed)])
    assert reroll.room(checks[0]) == pytest.approx(room)
    assert reroll.moves(checks[0]) == (tier == "order")


FIRST = [report("Monte Carlo mean", 0.1, 1.0, 0.5), report("identity", 1e-16, 1e-10), report("order", 3.0, 0.0)]


@pytest.mark.parametrize(
    ("which", "entry", "same"),
    [
        (0, report("Monte Carlo mean", 0.1, 1.0, 0.5), True),
        (0, report("Monte Carlo mean", 0.1, 1.0, 0.5001), False),
        (1, report("identity", 2e-16, 1e-10), True),
        (1, report("identity", 2e-14, 1e-10), True),
        (1, report("identity", 2e-12, 1e-10), False),
        (1, report("identity", 1e-16, 1e-8), False),
        (2, report("contrast", 3.0, 0.0), False),
    ],
    ids=["same", "another draw", "rounding", "another processor", "not rounding", "a wider bound", "another kind"],
)
def test_a_page_begins_anew_if_its_first_seed_gives_other_figures(which, entry, same):
    record = reroll.begin("digest") | {"first": reroll.fingerprint(FIRST), "checks": reroll.add([], FIRST)}
    assert (reroll.carried_on(record, [*FIRST[:which], entry, *FIRST[which + 1 :]]) is not None) == same
    assert reroll.carried_on(record, FIRST[:-1]) is None


@pytest.mark.parametrize("at", range(4))
def test_a_check_that_is_new_begins_its_own_count(at):
    record = reroll.begin("digest") | {"first": reroll.fingerprint(FIRST), "checks": reroll.add([], FIRST)}
    found = [*FIRST[:at], report("quadrature", 1e-12, 1e-8), *FIRST[at:]]
    record = reroll.carried_on(record, found)
    assert [check["n"] for check in record["checks"]] == [*[1] * at, 0, *[1] * (3 - at)]
    assert [check["n"] for check in reroll.add(record["checks"], found)] == [*[2] * at, 1, *[2] * (3 - at)]


@pytest.mark.parametrize(("bound", "seeds"), [(1.0, [3]), (2.0, [])], ids=["the same figures", "others"])
def test_a_record_survives_a_change_of_words_in_the_code(preloaded, monkeypatch, capsys, bound, seeds):
    page = "```{code-cell} ipython3\nfrom reparam import checks as check\ncheck.less('order', [1.0], [2.0])\n```\n"
    monkeypatch.setattr(reroll, "notebook_pages", lambda: {"book/page": page})
    first = {"first": [["order", "order", bound, None]], "checks": [{}]}
    known = reroll.begin("of an older text") | {"seeds": [3]} | first
    record = reroll.up_to_date({"book/page": known, "book/gone": known}, {"book/page": page})
    assert {name: entry["seeds"] for name, entry in record.items()} == {"book/page": seeds}


def test_a_seed_that_fails_stays_named_until_it_passes(preloaded, monkeypatch, tmp_path, capsys):
    def cell(most):
        code = f"import os\nfrom reparam.checks import less\nless('order', int(os.environ['REPARAM_SEED']), {most})"
        return "```{code-cell} ipython3\n" + code + "\n```\n"

    monkeypatch.setattr(reroll, "MARGINS", tmp_path / "margins.json")
    monkeypatch.setattr(reroll, "notebook_pages", lambda: {"book/page": cell(2)})
    assert reroll.main(["2"]) == 1
    assert "seed 2 fails, book/page: CheckFailed: order" in capsys.readouterr().out
    assert reroll.main(["1-1"]) == 1  # it was not asked for again, and is not forgotten
    record = reroll.known()["book/page"]
    assert (record["seeds"], list(record["failed"])) == ([1], ["2"])
    monkeypatch.setattr(reroll, "notebook_pages", lambda: {"book/page": cell(3)})
    assert reroll.main(["2-2"]) == 0
    record = reroll.known()["book/page"]
    assert (record["seeds"], record["failed"]) == ([2], {})


@pytest.mark.parametrize("words", [[], ["nosuch"], ["elbo", "sgvi"]])
def test_a_page_that_does_not_exist_is_answered_with_usage(words, capsys):
    assert replay.main(words) == 2
    assert re.fullmatch(r"usage: make page PAGE=NAME, one of .*\n", capsys.readouterr().err)


@pytest.mark.parametrize(("page", "status"), [(PAGE, 0), (PAGE.replace("3.0)", "4.0)"), 1)], ids=["right", "wrong"])
def test_one_page_is_run_alone(preloaded, monkeypatch, page, status):
    monkeypatch.setattr(importlib.import_module("build"), "notebook_pages", lambda: {"book/tiny": page})
    assert replay.in_child(replay.main, ["tiny"]) == status
