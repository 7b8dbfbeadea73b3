"""Admission by the column: the first reason for each, and budgets that no order overdraws."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.admission import NO_LIMIT, Admission, refusals
from gridpact.market.orders import LARGEST_ORDER_WH, Orders, Refusal

MEMBERS, SLOTS = 3, 4


def volume(sell, buy):
    """What members may order [members, slots, 2] by limits for every slot, -1 for none."""
    limits = np.stack([np.array(sell), np.array(buy)], axis=1)
    whole = np.broadcast_to(limits[:, None], (len(sell), SLOTS, 2))
    return np.where(whole < 0, NO_LIMIT, whole)


def admission(**changed):
    rules = {
        "open_slots": np.array([False, True, True, True]),
        "authorised": np.array([True, True, False]),
        "suspended": np.zeros(MEMBERS, bool),
        "rated": np.ones(MEMBERS, bool),
        "lowest_micro_per_kwh": -500_000,
        "highest_micro_per_kwh": 4_000_000,
        "volume_wh": volume([-1, 500, -1], [-1, 1000, -1]),
        "funds_nano": np.full(MEMBERS, NO_LIMIT),
        "places": np.full(SLOTS, NO_LIMIT),
    }
    return Admission(**(rules | changed))


def orders(*rows):
    """From tuples (member, slot, side, quantity, limit)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Orders(np.arange(columns.shape[1], dtype=np.int64), *columns)


def judged(batch, rules, owed=0):
    return refusals(batch, rules, np.zeros(batch.count, np.int64) + owed).tolist()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((0, 1, 1, 100, 200_000), Refusal.NONE),
        ((0, 1, 1, 100, -500_000), Refusal.NONE),
        ((0, 1, -1, LARGEST_ORDER_WH, 4_000_000), Refusal.NONE),
        ((0, 0, 1, 100, 200_000), Refusal.GATE_CLOSED),
        ((0, 4, 1, 100, 200_000), Refusal.UNKNOWN_SLOT),
        ((0, -1, 1, 100, 200_000), Refusal.UNKNOWN_SLOT),
        ((2, 1, 1, 100, 200_000), Refusal.NOT_AUTHORISED),
        ((-1, 1, 1, 100, 200_000), Refusal.NOT_AUTHORISED),
        ((3, 1, 1, 100, 200_000), Refusal.NOT_AUTHORISED),
        ((0, 1, 1, 0, 200_000), Refusal.QUANTITY),
        ((0, 1, 1, -5, 200_000), Refusal.QUANTITY),
        ((0, 1, 1, LARGEST_ORDER_WH + 1, 200_000), Refusal.QUANTITY),
        ((0, 1, 1, 100, -500_001), Refusal.PRICE_LIMIT),
        ((0, 1, 1, 100, 4_000_001), Refusal.PRICE_LIMIT),
        ((1, 1, 1, 1001, 200_000), Refusal.VOLUME_LIMIT),
        ((1, 1, -1, 501, 200_000), Refusal.VOLUME_LIMIT),
        # Several reasons: the first in the documented order is given.
        ((-1, 9, 1, 0, 9_000_000), Refusal.UNKNOWN_SLOT),
        ((-1, 0, 1, 0, 9_000_000), Refusal.GATE_CLOSED),
        ((-1, 1, 1, 0, 9_000_000), Refusal.NOT_AUTHORISED),
        ((1, 1, 1, 0, 9_000_000), Refusal.QUANTITY),
        ((1, 1, 1, 5000, 9_000_000), Refusal.PRICE_LIMIT),
    ],
)
def test_reasons(row, reason):
    assert judged(orders(row), admission()) == [reason]


def test_a_refused_order_uses_no_volume():
    new = orders(
        (1, 1, 1, 900, 0),
        (1, 1, 1, 200, 0),  # would be 1100
        (1, 1, 1, 100, 0),  # 1000
        (1, 1, -1, 500, 0),  # the other side has its own limit
        (1, 3, 1, 1000, 0),  # another slot as well
        (0, 1, 1, 10**6, 0),  # no limit
    )
    assert judged(new, admission()) == [0, Refusal.VOLUME_LIMIT, 0, 0, 0, 0]


def test_an_order_refused_for_another_reason_uses_no_volume():
    new = orders((1, 1, 1, 900, 9_000_000), (1, 1, 1, 900, 0))
    assert judged(new, admission()) == [Refusal.PRICE_LIMIT, 0]


def test_side_must_be_a_sign():
    with pytest.raises(ValueError, match="side"):
        judged(orders((0, 1, 2, 100, 0)), admission())


