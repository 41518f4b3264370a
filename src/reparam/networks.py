"""Small feed-forward networks whose initial weights come from a named generator."""

import math
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
        with torch.random.fork_rng(devices=()):  # nn.utils.skip_init would import half a second of torch
            linear = nn.Linear(inputs, outputs, dtype=dtype)
        nn.init.normal_(linear.weight, std=inputs**-0.5, generator=generator)
        nn.init.uniform_(linear.bias, -1, 1, generator=generator)
        layers += [linear, activation()]
    nn.init.zeros_(layers[-2].bias)
    return nn.Sequential(*layers[:-1])


class Stack(nn.Module):
    r"""Several networks of one shape, evaluated side by side by one batched product per layer.

    Independent replicates cost next to nothing this way, and since Adam works weight by weight, one optimizer on
    the sum of their losses trains each as if it were alone. Initial weights follow the same laws as :func:`mlp`.

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
        if len(sizes) < 2 or min(*sizes, copies) < 1:
            raise ValueError(f"sizes and copies must be positive, got {tuple(sizes)} and {copies}")
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
        """
        h = inputs.expand(len(self.weights[0]), *inputs.shape[-2:])
        *hidden, (weight, bias) = zip(self.weights, self.biases, strict=True)
        for inner, shift in hidden:
            h = torch.baddbmm(shift, h, inner).tanh()
        return torch.baddbmm(bias, h, weight)


class Adam:
    r"""The optimizer Adam, written out.

    With the gradient :math:`g_t`, :math:`m_t=\beta_1m_{t-1}+(1-\beta_1)g_t` and
    :math:`v_t=\beta_2v_{t-1}+(1-\beta_2)g_t^2`, both from zero, a step of length :math:`\eta` is

    .. math:: \theta\leftarrow\theta-\eta\,\frac{m_t/(1-\beta_1^t)}{\sqrt{v_t/(1-\beta_2^t)}+10^{-8}},
        \qquad\beta_1=0.9,\ \beta_2=0.999 .

    It takes the steps of ``torch.optim.Adam``, whose first use imports torch's compiler, more than a second of work.

    Parameters
    ----------
    parameters : iterable of Tensor
        Leaves that require gradients; they are changed in place.
    """

    def __init__(self, parameters):
        self.parameters = list(parameters)
        self.first, self.second = ([torch.zeros_like(p) for p in self.parameters] for _ in range(2))
        self.steps = 0

    def step(self, loss, lr):
        """One step down the gradient of ``loss``.

        Parameters
        ----------
        loss : Tensor, shape ``()``
            With the graph that leads to every parameter.
        lr : float
            Length of the step.
        """
        grads = torch.autograd.grad(loss, self.parameters)
        self.steps += 1
        rate, scale = lr / (1 - 0.9**self.steps), math.sqrt(1 - 0.999**self.steps)
        with torch.no_grad():
            for p, m, v, g in zip(self.parameters, self.first, self.second, grads, strict=True):
                m.lerp_(g, 1 - 0.9)
                v.mul_(0.999).addcmul_(g, g, value=1 - 0.999)
                p.addcdiv_(m, v.sqrt().div_(scale).add_(1e-8), value=-rate)
