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


class Adam:
    r"""Adam with its usual constants, the numbers of ``torch.optim.Adam`` where each loss moves all, step by step.

    .. math:: m\leftarrow0.9\,m+0.1\,g,\quad v\leftarrow0.999\,v+0.001\,g^2,\quad
        \theta\leftarrow\theta-\mathrm{lr}\,\frac{m}{1-0.9^t}\Big/\Bigl(\sqrt{\frac{v}{1-0.999^t}}+\mathrm{eps}\Bigr)

    PyTorch's own loads its compiler before the first step, which takes longer than most trainings of this book.

    Parameters
    ----------
    parameters : iterable of Tensor
        Those that ask for gradients, and on which the loss depends, are moved, in place.
    eps : float
        What keeps the step finite where all gradients were zero.

    References
    ----------
    :cite:t:`kingma2015adam`
    """

    def __init__(self, parameters, eps=1e-8):
        self.eps, self.parameters = eps, [p for p in parameters if p.requires_grad]
        self.means, self.squares = ([torch.zeros_like(p) for p in self.parameters] for _ in range(2))
        self.steps = 0

    def descend(self, loss, lr):
        """One step down the gradient of a loss.

        Parameters
        ----------
        loss : Tensor, shape ``()``
            With the graph that leads to the parameters.
        lr : float
            Length of this step.
        """
        gradients = torch.autograd.grad(loss, self.parameters, allow_unused=True)
        self.steps += 1
        m_part, v_part = 1 - 0.9**self.steps, 1 - 0.999**self.steps
        moved = zip(self.parameters, self.means, self.squares, gradients, strict=True)
        with torch.no_grad():
            for theta, m, v, g in (each for each in moved if each[3] is not None):
                m.lerp_(g, 0.1)
                v.mul_(0.999).addcmul_(g, g, value=0.001)
                theta.addcdiv_(m, (v / v_part).sqrt_().add_(self.eps), value=-lr / m_part)


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
