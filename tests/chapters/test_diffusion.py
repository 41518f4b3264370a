"""Hierarchies and diffusion: exact bounds, exact guesses, and networks that learn them."""

import math

import numpy as np
import pytest
import torch

from reparam import noise, quadrature
from reparam.chapters import diffusion as chapter
from reparam.laws.noising import level
from reparam.teaching.grader import grade

CHAIN, X = chapter.LinearChain(3, 0.8, 0.6), 1.3
NODES, WEIGHTS = map(torch.from_numpy, quadrature.normal_nodes(3, 6))
OFF = CHAIN.posterior(X) + torch.tensor([[0.2, -0.1, 0.1], [-0.3, 0.2, 0.2], [0.0, 0.4, -0.2]], dtype=torch.float64)


def exact_guess(x, r):
    return chapter.noised(r).guess(x)


def test_a_chain_of_one_layer_by_hand():
    # z ~ N(0, 1), x | z ~ N(2 z, 1): precision 5, mean 2 x / 5, evidence N(x; 0, 5)
    chain = chapter.LinearChain(1, 2.0, 1.0)
    by_hand = torch.tensor([[0.0, 0.6, -0.5 * math.log(5)]], dtype=torch.float64)
    torch.testing.assert_close(chain.posterior(1.5), by_hand)
    assert chain.log_evidence(1.5) == pytest.approx(-0.5 * 2.25 / 5 - 0.5 * math.log(2 * math.pi * 5))


def test_the_exact_posterior_leaves_the_evidence():
    z = CHAIN.path(OFF, NODES)
    left = CHAIN.log_joint(X, z) - CHAIN.log_q(CHAIN.posterior(X), z)
    torch.testing.assert_close(left, torch.full_like(left, CHAIN.log_evidence(X)), atol=1e-10, rtol=0)


def test_gap_is_the_sum_of_divergences():
    z = CHAIN.path(OFF, NODES)
    bound = WEIGHTS @ (CHAIN.log_joint(X, z) - CHAIN.log_q(OFF, z))
    gap = WEIGHTS @ CHAIN.divergences(OFF, CHAIN.posterior(X), z).sum(1)
    assert float(bound + gap) == pytest.approx(CHAIN.log_evidence(X), abs=1e-10)
    swapped = WEIGHTS @ CHAIN.divergences(CHAIN.posterior(X), OFF, z).sum(1)  # negative control
    assert abs(float(swapped - gap)) > 1e-3


def test_landing_from_the_bottom_up():
    exact = CHAIN.posterior(X)
    torch.testing.assert_close(CHAIN.gradients(X, exact, NODES, path=True), torch.zeros(216, 3, 3, dtype=torch.float64))
    for layer in range(3):
        phi = exact.clone()
        phi[layer, :2] += 0.3  # slope and offset: an offset alone is not felt above
        g = CHAIN.gradients(X, phi, NODES, path=True).abs().amax(0).amax(1)
        assert (g[:layer] < 1e-10).all()
        assert (g[layer:] > 1e-3).all()


def test_both_gradients_have_one_mean_and_differ_draw_by_draw():
    total, path = (CHAIN.gradients(X, OFF, NODES, path=way) for way in (False, True))
    torch.testing.assert_close(torch.einsum("n,nlp->lp", WEIGHTS, total), torch.einsum("n,nlp->lp", WEIGHTS, path))
    assert (total - path).abs().max() > 0.1


def test_levels_and_schedule_agree():
    np.testing.assert_allclose(chapter.levels(5), chapter.ratio(np.arange(5) / 4))
    np.testing.assert_allclose(chapter.levels(3), [100.0, 1.0, 0.01])


def test_averages_by_simulation():
    source = noise.generator("test/diffusion")
    x_0 = chapter.DATA.draw(source.random(200_000), source.standard_normal(200_000))
    here = chapter.noised(2.0)
    x_t = here.alpha * x_0 + here.sigma * source.standard_normal(200_000)
    squares = (x_0 - here.guess(x_t)) ** 2
    assert abs(squares.mean() - chapter.error(2.0)) < 5 * squares.std() / math.sqrt(len(x_t))
    assert chapter.average(2.0, lambda here, x: x) == pytest.approx(0.0, abs=1e-10)


def test_information_grows_by_half_the_error():
    slope = (chapter.information(1.001) - chapter.information(0.999)) / 0.002
    assert slope == pytest.approx(0.5 * chapter.error(1.0), abs=1e-6)


def test_steps_cost_less_when_the_variance_matches():
    r = chapter.levels(9)
    fixed, matched = chapter.step_gaps(r), chapter.step_gaps(r, matched=True)
    assert fixed.shape == (8,)
    assert (matched > 0).all()
    assert (fixed > matched).all()


