import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.slots import Slots
from gridpact.kernel.codec import decode, encode
from gridpact.market.book import Book, admit, append, merge, of_slot, open_book, place
from gridpact.market.orders import Admission, Orders, PlacedOrder, Refusal, Side

SESSION = Slots(900 * 1_000_000, 900, 4)
ROWS = {"ada-01": 0, "bo-02": 1}


def rules(open_slots=(True, True, True, True)):
    return Admission(
        np.array(open_slots),
        np.array([True, True]),
        -500_000,
        4_000_000,
        np.array([-1, -1]),
        np.array([-1, -1]),
    )


def placed(key="k1", participant="ada-01", **changed):
    content = {
        "side": Side.BUY,
        "slot_start": SESSION.start + 900,
        "quantity_wh": 500,
        "limit_micro_per_kwh": 210_000,
    }
    return PlacedOrder(key, participant, **(content | changed))


def test_an_accepted_order_becomes_a_row():
    start = open_book(SESSION, first_sequence=40)
    done = place(start, [placed(side=Side.SELL)], ROWS, rules())
    assert done.refusal.tolist() == [Refusal.NONE]
    assert done.sequence.tolist() == [40]
    row = done.book.orders
    assert (row.member[0], row.slot[0], row.side[0]) == (0, 1, -1)
    assert (row.quantity_wh[0], row.limit_micro_per_kwh[0]) == (500, 210_000)
    assert encode(done.accepted) == encode(row)
    assert start.orders.count == 0
    assert not start.keys


def test_same_key_same_content_is_one_order():
    first = place(open_book(SESSION), [placed()], ROWS, rules())
    # The gate has closed since: the answer to a repeated request stays what it was.
    again = place(first.book, [placed()], ROWS, rules(open_slots=[False] * 4))
    assert again.refusal.tolist() == [Refusal.NONE]
    assert again.sequence.tolist() == first.sequence.tolist()
    assert again.accepted.count == 0
    assert encode(again.book) == encode(first.book)


@pytest.mark.parametrize(
    "change",
    [
        {"side": Side.SELL},
        {"slot_start": SESSION.start},
        {"quantity_wh": 501},
        {"limit_micro_per_kwh": 0},
    ],
)
def test_same_key_other_content_is_a_duplicate(change):
    first = place(open_book(SESSION), [placed()], ROWS, rules())
    again = place(first.book, [placed(**change)], ROWS, rules())
    assert again.refusal.tolist() == [Refusal.DUPLICATE]
    assert again.sequence.tolist() == [-1]
    assert encode(again.book) == encode(first.book)
    within = place(open_book(SESSION), [placed(), placed(**change), placed()], ROWS, rules())
    assert within.refusal.tolist() == [Refusal.NONE, Refusal.DUPLICATE, Refusal.NONE]
    assert within.sequence.tolist() == [0, -1, 0]
    assert within.book.orders.count == 1


def test_a_key_belongs_to_its_participant():
    done = place(open_book(SESSION), [placed(), placed(participant="bo-02")], ROWS, rules())
    assert done.refusal.tolist() == [0, 0]
    assert done.sequence.tolist() == [0, 1]


def test_a_refused_order_leaves_its_key_free():
    closed = place(open_book(SESSION), [placed()], ROWS, rules(open_slots=[False] * 4))
    assert closed.refusal.tolist() == [Refusal.GATE_CLOSED]
    later = place(closed.book, [placed(quantity_wh=7)], ROWS, rules())
    assert later.refusal.tolist() == [Refusal.NONE]


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (placed(participant="nobody"), Refusal.NOT_AUTHORISED),
        (placed(slot_start=SESSION.start + 1), Refusal.UNKNOWN_SLOT),
        (placed(slot_start=SESSION.end), Refusal.UNKNOWN_SLOT),
        (placed(slot_start=2**80), Refusal.UNKNOWN_SLOT),
        (placed(quantity_wh=2**80), Refusal.QUANTITY),
        (placed(quantity_wh=-(2**80)), Refusal.QUANTITY),
        (placed(limit_micro_per_kwh=-(2**80)), Refusal.PRICE_LIMIT),
        (placed(limit_micro_per_kwh=2**80), Refusal.PRICE_LIMIT),
    ],
)
def test_nonsense_is_refused_with_a_reason(order, reason):
    done = place(open_book(SESSION), [order, placed(key="other")], ROWS, rules())
    assert done.refusal.tolist() == [reason, Refusal.NONE]


