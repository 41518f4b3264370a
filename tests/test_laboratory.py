"""The live figure: its JavaScript, run without a browser, against the book's Python helpers and against quadrature."""

import gzip
import math
import re
from functools import cache
from pathlib import Path

import javascript
import laboratory
import numpy as np
import pytest
import torch

from reparam import estimators, noise, quadrature
from reparam.chapters import elbo
from reparam.estimators import elbo_integrand, path_derivative, pathwise, score_function, total_derivative, variances
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws

ROOT = Path(__file__).resolve().parents[1]

MODEL = elbo.ConjugateGaussian(x=1.2, tau=1.0, s=0.8)
PLACES = [(0.4, 1.3, 1.1, 0.0), (-0.7, 0.5, 2.3, 3.0), (1.0, 2.0, 0.3, -2.0)]
COSTS = {  # with torch and numpy alike: the absolute value and the step have a slope of their own
    "parabola": lambda z, k: (z - k) ** 2,
    "wave": lambda z, k: torch.cos(k * z),
    "bump": lambda z, k: torch.exp(-k * z * z),
    "kink": lambda z, k: (z - k).abs(),
    "step": lambda z, k: (z > k) * 1.0 + 0 * z,
    "soft": lambda z, k: torch.special.ndtr(z / k),
}


def case(cost, place, which):
    """What the scripts call p."""
    m, v = MODEL.posterior
    numbers = dict(zip(("mu", "sigma", "k", "c"), place, strict=True), m=m, v=v, evidence=MODEL.log_evidence)
    return {"cost": cost, "which": which, **numbers}


CASES = [case(cost, place, which) for cost in [*COSTS, "bound"] for place in PLACES for which in ("mu", "log_sigma")]


def names(p):
    """The estimators that apply."""
    return ["path", "score", "baseline", *(["total"] if p["cost"] == "bound" else [])]


def in_scripts(call, given, changed=()):
    """A call into the laboratory, some of whose text was changed."""
    texts = laboratory.scripts()
    for old, new in changed:
        assert sum(text.count(old) for text in texts) == 1, f"{old!r} must stand in the scripts once"
        texts = [text.replace(old, new) for text in texts]
    return javascript.run(texts, call, given)


DRAWS = """({cases, eps, names}) => cases.map((p, i) => names[i].map((name) => Array.from(
    laboratory.draws(name, p, Float64Array.from(eps)))))"""
EXACT = "({cases, names}) => cases.map((p, i) => names[i].map((name) => laboratory.exact(name, p)))"


@pytest.fixture(scope="module")
def eps():
    return noise.normal("laboratory/test", 1000, 1)


def by_helpers(p, eps, baseline):
    """The same gradients from the book's estimators."""
    q = DiagonalGaussian.from_sigma([p["mu"]], [p["sigma"]])
    bound = p["cost"] == "bound"

    def log_joint(z):
        return MODEL.log_joint(z).sum(-1) + p["c"]

    def plain(z):
        return COSTS[p["cost"]](z[:, 0], p["k"]) + p["c"]

    cost = elbo_integrand(log_joint, q) if bound else plain
    b = torch.tensor([baseline], dtype=torch.float64)
    made = [
        path_derivative(log_joint, q, eps) if bound else pathwise(cost, q, eps), score_function(cost, q, eps),
        estimators.score_with_baseline(cost, q, eps, GradientDraws(b, b)),
        *([total_derivative(log_joint, q, eps)] if bound else []),
    ]
    return [getattr(draws, p["which"])[:, 0] for draws in made]


def worst_draw(eps, changed=()):
    """The largest difference of any draw, over all costs, places, parameters and estimators."""
    given = {"cases": CASES, "eps": eps[:, 0].tolist(), "names": [names(p) for p in CASES]}
    theirs = in_scripts(DRAWS, given, changed)
    baselines = in_scripts("cases => cases.map(laboratory.bestConstant)", CASES)
    worst = 0.0
    for p, drawn, b in zip(CASES, theirs, baselines, strict=True):
        ours = by_helpers(p, eps, b)
        for mine, other in zip(ours, drawn, strict=True):
            worst = max(worst, float((mine - torch.tensor(other, dtype=torch.float64)).abs().max()))
    return worst


def test_each_draw_is_that_of_the_books_estimators(eps):
    assert worst_draw(eps) < 1e-10


