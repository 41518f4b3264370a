"""Looking things up: every estimator on a few small problems, each with exact means and variances."""

import numpy as np
from scipy.special import expit, logit

from reparam.chapters.bits import best_rebar, outcome_table
from reparam.chapters.structure import coupled
from reparam.estimators import categories, corrected, pairs, relaxations, side_by_side, straight_through, structure
from reparam.estimators import variances as gaussian
from reparam.estimators.filling_variances import stratified_variance, stratum_moments
from reparam.estimators.learned import LearnedControl, controls
from reparam.estimators.prices import price
from reparam.guards import guarded, require_finite_array, require_number, require_positive
from reparam.teaching import figures

K, MU, SIGMA = 1.5, 0.4, 0.8
"""The smooth problem: the cost ``sum of cos(K z)`` under N(MU, SIGMA^2) in each coordinate."""

STEP = 0.1
"""Half the distance between the two sides of a difference."""

THETA, TARGET, BITS, DRAWS, WARM = 0.31, 0.3, 8, 16, 0.5
"""The problem of bits: probability, the number t, how many bits; draws of what takes many; the relaxation's tau."""

COLD = 0.2
"""Temperature of REBAR's control."""

LEARNED = np.array([COLD, 1.0])
"""Temperatures of the control that learns."""


@guarded(variance="number", gradient="number", price="number", precision="number")
def evaluations(variance, gradient, price, precision=0.05):
    r"""Values of the cost until the standard error is a part of the gradient, :math:`\pi V/(\delta G)^2`.

    Parameters
    ----------
    variance : float
        Of one gradient.
    gradient : float
        The exact one, not zero.
    price : float
        Of one gradient, in values of the cost.
    precision : float
        The part, :math:`\delta`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If a number is not finite, ``variance`` negative, ``gradient`` zero, or the others not positive.
    """
    variance = require_number("variance", variance)
    require_positive(price=price, precision=precision)
    if variance < 0 or gradient == 0:
        raise ValueError(f"variance must not be negative and gradient not zero, got {variance:g} and {gradient:g}")
    return price * variance / (precision * gradient) ** 2


def _slope(eps):
    return -K * np.sin(K * (MU + SIGMA * eps))


@guarded(d="count")
def smooth(d):
    r"""Price and variance for one coordinate of :math:`\mu`, for the cost :math:`\sum_{j=1}^d\cos kz_j`.

    Parameters
    ----------
    d : int
        At least 1.

    Returns
    -------
    dict of str to (float, float)
        Prices are those of the gradient of all d coordinates.
    """
    one = gaussian.cosine(K, MU, SIGMA)
    spread = gaussian.all_estimators(gaussian.in_dimension(one, d))
    found = {name: (price(*asked), float(spread[name][0])) for name, asked in side_by_side.work(d).items()}
    path, bend = float(gaussian.of_pathwise(one)[0]), -(K**2) * np.cos(K * MU)
    taylor = path - SIGMA**2 * bend**2 * (2 * np.exp(-((K * SIGMA) ** 2) / 2) - 1)
    own = float(gaussian.of_score_function(one, gaussian.best_baseline(one))[0])
    lost, slopes = (np.sin(K * STEP) / (K * STEP)) ** 2, path + float(one.gradient[0]) ** 2
    return found | {
        "measure-valued": (2.0 * d, found["measure-valued"][1]),  # for the means alone
        "own terms": (1.0, own), "Taylor": (price(1, 1), taylor), "difference": (2.0 * d, lost * path),
        "direction": (2.0, lost * (path + (d - 1) * slopes)),  # hears the slope of every coordinate
        "strata": (price(DRAWS, DRAWS), float(stratified_variance(*stratum_moments(_slope, DRAWS)))),
    }


def _uniform(name, noise):
    """Uniform noise, of which neither end has a finite logit."""
    noise = require_finite_array(name, noise)
    if not ((noise > 0) & (noise < 1)).all():
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {noise.min():g} to {noise.max():g}")
    return noise


