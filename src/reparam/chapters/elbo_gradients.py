"""Past the source: gradients of the evidence lower bound, by what each leaves to the path."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.optimize import brentq
from scipy.special import expit

from reparam import quadrature
from reparam.derivatives import slope_of
from reparam.estimators import variances
from reparam.guards import guarded, require_number
from reparam.teaching import figures

COLORS = {"total derivative": figures.ORANGE, "analytic KL": figures.PURPLE, "path derivative": figures.BLUE}


def draw_width(model, sigma):
    """One frame of the slider: posterior and q = N(m, sigma^2) with its mean m, and variances for mu over the width.

    Parameters
    ----------
    model : reparam.chapters.elbo.ConjugateGaussian
    sigma : float
        Standard deviation of q, positive.

    Returns
    -------
    matplotlib Figure
    """
    m, v = model.posterior
    figure, (left, right) = figures.panels(2, height=2.6)
    z, widths = np.linspace(m - 3, m + 3, 241), np.geomspace(0.2, 1.5, 120)
    for_posterior, for_q = (np.exp(-(((z - m) / s) ** 2) / 2) / (s * np.sqrt(2 * np.pi)) for s in (v, sigma))
    left.fill_between(z, for_posterior, color="#d9dee5")
    left.plot(z, for_q, color=figures.INK)
    left.set(xlabel="z", ylabel="density", ylim=(0, 1.7))
    curves = variances.elbo_estimators(model, m, widths)
    for name, color in COLORS.items():
        right.plot(widths, curves[name][0], color=color)
        figures.note(right, 1.52, curves[name][0, -1], name.split()[-1 if "KL" in name else 0], color=color,
                     annotation_clip=False)
    right.axvline(sigma, color=figures.MUTED, linewidth=1)
    right.set(xlabel="σ of q", ylabel="variance, parameter μ", ylim=(0, 10), xlim=(0.2, 1.85), xticks=[0.5, 1.0, 1.5])
    return figure


def student(nu):
    r"""Log density of Student's law but for a constant, :math:`-\frac{\nu+1}2\log(1+z^2/\nu)`, ``(n, 1) -> (n,)``."""
    nu = require_number("nu", nu, 0)

    @guarded(z="tensor n 1")
    def log_density(z):
        return -(nu + 1) / 2 * torch.log1p(z[:, 0] ** 2 / nu)

    return log_density


@guarded(nu="number", sigma="number")
def student_guide(nu, sigma):
    r"""Exact second moments of the ELBO's two pathwise gradients for the posterior N(0, 1) and Student's law as q.

    Parameters
    ----------
    nu : float
        Degrees of freedom of q, above 5.4: below, fourth moments come from beyond the nodes, or are infinite.
    sigma : float
        Scale of q, positive; its location is zero.

    Returns
    -------
    masses, z : array, shape ``(nodes,)``
        A quadrature for q: the trapezoidal rule over arsinh of :math:`z/\sigma`, which reaches far into the tails.
    variances : list of two arrays, shape ``(2,)``
        Of the total and of the path derivative, each for location and log scale.
    """
    nu, sigma = require_number("nu", nu, 5.4), require_number("sigma", sigma, 0)
    arcs = torch.linspace(-16, 16, 1601, dtype=torch.float64)
    freedom, t = torch.tensor(nu, dtype=torch.float64), torch.sinh(arcs)
    masses = (torch.distributions.StudentT(freedom).log_prob(t).exp() * torch.cosh(arcs) * (arcs[1] - arcs[0])).numpy()
    phi = torch.tensor([0.0, np.log(sigma)], dtype=torch.float64).expand(len(t), 2).clone().requires_grad_()
    z, spread = phi[:, 0] + phi[:, 1].exp() * t, []
    for held in (phi, phi.detach()):
        log_q = torch.distributions.StudentT(freedom, held[:, 0], held[:, 1].exp()).log_prob(z)
        g = torch.autograd.grad((-0.5 * z * z - log_q).sum(), phi, retain_graph=True)[0].numpy()
        spread.append(masses @ g**2 - (masses @ g) ** 2)
    return masses, z.detach().numpy(), spread


@guarded(z="tensor n 1")
def quartic(z):
    """Log density with a light tail, -z^4 / 4 but for a constant, ``(n, 1) -> (n,)``."""
    return -(z[:, 0] ** 4) / 4


def _pull(log_p, sigma, eps):
    """The number r: sigma times the path derivative for mu, at q = N(0, sigma^2) and the noise ``eps``."""
    return sigma * slope_of(log_p, torch.from_numpy(sigma * eps)[:, None], "log_p")[:, 0].numpy() + eps


@guarded(degrees="array k", eps="array n", weights="array n")
def tails(degrees, eps, weights, light=True):
    r"""Laws with tails of every weight, the best :math:`q=N(0,\sigma^2)` for each, and what decides there.

    Parameters
    ----------
    degrees : sequence of float
        Degrees of freedom of Student's laws.
    eps, weights : array, shape ``(n,)``
        Nodes and weights of a rule for means under N(0, 1).
    light : bool
        With the quartic law at the end.

    Returns
    -------
    dict of str to (callable, float, float)
        Log density, best standard deviation, and :math:`\mathbb E[r\epsilon^3]` there.
    """
    laws = {f"Student, ν = {nu:g}": student(nu) for nu in degrees} | ({"−z⁴/4": quartic} if light else {})
    found = {}
    for name, log_p in laws.items():
        best = brentq(lambda s, log_p=log_p: weights @ (_pull(log_p, s, eps) * eps), 0.3, 5.0, xtol=1e-14)
        found[name] = log_p, best, float(weights @ (_pull(log_p, best, eps) * eps**3))
    return found


