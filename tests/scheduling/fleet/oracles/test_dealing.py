"""Whole plans are dealt by weight and size."""

import numpy as np

from gridpact.base.randomness import stream
from gridpact.scheduling.fleet.dealing import deal


def test_sizes_come_near_to_weights():
    for case in range(400):
        draw = stream(3, "deal", case)
        weights = draw.random(int(draw.integers(1, 7)))
        size = draw.uniform(0.5, 3, int(draw.integers(1, 300)))
        chosen = deal(weights, size)
        given = np.bincount(chosen, weights=size, minlength=len(weights))
        off = given - weights / weights.sum() * size.sum()
        assert np.abs(off).max() <= size.max()
        if len(size) > 100:
            assert np.abs(off).max() <= 1.0 + size.min()


def test_no_weight_no_asset():
    chosen = deal(np.array([0.0, 0.25, 0.0, 0.75]), np.ones(8))
    assert np.bincount(chosen, minlength=4).tolist() == [0, 2, 0, 6]


def test_assets_of_no_size_are_dealt_too():
    assert np.bincount(deal(np.array([0.5, 0.5]), np.zeros(4))).tolist() == [2, 2]
    assert deal(np.array([1.0]), np.zeros(0)).tolist() == []


def test_the_order_of_unlike_assets_changes_nothing():
    draw = stream(3, "deal-order")
    weights, size = draw.random(4), draw.uniform(0.5, 3, 50)
    order = draw.permutation(50)
    np.testing.assert_array_equal(deal(weights, size)[order], deal(weights, size[order]))
