"""One table of what every public function of the package accepts, and what it returns: a new one must be entered here.

A row names the function's arguments with a good example of each; sizes that are named by one letter are equal.
``returns`` holds the shapes of the numbers that come back, in their order; None stands for an object, of which only
finiteness is asked.
"""

import numpy as np
import torch
from samples.kinds import Function, Given, Law, Number, Object, Row, a, t

from reparam import digits, networks, quadrature
from reparam.chapters import conditions, elbo, vae
from reparam.chapters import importance as several
from reparam.estimators import prices, side_by_side, variances
from reparam.laws import flows, linear_vae, noising
from reparam.laws.full_gaussian import FullGaussian
from reparam.laws.gaussian import DiagonalGaussian, GradientDraws
from reparam.laws.logistic import LogisticRegression
from reparam.laws.mixture import Mixture
from reparam.laws.noising import Noised

Q = DiagonalGaussian.from_sigma([0.3, -0.2], [0.8, 1.1])
Q1 = DiagonalGaussian.from_sigma([0.3], [0.8])
FULL = FullGaussian(Q.mu, torch.tensor([[1.2, 0.0], [0.4, 0.7]], dtype=torch.float64))
MODEL, SQUARE = elbo.ConjugateGaussian(1.2, 1.0, 0.7), elbo.SquareModel()
NORMAL, UNIFORM = elbo.normal_density(0.2, 0.8), elbo.uniform(-1.0, 1.0)
PAIR = GradientDraws(Q.mu, Q.mu)


def generator():
    return torch.Generator().manual_seed(1)


def seeded():
    return np.random.Generator(np.random.SFC64(1))


COST = Function(lambda z: torch.sin(z).sum(-1) + z.square().sum(-1))
ONE = Function(lambda z: np.sin(z))
PATH = Function(lambda eps, theta: theta[:, 0] + theta[:, 1] * eps)
OF_Y = Function(lambda y: torch.sin(y) + y * y)
BITS = Function(lambda b: b @ np.array([1.0, -2.0, 0.5])[: b.shape[-1]] + b.prod(-1))
READS = Object(np.array([[True, True, False], [False, True, True]]))
PAIRS = "n d", "n d"
FEATURES = np.array([[0.2, 1.0], [-1.0, 0.4], [0.3, -0.7], [1.1, 0.1], [-0.2, 0.6]])
REGRESSION = LogisticRegression(FEATURES, np.array([1.0, -1.0, 1.0, 1.0, -1.0]))
MIX = Mixture((0.4, 0.6), (-1.0, 0.8), (0.5, 0.7))
SHASH = conditions.SinhArcsinh(0.1, 1.2, 0.3, 0.9)
LAYERS = {
    "Affine": flows.Affine(2),
    "Coupling": flows.Coupling(2, (3,), generator()),
    "Planar": flows.Planar([0.8, -0.5], [0.6, 0.9], 0.3),
    "Autoregressive": flows.Autoregressive(2, (3,), generator()),
}
FLOW = flows.Flow(flows.Affine(2), flows.Planar([0.8, -0.5], [0.6, 0.9], 0.3))
VAE = vae.VAE(networks.mlp((5, 4, 4), generator()), networks.mlp((2, 4, 5), generator()))
PPCA = linear_vae.PPCA(torch.zeros(3, dtype=torch.float64), torch.eye(3, 2, dtype=torch.float64), 0.5)
STACK = networks.Stack((2, 3, 1), 4, generator())
LAW = variances.square(0.7, 0.3, 0.9)
ATLAS = {"pathwise": side_by_side.pathwise, "score function": side_by_side.score_function}
LAYER = [
    (np.array([[0.4, -0.2, 0.1], [0.3, 0.8, -0.5]]), np.array([0.1, 0.2, 0.3])),
    (np.array([[0.4], [0.3], [-0.6]]), np.array([0.2])),
]
WEIGHTS = several.WeightLaw(0.5, 1.0)
sigma = Number(0.9)
mu = Number(0.3)


def row(call, returns=None, kind="f", words=(), **args):
    return Row(call, args, returns, kind, words)


def _estimators():
    from reparam.estimators import bounds, measures, slopes, values

    eps = t("n d")
    yield "slopes.pathwise", row(slopes.pathwise, PAIRS, cost=COST, q=Law(), eps=eps)
    yield "values.score_function", row(values.score_function, PAIRS, cost=COST, q=Law(), eps=eps)
    yield (
        "values.score_with_baseline",
        row(
            lambda cost, q, eps, baseline: values.score_with_baseline(cost, q, eps, GradientDraws(baseline, baseline)),
            PAIRS,
            cost=COST,
            q=Law(),
            eps=eps,
            baseline=t("d"),
        ),
    )
    for name in ("mean_baseline", "optimal_baseline"):
        yield (
            f"values.{name}",
            row(getattr(values, name), ("d", "d"), cost=COST, q=Law(), pilot=t("n d"), weights=a("n", 0.1, 0.2)),
        )
    yield "values.leave_one_out", row(values.leave_one_out, PAIRS, cost=COST, q=Law(), eps=t("n k d"))
    yield "measures.measure_valued", row(measures.measure_valued, PAIRS, cost=COST, q=Law(), eps=t("n 3 d"))
    yield "measures.polar_nodes", row(measures.polar_nodes)
    for name in ("path_derivative", "total_derivative", "analytic_entropy"):
        yield f"bounds.{name}", row(getattr(bounds, name), PAIRS, log_joint=COST, q=Law(), eps=eps)
    two = (*PAIRS, *PAIRS)
    yield "bounds.score_and_total", row(
        lambda log_joint, q, eps: tuple(g for pair in bounds.score_and_total(log_joint, q, eps) for g in pair), two,
        log_joint=COST, q=Law(), eps=eps,
    )
    yield "bounds.analytic_kl", row(bounds.analytic_kl, PAIRS, log_likelihood=COST, q=Law(), eps=eps, prior=Law())
    yield "bounds.controlled", row(bounds.controlled, PAIRS, log_joint=COST, q=Law(), eps=eps, weight=Number(0.5))
    yield "bounds.elbo_gradient", row(bounds.elbo_gradient, ("n 2 d",), log_joint=COST, phi=t("2 d"), eps=eps)
    yield (
        "bounds.elbo_integrand",
        row(
            lambda log_joint, q, z: bounds.elbo_integrand(log_joint, q)(z),
            ("n",),
            log_joint=COST,
            q=Law(),
            z=Given(torch.ones((6, 2), dtype=torch.float64)),
        ),
    )


def _discrete():
    from reparam.estimators import categories, implicit, relaxations, structure

    chances = a("m", make=lambda s: np.full(s["m"], 1 / s["m"]))
    yield (
        "categories.category_gradient",
        row(
            categories.category_gradient,
            ("... k",),
            logits=a("... k", make=np.array([[0.1, 0.4, -0.2], [0.3, 0.0, 1.0]])),
            values=a("... k", make=np.array([[1.0, 2.0, 0.5], [0.2, 0.7, 3.0]])),
        ),
    )
    yield (
        "categories.leave_one_out_gradient",
        row(
            categories.leave_one_out_gradient,
            ("... k",),
            values=a("... n", make=np.arange(4.0)),
            scores=a("... n k", make=np.arange(12.0).reshape(4, 3)),
        ),
    )
    yield (
        "categories.leave_one_out_variance",
        row(categories.leave_one_out_variance, ("k",), weights=chances, values=a("m"), scores=a("m k"), n=Number(3)),
    )
    yield (
        "categories.outcomes",
        row(categories.outcomes, ("r n", "r"), "i", weights=a("m", make=[0.2, 0.8]), n=Number(2)),
    )
    yield (
        "implicit.implicit_path",
        row(
            implicit.implicit_path,
            ("*",),
            cdf=Function(lambda z, p: 1 - np.exp(-z * p)),
            density=Function(lambda z, p: p * np.exp(-z * p)),
            z=a("*", 0.5, 2, [0.5, 1.0]),
            phi=Number(1.3),
            step=Number(0.01),
        ),
    )
    law, z = Object(Mixture((0.4, 0.6), (-1.0, 0.8), (0.5, 0.7))), a("*", make=[0.3, -1.0])
    yield "implicit.weight_path", row(implicit.weight_path, ("*",), law=law, z=z)
    yield "implicit.weight_score", row(implicit.weight_score, ("*",), law=law, z=z)
    yield (
        "implicit.attach_path",
        row(
            lambda z, cdf, density: implicit.attach_path(
                z, cdf.requires_grad_() if isinstance(cdf, torch.Tensor) and cdf.is_floating_point() else cdf, density
            ),
            ("n",),
            z=t("n"),
            cdf=t("n", 0.1, 0.9),
            density=t("n", 0.1, 0.9),
        ),
    )
    logit, tau, noise = Number(0.4), Number(0.7), a("*", make=[0.5, -1.0, 0.2])
    slope = Function(lambda y: 2 * y)
    yield "relaxations.relaxed", row(relaxations.relaxed, ("*",), logit=logit, noise=noise, tau=tau)
    for name in ("relaxed_gradient",):
        yield (
            f"relaxations.{name}",
            row(getattr(relaxations, name), ("*",), slope=slope, logit=logit, noise=noise, tau=tau),
        )
    yield "relaxations.relaxed_moments", row(relaxations.relaxed_moments, ("", ""), slope=slope, logit=logit, tau=tau)
    yield "relaxations.logistic_expectation", row(relaxations.logistic_expectation, ("",), draw=ONE)
    yield (
        "relaxations.small_temperature",
        row(
            relaxations.small_temperature, ("", ""), f=Function(lambda t: 1.0 + t), step=Number(0.01), points=Number(8)
        ),
    )
    theta, terms = a("D", 0.2, 0.8), Function(lambda b: np.stack([b[:, 0] * b[:, 1], b[:, 1] + b[:, 2]], 1))
    bits = a("n D", make=lambda s: (np.arange(s["n"] * s["D"]).reshape(s["n"], s["D"]) % 2).astype(float))
    yield "structure.bit_states", row(structure.bit_states, ("r b",), bits=Number(3))
    yield "structure.bit_weights", row(structure.bit_weights, ("n",), states=bits, theta=theta)
    yield "structure.enumerated", row(structure.enumerated, ("D",), cost=BITS, theta=theta)
    yield "structure.enumerated_terms", row(structure.enumerated_terms, ("D",), terms=terms, reads=READS, theta=theta)
    yield "structure.local_expectation", row(structure.local_expectation, ("n D",), cost=BITS, theta=theta, b=bits)
    yield "structure.own_sums", row(structure.own_sums, ("... 3",), terms=a("... 2", make=np.ones((4, 2))), reads=READS)
    yield (
        "structure.own_leave_one_out",
        row(
            structure.own_leave_one_out,
            ("... 3",),
            reads=READS,
            terms=a("... n 2", make=np.ones((4, 2))),
            scores=a("... n 3", make=np.ones((4, 3))),
        ),
    )


