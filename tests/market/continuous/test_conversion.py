"""Continuous trading seen as a clearing: orders, trades and what follows from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.clearing.continuous.conversion import clear, matched
from gridpact.market.clearing.continuous.engine import run
from gridpact.market.clearing.continuous.events import NEVER, Books, Event, Kind, columns
from gridpact.market.clearing.matched import accounts_nano
from gridpact.market.orders import Orders


def holds(orders, found):
    """The laws of any market: no order beyond its size or limit, as much bought as sold."""
    trades, accepted = found.trades, found.accepted_wh
    assert (trades.quantity_wh > 0).all()
    assert (orders.side[trades.buy] == 1).all()
    assert (orders.side[trades.sell] == -1).all()
    assert (orders.slot[trades.buy] == orders.slot[trades.sell]).all()
    assert (orders.member[trades.buy] != orders.member[trades.sell]).all()
    assert ((accepted >= 0) & (accepted <= orders.quantity_wh)).all()
    limit = orders.limit_micro_per_kwh
    assert (trades.buyer_micro_per_kwh <= limit[trades.buy]).all()
    assert (trades.seller_micro_per_kwh >= limit[trades.sell]).all()
    by_row = np.zeros(orders.count, np.int64)
    np.add.at(by_row, np.concatenate([trades.buy, trades.sell]), np.tile(trades.quantity_wh, 2))
    np.testing.assert_array_equal(accepted, by_row)
    paid, received, fees = accounts_nano(orders, found, int(orders.member.max(initial=0)) + 1)
    assert paid.sum() - received.sum() == fees == 0


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_a_history_is_a_clearing(data, any_history, books):
    events = data.draw(any_history)
    cut = data.draw(st.integers(0, len(events)))
    first = run(columns(events[:cut]), books)
    later = columns(events[cut:])
    results = run(later, books, first.state)
    for orders, found, told in (
        (*matched(columns(events[:cut]), first), first),
        (*matched(later, results, first.state.placed), results),
    ):
        holds(orders, found)
        np.testing.assert_array_equal(orders.sequence, np.arange(orders.count))
        np.testing.assert_array_equal(found.trades.quantity_wh, told.fills.quantity_wh)
        price = told.fills.price_micro_per_kwh
        np.testing.assert_array_equal(found.trades.buyer_micro_per_kwh, price)


def test_an_amended_order_trades_under_the_terms_it_had():
    everyone = Books(np.array([NEVER]), np.ones(3, np.bool_), 0, 10)
    events = columns(
        [
            Event(Kind.PLACE, 1, 0, 0, 0, -1, 10, 7),
            Event(Kind.PLACE, 2, 0, 0, 1, 1, 4, 7),
            Event(Kind.AMEND, 1, 0, 0, 0, -1, 9, 5),
            Event(Kind.CANCEL, 9, 0, 0, 0),
            Event(Kind.PLACE, 3, 0, 0, 2, 1, 2, 6),
        ]
    )
    orders, found = matched(events, run(events, everyone))
    assert orders.quantity_wh.tolist() == [10, 4, 5, 2]
    assert orders.limit_micro_per_kwh.tolist() == [7, 7, 5, 6]
    assert found.accepted_wh.tolist() == [4, 4, 2, 2]
    assert found.trades.sell.tolist() == [0, 2]
    assert found.trades.buy.tolist() == [1, 3]
    assert found.trades.seller_micro_per_kwh.tolist() == [7, 5]


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_clear_is_what_the_plain_list_makes_of_the_orders(data, book_rows, orders_of, plain):
    rows = data.draw(book_rows)
    orders = orders_of(rows)
    mix = np.array(data.draw(st.permutations(range(len(rows)))), dtype=np.int64)
    found = clear(orders, 4)
    holds(orders, found)
    largest = 2**63 - 2
    books = Books(np.full(4, NEVER), np.ones(len(rows), np.bool_), -largest, largest)
    slow = plain(books)
    trades = []
    for at, (slot, *terms) in enumerate(rows):
        trades += slow.apply(Event(Kind.PLACE, at, 0, slot, at, *terms))[1]
    pairs = zip(found.trades.buy.tolist(), found.trades.sell.tolist(), strict=True)
    assert [set(pair) for pair in pairs] == [set(trade[:2]) for trade in trades]
    assert found.trades.quantity_wh.tolist() == [trade[2] for trade in trades]
    assert found.trades.buyer_micro_per_kwh.tolist() == [trade[3] for trade in trades]
    np.testing.assert_array_equal(clear(orders.take(mix), 4).accepted_wh, found.accepted_wh[mix])
    for slot in range(4):  # no crossed orders remain
        rest = {
            side: [o["limit"] for o in slow.resting(slot) if o["placed"].side == side]
            for side in (1, -1)
        }
        assert max(rest[1], default=-largest) < min(rest[-1], default=largest)


def test_clear_names_what_it_cannot_take():
    one = np.array([5], np.int64)
    with pytest.raises(ValueError, match="sequence 5 cannot be taken: quantity"):
        clear(Orders(one, one, one - 5, one - 4, one - 5, one), 1)
    with pytest.raises(ValueError, match="unknown_book"):
        clear(Orders(one, one, one, one - 4, one, one), 1)
