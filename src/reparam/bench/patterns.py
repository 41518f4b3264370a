"""What a difference looks like: candidates are computed, and the one that explains every direction names the fault."""

import numpy as np
import torch
from torch.distributions import Independent, Normal, TransformedDistribution

from reparam.bench.given import Law, reseed, surroundings

TRIES = 24
"""Replicates for each candidate."""

SENTENCES = {
    "detached": "nothing arrives in {names}: the path from the loss to them is cut (sample for rsample, detach, no_grad, "
                "an in-place copy, or a step of another kind)",
    "no path": "the gradient is the part that is left when the draws are held fixed: the draws carry no slopes, and the "
               "score term is missing (sample for rsample, torch.normal, torch.bernoulli, detach)",
    "jump": "the loss jumps along the way, and backward does not see jumps: a step, an argmax, a rounding, a comparison or a "
            "discrete draw needs a score function, or a smooth stand-in",
    "missing explicit term": "the slope of the loss in the parameters at fixed draws is missing: something was detached that "
                             "belongs to the gradient, or the loss itself depends on the parameters",
    "live bracket": "the score is multiplied by a loss that is not detached: its slope enters, weighted by the log density",
    "path and score": "path and score are both there: one of the two is counted too much. Detach the draws, or drop the "
                      "score term",
    "dropped entropy": "the difference is the slope of the entropy of q: the term -log q is missing, or cut",
    "double entropy": "the difference is the slope of the entropy of q, once too often",
    "sign": "it has the opposite sign: the step climbs where it should descend",
    "factor": "it is {factor:.4g} times the reference in every direction: a sum for a mean, the wrong scale of a minibatch "
              "(N/B), or a weight",
    "log-variance": "the draws are those of a law whose scale is the {power}: a log-variance was taken for a log deviation, "
                    "or the other way round",
    "frozen noise": "the step returns the same number whatever the seed: its noise is frozen (drawn once, or seeded inside)",
    "moving edge": "the support of the law moves with its parameters: the score function misses the edge, and a path must "
                   "carry it",
    "hidden noise": "a module in training mode draws noise or uses batch statistics of its own ({modules})",
    "one group": "{names} alone is wrong; the other groups agree",
    "forgotten Jacobian": "the difference is the slope of the mean log determinant: draws went through a map, and their "
                          "density lacks its Jacobian",
    "": "the difference has no pattern that I know. The usual suspects: shapes that broadcast, (N, 1) against (N,); the "
        "direction of a KL; another law scored than drawn",
}


def name_fault(run, record, test):
    """The verdict on a difference that has been confirmed."""
    own_holds = not test.own_alarm.any() and run.judged
    kind = "objective" if own_holds and not run.bench.step.surrogate else "gradient"
    if not run.judged and looks_like_surrogate(run.bench.step):
        return run._say(None, "undecided", "surrogate", "backward leaves another thing than the slope of the mean of what "
                        "the step returns. It uses log_prob, so that number may be a surrogate: return (surrogate, loss), "
                        "or give law and intended.", test)
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
    names = _names(step.loss)
    return "log_prob" in names and not step.surrogate and ("rsample" not in names or "detach" in names)


def _names(fn, depth=2):
    """Names that a function's body uses, and those of the user's functions that it calls."""
    fn = getattr(getattr(fn, "func", fn), "__func__", getattr(fn, "func", fn))
    code = getattr(fn, "__code__", None)
    names = set(code.co_names) if code else set()
    if code:
        names |= {n for c in code.co_consts if hasattr(c, "co_names") for n in c.co_names}
    if depth and code:
        for v in surroundings(fn).values():
            if hasattr(v, "__code__") and not v.__module__.startswith(("torch", "reparam")):
                names |= _names(v, depth - 1)
    return names


def _fits(test, candidate, tolerance=0.06):
    """Whether a candidate explains the gradient in every direction."""
    allowed = test.limit * np.maximum(test.error, test._error(test._left)) * 0.5 + tolerance * test.scale + test.rounding
    return bool(np.isfinite(candidate).all() and (np.abs(test.left - candidate) <= allowed).all())


