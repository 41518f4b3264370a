"""Estimators that see values of the cost alone: the score function, with and without baselines."""


from reparam.guards import require_float, require_groups, values_of
from reparam.laws.full_gaussian import as_gaussian, drawn
from reparam.laws.gaussian import GradientDraws, as_float, require_law


def _weigh(values, score):
    """One value per draw times a score, of whatever law."""
    return type(score)(*(values.reshape(*values.shape, *[1] * (part.ndim - values.ndim)) * part for part in score))


def score_function(cost, q, eps):
    r"""Score-function gradients of :math:`\mathbb E_q[f(z)]`, one per draw; with :func:`elbo_integrand`, equation S10.

    .. math:: f(z)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian, FullGaussian or torch.distributions' Gaussians
        With a mean of shape ``(d,)``, or ``(r, d)`` for r diagonal Gaussians at once.
    eps : Tensor, shape ``(n, d)`` or ``(n, r, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws or FullDraws
        ``mu`` and ``log_sigma``, each of the shape of ``eps``, or ``mu`` and ``root``: one gradient per draw.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, d)``, or ``cost`` does not return one finite
        number per draw.

    References
    ----------
    :cite:t:`williams1992simple`
    """
    fixed, eps, z = drawn(q, eps)
    return _weigh(values_of(cost, z).detach(), fixed.score(eps))


def score_with_baseline(cost, q, eps, baseline):
    r"""Score-function gradients with a baseline for every parameter.

    .. math:: (f(z)-b)\,\nabla_\phi\log q(z;\phi)\quad\text{at } z=\mu+\sigma\epsilon

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.
    baseline : GradientDraws
        One number b per parameter, each of shape ``(d,)``, independent of ``eps``.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per draw.

    Raises
    ------
    ValueError
        As :func:`score_function`, or if ``baseline`` is not a pair of tensors of shape ``(d,)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    fixed, eps, z = drawn(require_law("q", as_gaussian(q)), eps)
    mu, log_sigma = (require_float(f"baseline.{name}", getattr(baseline, name, baseline), fixed.mu.shape)
                     for name in ("mu", "log_sigma"))
    if {x.device for x in (mu, log_sigma)} != {z.device} or {x.dtype for x in (mu, log_sigma)} != {z.dtype}:
        raise ValueError(f"baseline must be {z.dtype} on {z.device}, as eps, got {mu.dtype} on {mu.device}")
    values, score = values_of(cost, z).detach()[..., None], fixed.score(eps)
    return GradientDraws((values - mu) * score.mu, (values - log_sigma) * score.log_sigma)


def _pilot(cost, q, pilot, weights):
    """Values and scores at pilot noise, and the weight of each draw."""
    try:
        fixed, eps, z = drawn(require_law("q", as_gaussian(q)), pilot)
    except ValueError as e:
        raise ValueError(str(e).replace("eps", "pilot")) from None
    if not len(z):
        raise ValueError("pilot must hold at least one draw, got none")
    weights = z.new_full(z.shape[:1], 1 / len(z)) if weights is None else as_float("weights", weights)
    if weights.is_meta != z.is_meta:
        raise ValueError(f"weights must be on {z.device}, as pilot, got {weights.device}")
    weights = weights.to(z)
    return values_of(cost, z).detach()[..., None], fixed.score(eps), require_float("weights", weights, z.shape[:1])


def mean_baseline(cost, q, pilot, weights=None):
    r"""The baseline :math:`b=\mathbb E_q[f(z)]` for every parameter, from pilot noise.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.
    """
    values, score, weights = _pilot(cost, q, pilot, weights)
    return GradientDraws(*((weights @ values).expand_as(s[0]) for s in score))


def optimal_baseline(cost, q, pilot, weights=None):
    r"""The baseline of least variance, :math:`b=\mathbb E[f s^2]/\mathbb E[s^2]` with s the score of one parameter.

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    pilot : Tensor, shape ``(n, d)``
        Noise that the gradients will not see.
    weights : array, shape ``(n,)``, optional
        Weights of a quadrature whose nodes are ``pilot``: then the baseline is exact.

    Returns
    -------
    GradientDraws
        Each of shape ``(d,)``.

    References
    ----------
    :cite:t:`greensmith2004variance`
    """
    values, score, weights = _pilot(cost, q, pilot, weights)
    information = [weights @ (s * s) for s in score]
    if not all(bool((i > 0).all()) for i in information if not i.is_meta):
        raise ValueError("pilot must hold draws whose scores do not all vanish, or no baseline is the best one")
    return GradientDraws(*((weights @ (values * s * s)) / i for s, i in zip(score, information, strict=True)))


def leave_one_out(cost, q, eps):
    r"""Score-function gradients of k draws, each with the mean of the other k - 1 values as its baseline.

    .. math:: \frac1k\sum_{i=1}^k\Bigl(f(z_i)-\frac1{k-1}\sum_{j\ne i}f(z_j)\Bigr)\nabla_\phi\log q(z_i;\phi)

    Parameters
    ----------
    cost : callable, ``(n, d) -> (n,)``
        The function f; only its values are used, k per gradient.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, k, d)``
        Standard normal noise, k at least 2.

    Returns
    -------
    GradientDraws or FullDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``, or ``mu`` and ``root``: one gradient per group of k draws.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, k, d)``.

    References
    ----------
    :cite:t:`kool2019buy`
    """
    fixed = as_gaussian(q).detach()
    n, k, d = require_groups(eps, fixed)
    values = values_of(cost, fixed.path(eps).detach().reshape(-1, d)).detach().reshape(n, k)
    lead = (values - values.mean(1, keepdim=True)) * (k / (k - 1))
    score = fixed.score(eps.detach())
    return type(score)(*(part.mean(1) for part in _weigh(lead, score)))