ROWS = st.lists(
    st.tuples(
        st.integers(-1, MEMBERS),
        st.integers(-1, SLOTS),
        st.sampled_from([1, -1]),
        st.integers(-1, 700),
        st.sampled_from([-500_001, -500_000, 0, 4_000_000, 4_000_001]),
    ),
    max_size=30,
)


def judged_one_by_one(rows, rules, owed):
    """The same decisions by a plain loop that remembers what it accepted."""
    left, codes = {}, []
    for (member, slot, side, quantity, limit), nano in zip(rows, owed, strict=True):
        needs = {
            ("volume", member, slot, side): (quantity, Refusal.VOLUME_LIMIT),
            ("funds", member): (nano, Refusal.COLLATERAL),
            ("places", slot): (1, Refusal.BOOK_FULL),
            ("capacity",): (quantity, Refusal.BOOK_FULL),
        }
        code = plain_reason(rules, member, slot, quantity, limit)
        if code is Refusal.NONE:
            at_first = (
                rules.volume_wh[member, slot, int(side > 0)],
                rules.funds_nano[member],
                rules.places[slot],
                rules.capacity_wh,
            )
            for cell, first in zip(needs, at_first, strict=True):
                left.setdefault(cell, int(first))
            short = [why for cell, (need, why) in needs.items() if need > max(left[cell], 0)]
            code = short[0] if short else Refusal.NONE
        if code is Refusal.NONE:
            for cell, (need, _) in needs.items():
                left[cell] -= need
        codes.append(code)
    return codes


def plain_reason(rules, member, slot, quantity, limit):
    reasons = [
        (Refusal.UNKNOWN_SLOT, lambda: not 0 <= slot < SLOTS),
        (Refusal.GATE_CLOSED, lambda: not rules.open_slots[slot]),
        (Refusal.NOT_AUTHORISED, lambda: not 0 <= member < MEMBERS or not rules.authorised[member]),
        (Refusal.SUSPENDED, lambda: rules.suspended[member]),
        (Refusal.RATING, lambda: not rules.rated[member]),
        (Refusal.QUANTITY, lambda: not 1 <= quantity <= rules.largest_wh),
        (
            Refusal.PRICE_LIMIT,
            lambda: not rules.lowest_micro_per_kwh <= limit <= rules.highest_micro_per_kwh,
        ),
    ]
    return next((code for code, applies in reasons if applies()), Refusal.NONE)


ROWS = st.lists(
    st.tuples(
        st.integers(-1, MEMBERS),
        st.integers(-1, SLOTS),
        st.sampled_from([1, -1]),
        st.integers(-1, 700),
        st.sampled_from([-500_001, -500_000, 0, 4_000_000, 4_000_001]),
    ),
    max_size=30,
)
LEFT = st.sampled_from([NO_LIMIT, -5, 0, 1, 700, 900, 2500])


def few(*shape):
    size = int(np.prod(shape))
    return st.lists(LEFT, min_size=size, max_size=size).map(lambda v: np.array(v).reshape(shape))


@given(
    rows=ROWS,
    volume_wh=few(MEMBERS, SLOTS, 2),
    funds_nano=few(MEMBERS),
    places=few(SLOTS).map(lambda left: np.where(left == NO_LIMIT, left, left % 4)),
    capacity=LEFT,
    who=st.lists(st.booleans(), min_size=9, max_size=9),
)
@settings(deadline=None, max_examples=250)
def test_same_as_a_plain_loop(rows, volume_wh, funds_nano, places, capacity, who):
    rules = admission(
        volume_wh=volume_wh,
        funds_nano=funds_nano,
        places=places,
        capacity_wh=capacity,
        authorised=np.array(who[:3]) | np.array([True, False, False]),
        suspended=np.array(who[3:6]) & np.array([False, True, True]),
        rated=np.array(who[6:]) | np.array([True, False, False]),
    )
    owed = np.array([row[3] * (position % 3) for position, row in enumerate(rows)], np.int64)
    assert judged(orders(*rows), rules, owed) == judged_one_by_one(rows, rules, owed.tolist())


def test_needs_beyond_what_floats_tell_apart_are_counted_exactly():
    rules = admission(funds_nano=np.array([2**62 + 1, NO_LIMIT, 0]))
    owed = np.array([2**62, 1, 1, 0])
    new = orders(*[(0, 1, 1, 5, 0)] * 4)
    assert judged(new, rules, owed) == [0, 0, Refusal.COLLATERAL, 0]
