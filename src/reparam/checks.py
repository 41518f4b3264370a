"""What a numerical check is in this book.

Every function compares two roads to one number, raises :class:`CheckFailed` when they part, and returns a
:class:`Report`: one line for the reader, and the figures behind it for the ledger page. The first argument names the
displayed equation or claim that is checked; the build fails if no page displays it.
"""

from dataclasses import asdict, dataclass

import numpy as np

SHOWN = 256
"""As many numbers of a side a report keeps, for the sentences that print them."""

SIGMAS = 5.0
"""Standard errors that a Monte Carlo mean may stray."""

FALSE_ALARM = 5.733031437583869e-07
"""Odds that a normal mean strays by more than 5 standard errors."""

MIN_DRAWS = 1_000
"""Fewer draws than this make the normal approximation behind the odds unsafe."""


LOWER_TIERS = ("order", "contrast", "Monte Carlo order")
"""Tiers whose ``observed`` is a lead, which must be at least ``allowed``."""


class CheckFailed(AssertionError):
    """Two roads to one number parted: one of them is wrong."""


@dataclass(frozen=True)
class Report:
    """One passed check: ``observed`` is at most ``allowed``, or at least that in :data:`LOWER_TIERS`.

    A two-sided check keeps its ``sides``, the numbers that it compared, unless they are more than :data:`SHOWN`: a
    sentence may print these, and no others. ``power`` is the part of the resolution that five standard errors take up,
    at most one, for Monte Carlo checks. Its repr holds no digit that could flip from machine to machine; the
    measured figures travel beside it as metadata of the cell's output, from where the ledger page reads them.
    """

    label: str
    tier: str
    claim: str
    observed: float
    allowed: float
    numbers: int = 1
    random: int = 0
    sides: tuple = ()
    power: float = 0.0

    def __repr__(self):
        return f"{self.label} ✓ {self.claim}"

    def __and__(self, other):
        return Reports((self,)) & other

    def _repr_mimebundle_(self, include=None, exclude=None):
        return Reports((self,))._repr_mimebundle_()


@dataclass(frozen=True)
class Reports:
    """Several passed checks of one cell, joined with ``&``."""

    reports: tuple

    def __repr__(self):
        return "\n".join(map(repr, self.reports))

    def __and__(self, other):
        return Reports(self.reports + (other.reports if isinstance(other, Reports) else (other,)))

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self)}, {"reparam-checks": [asdict(r) for r in self.reports]}


def _array(name, value):
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    x = np.asarray(value, dtype=np.float64)
    if x.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return x


def _pair(first, a, second, b):
    if a is b and not isinstance(a, float | int):  # Python keeps one copy of equal constants
        raise ValueError(f"{first} and {second} are the same object: compare two different roads")
    a, b = _array(first, a), _array(second, b)
    if b.ndim and a.shape != b.shape:
        raise ValueError(f"{first} and {second} must have one shape, got {a.shape} and {b.shape}")
    return a, b


def _sides(*arrays):
    return tuple(float(x) for a in arrays if np.size(a) <= SHOWN for x in np.ravel(a))


def _settle(ok, failure, report):
    if not ok:
        raise CheckFailed(f"{report.label}: {failure}")
    return report


def equal(label, actual, expected, tol=1e-10):
    r"""Two exact roads agree: :math:`|a-e|\le\mathrm{tol}\cdot\max(1,|e|)`, number by number.

    Parameters
    ----------
    label : str
        Label of the displayed equation or claim.
    actual, expected : array or Tensor, one shape (``expected`` may be a scalar)
        The two roads.
    tol : float
        At most 1e-6. Up to 1e-10 the tier is *identity*, up to 1e-8 *quadrature*, above it *numerical*.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If they differ by more.
    ValueError
        On NaN, empty input, shapes that differ, one object given twice, or ``tol`` outside (0, 1e-6].
    """
    if not 0 < tol <= 1e-6:
        raise ValueError(f"tol must lie in (0, 1e-6], got {tol}")
    a, e = _pair("actual", actual, "expected", expected)
    difference = float(np.max(np.abs(a - e) / np.maximum(1.0, np.abs(e))))
    tier = "identity" if tol <= 1e-10 else "quadrature" if tol <= 1e-8 else "numerical"
    return _settle(
        difference <= tol,
        f"two roads differ by {difference:.3g} where {tol:g} is allowed (of {a.size} numbers)",
        Report(label, tier, f"|difference| ≤ {tol:g}", difference, tol, a.size, sides=_sides(a, e)),
    )


