"""The conditional example: laws, lines, paths, networks and training."""

import math

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from reparam import noise, quadrature
from reparam.chapters import conditional
from reparam.laws import scoring_rules
from reparam.teaching import figures
from reparam.teaching.exercises.conditional import EXERCISES
from reparam.teaching.grader import grade


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def test_wave_has_the_mean_and_the_deviation_of_the_text():
    # at x = 0: sin 0 = 0 and e^-1.2; at x = 2: sin 3 and e^-0.2
    expected = (tensor(0.0, math.sin(3.0)), tensor(math.exp(-1.2), math.exp(-0.2)))
    assert_close(conditional.wave(tensor(0.0, 2.0)), expected)


def test_branches_by_hand():
    # coin -1 at x = 2: -(1 + 0.5) + 0.2 * 0.5 = -1.4; coin +3 at x = 0: 1 - 0.2
    eps = torch.stack([tensor(-1.0, 3.0), tensor(0.5, -1.0)])
    assert_close(conditional.branches(tensor(2.0, 0.0), eps), tensor(-1.4, 0.8))


def test_branches_follow_their_distribution_function():
    eps = noise.normal("test/branches", 2, 40_000)
    y = conditional.branches(torch.full((40_000,), 0.8, dtype=torch.float64), eps)
    # Kolmogorov's critical value at odds 6e-7 is 2.76 / sqrt(n)
    assert scoring_rules.kolmogorov(y, lambda t: conditional.branches_cdf(t, tensor(0.8))) < 2.76 / 200
    assert scoring_rules.kolmogorov(y, lambda t: conditional.branches_cdf(t, tensor(-0.8))) > 2.76 / 200


@pytest.mark.parametrize("sigma", [0.7, -0.7], ids=["positive", "negative"])
def test_printed_density_has_the_mass_of_sigmas_sign(sigma):
    mass = quadrature.integral(lambda y: conditional.printed_density(y, 0.4, sigma), -9.0, 9.0)
    assert mass == pytest.approx(math.copysign(1.0, sigma), abs=1e-10)


def test_printed_density_at_its_top():
    # at y = mu the exponential is 1: 1 / (2 sqrt(2 pi))
    assert conditional.printed_density(np.array([0.4]), 0.4, 2.0)[0] == pytest.approx(0.5 / math.sqrt(2 * math.pi))


