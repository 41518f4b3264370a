"""The handwritten digits, as counts, numbers and pictures."""

import numpy as np
import pytest
import torch

from reparam import digits

F64 = torch.float64


def test_digits_are_whole_grey_levels_of_ten_kinds():
    pixels, labels = digits.load()
    assert pixels.shape == (1797, 64)
    assert set(np.unique(pixels)) == set(range(17))
    assert set(labels) == set(range(10))


def test_dequantized_pixels_fill_the_unit_interval():
    actual = digits.dequantize(np.array([[0, 16]]), np.array([[0.0, 0.5]]))
    torch.testing.assert_close(actual, torch.tensor([[0.0, 16.5 / 17]], dtype=F64))


def test_mosaic_places_and_clips():
    images = torch.full((6, 64), 0.25)
    images[1], images[3] = 2.0, -1.0
    images[5, 2] = 0.75  # third pixel of the first row
    tiled = digits.mosaic(images, 3)
    assert tiled.shape == (17, 26)
    assert (tiled[:8, 9:17] == 1.0).all()
    assert (tiled[9:, :8] == 0.0).all()
    assert (tiled[8] == 0.5).all()
    assert (tiled[:, [8, 17]] == 0.5).all()
    assert tiled[9, 20] == 0.75
    assert tiled[9, 19] == 0.25


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: digits.dequantize(np.array([[17]]), np.zeros((1, 1))), "pixels"),
        (lambda: digits.dequantize(np.array([[0.5]]), np.zeros((1, 1))), "pixels"),
        (lambda: digits.dequantize(np.array([[3]]), np.ones((1, 1))), "u must"),
        (lambda: digits.dequantize(np.array([[3]]), -np.ones((1, 1))), "u must"),
        (lambda: digits.dequantize(np.array([[3]]), np.zeros((1, 2))), "u must"),
        (lambda: digits.mosaic(torch.zeros(3, 64), 2), "images must"),
        (lambda: digits.mosaic(torch.zeros(2, 63), 2), "images must"),
        (lambda: digits.mosaic(torch.zeros(64), 1), "images must"),
    ],
)
def test_bad_input_is_refused_by_name(call, word):
    with pytest.raises(ValueError, match=word):
        call()
