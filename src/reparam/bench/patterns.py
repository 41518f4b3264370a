"""What a difference looks like: candidates are computed, and the one that explains every direction names the fault."""

import numpy as np
from torch.distributions import TransformedDistribution

from reparam.bench.candidates import (
    change,
    edge_moves,
    explicit,
    jumps,
    keeps_noise,
    log_det,
    names_used,
    noisy_modules,
    rescaled,
    without_noise,
)

SENTENCES = {
    "detached":
        "nothing arrives in {names}: the path from the loss to them is cut (sample for rsample, detach, no_grad, "
        "an in-place copy, or a step of another kind)",
    "no path":
        "the gradient is the part that is left when the draws are held fixed: the draws carry no slopes, and the "
        "score term is missing (sample for rsample, torch.normal, torch.bernoulli, detach)",
    "jump":
        "the loss jumps along the way, and backward does not see jumps: a step, an argmax, a rounding, a "
        "comparison or a discrete draw needs a score function, or a smooth stand-in",
    "missing explicit term":
        "the slope of the loss in the parameters at fixed draws is missing: something was detached that belongs "
        "to the gradient, or the loss itself depends on the parameters",
    "live bracket":
        "the score is multiplied by a loss that is not detached: its slope enters, weighted by the log density",
    "path and score":
        "path and score are both there: one of the two is counted too much. Detach the draws, or drop the score "
        "term",
    "dropped entropy":
        "the difference is the slope of the entropy of q: the term -log q is missing, or cut",
    "double entropy":
        "the difference is the slope of the entropy of q, once too often",
    "sign":
        "it has the opposite sign: the step climbs where it should descend",
    "factor":
        "it is {factor:.4g} times the reference in every direction: a sum for a mean, the wrong scale of a "
        "minibatch (N/B), or a weight",
    "log-variance":
        "the draws are those of a law whose scale is the {power}: a log-variance was taken for a log deviation, "
        "or the other way round",
    "frozen noise":
        "the step returns the same number whatever the seed: its noise is frozen (drawn once, or seeded inside)",
    "moving edge":
        "the support of the law moves with its parameters: the score function misses the edge, and a path must "
        "carry it",
    "hidden noise":
        "a module in training mode draws noise or uses batch statistics of its own ({modules})",
    "one group":
        "{names} alone is wrong; the other groups agree",
    "forgotten Jacobian":
        "the difference is the slope of the mean log determinant: draws went through a map, and their density "
        "lacks its Jacobian",
    "":
        "the difference has no pattern that I know. The usual suspects: shapes that broadcast, (N, 1) against "
        "(N,); the direction of a KL; another law scored than drawn",
}


def name_fault(run, record, test):
    """The verdict on a difference that has been confirmed."""
    own_holds = not test.own_alarm.any() and run.judged
    kind = "objective" if own_holds and not run.bench.step.surrogate else "gradient"
    if not run.judged and looks_like_surrogate(run.bench.step):
        return run._say(None, "undecided", "surrogate", "backward leaves another thing than the slope of the mean of "
                        "what the step returns. It uses log_prob, so it may be a surrogate: return (surrogate, "
                        "loss), or give law and intended.", test)
    if not run.judged and run.bench.step.oldest and not np.any(test.own):
        return run._raised(RuntimeError("a second time"))
    name, details = _pattern(run, record, test, own_holds)
    if name == "frozen noise":
        kind = "gradient"
    head = "backward leaves another thing than the slope of the mean" if kind == "gradient" else \
        "the gradient is right, for another expectation than the intended one"
    worst = int(np.argmax(np.abs(test.bias) / np.maximum(test.limit * test.error, test.floor)))
    row = test.rows[worst]
    seen = f"in {row['name']} {row['gradient']:.4g} where {row['reference']:.4g} is right (± {row['error']:.2g})"
    text = f"{head}: {seen}. Pattern: {SENTENCES[name].format(**details)}."
    if not run.judged:
        text += " Whether the loss is the one you mean I cannot judge without intended or log_joint."
    return run._say(False, kind, name, text, test)


def looks_like_surrogate(step):
    """Whether the step scores draws by their log density, so that its number need not be the loss."""
    names = names_used(step.loss)
    return "log_prob" in names and not step.surrogate and ("rsample" not in names or "detach" in names)


