"""Chapter 5: laws as maps of noise."""

import math
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy import stats
from torch.testing import assert_close

from reparam import checks, networks, noise, quadrature
from reparam.chapters import joint
from reparam.laws import mixture
from reparam.teaching import figures

TARGET = mixture.Mixture((0.35, 0.65), (-1.5, 1.0), (0.3, 0.8))


def draws(*shape):
    return noise.normal(f"test/joint-{shape}", *shape)


def close(actual, expected, tol=1e-10):
    assert_close(torch.as_tensor(actual), torch.as_tensor(expected), rtol=tol, atol=tol, check_dtype=False)


def test_box_muller_at_points_known_by_heart():
    # sqrt(-2 log e^-2) = 2; cos 0 = 1, cos(pi/2) = 0, cos(pi) = -1; log 1 = 0
    u, v = np.array([math.exp(-2)] * 3 + [1.0]), np.array([0.0, 0.25, 0.5, 0.3])
    close(joint.box_muller(u, v), np.array([2.0, 0.0, -2.0, 0.0]))


@pytest.mark.parametrize("u", [0.0, -0.1, 1.1, np.nan], ids=str)
def test_box_muller_refuses_what_has_no_logarithm(u):
    with pytest.raises(ValueError, match="u must lie"):
        joint.box_muller(np.array([0.5, u]), np.array([0.1, 0.1]))


def test_affine_shifts_and_scales_arrays_and_tensors():
    # 1 + 2 * 3 = 7; a width below one is as good
    close(joint.affine(np.array([3.0]), 1.0, 0.5), np.array([2.5]))
    close(joint.affine(np.array([3.0]), 1.0, 2.0), np.array([7.0]))
    close(joint.affine(torch.tensor([3.0]), torch.tensor(1.0), torch.tensor(2.0)), torch.tensor([7.0]))


@pytest.mark.parametrize("sigma", [0.0, -1.0, math.nan], ids=str)
def test_affine_refuses_a_width_that_is_not_positive(sigma):
    with pytest.raises(ValueError, match="sigma must be positive"):
        joint.affine(np.zeros(2), 0.0, sigma)


def test_a_mean_of_sigma_squared_is_rejected():
    # negative control: sigma^2 in place of sigma
    q = stats.norm(0.7, 1.3)
    with pytest.raises(checks.CheckFailed):
        checks.law("S25", 0.7 + 1.3**2 * draws(40_000), q)


def test_the_affine_jacobian_has_a_row_per_draw():
    close(joint.affine_jacobian(np.array([2.0, -3.0])), np.array([[1.0, 2.0], [1.0, -3.0]]))


def test_the_chain_rule_is_row_times_jacobian():
    # (1, 2) @ [[1, 2, 3], [4, 5, 6]] = (9, 12, 15)
    close(joint.slope_times_jacobian(np.array([1.0, 2.0]), np.array([[1.0, 2, 3], [4, 5, 6]])), np.array([9.0, 12, 15]))


@pytest.mark.parametrize(("slope", "jacobian"), [
    (np.ones(2), np.ones((3, 2))), (np.ones((2, 1)), np.ones((2, 2))), (np.ones(2), np.ones(2)),
], ids=["lengths", "column", "flat"])
def test_the_chain_rule_refuses_shapes_that_do_not_fit(slope, jacobian):
    with pytest.raises(ValueError, match="slope must be"):
        joint.slope_times_jacobian(slope, jacobian)


def test_total_variance_in_closed_form():
    # E e^{2bX} = e^{2b^2} and Var(3 + aX) = a^2; a constant in the mean does not count
    close(joint.total_variance(lambda x: 3 + 0.9 * x, lambda x: np.exp(0.3 * x)), (math.exp(0.18), 0.81))


