"""Execute every page under other seeds, in parallel, and tell each check that fails, and how much room each has.

Usage: reroll.py SEEDS [PAGE ...]      SEEDS is a number, 20 for the seeds 1 to 20, or a range such as 101-200.

What was learned is added to tools/margins.json, page by page as they end, so a run can be interrupted and continued. A
seed that fails stays named there until it passes. A page that has changed since, or whose helpers have, begins anew,
unless its first recorded seed still gives the same figures, rounding aside: then what changed was no number, or a check
that is new and begins its own count. The *room* of a check is its distance from failing in standard deviations over the
seeds: of the lead for an order between random numbers, of the power for a Monte Carlo mean, of the logarithm of the
difference for two roads that share random input. Five standard errors are allowed by design, so the distance itself
says nothing. Exact orders must not move at all.
"""

import json
import math
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import replay
from build import notebook_pages
from replay import freshness

MARGINS = Path(__file__).parent / "margins.json"
USAGE = "usage: make reroll SEEDS=20, or a range: SEEDS=101-200"
LEAST_ROOM = 4.0
EXACT = ("order", "contrast")
ROUNDING = ("identity", "quadrature", "numerical")


def seeds(text):
    """The seeds that ``20`` or ``101-200`` names.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    found = re.fullmatch(r"(?:(\d+)-)?([1-9]\d*)", text)
    if not found or (found[1] and int(found[1]) > int(found[2])):
        raise ValueError(USAGE)
    return range(int(found[1] or 1), int(found[2]) + 1)


def figure(report):
    """The number of a report whose spread over seeds tells the room, and the value at which the check fails."""
    if report["tier"] == "Monte Carlo order":
        return report["observed"], report["allowed"]
    if report["tier"].startswith("Monte Carlo"):
        return report["power"], 1.0
    if report["tier"] in EXACT:
        return report["observed"], None
    if report["tier"] == "law of samples":
        return report["observed"], report["allowed"]
    return math.log10(max(report["observed"], 1e-18)), math.log10(report["allowed"])


def blank(reports):
    """The record of checks that were not seen yet."""
    return [{"label": r["label"], "tier": r["tier"], "n": 0, "mean": 0.0, "squares": 0.0} for r in reports]


def add(old, reports):
    """Count, mean and sum of squares of every check's figure, brought up to date (Welford)."""
    checks = old or blank(reports)
    for check, report in zip(checks, reports, strict=True):
        value, fails_at = figure(report)
        check["n"] += 1
        step = value - check["mean"]
        check["mean"] += step / check["n"]
        check["squares"] += step * (value - check["mean"])
        check["fails_at"] = fails_at
    return checks


def begin(digest):
    """The record of a page of which nothing is known yet."""
    return {"digest": digest, "seeds": [], "checks": [], "first": None, "failed": {}}


def fingerprint(reports):
    """Every check of a run with its figure, as it stands in the record."""
    return [[r["label"], r["tier"], *figure(r)] for r in reports]


def far_below(tier, value, fails_at):
    """True if two exact roads differ by so much less than is allowed that only rounding is seen, which jumps about."""
    return tier in ROUNDING and value < fails_at - 2


def same(was, now):
    """True if two checks have one label, one kind and one figure, rounding aside.

    Another processor rounds otherwise: zero becomes 1e-16, and an optimiser ends in other digits, some 1e-8 away.
    """
    if was[:2] != now[:2]:
        return False
    rounding = was[3] == now[3] and all(far_below(now[1], value, now[3]) for value in (was[2], now[2]))
    return rounding or all(
        a == b or math.isclose(a, b, rel_tol=1e-6, abs_tol=0.5 if was[1] in ROUNDING else 1e-12)
        for a, b in zip(was[2:], now[2:], strict=True)
    )


def carried_on(entry, reports):
    """The record of a page, if a run of its first seed gives every figure as before: what is new begins its own count.

    Returns
    -------
    dict or None
        None if a figure is another, or is gone.
    """
    now, checks, old = fingerprint(reports), [], list(zip(entry["first"], entry["checks"], strict=True))
    for fresh, report in zip(now, reports, strict=True):
        if old and same(old[0][0], fresh):
            checks.append(old.pop(0)[1])
        else:
            checks += blank([report])
    return None if old else entry | {"checks": checks, "first": now}


