"""Chapter 3: stochastic gradient variational inference with the score-function gradient."""

from reparam.gaussian import GradientDraws


def elbo_integrand(log_joint, q):
    r"""What the ELBO averages: :math:`z\mapsto\log p(x,z)-\log q(z;\phi)` with :math:`\phi` held fixed.

    Parameters
    ----------
    log_joint : callable, ``(n, d) -> (n,)``
        Log density of model and data in nats, batched over draws.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.

    Returns
    -------
    callable, ``(n, d) -> (n,)``
        In nats.
    """
    fixed = q.detach()
    return lambda z: log_joint(z) - fixed.log_density(z)


def score_function(cost, q, eps):
    r"""Score-function gradients of :math:`\mathbb E_q[f(z)]`, one per draw; with :func:`elbo_integrand`, equation S10.

    .. math:: f(z)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``.
    """
    fixed = q.detach()
    values = cost(fixed.path(eps)).detach()[:, None]
    score = fixed.score(eps)
    return GradientDraws(values * score.mu, values * score.log_sigma)