def test_the_mixture_agrees_with_its_components():
    y = np.linspace(-4, 4, 9)
    parts = [(0.35, stats.norm(-1.5, 0.3)), (0.65, stats.norm(1.0, 0.8))]
    close(TARGET.density(y), sum(w * p.pdf(y) for w, p in parts))
    close(TARGET.cdf(y), sum(w * p.cdf(y) for w, p in parts))


def test_mean_and_variance_of_the_mixture():
    # 0.35 * -1.5 + 0.65 = 0.125; 0.35 * (0.09 + 1.625^2) + 0.65 * (0.64 + 0.875^2) = 1.869375
    close((TARGET.mean, TARGET.variance), (0.125, 1.869375))


def test_draws_choose_the_component_by_u():
    # u < 0.35 chooses the first: -1.5 + 0.3 * 2; else the second: 1 + 0.8 * 2
    close(TARGET.draw(np.array([0.0, 0.349, 0.35, 0.999]), np.full(4, 2.0)), np.array([-0.9, -0.9, 2.6, 2.6]))


def test_the_nearest_gaussian_of_a_gaussian_is_itself():
    mu, sigma, distance = joint.nearest_normal(mixture.Mixture((0.5, 0.5), (0.4, 0.4), (1.7, 1.7)))
    close((mu, sigma), (0.4, 1.7), 1e-9)
    assert distance < 1e-4


def test_no_gaussian_is_nearer_than_the_nearest():
    mu, sigma, distance = joint.nearest_normal(TARGET)
    for a, b in ((0.1, 0), (-0.1, 0), (0, 0.1), (0, -0.1)):
        def squared(z, a=a, b=b):
            return (TARGET.transport(z) - (mu + a) - (sigma + b) * z) ** 2
        assert quadrature.expectation(squared, tol=1e-9) == pytest.approx(distance**2 + 0.01, rel=1e-6)


def test_the_grid_cuts_the_noise_into_equal_slices():
    # n = 1: the median; n = 2: the quartiles, +-0.6744897501960817
    close(joint.normal_grid(1), torch.zeros(1))
    close(joint.normal_grid(2), torch.tensor([-0.6744897501960817, 0.6744897501960817], dtype=torch.float64))
    with pytest.raises(ValueError, match="at least 1"):
        joint.normal_grid(0)


def test_sorted_pairing_is_the_cheapest_pairing_and_others_are_not():
    y, t = draws(2, 5)
    costs = [(y - t[list(p)]).square().mean() for p in permutations(range(5))]
    close(joint.sorted_pairing(y, t), min(costs))
    assert (y - t).square().mean() > min(costs)


def test_sorted_pairing_keeps_leading_axes_apart():
    y, t = draws(2, 3, 7)
    close(joint.sorted_pairing(y, t), torch.stack([joint.sorted_pairing(a, b) for a, b in zip(y, t, strict=True)]))


def test_sorted_pairing_of_one_number_is_its_squared_error():
    close(joint.sorted_pairing(torch.tensor([3.0]), torch.tensor([1.0])), torch.tensor(4.0))


def test_the_gradient_of_sorted_pairing_by_central_differences():
    y, t = draws(2, 9)
    assert torch.autograd.gradcheck(lambda y: joint.sorted_pairing(y, t), y.clone().requires_grad_())


def test_the_energy_score_of_three_numbers():
    # (|1 - 4| + |2 - 4|) / 2 - |1 - 2| / 2 = 2; with squares (9 + 4) / 2 - 1 / 2 = 6
    a, b, t = (torch.tensor([x]) for x in (1.0, 2.0, 4.0))
    close(joint.energy_score(a, b, t), torch.tensor([2.0]))
    close(joint.energy_score(a, b, t, power=2), torch.tensor([6.0]))


def test_the_energy_score_needs_two_draws_that_differ():
    # negative control: the same draw twice makes it the absolute error, whose mean is another
    y, t = draws(2, 100_000)
    exact = math.sqrt(4 / math.pi) - 1 / math.sqrt(math.pi)
    checks.mean("energy", joint.energy_score(y, draws(100_000), t), exact)
    with pytest.raises(checks.CheckFailed):
        checks.mean("energy", joint.energy_score(y, y, t), exact)


