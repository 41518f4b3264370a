"""Past the source: normalizing flows, stacks of invertible maps with densities by change of variables.

A *layer* has ``forward(z)`` and ``inverse(y)``; both return the other point, shape ``(n, d)``, and
:math:`\\log|\\det\\partial y/\\partial z|` there, shape ``(n,)``.
"""

import math
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from reparam.guards import guarded, require_count, require_float, values_of
from reparam.laws.flows import log_normal
from reparam.laws.gaussian import LOG_2PI


@guarded(z="tensor n d")
def log_det_by_autograd(layer, z):
    r""":math:`\log\lvert\det\partial y/\partial z\rvert` from the full Jacobian, row by row: slow, and sure.

    Parameters
    ----------
    layer : layer or Flow
    z : Tensor, shape ``(n, d)``

    Returns
    -------
    Tensor, shape ``(n,)``
    """
    z = z.detach().requires_grad_()
    y = layer(z)[0]
    rows = [torch.autograd.grad(y[:, j].sum(), z, retain_graph=True)[0] for j in range(z.shape[1])]
    return torch.linalg.slogdet(torch.stack(rows, 1)).logabsdet


@guarded(log_joint="function", eps="tensor n d")
def elbo_draws(log_joint, flow, eps):
    r"""One value of the ELBO's integrand per draw, with a flow as q.

    .. math:: \log p(x,g(\epsilon))+\log\lvert\det Dg(\epsilon)\rvert-\log N(\epsilon;0,I)

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats.
    flow : Flow
        The map g.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    Tensor, shape ``(n,)``
        In nats, differentiable in the flow's parameters.
    """
    z, log_det = flow(eps)
    return values_of(log_joint, z, "log_joint") + log_det - log_normal(eps)


@guarded(log_joint="function", eps="tensor n d")
def frozen_draws(log_joint, flow, eps):
    r"""The path derivative's integrand with a flow as q: its gradient moves the point, not the density that scores it.

    .. math:: \log p(x,z)-\log q_{\text{frozen}}(z),\qquad z=g(\epsilon)

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
    flow : Flow
        Invertible with gradients.
    eps : Tensor, shape ``(n, d)``

    Returns
    -------
    Tensor, shape ``(n,)``
        In nats, of the same value as :func:`elbo_draws`.

    References
    ----------
    :cite:t:`roeder2017sticking`
    """
    frozen, z = deepcopy(flow).requires_grad_(False), flow(eps)[0]
    return values_of(log_joint, z, "log_joint") - frozen.log_density(z)


@guarded(objective="function", steps="count")
def climb(objective, flow, steps=100):
    """Maximise a deterministic objective over a flow's parameters by L-BFGS.

    Parameters
    ----------
    objective : callable, ``() -> Tensor`` scalar
        The exact ELBO, say, as a weighted sum of :func:`elbo_draws` over nodes; or the mean log density of data.
    flow : torch.nn.Module
        Changed in place.
    steps : int
        At most so many iterations, at least 1.

    Returns
    -------
    float
        The objective reached.

    Raises
    ------
    ValueError
        If the objective is not one finite number, or has no slopes in the flow's parameters.
    """
    from scipy.optimize import minimize  # torch's own L-BFGS first loads torch's compiler, for a second

    parameters = [p for p in flow.parameters() if p.requires_grad]
    require_count("steps", steps)

    def loss(numbers):
        nn.utils.vector_to_parameters(torch.from_numpy(numbers), parameters)
        value = require_float("the value of objective", objective(), ())
        if not value.requires_grad:
            raise ValueError("objective must be differentiable in the parameters of flow, got one without a graph")
        slopes = torch.autograd.grad(value, parameters, materialize_grads=True)
        return -value.item(), -nn.utils.parameters_to_vector(slopes).numpy()

    start = nn.utils.parameters_to_vector(parameters).detach().numpy()
    options = {"maxiter": steps, "maxcor": 50, "gtol": 1e-9, "ftol": 1e-15}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options=options)
    nn.utils.vector_to_parameters(torch.from_numpy(best.x), parameters)
    return float(-best.fun)


@guarded(u="tensor n", eps="tensor n 2", width="number")
def horseshoe(u, eps, width=0.15):
    r"""Points on an arc of the unit circle, open at the bottom, blurred.

    .. math:: (\cos a,\ \sin a)+\text{width}\cdot\epsilon,\qquad a=\tfrac\pi2+1.3\,\pi\,(u-\tfrac12)

    Parameters
    ----------
    u : Tensor, shape ``(n,)``
        Uniform noise on [0, 1].
    eps : Tensor, shape ``(n, 2)``
        Standard normal noise.
    width : float
        Standard deviation of the blur.

    Returns
    -------
    Tensor, shape ``(n, 2)``
    """
    angle = math.pi / 2 + 1.3 * math.pi * (u - 0.5)
    return torch.stack((torch.cos(angle), torch.sin(angle)), 1) + width * eps


@guarded(y="tensor n 2", width="number", nodes="count")
def horseshoe_log_density(y, width=0.15, nodes=100):
    """Log density of :func:`horseshoe`: the blur averaged over the arc by Gauss-Legendre quadrature.

    Parameters
    ----------
    y : Tensor, shape ``(n, 2)``
    width : float
    nodes : int
        Points on the arc.

    Returns
    -------
    Tensor, shape ``(n,)``
        In nats.
    """
    x, w = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(nodes))
    arc = horseshoe((x + 1) / 2, torch.zeros(nodes, 2, dtype=y.dtype))
    squares = torch.cdist(y, arc, compute_mode="donot_use_mm_for_euclid_dist") ** 2
    return torch.logsumexp(torch.log(w / 2) - 0.5 * squares / width**2, 1) - LOG_2PI - 2 * math.log(width)