@pytest.mark.parametrize(("mu", "sigma"), [(0.0, 1.0), (-1.3, 0.4), (0.7, 2.5)])
def test_six_lines_agree_with_the_second_moment(mu, sigma):
    # E y^2 = mu^2 + sigma^2
    lines = conditional.six_lines(np.square, mu, sigma)
    assert_close(lines, np.full(6, mu**2 + sigma**2), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sigma", [0.0, -1.0])
def test_six_lines_refuse_a_sigma_that_is_not_positive(sigma):
    with pytest.raises(ValueError, match="sigma must be positive"):
        conditional.six_lines(np.cos, 0.0, sigma)


@pytest.fixture(params=[True, False], ids=["shared", "separate"])
def heads(request):
    return conditional.Heads(5, 3, noise.torch_generator("test/heads"), shared=request.param)


def test_heads_shapes_and_positive_deviation(heads):
    mu, sigma = heads(torch.linspace(-50, 50, 7, dtype=torch.float64))
    assert mu.shape == sigma.shape == (3, 7)
    assert (sigma > 0).all()
    assert len(heads.nets) in (1, 2)


def test_heads_deviation_is_the_exponential_of_the_second_output():
    shared = conditional.Heads(4, 1, noise.torch_generator("test/heads"))
    x = tensor(-1.0, 0.3)
    out = shared.nets[0](x[:, None])
    assert_close(shared(x), (out[..., 0], out[..., 1].exp()))


def test_blocks_repeat_the_copies_with_the_same_start():
    x = torch.linspace(-1, 1, 5, dtype=torch.float64)
    mu, sigma = conditional.Heads(4, 2, noise.torch_generator("test/heads"), blocks=3)(x)
    once = conditional.Heads(4, 2, noise.torch_generator("test/heads"))(x)
    assert mu.shape == (6, 5)
    for a, b in zip((mu, sigma), once, strict=True):
        assert_close(a, torch.cat([b, b, b]))
    assert (mu[0] - mu[1]).abs().max() > 0.01


def test_side_by_side_is_each_objective_on_its_own_block():
    pair = [conditional.OBJECTIVES[name] for name in ("likelihood", "sorted pairing")]
    mu, z, y = noise.normal("test/side", 4, 5), noise.normal("test/side-z", 3, 2, 5), noise.normal("test/side-y", 5)
    sigma = mu.exp()
    value = conditional.side_by_side(pair)(mu, sigma, z, y)
    assert_close(value[:2], pair[0](mu[:2], sigma[:2], z, y))
    # sorting gives one number per copy: the mean over observations must be that number
    assert_close(value[2:].mean(-1), pair[1](mu[2:], sigma[2:], z, y)[:, 0])


def test_networks_trained_side_by_side_are_those_trained_alone():
    x, y = torch.linspace(-1, 1, 6, dtype=torch.float64), noise.normal("test/side-y", 6)
    fresh = noise.normal("test/side-noise", 12, 2, 2, 6)
    pair = [conditional.OBJECTIVES[name] for name in ("least squares", "energy score")]
    whole = conditional.Heads(4, 2, noise.torch_generator("test/heads"), blocks=2)
    together = conditional.side_by_side(pair)
    conditional.train_copies(whole, lambda z: together(*whole(x), z, y), fresh)
    alone = [conditional.Heads(4, 2, noise.torch_generator("test/heads")) for _ in pair]
    for heads, objective in zip(alone, pair, strict=True):
        conditional.train_copies(heads, lambda z, h=heads, f=objective: f(*h(x), z, y), fresh)
    assert_close(whole(x)[0], torch.cat([heads(x)[0] for heads in alone]))


def test_one_input_and_one_copy():
    mu, _ = conditional.Heads(1, 1, noise.torch_generator("test/heads"))(tensor(0.2))
    assert mu.shape == (1, 1)


def test_generator_pairs_each_input_with_its_own_noise():
    generator = conditional.Generator(4, 2, noise.torch_generator("test/generator"))
    x, z = tensor(-1.0, 0.5, 2.0), noise.normal("test/z", 5, 2, 3)
    y = generator(x, z)
    assert y.shape == (5, 2, 3)
    # draw 3 of copy 1 at input 2, from a network call with nothing else in it
    alone = generator.net(torch.stack([x[2], z[3, 1, 2]])[None])
    assert alone.shape == (2, 1, 1)
    assert_close(y[3, 1, 2], alone[1, 0, 0])


@pytest.fixture
def problem():
    heads = conditional.Heads(6, 1, noise.torch_generator("test/paths"))
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    y, z = noise.normal("test/problem", 2, 1, 9)
    mu, sigma = heads(x)
    slope = 2 * (mu + sigma * z - y).detach()
    whole = torch.autograd.grad(((mu + sigma * z - y) ** 2).sum(), list(heads.parameters()), retain_graph=True)
    return slope, mu, sigma, z, list(heads.parameters()), torch.cat([g.flatten() for g in whole])


def test_the_two_paths_add_up_to_the_gradient(problem):
    *arguments, whole = problem
    assert_close(sum(conditional.two_paths(*arguments)), whole)


@pytest.mark.parametrize(
    "wrong", [lambda a, b: a, lambda a, b: b, lambda a, b: a - b], ids=["sigma dropped", "mu dropped", "sign"]
)
def test_a_lost_path_is_seen(problem, wrong):
    *arguments, whole = problem
    assert (wrong(*conditional.two_paths(*arguments)) - whole).abs().max() > 0.01


def test_cross_gradients_of_separate_networks_vanish():
    apart = conditional.Heads(3, 1, noise.torch_generator("test/apart"), shared=False)
    mu, sigma = apart(tensor(0.1, 0.9))
    ones = torch.ones_like(mu)
    through_mu, through_sigma = conditional.two_paths(ones, mu, sigma, ones, list(apart.parameters()))
    n = len(through_mu) // 2  # two networks of one shape
    assert_close(through_mu[n:], torch.zeros(n, dtype=torch.float64))
    assert_close(through_sigma[:n], torch.zeros(n, dtype=torch.float64))


def test_two_draws_uses_two_draws_and_the_power():
    draws, y = tensor(1.0, 4.0, 99.0)[:, None], tensor(2.0)
    # (1 + 2)/2 - 3/2 = 0, and with squares (1 + 4)/2 - 9/2 = -2
    assert_close(conditional.two_draws(draws, y), tensor(0.0))
    assert_close(conditional.two_draws(draws, y, 2.0), tensor(-2.0))


def test_sorted_batch_ignores_the_order():
    # sorted: (1, 3) against (0, 5): (1 + 4) / 2
    draws = tensor(3.0, 1.0)[None, None]
    assert_close(conditional.sorted_batch(draws, tensor(0.0, 5.0)), tensor(2.5)[:, None])
    assert_close(conditional.sorted_batch(draws, tensor(5.0, 0.0)), tensor(2.5)[:, None])


BY_HAND = {
    # mu = 1, sigma = 2, z = (0.5, 1.5, 1, ..., 1), y = 0.5: draws 2, 4, 3, ..., 3
    "least squares": 2.25,  # (2 - 0.5)^2
    "mean of 8 draws": 6.25,  # ((2 + 4 + 6 * 3) / 8 - 0.5)^2
    "energy, exponent 2": 5.25,  # (1.5^2 + 3.5^2)/2 - 2^2/2
    "sorted pairing": 2.25,  # one pair: least squares
    "likelihood": math.log(2.0) + 0.5 * 0.25**2 + 0.5 * math.log(2 * math.pi),
    "energy score": 1.5,  # (1.5 + 3.5)/2 - 2/2
}


@pytest.mark.parametrize("name", BY_HAND)
def test_objectives_by_hand(name):
    z = torch.ones(9, 1, 1, dtype=torch.float64)
    z[0], z[1] = 0.5, 1.5
    z[8] = 50.0  # no objective looks at a ninth draw
    value = conditional.OBJECTIVES[name](tensor(1.0)[None], tensor(2.0)[None], z, tensor(0.5))
    assert_close(value, tensor(BY_HAND[name])[None])
    assert set(conditional.OBJECTIVES) == set(BY_HAND)


class Shift(torch.nn.Module):
    def __init__(self, start):
        super().__init__()
        self.theta = torch.nn.Parameter(tensor(*start)[:, None])

    def loss(self, z):
        return (self.theta - 1.0) ** 2 + 0 * z


def test_train_finds_the_minimum_of_every_copy_and_watches_the_steps_asked_for():
    model, rows = Shift((3.0, -2.0)), torch.zeros(400, 1, dtype=torch.float64)
    seen = conditional.train_copies(model, model.loss, rows, lr=0.05, watch=lambda: model.theta.clone(), at=(0, 7, 400))
    assert_close(model.theta.detach(), tensor(1.0, 1.0)[:, None], atol=1e-3, rtol=0)
    assert list(seen) == [0, 7, 400]
    assert_close(seen[0], tensor(3.0, -2.0)[:, None])
    assert_close(seen[400], model.theta.detach())


def test_train_step_falls_linearly_and_copies_do_not_disturb_each_other():
    # Adam's first step has the length lr; the second of two, half of that
    model, rows = Shift((3.0, -2.0)), torch.zeros(2, 1, dtype=torch.float64)
    seen = conditional.train_copies(model, model.loss, rows, lr=0.1, watch=lambda: model.theta.clone(), at=range(3))
    first, second, third = seen.values()
    assert_close(second - first, tensor(-0.1, 0.1)[:, None], atol=1e-6, rtol=0)
    assert_close(third - second, tensor(-0.05, 0.05)[:, None], atol=1e-3, rtol=0)
    alone = Shift((-2.0,))
    conditional.train_copies(alone, alone.loss, rows, lr=0.1)
    assert_close(alone.theta[0], model.theta[1])


def test_training_without_watch_returns_nothing_and_starts_with_steps_of_three_hundredths():
    model = Shift((0.0,))
    assert conditional.train_copies(model, model.loss, torch.zeros(1, 1, dtype=torch.float64)) == {}
    assert_close(model.theta.detach(), tensor(0.03)[:, None], atol=1e-6, rtol=0)


def test_held_out_forecasts_come_from_a_network_that_has_not_seen_the_patient():
    x = torch.linspace(-1, 1, 12, dtype=torch.float64)
    folds, fresh = torch.stack([torch.arange(12) % 3, torch.arange(12) // 4]), noise.normal("test/held", 15, 2, 6, 12)

    def forecast(y):
        start = noise.torch_generator("test/held")
        held = conditional.held_out([conditional.OBJECTIVES["likelihood"]], x, y, folds, fresh, start, width=4)
        return [output[0] for output in held]

    y = x.clone()
    moved = y.clone()
    moved[4] += 5.0  # of fold 1 in both deals
    (mu, sigma), (mu_moved, sigma_moved) = forecast(y), forecast(moved)
    assert mu.shape == sigma.shape == (2, 12)
    assert_close(mu[folds == 1], mu_moved[folds == 1])
    assert_close(sigma[folds == 1], sigma_moved[folds == 1])
    assert (mu[folds != 1] - mu_moved[folds != 1]).abs().min() > 1e-6


def test_held_out_networks_are_those_of_a_training_with_weights_zero_and_one():
    x, y = torch.linspace(-1, 1, 12, dtype=torch.float64), noise.normal("test/held-y", 12)
    folds = torch.stack([torch.arange(12) % 3, torch.arange(12) // 4])
    fresh = noise.normal("test/held", 15, 2, 6, 12)
    objectives = [conditional.OBJECTIVES[name] for name in ("energy score", "least squares")]
    held = conditional.held_out(objectives, x, y, folds, fresh, noise.torch_generator("test/held"))
    seen = torch.stack([(fold != f).double() for fold in folds for f in range(3)])
    for objective, *forecast in zip(objectives, *held, strict=True):
        heads = conditional.Heads(8, 6, noise.torch_generator("test/held"))
        conditional.train_copies(heads, lambda z: objective(*heads(x), z, y) * seen, fresh, lr=0.03)  # noqa: B023
        for given, copies in zip(forecast, (output.detach() for output in heads(x)), strict=True):
            expected = [[copies[3 * deal + f, i] for i, f in enumerate(fold)] for deal, fold in enumerate(folds)]
            assert_close(given, torch.tensor(expected))


def test_the_area_of_the_crps_lies_between_the_law_and_the_step():
    figure, ax = figures.panels()
    t = np.array([-1.0, 0.5, 2.0])
    conditional.draw_crps(ax, t, 0.5, 0.75, 0.5)
    below, step = ax.lines
    # one deviation and a half on each side... (-1 - 0.5) / 0.75 = -2
    np.testing.assert_allclose(below.get_ydata(), [0.022750131948179195, 0.5, 0.9772498680518208], rtol=1e-12)
    np.testing.assert_allclose(step.get_ydata(), [0.0, 1.0, 1.0])
    assert len(ax.collections) == 1
    figure.clear()


def test_diabetes_is_the_known_data_set():
    bmi, progression = conditional.diabetes()
    assert bmi.shape == progression.shape == (442,)
    # the first patient of the study's table: 32.1 kg/m², score 151
    assert_close(bmi[0], torch.tensor(32.1, dtype=torch.float64))
    assert_close(progression[0], torch.tensor(1.51, dtype=torch.float64))



def _two_paths(a, b, c, d, x, z, y):
    sigma = np.exp(c + d * x)
    g = 2 * (a + b * x + sigma * z - y)
    return g.sum(), (g * x).sum(), (g * sigma * z).sum(), (g * sigma * z * x).sum()


def _energy(draws, y):
    k = len(draws)
    return np.abs(draws - y).mean(0) - np.abs(draws[:, None] - draws).sum((0, 1)) / (2 * k * (k - 1))


SOLUTIONS = {"two-paths": _two_paths, "energy": _energy, "tied": lambda c, m: m / (1 + c * c)}


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right(name):
    assert grade(f"conditional/{name}", SOLUTIONS[name]).right


def test_the_band_claims_eighty_percent():
    from matplotlib import pyplot

    figure, ax = pyplot.subplots()
    grid, data = tensor(0.0, 1.0), tensor(0.5)
    conditional.draw_band(ax, data, data, grid, tensor(1.0, 1.0), tensor(1.0, 1.0), "red")
    corners = ax.collections[0].get_paths()[0].vertices[:, 1]
    # Phi(1.28) - Phi(-1.28) = 0.80
    assert math.erf((corners.max() - 1.0) / math.sqrt(2)) == pytest.approx(0.8, abs=0.002)
    assert corners.min() + corners.max() == pytest.approx(2.0)
    pyplot.close(figure)