def _learned(u):
    from reparam.estimators import learned

    ell, taus, rate, many = Number(-0.8), a("K", make=[0.3, 1.1]), Number(0.1), a("m n D", 0.1, 0.9)
    exact, zeros = learned.LearnedControl(-0.8, [0.3, 1.1], np.eye(2)), a("k", make=[0.1, 0.2, 0.3])
    yield "learned.controls", row(learned.controls, ("n D", "n D r"), ell=ell, taus=taus, u=u, v=u)
    yield (
        "learned.LearnedControl",
        row(
            lambda ell, taus, values: learned.LearnedControl(ell, taus, values).best, ("r",), ell=ell, taus=taus,
            values=a("2 D", make=[[0.1, 0.5, 2.0], [0.4, 1.0, 3.0]]),
        ),
    )
    yield "learned.LearnedControl.variance", row(exact.variance, ("",), weights=zeros)
    yield "learned.LearnedControl.expected", row(exact.expected, ("r",), rate=rate, steps=Number(3))
    yield "learned.learn", row(learned.learn, ("n r",), cost=BITS, ell=ell, taus=taus, u=many, v=many, rate=rate)


def _tied():
    """Bits with slopes as control variates, in pairs, and straight through."""
    from reparam.estimators import corrected, pairs, relaxations, straight_through

    theta, u = a("D", 0.2, 0.8), a("n D", 0.1, 0.9)
    bits = a("n D", make=lambda s: (np.arange(s["n"] * s["D"]).reshape(s["n"], s["D"]) % 2).astype(float))
    slopes, smooth = Function(lambda b: np.cos(b)), Function(lambda z: np.sin(z).sum(-1))
    yield "corrected.muprop", row(corrected.muprop, ("n D",), cost=BITS, gradient=slopes, theta=theta, b=bits)
    yield (
        "corrected.relax",
        row(corrected.relax, ("n D",), cost=BITS, control=smooth, slope=slopes, theta=theta, u=u, v=u),
    )
    for name, last in (("conditional_noise", "v"), ("conditional_slope", "z")):
        given = {"theta": a("*", make=[0.3, 0.6]), "b": a("*", make=[1.0, 0.0]), last: a("*", make=[0.4, 0.7])}
        yield f"corrected.{name}", row(getattr(corrected, name), ("*",), **given)
    square, ell, tau = Function(lambda y: (y - 0.3) ** 2), Number(0.4), Number(0.7)
    twice = Function(lambda y: 2 * (y - 0.3))
    yield (
        "corrected.rebar_variance",
        row(corrected.rebar_variance, ("",), f=square, slope=twice, ell=ell, tau=tau, weight=ell, bits=Number(2)),
    )
    yield from _learned(u)
    yield "pairs.antithetic_bits", row(pairs.antithetic_bits, ("n D", "n D"), theta=theta, u=u)
    yield "pairs.arm", row(pairs.arm, ("n D",), cost=BITS, theta=theta, u=u)
    yield "pairs.disarm", row(pairs.disarm, ("n D",), cost=BITS, theta=theta, b=bits, twin=bits)
    yield "pairs.antithetic_states", row(pairs.antithetic_states, ("r D", "r D", "r"), theta=theta)
    yield "pairs.pair_variances", row(pairs.pair_variances, ("D", "D"), cost=BITS, theta=theta)
    yield (
        "pairs.without_replacement",
        row(
            pairs.without_replacement,
            ("... k",),
            values=a("... 2", make=np.ones((4, 2))),
            scores=a("... 2 k", make=np.ones((4, 2, 3))),
            chances=a("... 2", 0.1, 0.4, np.full((4, 2), 0.3)),
        ),
    )
    noise = a("*", make=[0.5, -1.0, 0.2])
    slope = Function(lambda y: 2 * y)
    yield "relaxations.relaxed_path", row(relaxations.relaxed_path, ("*", "*"), logit=ell, noise=noise, tau=tau)
    for name, more in (("identity", {}), ("clipped", {"reach": Number(1.0)}), ("straight_through", {}), ("reinmax", {}),
                       ("straight_through_gumbel", {"tau": tau})):
        way = getattr(straight_through, name)
        yield f"straight_through.{name}", row(way, ("*",), slope=slope, logit=ell, noise=noise, **more)
    yield (
        "straight_through.reinmax_categories",
        row(
            straight_through.reinmax_categories,
            ("n k",),
            slopes=a("n k"),
            pi=a("k", make=[0.2, 0.5, 0.3]),
            z=a("n", make=lambda s: np.arange(s["n"]) % 3),
        ),
    )


def _called():
    """Costs that can only be called: differences, weak derivatives, and noise that fills its space."""
    from reparam.estimators import blackbox, filling, filling_variances, weak

    z, h, counts = t("n 2 d"), Number(0.3), a("n", make=lambda s: np.arange(s["n"]) % 4.0)
    yield "blackbox.coordinate_differences", row(blackbox.coordinate_differences, ("n d",), cost=COST, z=z, h=h)
    yield (
        "blackbox.directional_difference",
        row(blackbox.directional_difference, ("n d",), cost=COST, z=z, direction=t("n d"), h=h),
    )
    yield (
        "blackbox.best_step",
        row(blackbox.best_step, ("", ""), noise=Number(0.4), third=Number(1.2), n=Number(100.0), order=Number(2)),
    )
    yield "blackbox.direction_variance", row(blackbox.direction_variance, ("d",), slope=a("d"), fourth=Number(3.0))
    yield "blackbox.step_smoothing", row(blackbox.step_smoothing, ("", "", ""), c=Number(1.0), mu=mu, sigma=sigma)
    yield "weak.poisson_difference", row(weak.poisson_difference, ("n",), cost=ONE, n=counts, other=counts)
    draws = {"x": a("n", 0.1, 2.0), "more": a("n", 0.1, 2.0), "other": a("n", 0.1, 2.0)}
    yield "weak.gamma_difference", row(weak.gamma_difference, ("n",), cost=ONE, shape=Number(1.5), scale=h, **draws)
    both = {"plus": a("m"), "minus": a("m"), "weights": a("m", make=lambda s: np.full(s["m"], 1 / s["m"]))}
    yield "weak.with_and_without_coupling", row(weak.with_and_without_coupling, ("", ""), constant=Number(1.5), **both)
    unit = a("n d", 0.1, 0.9)
    yield "filling.strata", row(filling.strata, ("... n",), v=a("... n", make=np.full((3, 6), 0.4)))
    yield "filling.latin_hypercube", row(filling.latin_hypercube, ("n d",), v=unit, w=unit)
    yield "filling.sobol_digits", row(filling.sobol_digits, None, m=Number(3), d=Number(2))
    net = {"digits": a("d 3 8", make=np.zeros((2, 3, 8))), "coins": a("k d 30 4", make=np.ones((3, 2, 30, 4)))}
    yield "filling.scrambled_net", row(filling.scrambled_net, ("k 8 d",), **net)
    yield "filling.as_normal", row(filling.as_normal, ("n d",), u=unit)
    yield "filling_variances.stratum_moments", row(
        filling_variances.stratum_moments, ("4", "4"), g=ONE, n=Number(4), panels=Number(2), order=Number(5)
    )
    one = {"mean": a("... n", make=np.ones((3, 6))), "square": a("... n", make=np.full((3, 6), 2.0))}
    yield "filling_variances.stratified_variance", row(filling_variances.stratified_variance, ("...",), **one)
    pair, ones = np.array([-1.0, 1.0]), np.ones(2)
    factors = {"a": a("p", make=pair), "a2": a("p", make=ones), "b": a("p", make=pair), "b2": a("p", make=ones)}
    yield (
        "filling_variances.latin_product_variance",
        row(filling_variances.latin_product_variance, ("",), **factors),
    )
    yield (
        "filling_variances.jump_variance",
        row(filling_variances.jump_variance, ("",), c=Number(1.0), mu=mu, sigma=sigma, n=Number(7)),
    )


def _blackbox():
    """The two costs of the chapter on costs that can only be called, and the nodes of its laws."""
    from reparam.chapters import blackbox

    moved = {"mu": mu, "sigma": sigma, "h": a("...", make=np.array([0.1, 0.3]))}
    yield "wave_difference", row(blackbox.wave_difference, ("...",) * 3, k=Number(1.5), **moved)
    yield "step_difference", row(blackbox.step_difference, ("...",) * 3, c=Number(1.0), **moved)
    yield (
        "least_error",
        row(
            lambda truth, n, low, high: blackbox.least_error(
                lambda h: blackbox.step_difference(1.0, 0.4, 0.8, h), truth, n, "common", low, high
            ),
            ("", ""),
            truth=Number(0.376),
            n=Number(100.0),
            low=Number(0.01),
            high=Number(3.0),
        ),
    )
    yield "poisson_nodes", row(blackbox.poisson_nodes, ("r", "r"), theta=Number(3.0))
    yield "gamma_nodes", row(blackbox.gamma_nodes, ("r", "r", "r"), shape=Number(1.5), order=Number(4))
    yield "gamma_rivals", row(blackbox.gamma_rivals, ("5",), shape=Number(1.5), scale=Number(0.7))
    yield "step_strata", row(blackbox.step_strata, ("4", "4"), c=Number(1.0), mu=mu, sigma=sigma, n=Number(4))


