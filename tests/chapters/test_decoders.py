"""Decoders side by side, and the pair whose decoder may need no latent variable."""

import math

import numpy as np
import pytest
import torch

from reparam import networks, noise, quadrature
from reparam.chapters import decoders, vae
from reparam.laws import pixels
from reparam.teaching.grader import grade

F64 = torch.float64
X = torch.from_numpy((noise.generator("test/decoders").integers(0, 17, (30, 5)) + 0.5) / 17)
NEW = noise.normal("test/decoders-eps", 3, 30, 2)


def real(numbers):
    return torch.tensor(numbers, dtype=F64)


def crowd(law, copies=3):
    return decoders.crowd(law, copies, 2, 4, X.mean(0), noise.torch_generator("test/decoders-net"))


@pytest.mark.parametrize("law", decoders.LAWS)
def test_the_likelihood_is_the_law_of_each_pixel(law):
    model, z = crowd(law).double(), NEW
    said, scale = model.decoder(z), model.log_noise
    level = (17 * X).floor()
    expected = {
        "Gaussian": lambda: torch.distributions.Normal(said, scale.exp()).log_prob(X),
        "continuous Bernoulli": lambda: torch.distributions.ContinuousBernoulli(logits=said).log_prob(X),
        "binomial": lambda: torch.distributions.Binomial(16, logits=said).log_prob(level.expand(3, -1, -1)),
        "logistic": lambda: pixels.discretized_logistic(level, said, scale),
    }[law]().sum(-1)
    torch.testing.assert_close(model.log_likelihood(X, z), expected, rtol=1e-6, atol=1e-6)


def test_counts_and_densities_are_brought_to_one_unit():
    # bits = nats / (D log 2), and the densities have cells of width 1/17
    for law, offset in (("logistic", 0.0), ("Gaussian", math.log2(17))):
        model = crowd(law).double()
        expected = offset - model.elbo(X, NEW).mean(-1) / (5 * math.log(2))
        torch.testing.assert_close(model.bits(X, NEW), expected)


def test_a_crowd_starts_at_the_prior_and_can_be_trained():
    model = crowd("logistic")
    q = model.posterior(X.float())
    torch.testing.assert_close(vae.prior_divergence(q), torch.zeros(3, 30, 2))
    with torch.no_grad():
        before = model.bits(X.float(), NEW.float())
    rows = networks.batches(noise.generator("test/decoders-rows"), 30, 15, 30)
    vae.train(model, X.float(), rows, noise.normal("test/decoders-train", 30, 3, 15, 2).float(), rate=0.03)
    with torch.no_grad():
        assert (model.bits(X.float(), NEW.float()) < before).all()


def test_an_unknown_law_is_refused():
    with pytest.raises(ValueError, match="law must be one of Gaussian"):
        crowd("Poisson")


R, A, W, V = 0.6, 0.25, [0.5, -0.4], [0.3, 0.2]
LOG_S, LOG_SIGMA = [-0.2, 0.1], -0.5


def sampled(beta):
    """The bound of the pair by nodes of a quadrature over both numbers and the noise of z."""
    nodes, weights = map(torch.from_numpy, quadrature.normal_nodes(3, 5))
    x1 = nodes[:, 0]
    x2 = R * x1 + math.sqrt(1 - R**2) * nodes[:, 1]
    sigma = math.exp(LOG_SIGMA)
    mean = V[0] * x1 + V[1] * x2
    z = mean + sigma * nodes[:, 2]
    normal = torch.distributions.Normal
    fit = normal(W[0] * z, math.exp(LOG_S[0])).log_prob(x1)
    fit = fit + normal(W[1] * z + A * x1, math.exp(LOG_S[1])).log_prob(x2)
    return weights @ (fit - beta * (0.5 * (mean**2 + sigma**2 - 1) - LOG_SIGMA))