class _Slopes(NamedTuple):
    """The log joint's slope in z_i: ``constant[i] + linear[i] eps_i``; over data, the sum of ``x[a, i]`` S_a(u_a)."""

    x: np.ndarray
    lean: np.ndarray
    correlation: np.ndarray
    hermite: np.ndarray
    constant: np.ndarray
    linear: np.ndarray


def _slopes(data, q, orders):
    x, sigma = data.signed.numpy(), q.sigma.numpy()
    width = np.sqrt(x**2 @ sigma**2)[:, None]
    u, weights = quadrature.normal_nodes(1, 150)
    u, polynomials = u[:, 0], [np.ones(len(u)), u[:, 0]]
    for j in range(1, orders - 1):  # normalised Hermite polynomials
        polynomials.append((u * polynomials[-1] - np.sqrt(j) * polynomials[-2]) / np.sqrt(j + 1))
    hermite = (expit(-(x @ q.mu.numpy())[:, None] - width * u) * weights) @ np.transpose(polynomials)
    lean, precision = x * sigma / width, data.prior.sigma.numpy() ** -2
    return _Slopes(x, lean, lean @ lean.T, hermite, -precision * q.mu.numpy(), -precision * sigma)


def _mehler(a, b, correlation):
    """The sums of a_j b_j rho^j over even and over odd orders j: mean products from Hermite coefficients."""
    halves, power = np.zeros((2, *correlation.shape)), np.ones_like(correlation)
    for j in range(min(a.shape[1], b.shape[1])):
        halves[j % 2] += np.outer(a[:, j], b[:, j]) * power
        power = power * correlation
    return halves


def _through(left, halves, right):
    """For every coordinate and parity the double sum over data."""
    return np.array([(left * (half @ right)).sum(0) for half in halves])


def _for_means(s, linear):
    """Variance of the slope: of all orders, and of the even ones that a pair keeps."""
    noise = s.hermite.copy()
    noise[:, 0] = 0
    even, odd = _through(s.x, _mehler(noise, noise, s.correlation), s.x)
    crossed = (s.x * s.lean * noise[:, 1:2]).sum(0)
    return [*(even + odd + by**2 + 2 * by * crossed for by in linear), even]


def _for_log_deviations(s, linear):
    """E[eps^2 g^2] = E[g^2] + 2 E[g'^2] + 2 E[g g''] by Stein's identity, g the slope, or its odd part for pairs."""
    root = np.sqrt(np.arange(1, s.hermite.shape[1]))
    first = s.hermite[:, 1:] * root  # a derivative moves the coefficients down
    second = first[:, 1:] * root[:-1]
    at, bent = s.x * s.lean, s.x * s.lean**2
    tilt, mean, turn = (at * first[:, :1]).sum(0), s.x.T @ s.hermite[:, 0], (bent * second[:, :1]).sum(0)
    third = (bent * s.lean * second[:, 1:2]).sum(0)
    square = _through(s.x, _mehler(s.hermite, s.hermite, s.correlation), s.x)
    slope = _through(at, _mehler(first, first, s.correlation), at)
    curve = _through(s.x, _mehler(s.hermite, second, s.correlation), bent)

    def spread(by, square, slope, curve, constant):
        squares = square + constant**2 + 2 * constant * mean + by**2 + 2 * by * tilt
        return squares + 2 * (slope + by**2 + 2 * by * tilt + curve + constant * turn + by * third) - (tilt + by) ** 2

    every = [spread(by, square.sum(0), slope.sum(0), curve.sum(0), s.constant) for by in linear]
    return [*every, spread(linear[-1], square[1], slope[0], curve[1], 0.0)]


@guarded(orders="count")
def logistic_variances(data, q, orders=50):
    r"""Exact variances of the pathwise gradients of a logistic regression's bound, by Hermite expansions.

    Each datum's slope is a function of one standard normal number; two such numbers with correlation :math:`\rho` have
    the mean product :math:`\sum_ja_jb_j\rho^j` of their Hermite coefficients. A pair keeps one parity.

    Parameters
    ----------
    data : reparam.laws.logistic.LogisticRegression
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    orders : int
        Of the expansions. Coefficients fall the more slowly, the more a datum's logit varies under q.

    Returns
    -------
    dict of str to array, shape ``(2, d)``
        ``"total"``, ``"path"`` and ``"path, pairs"``; for the means and the log deviations.
    """
    slopes = _slopes(data, q, orders)
    linear = [slopes.linear, slopes.linear + 1 / q.sigma.numpy()]  # the path derivative adds eps / sigma
    found = zip(_for_means(slopes, linear), _for_log_deviations(slopes, linear), strict=True)
    scale = q.sigma.numpy() ** 2
    names = ("total", "path", "path, pairs")
    return {name: np.array([mean, scale * log]) for name, (mean, log) in zip(names, found, strict=True)}
