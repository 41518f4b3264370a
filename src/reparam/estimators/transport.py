r"""Paths as velocity fields: :math:`\nabla\cdot(q\,v)=-\partial_\theta q` has many solutions."""

import numpy as np

from reparam.guards import guarded, require_finite_array


@guarded(value="array n", slope="array n", velocity="array n", residual="array n")
def corrected_path(value, slope, velocity, residual):
    r"""Gradients along a field that need not solve the transport equation: :math:`f'(z)\,v(z)+f(z)\,\rho(z)`.

    Parameters
    ----------
    value, slope : array, shape ``(n,)``
        The cost f at the draws, perhaps less a baseline, and its slope.
    velocity, residual : array, shape ``(n,)``
        The field v and :math:`\rho=[\partial_\theta q+(qv)']/q`: with v = 0 the score, with a true path zero.

    Returns
    -------
    array, shape ``(n,)``
        One gradient per draw.

    References
    ----------
    :cite:t:`ruiz2016generalized`
    """
    return np.asarray(slope) * velocity + np.asarray(value) * residual


def _root(root):
    root = require_finite_array("root", root, axes=2)
    if root.ndim != 2 or root.shape[0] != root.shape[1] or abs(np.linalg.det(root)) < 1e-12:
        raise ValueError(f"root must be an invertible square matrix, got {root.tolist()}")
    return root


def _turn(turn):
    turn = require_finite_array("turn", turn, axes=2)
    if not np.allclose(turn, -turn.T, atol=1e-12, rtol=0):
        raise ValueError(f"turn must be antisymmetric, got {turn.tolist()}")
    return turn


@guarded(root="array d d", change="array d d", turn="array d d")
def turned_field(root, change, turn):
    r"""The field :math:`v(z)=M(z-\mu)` of :math:`z=\mu+L(\theta)\,Q(\theta)\,\epsilon` where Q is the identity.

    .. math:: M=(L'+L\,C)\,L^{-1},\qquad C=Q'\ \text{antisymmetric}

    Parameters
    ----------
    root, change : array, shape ``(d, d)``
        L, invertible, and its derivative :math:`L'` in the parameter.
    turn : array, shape ``(d, d)``
        C; with zero this is the usual path.

    Returns
    -------
    array, shape ``(d, d)``
        The matrix M.

    Raises
    ------
    ValueError
        If ``root`` is not invertible or ``turn`` not antisymmetric.

    References
    ----------
    :cite:t:`jankowiak2018pathwise`
    """
    root = _root(root)
    return np.linalg.solve(root.T, (np.asarray(change) + root @ _turn(turn)).T).T


@guarded(hessian="array d d", slope="array d", root="array d d", field="array d d")
def quadratic_moments(hessian, slope, root, field):
    r"""Exact mean and variance of :math:`\nabla f\cdot v` for a quadratic cost and a linear field.

    With :math:`\Sigma=LL^\top` and :math:`S=\frac12(AM+M^\top A)`:

    .. math:: \operatorname{tr}(S\Sigma),\qquad b^\top M\Sigma M^\top b+2\operatorname{tr}(S\Sigma S\Sigma)

    Parameters
    ----------
    hessian, slope : array, shapes ``(d, d)`` and ``(d,)``
        A, symmetric, and b of the cost :math:`\frac12(z-\mu)^\top A(z-\mu)+b^\top(z-\mu)`.
    root, field : array, shape ``(d, d)``
        L and M.

    Returns
    -------
    mean, variance : float

    Raises
    ------
    ValueError
        If ``hessian`` is not symmetric, or ``root`` not invertible.
    """
    hessian, root = np.asarray(hessian), _root(root)
    if not np.allclose(hessian, hessian.T, atol=1e-12, rtol=0):
        raise ValueError(f"hessian must be symmetric, got {hessian.tolist()}")
    both = (hessian @ field + np.transpose(field) @ hessian) / 2 @ root @ root.T
    pushed = np.asarray(slope) @ field @ root
    return float(np.trace(both)), float(pushed @ pushed + 2 * np.trace(both @ both))


@guarded(hessian="array d d", slope="array d", root="array d d", change="array d d", turn="array d d")
def best_turn(hessian, slope, root, change, turn):
    r"""The multiple of a turn with the least variance of :func:`quadratic_moments`: the vertex of a parabola.

    Parameters
    ----------
    hessian, slope, root
        As :func:`quadratic_moments`.
    change, turn : array, shape ``(d, d)``
        As :func:`turned_field`; ``turn`` is scaled by the answer.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the turn changes no gradient, so that all multiples are alike, or as :func:`turned_field`.
    """
    left, middle, right = (
        quadratic_moments(hessian, slope, root, turned_field(root, change, k * _turn(turn)))[1] for k in (-1, 0, 1)
    )
    curvature = (left + right) / 2 - middle
    if curvature <= 1e-14 * max(1.0, middle):
        raise ValueError("turn must change the gradient of this cost, got one that does not")
    return (left - right) / (4 * curvature)
