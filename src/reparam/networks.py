"""Small feed-forward networks whose initial weights come from a named generator."""

from itertools import pairwise

import torch
from torch import nn


def mlp(sizes, generator, activation=nn.Tanh, dtype=torch.float64):
    r"""A multilayer perceptron with no randomness of its own.

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output, for instance ``(1, 32, 1)``.
    generator : torch.Generator
        Source of the initial weights, from :func:`reparam.noise.torch_generator`.
    activation : type
        Class of the nonlinearity between layers.
    dtype : torch.dtype
        Of weights and output.

    Returns
    -------
    torch.nn.Sequential
        Weights drawn from :math:`N(0,1/\text{inputs})`, hidden biases uniform on [-1, 1], output bias zero.

    Raises
    ------
    ValueError
        If fewer than two sizes are given, or one is not positive.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must hold at least two positive widths, got {tuple(sizes)}")
    layers = []
    for inputs, outputs in pairwise(sizes):
        linear = nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=dtype)
        nn.init.normal_(linear.weight, std=inputs**-0.5, generator=generator)
        nn.init.uniform_(linear.bias, -1, 1, generator=generator)
        layers += [linear, activation()]
    nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])