@pytest.mark.parametrize("beta", [1.0, 0.0, 2.5])
def test_the_bound_of_the_pair_is_the_mean_of_the_sampled_one(beta):
    actual = decoders.pair_bound(real(W), real(A), real(LOG_S), real(V), real(LOG_SIGMA), R, beta)
    torch.testing.assert_close(actual, sampled(beta))


def test_the_divergence_has_the_weight_one_unless_another_is_given():
    actual = decoders.pair_bound(real(W), real(A), real(LOG_S), real(V), real(LOG_SIGMA), R)
    torch.testing.assert_close(actual, sampled(1.0))


@pytest.mark.parametrize("wrong", [
    {"a": -A}, {"w": [0.5, 0.4]}, {"v": [0.2, 0.3]}, {"log_s": [0.1, -0.2]}, {"log_sigma": 0.5}, {"r": -R},
], ids=["a", "w", "v", "log_s", "log_sigma", "r"])
def test_other_parameters_are_told_apart(wrong):
    given = {"w": W, "a": A, "log_s": LOG_S, "v": V, "log_sigma": LOG_SIGMA, "r": R} | wrong
    given = {k: v if k == "r" else real(v) for k, v in given.items()}
    assert abs(decoders.pair_bound(**given) - sampled(1.0)) > 0.01


@pytest.mark.parametrize("w", [(0.0, 0.0), (0.5, 0.3), (-0.7, 0.2)], ids=str)
def test_the_optimum_has_the_law_of_the_pair_and_its_posterior(w):
    (w1, w2), a, log_s, v, log_sigma = decoders.pair_optimum(*w, R)
    # the joint law of z, x1, x2 by its linear map of independent noise
    L = torch.diag(torch.cat([real([1.0]), log_s.exp()]))
    L[1, 0], L[2, 0], L[2, 1] = w1, w2 + a * w1, a * L[1, 1]
    joint = L @ L.T
    pair = real([[1.0, R], [R, 1.0]])
    torch.testing.assert_close(joint[1:, 1:], pair)
    gain = torch.linalg.solve(pair, joint[1:, 0])
    torch.testing.assert_close(v, gain)
    torch.testing.assert_close((2 * log_sigma).exp(), 1 - joint[0, 1:] @ gain)


def test_weights_that_leave_no_variance_are_refused():
    with pytest.raises(ValueError, match="w1, w2 must leave"):
        decoders.pair_optimum(1.0, 0.0, R)


def test_a_frame_of_the_slider_bends_where_it_is_told():
    from matplotlib import pyplot

    figure = decoders.draw_objective(0.6, (0.05, 1.0), 1.0)
    red, blue, dot, green, _ = figure.axes[1].lines
    x, honest = blue.get_data()
    np.testing.assert_allclose(honest, 0.3 * (1 - np.exp(-2 * x)) - x, atol=1e-12)  # lambda / 2 s^2 = 0.3
    np.testing.assert_allclose(green.get_ydata() - honest, np.minimum(x - 1, 0.0), atol=1e-12)
    np.testing.assert_allclose(red.get_ydata() - honest, np.maximum(x - 1, 0.0), atol=1e-12)
    assert dot.get_xdata()[0] == 0.0  # 0.6 < 1: the bound is best at the rate 0
    pyplot.close(figure)


@pytest.mark.parametrize("r", [1.0, -1.5])
def test_a_correlation_of_one_is_refused(r):
    with pytest.raises(ValueError, match="r must lie"):
        decoders.pair_bound(real(W), real(A), real(LOG_S), real(V), real(LOG_SIGMA), r)


def test_right_answers_are_right():
    def logistic(level, g, s):
        level, g, s = (torch.from_numpy(np.asarray(x)) for x in (level, g, s))
        return pixels.discretized_logistic(level, g, s.log())

    def floor(lam, s2, rho):
        alone = 0.5 * np.log(np.maximum(lam / s2, 1.0))
        rate = np.maximum(rho, alone)
        return rate, rate - alone - lam / (2 * s2) * (np.exp(-2 * alone) - np.exp(-2 * rate))

    assert grade("decoders/logistic", logistic).right
    assert grade("decoders/floor", floor).right