def _filling():
    """A cost of several coordinates over a Latin hypercube."""
    from reparam.chapters import filling

    counts = {"d": Number(2), "n": Number(4)}
    yield "latin_score_variance", row(filling.latin_score_variance, ("",), h=ONE, **counts, sigma=Number(0.8))


def _several():
    """Several draws inside the logarithm, and what counts and simulates side by side."""
    from reparam.estimators import importance

    groups = {"log_joint": COST, "q": Law(), "eps": t("n k d")}
    for name in ("total_path", "dropped_score", "doubly_reparameterized", "score_form"):
        yield f"importance.{name}", row(getattr(importance, name), PAIRS, **groups)
    yield "importance.log_weights", row(importance.log_weights, ("n k",), **groups)
    yield "importance.brackets", row(importance.brackets, ("n k",), log_w=t("n k"), baseline=Object("vimco"))
    count = Number(3.0, many=True)
    yield "prices.price", row(prices.price, None, values=count, slopes=count)
    yield "prices.turning_price", row(prices.turning_price, None, with_slopes=Number(3.0), without=Number(2.0))
    yield (
        "prices.unsettled",
        row(
            lambda with_slopes, without: prices.unsettled({"a": with_slopes}, {"b": without}), None, "i",
            with_slopes=Number(3.0), without=Number(2.0),
        ),
    )
    one = {"estimator": Object(side_by_side.pathwise), "cost": COST, "q": Law(), "eps": t("n d")}
    yield "side_by_side.passes", row(side_by_side.passes, None, "i", **one)
    yield (
        "side_by_side.all_passes",
        row(side_by_side.all_passes, None, "i", estimators=Object(ATLAS), cost=COST, q=Law(), eps=t("1 3 d")),
    )
    yield (
        "side_by_side.simulated",
        row(
            lambda cost, gradient, variance, n, width: side_by_side.simulated(
                {"cost": ATLAS}, {"cost": cost}, Q1, gradient, variance, seeded(), n, width
            ).mean,
            ("r",),
            cost=COST,
            gradient=a("1 2"),
            variance=a("1 2 2", 1.0, 2.0),
            n=Number(7),
            width=Number(1.5),
            words=("costs",),
        ),
    )


def _fields():
    """Velocity fields, rejection, mixtures and edges, and what their chapter compares them on."""
    from reparam.chapters import paths
    from reparam.estimators import edges, mixtures, rejection, transport
    from reparam.laws import gamma

    draws, alpha, one = a("n", 0.4, 2.0), Number(1.7), a("n")
    plain, turn = a("d d", make=lambda s: np.eye(s["d"]) + 0.1), a("d d", make=[[0.0, -0.4], [0.4, 0.0]])
    whole = a("d d", make=[[1.0, 0.3], [0.3, 2.0]])
    yield (
        "estimators.transport.corrected_path",
        row(transport.corrected_path, ("n",), value=one, slope=one, velocity=one, residual=one),
    )
    yield (
        "estimators.transport.turned_field",
        row(transport.turned_field, ("d d",), root=plain, change=plain, turn=turn),
    )
    yield (
        "estimators.transport.quadratic_moments",
        row(transport.quadratic_moments, ("", ""), hessian=whole, slope=a("d"), root=plain, field=plain),
    )
    yield (
        "estimators.transport.best_turn",
        row(transport.best_turn, ("",), hessian=whole, slope=a("d"), root=plain, change=whole, turn=turn),
    )
    yield "estimators.rejection.propose", row(rejection.propose, ("n",), eps=one, alpha=alpha)
    yield (
        "estimators.rejection.accepted",
        row(rejection.accepted, ("n",), "b", eps=one, log_uniform=a("n", -2.0, -0.1), alpha=alpha),
    )
    yield "estimators.rejection.log_noise_density", row(rejection.log_noise_density, ("n",), eps=one, alpha=alpha)
    for name in ("marsaglia_tsang", "standardized_log"):
        yield f"estimators.rejection.{name}", row(getattr(rejection, name), ("n", "n"), z=draws, alpha=alpha)
    yield (
        "estimators.rejection.augmented",
        row(rejection.augmented, ("n", "n", "n"), z=draws, exponentials=a("n B", make=np.ones((6, 2))), alpha=alpha),
    )
    yield (
        "estimators.mixtures.conditional_path",
        row(
            lambda z, log_weights, means, log_sigmas: mixtures.conditional_path(
                z,
                log_weights,
                means.requires_grad_() if isinstance(means, torch.Tensor) and means.is_floating_point() else means,
                log_sigmas,
            ),
            ("n d",),
            z=t("n d"),
            log_weights=t("n k", make=np.full((6, 3), -np.log(3.0))),
            means=t("k d"),
            log_sigmas=t("k d"),
        ),
    )
    yield (
        "estimators.edges.hyperplane_edge",
        row(
            edges.hyperplane_edge, PAIRS, jump=COST, q=Law(), normal=t("d", 0.5, 1.0), offset=Number(0.3), eps=t("n d")
        ),
    )
    terms = Object({(3, 0): 1.0, (-1, 1): 0.5})
    for name in ("gamma_density", "gamma_score"):
        yield f"laws.gamma.{name}", row(getattr(gamma, name), ("...",), z=a("...", 0.4, 2.0, [0.5, 1.5]), alpha=alpha)
    yield "laws.gamma.gamma_mean", row(gamma.gamma_mean, ("",), terms=terms, alpha=alpha)
    bumps = paths.TwoBumps(0.4, (1.2, 0.9), 0.7)
    z = a("n 2", make=np.linspace(-1, 1, 12).reshape(6, 2))
    yield "chapters.paths.gamma_path", row(paths.gamma_path, ("n",), z=draws, alpha=alpha)
    yield "chapters.paths.times", row(paths.times, None, first=terms, second=terms)
    yield "chapters.paths.plus", row(lambda sums: paths.plus(sums, sums), None, sums=terms)
    yield "chapters.paths.gamma_fields", row(paths.gamma_fields, None, alpha=alpha)
    linear = Object({(3, 0): 1.0})
    yield (
        "chapters.paths.field_moments",
        row(paths.field_moments, ("", ""), velocity=linear, residual=linear, alpha=alpha),
    )
    yield "chapters.paths.augmented_moments", row(paths.augmented_moments, ("", ""), alpha=alpha, B=Number(2))
    yield "chapters.paths.all_factors", row(paths.all_factors, ("",), alpha=alpha)
    yield "chapters.paths.hazard", row(paths.hazard, ("...",), x=a("...", make=[0.3, -1.0]))
    yield "chapters.paths.variance_of_turn", row(paths.variance_of_turn, ("",), k=Number(0.3))
    yield (
        "chapters.paths.TwoBumps",
        row(
            lambda weight, centre, width: paths.TwoBumps(weight, centre, width).axis,
            ("2",),
            weight=Number(0.3),
            centre=a("2", make=[0.4, 0.8]),
            width=Number(0.9),
        ),
    )
    yield "chapters.paths.TwoBumps.axis", row(lambda: bumps.axis)
    yield (
        "chapters.paths.TwoBumps.draw",
        row(bumps.draw, ("n 2",), u=a("n", 0.1, 0.9), eps=a("n 2", make=np.ones((6, 2)))),
    )
    yield "chapters.paths.TwoBumps.nodes", row(bumps.nodes, ("r 2", "r"), step=Number(0.4))
    yield "chapters.paths.TwoBumps.score", row(bumps.score, ("n",), z=z)
    yield "chapters.paths.TwoBumps.straight", row(bumps.straight, ("n 2",), z=z)
    yield "chapters.paths.TwoBumps.by_coordinates", row(bumps.by_coordinates, ("n 2",), z=z, first=Number(1))
    yield "chapters.paths.TwoBumps.added_up", row(bumps.added_up, None, target=a("2", make=[0.4, 0.8]))


def _variances():
    k = Number(0.7, many=True)
    for name in ("square", "cosine", "exponential"):
        yield f"variances.{name}", row(getattr(variances, name), None, k=k, mu=mu, sigma=sigma)
    yield "variances.linear", row(variances.linear, None, mu=mu, sigma=sigma)
    yield "variances.polynomial", row(variances.polynomial, None, c=a("3", make=[0.1, 0.2, 0.3]), sigma=sigma)
    yield "variances.conjugate_elbo", row(variances.conjugate_elbo, None, model=Object(MODEL), mu=mu, sigma=sigma)
    e = Object(LAW)
    yield "variances.in_dimension", row(variances.in_dimension, None, e=e, d=Number(3))
    for name in ("best_baseline", "of_pathwise", "of_measure_valued", "of_antithetic_score", "of_antithetic_pathwise"):
        yield f"variances.{name}", row(getattr(variances, name), ("2",), e=e)
    yield "variances.of_score_function", row(variances.of_score_function, ("2",), e=e, baseline=Number(0.5, many=True))
    yield "variances.of_leave_one_out", row(variances.of_leave_one_out, ("2",), e=e, k=Number(3))
    yield "variances.all_estimators", row(variances.all_estimators, None, e=e, k=Number(3))
    yield "variances.parabola", row(variances.parabola, None, slope=mu, curvature=sigma, sigma=sigma)
    yield "variances.elbo_estimators", row(variances.elbo_estimators, None, model=Object(MODEL), mu=mu, sigma=sigma)
    yield (
        "variances.gaussian_target",
        row(
            variances.gaussian_target,
            ("2 d",),
            precision=a("d d", make=lambda s: np.eye(s["d"])),
            slope=a("d"),
            sigma=a("d", 0.5, 1.0),
            path=Object(True),
        ),
    )
    yield (
        "variances.crossovers",
        row(
            variances.crossovers,
            ("r",),
            difference=Function(lambda k: k - 0.5),
            low=Number(0.1),
            high=Number(1.3),
            cells=Number(20),
        ),
    )
    yield (
        "variances.all_crossovers",
        row(
            variances.all_crossovers,
            None,
            family=Object(variances.square),
            low=Number(0.1),
            high=Number(0.3),
            names=Object(("pathwise", "score function")),
        ),
    )
    yield (
        "side_by_side.antithetic",
        row(
            lambda estimator, cost, q, eps: side_by_side.antithetic(estimator)(cost, q, eps),
            PAIRS,
            estimator=Object(side_by_side.score_function),
            cost=COST,
            q=Law(),
            eps=t("n d"),
        ),
    )
    yield "side_by_side.catalogue", row(side_by_side.catalogue, None, cost=COST, q=Law(), pilot=t("n d"))
    yield "side_by_side.work", row(side_by_side.work, None, d=Given(3), k=Given(2))
    yield (
        "side_by_side.seconds",
        row(
            side_by_side.seconds, None, estimators=Object(ATLAS), cost=COST, q=Law(), eps=t("n 3 d"), repeats=Number(1)
        ),
    )
    yield (
        "side_by_side.simulate",
        row(side_by_side.simulate, ("n 2 2 d",), estimators=Object(ATLAS), cost=COST, q=Law(), eps=t("n 3 d")),
    )
    yield (
        "side_by_side.weighted_moments",
        row(
            lambda draws, weights: side_by_side.weighted_moments(GradientDraws(draws, draws), weights),
            None,
            draws=t("n 1"),
            weights=a("n"),
        ),
    )
    yield (
        "side_by_side.integrate",
        row(side_by_side.integrate, ("2 2 2",), estimators=Object(ATLAS), cost=COST, q=Law("1")),
    )


