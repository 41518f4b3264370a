"""Measure how often the bench is right: on faults, broken and mended, on right gradients alone; and clock three models.

    .venv/bin/python benchmarks/verdicts.py [faults] [held] [alarms=1000] [worked]

writes what it was asked for into benchmarks/verdicts.json, which the chapter prints; the rest of the file stays. An
interrupted count of false alarms goes on where it stopped.
"""

import json
import sys
from pathlib import Path

import faults
import heldout
import torch

from reparam import bench
from reparam.chapters import your_model

STORE = Path(__file__).resolve().parent / "verdicts.json"


def load():
    """What was measured so far."""
    return json.loads(STORE.read_text(encoding="utf-8")) if STORE.exists() else {}


def save(**parts):
    """Put parts into the store."""
    text = json.dumps(load() | parts, indent=1, ensure_ascii=False)
    STORE.write_text(text + "\n", encoding="utf-8")


def judge(case, broken, seed):
    """The verdict on one state of a case, and whether it is the right one."""
    step = case.broken if broken else case.mended
    verdict = bench.is_unbiased(step, case.parameters, case.law, case.intended, seed=seed, **case.options)
    right = verdict.right is False if broken else verdict.right is True
    return right, right and broken and verdict.kind == case.kind, verdict


def measure_faults(cases, seed):
    """Counts over a list of cases, and what was missed."""
    counts = {"cases": 0, "broken found": 0, "kind named": 0, "mended passed": 0, "missed": []}
    for case in cases:
        found, named, ill = judge(case, True, seed)
        passed, _, well = judge(case, False, seed)
        for name, hit in {"cases": 1, "broken found": found, "kind named": named, "mended passed": passed}.items():
            counts[name] += hit
        for ok, state, verdict in ((found, "broken", ill), (passed, "mended", well)):
            if not ok:
                counts["missed"].append(f"{case.name}, {state}: {verdict.kind} {verdict.pattern}".strip())
                print(case.name, state, verdict, flush=True)
    return counts


def measure_alarms(runs):
    """Verdicts on right gradients, each run with noise of its own; goes on from what the store holds."""
    cases = list(faults.right_gradients())
    counts = load().get("right gradients", {"runs": 0, "right": 0, "undecided": 0, "alarms": 0})
    for k in range(counts["runs"], runs):
        name, loss, parameters, law, intended, options = cases[k % len(cases)]
        verdict = bench.is_unbiased(loss, parameters, law, intended, seed=1000 + k, **options)
        counts[{True: "right", False: "alarms", None: "undecided"}[verdict.right]] += 1
        counts |= {"runs": k + 1, "kinds": min(k + 1, len(cases))}
        if verdict.right is False:
            print(k, name, verdict, flush=True)
        if k % 20 == 19 or k == runs - 1:
            save(**{"right gradients": counts})


def clocked(name, comparison, rival):
    """One worked case: the winner by the clock, and how much longer a rival takes to the same error."""
    best, other = comparison.total(comparison.winner), comparison.total(rival)
    return {"case": name, "winner": best.way, "rival": rival,
            "winner seconds": best.price, "rival seconds": other.price,
            "times": other.product / best.product if best.product else None, "signal": other.signal}


def measure_worked():
    """The chapter's three models, priced in seconds."""
    log_joint, weights, guide = your_model.bayesian_net()
    found = bench.compare(None, weights, guide, log_joint=log_joint, draws=4)
    yield clocked("Bayesian net", found, "score, leave-one-out")
    images = your_model.binary_images(64)
    log_joint, net, encode = your_model.bernoulli_vae(images[:16])
    yield clocked("VAE", bench.compare(None, net, encode, log_joint=log_joint, draws=2), "total derivative")
    log_joint, logits, bits = your_model.hidden_causes(images)
    found = bench.compare(None, logits, bits, log_joint=log_joint, draws=8)
    yield clocked("hidden bits", found, "score, leave-one-out")


def main(wanted):
    """Measure the parts that are wanted, all if none is named."""
    torch.set_num_threads(1)
    wanted = dict(part.partition("=")[::2] for part in wanted or ["faults", "held", "alarms=1000", "worked"])
    if "worked" in wanted:
        save(worked=list(measure_worked()))
    if "held" in wanted:
        save(**{"held out": measure_faults(heldout.faults(), 0)})
    if "faults" in wanted:
        save(faults=measure_faults(faults.faults(), 0))
    if "alarms" in wanted:
        measure_alarms(int(wanted["alarms"] or 1000))


if __name__ == "__main__":
    main(sys.argv[1:])
