"""One Gaussian, five costs and their exact expectations, and the nodes of a quadrature."""

import torch

from reparam import quadrature
from reparam.chapters import elbo
from reparam.estimators import variances
from reparam.estimators.bounds import elbo_integrand
from reparam.laws.gaussian import DiagonalGaussian

MU, SIGMA, K = -0.3, 1.2, 0.7
Q = DiagonalGaussian.from_sigma([MU], [SIGMA])
MODEL = elbo.ConjugateGaussian(x=0.9, tau=1.3, s=0.7)
NODES, WEIGHTS = quadrature.normal_nodes(1, 100)
NODES = torch.from_numpy(NODES)


def joint(z):
    return MODEL.log_joint(z[:, 0])


COSTS = {
    "linear": (lambda z: z[:, 0], variances.linear(MU, SIGMA)),
    "square": (lambda z: (z[:, 0] - K) ** 2, variances.square(K, MU, SIGMA)),
    "exponential": (lambda z: torch.exp(-K * z[:, 0] ** 2), variances.exponential(K, MU, SIGMA)),
    "cosine": (lambda z: torch.cos(K * z[:, 0]), variances.cosine(K, MU, SIGMA)),
    "elbo": (elbo_integrand(joint, Q), variances.conjugate_elbo(MODEL, MU, SIGMA)),
}
