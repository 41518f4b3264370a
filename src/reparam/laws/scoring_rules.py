"""Scores of a claimed law when y is seen: smaller is better, one value per observation; the caller averages."""

import math

import torch

from reparam.guards import guarded, require_float, values_of
from reparam.laws.gaussian import LOG_2PI

SQRT_PI = math.sqrt(math.pi)


def _positive(sigma):
    if not (require_float("sigma", sigma) > 0).all():
        raise ValueError(f"sigma must be positive, got {sigma.min().item()}")


def _deviation(name, given, least=0.0):
    value = torch.as_tensor(given)
    if not ((value >= least) & torch.isfinite(value)).all():
        wanted = "finite" if least == -math.inf else f"finite and at least {least:g}"
        raise ValueError(f"{name} must be {wanted}, got {value.min().item()}")


@guarded(draws="tensor K ...")
def squared(draws, y):
    r"""Squared distance of the mean of K draws from the observation; with K = 1 the term of equation S39.

    .. math:: \Bigl(\frac1K\sum_k y'_k-y\Bigr)^2

    Parameters
    ----------
    draws : Tensor, shape ``(K, ..., n)``
        Generated values.
    y : Tensor, shape ``(n,)``
        Observations.

    Returns
    -------
    Tensor, shape ``(..., n)``

    Raises
    ------
    ValueError
        If ``draws`` is not a finite floating-point tensor with at least one draw.
    """
    if require_float("draws", draws).ndim == 0 or len(draws) == 0:
        raise ValueError(f"draws must hold at least one draw on the first axis, got shape {tuple(draws.shape)}")
    return (draws.mean(0) - y) ** 2


@guarded(mu="tensor *", sigma="tensor *", y="tensor *")
def log_score(mu, sigma, y):
    r"""Minus the log density of the observation under :math:`N(\mu,\sigma^2)`, in nats.

    Parameters
    ----------
    mu, sigma, y : Tensor, of shapes that broadcast
        ``sigma`` positive.

    Returns
    -------
    Tensor, of the shape that they broadcast to

    Raises
    ------
    ValueError
        If some ``sigma`` is not positive.
    """
    _positive(sigma)
    return sigma.log() + 0.5 * ((y - mu) / sigma) ** 2 + 0.5 * LOG_2PI


@guarded(mu="tensor *", sigma="tensor *", y="tensor *")
def crps(mu, sigma, y):
    r"""The continuous ranked probability score of :math:`N(\mu,\sigma^2)`, in units of y.

    .. math:: \sigma\Bigl[w\,(2\Phi(w)-1)+2\varphi(w)-\frac1{\sqrt\pi}\Bigr],\qquad w=\frac{y-\mu}\sigma

    Parameters
    ----------
    mu, sigma, y : Tensor, of shapes that broadcast
        ``sigma`` positive.

    Returns
    -------
    Tensor, of the shape that they broadcast to

    Raises
    ------
    ValueError
        If some ``sigma`` is not positive.

    References
    ----------
    :cite:t:`gneiting2007strictly`
    """
    _positive(sigma)
    return mean_distance(y - mu, sigma) - sigma / SQRT_PI


@guarded(shift="tensor *", sigma="tensor *")
def mean_distance(shift, sigma):
    r"""The mean of :math:`|D|` for :math:`D\sim N(\delta,\sigma^2)`.

    .. math:: \delta\,\bigl(2\Phi(\delta/\sigma)-1\bigr)+2\sigma\varphi(\delta/\sigma)

    Parameters
    ----------
    shift, sigma : Tensor, shape ``(...)``
        :math:`\delta`, and :math:`\sigma` positive.

    Returns
    -------
    Tensor, shape ``(...)``

    Raises
    ------
    ValueError
        If some ``sigma`` is not positive.
    """
    _positive(sigma)
    w = shift / sigma
    return shift * torch.erf(w / math.sqrt(2)) + sigma * math.sqrt(2 / math.pi) * (-0.5 * w * w).exp()


@guarded(mu="tensor *", sigma="tensor *", y="tensor *")
def pit(mu, sigma, y):
    r"""The probability integral transform :math:`\Phi((y-\mu)/\sigma)`: uniform if the forecast is calibrated.

    Parameters
    ----------
    mu, sigma, y : Tensor, of shapes that broadcast
        ``sigma`` positive.

    Returns
    -------
    Tensor, of the shape that they broadcast to
        In [0, 1].

    Raises
    ------
    ValueError
        If some ``sigma`` is not positive.
    """
    _positive(sigma)
    return torch.special.ndtr((y - mu) / sigma)


@guarded(k="count")
def expected_squared(mu, sigma, m, s, k=1):
    r"""The mean of :func:`squared` over K draws :math:`\mu+\sigma z` and y of mean m and deviation s.

    .. math:: (\mu-m)^2+\frac{\sigma^2}K+s^2

    Parameters
    ----------
    mu, sigma, m, s : float, array or Tensor, of shapes that broadcast
        ``sigma`` of any sign, as a network without a constraint gives it; ``s`` zero or positive.
    k : int
        Number of draws K that are averaged, at least one.

    Returns
    -------
    Of the shape that the arguments broadcast to.

    Raises
    ------
    ValueError
        If ``sigma`` or ``s`` is not finite, ``s`` is negative, or ``k`` is below one.
    """
    _deviation("sigma", sigma, -math.inf)
    _deviation("s", s)
    if k < 1:
        raise ValueError(f"k must be at least 1, got {k}")
    return (mu - m) ** 2 + sigma**2 / k + s**2


@guarded
def expected_crps(mu, sigma, m, s):
    r"""The mean of :func:`crps` of :math:`N(\mu,\sigma^2)` over :math:`y\sim N(m,s^2)`.

    .. math:: \mathbb E\,|D|-\frac\sigma{\sqrt\pi},\qquad D\sim N(\mu-m,\ \sigma^2+s^2)

    Parameters
    ----------
    mu, sigma, m, s : Tensor or float, of shapes that broadcast
        ``sigma`` a Tensor, and ``mu`` or ``m``; a deviation may be zero, but not both.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If a deviation is negative or not finite, or both are zero.
    """
    _deviation("sigma", sigma)
    _deviation("s", s)
    return mean_distance(mu - m, (sigma**2 + s**2).sqrt()) - sigma / SQRT_PI


@guarded(sample="tensor ... n", cdf="function")
def kolmogorov(sample, cdf):
    r"""The greatest distance between a sample's distribution function and a given one.

    Parameters
    ----------
    sample : Tensor, shape ``(..., n)``
    cdf : callable, ``(..., n) -> (..., n)``
        A continuous distribution function.

    Returns
    -------
    Tensor, shape ``(...)``

    Raises
    ------
    ValueError
        If ``sample`` is not a finite floating-point tensor with at least one value on the last axis.
    """
    if require_float("sample", sample).ndim == 0 or sample.shape[-1] == 0:
        raise ValueError(f"sample must hold at least one value on the last axis, got shape {tuple(sample.shape)}")
    n = sample.shape[-1]
    steps = (torch.arange(n, dtype=sample.dtype, device=sample.device) + 0.5) / n
    values = values_of(cdf, sample.sort(-1).values, "cdf", sample.shape)
    return (values - steps).abs().amax(-1) + 0.5 / n
