"""The diagonal Gaussian: map, log density, score, entropy, KL."""

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from reparam.guards import require_float
from reparam.laws.gaussian import DiagonalGaussian

F64 = torch.float64


def q_of(d=3):
    return DiagonalGaussian(torch.linspace(-1, 2, d, dtype=F64), torch.linspace(-0.7, 0.4, d, dtype=F64))


def peer(q):
    return Independent(Normal(q.mu, q.sigma), 1)


@pytest.mark.parametrize("d", [1, 4], ids=["d=1", "d=4"])
def test_log_density_entropy_and_kl_equal_those_of_torch(d):
    q, p = q_of(d), DiagonalGaussian.from_sigma([0.3] * d, [1.7] * d)
    z = torch.linspace(-2, 3, 5 * d, dtype=F64).reshape(5, d)
    torch.testing.assert_close(q.log_density(z), peer(q).log_prob(z))
    torch.testing.assert_close(q.entropy(), peer(q).entropy())
    torch.testing.assert_close(q.kl(p), kl_divergence(peer(q), peer(p)))


def test_pull_is_the_chain_rule_through_the_path():
    mu, log_sigma = q_of().mu.requires_grad_(), q_of().log_sigma.requires_grad_()
    eps, slope = torch.tensor([[0.3, -1.2, 2.0]], dtype=F64), torch.tensor([[1.5, -0.4, 0.7]], dtype=F64)
    expected = torch.autograd.grad((slope * DiagonalGaussian(mu, log_sigma).path(eps)).sum(), (mu, log_sigma))
    torch.testing.assert_close(tuple(q_of().pull(slope, eps)), tuple(part[None] for part in expected))


def test_score_is_the_gradient_of_log_density_at_fixed_z():
    q = q_of()
    mu, log_sigma = q.mu.clone().requires_grad_(), q.log_sigma.clone().requires_grad_()
    eps = torch.tensor([[0.3, -1.2, 2.0]], dtype=F64)
    z = q.path(eps)  # from the parameters without gradient: held fixed
    expected = torch.autograd.grad(DiagonalGaussian(mu, log_sigma).log_density(z).sum(), (mu, log_sigma))
    actual = q.score(eps)
    torch.testing.assert_close(actual.mu[0], expected[0])
    torch.testing.assert_close(actual.log_sigma[0], expected[1])


def test_path_maps_zero_noise_to_the_mean_and_unit_noise_one_deviation_up():
    q = q_of()
    torch.testing.assert_close(q.path(torch.zeros(1, 3, dtype=F64))[0], q.mu)
    torch.testing.assert_close(q.path(torch.ones(1, 3, dtype=F64))[0], q.mu + q.log_sigma.exp())


def test_detach_keeps_values_and_cuts_the_gradient():
    q = DiagonalGaussian(torch.ones(2, dtype=F64, requires_grad=True), torch.zeros(2, dtype=F64, requires_grad=True))
    assert not q.detach().mu.requires_grad
    assert not q.detach().log_sigma.requires_grad
    torch.testing.assert_close(q.detach().mu, torch.ones(2, dtype=F64))


@pytest.mark.parametrize(
    ("mu", "log_sigma", "word"),
    [
        (torch.zeros(2, dtype=F64), torch.zeros(3, dtype=F64), "one shape"),
        (torch.zeros((), dtype=F64), torch.zeros((), dtype=F64), "one shape"),
        (torch.zeros(2, dtype=torch.int64), torch.zeros(2, dtype=F64), "floating"),
        (torch.full((2,), torch.nan, dtype=F64), torch.zeros(2, dtype=F64), "finite"),
        ([0.0], torch.zeros(1, dtype=F64), "mu must be"),
    ],
    ids=["shapes", "no axis", "integers", "nan", "list"],
)
def test_bad_parameters_are_refused(mu, log_sigma, word):
    with pytest.raises(ValueError, match=word):
        DiagonalGaussian(mu, log_sigma)


@pytest.mark.parametrize("sigma", [0.0, -1.0], ids=["zero", "negative"])
def test_sigma_must_be_positive(sigma):
    with pytest.raises(ValueError, match="sigma must be positive"):
        DiagonalGaussian.from_sigma([0.0], [sigma])


def test_noise_of_the_wrong_shape_is_refused():
    with pytest.raises(ValueError, match="eps must end in shape"):
        q_of().path(torch.zeros(5, 2, dtype=F64))


def test_require_float_returns_its_argument():
    x = torch.ones(2, dtype=F64)
    assert require_float("x", x) is x


@pytest.mark.parametrize(("dtype", "large"), [(F64, 1e102), (torch.float32, 1e12), (torch.float16, 30.0)], ids=str)
def test_large_finite_numbers_pass_up_to_where_products_of_three_overflow(dtype, large):
    x = torch.full((3,), large, dtype=dtype)
    assert require_float("x", x) is x
    with pytest.raises(ValueError, match=r"x must be finite and within .*, got"):
        require_float("x", 100 * x)


def test_detach_cuts_the_graph_and_keeps_the_numbers():
    free = DiagonalGaussian(torch.zeros(2, dtype=torch.float64, requires_grad=True),
                            torch.ones(2, dtype=torch.float64, requires_grad=True))
    cut = free.detach()
    assert not cut.mu.requires_grad
    assert not cut.log_sigma.requires_grad
    torch.testing.assert_close(cut.sigma, free.sigma.detach())
