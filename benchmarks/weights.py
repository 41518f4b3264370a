"""Means and variances of the per-draw gradients of every weight of a network, against one ordinary backward pass.

The gradient of a weight matrix for one draw is an outer product of what comes in and what is asked for at the output.
So its mean over draws is one matrix product, and its second moment is one matrix product of squares.
"""

import torch
from harness import Contest
from torch.func import functional_call, grad, vmap

from reparam import noise
from reparam.networks import mlp

SIZES, DRAWS = (64, 256, 256, 64), 512


def ordinary(net, x, y):
    """Gradient of the mean loss, as in any training step."""
    return torch.autograd.grad((net(x) - y).square().sum(-1).mean(), list(net.parameters()))


def moments(net, x, y):
    """Mean and variance over draws of the gradient of every weight, without one array per draw."""
    inputs, outputs, h = [], [], x
    for layer in net:
        if isinstance(layer, torch.nn.Linear):
            inputs.append(h.detach())
            h = layer(h)
            outputs.append(h)
        else:
            h = layer(h)
    asked = torch.autograd.grad((h - y).square().sum(), outputs)
    n, means, variances = len(x), [], []
    for a, b in zip(asked, inputs, strict=True):
        squares = a * a
        for mean, square in ((a.T @ b / n, squares.T @ (b * b) / n), (a.mean(0), squares.mean(0))):
            means.append(mean)
            variances.append((square - mean * mean) * (n / (n - 1)))
    return means, variances


def by_vmap(net, x, y):
    """One gradient per draw, kept, then its moments: the general tool of torch.func."""
    parameters = dict(net.named_parameters())

    def loss(p, x, y):
        return (functional_call(net, p, (x,)) - y).square().sum()

    each = vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y)
    return [g.mean(0) for g in each.values()], [g.var(0) for g in each.values()]


def contests():
    """One contest."""
    net = mlp(SIZES, noise.torch_generator("benchmarks/net"), torch.nn.Tanh)
    x, y = noise.normal("benchmarks/x", DRAWS, SIZES[0]), noise.normal("benchmarks/y", DRAWS, SIZES[-1])
    plain, mine, rival = ordinary(net, x, y), moments(net, x, y), by_vmap(net, x, y)
    for a, b, c in zip(plain, mine[0], rival[0], strict=True):
        torch.testing.assert_close(b, a)
        torch.testing.assert_close(c, a)
    for a, b in zip(mine[1], rival[1], strict=True):
        torch.testing.assert_close(a, b)
    return [Contest(
        f"means and variances of all weights' gradients, network {'-'.join(map(str, SIZES))}, {DRAWS} draws",
        "one ordinary backward pass",
        {"one ordinary backward pass": lambda: ordinary(net, x, y),
         "outer products": lambda: moments(net, x, y),
         "vmap(grad), all gradients kept": lambda: by_vmap(net, x, y)},
        aims={"outer products": ("at most", 1.5, "one ordinary backward pass")},
        note="All three give the same means, the last two the same variances.",
    )]
