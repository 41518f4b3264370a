"""What a reader's function returned, read as numbers."""

import numpy as np
import pytest
import torch

from reparam.teaching import answers


def pair(a, e):
    return [np.asarray(a, dtype=np.float64)], [np.asarray(e, dtype=np.float64)]


@pytest.mark.parametrize(("value", "single"), [
    (0.1, False), (np.float32(0.1), True), (float(np.float32(0.1)), True), (torch.tensor(0.1), True),
    (torch.tensor(0.1, dtype=torch.float64), False), (torch.tensor(0.1, dtype=torch.bfloat16), True), (3, True),
], ids=str)
def test_single_precision_is_recognised_also_after_it_was_made_a_float(value, single):
    arrays, found = answers.numbers(value)
    assert found is single
    assert arrays[0].dtype == np.float64


def test_tensors_that_want_gradients_or_are_views_are_read():
    tensor = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    assert answers.numbers((tensor, 3))[0][0].tolist() == [1.0, 2.0]
    assert answers.numbers(torch.tensor([1 + 2j], dtype=torch.complex128).conj().imag)[0][0].tolist() == [-2.0]


@pytest.mark.parametrize("value", [None, ..., "0.3", b"1", {}, {1}, abs, 1j, [1, "a"], object()],
                         ids=lambda value: type(value).__name__)
def test_what_is_no_number_gets_a_sentence(value):
    with pytest.raises(answers.Unreadable, match="your function returned"):
        answers.numbers(value)


@pytest.mark.parametrize(("value", "shapes"), [
    ([1.0, 2.0], [(2,)]), ([[1, 2], [3, 4]], [(2, 2)]), (np.array([5.0]), [(1,)]), ([5.0], [(1,)]),
], ids=["list", "rows", "array", "one"])
def test_lists_are_arrays_where_one_array_is_asked_for(value, shapes):
    want = [np.zeros(shape) for shape in shapes]
    assert [a.shape for a in answers.aligned(answers.numbers(value)[0], want)] == shapes


def test_an_array_is_a_tuple_of_numbers_where_several_are_asked_for():
    assert answers.aligned([np.array([1.0, 2.0])], [np.array(0.0), np.array(0.0)]) == [1.0, 2.0]


@pytest.mark.parametrize(("got", "want", "words"), [
    (1.0, 2.0, "1 where 2 is right"),
    (0.8000281, 0.80002811, "0.8000281 where 0.80002811 is right, nearly"),
    ([1.0, 5.0], [1.0, 2.0], "5 where 2 is right at index 1"),
    ([1.0, np.nan], [1.0, 2.0], "NaN or infinity where 2 is right"),
    (np.zeros((2, 3)), np.zeros((3, 2)), "transposed"),
    (np.zeros((3, 1)), np.zeros(3), "the same numbers in other axes"),
    (0.0, np.zeros(3), "one number where the shape (3,) is asked for: a sum or mean too many"),
    (np.zeros((2, 3)), np.zeros(3), "a sum or mean too few"),
    (np.zeros(2), np.zeros(3), "over the wrong axis"),
], ids=["number", "digits", "index", "nan", "transposed", "column", "sum", "more", "axis"])
def test_a_difference_is_told_with_its_place_and_enough_digits(got, want, words):
    assert words in answers.difference(*pair(got, want), 1e-9)


@pytest.mark.parametrize(("got", "want"), [(np.inf, np.inf), ([], []), (100.09, 100.0)], ids=str)
def test_what_agrees_has_no_difference(got, want):
    assert answers.difference(*pair(got, want), 1e-3) is None


def test_arguments_are_shown_as_one_types_them():
    args = (0.7, np.array([1.0, -0.25]), np.zeros((40, 3)), np.sin, lambda z: z, torch.tensor(2.5))
    assert answers.shown(["a", "b", "c", "d", "e", "f"], args) == (
        "a = 0.7, b = [1, -0.25], c = an array of shape (40, 3), d = sin, e = a function, f = 2.5")