def _laws():
    from reparam.laws import concrete, full_gaussian, gaussian, scoring_rules, von_mises

    yield (
        "gaussian.DiagonalGaussian",
        row(DiagonalGaussian, None, mu=t("... d", make=np.ones(2)), log_sigma=t("... d", make=np.zeros(2))),
    )
    yield (
        "gaussian.DiagonalGaussian.from_sigma",
        row(DiagonalGaussian.from_sigma, None, mu=t("d"), sigma=t("d", 0.5, 1.0)),
    )
    yield "gaussian.DiagonalGaussian.path", row(Q.path, ("... 2",), eps=t("... 2", make=np.ones((4, 2))))
    yield (
        "gaussian.DiagonalGaussian.pull",
        row(Q.pull, ("... 2", "... 2"), slope=t("... 2", make=np.ones((4, 2))), eps=t("... 2", make=np.ones((4, 2)))),
    )
    yield "gaussian.DiagonalGaussian.log_density", row(Q.log_density, ("...",), z=t("... 2", make=np.ones((4, 2))))
    yield "gaussian.DiagonalGaussian.score", row(Q.score, ("... 2", "... 2"), eps=t("... 2", make=np.ones((4, 2))))
    yield "gaussian.DiagonalGaussian.kl", row(Q.kl, ("...",), other=Law("... 2"))
    for name in ("entropy", "entropy_gradient", "detach", "sigma"):
        yield f"gaussian.DiagonalGaussian.{name}", row(lambda name=name: getattr(Q, name), None)
    yield "gaussian.GradientDraws", row(lambda: PAIR)
    yield (
        "gaussian.as_float",
        row(lambda value: gaussian.as_float("value", value), ("*",), value=t("*", make=[1.0, 2.0])),
    )
    yield "gaussian.require_law", row(lambda q: gaussian.require_law("q", q), None, q=Law())
    yield "full_gaussian.FullGaussian", row(FullGaussian, None, mu=t("d"), root=t("d d", make=lambda s: np.eye(s["d"])))
    yield "full_gaussian.FullDraws", row(lambda: FULL.score(Q.mu[None]))
    yield "full_gaussian.FullGaussian.path", row(FULL.path, ("... 2",), eps=t("... 2", make=np.ones((4, 2))))
    yield (
        "full_gaussian.FullGaussian.pull",
        row(
            FULL.pull,
            ("... 2", "... 2 2"),
            slope=t("... 2", make=np.ones((4, 2))),
            eps=t("... 2", make=np.ones((4, 2))),
        ),
    )
    yield "full_gaussian.FullGaussian.log_density", row(FULL.log_density, ("...",), z=t("... 2", make=np.ones((4, 2))))
    yield (
        "full_gaussian.FullGaussian.score",
        row(FULL.score, ("... 2", "... 2 2"), eps=t("... 2", make=np.ones((4, 2)))),
    )
    yield "full_gaussian.FullGaussian.kl", row(FULL.kl, ("",), other=Law())
    for name in ("entropy", "entropy_gradient", "detach"):
        yield f"full_gaussian.FullGaussian.{name}", row(lambda name=name: getattr(FULL, name), None)
    yield "full_gaussian.as_gaussian", row(full_gaussian.as_gaussian, None, q=Law())
    yield "full_gaussian.drawn", row(full_gaussian.drawn, None, q=Law(), eps=t("n d"))
    logits, g = a("k"), a("... k", make=np.ones((4, 3)))
    yield "concrete.gumbel", row(concrete.gumbel, ("*",), u=a("*", 0.1, 0.9, [0.2, 0.6]))
    yield "concrete.gumbel_max", row(concrete.gumbel_max, ("...",), "i", logits=logits, g=g)
    yield "concrete.gumbel_top", row(concrete.gumbel_top, ("... 2",), "i", logits=logits, g=g, k=Number(2))
    for name in ("gumbel_softmax", "log_gumbel_softmax"):
        yield (
            f"concrete.{name}",
            row(getattr(concrete, name), ("... k",), logits=logits, g=g, tau=Number(0.5, many=True)),
        )
    yield (
        "concrete.concrete_log_density",
        row(
            concrete.concrete_log_density,
            ("...",),
            log_y=a("... k", make=np.log([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8]])),
            logits=logits,
            tau=Number(0.5, many=True),
        ),
    )
    for name in ("von_mises_density", "von_mises_cdf"):
        yield f"von_mises.{name}", row(getattr(von_mises, name), ("*",), z=a("*", make=[0.3, -1.0]), kappa=Number(2.0))
    y, positive = t("*", make=np.linspace(-1, 1, 6)), t("*", 0.5, 1.0, np.linspace(0.5, 1, 12).reshape(2, 6))
    many = t("... n", make=np.linspace(-1, 1, 12).reshape(2, 6))
    wide = t("*", make=np.linspace(-1, 1, 12).reshape(2, 6))
    for name in ("log_score", "crps", "pit"):
        yield f"scoring_rules.{name}", row(getattr(scoring_rules, name), ("*",), mu=wide, sigma=positive, y=y)
    yield "scoring_rules.squared", row(scoring_rules.squared, None, draws=t("k ... n", make=np.ones((3, 2, 6))), y=y)
    yield (
        "scoring_rules.mean_distance",
        row(scoring_rules.mean_distance, ("*",), shift=many_t("*"), sigma=t("*", 0.5, 1.0, np.linspace(0.5, 1, 6))),
    )
    star = t("*", 0.5, 1.0, [0.6, 0.9])
    yield (
        "scoring_rules.expected_squared",
        row(scoring_rules.expected_squared, ("*",), mu=star, sigma=star, m=star, s=star, k=Number(3)),
    )
    yield "scoring_rules.expected_crps", row(scoring_rules.expected_crps, ("*",), mu=star, sigma=star, m=star, s=star)
    yield "scoring_rules.kolmogorov", row(scoring_rules.kolmogorov, ("...",), sample=many, cdf=Function(torch.sigmoid))
    for name in ("density", "cdf", "tail", "transport"):
        yield (
            f"mixture.Mixture.{name}",
            row(getattr(MIX, name), ("*",), **{"z" if name == "transport" else "y": a("*", make=[0.3, -1.0])}),
        )
    seen = Noised(MIX, 0.8, 0.6)
    yield "noising.level", row(noising.level, ("...", "..."), r=a("...", make=[0.5, 2.0]))
    yield (
        "noising.bridge",
        row(
            lambda x_0, x_t: noising.bridge(x_0, x_t, (0.9, 0.3), (0.5, 0.8)), ("*", ""), x_0=a("*", make=[0.3, -1.0]),
            x_t=a("*", make=[0.1, 0.7]),
        ),
    )
    yield (
        "noising.Noised",
        row(lambda alpha, sigma: Noised(MIX, alpha, sigma), None, alpha=Number(0.7), sigma=Number(0.4)),
    )
    yield "noising.Noised.law", row(lambda: seen.law, None)
    for name, shape in (("guess", "..."), ("noise", "..."), ("central", "3 ...")):
        yield f"noising.Noised.{name}", row(getattr(seen, name), (shape,), x=a("...", make=[0.3, -1.0]))
    yield "mixture.Mixture.draw", row(MIX.draw, ("n",), u=a("n", 0.1, 0.9), z=a("n"))
    for name in ("mean", "variance"):
        yield f"mixture.Mixture.{name}", row(lambda name=name: getattr(MIX, name), ("",))
    yield (
        "mixture.Mixture",
        row(
            Mixture,
            None,
            weights=a("k", make=[0.4, 0.6]),
            means=a("k", make=[0.4, 0.6]),
            sigmas=a("k", make=[0.4, 0.6]),
        ),
    )
    yield (
        "logistic.LogisticRegression",
        row(
            LogisticRegression,
            None,
            features=a("N d", make=FEATURES),
            labels=a("N", make=[1.0, -1.0, 1.0, 1.0, -1.0]),
            tau=Number(1.3),
            words=("sigma",),
        ),
    )
    for name in ("log_likelihood", "log_joint"):
        yield (
            f"logistic.LogisticRegression.{name}",
            row(getattr(REGRESSION, name), ("...",), z=t("... 2", make=np.ones((6, 2)))),
        )
    yield "logistic.LogisticRegression.elbo", row(REGRESSION.elbo, ("",), q=Law(), nodes=Number(8))
    yield "logistic.LogisticRegression.gradient", row(REGRESSION.gradient, ("d", "d"), q=Law())
    yield "logistic.LogisticRegression.best", row(REGRESSION.best, None)
    for name, layer in LAYERS.items():
        yield f"flows.{name}.forward", row(layer.forward, ("n 2", "n"), z=t("n 2"))
        yield f"flows.{name}.inverse", row(layer.inverse, ("n 2", "n"), y=t("n 2"))
    yield "flows.Affine", row(flows.Affine, None, d=Number(3))
    yield (
        "flows.Coupling",
        row(lambda d, hidden: flows.Coupling(d, hidden, generator()), None, d=Number(3), hidden=Given((4,))),
    )
    yield (
        "flows.Autoregressive",
        row(
            lambda d, hidden, reads: flows.Autoregressive(d, hidden, generator(), reads),
            None,
            d=Number(3),
            hidden=Given((4,)),
            reads=Object("data"),
        ),
    )
    yield "flows.Planar", row(flows.Planar, None, w=a("d"), u=a("d"), b=Number(0.3))
    yield "flows.Planar.push", row(LAYERS["Planar"].push, ("2",))
    yield "flows.Flow", row(flows.Flow, None)
    yield "flows.Flow.forward", row(FLOW.forward, ("n 2", "n"), z=t("n 2"))
    yield "flows.Flow.inverse", row(FLOW.inverse, ("n 2", "n"), y=t("n 2"))
    yield "flows.Flow.stages", row(FLOW.stages, None, z=t("n 2"))
    yield "flows.Flow.log_density", row(FLOW.log_density, ("n",), y=t("n 2"))
    yield "flows.log_normal", row(flows.log_normal, ("n",), z=t("n d"))


