"""Gradient estimators, a file per family: ``(cost, q, eps) -> GradientDraws``, with its exact variances beside it."""

from reparam.estimators.bounds import (
    analytic_entropy,
    analytic_kl,
    controlled,
    elbo_gradient,
    elbo_integrand,
    path_derivative,
    score_and_total,
    total_derivative,
)
from reparam.estimators.measures import measure_valued
from reparam.estimators.slopes import pathwise
from reparam.estimators.values import (
    leave_one_out,
    mean_baseline,
    optimal_baseline,
    score_function,
    score_with_baseline,
)

__all__ = [
    "analytic_entropy",
    "analytic_kl",
    "controlled",
    "elbo_gradient",
    "elbo_integrand",
    "leave_one_out",
    "mean_baseline",
    "measure_valued",
    "optimal_baseline",
    "path_derivative",
    "pathwise",
    "score_and_total",
    "score_function",
    "score_with_baseline",
    "total_derivative",
]
