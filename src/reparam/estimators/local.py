r"""Noise in a linear layer with Gaussian weights: one draw of the weights for all data, one per datum, or none.

The activation :math:`a_i=x_i\cdot w` of a datum is Gaussian if the weights are. So it can be drawn in their place.
"""

import torch

from reparam.guards import guarded, require_positive


@guarded(x="tensor n d", mu="tensor ... d m", sigma="tensor ... d m", eps="tensor ... d m")
def shared_weights(x, mu, sigma, eps):
    r"""Activations of all data from the same draw of the weights, :math:`a_i=x_i\cdot(\mu+\sigma\odot\epsilon)`.

    Parameters
    ----------
    x : Tensor, shape ``(n, d)``
        Inputs.
    mu, sigma : Tensor, shape ``(..., d, m)``
        Mean and standard deviation of every weight, ``sigma`` positive.
    eps : Tensor, shape ``(..., d, m)``
        Standard normal noise, one number per weight.

    Returns
    -------
    Tensor, shape ``(..., n, m)``
        Differentiable in ``mu`` and ``sigma``.

    Raises
    ------
    ValueError
        If the shapes do not fit, or some ``sigma`` is not positive.
    """
    require_positive(sigma=sigma)
    return x @ (mu + sigma * eps)


@guarded(x="tensor n d", mu="tensor ... d m", sigma="tensor ... d m", eps="tensor ... n d m")
def own_weights(x, mu, sigma, eps):
    r"""Activations from a fresh draw of all weights for every datum, :math:`a_i=x_i\cdot(\mu+\sigma\odot\epsilon_i)`.

    Parameters
    ----------
    x, mu, sigma
        As :func:`shared_weights`.
    eps : Tensor, shape ``(..., n, d, m)``
        Standard normal noise, one number per datum and weight.

    Returns
    -------
    Tensor, shape ``(..., n, m)``

    Raises
    ------
    ValueError
        As :func:`shared_weights`.
    """
    require_positive(sigma=sigma)
    weights = mu[..., None, :, :] + sigma[..., None, :, :] * eps
    return (x[:, :, None] * weights).sum(-2)


@guarded(x="tensor n d", mu="tensor ... d m", sigma="tensor ... d m", zeta="tensor ... n m")
def local_activations(x, mu, sigma, zeta):
    r"""Local reparameterization: noise on the activations, none on the weights.

    .. math:: a_i=x_i\cdot\mu+\Bigl(\sum_jx_{ij}^2\sigma_j^2\Bigr)^{1/2}\zeta_i

    Parameters
    ----------
    x, mu, sigma
        As :func:`shared_weights`. A row of zeros is allowed: its activation is zero.
    zeta : Tensor, shape ``(..., n, m)``
        Standard normal noise, one number per datum and activation.

    Returns
    -------
    Tensor, shape ``(..., n, m)``

    Raises
    ------
    ValueError
        As :func:`shared_weights`.

    References
    ----------
    :cite:t:`kingma2015variational`
    """
    require_positive(sigma=sigma)
    spread = (x * x) @ (sigma * sigma)
    silent = spread == 0  # the square root has no slope there
    return x @ mu + torch.where(silent, torch.zeros_like(spread), torch.where(silent, 1.0, spread).sqrt()) * zeta
