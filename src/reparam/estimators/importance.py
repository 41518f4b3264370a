r"""Gradients of the importance-weighted bound :math:`\mathbb E\log\frac1K\sum_kw_k`: by values, and by three paths."""

import math

import torch

from reparam.derivatives import value_and_slope
from reparam.guards import require_float, require_groups, values_of
from reparam.laws.full_gaussian import as_gaussian
from reparam.laws.gaussian import GradientDraws, require_law

BASELINES = ("none", "vimco", "rest")
"""What each draw's score is compared with; see :func:`brackets`."""


def log_weights(log_joint, q, eps):
    r"""Log importance weights :math:`\log w_k=\log p(x,z_k)-\log q(z_k;\phi)`, in groups of K.

    Parameters
    ----------
    log_joint : callable, ``(m, d) -> (m,)``
        Log density of model and data in nats; only its values are used.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, K, d)``
        Standard normal noise.

    Returns
    -------
    Tensor, shape ``(n, K)``
        In nats, without gradient.

    Raises
    ------
    ValueError
        If ``eps`` is not a finite floating-point tensor of shape ``(n, K, d)``, or ``log_joint`` does not return one
        number per draw.
    """
    return _log_weights(log_joint, *_drawn(q, eps))


def _drawn(q, eps):
    q = require_law("q", as_gaussian(q)).detach()
    require_groups(eps, q, least=1)
    return q, eps.detach(), q.path(eps).detach()


def _log_weights(log_joint, q, eps, z):
    return values_of(log_joint, z.flatten(0, 1), "log_joint").detach().view(eps.shape[:2]) - q.log_density(z)


def _sloped(log_joint, q, eps):
    """The law, its noise, the weights' shares ``(n, K, 1)``, and the path derivatives of the log weights."""
    q, eps, z = _drawn(q, eps)
    values, slopes = value_and_slope(log_joint, z.flatten(0, 1), "log_joint")
    share = (values.view(eps.shape[:2]) - q.log_density(z)).softmax(1)[..., None]
    return q, eps, share, q.pull(slopes.view(eps.shape) + eps / q.sigma, eps)


def _weigh(factor, draws):
    return GradientDraws(*((factor * g).sum(1) for g in draws))


def total_path(log_joint, q, eps):
    r"""The gradient that autograd gives through the logarithm of the mean weight.

    .. math:: \sum_k\tilde w_k\,\nabla_\phi\log w_k,\qquad\tilde w_k=w_k/\textstyle\sum_jw_j

    Parameters
    ----------
    log_joint : callable, ``(m, d) -> (m,)``
        Log density of model and data in nats, differentiable.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    eps : Tensor, shape ``(n, K, d)``
        Standard normal noise; K = 1 gives the total derivative, equation S17.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per group of K draws.

    Raises
    ------
    ValueError
        As :func:`log_weights`.

    References
    ----------
    :cite:t:`burda2016importance`
    """
    fixed, eps, share, path = _sloped(log_joint, q, eps)
    score = fixed.score(eps)
    return _weigh(share, GradientDraws(path.mu - score.mu, path.log_sigma - score.log_sigma))


def dropped_score(log_joint, q, eps):
    r"""The path derivative carried over to K draws: the score in the weights is left out; in general biased for K > 1.

    .. math:: \sum_k\tilde w_k\,\nabla_z\log w_k\,\nabla_\phi z_k

    Parameters, result and errors as :func:`total_path`; K = 1 gives the path derivative, equation S18.

    References
    ----------
    :cite:t:`roeder2017sticking`
    """
    return _weigh(*_sloped(log_joint, q, eps)[2:])


def doubly_reparameterized(log_joint, q, eps):
    r"""The doubly reparameterized gradient: the score inside the weights is turned into a path once more.

    .. math:: \sum_k\tilde w_k^2\,\nabla_z\log w_k\,\nabla_\phi z_k

    Parameters, result and errors as :func:`total_path`; K = 1 gives the path derivative, equation S18.

    References
    ----------
    :cite:t:`tucker2019doubly`
    """
    _, _, share, path = _sloped(log_joint, q, eps)
    return _weigh(share**2, path)


def _log_rest(log_w):
    r""":math:`\log(1-\tilde w_k)`, also where one weight outgrows all others."""
    top = log_w.argmax(1, keepdim=True)
    others = log_w.scatter(1, top, -math.inf)
    exact = others.logsumexp(1, keepdim=True) - log_w.logsumexp(1, keepdim=True)
    return torch.log1p(-log_w.softmax(1)).scatter(1, top, exact)


def brackets(log_w, baseline):
    r"""What multiplies each draw's score in :func:`score_form`.

    .. math:: \log\frac1K\sum_jw_j-b_k-\tilde w_k

    Parameters
    ----------
    log_w : Tensor, shape ``(n, K)``
        Log weights; K at least 2 unless there is no baseline.
    baseline : str
        ``"none"``: :math:`b_k=0`. ``"vimco"``: the bound with :math:`w_k` replaced by the geometric mean of the other
        weights. ``"rest"``: :math:`b_k=\log\frac1K\sum_{j\ne k}w_j`, which leaves
        :math:`-\log(1-\tilde w_k)-\tilde w_k`.

    Returns
    -------
    Tensor, shape ``(n, K)``

    Raises
    ------
    ValueError
        If ``baseline`` is none of the three, or has no other draw to look at.

    References
    ----------
    :cite:t:`mnih2016variational`, :cite:t:`lievin2020optimal`
    """
    if baseline not in BASELINES:
        raise ValueError(f"baseline must be one of {', '.join(BASELINES)}, got {baseline!r}")
    if require_float("log_w", log_w).ndim != 2 or log_w.shape[1] < (1 if baseline == "none" else 2):
        raise ValueError(f"log_w must be (n, K), with K at least 2 for a baseline, got shape {tuple(log_w.shape)}")
    k, share, total = log_w.shape[1], log_w.softmax(1), log_w.logsumexp(1, keepdim=True)
    if baseline == "none":
        return total - math.log(k) - share
    rest = _log_rest(log_w)
    if baseline == "rest":
        return -rest - share
    stand_in = (log_w.sum(1, keepdim=True) - log_w) / (k - 1)
    return -torch.logaddexp(rest, stand_in - total) - share


def score_form(log_joint, q, eps, baseline="rest"):
    r"""Score-form gradients of the importance-weighted bound: only values of the model are used.

    .. math:: \sum_k\Bigl(\log\frac1K\sum_jw_j-b_k-\tilde w_k\Bigr)\nabla_\phi\log q(z_k;\phi)

    Parameters
    ----------
    log_joint, q, eps
        As :func:`total_path`; no slopes are asked for.
    baseline : str
        As :func:`brackets`.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``: one gradient per group of K draws.

    Raises
    ------
    ValueError
        As :func:`log_weights` and :func:`brackets`.

    References
    ----------
    :cite:t:`mnih2016variational`, :cite:t:`lievin2020optimal`
    """
    fixed, eps, z = _drawn(q, eps)
    bracket = brackets(_log_weights(log_joint, fixed, eps, z), baseline)[..., None]
    return _weigh(bracket, fixed.score(eps))
