"""What is refused, by name."""

import numpy as np
import pytest
import torch

from reparam import guards
from reparam.laws.gaussian import DiagonalGaussian

Q = DiagonalGaussian.from_sigma([0.0, 0.0], [1.0, 1.0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: guards.require_float("eps", torch.arange(3)), "eps must be a floating-point tensor, got torch.int64"),
        (lambda: guards.require_float("eps", 3.0), "eps must be a floating-point tensor, got float"),
        (lambda: guards.require_float("eps", torch.tensor([0.0, float("inf")])), "eps must be finite"),
        (lambda: guards.require_finite_array("x", [np.nan]), "x must be finite"),
        (lambda: guards.require_finite_array("x", 3.0, 1), "x must have at least 1 axes"),
        (lambda: guards.require_positive_array("tau", [1.0, 0.0]), "tau must be positive"),
        (lambda: guards.require_finite(a=1.0, b=[0.0, np.inf]), "b must be finite"),
        (lambda: guards.require_positive(a=1.0, tau=np.nan), "tau must be positive, got nan"),
        (lambda: guards.require_positive(tau=torch.tensor([1.0, 0.0], requires_grad=True)), "tau must be positive"),
        (lambda: guards.require_groups(torch.zeros(4, 1, 2), Q), r"eps must have shape \(n, k >= 2, 2\)"),
        (lambda: guards.require_groups(torch.zeros(4, 2, 2), Q, rows=3), r"eps must have shape \(n, 3, 2\)"),
    ],
    ids=["integer", "number", "infinite", "NaN", "scalar", "zero", "infinite array", "not a number",
         "zero tensor", "one row", "rows"],
)
def test_bad_input_is_refused_by_name(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_good_input_passes_unchanged():
    x = torch.zeros(4, 3, 2)
    assert guards.require_float("x", x) is x
    assert guards.require_groups(x, Q, rows=3) == (4, 3, 2)