@pytest.mark.parametrize(("old", "new"), [
    ('(p.which === "mu" ? 1 : p.sigma * eps)', '(p.which === "mu" ? 1 : eps)'),
    ("eps * eps - 1)", "eps * eps)"),
    ("(eps) => (cost(p, at(p, eps)) - b) * score(p, eps)", "(eps) => (cost(p, at(p, eps)) + b) * score(p, eps)"),
    ("slope(p, at(p, eps)) * motion(p, eps) - score(p, eps)", "slope(p, at(p, eps)) * motion(p, eps) + score(p, eps)"),
    ("COSTS[p.cost].value(z, p) + p.c", "COSTS[p.cost].value(z, p)"),
    ("-(z - p.m) / p.v ** 2 + (z - p.mu)", "-(z - p.m) / p.v ** 2 - (z - p.mu)"),
    ("-2 * p.k * z * Math.exp(-p.k * z * z)", "-p.k * z * Math.exp(-p.k * z * z)"),
], ids=["no sigma", "no minus one", "baseline added", "score added", "no constant", "entropy's sign", "half a slope"])
def test_a_wrong_estimator_would_be_seen(eps, old, new):
    assert worst_draw(eps, [(old, new)]) > 1e-3


@cache
def by_quadrature(items, b):
    """Mean and variance of each estimator, integrated over the noise; panels end at kinks and jumps."""
    p = dict(items)
    edge = [(p["k"] - p["mu"]) / p["sigma"]]

    def moments(part):
        def both(eps):
            draws = by_helpers(p, torch.from_numpy(np.ascontiguousarray(eps))[:, None], b)[part].numpy()
            return np.stack([draws, draws**2]) * np.exp(-eps**2 / 2) / math.sqrt(2 * math.pi)

        mean, square = quadrature.integral(both, -12.0, 12.0, points=[*edge, 0.0])
        return mean, square - mean**2

    return [moments(part) for part in range(len(names(p)))]


def worst_moment(cases, changed=()):
    theirs = in_scripts(EXACT, {"cases": cases, "names": [names(p) for p in cases]}, changed)
    baselines = in_scripts("cases => cases.map(laboratory.bestConstant)", cases)
    worst = 0.0
    for p, exact, b in zip(cases, theirs, baselines, strict=True):
        for (mean, variance), other in zip(by_quadrature(tuple(p.items()), b), exact, strict=True):
            size = 1 + abs(mean) + variance
            worst = max(worst, abs(mean - other["mean"]) / size, abs(variance - other["variance"]) / size)
    return worst


def test_exact_means_and_variances_are_those_of_quadrature():
    assert worst_moment(CASES) < 1e-10


@pytest.mark.parametrize(("old", "new"), [
    ("(MOMENTS[j] - w) / 2", "(MOMENTS[j] + w) / 2"),
    ("(j - 1) * m[j - 2]", "j * m[j - 2]"),
    ("jumps: true", "jumps: false"),
    ("(1 - ratio * ratio) / 2]", "(1 + ratio * ratio) / 2]"),
    ("2 * ratio ** 2", "ratio ** 2"),
    ("x + 2 * p.c * e.value[j]", "x + p.c * e.value[j]"),
    ("const v = 1 / (1 + 2 * rate * sigma * sigma)", "const v = 1 / (1 + rate * sigma * sigma)"),
    ("mean - 2 * owen(", "mean - owen("),
], ids=["sine's sign", "tails", "step", "bound", "total", "constant", "bump", "soft step"])
def test_a_wrong_closed_form_would_be_seen(old, new):
    assert worst_moment(CASES[::2] + CASES[1::6], [(old, new)]) > 1e-3


def test_exact_variances_are_those_of_the_python_closed_forms():
    families = {"parabola": variances.square, "wave": variances.cosine, "bump": variances.exponential}
    for cost, family in families.items():
        for mu, sigma, k, _ in PLACES:
            table = variances.all_estimators(family(k, mu, sigma))
            for part, which in enumerate(("mu", "log_sigma")):
                p = case(cost, (mu, sigma, k, 0.0), which)
                theirs = in_scripts(EXACT, {"cases": [p], "names": [["path", "score", "baseline"]]})[0]
                ours = [table[name][part] for name in ("pathwise", "score function", "optimal baseline")]
                np.testing.assert_allclose([e["variance"] for e in theirs], ours, rtol=1e-10, atol=1e-10)


def test_the_bounds_variances_are_those_of_the_python_closed_forms():
    for mu, sigma, *_ in PLACES:
        table = variances.elbo_estimators(MODEL, mu, sigma)
        for part, which in enumerate(("mu", "log_sigma")):
            p = case("bound", (mu, sigma, 1.0, 0.0), which)
            theirs = in_scripts(EXACT, {"cases": [p], "names": [["path", "total"]]})[0]
            ours = [table[name][part] for name in ("path derivative", "total derivative")]
            np.testing.assert_allclose([e["variance"] for e in theirs], ours, rtol=1e-10, atol=1e-10)