def _fits(test, candidate, tolerance=0.06):
    """Whether a candidate, one row or a row for each replicate, explains the gradient in every direction."""
    rows = np.atleast_2d(candidate)
    own = rows.std(0, ddof=1) / len(rows) ** 0.5 if len(rows) > 1 else 0.0
    noise = np.hypot(np.maximum(test.error, test._error(test._left)), own)
    allowed = 0.5 * test.limit * noise + tolerance * test.scale + test.rounding
    return bool(np.isfinite(rows).all() and (np.abs(test.left - rows.mean(0)) <= allowed).all())


def _names(run, groups):
    """Names of the parameters with these numbers, each once."""
    return {run.bench.parameters.names[g] for g in groups}


def _pattern(run, record, test, own_holds):
    bench, values = run.bench, np.asarray(record.values)[:, 0]
    if run.judged and len(values) > 1 and np.isfinite(values).all() and np.ptp(values) == 0 and keeps_noise(bench.step):
        return "frozen noise", {}
    if own_holds:
        return _objective(run, test)
    zero = set(bench.step.missing) | _names(
        run, [g for g in set(test.groups) if not np.any(test._left[:, test.groups == g])])
    if run.judged and not bench.at_start and (name := _by_terms(run, test)):
        return name, {"names": "", "factor": 1.0}
    if not bench.at_start and jumps(bench):
        return "jump", {}
    seen, wrong = _names(run, test.groups), _names(run, test.groups[test.alarm])
    stuck = zero & wrong  # of groups where nothing arrives; a slope that is near zero anyway raises no alarm
    if zero and (stuck == zero & seen or stuck == wrong):
        return "detached", {"names": ", ".join(sorted(stuck | zero - seen))}
    return _proportional(run, test)


def _proportional(run, test):
    factor = float(test.left @ test.meant / max(test.meant @ test.meant, 1e-300))
    if _fits(test, -test.meant):
        return "sign", {}
    if test.count > 1 and _fits(test, factor * test.meant, 0.03 * max(abs(factor), 0.05)) and abs(factor) > 1e-6:
        return "factor", {"factor": factor}
    wrong = _names(run, test.groups[test.alarm])
    if len(wrong) < len(set(test.groups)):
        return "one group", {"names": ", ".join(sorted(wrong))}
    return "", {}


def _objective(run, test):
    law = run.bench.intended.law if run.judged else None
    if run.is_elbo and not run.bench.at_start:
        entropy = change(run, lambda z: law.log_density(z))
        if _fits(test, test.meant - entropy):
            return "dropped entropy", {}
        if _fits(test, test.meant + entropy):
            return "double entropy", {}
        if isinstance(law(), TransformedDistribution) and _fits(test, test.meant + change(run, log_det(law))):
            return "forgotten Jacobian", {}
    modules = noisy_modules(run)
    if modules and (np.abs(without_noise(run, modules)) < 0.25 * np.abs(test.bias).max()).all():
        return "hidden noise", {"modules": ", ".join(sorted({type(m).__name__ for m in modules}))}
    name, details = _proportional(run, test)
    if name in ("sign", "factor"):
        return name, details
    for power, words in ((0.5, "square root of what is meant"), (2.0, "square of what is meant")):
        scaled = rescaled(law, power)
        if scaled is None or run.bench.at_start:
            continue
        if _fits(test, change(run, run.bench.intended.integrand, scaled)):
            return "log-variance", {"power": words}
    return name, details


def _by_terms(run, test):
    """Patterns that follow from the two parts of a gradient: draws held fixed, and the law's own."""
    held = explicit(run, run.bench.intended.integrand)
    law = run.bench.intended.law
    score = test.meant - held
    if edge_moves(law) and _fits(test, held) is False and np.any(test.left):
        return "moving edge"
    if np.abs(held).max() > 1e-9 and _fits(test, held) and np.any(test.left):
        return "no path"
    if run.is_elbo:
        entropy = change(run, law.log_density)
        for name, sign in (("dropped entropy", -1), ("double entropy", 1)):
            if np.abs(entropy).max() > 1e-9 and _fits(test, test.meant + sign * entropy):
                return name
    if np.abs(held).max() > 1e-9 and _fits(test, score):
        return "missing explicit term"
    live = explicit(run, run.bench.intended.integrand, weighted=True)
    if np.abs(held).max() > 1e-9 and (_fits(test, score + live) or _fits(test, score + held + live)):
        return "live bracket"
    if np.any(score) and _fits(test, 2 * score + held):
        return "path and score"
    return ""