def many_t(pattern):
    return t(pattern, make=np.linspace(-1, 1, 6))


def _tools():
    from reparam import derivatives, moments, noise

    yield (
        "derivatives.derivative",
        row(
            derivatives.derivative, None, f=Function(lambda x: np.float64(np.sin(x))), x=Number(0.3), step=Number(0.01)
        ),
    )
    yield "derivatives.extrapolate", row(derivatives.extrapolate, ("...",), values=a("k ...", make=np.ones(3)))
    yield (
        "derivatives.value_and_slope",
        row(derivatives.value_and_slope, ("...", "... d"), cost=COST, z=t("... d", make=np.ones((4, 2)))),
    )
    yield "derivatives.slope_of", row(derivatives.slope_of, ("... d",), cost=COST, z=t("... d", make=np.ones((4, 2))))
    yield (
        "derivatives.WithSlope",
        row(
            derivatives.WithSlope,
            None,
            cost=Function(lambda z: z.square().sum(-1)),
            slope=Function(lambda z: 2 * z),
            at=t("n d"),
        ),
    )
    yield (
        "quadrature.integral",
        row(quadrature.integral, ("",), f=ONE, a=Number(-1.0), b=Number(1.5), tol=Number(1e-10)),
    )
    yield "quadrature.expectation", row(quadrature.expectation, ("",), f=ONE, mu=mu, sigma=sigma)
    yield "quadrature.normal_nodes", row(quadrature.normal_nodes, ("r d", "r"), d=Number(2), nodes=Number(5))
    yield "networks.mlp", row(lambda sizes: networks.mlp(sizes, generator()), None, sizes=a("s", make=[2, 3, 1]))
    yield (
        "networks.Stack",
        row(
            lambda sizes, copies: networks.Stack(sizes, copies, generator()),
            None,
            sizes=a("s", make=[2, 3, 1]),
            copies=Number(3),
        ),
    )
    yield "networks.Stack.forward", row(STACK.forward, ("4 n 1",), inputs=t("n 2"))
    yield (
        "moments.Moments",
        row(
            lambda draws, order: vars(moments.Moments(draws, order)),
            None,
            draws=a("n ...", make=np.arange(8.0).reshape(4, 2)),
            order=Number(4),
        ),
    )
    yield (
        "moments.stream",
        row(
            lambda n, width, order: vars(moments.stream(lambda n: seeded().standard_normal((n, 2)), n, width, order)),
            None,
            n=Number(9),
            width=Number(2),
            order=Number(4),
        ),
    )
    yield "noise.generator", row(noise.generator, None, place=Given("tests/table"))
    yield "noise.torch_generator", row(noise.torch_generator, None, place=Given("tests/table"))
    yield (
        "noise.normal",
        row(lambda place, shape: noise.normal(place, shape), ("3",), place=Given("tests/table"), shape=Given(3)),
    )


def _chapters():
    from reparam.chapters import conditional, joint, reparameterization, sgvi

    eps, theta = t("n"), t("p", make=[0.3, 0.8])
    yield (
        "conditions.path_gradient",
        row(conditions.path_gradient, ("n p",), cost=OF_Y, path=PATH, theta=theta, eps=eps),
    )
    yield "conditions.mean_path_gradient", row(conditions.mean_path_gradient, ("p",), cost=OF_Y, path=PATH, theta=theta)
    yield (
        "conditions.noise_score",
        row(
            conditions.noise_score,
            ("n p",),
            cost=OF_Y,
            path=PATH,
            log_noise=Function(lambda eps, theta: -0.5 * (eps - theta[:, 0]) ** 2),
            theta=theta,
            eps=eps,
        ),
    )
    yield "conditions.location_scale", row(conditions.location_scale, ("n",), eps=eps, theta=t("n 2"))
    star = t("*", make=[0.2, -0.7])
    yield "conditions.step", row(conditions.step, ("*",), y=star, at=Number(0.1))
    yield "conditions.cantor", row(conditions.cantor, ("*",), y=t("*", make=[0.2, 0.7]), digits=Number(34))
    yield "conditions.cantor_atoms", row(conditions.cantor_atoms, ("r",), depth=Number(3))
    yield (
        "conditions.singular_slope",
        row(conditions.singular_slope, ("",), at=t("k"), jumps=t("k"), mu=mu, sigma=sigma),
    )
    yield "conditions.soft_step", row(conditions.soft_step, ("*",), y=star, tau=sigma, at=mu)
    yield (
        "conditions.soft_step_moments",
        row(conditions.soft_step_moments, ("", ""), tau=sigma, at=mu, mu=mu, sigma=sigma),
    )
    yield "conditions.squash", row(conditions.squash, ("*",), y=star)
    yield "conditions.SinhArcsinh", row(conditions.SinhArcsinh, None, shift=mu, scale=sigma, skew=mu, tail=sigma)
    for name in ("forward", "log_slope", "inverse", "log_density"):
        yield (
            f"conditions.SinhArcsinh.{name}",
            row(getattr(SHASH, name), ("*",), **{"z" if name in ("forward", "log_slope") else "y": star}),
        )
    for name in ("normal_density", "laplace", "uniform"):
        words = {"normal_density": ("mu", "sigma"), "laplace": ("mu", "scale"), "uniform": ("low", "high")}[name]
        yield (
            f"elbo.{name}",
            row(getattr(elbo, name), None, words=("length",), **dict(zip(words, (mu, sigma), strict=True))),
        )
    yield "elbo.mixture", row(elbo.mixture, None, weight=Number(0.3), first=Object(NORMAL), second=Object(UNIFORM))
    log_p = Function(lambda z: -0.5 * (z - 0.1) ** 2)
    yield "elbo.mean_under", row(elbo.mean_under, ("",), q=Object(NORMAL), f=ONE)
    yield "elbo.log_evidence", row(elbo.log_evidence, ("",), log_joint=log_p, low=Number(-9.0), high=Number(9.5))
    yield "elbo.elbo", row(elbo.elbo, ("",), log_joint=log_p, q=Object(NORMAL))
    yield "elbo.kl", row(elbo.kl, ("",), q=Object(NORMAL), log_p=log_p)
    yield "elbo.variation", row(elbo.variation, ("",), log_joint=log_p, q=Object(NORMAL), direction=Object(UNIFORM))
    yield "elbo.best_normal", row(elbo.best_normal, ("", ""), log_joint=log_p, mu=mu, sigma=sigma)
    yield "elbo.ConjugateGaussian", row(elbo.ConjugateGaussian, None, x=mu, tau=sigma, s=sigma)
    yield "elbo.SquareModel", row(elbo.SquareModel, None, x=mu, s=sigma)
    for name, model in (("ConjugateGaussian", MODEL), ("SquareModel", SQUARE)):
        yield f"elbo.{name}.log_joint", row(model.log_joint, ("*",), z=a("*", make=[0.3, 0.5]))
        yield f"elbo.{name}.elbo", row(model.elbo, ("*",), mu=a("*", make=[0.3, 0.5]), sigma=a("*", make=[0.3, 0.5]))
        yield f"elbo.{name}.log_evidence", row(lambda model=model: model.log_evidence, ("",))
    yield "elbo.ConjugateGaussian.posterior", row(lambda: MODEL.posterior, ("", ""))
    yield "elbo.SquareModel.log_evidence_by_series", row(SQUARE.log_evidence_by_series, ("",), terms=Number(20))
    many = a("*", make=[0.3, 0.5])
    for name in ("conjugate_gradient", "square_elbo"):
        yield (
            f"sgvi.{name}",
            row(
                getattr(sgvi, name),
                ("2 *" if name == "conjugate_gradient" else "*",),
                model=Object(MODEL if name == "conjugate_gradient" else SQUARE),
                mu=many,
                sigma=many,
            ),
        )
    yield "sgvi.square_curvature", row(sgvi.square_curvature, ("2 2",), model=Object(SQUARE), mu=mu, sigma=sigma)
    yield (
        "sgvi.conjugate_coefficients",
        row(sgvi.conjugate_coefficients, ("", "", ""), model=Object(MODEL), mu=mu, sigma=sigma),
    )
    yield (
        "sgvi.log_density_and_score",
        row(
            sgvi.log_density_and_score,
            ("n", "n"),
            log_q=Function(lambda z, theta: -0.5 * (z - theta) ** 2),
            z=a("n"),
            theta=Number(0.4),
        ),
    )
    yield (
        "sgvi.quadratic_variance",
        row(sgvi.quadratic_variance, ("2 d",), a=Number(0.4), b=a("d"), c=a("d"), sigma=a("d", 0.5, 1.0)),
    )
    yield "sgvi.wave_variances", row(sgvi.wave_variances, ("*", "*"), k=many, phase=many, sigma=many)
    yield "sgvi.wave_threshold", row(sgvi.wave_threshold, ("",), phase=Number(0.4))
    yield "sgvi.step_moments", row(sgvi.step_moments, ("", ""), c=mu, mu=mu, sigma=sigma)
    yield from _maps(joint, reparameterization)
    yield from _conditional(conditional)


