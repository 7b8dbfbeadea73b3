from fractions import Fraction
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.settlement.allocation import default_dynamic, static
from gridpact.settlement.residual import residual
from gridpact.settlement.sharing import blocks
from gridpact.settlement.sharing.keys import (
    Claims,
    DefaultDynamic,
    FullDynamic,
    Owned,
    Static,
    by_producer,
    share,
)


def holds(surplus, need, found):
    """What is allocated and what is left is what was produced, to the Wh, in every slot."""
    rest = residual(surplus, need, found)
    kept = 0 if found.kept_wh is None else found.kept_wh
    left = surplus - found.out_wh
    np.testing.assert_array_equal(found.in_wh.sum(axis=0), (surplus - left).sum(axis=0))
    np.testing.assert_array_equal(rest.supplier_out_wh, left + kept)
    np.testing.assert_array_equal(rest.supplier_in_wh, need - found.used_wh)
    assert np.all((found.used_wh >= 0) & (found.used_wh <= need))
    assert np.all((found.out_wh >= 0) & (found.out_wh <= surplus))


def columns(array):
    return [array[:, slot].tolist() for slot in range(array.shape[1])]


def same(found, oracle, surplus, need, *more):
    """Compare with the second working, slot by slot."""
    for slot, args in enumerate(
        zip(columns(surplus), columns(need), *map(columns, more), strict=True)
    ):
        received, given_ = oracle(*args)
        assert found.in_wh[:, slot].tolist() == received
        assert found.out_wh[:, slot].tolist() == given_


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_default_dynamic_and_claims(data, communities, plain):
    surplus, need = data.draw(communities)
    claim = need[::-1] // 2
    same(share(DefaultDynamic(), surplus, need), plain.dynamic, surplus, need, need)
    found = share(Claims(claim), surplus, need)
    same(found, plain.dynamic, surplus, need, claim)
    holds(surplus, need, found)
    assert np.all(found.in_wh <= claim)


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_static_and_simple_dynamic(data, communities, coefficients, plain):
    surplus, need = data.draw(communities)
    ppm = data.draw(coefficients(surplus.shape))
    found = share(Static(ppm), surplus, need)
    same(found, plain.fixed, surplus, need, ppm)
    holds(surplus, need, found)
    constant = np.repeat(ppm[:, :1], surplus.shape[1], axis=1)
    np.testing.assert_array_equal(
        share(Static(ppm[:, 0]), surplus, need).in_wh, share(Static(constant), surplus, need).in_wh
    )


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_owners_have_all_of_it(data, communities, coefficients, plain):
    surplus, need = data.draw(communities)
    ppm = data.draw(coefficients(surplus.shape, owned=True))
    found = share(Owned(ppm), surplus, need)
    same(found, plain.owned, surplus, need, ppm)
    holds(surplus, need, found)
    np.testing.assert_array_equal(found.in_wh.sum(axis=0), surplus.sum(axis=0))
    np.testing.assert_array_equal(found.kept_wh, np.maximum(found.in_wh - need, 0))


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_full_dynamic(data, communities, coefficients, plain):
    surplus, need = data.draw(communities)
    producers = np.flatnonzero(surplus.any(axis=1))
    ppm = np.stack([data.draw(coefficients(surplus.shape)) for _ in producers] or [surplus])
    key = FullDynamic(producers, ppm[: len(producers)])
    found, gifts = share(key, surplus, need), by_producer(key, surplus, need)
    holds(surplus, need, found)
    for slot in range(surplus.shape[1]):
        expected = plain.full(
            surplus[:, slot].tolist(),
            need[:, slot].tolist(),
            producers.tolist(),
            [each[:, slot].tolist() for each in key.ppm],
        )
        assert gifts[:, :, slot].tolist() == expected
    np.testing.assert_array_equal(gifts.sum(axis=0), found.in_wh)
    np.testing.assert_array_equal(gifts.sum(axis=1), found.out_wh[producers])


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_rounding_is_within_a_wh_of_the_exact_entitlement(data, communities, coefficients):
    """Largest remainder divides each producer's energy: less than one Wh off for each of them."""
    surplus, need = data.draw(communities)
    producers = np.flatnonzero(surplus.any(axis=1))
    ppm = np.stack([data.draw(coefficients(surplus.shape)) for _ in producers] or [surplus])
    entitled = [
        surplus[row].astype(object) * own.astype(object) * Fraction(1, 10**6)
        for row, own in zip(producers.tolist(), ppm, strict=False)
    ]
    exact = np.minimum(sum(entitled, start=need * Fraction(0)), need.astype(object))
    found = share(FullDynamic(producers, ppm[: len(producers)]), surplus, need)
    off = np.abs(found.in_wh.astype(object) - exact)
    assert np.all(off < np.maximum(len(producers), 1))
    pooled = data.draw(coefficients(surplus.shape))
    whole = surplus.sum(axis=0).astype(object) * pooled.astype(object) * Fraction(1, 10**6)
    exact = np.minimum(whole, need.astype(object))
    assert np.all(np.abs(share(Static(pooled), surplus, need).in_wh.astype(object) - exact) < 1)


