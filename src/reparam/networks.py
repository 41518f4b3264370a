"""Small feed-forward networks whose initial weights come from a named generator."""

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from reparam.guards import guarded, require_count, require_float


def _require_sizes(sizes):
    if np.ndim(sizes) != 1 or len(sizes) < 2:
        raise ValueError(f"sizes must hold at least two positive widths, got {sizes!r}")
    for size in sizes:
        require_count("sizes: a width", size)


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
    _require_sizes(sizes)
    layers = []
    for inputs, outputs in pairwise(sizes):
        with torch.random.fork_rng(devices=()):  # nn.utils.skip_init would import half a second of torch
            linear = nn.Linear(inputs, outputs, dtype=dtype)
        nn.init.normal_(linear.weight, std=inputs**-0.5, generator=generator)
        nn.init.uniform_(linear.bias, -1, 1, generator=generator)
        layers += [linear, activation()]
    nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


class Stack(nn.Module):
    r"""Several networks of one shape, evaluated side by side by one batched product per layer.

    Independent replicates cost far less this way than one after the other, and since Adam works weight by weight,
    one optimizer on the sum of their losses trains each as if it were alone. Initial weights follow the same laws as
    :func:`mlp`.

    Parameters
    ----------
    sizes : sequence of int
        Widths from input to output, for instance ``(1, 32, 1)``.
    copies : int
        How many networks, each with its own initial weights.
    generator : torch.Generator
        Source of the initial weights, from :func:`reparam.noise.torch_generator`.

    Raises
    ------
    ValueError
        If fewer than two sizes are given, or a size or ``copies`` is not positive.
    """

    def __init__(self, sizes, copies, generator):
        _require_sizes(sizes)
        require_count("copies", copies)
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for inputs, outputs in pairwise(sizes):
            weight = torch.randn(copies, inputs, outputs, generator=generator, dtype=torch.float64)
            bias = torch.rand(copies, 1, outputs, generator=generator, dtype=torch.float64)
            self.weights.append(weight * inputs**-0.5)
            self.biases.append(2 * bias - 1)
        nn.init.zeros_(self.biases[-1])

    def forward(self, inputs):
        """Outputs of every network.

        Parameters
        ----------
        inputs : Tensor, shape ``(n, sizes[0])`` or ``(copies, n, sizes[0])``
            The same for all networks, or each its own.

        Returns
        -------
        Tensor, shape ``(copies, n, sizes[-1])``

        Raises
        ------
        ValueError
            If ``inputs`` has another shape, or is not finite.
        """
        copies, width = self.weights[0].shape[:2]
        if require_float("inputs", inputs).dtype != self.weights[0].dtype:
            raise ValueError(f"inputs must be {self.weights[0].dtype}, as the weights, got {inputs.dtype}")
        if inputs.device != self.weights[0].device:  # PyTorch would answer with whatever its memory holds
            raise ValueError(f"inputs must be on {self.weights[0].device}, as the weights, got {inputs.device}")
        if inputs.ndim not in (2, 3) or inputs.shape[-1] != width or (
            inputs.ndim == 3 and len(inputs) != copies
        ):
            raise ValueError(f"inputs must be (n, {width}) or ({copies}, n, {width}), got {tuple(inputs.shape)}")
        h = inputs.expand(copies, *inputs.shape[-2:])
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        for inner, shift in hidden:
            one = inner.shape[1] == 1  # of one input the products are soon made, by a third of the work
            h = (torch.addcmul(shift, h, inner) if one else torch.baddbmm(shift, h, inner)).tanh()
        return torch.baddbmm(bias, h, weight)


def descend(optimizer, loss, lr):
    """One step of an optimizer down the gradient of a loss.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        With one group of parameters.
    loss : Tensor, shape ``()``
        With the graph that leads to them.
    lr : float
        Length of this step.
    """
    optimizer.param_groups[0]["lr"] = lr
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@guarded(n="count", size="count", steps="count")
def batches(generator, n, size, steps):
    """Shuffled batches, epoch after epoch.

    Parameters
    ----------
    generator : numpy.random.Generator
    n, size, steps : int
        Images, images per batch (at most n), batches.

    Returns
    -------
    integer Tensor, shape ``(steps, size)``
    """
    each = n // size
    epochs = [generator.permutation(n)[: each * size].reshape(each, size) for _ in range(-(-steps // each))]
    return torch.from_numpy(np.concatenate(epochs)[:steps])