def test_the_noise_is_standard_normal_and_the_same_for_the_same_seed():
    first, again, other = in_scripts("seeds => seeds.map(s => laboratory.noise(s, 40000))", [216, 216, 217])
    assert first == again != other
    ordered = np.sort(first)
    gap = np.abs(torch.special.ndtr(torch.tensor(ordered)).numpy() - (np.arange(40_000) + 0.5) / 40_000).max()
    assert gap < 2.0 / math.sqrt(40_000)  # Kolmogorov's distance exceeds this once in 1,500


def test_normal_distribution_function_and_histogram():
    x = np.linspace(-12, 12, 401)
    theirs = in_scripts("x => x.map(laboratory.cdf)", x.tolist())
    np.testing.assert_allclose(theirs, torch.special.ndtr(torch.tensor(x)).numpy(), rtol=0, atol=1e-14)
    counted = in_scripts("x => laboratory.histogram(x, -1, 1, 4)", [-1.5, -1, -0.6, 0, 0.1, 0.9, 1, 3])
    assert counted == {"counts": [2, 0, 2, 1], "below": 1, "above": 2}
    assert in_scripts("x => laboratory.runningMean(Float64Array.from(x))", [1, 3, 5]) == [1, 2, 3]


# What the presets say

NEEDED = """({preset, changes, share}) => { const { p, shown } = laboratory.WORDS.PRESETS[preset];
    return Object.fromEntries(shown.map((name) => [name, {
      ...laboratory.exact(name, {...p, ...changes}), truth: laboratory.truth({...p, ...changes}),
      needed: laboratory.needed(name, {...p, ...changes}, share) }])); }"""


def needed(preset, share=0.05, **changes):
    return in_scripts(NEEDED, {"preset": preset, "changes": changes, "share": share})


def test_preset_a_constant_moves_neither_truth_nor_path_but_the_score_function():
    low, high = needed("constant", c=0.0), needed("constant", c=4.0)
    assert low["path"] == high["path"]
    assert high["score"]["truth"] == pytest.approx(low["score"]["truth"], abs=1e-12)
    assert high["score"]["variance"] > 2 * low["score"]["variance"]


def test_preset_a_wiggle_slow_for_the_path_and_fast_for_the_score_function():
    slow, fast = needed("wiggle", k=1.0), needed("wiggle")
    assert slow["path"]["needed"] < slow["score"]["needed"]
    assert fast["score"]["needed"] < fast["path"]["needed"]


def test_preset_a_step_the_path_is_sure_and_wrong():
    seen = needed("step")
    assert seen["path"]["variance"] == 0 == seen["path"]["mean"]
    assert seen["path"]["needed"] == math.inf
    assert seen["score"]["mean"] == pytest.approx(math.exp(-0.125) / math.sqrt(2 * math.pi))  # the density at the step


def test_preset_the_optimum_leaves_the_path_derivative_without_noise():
    at, away = needed("posterior"), needed("posterior", mu=0.2)
    assert at["path"]["variance"] == 0
    assert at["total"]["variance"] == pytest.approx(1 / MODEL.posterior[1] ** 2)  # sigma^2 / v^4 at sigma = v
    assert away["path"]["truth"] == pytest.approx((MODEL.posterior[0] - 0.2) / MODEL.posterior[1] ** 2)


def test_preset_the_cure_does_not_notice_the_constant():
    curves = [needed("lift", c=c) for c in (-3.0, 0.0, 5.0)]
    assert len({round(c["baseline"]["variance"], 10) for c in curves}) == 1
    assert len({round(c["score"]["variance"], 3) for c in curves}) == 3


def test_preset_a_kink_agrees_with_the_truth():
    seen = needed("kink")
    assert seen["path"]["mean"] == seen["score"]["mean"] == seen["score"]["truth"]


def test_preset_a_softened_step_variance_grows_like_one_over_its_width():
    wide, narrow = needed("soft", k=0.1), needed("soft", k=0.05)
    assert narrow["path"]["variance"] / wide["path"]["variance"] == pytest.approx(2.0, rel=0.1)
    assert narrow["score"]["variance"] == pytest.approx(needed("soft")["score"]["variance"], rel=0.15)
    assert narrow["path"]["mean"] == narrow["path"]["truth"]