@pytest.mark.parametrize("matched", [False, True], ids=["bridge", "matched"])
def test_a_step_by_two_roads(matched):
    by_information = chapter.step_gaps(np.array([2.0, 0.7]), matched)[0]
    assert chapter.step_gap_by_density(2.0, 0.7, matched) == pytest.approx(by_information, abs=1e-9)


def test_denoiser_starts_near_the_best_linear_guess_and_learns():
    denoiser = chapter.Denoiser(4, 8, noise.torch_generator("test/denoiser"))
    losses = chapter.learn_noise(denoiser, noise.generator("test/train"), steps=60)
    assert losses.shape == (60,)
    assert losses[-15:].mean() < losses[:15].mean()
    x = torch.linspace(-2, 2, 5, dtype=torch.float64)
    assert denoiser(x, torch.ones_like(x)).shape == (4, 5)
    with torch.no_grad():
        for p in denoiser.parameters():
            p.zero_()
        # alpha^2 Var + sigma^2 at r = 1 is (1.092 + 1)/2; the linear guess is sigma x over that
        torch.testing.assert_close(denoiser(x, torch.ones_like(x))[0], x * math.sqrt(0.5) / 1.046)


def test_samples_and_their_density_agree():
    r = chapter.levels(9)
    p = chapter.sampled_density(exact_guess, r, chapter.GRID)
    spacing = chapter.GRID[1] - chapter.GRID[0]
    x = chapter.ancestral(exact_guess, r, noise.generator("test/ancestral").standard_normal((9, 20_000)))
    assert p.sum() * spacing == pytest.approx(1.0, abs=1e-6)
    for f in (lambda x: x, np.square, np.cos):
        assert abs(f(x).mean() - (f(chapter.GRID) * p).sum() * spacing) < 5 * f(x).std() / math.sqrt(20_000)


def test_one_step_by_hand():
    # from x_T = eps_T: mean of the bridge at the guess, plus its deviation times eps_1
    r = np.array([4.0, 1.0])
    (a, s), (b, t) = (map(float, level(v)) for v in r)
    fresh = t**2 - (b / a * s) ** 2
    mean = (b / a * s**2 * 0.7 + a * fresh * 0.5) / t**2
    x = chapter.ancestral(lambda x, ratio: 0 * x + 0.5, r, np.array([[-1.2], [0.7]]))
    np.testing.assert_allclose(x, [mean - 1.2 * s * math.sqrt(fresh) / t])


def test_a_batch_spreads_its_levels(monkeypatch):
    seen, ratio = [], chapter.ratio
    monkeypatch.setattr(chapter, "ratio", lambda u: seen.append(np.array(u)) or ratio(u))
    denoiser = chapter.Denoiser(2, 4, noise.torch_generator("test/spread"))
    chapter.learn_noise(denoiser, noise.generator("test/spread"), 1, 4)
    np.testing.assert_allclose(np.diff(np.sort(seen[0], 1)), 0.25)


def test_the_field_carries_noise_to_quantiles():
    eps = np.array([-2.5, -0.2, 0.0, 1.7])
    np.testing.assert_allclose(chapter.follow(eps, 60), chapter.DATA.transport(eps), atol=1e-5)
    np.testing.assert_allclose(chapter.field(eps, 0.0), chapter.DATA.mean - eps, atol=1e-12)  # at pure noise


def test_the_picture_of_levels():
    from matplotlib import pyplot

    figure = chapter.draw_levels(np.array([-1.0, 0.5]), np.array([0.3, -0.3]))
    assert len(figure.axes[0].lines) == 2
    assert len(figure.axes[1].lines) == 3
    pyplot.close(figure)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: chapter.LinearChain(0, 0.8, 0.6), "layers must"),
    (lambda: chapter.LinearChain(2, 0.8, 0.0), "deviation must"),
    (lambda: CHAIN.path(CHAIN.posterior(X), NODES[:, :2]), "eps must"),
    (lambda: chapter.levels(1), "T must"),
    (lambda: chapter.Denoiser(2, 3, noise.torch_generator("test/d"))(NODES[:, 0], NODES[:2, 0]), "r must"),
], ids=["layers", "deviation", "width", "levels", "shapes"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()


def test_right_answers_are_right():
    from reparam.laws.mixture import Mixture
    from reparam.laws.noising import Noised, bridge

    def way_back(x_0, x_t, r_s, r_t):
        mean, deviation = bridge(x_0, x_t, *(tuple(map(float, level(r))) for r in (r_s, r_t)))
        return mean, deviation**2

    def best_guess(x, r, w, m, s):
        return Noised(Mixture(tuple(w), tuple(m), tuple(s)), *map(float, level(r))).guess(x)

    assert grade("diffusion/bridge", way_back).right
    assert grade("diffusion/guess", best_guess).right
