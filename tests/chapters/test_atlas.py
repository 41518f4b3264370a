"""Every estimator on a few small problems: numbers worked out on paper, and wrong ones that are refused."""

import ast
import re
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from reparam import checks as check
from reparam import quadrature
from reparam.chapters import atlas
from reparam.estimators.learned import LearnedControl
from reparam.noise import generator

ROOT = Path(__file__).resolve().parents[2]
NO_ESTIMATORS = {  # what stands beside the estimators: laws and noise, exact moments, prices and runs
    "blackbox": {"best_step", "direction_variance", "step_smoothing"},
    "bounds": {"elbo_integrand"},
    "categories": {"leave_one_out_variance", "outcomes"},
    "corrected": {"conditional_noise", "conditional_slope", "rebar_variance"},
    "filling": {"sobol_digits", "as_normal"},
    "filling_variances": {"stratum_moments", "stratified_variance", "latin_product_variance", "jump_variance"},
    "implicit": {"attach_path"},
    "importance": {"log_weights", "brackets"},
    "learned": {"learn"},
    "measures": {"polar_nodes"},
    "minibatches": {"batch_variance", "mean_covariance", "best_draws"},
    "pairs": {"antithetic_bits", "antithetic_states", "pair_variances"},
    "rejection": {"propose", "accepted", "log_noise_density"},
    "relaxations": {"logistic_expectation", "relaxed", "relaxed_path", "relaxed_moments", "small_temperature"},
    "structure": {"bit_states", "bit_weights", "own_sums"},
    "transport": {"quadratic_moments"},
    "weak": {"with_and_without_coupling"},
}
MACHINERY = {"prices", "side_by_side", "variances"}  # no estimators but the pairs, which are antithetic


def test_every_estimator_of_the_library_stands_in_the_atlas_or_is_left_out_with_a_reason():
    page = (ROOT / "book" / "atlas.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+\.\w+)`", page[page.index("## Every call"):]))
    there = set()
    for path in (ROOT / "src" / "reparam" / "estimators").glob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")}
        assert NO_ESTIMATORS.get(path.stem, set()) <= functions, f"{path.stem} has lost a helper"
        if path.stem not in MACHINERY:
            there |= {f"{path.stem}.{name}" for name in functions - NO_ESTIMATORS.get(path.stem, set())}
    assert named - {"reparam.estimators"} == there | {"side_by_side.antithetic"}


def test_every_estimator_of_a_guide_stands_in_the_atlas():
    page = (ROOT / "book" / "atlas.md").read_text(encoding="utf-8")
    heads = r"^\| (?:Estimator|Way|What you know|Gradient)\b[^\n]*\n\|-[^\n]*\n((?:\|[^\n]*\n)+)"
    for path in (ROOT / "book").glob("*.md"):
        for rows in re.findall(heads, path.read_text(encoding="utf-8"), re.MULTILINE):
            for row in rows.splitlines():
                labels = re.findall(r"\{eq\}`([\w-]+)`", " ".join(row.split("|")[1:3]))
                lost = [label for label in labels if f"{{eq}}`{label}`" not in page]
                assert not lost, f"{path.name}: the atlas has no row for {lost}"


def test_evaluations_are_work_over_the_square_of_what_is_asked():
    # variance 0.5 at price 2, gradient 4, a quarter of it: 2 * 0.5 / 1
    assert atlas.evaluations(0.5, -4.0, 2.0, 0.25) == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("bad", [(-1.0, 1.0, 1.0), (1.0, 0.0, 1.0), (1.0, 1.0, 0.0)], ids=("V", "G", "price"))
def test_evaluations_refuse(bad):
    with pytest.raises(ValueError, match="must"):
        atlas.evaluations(*bad)


def test_more_coordinates_cost_the_score_function_more_and_a_slope_nothing():
    one, many = atlas.smooth(1), atlas.smooth(40)
    assert many["score function"][1] > 100 * one["score function"][1]
    assert many["pathwise"] == one["pathwise"]
    assert many["measure-valued"] == (80.0, one["measure-valued"][1])
    squared_slope = quadrature.expectation(lambda z: (1.5 * np.sin(1.5 * z)) ** 2, 0.4, 0.8)
    less_parabola = [quadrature.expectation(lambda e, k=k: (-1.5 * np.sin(1.5 * (0.4 + 0.8 * e))
                                                            + 2.25 * np.cos(0.6) * 0.8 * e) ** k) for k in (1, 2)]
    assert one["Taylor"][1] == pytest.approx(less_parabola[1] - less_parabola[0] ** 2)
    lost = (np.sin(0.15) / 0.15) ** 2
    assert many["direction"][1] - one["direction"][1] == pytest.approx(39 * lost * squared_slope)


