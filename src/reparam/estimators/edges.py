r"""The edge term of a cost that jumps across a plane, sampled on the plane with the noise of the path."""

import math

from reparam.guards import guarded, require_float, values_of
from reparam.laws.full_gaussian import drawn
from reparam.laws.gaussian import LOG_2PI, require_law


@guarded(eps="tensor n d", normal="tensor d", offset="number")
def hyperplane_edge(jump, q, normal, offset, eps):
    r"""What the path misses where a cost jumps at the plane :math:`n\cdot z=c`.

    The noise is projected onto the plane. There, with :math:`y=n\cdot z` and its density :math:`p_y`,

    .. math:: p_y(c)\;\Delta(z)\;n_i\,\partial_\phi z_i,\qquad\Delta=f_{\text{above}}-f_{\text{below}}

    Parameters
    ----------
    jump : callable, ``(n, d) -> (n,)``
        :math:`\Delta`, the cost above the plane less that below it; asked at points on the plane.
    q : DiagonalGaussian
        With parameters of shape ``(d,)``.
    normal : Tensor, shape ``(d,)``
        n, of any length but zero; it points to the side called above.
    offset : float
        c.
    eps : Tensor, shape ``(n, d)``
        Standard normal noise.

    Returns
    -------
    GradientDraws
        ``mu`` and ``log_sigma``, each ``(n, d)``, to be added to the pathwise gradient.

    Raises
    ------
    ValueError
        If ``normal`` is zero, or shapes do not fit.

    References
    ----------
    :cite:t:`lee2018reparameterization`
    """
    q, eps, _ = drawn(q, eps)
    require_law("q", q)
    normal = require_float("normal", normal, q.mu.shape).detach()
    if not (normal != 0).any():
        raise ValueError("normal must not be zero")
    across = normal * q.sigma
    width = across.norm()
    place = (offset - normal @ q.mu) / width  # of the plane, in deviations of n.z
    across = across / width
    there = eps + (place - eps @ across)[:, None] * across
    height = (-0.5 * place**2 - 0.5 * LOG_2PI).exp() / width
    if not math.isfinite(height):
        raise ValueError("normal and offset must give the plane a density, got one that is not finite")
    weight = height * values_of(jump, q.path(there), "jump").detach()
    return q.pull(weight[:, None] * normal, there)