class Bits:
    r"""Eight bits of one probability, and the cost :math:`\sum_i(b_i-t)^2+\kappa\sum_{i<j}b_ib_j`.

    Parameters
    ----------
    coupling : float
        The number kappa, between -1e6 and 1e6.

    Raises
    ------
    ValueError
        If it is not.
    """

    @guarded(coupling="number")
    def __init__(self, coupling):
        self.coupling = require_number("coupling", coupling, -1e6, 1e6)
        self.theta, self.ell = np.full(BITS, THETA), float(logit(THETA))
        self.terms, self.reads = coupled(BITS, TARGET, coupling)
        self.weight = best_rebar(self._one, self._bend, self.ell, COLD, BITS)[0]
        self.learned = LearnedControl(self.ell, LEARNED, self._by_count(np.arange(BITS) + np.array([[0], [1]])))

    def _by_count(self, ones):
        """The cost of states with so many ones."""
        alone = ones * self._one(1) + (BITS - ones) * self._one(0)
        return alone + self.coupling * ones * (ones - 1) / 2

    def _one(self, b):
        return (b - TARGET) ** 2

    def _bend(self, b):
        return 2 * (b - TARGET)

    @guarded(b="array n 8")
    def cost(self, b):
        """The cost, ``(n, D) -> (n,)``, at corners and between them."""
        return self.terms(b).sum(1)

    @guarded(b="array n 8")
    def slopes(self, b):
        """Its slopes, ``(n, D) -> (n, D)``."""
        return self._bend(b) + self.coupling * (b.sum(1, keepdims=True) - b)

    def truth(self):
        """The exact gradient of the first logit, by adding up all states."""
        return float(structure.enumerated(self.cost, self.theta)[0])

    def _singles(self, b, noise):
        """Estimators of one draw, ``(n,)`` each: at corners ``b``, with logistic noise that leads there."""
        first = noise[:, 0]
        return {
            "local expectation": structure.local_expectation(self.cost, self.theta, b)[:, 0],
            "MuProp": corrected.muprop(self.cost, self.slopes, self.theta, b)[:, 0],
            "straight-through": straight_through.straight_through(lambda _: self.slopes(b)[:, 0], self.ell, first),
            "copied": straight_through.identity(lambda _: self.slopes(b)[:, 0], self.ell, first),
            "ReinMax": straight_through.reinmax(lambda _: self.slopes(b)[:, 0], self.ell, first),
        }

    def exact(self):
        """Mean and variance of one gradient of the first logit, by enumeration and by one integral.

        Returns
        -------
        dict of str to (float, float)
            REBAR without coupling only.
        """
        states = structure.bit_states(BITS)
        odds, score = structure.bit_weights(states, self.theta), (states - self.theta)[:, :1]
        values, truth = self.terms(states), self.truth()
        found = {name: outcome_table(g, odds) for name, g in self._singles(states, 40 * states - 20).items()}
        for name, f in (("leave-one-out", values.sum(1)), ("own terms", structure.own_sums(values, self.reads)[:, 0])):
            found[name] = truth, categories.leave_one_out_variance(odds, f, score, DRAWS)[0]
        for name, spread in zip(("ARM", "twins"), pairs.pair_variances(self.cost, self.theta), strict=True):
            found[name] = truth, spread[0]
        found["no repeats"] = self._no_repeats(odds, values.sum(1), score)
        found["relaxation"], found["straight-through Gumbel"] = self._relaxed(), self._rounded()
        found["RELAX"] = truth, self.learned.variance(self.learned.best)
        if not self.coupling:
            cold = corrected.rebar_variance(self._one, self._bend, self.ell, COLD, self.weight, BITS)
            found["REBAR"] = truth, cold
        return {name: (float(mean), max(float(variance), 0.0)) for name, (mean, variance) in found.items()}

    def _no_repeats(self, odds, values, score):
        k, other = np.nonzero(~np.eye(len(odds), dtype=bool))
        pair = np.stack([k, other], 1)
        g = pairs.without_replacement(values[pair], score[pair], odds[pair])[:, 0]
        return outcome_table(g, odds[k] * odds[other] / (1 - odds[k]))

    def _relaxed(self):
        """The relaxed gradient is r (2y - 2t + kappa S), with S the sum of the other relaxed draws."""
        def powers(noise):
            y, r = relaxations.relaxed_path(self.ell, noise, WARM)
            bend = self._bend(y)
            return np.stack([y, y * y, r, r * bend, r * r, r * r * bend, (r * bend) ** 2])

        near = -self.ell + WARM * np.array([-40, -10, 0, 10, 40])
        y, y2, r, rb, r2, r2b, r2b2 = relaxations.logistic_expectation(powers, near)
        others, kappa = (BITS - 1) * y, self.coupling
        square = (BITS - 1) * (y2 - y * y) + others**2
        mean = rb + kappa * others * r
        return mean, r2b2 + 2 * kappa * others * r2b + kappa**2 * square * r2 - mean**2

    def _rounded(self):
        """The straight-through Gumbel gradient is r (2b - 2t + kappa S), with S the sum of the other bits."""
        def powers(noise):
            r = relaxations.relaxed_path(self.ell, noise, WARM)[1]
            bend = self._bend((self.ell + noise > 0).astype(float))
            return np.stack([r, r * bend, r * r, r * r * bend, (r * bend) ** 2])

        near = -self.ell + WARM * np.array([-40, -10, 0, 10, 40])
        r, rb, r2, r2b, r2b2 = relaxations.logistic_expectation(powers, near)
        others, kappa = (BITS - 1) * THETA, self.coupling
        square = others * (1 - THETA) + others**2
        mean = rb + kappa * others * r
        return mean, r2b2 + 2 * kappa * others * r2b + kappa**2 * square * r2 - mean**2

    @guarded(u="array n 16 8", v="array n 16 8")
    def drawn(self, u, v):
        """Simulated gradients of the first logit, of every estimator.

        Parameters
        ----------
        u, v : array, shape ``(n, 16, 8)``
            Independent uniform noise; estimators of one draw use the first of the sixteen.

        Returns
        -------
        dict of str to array, shape ``(n,)``

        Raises
        ------
        ValueError
            If noise has another shape, or does not lie strictly between 0 and 1.
        """
        u, v = _uniform("u", u), _uniform("v", v)
        noise = logit(u)
        b = (self.ell + noise > 0).astype(float)
        flat = b.reshape(-1, BITS)
        values, score = self.terms(flat), (b - self.theta)[..., :1]
        found = self._singles(b[:, 0], noise[:, 0])
        for name, f in (("leave-one-out", values.sum(1)), ("own terms", structure.own_sums(values, self.reads)[:, 0])):
            found[name] = categories.leave_one_out_gradient(f.reshape(b.shape[:2]), score)[:, 0]
        found["twins"] = pairs.disarm(self.cost, self.theta, *pairs.antithetic_bits(self.theta, u[:, 0]))[:, 0]
        found["ARM"] = pairs.arm(self.cost, self.theta, u[:, 0])[:, 0]
        found["no repeats"] = self._two_states(u[:, 0, 0], v[:, 0, 0])
        y, r = relaxations.relaxed_path(self.ell, noise[:, 0], WARM)
        found["relaxation"] = self.slopes(y)[:, 0] * r[:, 0]
        found["straight-through Gumbel"] = self.slopes(b[:, 0])[:, 0] * r[:, 0]
        drawn, d = controls(self.ell, LEARNED, u[:, 0], v[:, 0])
        found["RELAX"] = self.cost(drawn) * (drawn[:, 0] - THETA) - d[:, 0] @ self.learned.best
        return found | {"REBAR": self.rebar(u[:, 0], v[:, 0])}

    @guarded(u="array n 8", v="array n 8")
    def rebar(self, u, v):
        """Simulated REBAR gradients of the first logit, ``(n,)``, from independent uniform noise ``(n, 8)``."""
        u, v = _uniform("u", u), _uniform("v", v)
        return corrected.relax(self.cost, self._control, self._control_slopes, self.theta, u, v)[:, 0]

    def _control(self, z):
        return self.weight * self.cost(expit(z / COLD))

    def _control_slopes(self, z):
        y = expit(z / COLD)
        return self.weight * self.slopes(y) * y * (1 - y) / COLD

    def _two_states(self, u, v):
        """Two different states: the first by inversion, the second by inversion on what is left."""
        states = structure.bit_states(BITS)
        odds, values = structure.bit_weights(states, self.theta), self.cost(states)
        upto = np.cumsum(odds)
        k = np.searchsorted(upto[:-1], u)
        left = v * (1 - odds[k])
        left += np.where(left > upto[k] - odds[k], odds[k], 0)
        pair = np.stack([k, np.searchsorted(upto[:-1], left)], 1)
        return pairs.without_replacement(values[pair], (states[pair] - self.theta)[..., :1], odds[pair])[:, 0]


def draw_ranking(costs, title):
    """Bars of evaluations, shortest first, on a logarithmic axis.

    Parameters
    ----------
    costs : dict of str to float
        Evaluations, by estimator.
    title : str

    Returns
    -------
    matplotlib Figure
    """
    ranked = sorted(costs, key=costs.get, reverse=True)
    figure, ax = figures.panels(height=0.4 + 0.26 * len(ranked))
    ax.barh(ranked, [costs[name] for name in ranked], color=figures.BLUE)
    for row, name in enumerate(ranked):
        figures.note(ax, costs[name] * 1.1, row, f"{costs[name]:,.0f}", color=figures.INK)
    ax.set(xscale="log", xlabel="evaluations of the cost for 5 %", title=title)
    return figure
