"""A NaN is traced to its operation and its draw."""

import torch

from reparam.bench import numerics


def test_the_first_operation_and_the_draw_are_named():
    x = torch.tensor([4.0, -1.0, 9.0], requires_grad=True)
    said = numerics.explain(lambda: x.sqrt().sum())
    assert "not finite" in said
    assert "NaN from sqrt at index [1] of shape (3,)" in said


def test_an_overflow_that_becomes_nan_names_both():
    x = torch.tensor([1.0, 200.0], requires_grad=True)
    said = numerics.explain(lambda: (x.exp() / x.exp()).sum())
    assert "infinity from exp at index [1]" in said
    assert "NaN from div" in said


def test_a_nan_of_the_slope_alone_and_one_that_was_masked():
    x = torch.tensor([0.0, 2.0], requires_grad=True)
    assert "backward pass" in numerics.explain(lambda: (x * x).sqrt().sum())
    masked = numerics.explain(lambda: torch.where(x > 1, x.sub(1).log(), x).sum())
    assert "was masked" in masked
    assert "from log at index [0]" in masked


def test_an_exception_and_a_given_nan_are_said():
    def broken():
        raise KeyError("x")

    assert "KeyError" in numerics.explain(broken)
    bad = torch.tensor([float("nan")], requires_grad=True)
    assert "was given" in numerics.explain(lambda: bad.sum())
