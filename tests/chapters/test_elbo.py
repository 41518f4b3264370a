"""Chapter 2: the decomposition for any q, the bound's closed form and top, its variation; and what must be rejected."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from reparam import checks as check
from reparam.chapters import elbo

CONJUGATE = elbo.ConjugateGaussian(x=1.2, tau=1.3, s=0.8)
SQUARE = elbo.SquareModel(x=1.5, s=0.5)
QS = {
    "normal": elbo.normal_density(0.3, 0.7),
    "laplace": elbo.laplace(-0.5, 0.4),
    "uniform": elbo.uniform(-1.5, 2.0),
    "mixture": elbo.mixture(0.3, elbo.normal_density(-1.0, 0.4), elbo.normal_density(1.1, 0.5)),
}
LAWS = {"normal": stats.norm(0.3, 0.7), "laplace": stats.laplace(-0.5, 0.4), "uniform": stats.uniform(-1.5, 3.5)}


@pytest.mark.parametrize("name", LAWS)
def test_log_densities_equal_those_of_scipy(name):
    z = np.array([-1.2, -0.5, 0.0, 0.31, 1.9])
    np.testing.assert_allclose(QS[name].log(z), LAWS[name].logpdf(z), rtol=1e-12)


@pytest.mark.parametrize("q", QS.values(), ids=QS)
def test_densities_integrate_to_one_and_intervals_hold_them(q):
    assert elbo.mean_under(q, np.ones_like) == pytest.approx(1.0, abs=1e-12)


def test_densities_know_their_intervals_and_kinks():
    assert elbo.normal_density(1.0, 2.0)[1:] == (-23.0, 25.0, (1.0,))
    assert elbo.laplace(1.0, 2.0)[1:] == (-139.0, 141.0, (1.0,))
    assert elbo.uniform(1.0, 2.0)[1:] == (1.0, 2.0, (1.0, 2.0))


def test_a_law_that_reaches_beyond_the_others_support_is_infinitely_far_from_it():
    wide, narrow = elbo.uniform(0.0, 2.0), elbo.uniform(0.0, 1.0)
    assert elbo.kl(wide, narrow.log) == elbo.kl(elbo.normal_density(0.5, 0.1), narrow.log) == np.inf
    assert elbo.elbo(narrow.log, wide) == -np.inf
    assert elbo.kl(narrow, wide.log) == pytest.approx(np.log(2), rel=1e-12)
    half = elbo.mixture(0.5, narrow, elbo.uniform(1.0, 2.0))  # the same law as the wide one
    assert elbo.kl(half, wide.log) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="direction may have mass only where"):
        elbo.variation(elbo.normal_density(0.0, 1.0).log, narrow, wide)


@pytest.mark.parametrize("q", QS.values(), ids=QS)
@pytest.mark.parametrize("model", [CONJUGATE, SQUARE], ids=["conjugate", "square"])
def test_bound_plus_gap_is_the_log_evidence(model, q):
    gap = elbo.kl(q, lambda z: model.log_joint(z) - model.log_evidence)
    assert gap > 0
    check.equal("S6", elbo.elbo(model.log_joint, q) + gap, model.log_evidence, tol=1e-10)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda q, bound, gap: bound - gap,
        lambda q, bound, gap: bound,
        lambda q, bound, gap: elbo.mean_under(q, CONJUGATE.log_joint) + gap,
        lambda q, bound, gap: elbo.mean_under(q, lambda z: np.exp(CONJUGATE.log_joint(z) - q.log(z))) - 1,
    ],
    ids=["sign of the gap", "gap dropped", "entropy dropped", "logarithm dropped"],
)
def test_wrong_decompositions_are_rejected(wrong):
    q = QS["normal"]
    gap = elbo.kl(q, elbo.normal_density(*CONJUGATE.posterior).log)
    with pytest.raises(check.CheckFailed):
        check.equal("S6", wrong(q, elbo.elbo(CONJUGATE.log_joint, q), gap), CONJUGATE.log_evidence, tol=1e-10)


def test_conjugate_evidence_and_posterior_equal_scipy_quadrature():
    # an integrator of another library, and Bayes' rule on a grid
    mass = quad(lambda z: stats.norm.pdf(z, 0, 1.3) * stats.norm.pdf(1.2, z, 0.8), -20, 20)[0]
    assert CONJUGATE.log_evidence == pytest.approx(math.log(mass), abs=1e-9)
    z = np.linspace(-1, 2, 7)
    log_posterior = CONJUGATE.log_joint(z) - CONJUGATE.log_evidence
    np.testing.assert_allclose(log_posterior, stats.norm(*CONJUGATE.posterior).logpdf(z), rtol=1e-12)


def test_square_model_joint_is_prior_times_likelihood():
    z = np.array([-1.0, 0.2, 1.7])
    expected = stats.norm.logpdf(z) + stats.norm.logpdf(1.5, z**2, 0.5)
    np.testing.assert_allclose(SQUARE.log_joint(z), expected, rtol=1e-12)
    mass = quad(lambda u: math.exp(SQUARE.log_joint(u)), -6, 6, points=(-1.2, 1.2))[0]
    assert SQUARE.log_evidence == pytest.approx(math.log(mass), abs=1e-9)


def test_models_take_the_books_numbers_by_default():
    assert elbo.ConjugateGaussian(0.3) == elbo.ConjugateGaussian(x=0.3, tau=1.0, s=1.0)
    assert elbo.SquareModel() == elbo.SquareModel(x=1.5, s=0.5)


@pytest.mark.parametrize(("x", "s"), [(1.5, 0.5), (0.3, 0.8), (-1.0, 0.9)], ids=["b > 0", "b near 0", "b < 0"])
def test_the_evidence_of_the_square_model_equals_its_series(x, s):
    model = elbo.SquareModel(x, s)
    assert model.log_evidence_by_series(100) == pytest.approx(model.log_evidence, abs=1e-10)


def test_the_first_term_of_the_series_is_the_evidence_where_the_quadratic_part_vanishes():
    # x / s^2 = 1/2: the joint is e^(-1/8) e^(-z^4/2) / 2 pi, and the integral of e^(-z^4/2) is 2^(1/4) Gamma(1/4) / 2
    expected = math.log(math.exp(-0.125) / (2 * math.pi) * 2**0.25 * math.gamma(0.25) / 2)
    assert elbo.SquareModel(0.5, 1.0).log_evidence_by_series(1) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("phi", [(-0.5, 0.2), (0.2, 0.6), (1.1, 1.5)], ids=str)
def test_closed_form_of_the_bound(phi):
    assert CONJUGATE.elbo(*phi) == pytest.approx(elbo.elbo(CONJUGATE.log_joint, elbo.normal_density(*phi)), abs=1e-11)


def test_the_bound_meets_the_evidence_at_the_posterior_and_only_there():
    assert CONJUGATE.elbo(*CONJUGATE.posterior) == pytest.approx(CONJUGATE.log_evidence, abs=1e-12)
    m, v = CONJUGATE.posterior
    for phi in ((m + 0.01, v), (m, v * 1.01), (m, v / 1.01)):
        assert CONJUGATE.elbo(*phi) < CONJUGATE.log_evidence


@pytest.mark.parametrize("x", [-1.0, 2.0], ids=str)
def test_best_normal_is_the_posterior_of_the_conjugate_model(x):
    model = elbo.ConjugateGaussian(x=x, s=0.8)
    np.testing.assert_allclose(elbo.best_normal(model.log_joint, 0.0, 1.0), model.posterior, atol=1e-6)


def test_variation_is_the_slope_of_the_bound():
    q, r, h = elbo.normal_density(0.2, 1.0), elbo.normal_density(0.5, 0.7), 1e-4
    moved = elbo.elbo(SQUARE.log_joint, elbo.mixture(1 - h, q, r)) - elbo.elbo(SQUARE.log_joint, q)
    assert elbo.variation(SQUARE.log_joint, q, r) == pytest.approx(moved / h, rel=1e-3)


def test_variation_vanishes_at_the_posterior():
    q = elbo.normal_density(*CONJUGATE.posterior)
    for r in QS.values():
        assert elbo.variation(CONJUGATE.log_joint, q, r) == pytest.approx(0.0, abs=1e-11)


def test_kl_of_gaussians_has_its_closed_form():
    # log(s/sigma) + (sigma^2 + (mu-m)^2)/(2 s^2) - 1/2
    expected = math.log(1.4 / 0.5) + (0.25 + 0.81) / (2 * 1.96) - 0.5
    distance = elbo.kl(elbo.normal_density(0.7, 0.5), elbo.normal_density(-0.2, 1.4).log)
    assert distance == pytest.approx(expected, abs=1e-12)


def test_log_joint_takes_tensors():
    import torch

    z = torch.tensor([0.3, -1.0], dtype=torch.float64)
    for model in (CONJUGATE, SQUARE):
        np.testing.assert_allclose(model.log_joint(z).numpy(), model.log_joint(z.numpy()), rtol=1e-13)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: elbo.normal_density(0.0, 0.0), "sigma must be positive"),
        (lambda: elbo.laplace(0.0, -1.0), "scale must be positive"),
        (lambda: elbo.uniform(1.0, 1.0), "length must be positive"),
        (lambda: elbo.mixture(0.0, *[elbo.normal_density(0, 1)] * 2), "weight must be positive"),
        (lambda: elbo.mixture(1.0, *[elbo.normal_density(0, 1)] * 2), "1 - weight must be positive"),
        (lambda: elbo.ConjugateGaussian(0.0, tau=0.0), "tau must be positive"),
        (lambda: elbo.ConjugateGaussian(0.0, s=math.nan), "s must be positive"),
        (lambda: elbo.SquareModel(s=-1.0), "s must be positive"),
    ],
    ids=["sigma", "scale", "length", "weight 0", "weight 1", "tau", "nan", "s"],
)
def test_bad_parameters_are_refused(make, word):
    with pytest.raises(ValueError, match=word):
        make()


def test_the_sliders_frame_stacks_gap_on_bound():
    import matplotlib

    matplotlib.use("Agg")
    z = np.linspace(-2, 2, 50)
    figure = elbo.draw_split(z, np.exp(-z * z), np.exp(-z * z), bound=-2.0, log_evidence=-1.5)
    gap, bound = figure.axes[1].patches
    assert gap.get_height() == pytest.approx(0.5)
    assert bound.get_y() + bound.get_height() == pytest.approx(-2.0)


@pytest.mark.parametrize("phi", [(0.4, 0.7), (-1.1, 0.2), (0.0, 1.3)], ids=str)
def test_the_square_models_bound_in_closed_form_is_the_integral(phi):
    model = elbo.SquareModel(1.2, 0.6)
    assert model.elbo(*phi) == pytest.approx(elbo.elbo(model.log_joint, elbo.normal_density(*phi)), abs=1e-10)
