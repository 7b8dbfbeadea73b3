"""Requests divided: exact sums, order and fairness, against a plain version in whole numbers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.scheduling.activation.columns import Direction
from gridpact.scheduling.activation.split import (
    Call,
    Rule,
    activate,
    headroom,
    split,
    within_limits,
)

UP, DOWN = Direction.UP, Direction.DOWN
EITHER = st.sampled_from([UP, DOWN])
ROW = st.tuples(
    *(st.integers(*span) for span in ((-40, 40), (0, 30), (0, 30), (0, 20), (0, 20))),
    *(st.integers(*span) for span in ((-3, 4), (-3, 4), (0, 2), (0, 4))),
)
ROWS = st.lists(ROW, min_size=1, max_size=12)


def keys_of(assets, direction):
    return list(zip(assets.priority.tolist(), assets.cost(direction).tolist(), strict=True))


def check(found, room, keys, amount, rule):
    """What must hold of every split, whoever made it."""
    gave = found.given_w
    assert gave.dtype == np.int64
    assert ((gave >= 0) & (gave <= room)).all()
    assert gave.sum() == min(amount, room.sum())
    assert found.missing_w == amount - gave.sum()
    if rule is Rule.PRO_RATA:
        exact = gave.sum() * room / max(room.sum(), 1)
        assert (np.abs(gave - exact) < 1).all()
        return
    for one, key in enumerate(keys):
        if gave[one] > 0:  # whoever is before gave all it had
            earlier = np.array([other < key for other in keys])
            assert (gave[earlier] == room[earlier]).all()


@settings(deadline=None, max_examples=150)
@given(ROWS, EITHER, st.integers(1, 7200))
def test_headroom_is_bounded_by_power_and_energy(plain, rows, direction, sustained):
    assets = plain.assets(rows)
    room = headroom(assets, direction, sustained)
    assert room.tolist() == plain.room(assets, direction, sustained)
    assert (room * sustained <= assets.energy_wh(direction) * 3600).all()


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**12), st.integers(1, 10**6), st.integers(-1, 1))
def test_headroom_of_large_energies_is_exact_to_the_watt(plain, energy, sustained, off):
    energy = min(max(energy // 3600 * sustained // 3600 + off, 0), 10**12)  # next to whole powers
    assets = plain.assets([(0, 2 * 10**10, 0, energy, 0, 0, 0, 0, 0)])
    assert headroom(assets, UP, sustained).tolist() == plain.room(assets, UP, sustained)


@settings(deadline=None, max_examples=200)
@given(ROWS, EITHER, st.integers(0, 400), st.sampled_from(Rule))
def test_a_split_equals_the_plain_one(plain, rows, direction, amount, rule):
    assets = plain.assets(rows)
    room, keys = headroom(assets, direction, 3600), keys_of(assets, direction)
    found = split(room, assets, direction, amount, rule)
    check(found, room, keys, amount, rule)
    most = min(amount, int(room.sum()))
    if rule is Rule.PRO_RATA:
        assert found.given_w.tolist() == plain.shares(room.tolist(), most)
    else:
        assert found.given_w.tolist() == plain.merit(room.tolist(), keys, most)
        gave = [key for key, part in zip(keys, found.given_w, strict=True) if part]
        assert found.marginal_cost == (max(gave)[1] if gave else None)


@settings(deadline=None, max_examples=60)
@given(ROWS, EITHER, st.integers(0, 400), st.sampled_from(Rule), st.randoms(use_true_random=False))
def test_the_order_of_rows_moves_single_watts_between_equals(
    plain, rows, direction, amount, rule, draw
):
    order = list(range(len(rows)))
    draw.shuffle(order)
    one, other = plain.assets(rows), plain.assets([rows[i] for i in order])
    found, again = (
        split(headroom(x, direction, 3600), x, direction, amount, rule) for x in (one, other)
    )
    assert (np.abs(found.given_w[order] - again.given_w) <= 1).all()
    assert (found.missing_w, found.marginal_cost) == (again.missing_w, again.marginal_cost)
    keys = np.array(keys_of(one, direction))
    for key in {tuple(key) for key in keys.tolist()} if rule is Rule.MERIT_ORDER else ():
        same = (keys == key).all(axis=1)
        assert found.given_w[same].sum() == again.given_w[same[order]].sum()


@settings(deadline=None, max_examples=150)
@given(
    ROWS,
    EITHER,
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=5, max_size=5),
    st.integers(0, 400),
    st.sampled_from(Rule),
)
def test_limits_of_zones_are_kept_at_every_height(plain, rows, direction, free, amount, rule):
    assets = plain.assets(rows)
    limits = plain.limits([(p, *f) for p, f in zip(plain.parents, free, strict=True)])
    bare = headroom(assets, direction, 3600)
    room = within_limits(bare, assets, limits, direction, rule)
    keys = keys_of(assets, direction)
    check(split(room, assets, direction, amount, rule), room, keys, amount, rule)
    assert ((room >= 0) & (room <= bare)).all()
    inside = np.array(
        [[z in plain.above(plain.parents, own) for z in range(5)] for own in assets.zone]
    )
    held = limits.of(direction)
    assert (room @ inside <= held).all()
    # nothing is cut but for a zone that is full
    for row in np.flatnonzero(room < bare):
        assert any(room @ inside[:, z] == held[z] for z in np.flatnonzero(inside[row]))
    at_once = activate(assets, Call(direction, amount, 3600), limits, rule)
    apart = split(room, assets, direction, amount, rule)
    assert at_once.given_w.tolist() == apart.given_w.tolist()
    assert at_once.marginal_cost == apart.marginal_cost
    if rule is Rule.MERIT_ORDER:
        assert room.sum() == by_one(bare, keys, inside, held).sum()
        _nothing_cheaper_left_out(bare, room, keys, inside)


def by_one(room, keys, inside, held):
    """Watt by watt in merit order, as long as every zone above has one left."""
    left, gave = held.copy(), np.zeros_like(room)
    for row in sorted(range(len(room)), key=lambda i: keys[i]):
        own = inside[row]
        gave[row] = min(room[row], left[own].min())
        left[own] -= gave[row]
    return gave


def _nothing_cheaper_left_out(bare, room, keys, inside):
    """Whoever is cut stands behind all in its full zone that are not cut, or beside equals."""
    for row in np.flatnonzero(room < bare):
        for other in np.flatnonzero(room > 0):
            if (inside[row] == inside[other]).all():
                assert keys[other] <= keys[row]


def test_a_zone_cuts_the_dearest_not_the_cheap(plain):
    # two zones of 10 and 100 W free; the cheap assets of the first keep their order
    assets = plain.assets(
        [
            (0, 8, 0, 99, 0, 5, 0, 0, 0),
            (0, 8, 0, 99, 0, 1, 0, 0, 0),
            (0, 8, 0, 99, 0, 9, 0, 0, 1),
        ]
    )
    limits = plain.limits([(-1, 10, 0), (-1, 100, 0)])
    room = within_limits(headroom(assets, UP, 60), assets, limits, UP, Rule.MERIT_ORDER)
    assert room.tolist() == [2, 8, 8]
    fair = within_limits(headroom(assets, UP, 60), assets, limits, UP, Rule.PRO_RATA)
    assert fair.tolist() == [5, 5, 8]


@pytest.mark.parametrize("costs", ["spread", "equal", "outlier", "few"])
def test_many_assets_are_divided_exactly_whatever_their_costs(plain, costs):
    draw, count = stream(4, "activation", costs), 30_000
    cost = {
        "spread": draw.integers(-(10**14), 10**14, count),
        "equal": np.full(count, 7),
        "outlier": np.where(np.arange(count) == 17, 10**14, draw.integers(0, 300_000, count)),
        "few": draw.integers(0, 3, count),
    }[costs]
    table = np.zeros((count, 9), np.int64)
    table[:, 1], table[:, 3], table[:, 5] = draw.integers(0, 9000, count), 10**6, cost
    table[:, 7] = draw.integers(0, 4, count) * (1000 if costs == "spread" else 1)
    assets = plain.assets(table)
    room = headroom(assets, UP, 900)
    order = np.lexsort((cost, assets.priority))
    for part in (0.0, 1e-6, 0.3, 0.999999, 1.0, 1.5):
        amount = int(room.sum() * part)
        found = split(room, assets, UP, amount)
        assert found.given_w.sum() + found.missing_w == amount
        before = np.concatenate([[0], np.cumsum(room[order])])[:-1]
        full = order[before + room[order] <= amount]
        alone = np.abs(found.given_w[full] - room[full])
        same = cost[full] == found.marginal_cost
        assert (alone[~same] == 0).all()
        gave = np.flatnonzero(found.given_w)
        last = max(zip(assets.priority[gave], cost[gave], strict=True), default=(0, None))
        assert found.marginal_cost == last[1]


def test_shares_of_many_are_fair_to_a_watt():
    draw = stream(5, "activation", "fair")
    room = draw.integers(0, 10_000, 40_000)
    for amount in (1, 12_345, int(room.sum() // 3), int(room.sum()) - 1):
        gave = split(room, None, UP, amount, Rule.PRO_RATA).given_w
        exact = amount * room / room.sum()
        assert gave.sum() == amount
        assert (np.abs(gave - exact) < 1).all()
        rest = exact - np.floor(exact)
        up = gave > np.floor(exact)
        assert rest[up].min(initial=1) >= rest[~up].max(initial=0) - 1e-6


def test_products_beyond_64_bits_are_exact(plain):
    room = np.array([10**10, 3 * 10**10 - 1, 7, 10**10 + 3], np.int64) * 10**7
    amount = int(room.sum()) * 2 // 3
    gave = split(room, None, UP, amount, Rule.PRO_RATA).given_w
    assert gave.tolist() == plain.shares([int(x) for x in room], amount)


def test_quotients_a_hair_below_a_whole_number_are_exact(plain):
    whole, room = 2**31 - 1, 2**30 + 12_345  # a prime, so that amount · room ≡ −1 can be solved
    amount = pow(-room, -1, whole)
    assert amount * room % whole == whole - 1
    rooms = [room, whole - room - 5, 5]
    gave = split(np.array(rooms), None, UP, amount, Rule.PRO_RATA).given_w
    assert gave.tolist() == plain.shares(rooms, amount)
    one, other = np.array([room, 0, 0, 0]), np.array([0, 0, 0, whole - room])
    gave = split(one + other, None, UP, amount, Rule.PRO_RATA).given_w
    assert gave.tolist() == plain.shares([room, 0, 0, whole - room], amount)


def test_what_makes_no_sense_is_refused(plain):
    assets = plain.assets([(0, 1, 1, 1, 1, 0, 0, 0, 0)])
    with pytest.raises(ValueError, match="must last"):
        headroom(assets, UP, 0)
    with pytest.raises(ValueError, match="the direction says the sign"):
        split(np.ones(1, np.int64), assets, UP, -1)


def test_nobody_gives_nothing(plain):
    none = plain.assets([])
    for rule in Rule:
        found = split(headroom(none, UP, 60), none, UP, 5, rule)
        assert (found.given_w.tolist(), found.missing_w, found.marginal_cost) == ([], 5, None)
    empty = plain.assets([(0, 0, 0, 0, 0, 4, 4, 0, 0)] * 3)
    found = split(headroom(empty, DOWN, 60), empty, DOWN, 5)
    assert (found.given_w.tolist(), found.missing_w, found.marginal_cost) == ([0, 0, 0], 5, None)


def test_growing_requests_never_take_anything_back(plain):
    assets = plain.assets([(0, 7, 0, 50, 0, c, 0, p, 0) for c in (4, 1, 9) for p in (1, 0)])
    room = headroom(assets, UP, 3600)
    gave = [split(room, assets, UP, amount).given_w for amount in range(44)]
    assert all((more >= less).all() for less, more in pairwise(gave))
