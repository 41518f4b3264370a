"""Several draws inside the logarithm: the exact problem, and the two roads to its means."""

import math

import numpy as np
import pytest
import torch

from reparam.chapters import importance as chapter
from reparam.estimators import importance
from reparam.laws.gaussian import DiagonalGaussian
from reparam.teaching.grader import grade


def test_the_problem_has_the_stated_posterior_and_evidence():
    z = torch.linspace(-3, 3, 7, dtype=torch.float64)[:, None]
    posterior = torch.distributions.Normal(0.0, 1.0).log_prob(z[:, 0])
    torch.testing.assert_close(chapter.log_joint(z) - posterior, torch.full_like(posterior, chapter.LOG_EVIDENCE))
    normal = torch.distributions.Normal
    prior, seen = normal(0.4, math.sqrt(2)).log_prob(z[:, 0]), normal(z[:, 0], math.sqrt(2))
    torch.testing.assert_close(chapter.log_joint(z, 0.4), prior + seen.log_prob(torch.tensor(-1.0)))


@pytest.mark.parametrize(("mu", "sigma"), [(0.5, 1.0), (1.0, 0.8), (-0.4, 1.3)])
@pytest.mark.parametrize("K", [1, 2, 3])
def test_two_roads_to_every_mean(mu, sigma, K):
    law, q = chapter.WeightLaw(mu, sigma), DiagonalGaussian.from_sigma([mu], [sigma])
    eps, mass = map(torch.from_numpy, chapter.node_groups(K))
    log_w = importance.log_weights(chapter.log_joint, q, eps) - chapter.LOG_EVIDENCE
    assert law.bound(K) == pytest.approx(float(mass @ log_w.logsumexp(1)) - math.log(K), abs=1e-8)
    for estimator, a, power in ((importance.total_path, law.total, 1), (importance.dropped_score, law.path, 1),
                                (importance.doubly_reparameterized, law.path, 2)):
        g = torch.cat(estimator(chapter.log_joint, q, eps), 1)
        mean, variance = law.moments(a, power, K)
        np.testing.assert_allclose(mean, mass @ g, atol=1e-8)
        np.testing.assert_allclose(variance, mass @ (g - mass @ g) ** 2, atol=1e-7)


def test_one_draw_by_hand():
    # w = exp(-mu eps - mu^2 / 2): mean one; total path in mu is -z, with mean -mu and variance 1
    law = chapter.WeightLaw(0.7, 1.0)
    assert law.mass @ law.w == pytest.approx(1.0, abs=1e-12)
    assert law.bound(1) == pytest.approx(-0.245, abs=1e-10)
    mean, variance = law.moments(law.total[0], 1, 1)
    assert (mean, variance) == pytest.approx((-0.7, 1.0), abs=1e-10)


def test_many_draws_reach_the_evidence():
    law = chapter.WeightLaw(0.5, 1.2)
    gaps = [law.bound(K) for K in (1, 10, 1000, 100_000)]
    assert gaps == sorted(gaps)
    assert -1e-5 < gaps[-1] < 0


def test_nodes_integrate_polynomials():
    eps, mass = chapter.node_groups(2)
    assert eps.shape[1:] == (2, 1)
    assert mass @ (eps[:, 0, 0] ** 2 * eps[:, 1, 0] ** 4) == pytest.approx(3.0, abs=1e-10)


def test_a_frame_of_the_slider():
    from matplotlib import pyplot

    figure = chapter.draw_ratios({"total": (np.array([1, 2]), [0.5, 0.3])}, "q")
    assert list(figure.axes[0].lines[0].get_ydata()) == [0.5, 0.3]
    pyplot.close(figure)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: chapter.WeightLaw(0.0, 0.0), "sigma must"), (lambda: chapter.WeightLaw(math.nan, 1.0), "mu must"),
    (lambda: chapter.WeightLaw(3.5, 1.0), "mu must"), (lambda: chapter.WeightLaw(-3.5, 1.0), "mu must"),
    (lambda: chapter.node_groups(5), "K must"), (lambda: chapter.node_groups(2, 0.0), "step must"),
], ids=["sigma", "mu", "mu too large", "mu too small", "K", "step"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    def doubly(log_w, b):
        return (torch.from_numpy(log_w).softmax(1).numpy() ** 2 * b).sum(1)

    assert grade("importance/doubly", doubly).right
    assert grade("importance/rest", lambda w: importance.brackets(torch.from_numpy(w), "rest")).right