def _maps(joint, reparameterization):
    u = a("*", 0.1, 0.9, [0.3, 0.6])
    yield "joint.box_muller", row(joint.box_muller, ("*",), u=u, v=u)
    yield "joint.affine", row(joint.affine, ("*",), z=a("*", make=[0.2, 0.4]), mu=Number(0.3, many=True), sigma=sigma)
    yield "joint.affine_jacobian", row(joint.affine_jacobian, ("n 2",), z=a("n"))
    yield "joint.slope_times_jacobian", row(joint.slope_times_jacobian, ("p",), slope=a("m"), jacobian=a("m p"))
    yield "joint.total_variance", row(joint.total_variance, ("", ""), mu=ONE, sigma=Function(lambda x: 1 + x * x))
    yield "joint.normal_grid", row(joint.normal_grid, ("n",), n=Number(3))
    yield "joint.nearest_normal", row(joint.nearest_normal, ("", "", ""), target=Object(MIX))
    sample = t("... n", make=np.linspace(-1, 1, 12).reshape(2, 6))
    yield "joint.sorted_pairing", row(joint.sorted_pairing, ("...",), y=sample, data=sample)
    yield (
        "joint.energy_score",
        row(joint.energy_score, ("... n",), first=sample, second=sample, data=sample, power=Number(0.5)),
    )
    yield "joint.pairing_factor", row(joint.pairing_factor, ("",), n=Number(5))
    phi = Number(0.4)
    yield (
        "reparameterization.chain_rule",
        row(
            reparameterization.chain_rule,
            ("n", "n"),
            integrand=Function(lambda z, phi: z * z - phi * z),
            path=Function(lambda eps, phi: phi + eps),
            phi=phi,
            eps=t("n"),
        ),
    )
    yield (
        "reparameterization.exact_moments",
        row(
            lambda draws, weights: reparameterization.exact_moments(GradientDraws(draws, draws), weights),
            ("d",) * 4,
            draws=t("k d"),
            weights=t("k"),
        ),
    )
    yield (
        "reparameterization.gaussian_gradient",
        row(reparameterization.gaussian_gradient, None, q=Law(), posterior=Law()),
    )
    yield (
        "reparameterization.gaussian_variance",
        row(reparameterization.gaussian_variance, None, q=Law(), posterior=Law(), weight=Number(0.5)),
    )
    yield (
        "reparameterization.conditionals",
        row(
            reparameterization.conditionals,
            None,
            q=Law(),
            mean=t("d"),
            precision=t("d d", make=lambda s: np.eye(s["d"])),
        ),
    )
    yield (
        "reparameterization.best_weight",
        row(
            reparameterization.best_weight, ("d", "d"), log_joint=COST, q=Law(), eps=t("k d"), weights=t("k", 0.2, 0.4)
        ),
    )
    yield (
        "reparameterization.ascend",
        row(
            lambda log_joint, q, noise, rate: reparameterization.ascend(
                side_by_side.pathwise, log_joint, q, noise, rate
            ),
            ("s+1 2 d",),
            log_joint=Function(lambda z: -z.square().sum(-1)),
            q=Law(),
            noise=t("s n d"),
            rate=Number(0.1),
        ),
    )
    yield "reparameterization.linear_encoder", row(reparameterization.linear_encoder, None, phi=t("3"), x=t("N"))
    yield (
        "reparameterization.Counted",
        row(lambda log_joint: reparameterization.Counted(log_joint), None, log_joint=Given(COST.value)),
    )


def _conditional(conditional):
    star = t("*", make=[0.2, -0.7])
    yield "conditional.wave", row(conditional.wave, ("*", "*"), x=star)
    yield (
        "conditional.branches",
        row(conditional.branches, None, x=t("*", make=np.ones(6)), eps=t("... 2 n", make=np.ones((3, 2, 6)))),
    )
    yield "conditional.branches_cdf", row(conditional.branches_cdf, ("*",), y=star, x=star)
    yield (
        "conditional.printed_density",
        row(conditional.printed_density, ("*",), y=a("*", make=[0.2, 0.4]), mu=mu, sigma=sigma),
    )
    yield "conditional.six_lines", row(conditional.six_lines, ("6",), f=ONE, mu=mu, sigma=sigma)
    draws = t("k ... n", make=np.linspace(-1, 1, 36).reshape(3, 2, 6))
    yield "conditional.two_draws", row(conditional.two_draws, None, draws=draws, y=t("n"), power=Number(1.0))
    yield "conditional.sorted_batch", row(conditional.sorted_batch, None, draws=draws, y=t("n"))


def _networks():
    from reparam.chapters import approximators as ap

    X, Y, W = a("N d", make=FEATURES), a("N m", make=FEATURES[:, :1] + 1), a("d m", make=np.array([[0.4], [-0.2]]))
    eta, steps = Number(0.01), Number(3)
    for name in ("loss", "gradient", "descent_limit"):
        yield name, row(getattr(ap, name), ("",) if name == "loss" else ("d m",), X=X, Y=Y, W=W)
    yield "normal_equations", row(ap.normal_equations, ("d m",), X=X, Y=Y)
    yield "with_bias", row(ap.with_bias, ("N d+1",), X=X)
    yield "bias_gain", row(ap.bias_gain, ("",), X=X, Y=Y)
    yield "step_limit", row(ap.step_limit, ("",), X=X)
    yield "gradient_descent", row(ap.gradient_descent, ("4 d m",), X=X, Y=Y, W=W, eta=eta, steps=steps)
    yield "descent_losses", row(ap.descent_losses, ("4",), X=X, Y=Y, W=W, eta=eta, steps=steps)
    layers = Given(LAYER)
    yield "forward", row(ap.forward, None, layers=layers, X=X)
    yield (
        "output",
        row(
            lambda layers, x: ap.output([(layers[0][0][:1], layers[0][1]), layers[1]], x),
            ("k",),
            layers=layers,
            x=a("k"),
        ),
    )
    yield "network_loss", row(ap.network_loss, ("",), layers=layers, X=X, Y=Y)
    yield "backward", row(ap.backward, None, layers=layers, X=X, Y=Y)
    yield "train_network", row(ap.train_network, None, layers=layers, X=X, Y=Y, eta=eta, steps=steps)
    yield (
        "central_differences",
        row(
            lambda x, h: ap.central_differences(lambda: float(np.sum(x)), x, h),
            ("*",),
            x=a("*", make=[0.3, 0.5]),
            h=Number(1e-5),
        ),
    )
    low, high = Number(-1.0), Number(1.5)
    yield "hinge_network", row(ap.hinge_network, None, f=ONE, low=low, high=high, width=Number(3))
    yield (
        "fit_output",
        row(
            lambda x, y: ap.fit_output((np.ones((1, 3)), np.arange(3.0)), x, y, ap.TANH),
            None,
            x=a("N"),
            y=a("N"),
            words=("hidden", "activation"),
        ),
    )
    yield "sup_error", row(ap.sup_error, ("",), f=ONE, g=ONE, low=low, high=high, nodes=Number(50))
    yield "error_floor", row(ap.error_floor, ("",), f=ONE, points=a("k"), weights=a("k"))


def _models():
    from reparam.chapters import conditional, discrete, implicit, structure
    from reparam.chapters import flows as chapter
    from reparam.chapters import reparameterization as rp

    yield "structure.coupled", row(structure.coupled, None, bits=Number(3), target=Number(0.4), coupling=Number(0.2))
    terms, reads = structure.coupled(3, 0.4, 0.2)
    yield (
        "structure.at_equal_work",
        row(
            structure.at_equal_work,
            None,
            terms=Function(terms),
            reads=Object(reads),
            theta=a("3", 0.2, 0.8),
            evaluations=Number(8),
        ),
    )
    yield (
        "discrete.triangle_integral",
        row(
            discrete.triangle_integral,
            ("",),
            low=Number(-2.0),
            high=Number(2.0),
            log_density=Function(lambda log_y: log_y.sum(-1)),
        ),
    )
    yield (
        "reparameterization.encoder_gradient",
        row(
            lambda draws, x: rp.encoder_gradient(GradientDraws(draws, draws), x),
            ("... 3",),
            draws=t("... N", make=np.ones((6, 5))),
            x=t("N"),
        ),
    )
    for name in ("bumps", "weight_variances", "weight_variances_again"):
        yield (
            f"implicit.{name}",
            row(
                getattr(implicit, name),
                None if name == "bumps" else ("", ""),
                weight=Number(0.4),
                centre=Number(1.5),
                width=Number(0.7),
                words=("weights", "sigmas", "means"),
            ),
        )
    yield "flows.log_det_by_autograd", row(chapter.log_det_by_autograd, ("n",), layer=Object(FLOW), z=t("n 2"))
    for name in ("elbo_draws", "frozen_draws"):
        yield f"flows.{name}", row(getattr(chapter, name), ("n",), log_joint=COST, flow=Object(FLOW), eps=t("n 2"))
    yield (
        "flows.climb",
        row(
            lambda objective, steps: chapter.climb(objective, flows.Affine(2), steps),
            ("",),
            objective=Object(lambda: torch.zeros((), dtype=torch.float64, requires_grad=True) * 1.0),
            steps=Number(1),
            words=("flow",),
        ),
    )
    yield "flows.horseshoe", row(chapter.horseshoe, ("n 2",), u=t("n", 0.1, 0.9), eps=t("n 2"), width=Number(0.2))
    yield (
        "flows.horseshoe_log_density",
        row(chapter.horseshoe_log_density, ("n",), y=t("n 2"), width=Number(0.2), nodes=Number(20)),
    )
    heads, made = conditional.Heads(4, 3, generator()), conditional.Generator(4, 3, generator())
    yield (
        "conditional.Heads",
        row(
            lambda width, copies: conditional.Heads(width, copies, generator()), None, width=Number(4), copies=Number(3)
        ),
    )
    yield "conditional.Heads.forward", row(heads.forward, ("3 n", "3 n"), words=("inputs",), x=t("n"))
    yield (
        "conditional.Generator",
        row(
            lambda width, copies: conditional.Generator(width, copies, generator()),
            None,
            width=Number(4),
            copies=Number(3),
        ),
    )
    yield "conditional.Generator.forward", row(made.forward, ("k 3 n",), x=t("n"), z=t("k 3 n"))


