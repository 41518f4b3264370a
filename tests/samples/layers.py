"""Layers of flows to try, and their parameters moved off the start."""

import torch

from reparam import noise
from reparam.laws import flows as layers

D = torch.float64


def t(*values):
    return torch.tensor(values, dtype=D)


def stirred(layer, place, size=0.4):
    """The same layer with its parameters moved off their start."""
    generator = noise.torch_generator(place)
    for p in layer.parameters():
        p.data += size * torch.randn(p.shape, generator=generator, dtype=D)
    return layer.requires_grad_(False)


def coupling(d=2, hidden=(5,), flip=False):
    return layers.Coupling(d, hidden, noise.torch_generator("test/coupling"), flip)


def autoregressive(d=2, hidden=(5,), reads="noise"):
    return layers.Autoregressive(d, hidden, noise.torch_generator("test/autoregressive"), reads)


LAYERS = {
    "affine": lambda: layers.Affine(2),
    "affine of one dimension": lambda: layers.Affine(1),
    "coupling": lambda: coupling(),
    "flipped coupling": lambda: coupling(flip=True),
    "coupling of three": lambda: coupling(3),
    "flipped coupling of five": lambda: coupling(5, (4, 4), flip=True),
    "linear coupling": lambda: coupling(2, ()),
    "inverse autoregressive of three": lambda: autoregressive(3, (7,)),
    "masked autoregressive of three": lambda: autoregressive(3, (5, 7), "data"),
    "linear autoregressive of five": lambda: autoregressive(5, ()),
    "autoregressive of one dimension": lambda: autoregressive(1, (2,), "data"),
    "planar": lambda: layers.Planar([0.8, -0.5], [0.6, 0.9], 0.3),
    "planar that pulls": lambda: layers.Planar([2.0, 1.0], [-3.0, -1.0], -0.2),
    "planar of one dimension": lambda: layers.Planar([4.0], [0.5]),
    "stack": lambda: layers.Flow(
        layers.Affine(2), coupling(), coupling(flip=True), layers.Planar([1.0, 0.3], [0.5, 0.5])
    ),
}
