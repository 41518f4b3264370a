"""Laws of one pixel: its ink counted in whole levels, or spread over the interval from 0 to 1. All answers in nats.

Level k of :math:`n` stands for the cell from :math:`k/n` to :math:`(k+1)/n`, as in :func:`reparam.digits.dequantize`.
"""

import torch
from torch.nn.functional import logsigmoid

from reparam.guards import guarded, require_count


def _cells(level, mean, log_scale, levels):
    """Both ends of each level's cell in units of the scale, and where the law's tails are folded in."""
    if require_count("levels", levels) < 2:
        raise ValueError(f"levels must be at least 2, got {levels}")
    if not ((level == level.round()) & (level >= 0) & (level < levels)).all():
        raise ValueError(f"level must hold whole numbers from 0 to {levels - 1}")
    low = (level / levels - mean) * (-log_scale).exp()
    high = ((level + 1) / levels - mean) * (-log_scale).exp()
    return low, high, level == 0, level == levels - 1


@guarded(level="tensor *", mean="tensor *", log_scale="tensor *")
def discretized_logistic(level, mean, log_scale, levels=17):
    r"""Log mass that a logistic law gives to a level's cell; the first and the last cell take the tails.

    With :math:`a,b` the ends of the cell in units of the scale, less the mean, and :math:`\varsigma` the logistic
    function,

    .. math:: \log[\varsigma(b)-\varsigma(a)]=\log\varsigma(b)+\log\varsigma(-a)+\log(1-e^{a-b}),

    in which nothing cancels and nothing underflows.

    Parameters
    ----------
    level : Tensor
        Whole numbers from 0 to ``levels - 1``.
    mean, log_scale : Tensor
        In units of the interval from 0 to 1; all three broadcast.
    levels : int
        How many levels there are.

    Returns
    -------
    Tensor, the common shape

    Raises
    ------
    ValueError
        If a level is not one of them.

    References
    ----------
    :cite:t:`salimans2017pixelcnn`
    """
    low, high, first, last = _cells(level, mean, log_scale, levels)
    width = (-log_scale).exp() / levels
    inside = (-torch.expm1(-width)).log().expand(low.shape)
    zero = torch.zeros((), dtype=low.dtype, device=low.device)
    return (torch.where(last, zero, logsigmoid(high)) + torch.where(first, zero, logsigmoid(-low))
            + torch.where(first | last, zero, inside))


@guarded(level="tensor *", mean="tensor *", log_scale="tensor *")
def discretized_gaussian(level, mean, log_scale, levels=17):
    r"""Log mass that a normal law gives to a level's cell; the first and the last cell take the tails.

    The difference of two distribution functions is taken in the lower tail, where both keep their digits:
    :math:`\log\Phi(b)+\log(1-e^{\log\Phi(a)-\log\Phi(b)})`. (Where the scale is wide, the error is about 1e-16 times
    the scale over the width of a cell.) Parameters, result and errors are those of :func:`discretized_logistic`.
    """
    low, high, first, last = _cells(level, mean, log_scale, levels)
    mirrored = low + high > 0
    a, b = torch.where(mirrored, -high, low), torch.where(mirrored, -low, high)
    top = torch.special.log_ndtr(b)
    inside = top + (-torch.expm1(torch.special.log_ndtr(a) - top)).log()
    return torch.where(first, torch.special.log_ndtr(high),
                       torch.where(last, torch.special.log_ndtr(-low), inside))


@guarded(level="tensor *", logit="tensor *")
def binomial(level, logit, levels=17):
    r"""Log mass of a count of independent points, each inked with the probability :math:`1/(1+e^{-a})`.

    Parameters
    ----------
    level : Tensor
        Whole numbers from 0 to ``levels - 1``, the number of points.
    logit : Tensor
        The log odds a; both broadcast.
    levels : int

    Returns
    -------
    Tensor, the common shape

    Raises
    ------
    ValueError
        If a level is not one of them.
    """
    _cells(level, torch.zeros_like(level), torch.zeros_like(level), levels)
    rest = levels - 1 - level
    points = torch.lgamma(torch.as_tensor(float(levels), dtype=level.dtype, device=level.device))
    ways = points - torch.lgamma(level + 1) - torch.lgamma(rest + 1)
    return ways + level * logsigmoid(logit) + rest * logsigmoid(-logit)


@guarded(logit="tensor ...")
def log_integral(logit):
    r"""The logarithm of :math:`\int_0^1e^{at}\,dt=\frac{e^a-1}a`, to rounding also where a is near 0 or large.

    Parameters
    ----------
    logit : Tensor
        The number a.

    Returns
    -------
    Tensor, the shape of ``logit``
    """
    h = logit / 2  # the integral is e^h sinh(h) / h
    near = h.abs() < 0.05
    far = torch.where(near, torch.ones_like(h), h).abs()
    by_logs = far + torch.log1p(-(-2 * far).exp()) - (2 * far).log()
    s = torch.where(near, h, torch.zeros_like(h)).square()
    return h + torch.where(near, s / 6 - s**2 / 180 + s**3 / 2835 - s**4 / 37800, by_logs)


@guarded(x="tensor *", logit="tensor *")
def continuous_bernoulli(x, logit):
    r"""Log density of the continuous Bernoulli law on the interval from 0 to 1: :math:`ax-\log\int_0^1e^{at}\,dt`.

    Parameters
    ----------
    x : Tensor
        From 0 to 1.
    logit : Tensor
        The number a, :math:`\log\frac\lambda{1-\lambda}` of its usual parameter; both broadcast.

    Returns
    -------
    Tensor, the common shape

    Raises
    ------
    ValueError
        If x leaves the interval.

    References
    ----------
    :cite:t:`loaiza2019continuous`
    """
    if not ((x >= 0) & (x <= 1)).all():
        raise ValueError("x must lie from 0 to 1")
    return logit * x - log_integral(logit)