@pytest.mark.parametrize("call", [
    lambda: joint.sorted_pairing(torch.zeros(3), torch.zeros(4)),
    lambda: joint.sorted_pairing(torch.tensor(1.0), torch.tensor(1.0)),
    lambda: joint.energy_score(torch.zeros(3), torch.zeros(3), torch.zeros(2)),
    lambda: joint.energy_score(torch.zeros(3), torch.zeros(2), torch.zeros(3)),
    lambda: joint.sorted_pairing(torch.zeros(3), torch.zeros(3, dtype=torch.long)),
    lambda: joint.energy_score(torch.tensor([math.nan]), torch.zeros(1), torch.zeros(1)),
    lambda: joint.energy_score(torch.zeros(1), torch.zeros(1), torch.zeros(1), power=0.0),
    lambda: joint.energy_score(torch.zeros(1), torch.zeros(1), torch.zeros(1), power=2.1),
], ids=["lengths", "scalars", "data", "second draw", "integers", "nan", "power 0", "power above 2"])
def test_bad_samples_are_refused(call):
    with pytest.raises(ValueError, match="must"):
        call()


def test_the_pairing_factor_in_closed_form():
    # E max of two = 1/sqrt(pi), of three = 3/(2 sqrt(pi))
    close([joint.pairing_factor(n) for n in (1, 2, 3)], [0.0, 1 / math.pi, 1.5 / math.pi])
    with pytest.raises(ValueError, match="at least 1"):
        joint.pairing_factor(0)


def test_the_pairing_factor_grows_to_one():
    factors = [joint.pairing_factor(n) for n in (2, 10, 100, 1000)]
    assert factors == sorted(factors)
    assert 0.99 < factors[-1] < 1


def test_training_yields_every_step_and_approaches_a_shifted_law():
    net = networks.mlp((1, 8, 1), noise.torch_generator("test/joint-net"))
    z, t = draws(2, 200, 64)
    before = joint.sorted_pairing(net(z[0][:, None])[:, 0].detach(), 3 + t[0])
    assert list(joint.train_generator(net, joint.sorted_pairing, z, 3 + t)) == list(range(1, 201))
    assert joint.sorted_pairing(net(z[0][:, None])[:, 0].detach(), 3 + t[0]) < before / 10


def test_copies_trained_together_are_those_trained_alone():
    z, t = draws(2, 3, 2, 16)
    both = networks.Stack((1, 4, 1), 2, noise.torch_generator("test/joint-stack"))
    alone = networks.Stack((1, 4, 1), 2, noise.torch_generator("test/joint-stack"))
    list(joint.train_generator(both, joint.sorted_pairing, z, t))
    # the second copy by itself: the first one's loss does not count
    list(joint.train_generator(alone, lambda y, t: joint.sorted_pairing(y, t)[1:], z, t))
    at = torch.linspace(-1, 1, 5, dtype=torch.float64)[:, None]
    assert_close(both(at)[1], alone(at)[1])
    assert (both(at)[0] - alone(at)[0]).abs().max() > 1e-3


@pytest.mark.parametrize(("rate", "options"), [(0.1, (0.1,)), (0.02, ())], ids=["given", "default"])
def test_the_first_step_has_the_length_of_the_rate_and_the_last_is_short(rate, options):
    # Adam's first step moves every weight by the rate; with two rows the second's rate is rate * cos(pi/4)
    net = networks.mlp((1, 1), noise.torch_generator("test/joint-line"))
    bias, moved = net[0].bias, []
    z, t = torch.zeros(2, 4).double(), torch.ones(2, 4).double()
    for _ in joint.train_generator(net, lambda y, t: (y - t).mean(), z, t, *options):
        moved.append(bias.item())
    close(moved, [-rate, -rate * (1 + math.sqrt(0.5))], 1e-6)


