"""Self-sufficiency and self-consumption: by hand, and slot by slot in plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import INT64_MAX
from gridpact.market.analytics.supply import (
    across_boundary,
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


def test_across_a_boundary_by_hand():
    """A roof makes 10; 4 go out at noon, 3 come in at night: 9 used, 6 of them from the roof."""
    found = across_boundary(np.array([-4, 3]), np.array([10, 0]))
    assert [int(found.load_wh), int(found.generation_wh), int(found.matched_wh)] == [9, 10, 6]
    assert found.self_sufficiency.total_ppm == 666_667
    assert found.self_consumption.total_ppm == 600_000


def test_more_out_than_was_made_says_nothing():
    """A battery that was full before gives out 5 with 4 made: whose energy it was is not known."""
    found = across_boundary(np.array([[-5, 2], [-4, 2]]), np.array([[4, 0], [4, 0]]))
    assert found.self_sufficiency.known.tolist() == [False, True]
    assert found.self_consumption.known.tolist() == [False, True]
    assert found.load_wh.tolist() == [0, 2]


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


@given(load=ENERGY, made=ENERGY, known=KNOWN)
@settings(deadline=None, max_examples=100)
def test_without_storage_the_boundary_tells_the_same(load, made, known):
    pairs = (
        (by_member(load, made, known), across_boundary(load - made, made, known)),
        (
            of_community(load, made, known),
            across_boundary((load - made).sum(axis=0), made.sum(axis=0), known.all(axis=0)),
        ),
    )
    for direct, across in pairs:
        for name in direct.__struct_fields__:
            assert getattr(direct, name).tolist() == getattr(across, name).tolist()


@given(net=arrays(np.int64, SHAPE, elements=st.integers(-9, 9)), made=ENERGY)
@settings(deadline=None, max_examples=100)
def test_boundary_sums_whatever_storage_does(net, made):
    found = across_boundary(net, made)
    for member in range(SHAPE[0]):
        generated, went = sum(made[member].tolist()), sum(max(-each, 0) for each in net[member])
        came = sum(max(each, 0) for each in net[member])
        sums = [generated - went + came, generated, generated - went]
        expected = sums if went <= generated else [0, 0, 0]
        mine = (found.load_wh, found.generation_wh, found.matched_wh)
        assert [int(each[member]) for each in mine] == expected
        for share in (found.self_sufficiency, found.self_consumption):
            assert 0 <= share.part[member] <= share.whole[member]


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
