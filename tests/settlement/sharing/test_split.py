import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.settlement.sharing.coefficients import in_parts, realised
from gridpact.settlement.sharing.keys import DefaultDynamic, Static, share
from gridpact.settlement.sharing.split import SPLITS, by_producer, given_by


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_every_split_gives_what_is_shared(data, communities, plain):
    surplus, need = data.draw(communities)
    found = share(DefaultDynamic(), surplus, need)
    shared = found.in_wh.sum(axis=0)
    for rule in SPLITS:
        out = given_by(rule, shared, surplus)
        np.testing.assert_array_equal(out.sum(axis=0), shared)
        assert np.all((out >= 0) & (out <= surplus))
        gifts = by_producer(out, found.in_wh)
        assert np.all(gifts >= 0)
        np.testing.assert_array_equal(gifts.sum(axis=0), found.in_wh)
        np.testing.assert_array_equal(gifts.sum(axis=1), out)
    np.testing.assert_array_equal(given_by("pro-rata", shared, surplus), found.out_wh)
    for slot in range(surplus.shape[1]):
        left, column = found.in_wh[:, slot].tolist(), gifts[:, :, slot]
        for row, total in enumerate(out[:, slot].tolist()):
            part = plain.hamilton(total, left)
            assert column[row].tolist() == part
            left = [have - gone for have, gone in zip(left, part, strict=True)]


def test_in_order():
    surplus = np.array([[300], [100], [200]])
    assert given_by("in-order", np.array([350]), surplus).ravel().tolist() == [300, 50, 0]
    order = np.array([2, 1, 0])
    assert given_by("in-order", np.array([350]), surplus, order).ravel().tolist() == [50, 100, 200]


def test_unsound_splits():
    with pytest.raises(ValueError, match="no split 'fair'"):
        given_by("fair", np.array([1]), np.array([[1]]))
    with pytest.raises(ValueError, match="more or less"):
        by_producer(np.array([[1]]), np.array([[2]]))


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_coefficients_that_come_of_it_give_it_again_but_for_the_last_wh(data, communities):
    surplus, need = data.draw(communities)
    found = share(DefaultDynamic(), surplus, need)
    produced = surplus.sum(axis=0)
    ppm = realised(found.in_wh, produced)
    assert np.all(ppm.sum(axis=0) <= 1_000_000)
    full = (produced > 0) & (produced == found.in_wh.sum(axis=0))
    assert np.all(ppm.sum(axis=0)[full] == 1_000_000)
    again = share(Static(ppm), surplus, need)
    assert np.abs(again.in_wh - found.in_wh).max(initial=0) <= 1 + produced.max(initial=0) // 10**6


def test_remainders_go_by_millionths():
    ones = np.ones(3, np.int64)
    assert in_parts(ones, 6).tolist() == [333_334, 333_333, 333_333]
    assert in_parts(ones, 4).tolist() == [333_400, 333_300, 333_300]
    assert in_parts(np.array([5, 0, 3]), 6).tolist() == [625_000, 0, 375_000]
    with pytest.raises(ValueError, match="weight above zero"):
        in_parts(np.zeros(2, np.int64), 6)
    with pytest.raises(ValueError, match="1 to 6"):
        in_parts(ones, 7)
