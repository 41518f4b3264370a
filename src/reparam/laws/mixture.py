"""Mixtures of one-dimensional Gaussians: density, distribution function, quantiles."""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from reparam.guards import guarded, require_finite_array


@dataclass(frozen=True)
class Mixture:
    """A mixture of Gaussians on the line.

    Parameters
    ----------
    weights, means, sigmas : tuple of float, one length
        Weights sum to one; standard deviations are positive.

    Raises
    ------
    ValueError
        If the lengths differ, the weights are no probabilities, or a standard deviation is not positive.
    """

    weights: tuple
    means: tuple
    sigmas: tuple

    def __post_init__(self):
        for name in ("weights", "means", "sigmas"):
            require_finite_array(name, getattr(self, name), 1)
        if not len(self.weights) == len(self.means) == len(self.sigmas):
            raise ValueError("weights, means and sigmas must have one length")
        if min(self.weights) <= 0 or abs(sum(self.weights) - 1) > 1e-12:
            raise ValueError(f"weights must be positive and sum to one, got {self.weights}")
        if min(self.sigmas) <= 0:
            raise ValueError(f"sigmas must be positive, got {self.sigmas}")

    def _standard(self, y):
        return (np.asarray(y)[..., None] - self.means) / self.sigmas

    @guarded
    def density(self, y):
        """Density at ``y``, of its shape."""
        bells = np.exp(-0.5 * self._standard(y) ** 2) / (np.sqrt(2 * np.pi) * np.array(self.sigmas))
        return bells @ self.weights

    @guarded
    def cdf(self, y):
        """Distribution function at ``y``, of its shape."""
        return ndtr(self._standard(y)) @ self.weights

    @guarded
    def tail(self, y):
        """Probability of more than ``y``, of its shape, with all its digits where that is small."""
        return ndtr(-self._standard(y)) @ self.weights

    @property
    @guarded
    def mean(self):
        """Mean."""
        return float(np.dot(self.weights, self.means))

    @property
    @guarded
    def variance(self):
        """Variance: within the components, plus between them."""
        spread = np.square(self.sigmas) + np.square(np.subtract(self.means, self.mean))
        return float(np.dot(self.weights, spread))

    @guarded(u="array ...", z="array ...")
    def draw(self, u, z):
        r"""Draws by the two-stage recipe: ``u`` chooses the component, ``z`` the place in it.

        Parameters
        ----------
        u, z : array, shape ``(n,)``
            Independent, uniform on [0, 1) and standard normal.

        Returns
        -------
        array, shape ``(n,)``
        """
        k = np.searchsorted(np.cumsum(self.weights)[:-1], u, side="right")
        return np.array(self.means)[k] + np.array(self.sigmas)[k] * z

    @guarded
    def transport(self, z):
        r"""The increasing map :math:`T(z)=F^{-1}(\Phi(z))` that turns standard normal noise into this law.

        The root of :math:`F(y)=\Phi(z)` lies between the smallest and the largest of the components' own
        :math:`m_k+s_kz`: bisection cannot miss it. In the upper half the equation is solved for the tails, which keeps
        all digits.

        Parameters
        ----------
        z : array, any shape

        Returns
        -------
        array, the shape of ``z``
        """
        z = np.asarray(z, dtype=np.float64)
        sign = np.where(z > 0, -1.0, 1.0)
        ends = self.means + np.multiply.outer(z, self.sigmas)
        low, high = ends.min(-1), ends.max(-1)
        for _ in range(60):
            middle = (low + high) / 2
            short = sign * (ndtr(sign[..., None] * self._standard(middle)) @ self.weights - ndtr(sign * z)) < 0
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        return (low + high) / 2
