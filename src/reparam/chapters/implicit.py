"""Past the source: paths of laws whose samplers have no formula, and one that is too steep to take."""

import numpy as np

from reparam import quadrature
from reparam.estimators import implicit
from reparam.guards import guarded, require_positive_array
from reparam.laws.mixture import Mixture
from reparam.teaching import figures


@guarded(weight="number", centre="number", width="number")
def bumps(weight, centre, width):
    r"""The mixture :math:`w\,N(m,s^2)+(1-w)\,N(-m,s^2)`.

    Parameters
    ----------
    weight, centre, width : float
        The numbers w, m and s.

    Returns
    -------
    Mixture
    """
    return Mixture((weight, 1 - weight), (centre, -centre), (width, width))


@guarded(weight="number", centre="number", width="number")
def weight_variances(weight, centre, width):
    r"""Exact variances of the two gradients of :math:`\mathbb E[z]` in the weight of two bumps, by quadrature.

    Parameters
    ----------
    weight, centre, width
        As in :func:`bumps`.

    Returns
    -------
    path, score : float
        One draw of :math:`\dot z`, and of the score times :math:`z-\mathbb E[z]`.

    Raises
    ------
    ValueError
        If the centre or the width is not positive, or the weight is no probability.
    """
    m, s = require_positive_array("centre", centre), require_positive_array("width", width)
    law = bumps(weight, float(m), float(s))

    def squares(z):
        centred = (z - law.mean) * implicit.weight_score(law, z)
        return law.density(z) * np.stack([implicit.weight_path(law, z) ** 2, centred**2])

    valley = s**2 / m * np.array([-30, -10, -3, 0, 3, 10, 30])  # all that is steep happens on this scale
    path, score = quadrature.integral(squares, -m - 12 * s, m + 12 * s, (-m, *valley, m), 1e-11) - 4 * m**2
    return float(path), float(score)


@guarded(weight="number", centre="number", width="number")
def weight_variances_again(weight, centre, width):
    r"""The same by other integrals: over :math:`u=zm/s^2` for the path, over each bump for the score.

    Parameters, result and errors are those of :func:`weight_variances`.
    """
    m, s = float(require_positive_array("centre", centre)), float(require_positive_array("width", width))
    law, scale = bumps(weight, m, s), s**2 / m

    def pushed(u):
        return scale * law.density(scale * u) * implicit.weight_path(law, scale * u) ** 2

    def bet(z):
        return (z - law.mean) ** 2 * implicit.weight_score(law, z)

    reach = (m + 12 * s) / scale
    path = quadrature.integral(pushed, -reach, reach, points=(-8.0, 0.0, 8.0))
    score = np.subtract(*(quadrature.expectation(bet, c, s, points=(0.0,)) for c in (m, -m)))
    return float(path - 4 * m**2), float(score - 4 * m**2)


def draw_weight(centre, weight, width, range_of_centres, variances):
    """One frame of the slider: a mixture with the speed of its path, and both variances along the separation.

    Parameters
    ----------
    centre, weight, width
        As in :func:`bumps`.
    range_of_centres : array, shape ``(k,)``
    variances : array, shape ``(k, 2)``
        :func:`weight_variances` there.

    Returns
    -------
    matplotlib Figure
    """
    figure, (left, right) = figures.panels(2, height=2.6)
    law, z = bumps(weight, centre, width), np.linspace(-5, 5, 201)
    left.plot(z, law.density(z), color=figures.MUTED)
    left.plot(z, implicit.weight_path(law, z) / 100, color=figures.BLUE)
    left.set(xlabel="z", ylim=(0, 0.6), title="density (grey), speed / 100")
    right.semilogy(range_of_centres, variances, label=["path", "score"])
    figures.name_lines(right)
    right.plot([centre] * 2, weight_variances(weight, centre, width), "o", color=figures.INK)
    right.set(xlabel="half the distance m", title="variance of one draw")
    return figure
