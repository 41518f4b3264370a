"""Networks whose weights come from a named generator."""

import pytest
import torch

from reparam import noise
from reparam.networks import mlp


def test_same_place_same_weights_and_no_global_randomness():
    state = torch.random.get_rng_state()
    first, second = (mlp((2, 8, 1), noise.torch_generator("test/net")) for _ in range(2))
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.equal(a, b)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("sizes", [(3, 1), (1, 4, 4, 2)], ids=["linear", "two hidden"])
def test_shapes_and_final_bias(sizes):
    net = mlp(sizes, noise.torch_generator("test/net"))
    assert net(torch.zeros(5, sizes[0], dtype=torch.float64)).shape == (5, sizes[-1])
    assert len(net) == 2 * (len(sizes) - 1) - 1  # no activation after the last layer
    torch.testing.assert_close(net[-1].bias, torch.zeros(sizes[-1], dtype=torch.float64))


def test_weights_have_variance_one_over_inputs():
    weight = mlp((400, 400), noise.torch_generator("test/wide"))[0].weight
    # 160,000 weights: the sample variance is within 2 % of 1/400 with odds beyond 5 standard errors
    assert weight.var().item() == pytest.approx(1 / 400, rel=0.02)


@pytest.mark.parametrize("sizes", [(3,), (2, 0)], ids=["one size", "zero width"])
def test_bad_sizes_are_refused(sizes):
    with pytest.raises(ValueError, match="sizes must hold"):
        mlp(sizes, noise.torch_generator("test/net"))
