import numpy as np
import pytest

from gridpact.market.orders import Orders, PlacedOrder, Refusal, Side, concatenate, no_orders


def orders(*rows):
    """From tuples (member, slot, side, quantity, limit)."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 5).T
    return Orders(np.arange(columns.shape[1], dtype=np.int64), *columns)


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
        "BOOK_FULL",
    ]
    assert [int(reason) for reason in sorted(Refusal)] == list(range(19))


def test_columns():
    some = orders((0, 1, 1, 100, 0), (1, 2, -1, 50, 7))
    both = concatenate(some, some.take(np.array([1])))
    assert both.count == 3
    assert both.quantity_wh.tolist() == [100, 50, 50]
    assert concatenate(no_orders(), some).limit_micro_per_kwh.tolist() == [0, 7]


@pytest.mark.parametrize(
    ("says", "block"),
    [
        ({}, False),
        ({"slots": 2}, True),
        ({"minimum_ppm": 500_000}, True),
        ({"parent": "a"}, True),
        ({"group": "g"}, True),
        ({"green": True, "valid_until": 7}, False),
    ],
)
def test_what_makes_an_order_a_block(says, block):
    assert PlacedOrder("k", "m", Side.BUY, 0, 5, 5, **says).is_block is block


def test_an_order_trades_before_its_validity_is_over_and_not_at_that_second():
    order = PlacedOrder("k", "m", Side.BUY, 0, 5, 5, valid_until=100)
    assert [order.expired(now) for now in (99, 100, 101)] == [False, True, True]
    assert not PlacedOrder("k", "m", Side.BUY, 0, 5, 5).expired(10**12)