def _moments(draws):
    from reparam.moments import Moments

    if not isinstance(draws, Moments):
        draws = Moments(_array("draws", draws))
    if draws.n < MIN_DRAWS:
        raise ValueError(f"draws must number at least {MIN_DRAWS}, got {draws.n}")
    if not np.all(draws.variance > 0):
        raise ValueError("draws have zero variance: this is no Monte Carlo estimate, use equal")
    return draws


def _monte_carlo(label, what, estimate, error, expected, resolution):
    e = _array("expected", expected)
    if e.ndim and e.shape != estimate.shape:
        raise ValueError(f"expected must have the shape of one draw, {estimate.shape}, got {e.shape}")
    if resolution is None and np.any(e == 0):
        raise ValueError("expected holds a zero: state the resolution that the check must have")
    allowed = 0.05 * np.abs(e) if resolution is None else np.broadcast_to(resolution, estimate.shape)
    power = float(np.max(SIGMAS * error / allowed))
    if power > 1:
        raise CheckFailed(
            f"{label}: too little power: 5 standard errors are {power:.3g} times the resolution; use more draws"
        )
    strayed = float(np.max(np.abs(estimate - e) / error))
    size = "5 % of it" if resolution is None else f"{np.max(resolution):g}"
    return _settle(
        strayed <= SIGMAS,
        f"{what} is {strayed:.3g} standard errors from the exact value where 5 are allowed",
        Report(label, f"Monte Carlo {what}", f"{what} of draws within 5 standard errors, these within {size}",
               strayed, SIGMAS, estimate.size, estimate.size, _sides(estimate, e), power),
    )


def mean(label, draws, expected, resolution=None):
    r"""The mean of draws is right: :math:`|\bar x-e|\le 5\,\mathrm{SE}` **and** :math:`5\,\mathrm{SE}\le` resolution.

    Parameters
    ----------
    label : str
        Label of the displayed equation or claim.
    draws : array or Tensor, shape ``(n, ...)``, or Moments
        One value per draw, n at least 1,000.
    expected : array or Tensor, shape ``(...)``, or scalar
        The exact mean.
    resolution : float, optional
        The bias that must not go unseen; 5 % of ``expected`` if not stated.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If the mean strays, or if the draws are too few to see a bias of the resolution.
    ValueError
        On NaN, too few draws, zero variance, mismatched shapes, or a zero in ``expected`` with no resolution stated.
    """
    m = _moments(draws)
    return _monte_carlo(label, "mean", np.asarray(m.mean), m.standard_error, expected, resolution)


def variance(label, draws, expected, resolution=None):
    """The variance of one draw is right, by the same two conditions as :func:`mean`.

    The standard error of a variance comes from the draws' fourth moment. Parameters, result and errors are those of
    :func:`mean`, with ``expected`` the exact variance.
    """
    m = _moments(draws)
    return _monte_carlo(label, "variance", np.asarray(m.variance), m.variance_standard_error, expected, resolution)


def exceeds(label, draws, bound=0.0):
    """The mean of draws lies above a bound by at least five standard errors.

    Parameters
    ----------
    label : str
        Label of the displayed equation or claim.
    draws : array or Tensor, shape ``(n,)``, or Moments
        One value per draw, for instance paired differences of two estimators' losses; at least 100.
    bound : float
        What the mean must exceed.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If it does not.
    ValueError
        On NaN, fewer than 100 draws or zero variance.
    """
    from reparam.moments import Moments

    m = draws if isinstance(draws, Moments) else Moments(_array("draws", draws))
    if m.n < 100 or not np.all(m.variance > 0):
        raise ValueError(f"draws must number at least 100 and vary, got {m.n}")
    lead = float(np.min((m.mean - bound) / m.standard_error))
    return _settle(
        lead >= SIGMAS,
        f"the mean lies {lead:.3g} standard errors above the bound where 5 are needed",
        Report(label, "Monte Carlo order", f"mean of draws exceeds {bound:g} by 5 standard errors", lead, SIGMAS),
    )


