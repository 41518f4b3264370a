"""The clinic refuses wrong verdicts, and the three models are what they say."""

import numpy as np
import pytest
import torch
from scipy.stats import zscore
from sklearn.datasets import load_diabetes, load_digits
from torch.distributions import Normal

from reparam import bench
from reparam.chapters import your_model
from reparam.checks import CheckFailed


def clinic():
    mu, log_sigma = your_model.leaves(0.5, -0.3)

    def law():
        return Normal(mu, log_sigma.exp())

    def loss(z):
        return (z - 2) ** 2

    return (lambda: loss(law().sample((64,)))), (lambda: loss(law().rsample((64,)))), [mu, log_sigma], law, loss


def test_the_clinic_states_both_verdicts():
    found = your_model.examine("gradient: detached", *clinic())
    assert (found.kind, found.pattern) == ("gradient", "detached")
    assert "✓ right" in repr(found)


@pytest.mark.parametrize("says", ["objective", "gradient: sign"])
def test_another_kind_or_pattern_is_refused(says):
    with pytest.raises(CheckFailed, match="must be called"):
        your_model.examine(says, *clinic())


def test_a_right_step_is_no_fault_and_a_wrong_one_not_mended():
    broken, mended, *rest = clinic()
    with pytest.raises(CheckFailed, match="must be called"):
        your_model.examine("gradient", mended, mended, *rest)
    with pytest.raises(CheckFailed, match="must be right"):
        your_model.examine("gradient", broken, broken, *rest)


def test_every_pattern_must_be_right():
    broken, mended, parameters, law, loss = clinic()
    assert "✓" in your_model.all_right([mended], parameters, law, loss)
    with pytest.raises(CheckFailed, match="must be right"):
        your_model.all_right([mended, broken], parameters, law, loss)


def test_the_models_have_one_log_density_per_draw():
    log_joint, parameters, law = your_model.bayesian_net()
    w = law(parameters).sample((3,))
    assert log_joint(w).shape == (3,)
    torch.testing.assert_close(log_joint(w), your_model.bayesian_net(rows=60)[0](w))
    torch.testing.assert_close(log_joint(w)[1:2], log_joint(w[1:2]), rtol=1e-12, atol=0)
    images = your_model.binary_images(5)
    assert set(images.unique().tolist()) == {0.0, 1.0}
    log_joint, net, encode = your_model.bernoulli_vae(images)
    z = encode(net).sample((3,))
    assert z.shape == (3, 5, 2)
    assert log_joint(z).shape == (3,)
    log_joint, logits, bits = your_model.hidden_causes(images, d=4)
    b = bits().sample((3,))
    assert b.shape == (3, 4)
    assert logits.requires_grad
    # no bit on: the base rates alone, clipped to 1/20 and 19/20
    base = images.mean(0).clamp(0.05, 0.95)
    alone = (images[0] * base.log() + (1 - images[0]) * (1 - base).log()).sum() + 4 * np.log(0.5)
    torch.testing.assert_close(log_joint(torch.zeros(1, 4, dtype=torch.float64))[0], alone)


def test_the_patients_are_the_books_three_measurements():
    raw = load_diabetes(scaled=False)
    x, y = your_model.patients()
    columns = [raw.feature_names.index(name) for name in ("bmi", "bp", "s5")]
    np.testing.assert_allclose(x, zscore(raw.data[:, columns]))
    np.testing.assert_allclose(y, (raw.target - 152) / 77)


def test_the_models_start_as_they_say():
    torch.testing.assert_close(your_model.bayesian_net()[1]["log_sigma"].detach(), torch.full((16,), -1.5).double())
    assert abs(your_model.bayesian_net(40)[1]["mean"].detach().std().item() - 0.5) < 0.1
    images = your_model.binary_images(5)
    net = your_model.bernoulli_vae(images, hidden=200)[1]
    assert net["encoder"][0].weight.std().item() == pytest.approx(0.5 / 8, rel=0.05)
    assert net["decoder"][0].weight.std().item() == pytest.approx(0.5 / 2**0.5, rel=0.15)
    _, logits, bits = your_model.hidden_causes(images)
    assert bits().sample().shape == (6,)
    torch.testing.assert_close(logits.detach(), torch.tensor([0.3, -0.3] * 3, dtype=torch.float64))


def test_the_net_by_hand():
    log_joint, _, _ = your_model.bayesian_net(hidden=1, rows=1)
    x, y = (table[0].numpy() for table in your_model.patients())
    w = np.array([0.3, -0.2, 0.5, 0.1, 1.4, -0.6])  # three weights, a shift, the way out, an offset
    fit = 1.4 * np.tanh(x @ w[:3] + 0.1) - 0.6
    by_hand = -(w @ w) / 2 - 3 * np.log(2 * np.pi) - ((y - fit) / 0.7) ** 2 / 2 - np.log(0.7) - np.log(2 * np.pi) / 2
    assert log_joint(torch.from_numpy(w[None])).item() == pytest.approx(by_hand)


def test_the_autoencoder_by_hand():
    pixels = load_digits().data[:5]  # counts from 0 to 16
    images = your_model.binary_images(5)
    np.testing.assert_array_equal(images, pixels > 7)
    log_joint, net, encode = your_model.bernoulli_vae(images)
    z = torch.from_numpy(np.linspace(-1, 1.5, 20).reshape(2, 5, 2))
    ell = net["decoder"](z)
    by_hand = (images * ell - torch.nn.functional.softplus(ell)).sum((1, 2)) - (z**2).sum((1, 2)) / 2
    torch.testing.assert_close(log_joint(z), by_hand - 5 * np.log(2 * np.pi))
    mean, log_sigma = net["encoder"](images).chunk(2, -1)
    torch.testing.assert_close(encode(net).base_dist.loc, mean)
    torch.testing.assert_close(encode(net).base_dist.scale, log_sigma.exp())
    assert net["encoder"][0].out_features == 12


def test_a_cause_adds_its_pattern():
    images = your_model.binary_images(5)
    log_joint, _, _ = your_model.hidden_causes(images, d=2)
    pattern = 3 * torch.linalg.svd(images - images.mean(0), full_matrices=False).Vh[1]
    ell = torch.logit(images.mean(0).clamp(0.05, 0.95)) + pattern
    by_hand = (images[0] * ell - torch.nn.functional.softplus(ell)).sum() - 2 * np.log(2)
    torch.testing.assert_close(log_joint(torch.tensor([[0.0, 1.0]], dtype=torch.float64))[0], by_hand)


def test_the_band_is_the_benchs_own():
    draws = np.array([0.1, -0.2, 0.3, 0.0, 0.2, -0.1, 0.1, 0.05, -0.3, 0.15])
    count, mean, allowed = your_model.looks(draws, 0.5)
    assert count.tolist() == [8, 9, 10]
    np.testing.assert_allclose(mean[-1], draws.mean() + 0.5)
    np.testing.assert_allclose(allowed[-1], bench.critical(10, 1) * draws.std(ddof=1) / 10**0.5)
    assert your_model.draw_looks(draws, [0.0, 0.5]).axes[0].get_xscale() == "log"