def test_preset_a_narrow_bump_costs_the_path_ever_more():
    ratios = [s["path"]["needed"] / s["score"]["needed"] for s in (needed("spike", k=k) for k in (5, 20, 40))]
    assert ratios == sorted(ratios)
    assert ratios[0] > 10


def test_preset_three_rivals_the_lead_changes():
    best = [min(s, key=lambda name: s[name]["variance"]) for s in (needed("contest", k=k) for k in (0.8, 1.5, 3.0))]
    assert best == ["path", "baseline", "baseline"]


def test_preset_the_bound_is_flat_at_the_posterior():
    heights = in_scripts("""() => { const { p } = laboratory.WORDS.PRESETS.bound;
        return [-1, 0.3, 2].map((z) => laboratory.cost({ ...p, mu: p.m, sigma: p.v }, z)); }""", None)
    np.testing.assert_allclose(heights, MODEL.log_evidence, rtol=1e-12)


def test_the_best_constant_leaves_less_variance_than_any_other():
    p = case("wave", (0.6, 0.8, 1.5, 2.0), "mu")
    best = in_scripts("p => laboratory.bestConstant(p)", p)
    b = torch.linspace(best - 0.5, best + 0.5, 11, dtype=torch.float64)
    spread = [by_quadrature(tuple(p.items()), float(x))[2][1] for x in b]
    assert int(np.argmin(spread)) == 5


# What is drawn

@pytest.fixture(scope="module")
def figures():
    return {name: laboratory.still(name, "full") for name in laboratory.presets()}


def test_every_preset_has_a_whole_picture_without_a_script(figures):
    for html in figures.values():
        assert html.count("<svg class=") == 3
        assert not re.search(r"NaN|undefined|Infinity|\d\d{6}", html.replace("lab-", ""))
        assert 'role="status"' in html


def test_the_table_shows_the_exact_numbers(figures):
    seen = needed("constant")["score"]
    cells = re.findall(r"<td>(.*?)</td>", figures["constant"])
    assert cells[2] == f"{seen['variance']:.0f}"
    assert f"<span>{seen['needed']:,}</span>" in cells[3]
    assert "never: it is biased" in figures["step"]
    assert "the truth is 0" in figures["posterior"]


def test_strings_tie_each_noise_value_to_its_sample(figures):
    d = re.search(r'd="([^"]*)" class="lab-string"', figures["trick"])[1]
    ends = np.array([[float(x) for x in re.findall(r"[-\d.]+", part)] for part in d.split("M")[1:]])
    scale = 170 / 4  # pixels of a unit of z
    low, high = (ends[:, 0] - 180) / scale, (ends[:, 2] - 180) / scale
    np.testing.assert_allclose(high, 1.5 + low, atol=0.005)  # mu = 1.5, sigma = 1; drawn to a tenth of a pixel


def test_the_truth_is_marked_where_it_is(figures):
    mark = re.search(r'd="M([\d.]+) [\d.]+L\1 [\d.]+" class="lab-truth lab-dashed"', figures["trick"])
    axis = [float(t.replace("−", "-")) for t in re.findall(r'class="lab-muted" text-anchor="\w+">(−?[\d.]+)</text>',
                                                          figures["trick"].split('class="lab-outcome"')[1])[:3]]
    assert (float(mark[1]) - 180) / 170 * axis[2] == pytest.approx(3.0, abs=0.05)
    assert axis[0] == -axis[2]


def test_a_spike_does_not_hide_the_other_draws(figures):
    bars = re.findall(r'd="([^"]*)" class="lab-bars lab-score"', figures["step"])[0]
    tall = sorted(-float(v) for v in re.findall(r"v(-[\d.]+)", bars))
    assert tall[-1] == 50.0
    assert tall[-2] > 10


def test_the_sentence_counts_and_says_what_is_wrong(figures):
    assert "Mean of 2,000 draws" in figures["step"]
    assert re.search(r"path 0\.00 ± 0\.00 \(biased\)", figures["step"])
    assert "The gradient in μ is 3.00." in figures["trick"]


def test_the_laboratory_is_light():
    files = [p for p in laboratory.FOLDER.iterdir() if p.suffix in (".js", ".css")]
    assert sum(len(gzip.compress(p.read_bytes())) for p in files) <= 60_000
    assert all(not re.search(r"\b(import|export|fetch|XMLHttpRequest)\b\s*[({\"']", p.read_text()) for p in files)


def test_a_script_that_fails_says_so():
    with pytest.raises(ValueError, match="ReferenceError: nothing is not defined"):
        javascript.run([], "() => nothing", None)
