import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.orders import (
    LARGEST_ORDER_WH,
    Admission,
    Orders,
    Refusal,
    concatenate,
    no_orders,
    refusals,
)

MEMBERS, SLOTS = 3, 4


def admission(**changed):
    rules = {
        "open_slots": np.array([False, True, True, True]),
        "authorised": np.array([True, True, False]),
        "lowest_micro_per_kwh": -500_000,
        "highest_micro_per_kwh": 4_000_000,
        "buy_limit_wh": np.array([-1, 1000, -1]),
        "sell_limit_wh": np.array([-1, 500, -1]),
    }
    return Admission(**(rules | changed))


def orders(*rows):
    """From tuples (member, slot, side, quantity, limit)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Orders(np.arange(columns.shape[1], dtype=np.int64), *columns)


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
    assert refusals(orders(row), admission(), no_orders()).tolist() == [reason]


def test_volume_counts_what_was_accepted_before():
    earlier = orders((1, 1, 1, 600, 0), (1, 2, 1, 600, 0))
    new = orders(
        (1, 1, 1, 300, 0),  # 900
        (1, 1, 1, 200, 0),  # would be 1100
        (1, 1, 1, 100, 0),  # 1000: a refused order uses no volume
        (1, 1, -1, 500, 0),  # the other side has its own limit
        (1, 3, 1, 1000, 0),  # another slot as well
        (0, 1, 1, 10**6, 0),  # -1 is no limit
    )
    over = Refusal.VOLUME_LIMIT
    assert refusals(new, admission(), earlier).tolist() == [0, over, 0, 0, 0, 0]


def test_an_order_refused_for_another_reason_uses_no_volume():
    new = orders((1, 1, 1, 900, 9_000_000), (1, 1, 1, 900, 0))
    assert refusals(new, admission(), no_orders()).tolist() == [Refusal.PRICE_LIMIT, 0]


def test_side_must_be_a_sign():
    with pytest.raises(ValueError, match="side"):
        refusals(orders((0, 1, 2, 100, 0)), admission(), no_orders())


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


def judged_one_by_one(rows, rules):
    """The same decisions by a plain loop that remembers what it accepted."""
    used, codes = {}, []
    for member, slot, side, quantity, limit in rows:
        bound = rules.buy_limit_wh if side > 0 else rules.sell_limit_wh
        so_far = used.get((member, slot, side), 0)
        if not 0 <= slot < SLOTS:
            code = Refusal.UNKNOWN_SLOT
        elif not rules.open_slots[slot]:
            code = Refusal.GATE_CLOSED
        elif not 0 <= member < MEMBERS or not rules.authorised[member]:
            code = Refusal.NOT_AUTHORISED
        elif not 1 <= quantity <= rules.largest_wh:
            code = Refusal.QUANTITY
        elif not rules.lowest_micro_per_kwh <= limit <= rules.highest_micro_per_kwh:
            code = Refusal.PRICE_LIMIT
        elif 0 <= bound[member] < so_far + quantity:
            code = Refusal.VOLUME_LIMIT
        else:
            code = Refusal.NONE
            used[member, slot, side] = so_far + quantity
        codes.append(code)
    return codes


@given(ROWS, st.integers(0, 30))
@settings(deadline=None, max_examples=200)
def test_same_as_a_plain_loop_in_one_batch_or_two(rows, cut):
    rules = admission(buy_limit_wh=np.array([900, 0, -1]), sell_limit_wh=np.array([-1, 700, 700]))
    expected = judged_one_by_one(rows, rules)
    batch = orders(*rows)
    assert refusals(batch, rules, no_orders()).tolist() == expected
    first, second = orders(*rows[:cut]), orders(*rows[cut:])
    before = refusals(first, rules, no_orders())
    after = refusals(second, rules, first.take(before == Refusal.NONE))
    assert [*before.tolist(), *after.tolist()] == expected


def test_codes_are_fixed():
    names = [reason.name for reason in sorted(Refusal)]
    assert names == [
        "NONE",
        "GATE_CLOSED",
        "UNKNOWN_SLOT",
        "NOT_AUTHORISED",
        "QUANTITY",
        "PRICE_LIMIT",
        "VOLUME_LIMIT",
        "DUPLICATE",
        "SUSPENDED",
        "COLLATERAL",
        "UNKNOWN_LOCATION",
        "UNKNOWN_PARTNER",
        "VALIDITY",
        "BLOCK",
        "ATTRIBUTE",
        "RATING",
        "UNKNOWN_ORDER",
        "ALREADY_TRADED",
    ]
    assert [int(reason) for reason in sorted(Refusal)] == list(range(18))


def test_columns():
    some = orders((0, 1, 1, 100, 0), (1, 2, -1, 50, 7))
    both = concatenate(some, some.take(np.array([1])))
    assert both.count == 3
    assert both.quantity_wh.tolist() == [100, 50, 50]
    assert concatenate(no_orders(), some).limit_micro_per_kwh.tolist() == [0, 7]