def _latest():
    """Models of the chapters on bits, on the gradient of the ELBO, and on several draws in the logarithm."""
    from reparam.chapters import atlas, bits, discrete, elbo_gradients, importance

    square, twice = Function(lambda y: (y - 0.3) ** 2), Function(lambda y: 2 * (y - 0.3))
    ell, tau, some, draws = Number(-0.8), Number(0.5), Number(4), Number(18)
    yield "bits.outcome_table", row(bits.outcome_table, ("k", "k"), values=a("m k"), chances=a("m", 0.1, 0.2))
    yield "bits.best_rebar", row(bits.best_rebar, ("", ""), f=square, slope=twice, ell=ell, tau=tau, bits=some)
    yield "bits.crowd_moments", row(bits.crowd_moments, ("", ""), ell=ell, tau=tau, bits=some, target=Number(1.3))
    yield (
        "bits.separable_errors",
        row(bits.separable_errors, None, bits=some, ell=ell, target=Number(0.3), evaluations=draws),
    )
    yield (
        "discrete.best_temperature",
        row(
            discrete.best_temperature, ("", ""), slope=twice, ell=ell, truth=Number(0.0856), draws=Number(1e4),
            guess=Number(0.04),
        ),
    )
    eight, noise = atlas.Bits(0.5), a("n 8", 0.1, 0.9)
    yield (
        "atlas.evaluations",
        row(
            atlas.evaluations, ("",), variance=Number(0.4), gradient=Number(0.2), price=Number(2.0),
            precision=Number(0.05),
        ),
    )
    yield "atlas.smooth", row(atlas.smooth, None, d=Number(3))
    yield "atlas.Bits", row(lambda coupling: atlas.Bits(coupling).truth(), ("",), coupling=Number(0.5))
    yield "atlas.Bits.cost", row(eight.cost, ("n",), b=noise)
    yield "atlas.Bits.slopes", row(eight.slopes, ("n 8",), b=noise)
    yield "atlas.Bits.rebar", row(eight.rebar, ("n",), u=noise, v=noise)
    yield "atlas.Bits.truth", row(eight.truth, ("",))
    yield "atlas.Bits.exact", row(eight.exact, None)
    many = a("n 16 8", 0.1, 0.9)
    yield "atlas.Bits.drawn", row(eight.drawn, None, u=many, v=many)
    yield from _diffusion()
    z, K = t("n 1"), Number(2)
    yield "importance.log_joint", row(importance.log_joint, ("n",), z=z, theta=Number(1.0))
    yield "importance.WeightLaw", row(lambda mu, sigma: importance.WeightLaw(mu, sigma).w, None, mu=mu, sigma=sigma)
    yield "importance.WeightLaw.bound", row(WEIGHTS.bound, ("",), K=K)
    yield (
        "importance.WeightLaw.moments",
        row(WEIGHTS.moments, ("p", "p"), a=a("p m", make=WEIGHTS.path), power=Number(1), K=K),
    )
    yield "importance.node_groups", row(importance.node_groups, ("r K 1", "r"), K=K, step=Number(0.5))
    yield "elbo_gradients.student", row(lambda nu, z: elbo_gradients.student(nu)(z), ("n",), nu=Number(3.0), z=z)
    yield "elbo_gradients.student_guide", row(elbo_gradients.student_guide, None, nu=Number(6.0), sigma=Number(1.1))
    yield "elbo_gradients.quartic", row(elbo_gradients.quartic, ("n",), z=z)
    yield (
        "elbo_gradients.tails",
        row(
            lambda degrees, eps, weights: [x[1:] for x in elbo_gradients.tails(degrees, eps, weights).values()],
            None,
            degrees=a("k", make=[3.0, 5.0]),
            eps=a("n", make=lambda s: quadrature.normal_nodes(1, s["n"])[0][:, 0]),
            weights=a("n", make=lambda s: quadrature.normal_nodes(1, s["n"])[1]),
        ),
    )
    yield (
        "elbo_gradients.logistic_variances",
        row(elbo_gradients.logistic_variances, None, data=Object(REGRESSION), q=Law(), orders=Number(12)),
    )


def _steps():
    """From variance to steps: the chapter's models, minibatches, noise in a layer, derivatives of every order."""
    from reparam.chapters import steps
    from reparam.estimators import bounds, higher, local, minibatches

    mu_, sigma_ = t("... d m", make=np.full((2, 4), 0.3)), t("... d m", make=np.full((2, 4), 0.8))
    for name, noise in (
        ("shared_weights", {"eps": t("... d m", make=np.ones((2, 4)))}),
        ("own_weights", {"eps": t("... n d m", make=np.ones((6, 2, 4)))}),
        ("local_activations", {"zeta": t("... n m", make=np.ones((6, 4)))}),
    ):
        layer = {"x": t("n d"), "mu": mu_, "sigma": sigma_, **noise}
        yield f"estimators.local.{name}", row(getattr(local, name), ("... n m",), **layer)
    yield "estimators.higher.magic_box", row(higher.magic_box, ("...",), log_density=t("...", make=np.ones(5)))
    wave = Function(lambda theta: theta.sin())
    yield (
        "estimators.higher.repeated",
        row(higher.repeated, None, objective=wave, theta=t("n"), order=Number(2)),
    )
    yield (
        "estimators.minibatches.batch_variance",
        row(
            minibatches.batch_variance, ("p",), means=a("N p"), within=a("N p", 0.1, 1.0), batch=Number(2),
            draws=Number(3), together=a("p"),
        ),
    )
    yield "estimators.minibatches.mean_covariance", row(minibatches.mean_covariance, ("p",), covariance=a("N N p"))
    one = Number(1.3)
    yield (
        "estimators.minibatches.best_draws",
        row(minibatches.best_draws, ("",), between=one, within=one, per_datum=one, per_draw=one),
    )
    bowl = {"square": Number(4.0), "curvature": one, "noise": one, "growth": Number(0.5)}
    yield (
        "chapters.steps.constant_rate",
        row(steps.constant_rate, ("n", "n"), start=one, rate=Number(0.1), curvature=one, noise=one, t=a("n", 1.0, 9.0)),
    )
    yield "chapters.steps.best_rates", row(steps.best_rates, None, **bowl, steps=Number(5))
    yield "chapters.steps.steps_between", row(steps.steps_between, ("", ""), **bowl, goal=Number(0.1))
    yield "chapters.steps.gaussian_noise", row(steps.gaussian_noise, None, sigma=sigma, miss=one)
    yield (
        "chapters.steps.score_below",
        row(
            lambda miss, eps: steps.score_below(miss)(steps.POSTERIOR.log_density, Q1, eps), ("n 1", "n 1"), miss=one,
            eps=t("n 1"),
        ),
    )
    yield (
        "chapters.steps.ascents",
        row(
            lambda mu, sigma, rates, eps: steps.ascents(bounds.total_derivative, mu, sigma, rates, eps), None,
            mu=t("r", make=np.ones(3)), sigma=sigma, rates=a("n", 0.1, 0.5), eps=t("n r", make=np.ones((6, 3))),
        ),
    )
    peak = Function(lambda z: -(z * z).sum(-1) - z.cosh().sum(-1))
    yield "chapters.steps.stationary", row(steps.stationary, ("d",), log_joint=peak, start=t("d"))
    yield (
        "chapters.steps.layer_moments",
        row(
            steps.layer_moments, None, x=a("N d", 0.1, 1.0), y=a("N"), mu=a("d"), sigma=a("d", 0.2, 1.0),
        ),
    )


def _pixels():
    """Laws of a pixel, decoders side by side, and the pair whose decoder may read."""
    from reparam.chapters import decoders
    from reparam.laws import pixels

    level, said = t("*", make=np.full((4, 3), 2.0)), t("*", make=np.full((4, 3), 0.7))
    for name in ("discretized_logistic", "discretized_gaussian"):
        yield (
            f"laws.pixels.{name}",
            row(getattr(pixels, name), ("*",), level=level, mean=said, log_scale=said, levels=Number(17)),
        )
    yield "laws.pixels.binomial", row(pixels.binomial, ("*",), level=level, logit=said, levels=Number(17))
    yield "laws.pixels.log_integral", row(pixels.log_integral, ("...",), logit=t("...", make=np.full((4, 3), 0.7)))
    inside = t("*", make=np.full((4, 3), 0.4))
    yield "laws.pixels.continuous_bernoulli", row(pixels.continuous_bernoulli, ("*",), x=inside, logit=said)
    model = decoders.crowd("logistic", 3, 2, 4, torch.full((5,), 0.4, dtype=torch.float64), generator()).double()
    x, eps = t("n 5", make=np.full((6, 5), 0.4)), t("3 n 2")
    yield "chapters.decoders.PixelVAE.log_likelihood", row(model.log_likelihood, None, x=x, z=eps)
    yield "chapters.decoders.PixelVAE.bits", row(model.bits, ("3",), x=x, eps=eps)
    yield (
        "chapters.decoders.PixelVAE",
        row(
            lambda log_scale: decoders.PixelVAE(model.encoder, model.decoder, "logistic", log_scale),
            None,
            log_scale=t("3 1 5"),
        ),
    )
    yield (
        "chapters.decoders.crowd",
        row(
            lambda copies, d, hidden, mean: decoders.crowd("binomial", copies, d, hidden, mean, generator()),
            None,
            copies=Number(2),
            d=Number(2),
            hidden=Number(3),
            mean=t("D", make=np.full(4, 0.4)),
        ),
    )
    weight = Number(0.3)
    yield (
        "chapters.decoders.pair_optimum",
        row(decoders.pair_optimum, ("2", "", "2", "2", ""), w1=weight, w2=weight, r=weight),
    )
    two = t("2")
    yield (
        "chapters.decoders.pair_bound",
        row(
            decoders.pair_bound, ("",), w=two, a=t(""), log_s=two, v=two, log_sigma=t(""), r=Number(0.4),
            beta=Number(1.0),
        ),
    )