def up_to_date(record, pages):
    """The record of these pages and of the others that exist, with whatever changed beginning anew."""
    digests = {page: freshness.digest(text, page.split("/")[-1]) + freshness.code_digest(text) for page, text in
               pages.items()}
    kept = {page: {"failed": {}} | entry for page, entry in record.items()
            if page in notebook_pages() and "first" in entry}
    changed = [page for page in pages if page in kept and kept[page]["digest"] != digests[page]]
    for page, result in replay.in_parallel(
        lambda page: replay.in_child(replay.reports, pages[page], kept[page]["seeds"][0]), changed
    ):
        found, failure = result or ([], "the process died")
        if failure or not (entry := carried_on(kept[page], found)):
            del kept[page]
            print(f"{page} has changed: its record begins anew", flush=True)
        else:
            kept[page] = entry | {"digest": digests[page]}
    return {page: begin(digest) for page, digest in digests.items()} | kept


def room(check):
    """Standard deviations over seeds between a check's mean figure and failure; infinite where nothing moves."""
    if check["n"] < 2 or check["fails_at"] is None or check["tier"] == "law of samples":
        return math.inf
    deviation = math.sqrt(check["squares"] / (check["n"] - 1))
    if deviation < 1e-9 or far_below(check["tier"], check["mean"], check["fails_at"]):
        return math.inf
    return abs(check["fails_at"] - check["mean"]) / deviation


def moves(check):
    """True for an exact order whose lead depends on the seed: it has no error control."""
    spread = math.sqrt(check["squares"] / max(1, check["n"] - 1))
    return check["tier"] in EXACT and spread > 1e-6 * max(1e-3, abs(check["mean"]))


def known():
    try:
        return json.loads(MARGINS.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def summary(record):
    """Lines about what was recorded, the least room first, and how many checks have too little or move."""
    rows = [(room(c), page, c) for page, entry in record.items() for c in entry["checks"]]
    lost = [f"seed {seed} fails, {page}: {why}" for page, entry in record.items()
            for seed, why in entry["failed"].items()]
    lines, bad = [*lost, "", "least room (standard deviations over seeds from failing)"], 0
    for distance, page, check in sorted(rows, key=lambda row: row[0])[:15]:
        if distance < math.inf:
            lines.append(f"{distance:8.1f}  {check['tier']:<20} {page} {check['label']}")
    for distance, page, check in rows:
        if moves(check):
            lines.append(f"an exact order that moves with the seed: {page} {check['label']}; use check.exceeds")
        bad += moves(check) or distance < LEAST_ROOM
    return lines, bad + len(lost)


def main(arguments):
    asked = seeds(arguments[0] if arguments else "")
    pages = {n: t for n, t in notebook_pages().items() if not arguments[1:] or n in arguments[1:]}
    if set(arguments[1:]) - set(pages):
        raise ValueError(f"{USAGE}; no such page: {' '.join(sorted(set(arguments[1:]) - set(pages)))}")
    failed = 0
    replay.preload()
    record = up_to_date(known(), pages)
    jobs = [(page, seed) for seed in asked for page in pages if seed not in record[page]["seeds"]]
    try:
        for (page, seed), result in replay.in_parallel(
            lambda job: replay.in_child(replay.reports, pages[job[0]], job[1]), jobs
        ):
            found, failure = result or ([], "the process died")
            print(f"seed {seed}: {page}" + (f": {failure}" if failure else ""), flush=True)
            if failure:
                failed += 1
                record[page]["failed"][str(seed)] = failure
            else:
                record[page]["failed"].pop(str(seed), None)
                record[page]["checks"] = add(record[page]["checks"], found)
                record[page]["seeds"].append(seed)
                record[page]["first"] = record[page]["first"] or fingerprint(found)
            MARGINS.write_text(json.dumps(record, indent=0, sort_keys=True) + "\n", encoding="utf-8")
    except KeyboardInterrupt:
        print("interrupted; what was done is kept", flush=True)
    lines, bad = summary({page: record[page] for page in pages})
    print("\n".join(lines))
    counts = [len(record[page]["seeds"]) for page in pages]
    print(f"{min(counts)} seeds or more on {len(pages)} pages: {failed} failures in this run, "
          f"{bad} checks that fail, move or have less room than {LEAST_ROOM:g}")
    return 1 if bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ValueError as problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
