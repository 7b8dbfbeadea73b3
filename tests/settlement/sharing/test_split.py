import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.settlement.sharing.coefficients import in_parts, realised
from gridpact.settlement.sharing.keys import (
    Claims,
    DefaultDynamic,
    FullDynamic,
    Owned,
    Static,
    share,
)
from gridpact.settlement.sharing.keys import by_producer as of_full_dynamic
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


def test_no_store_charges_another_or_itself():
    """A producer, a consumer and two batteries; one charges with all that is produced."""
    surplus, need = np.array([[1000], [0], [0], [500]]), np.array([[0], [100], [2000], [0]])
    storage = np.array([False, False, True, True])
    found = share(DefaultDynamic(), surplus, need, storage=storage)
    assert found.in_wh.ravel().tolist() == [0, 100, 1000, 0]
    assert found.out_wh.ravel().tolist() == [1000, 0, 0, 100]
    charging = np.where(storage[:, None], found.used_wh, 0)
    gifts = by_producer(found.out_wh, found.in_wh, charging_wh=charging, stores=storage)
    assert {(g, m): int(gifts[g, m, 0]) for g, m, _ in np.argwhere(gifts)} == {
        (0, 2): 1000,
        (3, 1): 100,
    }


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_discharge_meets_needs_and_charges_nothing(data, communities, coefficients, plain):
    """Under every pooled key, also with stores that charge and discharge in the same slot."""
    surplus, need = data.draw(communities)
    storage = np.array(data.draw(st.lists(st.booleans(), min_size=len(need), max_size=len(need))))
    ppm = data.draw(coefficients(surplus.shape))
    owner = data.draw(coefficients(surplus.shape, owned=True))
    for key in (DefaultDynamic(), Static(ppm), Claims(need // 2 + 1), Owned(owner)):
        found = share(key, surplus, need, storage=storage)
        charging = np.where(storage[:, None], found.used_wh, 0)
        gifts = by_producer(found.out_wh, found.in_wh, charging_wh=charging, stores=storage)
        np.testing.assert_array_equal(gifts.sum(axis=0), found.in_wh)
        np.testing.assert_array_equal(gifts.sum(axis=1), found.out_wh)
        kept = 0 if found.kept_wh is None else found.kept_wh[storage].sum(axis=0)
        assert np.all(gifts >= 0)
        assert np.all(found.out_wh <= surplus)
        # what stores own beyond their need may be of any producer: it is sold, and charges nothing
        assert np.all(gifts[storage][:, storage].sum(axis=(0, 1)) <= kept)
        for slot in range(need.shape[1]):
            given, received = found.out_wh[:, slot].tolist(), found.in_wh[:, slot].tolist()
            charged = charging[:, slot].tolist()
            expected = _matrix(plain, given, received, charged, storage.tolist())
            assert gifts[:, :, slot].tolist() == expected


def _matrix(plain, given, received, charged, storage):
    """Stores first, to all but charging; then the others, to what is left."""
    rows = range(len(given))
    matrix = [[0] * len(received) for _ in rows]
    left = [have - held for have, held in zip(received, charged, strict=True)]
    for store in (True, False):
        for row in (row for row in rows if storage[row] == store):
            matrix[row] = plain.hamilton(given[row], left)
            left = [have - gone for have, gone in zip(left, matrix[row], strict=True)]
        left = [have + held for have, held in zip(left, charged, strict=True)] if store else left
    assert not any(left)
    return matrix


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_full_dynamic_keys_give_nothing_from_store_to_store(data, communities, coefficients, plain):
    surplus, need = data.draw(communities)
    members = len(need)
    storage = np.array(data.draw(st.lists(st.booleans(), min_size=members, max_size=members)))
    producers = np.arange(members)
    ppm = np.stack([data.draw(coefficients(need.shape)) for _ in producers])
    key = FullDynamic(producers, ppm)
    found = share(key, surplus, need, storage=storage)
    gifts = of_full_dynamic(key, surplus, found.in_wh, storage=storage)
    np.testing.assert_array_equal(gifts.sum(axis=0), found.in_wh)
    np.testing.assert_array_equal(gifts.sum(axis=1), found.out_wh)
    for slot in range(need.shape[1]):
        own = [
            [0 if storage[row] and storage[to] else int(ppm[row, to, slot]) for to in producers]
            for row in producers
        ]
        energy = surplus[:, slot].tolist(), need[:, slot].tolist()
        assert gifts[:, :, slot].tolist() == plain.full(*energy, producers.tolist(), own)


def test_more_cannot_charge_than_is_produced():
    ones = np.ones((1, 1), np.int64)
    with pytest.raises(ValueError, match="more charges"):
        by_producer(ones, ones, charging_wh=ones, stores=np.array([True]))


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
