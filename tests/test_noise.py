"""Generators: one stream per (seed, place), and a clear refusal of a bad seed."""

import numpy as np
import pytest
import torch

from reparam import noise


@pytest.fixture(autouse=True)
def _unset(monkeypatch):
    monkeypatch.delenv("REPARAM_SEED", raising=False)


def test_unset_empty_and_zero_are_one_seed(monkeypatch):
    unset = noise.normal("test/a", 3)
    for text in ("", " 0 "):
        monkeypatch.setenv("REPARAM_SEED", text)
        torch.testing.assert_close(noise.normal("test/a", 3), unset)


def test_another_seed_and_another_place_give_other_draws(monkeypatch):
    first, elsewhere = noise.normal("test/a", 3), noise.normal("test/b", 3)
    monkeypatch.setenv("REPARAM_SEED", "7")
    assert not torch.equal(first, elsewhere)
    assert not torch.equal(noise.normal("test/a", 3), first)


def test_torch_generator_repeats_and_follows_the_seed(monkeypatch):
    def draw():
        return torch.randn(4, generator=noise.torch_generator("test/w"))

    first = draw()
    assert torch.equal(first, draw())
    monkeypatch.setenv("REPARAM_SEED", "1")
    assert not torch.equal(first, draw())


def test_the_streams_are_those_that_the_book_was_printed_with():
    # whoever changes them changes every figure
    assert noise.generator("test/a").integers(10**6) == 566875
    assert noise.torch_generator("test/a").initial_seed() == 616798416710826518


def test_normal_draws_are_the_generators_own():
    assert noise.normal("test/a", 2, 3).tolist() == noise.generator("test/a").standard_normal((2, 3)).tolist()


def test_normal_draws_are_standard_normal():
    from scipy.stats import kstest, norm

    x = noise.normal("test/law", 20_000)
    assert x.dtype == torch.float64
    assert kstest(x.numpy(), norm.cdf).pvalue > 1e-6


@pytest.mark.parametrize("text", ["-1", "1.5", "seven", "²"], ids=["negative", "fraction", "word", "superscript"])
def test_a_wrong_seed_is_refused(monkeypatch, text):
    monkeypatch.setenv("REPARAM_SEED", text)
    with pytest.raises(ValueError, match="REPARAM_SEED must be a non-negative whole number"):
        noise.generator("test/a")


@pytest.mark.parametrize("place", ["", 3], ids=["empty", "number"])
def test_a_place_needs_a_name(place):
    with pytest.raises(ValueError, match="place must be"):
        noise.generator(place)


def test_a_scalar_shape_is_allowed():
    assert noise.normal("test/scalar").shape == ()
    assert np.isfinite(float(noise.normal("test/scalar")))


def test_torch_draws_are_those_of_the_place_and_leave_the_global_generator_alone():
    before = torch.random.get_rng_state()
    with noise.torch_draws("test/torch-draws"):
        first = torch.distributions.Normal(0.0, 1.0).rsample((5,))
    with noise.torch_draws("test/torch-draws"):
        again = torch.distributions.Normal(0.0, 1.0).rsample((5,))
    with noise.torch_draws("test/elsewhere"):
        other = torch.distributions.Normal(0.0, 1.0).rsample((5,))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_torch_draws_come_back_after_an_error():
    before = torch.random.get_rng_state()
    with pytest.raises(ZeroDivisionError), noise.torch_draws("test/error"):
        raise ZeroDivisionError
    assert torch.equal(torch.random.get_rng_state(), before)