def _pattern(run, record, test, own_holds):
    bench, values = run.bench, np.asarray(record.values)[:, 0]
    if run.judged and len(values) > 1 and np.isfinite(values).all() and np.ptp(values) == 0 and _keeps_noise(bench.step):
        return "frozen noise", {}
    if own_holds:
        return _objective(run, test)
    zero = {n for n in set(bench.step.missing)} | {
        bench.parameters.names[g] for g in set(test.groups) if not np.any(test._left[:, test.groups == g])}
    if run.judged and not bench.at_start and (name := _by_terms(run, test)):
        return name, {"names": "", "factor": 1.0}
    jumps = not bench.at_start and _jumps(bench)
    if jumps:
        return "jump", {}
    if zero and all(test.alarm[test.groups == g].any() for g, n in enumerate(bench.parameters.names) if n in zero
                    and (test.groups == g).any()):
        return "detached", {"names": ", ".join(sorted(zero))}
    return _proportional(run, test)


def _proportional(run, test):
    factor = float(test.left @ test.meant / max(test.meant @ test.meant, 1e-300))
    if _fits(test, -test.meant):
        return "sign", {}
    if test.count > 1 and _fits(test, factor * test.meant, 0.03 * max(abs(factor), 0.05)) and abs(factor) > 1e-6:
        return "factor", {"factor": factor}
    wrong = {run.bench.parameters.names[g] for g in test.groups[test.alarm]}
    if len(wrong) < len(set(test.groups)):
        return "one group", {"names": ", ".join(sorted(wrong))}
    return "", {}


def _objective(run, test):
    law = run.bench.intended.law if run.judged else None
    if run.is_elbo and not run.bench.at_start:
        entropy = _change(run, lambda z: law.log_density(z))
        if _fits(test, test.meant - entropy):
            return "dropped entropy", {}
        if _fits(test, test.meant + entropy):
            return "double entropy", {}
        if isinstance(law(), TransformedDistribution) and _fits(test, test.meant + _change(run, _log_det(law))):
            return "forgotten Jacobian", {}
    modules = _hidden(run)
    if modules and (np.abs(_calm(run, modules)) < 0.25 * np.abs(test.bias).max()).all():
        return "hidden noise", {"modules": ", ".join(sorted({type(m).__name__ for m in modules}))}
    name, details = _proportional(run, test)
    if name in ("sign", "factor"):
        return name, details
    for power, words in ((0.5, "square root of what is meant"), (2.0, "square of what is meant")):
        scaled = _rescaled(law, power)
        if scaled is not None and not run.bench.at_start and _fits(test, _change(run, run.bench.intended.integrand, scaled)):
            return "log-variance", {"power": words}
    return name, details


def _by_terms(run, test):
    """Patterns that follow from the two parts of a gradient: draws held fixed, and the law's own."""
    explicit = _explicit(run, run.bench.intended.integrand)
    law = run.bench.intended.law
    score = test.meant - explicit
    if _edge(law) and _fits(test, explicit) is False and np.any(test.left):
        return "moving edge"
    if np.abs(explicit).max() > 1e-9 and _fits(test, explicit) and np.any(test.left):
        return "no path"
    if run.is_elbo:
        entropy = _change(run, law.log_density)
        for name, sign in (("dropped entropy", -1), ("double entropy", 1)):
            if np.abs(entropy).max() > 1e-9 and _fits(test, test.meant + sign * entropy):
                return name
    if np.abs(explicit).max() > 1e-9 and _fits(test, score):
        return "missing explicit term"
    live = _explicit(run, run.bench.intended.integrand, weighted=True)
    if np.abs(explicit).max() > 1e-9 and (_fits(test, score + live) or _fits(test, score + explicit + live)):
        return "live bracket"
    if np.any(score) and _fits(test, 2 * score + explicit):
        return "path and score"
    return ""


def _change(run, integrand, law=None):
    """Change of a mean along every direction, from replicates of its own."""
    bench, rows = run.bench, []
    for _ in range(TRIES):
        seed = bench._next()
        bench.parameters.place()
        here, row = bench.intended.value(seed, integrand, law), []
        for d in bench.directions:
            bench.parameters.place(d.index, d.vector, d.length)
            row.append((bench.intended.value(seed, integrand, law) - here) / d.length)
        rows.append(row)
    bench.parameters.place()
    return np.mean(rows, 0)