def test_nothing_placed():
    done = place(open_book(SESSION), [], ROWS, rules())
    assert done.refusal.size == done.sequence.size == done.accepted.count == 0


BATCHES = st.lists(
    st.lists(
        st.builds(
            placed,
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["ada-01", "bo-02", "nobody"]),
            quantity_wh=st.sampled_from([0, 5, 6]),
            slot_start=st.sampled_from([SESSION.start, SESSION.start + 900, 17]),
        ),
        max_size=8,
    ),
    max_size=4,
)


@given(BATCHES)
@settings(deadline=None, max_examples=200)
def test_placing_is_idempotent_and_pure(batches):
    book = open_book(SESSION)
    for batch in batches:
        frozen = encode(book)
        done = place(book, batch, ROWS, rules())
        assert encode(book) == frozen
        accepted = done.refusal == Refusal.NONE
        assert np.array_equal(accepted, done.sequence >= 0)
        # Every accepted order is in the book once, under its sequence, as it was placed.
        for order, sequence in zip(batch, done.sequence.tolist(), strict=True):
            if sequence >= 0:
                row = done.book.orders.take(done.book.orders.sequence == sequence)
                assert row.quantity_wh.tolist() == [order.quantity_wh]
                assert row.member.tolist() == [ROWS[order.participant]]
        again = place(done.book, batch, ROWS, rules())
        assert encode(again.book) == encode(done.book)
        assert np.array_equal(again.sequence[accepted], done.sequence[accepted])
        book = done.book
    assert np.all(np.diff(book.orders.sequence) == 1)
    assert len(book.keys) == book.orders.count


def columns(count, member=0):
    ones = np.ones(count, dtype=np.int64)
    return Orders(ones * -1, ones * member, np.arange(count) % 4, ones, ones * 10, ones * 200_000)


def test_columns_are_admitted_and_numbered():
    book, codes = admit(open_book(SESSION, 7), columns(6), rules(open_slots=(1, 1, 0, 1)))
    assert codes.tolist() == [0, 0, Refusal.GATE_CLOSED, 0, 0, 0]
    assert book.orders.sequence.tolist() == [7, 8, 9, 10, 11]
    assert book.next_sequence == 12
    assert of_slot(book, 1).sequence.tolist() == [8, 11]


def test_merge_renumbers_and_keeps_keys():
    first = place(append(open_book(SESSION), columns(2)), [placed()], ROWS, rules()).book
    second = place(
        append(open_book(SESSION, 90), columns(3)), [placed(participant="bo-02")], ROWS, rules()
    ).book
    both = merge(first, second)
    assert both.orders.sequence.tolist() == list(range(7))
    assert both.orders.count == 7
    row = both.orders.take(both.orders.sequence == both.keys["bo-02 k1"])
    assert row.member.tolist() == [1]
    with pytest.raises(ValueError, match="idempotency"):
        merge(first, first)
    with pytest.raises(ValueError, match="cannot be merged"):
        merge(first, open_book(Slots(0, 900, 4)))


def test_a_book_travels_through_the_journal():
    book = place(open_book(SESSION), [placed()], ROWS, rules()).book
    assert encode(decode(encode(book), Book)) == encode(book)
    assert decode(encode(placed(side=Side.SELL)), PlacedOrder) == placed(side=Side.SELL)