@pytest.mark.parametrize("coupling", [0.0, 1.0])
def test_the_truth_of_the_bits_by_hand(coupling):
    # d/dl E f = v [1 - 2t + kappa sum of the others]
    v = atlas.THETA * (1 - atlas.THETA)
    by_hand = v * (1 - 2 * atlas.TARGET + coupling * (atlas.BITS - 1) * atlas.THETA)
    assert atlas.Bits(coupling).truth() == pytest.approx(by_hand, rel=1e-12)


def test_slopes_are_the_slopes_of_the_cost():
    bits, at = atlas.Bits(0.7), np.full((1, 8), 0.4)
    moved = [(bits.cost(at + h * np.eye(8)[:1]) - bits.cost(at - h * np.eye(8)[:1]))[0] / (2 * h) for h in (0.1, 0.2)]
    np.testing.assert_allclose(moved, bits.slopes(at)[0, 0], rtol=1e-12)


@pytest.mark.parametrize("coupling", [0.0, 1.0])
def test_unbiased_is_who_says_so(coupling):
    bits = atlas.Bits(coupling)
    means = {name: mean / bits.truth() for name, (mean, _) in bits.exact().items()}
    wrong = {"relaxation", "straight-through", "straight-through Gumbel", "copied"}
    assert all(abs(means[name] - 1) < 1e-9 for name in means.keys() - wrong)
    assert all(abs(means[name] - 1) > 0.05 for name in wrong)


def test_draws_agree_and_a_doubled_one_does_not():
    bits = atlas.Bits(1.0)
    u, v = generator("tests/atlas").random((2, 6_000, 16, 8))
    drawn, exact = bits.drawn(u, v), bits.exact()
    names = [name for name in exact if name != "MuProp"]  # whose fourth moment is large
    stated = np.array([exact[name][1] for name in names])
    draws = np.stack([drawn[name] for name in names], 1)
    check.variance("atlas-bits", draws, stated, resolution=0.5 * stated)
    with pytest.raises(check.CheckFailed):
        check.variance("atlas-bits", 2**0.5 * draws, stated, resolution=0.5 * stated)
    many = bits.rebar(u.reshape(-1, 8), v.reshape(-1, 8))
    check.mean("relax", many, bits.truth(), resolution=0.1 * bits.truth())


def test_the_control_of_the_bits_learns_from_the_cost_itself():
    bits = atlas.Bits(0.7)
    states = np.array([[[first, *(np.arange(7) < k)] for k in range(8)] for first in (0, 1)], dtype=float)
    exact = LearnedControl(bits.ell, atlas.LEARNED, bits.cost(states.reshape(16, 8)).reshape(2, 8))
    np.testing.assert_allclose(bits.learned.best, exact.best, rtol=1e-9)


def test_the_relaxation_by_simulation():
    bits, u = atlas.Bits(1.0), generator("tests/atlas/relaxed").random((40_000, 8))
    y = expit((bits.ell + np.log(u / (1 - u))) / atlas.WARM)
    g = bits.slopes(y)[:, 0] * y[:, 0] * (1 - y[:, 0]) / atlas.WARM
    mean, variance = bits.exact()["relaxation"]
    check.mean("relaxed-gradient", g, mean)
    check.variance("relaxed-gradient", g, variance, resolution=0.1 * variance)


def test_noise_at_the_ends_is_refused():
    with pytest.raises(ValueError, match="u must lie strictly"):
        atlas.Bits(0.0).rebar(np.zeros((3, 8)), np.full((3, 8), 0.5))


def test_a_ranking_is_drawn_shortest_last():
    from matplotlib import pyplot

    figure = atlas.draw_ranking({"a": 10.0, "b": 1000.0}, "two")
    assert [bar.get_width() for bar in figure.axes[0].patches] == [1000.0, 10.0]
    pyplot.close(figure)