def law(label, sample, distribution, resolution=0.02):
    r"""A sample follows a continuous law: Kolmogorov's distance below its critical value, and that below resolution.

    Parameters
    ----------
    label : str
        Label of the displayed equation or claim.
    sample : array or Tensor, shape ``(n,)``
        Independent draws.
    distribution : callable or frozen scipy.stats distribution
        The cumulative distribution function, vectorised, or an object whose ``cdf`` is it.
    resolution : float
        The distance between distribution functions that must not go unseen.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If the sample's law is another, or if the sample is too small to see the resolution.
    ValueError
        On NaN, an empty sample, or one that is not one-dimensional.
    """
    from scipy.special import kolmogi  # not scipy.stats: its import costs more than all draws of a page

    x = _array("sample", sample)
    if x.ndim != 1:
        raise ValueError(f"sample must be one-dimensional, got shape {x.shape}")
    cdf = getattr(distribution, "cdf", distribution)
    critical = float(kolmogi(FALSE_ALARM) / np.sqrt(len(x)))
    if critical > resolution:
        raise CheckFailed(f"{label}: too little power: {len(x)} draws see {critical:.3g}, not {resolution:g}")
    steps, F = np.arange(len(x) + 1) / len(x), np.asarray(cdf(np.sort(x)))
    distance = float(max((steps[1:] - F).max(), (F - steps[:-1]).max()))
    return _settle(
        distance <= critical,
        f"the law is {distance:.3g} away in Kolmogorov's distance where {critical:.3g} is allowed",
        Report(label, "law of samples", f"Kolmogorov distance below its critical value, that below {resolution:g}",
               distance, critical, 1, 1),
    )


def less(label, smaller, larger, by=0.0):
    """An order holds: ``smaller + by <= larger``, number by number, and strictly if ``by`` is zero.

    Parameters
    ----------
    label : str
        Label of the displayed equation or claim.
    smaller, larger : array or Tensor, one shape (``larger`` may be a scalar)
        Two computed quantities, or a quantity and a bound.
    by : float
        The least lead, not negative.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If the order fails.
    ValueError
        On NaN, empty input, shapes that differ, or a negative ``by``.
    """
    if by < 0:
        raise ValueError(f"by must not be negative, got {by}")
    a, b = _pair("smaller", smaller, "larger", larger)
    lead = float(np.min(b - a))
    return _settle(
        lead >= by and lead > 0,
        f"the order leads by {lead:.3g} where {by:g} is needed",
        Report(label, "order", f"smaller by at least {by:g}" if by else "smaller", lead, by, a.size),
    )


def differs(label, wrong, right, by):
    """A wrong formula is shown to be wrong: every number off by at least ``by``.

    Parameters
    ----------
    label : str
        Label of the corrected statement or defect.
    wrong, right : array or Tensor, one shape (``right`` may be a scalar)
        What the wrong formula gives, and the truth.
    by : float
        The least error shown, positive.

    Returns
    -------
    Report

    Raises
    ------
    CheckFailed
        If the formula comes closer to the truth than that.
    ValueError
        On NaN, empty input, shapes that differ, or ``by`` not positive.
    """
    if not by > 0:
        raise ValueError(f"by must be positive, got {by}")
    a, b = _pair("wrong", wrong, "right", right)
    error = float(np.min(np.abs(a - b)))
    return _settle(
        error >= by,
        f"the formula called wrong is only {error:.3g} off where {by:g} was claimed",
        Report(label, "contrast", f"wrong by at least {by:g}", error, by, a.size),
    )
