"""Bounds narrow with age, never beyond physics, and never so that a need is missed for it."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.scheduling.operation.margins import DRIFT, margin_wh, widened
from gridpact.scheduling.operation.model import resting
from gridpact.scheduling.problem import StorageColumns


def storage_of(draw):
    slots = draw(st.integers(1, 8))
    size = draw(st.integers(1, 400))

    def row(low, high):
        return np.array([draw(st.lists(st.integers(low, high), min_size=slots, max_size=slots))])

    lo = row(0, size)
    hi = np.maximum(lo, row(0, size))
    return StorageColumns(
        home=np.array([0]),
        initial_wh=np.array([draw(st.integers(0, size))]),
        charge_max_wh=row(0, 200),
        discharge_max_wh=row(0, 200),
        lo_wh=lo,
        hi_wh=hi,
        draw_wh=row(0, 40),
        efficiency_in=np.array([draw(st.sampled_from([1.0, 0.9]))]),
        efficiency_out=np.array([draw(st.sampled_from([1.0, 0.9]))]),
        kept=np.array([draw(st.sampled_from([1.0, 0.99]))]),
    )


def shortfall(storage):
    """Least sum of misses of both bounds, by a linear programme of its own."""
    from scipy.optimize import linprog

    slots = storage.lo_wh.shape[1]
    c, d, s, under, over = (np.arange(slots) + place * slots for place in range(5))
    rows = np.zeros((slots, 5 * slots))
    right = -storage.draw_wh[0].astype(float)
    for slot in range(slots):
        rows[slot, s[slot]] = 1
        rows[slot, c[slot]] = -storage.efficiency_in[0]
        rows[slot, d[slot]] = 1 / storage.efficiency_out[0]
        if slot:
            rows[slot, s[slot - 1]] = -storage.kept[0]
        else:
            right[0] += storage.kept[0] * storage.initial_wh[0]
    above, below = np.zeros((2, slots, 5 * slots))
    above[np.arange(slots), s], above[np.arange(slots), over] = 1, -1
    below[np.arange(slots), s], below[np.arange(slots), under] = -1, -1
    bounds = [(0, most) for most in storage.charge_max_wh[0]]
    bounds += [(0, most) for most in storage.discharge_max_wh[0]]
    bounds += [(None, None)] * slots + [(0, None)] * 2 * slots
    cost = np.zeros(5 * slots)
    cost[under], cost[over] = 1, 1
    found = linprog(
        cost,
        np.vstack([above, below]),
        np.concatenate([storage.hi_wh[0], -storage.lo_wh[0]]).astype(float),
        rows,
        right,
        bounds,
    )
    assert found.status == 0
    return found.fun


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_margin_misses_no_need_that_could_be_met(data):
    storage = storage_of(data.draw)
    margin = np.array([data.draw(st.integers(1, 500))])
    narrow = widened(storage, margin)
    assert (narrow.lo_wh >= storage.lo_wh).all()
    assert (narrow.hi_wh <= storage.hi_wh).all()
    assert (narrow.lo_wh <= narrow.hi_wh).all()
    assert (narrow.lo_wh - storage.lo_wh <= margin).all()
    assert (storage.hi_wh - narrow.hi_wh <= margin).all()
    if shortfall(storage) < 1e-6:
        # bounds are whole Wh, so a path that leans on one may miss it by less than one
        assert shortfall(narrow) < 1.0 * storage.lo_wh.shape[1]


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_larger_margin_asks_for_no_less(data):
    storage = storage_of(data.draw)
    small, large = sorted(data.draw(st.lists(st.integers(1, 300), min_size=2, max_size=2)))
    one, other = (widened(storage, np.array([by])) for by in (small, large))
    assert (other.lo_wh >= one.lo_wh).all()


def test_room_on_both_sides_is_narrowed_by_the_whole_margin():
    steady = np.full((1, 6), 1000)
    storage = StorageColumns(
        home=np.array([0]),
        initial_wh=np.array([5000]),
        charge_max_wh=steady,
        discharge_max_wh=steady,
        lo_wh=steady,
        hi_wh=steady * 9,
        draw_wh=steady * 0,
        efficiency_in=np.ones(1),
        efficiency_out=np.ones(1),
        kept=np.ones(1),
    )
    narrow = widened(storage, np.array([700]))
    assert narrow.lo_wh.tolist() == [[1700] * 6]
    assert narrow.hi_wh.tolist() == [[8300] * 6]
    assert widened(storage, np.array([0])) is storage


@pytest.fixture
def aged(community_of, rules_of):
    rules = rules_of(stale_s=1800)
    community = community_of(rules)

    def margins(*ages_s):
        operation = msgspec.structs.replace(resting(3), seen_at=10_000 - np.array(ages_s))
        return margin_wh(community, operation, rules, 10_000)

    return margins


def test_margins_grow_with_age_and_power(aged):
    """A tenth of 4, 8 and 2 kW in each hour."""
    assert aged(3600, 3600, 7200).tolist() == [400, 800, 400]
    assert aged(5400, 3600, 7200).tolist() == [600, 800, 400]
    assert DRIFT == 0.1


def test_what_was_heard_of_lately_has_none(aged):
    assert aged(0, 1800, 1801).tolist() == [0, 0, int(np.ceil(0.1 * 2000 * 1801 / 3600))]


def test_no_margin_is_larger_than_what_is_stored_at_most(aged):
    assert aged(10**7, 10**7, 10**7).tolist() == [8000, 40_000, 4000]
