"""Self-sufficiency and self-consumption: by hand, and slot by slot in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.analytics.supply import (
    behind_meters,
    by_member,
    local_share,
    of_community,
)

SHAPE = (3, 5)
ENERGY = arrays(np.int64, SHAPE, elements=st.integers(0, 9))
KNOWN = arrays(bool, SHAPE)


def test_two_homes_and_a_roof_by_hand():
    """The roof's 8 at noon: 3 used below it, 4 by the neighbour, 1 goes; at night both import."""
    load, made = np.array([[3, 2], [4, 1]]), np.array([[8, 0], [0, 0]])
    alone, together = by_member(load, made), of_community(load, made)
    assert alone.matched_wh.tolist() == [3, 0]
    assert alone.self_sufficiency.ppm.tolist() == [600_000, 0]
    assert alone.self_consumption.ppm.tolist() == [375_000, 0]
    assert alone.self_consumption.known.tolist() == [True, False]
    assert int(together.matched_wh) == 7
    assert together.self_sufficiency.total_ppm == 700_000
    assert together.self_consumption.total_ppm == 875_000
    assert alone.self_consumption.total_ppm == 375_000


def test_what_is_behind_meters():
    taken, given_back, made = np.array([2, 0, 0, 5]), np.array([0, 6, 4, 1]), np.array([1, 9, 3, 0])
    assert behind_meters(taken, given_back, made).tolist() == [3, 3, 0, 4]


def test_without_load_or_generation_there_is_no_share():
    nothing = np.zeros(SHAPE, np.int64)
    for found in (by_member(nothing, nothing), of_community(nothing, nothing)):
        assert not found.self_sufficiency.known.any()
        assert found.self_consumption.total_ppm is None
    unknown = of_community(nothing + 5, nothing + 5, nothing > 0)
    assert unknown.self_sufficiency.total_ppm is None
    assert local_share(nothing, nothing).total_ppm is None


@given(load=ENERGY, made=ENERGY, known=KNOWN)
@settings(deadline=None, max_examples=150)
def test_slot_by_slot(load, made, known):
    alone, together = by_member(load, made, known), of_community(load, made, known)
    both = [0, 0, 0]
    for member in range(SHAPE[0]):
        sums = [0, 0, 0]
        for slot in range(SHAPE[1]):
            if known[member, slot]:
                here = int(load[member, slot]), int(made[member, slot])
                sums = [a + b for a, b in zip(sums, (*here, min(here)), strict=True)]
        mine = (alone.load_wh, alone.generation_wh, alone.matched_wh)
        assert [int(each[member]) for each in mine] == sums
    for slot in range(SHAPE[1]):
        if all(known[:, slot]):
            here = sum(load[:, slot].tolist()), sum(made[:, slot].tolist())
            both = [a + b for a, b in zip(both, (*here, min(here)), strict=True)]
    assert [int(e) for e in (together.load_wh, together.generation_wh, together.matched_wh)] == both


@given(load=ENERGY, made=ENERGY)
@settings(deadline=None, max_examples=100)
def test_a_community_uses_at_least_what_its_members_use_alone(load, made):
    alone, together = by_member(load, made), of_community(load, made)
    assert int(together.matched_wh) >= int(alone.matched_wh.sum())
    assert int(together.load_wh) == int(alone.load_wh.sum())
    for share in (together.self_sufficiency, together.self_consumption):
        assert np.all(share.part <= share.whole)


@given(taken=ENERGY, given_back=ENERGY, made=ENERGY)
@settings(deadline=None, max_examples=100)
def test_shares_follow_from_what_crosses_the_boundary(taken, given_back, made):
    """Self-sufficiency is 1 − import ÷ load wherever no storage exports beyond generation."""
    made = np.maximum(made, given_back - taken)
    load = behind_meters(taken, given_back, made)
    found, net = of_community(load, made), (taken - given_back).sum(axis=0)
    imported, exported = int(np.maximum(net, 0).sum()), int(np.maximum(-net, 0).sum())
    assert int(found.load_wh) - imported == int(found.matched_wh)
    assert int(found.generation_wh) - exported == int(found.matched_wh)


@given(bought=ENERGY, taken=ENERGY, known=KNOWN)
@settings(deadline=None, max_examples=100)
def test_local_share_counts_what_was_bought_and_used(bought, taken, known):
    found = local_share(bought, taken, known)
    for member in range(SHAPE[0]):
        pairs = [
            (int(bought[member, slot]), int(taken[member, slot]))
            for slot in range(SHAPE[1])
            if known[member, slot]
        ]
        assert found.part[member] == sum(min(pair) for pair in pairs)
        assert found.whole[member] == sum(withdrawn for _, withdrawn in pairs)


def test_unsound_columns_are_refused():
    nothing = np.zeros(SHAPE, np.int64)
    with pytest.raises(ValueError, match="shape"):
        by_member(nothing, nothing[:, 1:])
    with pytest.raises(ValueError, match="shape"):
        by_member(nothing, nothing, (nothing == 0)[:, 1:])
    with pytest.raises(ValueError, match="negative"):
        of_community(nothing - 1, nothing)
    assert by_member(nothing - 1, nothing, nothing > 0).load_wh.tolist() == [0, 0, 0]
    with pytest.raises(NumberOverflow):
        of_community(nothing + INT64_MAX // 2, nothing)