def test_training_needs_data_for_every_row_of_noise():
    net = networks.mlp((1, 1), noise.torch_generator("test/joint-line"))
    with pytest.raises(ValueError, match="zip"):
        list(joint.train_generator(net, joint.sorted_pairing, draws(3, 4), draws(2, 4)))


def test_noise_goes_up_to_the_map_and_over_to_the_density():
    figure, ax = figures.panels()
    joint.draw_map(ax, np.array([-1.0, 0.5]), TARGET)
    curve, first, second = ax.lines
    np.testing.assert_allclose(curve.get_ydata(), TARGET.transport(curve.get_xdata()), atol=1e-12)
    for line, z in ((first, -1.0), (second, 0.5)):
        np.testing.assert_allclose(line.get_xdata()[:2], [z, z], atol=1e-12)
        np.testing.assert_allclose(line.get_ydata()[1:], [TARGET.transport(z)] * 2, atol=1e-12)
    outline = ax.collections[0].get_paths()[0].vertices
    top = outline[outline[:, 0].argmax()]
    assert top[1] == pytest.approx(-1.5, abs=0.05)  # the narrow hump is the highest
    assert top[0] - 4.6 == pytest.approx(3 * TARGET.density(np.array([-1.5]))[0], rel=0.02)
    figure.clear()


def test_the_way_up_across_and_down_ends_at_the_map():
    figure, (left, right) = figures.panels(2)
    for ax in (left, right):
        ax.set(xlim=(-3, 3))
    joint.draw_read_off(left, right, 0.85, TARGET, "k")
    up, down = left.lines[0], right.lines[0]
    np.testing.assert_allclose(up.get_xdata(), [0.85, 0.85, 3.0], atol=1e-12)
    np.testing.assert_allclose(up.get_ydata(), [0.0, stats.norm.cdf(0.85), stats.norm.cdf(0.85)], atol=1e-12)
    np.testing.assert_allclose(down.get_xdata(), [-3.0, TARGET.transport(0.85), TARGET.transport(0.85)], atol=1e-12)
    np.testing.assert_allclose(down.get_ydata()[::2], [TARGET.cdf(TARGET.transport(0.85)), 0.0], atol=1e-12)
    assert [t.get_text() for ax in (left, right) for t in ax.texts] == ["z", "T(z)"]
    figure.clear()


def test_pairs_are_joined_from_the_upper_to_the_lower_row():
    figure, ax = figures.panels()
    y, t = np.array([0.0, 1.0]), np.array([3.0, -1.0])
    joint.draw_pairs(ax, y, t)
    first, second, upper, lower = ax.lines
    np.testing.assert_allclose(first.get_xydata(), [[0.0, 1.0], [3.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(second.get_xydata(), [[1.0, 1.0], [-1.0, 0.0]], atol=1e-12)
    np.testing.assert_allclose(upper.get_xydata(), [[0.0, 1.0], [1.0, 1.0]], atol=1e-12)
    np.testing.assert_allclose(lower.get_xydata(), [[3.0, 0.0], [-1.0, 0.0]], atol=1e-12)
    figure.clear()


def test_a_frame_shows_map_and_law_beside_the_target():
    figure, (left, right) = figures.panels(2)
    z = joint.normal_grid(80).numpy()
    joint.draw_learning(left, right, z, 2 * z, TARGET)
    wanted, got = (line.get_ydata() for line in left.lines)
    close(wanted, TARGET.transport(z[::8]))
    close(got, 2 * z[::8])
    assert sum(p.get_height() * p.get_width() for p in right.patches) == pytest.approx(1)
    assert right.lines[0].get_ydata().max() == pytest.approx(TARGET.density(np.array([-1.5]))[0], rel=0.05)
    figure.clear()