def _explicit(run, integrand, weighted=False):
    """Change of the integrand's mean with the draws held fixed, weighted by the log density if asked for."""
    bench, law, rows = run.bench, run.bench.intended.law, []
    for _ in range(TRIES):
        bench.parameters.place()
        reseed(bench._next())
        z = law.draw(bench.intended.draws)
        weight = law.log_density(z).detach() if weighted else 1.0
        here, row = integrand(z).detach(), []
        for d in bench.directions:
            bench.parameters.place(d.index, d.vector, d.length)
            row.append(float((weight * (integrand(z).detach() - here)).mean()) / d.length)
        rows.append(row)
    bench.parameters.place()
    return np.mean(rows, 0)


def _jumps(bench):
    """Whether changes over a short piece spread more than over a long one: the mark of a jump."""
    long, short = [], []
    for d in bench.directions:
        for _ in range(8):
            seed = bench._next()
            bench.parameters.place()
            here = bench.step.value(seed)
            for length, kept in ((d.length, long), (d.length / 64, short)):
                bench.parameters.place(d.index, d.vector, length)
                kept.append((bench.step.value(seed) - here) / length)
    bench.parameters.place()
    wide, narrow = (np.array(x).reshape(len(bench.directions), -1).var(1).mean() for x in (long, short))
    return bool(narrow > 8 * wide > 0 or (wide > 0 and not np.any(short)))


class _Rescaled(Law):
    """A normal law whose scale is a power of the given one."""

    def __init__(self, law, power):
        self._law, self._power, self.parameters, self.fixed = law, power, law.parameters, law.fixed

    def __call__(self):
        q = self._law()
        inner = q.base_dist if isinstance(q, Independent) else q
        new = Normal(inner.loc, inner.scale**self._power)
        return Independent(new, q.reinterpreted_batch_ndims) if isinstance(q, Independent) else new


def _rescaled(law, power):
    q = law() if law is not None else None
    inner = q.base_dist if isinstance(q, Independent) else q
    return _Rescaled(law, power) if isinstance(inner, Normal) else None


def _log_det(law):
    """Log determinant of the maps of a transformed law, per draw."""
    def of(z):
        q, total, y = law(), 0.0, z
        for transform in reversed(q.transforms):
            x = transform.inv(y)
            total, y = total + transform.log_abs_det_jacobian(x, y), x
        return total.reshape(len(z), -1).sum(1)
    return of


def _edge(law):
    """Whether the ends of the law's support require a gradient."""
    try:
        support = law().support
    except (NotImplementedError, AttributeError):
        return False
    ends = [getattr(support, name, None) for name in ("lower_bound", "upper_bound")]
    return any(isinstance(e, torch.Tensor) and e.requires_grad for e in ends)


def _keeps_noise(step):
    """Whether the step seeds a generator inside, or reaches tensors that are no parameters."""
    if {"manual_seed", "Generator", "default_rng", "RandomState", "seed"} & _names(step.loss):
        return True
    own = {id(p) for p in step.parameters.tensors}
    return any(isinstance(v, torch.Tensor) and v.is_floating_point() and id(v) not in own
               for v in surroundings(step.loss).values())


def _hidden(run):
    """Modules within reach that draw noise, or use statistics of the batch, in training mode."""
    noisy = torch.nn.modules.dropout._DropoutNd, torch.nn.modules.batchnorm._BatchNorm
    reach = [run.bench.parameters.given, *surroundings(run.bench.step.loss).values()]
    return {m for g in reach if isinstance(g, torch.nn.Module) for m in g.modules()
            if isinstance(m, noisy) and m.training}


def _calm(run, modules):
    """What is left of the difference when these modules are in evaluation mode: the slope, if they explain it."""
    bench, rows = run.bench, []
    for m in modules:
        m.eval()
    for _ in range(TRIES):
        seed = bench._next()
        bench.parameters.place()
        here, row = bench._values(seed), []
        for d in bench.directions:
            bench.parameters.place(d.index, d.vector, d.length)
            there = bench._values(seed)
            row.append((there[0] - here[0] - there[1] + here[1]) / d.length)
        rows.append(row)
    bench.parameters.place()
    for m in modules:
        m.train()
    return np.mean(rows, 0)