def _diffusion():
    from reparam.chapters import diffusion

    chain, x, phi, layers = diffusion.LinearChain(3, 0.8, 0.6), Number(1.3), t("3 3", -0.5, 0.5), t("n 3")
    yield (
        "diffusion.LinearChain",
        row(diffusion.LinearChain, None, layers=Number(2), weight=Number(0.8), deviation=Number(0.6)),
    )
    yield "diffusion.LinearChain.log_joint", row(chain.log_joint, ("n",), x=x, z=layers)
    yield "diffusion.LinearChain.log_evidence", row(chain.log_evidence, ("",), x=x)
    yield "diffusion.LinearChain.posterior", row(chain.posterior, ("3 3",), x=x)
    yield "diffusion.LinearChain.path", row(chain.path, ("n 3",), phi=phi, eps=layers)
    yield "diffusion.LinearChain.log_q", row(chain.log_q, ("n",), phi=phi, z=layers)
    yield "diffusion.LinearChain.gradients", row(chain.gradients, ("n 3 3",), x=x, phi=phi, eps=layers)
    yield (
        "diffusion.LinearChain.divergences",
        row(chain.divergences, ("n 3",), phi=phi, other=t("3 3", -0.5, 0.5), z=layers),
    )
    r, guess = Number(2.0), Function(lambda x, r: np.tanh(x))
    yield "diffusion.levels", row(diffusion.levels, None, T=Number(4))
    yield "diffusion.ratio", row(diffusion.ratio, ("...",), u=a("...", make=[0.2, 0.7]))
    yield "diffusion.noised", row(diffusion.noised, None, r=r)
    yield "diffusion.average", row(diffusion.average, None, r=r, f=Object(lambda here, x: here.guess(x)))
    yield "diffusion.error", row(diffusion.error, ("",), r=r)
    yield "diffusion.information", row(diffusion.information, ("",), r=r)
    yield "diffusion.step_gaps", row(diffusion.step_gaps, ("m-1",), r=a("m", make=[9.0, 3.0, 1.0, 0.2]))
    yield "diffusion.step_gap_by_density", row(diffusion.step_gap_by_density, ("",), near=r, far=Number(0.7))
    denoiser = diffusion.Denoiser(3, 4, generator())
    yield (
        "diffusion.Denoiser",
        row(lambda copies, hidden: diffusion.Denoiser(copies, hidden, generator()), None, copies=Number(3),
            hidden=Number(4)),
    )
    yield "diffusion.Denoiser.forward", row(denoiser.forward, ("3 n",), words=("inputs",), x=t("n"), r=t("n", 0.5, 2.0))
    yield (
        "diffusion.learn_noise",
        row(
            lambda steps, batch: diffusion.learn_noise(diffusion.Denoiser(2, 3, generator()), seeded(), steps, batch),
            None,
            steps=Number(2),
            batch=Number(4),
        ),
    )
    levels = np.array([4.0, 1.0, 0.2])
    three = a("3 ...", make=np.linspace(-1, 1, 12).reshape(3, 4))
    yield "diffusion.ancestral", row(diffusion.ancestral, ("...",), guess=guess, r=Object(levels), eps=three)
    grid = a("m", make=np.linspace(-4, 4, 81))
    yield "diffusion.sampled_density", row(diffusion.sampled_density, None, guess=guess, r=Object(levels), x=grid)
    yield "diffusion.field", row(diffusion.field, ("...",), x=a("...", make=[0.3, -1.0]), t=Number(0.4))
    yield "diffusion.follow", row(diffusion.follow, ("...",), eps=a("...", make=[0.3, -1.0]), steps=Number(3))


def _images():
    x, eps, d = t("n 5"), t("... n 2", make=np.ones((3, 6, 2))), Number(2)
    for name, returns, args in (
        ("posterior", None, {"x": x}),
        ("log_likelihood", None, {"x": x, "z": eps}),
        ("elbo", ("... n",), {"x": x, "eps": eps}),
        ("parts", ("... n", "n"), {"x": x, "eps": eps}),
        ("log_weights", ("... n",), {"x": x, "eps": eps}),
    ):
        yield f"chapters.vae.VAE.{name}", row(getattr(VAE, name), returns, **args)
    yield (
        "chapters.vae.VAE",
        row(lambda log_noise: vae.VAE(VAE.encoder, VAE.decoder, log_noise), None, log_noise=Number(-1.0)),
    )
    yield "laws.linear_vae.PPCA", row(lambda: PPCA)
    yield "laws.linear_vae.PPCA.log_density", row(PPCA.log_density, ("n",), x=t("n 3"))
    yield "laws.linear_vae.PPCA.posterior", row(PPCA.posterior, ("n 2", "2 2"), x=t("n 3"))
    yield (
        "laws.linear_vae.LinearEncoder",
        row(linear_vae.LinearEncoder, None, mean=t("D"), V=t("d D"), log_sigma=t("d")),
    )
    linear = linear_vae.LinearEncoder(*(torch.ones(shape, dtype=torch.float64) for shape in (3, (2, 3), 2)))
    yield "laws.linear_vae.LinearEncoder.forward", row(linear.forward, ("... 4",), x=t("... 3", make=np.ones((6, 3))))
    yield (
        "digits.dequantize",
        row(
            digits.dequantize,
            ("n D",),
            pixels=a("n D", make=np.full((4, 3), 2.0)),
            u=a("n D", 0.1, 0.9, np.full((4, 3), 0.5)),
        ),
    )
    yield "laws.linear_vae.covariance", row(linear_vae.covariance, ("D D", "D", "D D"), x=t("n D"))
    yield "laws.linear_vae.fit_ppca", row(linear_vae.fit_ppca, ("D", "D 2", ""), x=t("n D"), d=d)
    yield (
        "chapters.vae.many",
        row(
            lambda copies, d, hidden, mean: vae.many(copies, d, hidden, mean, generator()),
            None,
            copies=Number(2),
            d=d,
            hidden=Number(3),
            mean=t("D"),
        ),
    )
    yield (
        "chapters.vae.single",
        row(
            lambda k: vae.single(vae.many(2, 2, 3, torch.zeros(5, dtype=torch.float64), generator()), k),
            None,
            k=Number(1),
            words=("model",),
        ),
    )
    yield (
        "chapters.vae.refine",
        row(lambda x, q, eps: vae.refine(VAE, x, q, eps), None, x=t("n 5"), q=Law("n 2"), eps=t("s n 2")),
    )
    yield "chapters.vae.prior_divergence", row(vae.prior_divergence, ("... d",), q=Law("... d"))
    yield (
        "chapters.vae.importance_bound",
        row(vae.importance_bound, ("... n",), log_weights=t("... k n", make=np.ones((3, 4)))),
    )
    yield (
        "chapters.vae.plane_evidence",
        row(
            lambda x, half, step: vae.plane_evidence(VAE, x, half, step),
            ("n",),
            x=x,
            half=Number(3.0),
            step=Number(0.5),
        ),
    )
    S = t("D D", make=lambda s: np.eye(s["D"]))
    yield (
        "laws.linear_vae.linear_elbo",
        row(
            linear_vae.linear_elbo, ("",), S=S, W=t("D d"), V=t("d D"), log_sigma=t("d"), s2=Number(0.5),
            beta=Number(1.0),
        ),
    )
    yield (
        "networks.batches",
        row(
            lambda n, size, steps: networks.batches(seeded(), n, size, steps),
            None,
            "i",
            n=Number(7),
            size=Number(3),
            steps=Number(4),
        ),
    )
    yield (
        "chapters.vae.encoder_gradients",
        row(lambda x, eps: vae.encoder_gradients(VAE, x, eps), ("... n 2",) * 6, x=x, eps=eps),
    )
    yield (
        "chapters.vae.active_units",
        row(lambda x, threshold: vae.active_units(VAE, x, threshold), None, x=x, threshold=Number(0.01)),
    )
    yield "digits.mosaic", row(digits.mosaic, None, images=a("n 64"), columns=Number(3))


SIMPLE = {
    "chapters.your_model.": "asks the bench, or makes the page's own models and their data",
    "bench.": "its doors `is_unbiased` and `compare` answer in sentences; tests/bench throws faults at them",
    "teaching.": "draws, prints or grades",
    "chapters.estimators.": "draws",
    "guards.": "is what refuses",
    "checks.": "refuses by CheckFailed what is wrong, and by ValueError what is no comparison: tests/test_checks.py",
    "chapters.elbo.Density": "a record",
    "chapters.reparameterization.ChainRule": "a record",
    "chapters.approximators.Activation": "a record",
    "estimators.variances.Expectations": "a record",
    "chapters.blackbox.Difference": "a record",
    "chapters.conditional.train_copies": "a loop",
    "chapters.joint.train_generator": "a loop",
    "chapters.vae.train": "a loop",
    "laws.linear_vae.fit_linear": "a climb of seconds, guarded by its objective",
    "chapters.conditional.held_out": "a loop",
    "networks.Adam": "one step of a loop",
    "chapters.conditional.side_by_side": "joins objectives",
    "chapters.conditional.two_paths": "takes a graph apart",
    "chapters.conditional.diabetes": "data",
    "digits.load": "data",
    "chapters.steps.regression": "data",
    "chapters.steps.Noise": "a record",
    "chapters.steps.LayerMoments": "a record",
    "laws.logistic.tumours": "data",
    "bundled.": "data",
    "moments.Moments.": "properties of what has been accepted",
    "noise.seed": "reads the environment",
    "noise.torch_draws": "a context",
}
"""Modules whose functions need no row, and why."""

DRAWS = "draw"
"""Functions of a chapter whose name begins so take a finished figure's data."""


def _rows():
    for prefix, rows in (
        ("estimators.", _estimators()),
        ("estimators.", _discrete()),
        ("estimators.", _tied()),
        ("estimators.", _several()),
        ("estimators.", _called()),
        ("", _fields()),
        ("estimators.", _variances()),
        ("laws.", _laws()),
        ("", _tools()),
        ("chapters.", _chapters()),
        ("chapters.approximators.", _networks()),
        ("chapters.", _models()),
        ("chapters.", _latest()),
        ("", _steps()),
        ("chapters.blackbox.", _blackbox()),
        ("chapters.filling.", _filling()),
        ("", _images()),
        ("", _pixels()),
    ):
        for name, entry in rows:
            yield prefix + name, entry


TABLE = dict(_rows())
