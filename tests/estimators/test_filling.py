"""Noise that fills its space: one point where there should be one."""

import numpy as np
import pytest

from reparam import noise
from reparam.estimators import filling


def uniform(place, *shape):
    return noise.generator(place).uniform(size=shape)


def coins(place, copies, d, m):
    return noise.generator(place).integers(2, size=(copies, d, filling.BITS, m + 1))


def test_strata_by_hand():
    np.testing.assert_allclose(filling.strata([0.5, 0.2]), [0.25, 0.6])
    assert filling.strata([0.3]) == [0.3]
    assert filling.as_normal(0.5) == 0
    assert filling.sobol_digits(0, 3).shape == (3, 0, 1)  # a single point has no digits


def test_every_axis_of_a_latin_hypercube_is_stratified():
    u = filling.latin_hypercube(uniform("test/latin", 5, 7, 3), uniform("test/shuffle", 5, 7, 3))
    cells = np.sort(np.floor(7 * u), axis=1)
    assert (cells == np.arange(7)[:, None]).all()
    assert not (np.diff(u, axis=1) > 0).all()


def test_a_latin_hypercube_by_hand():
    # ranks of w down each axis: (1, 0) and (0, 1)
    u = filling.latin_hypercube([[0.5, 0.5], [0.5, 0.5]], [[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(u, [[0.75, 0.25], [0.25, 0.75]])


@pytest.mark.parametrize(("wide", "high"), [(16, 1), (8, 2), (4, 4), (1, 16)])
def test_scrambled_nets_fill_boxes_of_every_shape(wide, high):
    net = filling.scrambled_net(filling.sobol_digits(4, 2), coins("test/net", 20, 2, 4))
    boxes = np.floor(net[..., 0] * wide) * high + np.floor(net[..., 1] * high)
    assert (np.sort(boxes, axis=1) == np.arange(16)).all()


def test_without_a_scramble_a_net_is_sobols_sequence():
    net = filling.scrambled_net(filling.sobol_digits(2, 2), np.zeros((2, filling.BITS, 3)))
    np.testing.assert_allclose(net, [[0, 0], [0.5, 0.5], [0.75, 0.25], [0.25, 0.75]], atol=1e-9)
    assert (net > 0).all()


def test_each_point_of_a_net_is_uniform():
    net = filling.scrambled_net(filling.sobol_digits(2, 1), coins("test/uniform", 40_000, 1, 2))
    third = net[:, 3, 0]
    assert abs(third.mean() - 0.5) < 6 / np.sqrt(12 * 40_000)
    assert abs(((third - 0.5) ** 2).mean() - 1 / 12) < 6 / np.sqrt(180 * 40_000)


def test_normal_noise():
    np.testing.assert_allclose(filling.as_normal([0.5, 0.8413447460685429]), [0, 1], atol=1e-12)


@pytest.mark.parametrize(("call", "word"), [
    (lambda: filling.strata([0.0, 0.5]), "v must"),
    (lambda: filling.latin_hypercube(np.full((2, 2), 0.5), np.full((3, 2), 0.5)), "v .*w"),
    (lambda: filling.as_normal([1.0]), "u must"),
    (lambda: filling.sobol_digits(17, 1), "m must"),
    (lambda: filling.sobol_digits(2, 0), "d must"),
    (lambda: filling.scrambled_net(np.zeros((1, 2, 4)), np.zeros((1, 3, 3))), "coins must"),
    (lambda: filling.scrambled_net(np.zeros((1, 2, 8)), np.zeros((1, filling.BITS, 3))), "digits must"),
    (lambda: filling.scrambled_net(np.full((1, 2, 4), 0.5), np.zeros((1, filling.BITS, 3))), "digits must"),
], ids=["edge", "sizes", "one", "points", "axes", "coins", "number", "digits"])
def test_bad_input_is_refused(call, word):
    with pytest.raises(ValueError, match=word):
        call()
