"""Networks whose weights come from a named generator."""

import pytest
import torch

from reparam import noise
from reparam.networks import Adam, Stack, batches, mlp


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
    with pytest.raises(ValueError, match="sizes"):
        mlp(sizes, noise.torch_generator("test/net"))


@pytest.fixture
def stack():
    return Stack((2, 5, 3), 4, noise.torch_generator("test/stack"))


def test_stack_equals_its_networks_one_by_one(stack):
    x = noise.normal("test/inputs", 4, 7, 2)
    for k, y in enumerate(stack(x)):
        hidden = torch.tanh(x[k] @ stack.weights[0][k] + stack.biases[0][k])
        torch.testing.assert_close(y, hidden @ stack.weights[1][k] + stack.biases[1][k])


def test_stack_shares_an_input_and_keeps_its_copies_apart(stack):
    x = noise.normal("test/inputs", 7, 2)
    y = stack(x)
    torch.testing.assert_close(y, stack(x.expand(4, 7, 2)))
    assert (y[0] - y[1]).abs().max() > 0.01


def test_stack_starts_like_mlp():
    wide = Stack((400, 400, 1), 1, noise.torch_generator("test/wide"))
    # 160,000 weights of variance 1/400; 400 biases uniform on [-1, 1], of variance 1/3
    assert wide.weights[0].var().item() == pytest.approx(1 / 400, rel=0.02)
    assert wide.biases[0].abs().max() <= 1
    assert wide.biases[0].var().item() == pytest.approx(1 / 3, rel=0.25)
    assert wide.biases[0].min() < -0.5
    torch.testing.assert_close(wide.biases[1].detach(), torch.zeros(1, 1, 1, dtype=torch.float64))


@pytest.mark.parametrize(("sizes", "copies", "match"), [
    ((3,), 1, "sizes must hold at least two"), ((2, 0), 1, "a width must be"), ((2, 1), 0, "copies must be"),
], ids=["one size", "width", "none"])
def test_bad_stacks_are_refused(sizes, copies, match):
    with pytest.raises(ValueError, match=match):
        Stack(sizes, copies, noise.torch_generator("test/stack"))


def test_adam_is_the_adam_of_torch_and_leaves_what_is_frozen():
    start, goal = noise.normal("test/adam", 2, 3, 4)
    ours, theirs, frozen = start.clone().requires_grad_(), start.clone().requires_grad_(), start[0].clone()
    idle = start[1].clone().requires_grad_()
    adam, reference = Adam([ours, frozen, idle]), torch.optim.Adam([theirs], eps=1e-8)
    for step in range(40):
        lr = reference.param_groups[0]["lr"] = 0.1 / (1 + step)
        adam.descend(((ours - goal) ** 4).sum(), lr)
        reference.zero_grad()
        ((theirs - goal) ** 4).sum().backward()
        reference.step()
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)
    assert (ours - start).abs().min() > 0.1
    assert torch.equal(frozen, start[0])
    assert torch.equal(idle, start[1])


def test_batches_are_shuffled_epochs():
    rows = batches(noise.generator("test/vae-batches"), 10, 4, 5)
    assert rows.shape == (5, 4)
    assert all(len(set(epoch.ravel().tolist())) == 8 for epoch in (rows[:2], rows[2:4]))
    assert rows.min() >= 0
    assert rows.max() < 10
