"""Variational autoencoders: densities, bounds, the linear case in closed form, gradients, collapse."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from reparam import checks as check
from reparam import networks, noise, quadrature
from reparam.chapters import vae
from reparam.estimators.bounds import path_derivative, total_derivative
from reparam.laws import linear_vae
from reparam.laws.gaussian import DiagonalGaussian
from reparam.teaching.grader import grade

F64 = torch.float64
X = 0.7 * noise.normal("test/vae-data", 40, 5) @ torch.diag(torch.tensor([2.0, 1.4, 1.0, 0.4, 0.2], dtype=F64)) + 1


def small(d=2, log_noise=-0.3):
    weights = noise.torch_generator("test/vae-weights")
    return vae.VAE(networks.mlp((5, 7, 2 * d), weights), networks.mlp((d, 6, 5), weights), log_noise)


def nodes(n, d=2, count=30):
    eps, weights = map(torch.from_numpy, quadrature.normal_nodes(d, count))
    return eps[:, None].expand(-1, n, -1), weights


def test_divergence_from_the_prior_equals_the_shared_room():
    q = DiagonalGaussian(torch.tensor([[0.3, -1.0]], dtype=F64), torch.tensor([[0.2, -0.7]], dtype=F64))
    prior = DiagonalGaussian(torch.zeros(1, 2, dtype=F64), torch.zeros(1, 2, dtype=F64))
    assert vae.prior_divergence(q).shape == (1, 2)
    torch.testing.assert_close(vae.prior_divergence(q).sum(-1), q.kl(prior))


def test_likelihood_equals_that_of_torch():
    model, z = small(), noise.normal("test/vae-z", 3, 40, 2)
    law = torch.distributions.Normal(model.decoder(z), model.log_noise.exp())
    torch.testing.assert_close(model.log_likelihood(X, z), law.log_prob(X).sum(-1))


def test_both_forms_of_the_bound_have_one_mean():
    model = small()
    eps, weights = nodes(40)
    exact = weights @ model.elbo(X, eps)
    torch.testing.assert_close(weights @ model.log_weights(X, eps), exact, rtol=0, atol=1e-10)
    assert (model.elbo(X, eps) - model.log_weights(X, eps)).abs().max() > 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        lambda m, eps: m.log_likelihood(X, m.posterior(X).path(eps)),
        lambda m, eps: m.log_likelihood(X, m.posterior(X).path(eps)) + vae.prior_divergence(m.posterior(X)).sum(-1),
        lambda m, eps: m.elbo(X, -eps.abs()),
    ],
    ids=["divergence dropped", "divergence added", "noise folded"],
)
def test_wrong_bounds_are_rejected(wrong):
    model = small()
    eps, weights = nodes(40)
    with pytest.raises(check.CheckFailed):
        check.equal("elbo", weights @ wrong(model, eps), weights @ model.log_weights(X, eps), tol=1e-8)


def test_importance_bound_by_hand():
    log_weights = torch.tensor([[0.0, -900.0], [math.log(3.0), -900.0]], dtype=F64)
    torch.testing.assert_close(vae.importance_bound(log_weights), torch.tensor([math.log(2.0), -900.0], dtype=F64))
    torch.testing.assert_close(vae.importance_bound(log_weights[:1]), log_weights[0])


@pytest.mark.parametrize("block", [7, 128], ids=str)
def test_plane_evidence_equals_the_closed_form_of_a_linear_model(block):
    ppca = linear_vae.fit_ppca(X, 2)
    decoder = torch.nn.Linear(2, 5, dtype=F64)
    decoder.weight.data, decoder.bias.data = ppca.W, ppca.mean
    model = vae.VAE(torch.nn.Identity(), decoder, 0.5 * math.log(ppca.s2))
    actual = vae.plane_evidence(model, X, half=7.0, block=block)
    torch.testing.assert_close(actual, ppca.log_density(X), rtol=0, atol=1e-9)


def test_plane_evidence_sums_over_the_stated_window_and_step():
    class Blind(torch.nn.Module):
        def forward(self, z):
            return torch.zeros(*z.shape[:-1], 5, dtype=F64)

    model = vae.VAE(torch.nn.Identity(), Blind(), -0.3)
    # a decoder that ignores z leaves log p(x | z) plus the prior's mass on the grid, 201 points a side
    axis = 0.05 * np.arange(-100, 101)
    mass = (0.05 * stats.norm.pdf(axis).sum()) ** 2
    expected = model.log_likelihood(X, torch.zeros(40, 2, dtype=F64)) + math.log(mass)
    torch.testing.assert_close(vae.plane_evidence(model, X), expected.detach(), rtol=0, atol=1e-11)
    assert abs(math.log(mass)) > 1e-7  # so that a wider window would show


def test_noise_starts_at_the_stated_level_and_is_learned_unless_held():
    free = vae.VAE(torch.nn.Identity(), torch.nn.Identity())
    assert free.log_noise.item() == -1.0
    assert free.log_noise.requires_grad
    assert not vae.VAE(torch.nn.Identity(), torch.nn.Identity(), learn_noise=False).log_noise.requires_grad


def known_posterior():
    """Probabilistic PCA as a VAE whose encoder is the exact posterior."""
    ppca = linear_vae.fit_ppca(X, 2)
    decoder = torch.nn.Linear(2, 5, dtype=F64)
    decoder.weight.data, decoder.bias.data = ppca.W, ppca.mean
    V, spread = ppca.posterior(ppca.mean + torch.eye(5, dtype=F64))
    encoder = linear_vae.LinearEncoder(ppca.mean, V.T, 0.5 * spread.diagonal().log())
    return ppca, vae.VAE(encoder, decoder, 0.5 * math.log(ppca.s2))


def test_at_the_exact_posterior_every_weight_is_the_evidence():
    ppca, model = known_posterior()
    # p(x, z) / p(z | x) = p(x), whatever z
    actual = model.log_weights(X, noise.normal("test/vae-eps", 3, 40, 2))
    torch.testing.assert_close(actual, ppca.log_density(X).expand(3, -1))


def test_at_the_exact_posterior_the_path_derivative_is_zero_and_the_others_are_not():
    _, model = known_posterior()
    eps = noise.normal("test/vae-eps", 3, 40, 2)
    draws, sigma = vae.encoder_gradients(model, X, eps), model.posterior(X).sigma
    torch.testing.assert_close(torch.cat(draws["path"]), torch.zeros(6, 40, 2, dtype=F64), rtol=0, atol=1e-12)
    # r - z = -eps / sigma there, and r - mu adds sigma eps
    torch.testing.assert_close(draws["total"].mu, (-eps / sigma).detach())
    torch.testing.assert_close(draws["analytic"].mu, (-(1 / sigma - sigma) * eps).detach())
    # (r - z) sigma eps = -eps^2; the closed form adds z sigma eps - sigma^2 with z = mu + sigma eps
    mu, sigma = model.posterior(X).mu.detach(), sigma.detach()
    torch.testing.assert_close(draws["total"].log_sigma, 1 - eps**2)
    expected = (1 - sigma**2) * (1 - eps**2) + mu * sigma * eps
    torch.testing.assert_close(draws["analytic"].log_sigma, expected)


def linear_parts(d=2):
    W, V = 0.4 * noise.normal("test/vae-linear", 2, 5, d)
    return W, V.T.contiguous(), torch.linspace(-0.5, 0.3, d, dtype=F64)


@pytest.mark.parametrize("d", [1, 2], ids=["d=1", "d=2"])
def test_linear_bound_is_the_mean_of_the_sampled_bound(d):
    W, V, log_sigma = linear_parts(d)
    decoder = torch.nn.Linear(d, 5, dtype=F64)
    decoder.weight.data, decoder.bias.data = W, X.mean(0)
    model = vae.VAE(linear_vae.LinearEncoder(X.mean(0), V, log_sigma), decoder, -0.4)
    eps, weights = nodes(40, d, 4)
    expected = (weights @ model.elbo(X, eps)).mean()
    actual = linear_vae.linear_elbo(linear_vae.covariance(X)[0], W, V, log_sigma, math.exp(-0.8))
    torch.testing.assert_close(actual, expected.detach())


def test_training_raises_the_bound_and_keeps_fixed_noise():
    model = small()
    rows = networks.batches(noise.generator("test/vae-batches"), 40, 20, 60)
    eps = noise.normal("test/vae-eps", 60, 1, 20, 2)
    grid, weights = nodes(40)
    before = (weights @ model.elbo(X, grid)).mean()
    history = vae.train(model, X, rows, eps)
    assert history.shape == (60,)
    assert history[-1] < history[0]
    assert (weights @ model.elbo(X, grid)).mean() > before + 1
    held = small()
    held.log_noise.requires_grad_(False)
    vae.train(held, X, rows[:3], eps[:3])
    assert held.log_noise.item() == -0.3


def test_first_step_of_training_is_adam_with_the_stated_rate():
    model = small()
    before = model.log_noise.item()
    vae.train(model, X, torch.arange(40)[None], noise.normal("test/vae-eps", 1, 1, 40, 2), rate=0.02)
    assert abs(model.log_noise.item() - before) == pytest.approx(0.02, rel=1e-4)  # Adam's first step is its rate


def test_the_default_rate_is_eight_thousandths():
    model = small()
    vae.train(model, X, torch.arange(40)[None], noise.normal("test/vae-eps", 1, 1, 40, 2))
    assert abs(model.log_noise.item() + 0.3) == pytest.approx(8e-3, rel=1e-4)


def test_the_rate_falls_to_zero():
    one, two = small(), small()
    rows, eps = torch.arange(40)[None].expand(2, -1), noise.normal("test/vae-eps", 2, 1, 40, 2)
    vae.train(one, X, rows[:1], eps[:1], rate=0.02)
    vae.train(two, X, rows, eps, rate=0.02)
    # the second of two steps has half the rate; Adam's steps never much exceed it
    assert 0 < abs(two.log_noise.item() - one.log_noise.item()) <= 0.0101


def test_posterior_cuts_what_the_encoder_gives_in_two():
    q = vae.VAE(torch.nn.Identity(), torch.nn.Identity()).posterior(torch.arange(6.0, dtype=F64)[None])
    assert q.mu.tolist() == [[0.0, 1.0, 2.0]]
    assert q.log_sigma.tolist() == [[3.0, 4.0, 5.0]]


def test_three_gradients_equal_the_general_helpers_image_by_image():
    model, eps = small(), noise.normal("test/vae-eps", 6, 40, 2)
    draws = vae.encoder_gradients(model, X, eps)
    assert not any(g.requires_grad for pair in draws.values() for g in pair)
    for i in (0, 17):
        with torch.no_grad():
            q = model.posterior(X[i : i + 1])
        one = DiagonalGaussian(q.mu[0], q.log_sigma[0])

        def log_joint(z, i=i):
            return model.log_likelihood(X[i], z) - 0.5 * (z * z).sum(-1)

        for name, helper in (("total", total_derivative), ("path", path_derivative)):
            expected = helper(log_joint, one, eps[:, i])
            torch.testing.assert_close(draws[name].mu[:, i], expected.mu)
            torch.testing.assert_close(draws[name].log_sigma[:, i], expected.log_sigma)


def test_analytic_gradient_equals_autograd_through_the_bound():
    model, eps = small(), noise.normal("test/vae-eps", 1, 40, 2)
    q = model.posterior(X)
    q.mu.retain_grad()
    q.log_sigma.retain_grad()
    (model.log_likelihood(X, q.path(eps)) - vae.prior_divergence(q).sum(-1)).sum().backward()
    draws = vae.encoder_gradients(model, X, eps)["analytic"]
    torch.testing.assert_close(draws.mu[0], q.mu.grad)
    torch.testing.assert_close(draws.log_sigma[0], q.log_sigma.grad)


def test_active_units_counts_means_that_move():
    encoder = linear_vae.LinearEncoder(X.mean(0), torch.tensor([[1.0, 0, 0, 0, 0], [1e-3, 0, 0, 0, 0]], dtype=F64),
                                torch.zeros(2, dtype=F64))
    model = vae.VAE(encoder, torch.nn.Identity())
    assert vae.active_units(model, X) == 1
    some = X[:, 0].var() ** 0.5
    for deviation, count in ((0.09, 0), (0.11, 1)):  # their squares lie on either side of 0.01
        encoder.V.data[0, 0] = deviation / some
        assert vae.active_units(model, X) == count
    encoder.V.data[0, 0] = 1.0
    assert vae.active_units(vae.VAE(encoder, torch.nn.Identity()), X, threshold=0.0) == 2


def test_a_frame_of_the_slider_shows_the_formula():
    from matplotlib import pyplot

    figure = vae.draw_level(np.array([0.6, 0.1]), 0.3)
    heights = [bar.get_height() for bar in figure.axes[1].patches]
    assert heights == pytest.approx([0.5 * math.log(2.0), 0.0])
    pyplot.close(figure)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("divergence", lambda mu, r: 0.5 * (mu**2 + np.exp(2 * r) - 1) - r),
        ("bound", lambda w: vae.importance_bound(torch.from_numpy(w))),
        ("noise", lambda v, d: (v[d:].mean(), 0.5 * np.log(v[:d] / v[d:].mean()))),
    ],
)
def test_right_answers_are_right(name, answer):
    assert grade(f"vae/{name}", answer).right


def crowd(copies=3):
    return vae.many(copies, 2, 4, X.mean(0), noise.torch_generator("test/vae-many"))


def test_many_start_at_the_prior_and_paint_the_mean():
    model = crowd()
    q = model.posterior(X.float())
    assert q.mu.shape == (3, 40, 2)
    # the last encoder layer is zero; the decoder's bias is set so that z = 0 gives the mean image
    torch.testing.assert_close(vae.prior_divergence(q), torch.zeros(3, 40, 2))
    painted = model.decoder(torch.zeros(1, 2))
    torch.testing.assert_close(painted, X.mean(0).float().expand(3, 1, 5), rtol=1e-5, atol=1e-5)


def test_a_single_one_is_the_same_network():
    model, eps = crowd(), noise.normal("test/vae-crowd", 3, 40, 2)
    vae.train(model, X.float(), torch.arange(40)[None], eps[None].float())
    together = model.elbo(X.float(), eps.float())
    for k in range(3):
        alone = vae.single(model, k).elbo(X, eps[k][None])[0]
        torch.testing.assert_close(together[k].double(), alone, rtol=1e-4, atol=1e-4)


def test_training_side_by_side_trains_each_as_if_alone():
    many, eps = crowd(), noise.normal("test/vae-side", 4, 3, 40, 2)
    ones = [vae.single(many, k) for k in range(3)]
    rows = torch.arange(40).expand(4, -1)
    history = vae.train(many.double(), X, rows, eps)
    assert history.shape == (4, 3)
    for k, one in enumerate(ones):
        vae.train(one, X, rows, eps[:, k:k + 1])
        torch.testing.assert_close(many.log_noise[k, 0], one.log_noise)


def test_refining_climbs_to_the_posterior_of_a_linear_model():
    _, model = known_posterior()
    exact = model.posterior(X).detach()
    start = DiagonalGaussian(exact.mu + 0.5, exact.log_sigma + 0.4)
    # at the posterior the analytic-divergence gradient is noisy, so the climb ends near it, not on it
    found = vae.refine(model, X, start, noise.normal("test/vae-refine", 400, 1, 40, 2))
    assert (found.mu - exact.mu).abs().mean() < 0.1
    assert (found.log_sigma - exact.log_sigma).abs().mean() < 0.1


@pytest.mark.parametrize(("dtype", "limit"), [(F64, 236.0), (torch.float32, 29.0)], ids=["double", "single"])
def test_an_encoder_whose_variance_overflows_is_refused(dtype, limit):
    model = vae.VAE(torch.nn.Identity(), torch.nn.Identity())
    model.posterior(torch.tensor([[0.0, limit]], dtype=dtype))
    with pytest.raises(ValueError, match="log_sigma must lie within"):
        model.posterior(torch.tensor([[0.0, limit + 1]], dtype=dtype))
