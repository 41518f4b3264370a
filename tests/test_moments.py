"""Streamed moments equal those of one big array."""

import numpy as np
import pytest

from reparam import noise
from reparam.moments import BLOCK, Moments, stream


@pytest.mark.parametrize("cuts", [(1,), (3, 400), (999,)], ids=["1+999", "3+397+600", "999+1"])
def test_merged_blocks_equal_one_array(cuts):
    x = noise.generator("test/moments").standard_exponential((1000, 2))
    whole = Moments(x)
    parts = [Moments(part) for part in np.split(x, cuts)]
    merged = sum(parts[1:], parts[0])
    assert merged.n == 1000
    np.testing.assert_allclose(merged.mean, x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(merged.variance, x.var(0, ddof=1), rtol=1e-11)
    np.testing.assert_allclose(merged.standard_error, x.std(0, ddof=1) / 1000**0.5, rtol=1e-11)
    np.testing.assert_allclose(merged.variance_standard_error, whole.variance_standard_error, rtol=1e-9)


def test_error_of_the_variance_matches_the_fourth_moment():
    # Var[(x - mean)^2] = kurtosis * var^2 - var^2
    x = noise.generator("test/kurtosis").standard_normal(5000)
    central = x - x.mean()
    expected = np.sqrt((np.mean(central**4) - np.mean(central**2) ** 2) / 5000)
    np.testing.assert_allclose(Moments(x).variance_standard_error, expected, rtol=1e-12)


def test_order_two_keeps_the_variance_alone_and_leaves_its_draws_alone():
    x = noise.generator("test/order").standard_normal((BLOCK + 5, 2))
    kept, blocks = x.copy(), iter(np.split(x, [BLOCK]))
    short = stream(lambda n: next(blocks), len(x), 1, order=2)
    np.testing.assert_allclose(short.variance, Moments(x).variance, rtol=1e-12)
    np.testing.assert_array_equal(x, kept)
    for low in (short, short + Moments(x)):
        with pytest.raises(ValueError, match="order 4"):
            _ = low.variance_standard_error
    with pytest.raises(ValueError, match="order must be 2 or 4, got 3"):
        Moments(x, order=3)


@pytest.mark.parametrize(("n", "width"), [(1, 1), (10, 3), (300_000, 1), (5, 10 * BLOCK)],
                         ids=["one", "few", "several blocks", "blocks of one"])
def test_stream_asks_for_exactly_n_draws(n, width):
    asked = []

    def draw(k):
        asked.append(k)
        return np.arange(float(k))

    assert stream(draw, n, width).n == n == sum(asked)
    assert max(asked) <= max(1, BLOCK // width)


def test_several_kinds_of_draws_keep_their_own_moments():
    x = noise.generator("test/kinds").standard_normal((BLOCK + 7, 2))
    blocks = iter(np.split(x, [BLOCK]))
    kinds = stream(lambda n: (part := next(blocks), part[:, 0] ** 2), len(x), 1)
    for moments, draws in zip(kinds, (x, x[:, 0] ** 2), strict=True):
        assert moments.n == len(x)
        np.testing.assert_allclose(moments.mean, draws.mean(0), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(moments.variance, draws.var(0, ddof=1), rtol=1e-9)


@pytest.mark.parametrize("bad", [np.empty((0, 2)), np.array([1.0, np.nan]), np.float64(3)],
                         ids=["empty", "nan", "scalar"])
def test_bad_draws_are_refused(bad):
    with pytest.raises(ValueError, match="draws must"):
        Moments(bad)


@pytest.mark.parametrize(("n", "width"), [(0, 1), (1, 0)], ids=["n", "width"])
def test_stream_refuses_nothing_to_draw(n, width):
    with pytest.raises(ValueError, match="at least 1"):
        stream(np.zeros, n, width)
