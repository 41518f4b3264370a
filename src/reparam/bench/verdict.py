"""Is a gradient right? What the user calls."""

import warnings

import torch

from reparam.bench.given import Faulty, Law, Parameters, Unusable
from reparam.bench.measure import Bench
from reparam.bench.run import FIRST, LAST, Run, Verdict
from reparam.bench.steps import Intended, Step


def negative_elbo(log_joint, law):
    """The integrand of a negative evidence lower bound: one number per draw, for the bench's ``intended``."""
    return lambda z: law.log_density(z) - log_joint(z).reshape(len(z))


def is_unbiased(loss, parameters, law=None, intended=None, *, log_joint=None, draws=None, resolution=0.1,
                replicates=LAST, first=FIRST, seconds=20.0, seed=0):
    r"""Whether the gradient that ``backward`` leaves is the gradient of an expectation.

    Parameters
    ----------
    loss : callable
        Without arguments: a training step's loss, which draws its own noise, and returns a scalar or one number per
        draw; it may call ``backward`` itself. If what is differentiated is a surrogate, return ``(surrogate, loss)``.
        With one argument: one loss per draw, ``(n, ...) -> (n,)``; draws come from ``law.rsample``. With one argument
        and no law, the argument is ``draws``.
    parameters : Module, Tensor, list, dict or optimizer
        The leaves whose gradient is judged.
    law : Distribution or callable, optional
        The law of the draws, or (better) a function that makes it from the parameters.
    intended : callable, ``(n, ...) -> (n,)``, optional
        The integrand that is meant; the reference is its mean under ``law``. Without it the bench cannot judge the
        objective, only whether the gradient belongs to the loss.
    log_joint : callable, ``(n, ...) -> (n,)``, optional
        In place of ``intended``: means the negative ELBO, ``log q(z) - log_joint(z)``.
    draws : int, optional
        Draws per replicate, where the bench draws; as many as the step takes if it can be told, else 100.
    resolution : float
        The relative bias that is aimed at: replicates are added until it would have been seen. If the budget ends
        first, a verdict may still be right as long as its ``power`` is at most five times this.
    replicates : int
        About so many at most: none is begun once noise was drawn anew ``replicates + 200`` times.
    first : int
        Of which so many at the first look, at least 8. With few a rare event may be missed.
    seconds : float
        Of processor time, after which no replicate is begun.
    seed : int
        Of all noise.

    Returns
    -------
    Verdict

    Raises
    ------
    Unusable
        A ``ValueError`` whose sentence says what cannot be used.
    """
    if (intended is not None or log_joint is not None) and law is None:
        raise Unusable("intended needs the law of its draws: give law=, a function that makes it from the parameters")
    given = Parameters(parameters, *[f for f in (loss, intended, log_joint, law) if callable(f)])
    law = None if law is None else Law(law, given)
    meant = negative_elbo(log_joint, law) if log_joint is not None else intended
    intended = None if meant is None else Intended(meant, law, draws)
    with given.borrowed(), warnings.catch_warnings(), torch.enable_grad():
        warnings.simplefilter("ignore")
        try:
            step = Step(loss, given, law, draws)
            bench = Bench(step, intended, given, seed)
            run = Run(bench, resolution, replicates, seconds, log_joint is not None, max(first, 8))
            return run.verdict()
        except Faulty as fault:
            kind, name, sentence = fault.args
            return Verdict(False, kind, name, sentence + ".")
