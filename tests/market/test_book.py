import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.market.admission import NO_LIMIT, Admission
from gridpact.market.book import (
    Book,
    admit,
    append,
    left_wh,
    mark_cancelled,
    of_slot,
    open_amounts,
    open_blocks,
    open_book,
    place,
    rows_of,
    take_back,
    without_expired,
)
from gridpact.market.orders import Orders, PlacedOrder, Refusal, Side

SESSION = Slots(900 * 1_000_000, 900, 4)
ROWS = {"ada-01": 0, "bo-02": 1}


def rules(open_slots=(True, True, True, True)):
    yes, free = np.array([True, True]), np.full(2, NO_LIMIT)
    volume, places = np.full((2, 4, 2), NO_LIMIT), np.full(4, NO_LIMIT)
    return Admission(
        np.array(open_slots, bool), yes, ~yes, yes, -500_000, 4_000_000, volume, free, places
    )


def placed(key="k1", participant="ada-01", **changed):
    content = {
        "side": Side.BUY,
        "slot_start": SESSION.start + 900,
        "quantity_wh": 500,
        "limit_micro_per_kwh": 210_000,
    }
    return PlacedOrder(key, participant, **(content | changed))


def book_with(*orders, first_sequence=0):
    book = open_book(SESSION, first_sequence)
    for order in orders:
        book = place(book, order, ROWS[order.participant], order.quantity_wh)
    return book


def test_an_order_becomes_a_row():
    start = open_book(SESSION, first_sequence=40)
    order = placed(side=Side.SELL)
    row = place(start, order, 0, 500).orders
    assert row.sequence.tolist() == [40]
    assert (row.member[0], row.slot[0], row.side[0]) == (0, 1, -1)
    assert (row.quantity_wh[0], row.limit_micro_per_kwh[0]) == (500, 210_000)
    assert start.orders.count == 0
    assert not start.keys
    rest = place(start, order, 0, 123)
    assert rest.orders.quantity_wh.tolist() == [123], "the rest of an order carried over"
    assert rest.placed == {"ada-01 k1": order}


def test_a_block_has_a_sequence_but_no_row():
    book = book_with(placed("a"), placed("b", slots=2), placed("c"))
    assert book.keys == {"ada-01 a": 0, "ada-01 b": 1, "ada-01 c": 2}
    assert book.orders.sequence.tolist() == [0, 2]
    assert open_amounts(book, 0) == {"ada-01 a": 500, "ada-01 b": 1000, "ada-01 c": 500}


def test_what_is_taken_back_leaves_the_book():
    book = book_with(placed("a"), placed("b", quantity_wh=7), placed("a", "bo-02"))
    rows = rows_of(book, np.array([1]))
    assert left_wh(book)[rows].tolist() == [7]
    after = mark_cancelled(take_back(book, rows), {"ada-01 b": 7})
    assert after.orders.sequence.tolist() == [0, 2]
    assert open_amounts(after, 0) == {"ada-01 a": 500, "bo-02 a": 500}
    assert after.keys == book.keys, "its key stays taken"


def test_expired_orders_leave_the_book_and_others_stay():
    book = book_with(placed("a", valid_until=100), placed("b", valid_until=200), placed("c"))
    assert without_expired(book, 99) is book
    assert without_expired(book, 100).orders.sequence.tolist() == [1, 2]
    assert without_expired(book, 10**9).orders.sequence.tolist() == [2]
    assert open_amounts(book, 150) == {"ada-01 b": 500, "ada-01 c": 500}


def test_a_block_hangs_on_all_above_it():
    family = [
        placed("top", slots=2, valid_until=100),
        placed("child", slots=2, parent="top"),
        placed("grandchild", parent="child"),
        placed("other", slots=2),
        placed("top", "bo-02", slots=2),
        placed("child", "bo-02", parent="top"),
    ]
    book = decode(encode(book_with(*family)), Book)  # a map that was read back is sorted
    assert list(open_blocks(book, 99)) == [f"{each.participant} {each.key}" for each in family]
    assert list(open_blocks(book, 100)) == ["ada-01 other", "bo-02 top", "bo-02 child"]
    without = mark_cancelled(book, {"bo-02 top": 1000})
    assert list(open_blocks(without, 100)) == ["ada-01 other"]


def columns(count, member=0):
    ones = np.ones(count, dtype=np.int64)
    return Orders(ones * -1, ones * member, np.arange(count) % 4, ones, ones * 10, ones * 200_000)


def test_columns_are_admitted_and_numbered():
    closed = rules(open_slots=(1, 1, 0, 1))
    book, codes = admit(open_book(SESSION, 7), columns(6), closed, np.zeros(6, np.int64))
    assert codes.tolist() == [0, 0, Refusal.GATE_CLOSED, 0, 0, 0]
    assert book.orders.sequence.tolist() == [7, 8, 9, 10, 11]
    assert book.next_sequence == 12
    assert of_slot(book, 1).sequence.tolist() == [8, 11]


KEYS = st.tuples(st.sampled_from("abcdef"), st.sampled_from(sorted(ROWS)))
ORDERS = st.builds(
    lambda at, **says: placed(*at, **says),
    KEYS,
    quantity_wh=st.integers(1, 9),
    slots=st.sampled_from([1, 1, 2]),
    valid_until=st.sampled_from([0, 10, 20]),
)


@given(st.lists(ORDERS, max_size=8, unique_by=lambda o: (o.key, o.participant)), st.integers(0, 30))
@settings(deadline=None, max_examples=150)
def test_books_are_values_and_add_up(orders, now):
    book = open_book(SESSION)
    for order in orders:
        frozen = encode(book)
        after = place(book, order, ROWS[order.participant], order.quantity_wh)
        assert encode(book) == frozen
        book = after
    frozen = encode(book)
    rest = without_expired(book, now)
    assert encode(book) == frozen
    alive = [order for order in orders if not order.valid_until or order.valid_until > now]
    whole = sum(order.quantity_wh * order.slots for order in alive)
    assert sum(open_amounts(rest, now).values()) == sum(open_amounts(book, now).values()) == whole
    hourly = sum(order.quantity_wh for order in alive if not order.is_block)
    assert int(rest.orders.quantity_wh.sum()) == hourly
    assert encode(decode(frozen, Book)) == frozen


def test_what_a_book_never_used_is_not_in_its_encoding():
    """So the state of a run from before has the hash it had."""
    plain = append(open_book(SESSION), columns(2))
    assert set(decode(encode(plain), dict)) == {"slots", "orders", "next_sequence", "keys"}


@pytest.mark.parametrize("says", [{"side": Side.SELL}, {"slots": 3, "parent": "x", "green": True}])
def test_an_order_travels_through_the_journal(says):
    assert decode(encode(placed(**says)), PlacedOrder) == placed(**says)