def test_full_dynamic_with_one_coefficient_for_all_producers_is_not_far_from_the_pooled_key():
    surplus, need = np.array([[900], [600], [0]]), np.array([[0], [0], [2000]])
    ppm = np.array([[[0], [0], [500_000]]] * 2)
    found = share(FullDynamic(np.array([0, 1]), ppm), surplus, need)
    assert found.in_wh.ravel().tolist() == [0, 0, 750]
    assert found.out_wh.ravel().tolist() == [450, 300, 0]


@given(data=st.data(), line=st.integers(1, 4), cells=st.integers(1, 40), part=st.integers(1, 20))
@settings(deadline=None, max_examples=120)
def test_blocks_of_any_size_and_layout_give_the_same(
    data, line, cells, part, communities, coefficients
):
    surplus, need = data.draw(communities)
    ppm = data.draw(coefficients(surplus.shape, owned=True))
    storage = np.arange(len(need)) % 3 == 1
    keys = [DefaultDynamic(), Static(ppm), Static(ppm[:, 0]), Owned(ppm), Owned(ppm[:, 0])]
    rows = np.arange(min(len(need), 2))
    keys += [Claims(need // 2), FullDynamic(rows, np.stack([ppm, ppm[::-1]])[: len(rows)])]
    sizes = {"LINE": line, "PART": part, "TILE": 2, "MANY": data.draw(st.sampled_from([1, 99]))}
    for key in keys:
        whole = share(key, surplus, need, storage=storage)
        with patch.multiple(blocks, WIDE=0, **sizes):
            pieces = share(key, surplus, need, storage=storage, cells=cells)
        assert pieces.in_wh.flags.c_contiguous
        assert (pieces.kept_wh is None) == (whole.kept_wh is None)
        np.testing.assert_array_equal(whole.in_wh, pieces.in_wh)
        np.testing.assert_array_equal(whole.out_wh, pieces.out_wh)
        np.testing.assert_array_equal(whole.used_wh, pieces.used_wh)


def test_thousands_of_members_share_as_a_second_working_says(plain):
    """Sizes at which members lie side by side and the order is found by a sample."""
    draw, members, slots = stream(7, "test"), 3_500, 6
    need, surplus = draw.integers(0, 900, (2, members, slots))
    surplus[draw.permutation(members) % 5 > 0] = 0
    surplus[:, 3:5], need[1:, 5] = 0, 450  # by night, and nearly all alike
    ppm = draw.multinomial(1_000_000, draw.dirichlet(np.ones(members)), slots).T.copy()
    same(share(DefaultDynamic(), surplus, need), plain.dynamic, surplus, need, need)
    same(share(Static(ppm), surplus, need), plain.fixed, surplus, need, ppm)
    same(share(Owned(ppm), surplus, need), plain.owned, surplus, need, ppm)


@given(data=st.data())
@settings(deadline=None, max_examples=100)
def test_the_first_two_keys_are_what_they_were(data, communities, coefficients):
    surplus, need = data.draw(communities)
    ppm = data.draw(coefficients(surplus.shape))[:, 0]
    old = [default_dynamic(surplus, need), static(surplus, need, ppm)]
    for key, before in zip((DefaultDynamic(), Static(ppm)), old, strict=True):
        found = share(key, surplus, need)
        np.testing.assert_array_equal(found.in_wh, before.in_wh)
        np.testing.assert_array_equal(found.out_wh, before.out_wh)


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_storage_keeps_both_bounds_of_the_statute(data, communities, coefficients):
    surplus, need = data.draw(communities)
    storage = np.array(data.draw(st.lists(st.booleans(), min_size=len(need), max_size=len(need))))
    ppm = data.draw(coefficients(surplus.shape))
    owner = data.draw(coefficients(surplus.shape, owned=True))
    produced, discharged = surplus[~storage].sum(axis=0), surplus[storage].sum(axis=0)
    for key in (DefaultDynamic(), Static(ppm), Claims(need // 2 + 1), Owned(owner)):
        found = share(key, surplus, need, storage=storage)
        charging, rest = found.used_wh[storage].sum(axis=0), found.used_wh[~storage].sum(axis=0)
        assert np.all(charging <= produced)
        assert np.all(charging + rest <= produced + discharged)
        holds(surplus, need, found)


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_stores_take_part_pro_rata_to_their_whole_need(data, communities, plain):
    """Several stores and an independent working: only where the bound binds it is otherwise."""
    surplus, need = data.draw(communities)
    storage = np.array(data.draw(st.lists(st.booleans(), min_size=len(need), max_size=len(need))))
    claim = need[::-1] // 2
    for key, claims in ((DefaultDynamic(), need), (Claims(claim), np.minimum(claim, need))):
        found = share(key, surplus, need, storage=storage)
        for slot in range(need.shape[1]):
            expected = plain.with_stores(
                surplus[:, slot].tolist(), claims[:, slot].tolist(), storage.tolist()
            )
            assert (found.in_wh[:, slot].tolist(), found.out_wh[:, slot].tolist()) == expected


def test_two_batteries_and_a_consumer_share_pro_rata_to_need():
    """745 and 340 Wh needed of 21 produced: 21 × 745 ÷ 1085 = 14.4, 21 × 340 ÷ 1085 = 6.6."""
    surplus = np.array([[21, 30], [0, 0], [0, 0], [0, 900]])
    need = np.array([[0, 0], [745, 50], [340, 400], [0, 0]])
    storage = np.array([False, False, True, True])
    found = share(DefaultDynamic(), surplus, need, storage=storage)
    # in the second slot 930 Wh would charge with 400; 30 are produced, and 900 discharged
    assert found.in_wh.tolist() == [[0, 0], [14, 50], [7, 30], [0, 0]]


def test_batteries_that_a_key_gives_more_than_is_produced_share_the_production():
    surplus, need = np.array([[90], [0], [0], [300]]), np.array([[0], [200], [200], [0]])
    storage = np.array([False, True, True, True])
    ppm = np.array([0, 500_000, 250_000, 0])
    found = share(Static(ppm), surplus, need, storage=storage)
    assert found.in_wh.tolist() == [[0], [60], [30], [0]]  # 195 and 98 Wh by the key
    owned = share(Owned(np.array([0, 500_000, 250_000, 250_000])), surplus, need, storage=storage)
    assert owned.used_wh.tolist() == [[0], [60], [30], [0]]
    assert owned.in_wh.tolist() == [[0], [195], [98], [97]]
    one = FullDynamic(np.array([0, 3]), np.repeat(ppm[None, :, None], 2, axis=0))
    # each producer's own coefficients say what it gives: here 45 and 22.5 Wh of 90
    assert share(one, surplus, need, storage=storage).in_wh.tolist() == [[0], [45], [23], [0]]


def test_a_store_charges_by_day_and_serves_by_night():
    surplus, need = (
        np.array([[900, 0], [0, 400], [0, 0]]),
        np.array([[0, 0], [500, 0], [300, 1000]]),
    )
    found = share(DefaultDynamic(), surplus, need, storage=np.array([False, True, False]))
    assert found.in_wh.tolist() == [[0, 0], [500, 0], [300, 400]]
    assert found.out_wh.tolist() == [[800, 0], [0, 400], [0, 0]]


def test_what_is_discharged_does_not_charge():
    surplus, need = np.array([[0], [500], [0]]), np.array([[0], [0], [400]])
    everybody, two = np.array([False, True, False]), np.array([False, True, True])
    assert share(DefaultDynamic(), surplus, need, storage=everybody).in_wh.sum() == 400
    assert share(DefaultDynamic(), surplus, need, storage=two).in_wh.sum() == 0


ENERGY = np.array([[5, 5], [0, 0]])
BAD = [
    (Static(np.array([1, 2, 3])), "are not of"),
    (Static(np.array([-1, 2])), "non-negative"),
    (Static(np.array([[600_000, 1], [600_000, 1]])), "at most 1,000,000"),
    (Owned(np.array([600_000, 399_999])), "exactly 1,000,000"),
    (Owned(np.array([1_000_001, -1])), "non-negative"),
    (Claims(np.array([[1], [1]])), "claims"),
    (FullDynamic(np.array([0]), np.zeros((2, 2, 2), np.int64)), "are not of"),
    (FullDynamic(np.array([0]), np.full((1, 2, 2), 500_001)), "at most 1,000,000"),
]


@pytest.mark.parametrize(("key", "words"), BAD)
def test_unsound_keys(key, words):
    with pytest.raises(ValueError, match=words):
        share(key, ENERGY, ENERGY)


def test_unsound_energy():
    with pytest.raises(ValueError, match="differ in shape"):
        share(DefaultDynamic(), ENERGY, ENERGY[:1])
    with pytest.raises(ValueError, match="negative"):
        share(DefaultDynamic(), ENERGY, -ENERGY)


def test_nobody_and_no_slots():
    for shape in ((0, 4), (3, 0)):
        nothing = np.zeros(shape, np.int64)
        assert share(DefaultDynamic(), nothing, nothing).in_wh.shape == shape
