"""Each rule of the package worked by hand, in the column engine and in the live books."""

import msgspec
import numpy as np
import pytest

from gridpact.market.clearing.continuous import kernel
from gridpact.market.clearing.continuous.engine import run
from gridpact.market.clearing.continuous.events import (
    FIRST_REFUSAL,
    NEVER,
    Applied,
    Books,
    Event,
    Fill,
    Kind,
    Outcome,
    columns,
)
from gridpact.market.clearing.continuous.live import ContinuousBook
from gridpact.market.clearing.continuous.state import resting

BUY, SELL = 1, -1
BOOKS = Books(np.array([100, NEVER]), np.array([True] * 5 + [False]), -500, 500, 1_000)


def place(order, member, side, quantity, limit, **more):
    event = Event(Kind.PLACE, order, 0, 0, member, side, quantity, limit)
    return msgspec.structs.replace(event, **more)


def amend(order, member, side, quantity, limit, **more):
    return place(order, member, side, quantity, limit, kind=Kind.AMEND, **more)


def cancel(order, member, **more):
    return place(order, member, 0, 0, 0, kind=Kind.CANCEL, **more)


def happen(events):
    """What the live books tell of each event; the column engine must tell the same."""
    live = ContinuousBook(BOOKS)
    told = [live.apply(event) for event in events]
    results = run(columns(events), BOOKS)
    numbers = (results.outcome, results.traded_wh, results.cancelled_wh, results.left_wh)
    assert list(zip(*(column.tolist() for column in numbers), strict=True)) == [
        (done.outcome, done.traded_wh, done.cancelled_wh, done.left_wh) for done in told
    ]
    maker, taker, size, price, _, _ = (
        getattr(results.fills, name).tolist() for name in results.fills.__struct_fields__
    )
    fills = [Fill(*values) for values in zip(maker, taker, size, price, strict=True)]
    assert fills == [fill for done in told for fill in done.fills]
    return told


def last(*events):
    return happen(events)[-1]


def test_the_best_price_trades_first_then_the_oldest_each_at_its_own_price():
    done = last(
        place(1, 0, SELL, 10, 120),
        place(2, 1, SELL, 10, 100),
        place(3, 2, SELL, 10, 100),
        place(4, 3, SELL, 10, 130),
        place(5, 4, BUY, 35, 125),
    )
    fills = (Fill(2, 5, 10, 100), Fill(3, 5, 10, 100), Fill(1, 5, 10, 120))
    assert done == Applied(Outcome.DONE, 30, 0, 5, fills)


def test_what_is_left_rests_and_sets_the_next_price():
    assert last(
        place(1, 0, BUY, 10, -20), place(2, 1, SELL, 15, -30), place(3, 2, BUY, 9, 40)
    ) == Applied(Outcome.DONE, 5, 0, 4, (Fill(2, 3, 5, -30),))


def test_books_do_not_meet():
    assert last(place(1, 0, SELL, 10, 1), place(2, 1, BUY, 10, 9, book=1)).fills == ()


def test_immediate_or_cancel():
    kind = Kind.IMMEDIATE
    done = last(place(1, 0, SELL, 10, 5), place(2, 1, BUY, 15, 5, kind=kind, expires=-1))
    assert done == Applied(Outcome.REMAINDER_CANCELLED, 10, 5, 0, (Fill(1, 2, 10, 5),))
    assert last(place(1, 0, SELL, 10, 5), place(2, 1, BUY, 10, 5, kind=kind)).outcome == 0
    assert last(place(1, 0, BUY, 10, 5, kind=kind), place(2, 1, SELL, 1, 5)).fills == ()


@pytest.mark.parametrize(
    ("change", "first"),
    [
        (amend(1, 0, SELL, 9, 5), 1),  # smaller: stays first
        (amend(1, 0, SELL, 10, 5), 1),
        (amend(1, 0, SELL, 10, 5, expires=50), 1),
        (amend(1, 0, SELL, 11, 5), 2),  # grows: to the end
        (amend(1, 0, SELL, 10, 6), 2),  # dearer
        (amend(1, 0, SELL, 10, 4), 1),  # cheaper: the best price goes first
    ],
)
def test_when_an_amended_order_keeps_its_place(change, first):
    told = happen(
        [place(1, 0, SELL, 10, 5), place(2, 1, SELL, 10, 5), change, place(3, 2, BUY, 1, 9)]
    )
    assert [fill.maker for fill in told[-1].fills] == [first]
    assert told[2].cancelled_wh == max(10 - change.quantity_wh, 0)


def test_an_order_amended_there_and_back_has_lost_its_place():
    done = last(
        place(1, 0, SELL, 10, 5),
        place(2, 1, SELL, 10, 5),
        amend(1, 0, SELL, 10, 6),
        amend(1, 0, SELL, 10, 5),
        place(3, 2, BUY, 11, 9),
    )
    assert done.fills == (Fill(2, 3, 10, 5), Fill(1, 3, 1, 5))


def test_an_amended_order_may_trade_at_once_and_counts_what_it_traded():
    told = happen(
        [
            place(1, 0, SELL, 10, 5),
            place(2, 1, BUY, 4, 5),  # 6 of order 1 are left
            place(3, 2, BUY, 9, 3),
            amend(1, 0, SELL, 12, 3),  # 12 in all, so 8 are left
            amend(3, 2, BUY, 8, 3),  # 8 have traded
            amend(1, 0, SELL, 20, 3),
        ]
    )
    assert told[3] == Applied(Outcome.DONE, 8, 0, 0, (Fill(3, 1, 8, 3),))
    assert told[4].outcome == Outcome.ALREADY_TRADED
    assert told[5].outcome == Outcome.NOT_RESTING


def test_no_member_trades_with_itself():
    orders = [place(1, 0, SELL, 10, 5), place(2, 1, SELL, 10, 6), place(3, 2, SELL, 10, 7)]
    told = happen([*orders, place(4, 1, BUY, 30, 9), place(5, 3, BUY, 30, 9)])
    assert told[3] == Applied(Outcome.SELF_TRADE, 10, 20, 0, (Fill(1, 4, 10, 5),))
    assert told[4].fills == (Fill(2, 5, 10, 6), Fill(3, 5, 10, 7))
    # an amendment that would meet the member's own order is cancelled as well
    own = [place(1, 0, SELL, 10, 5), place(2, 0, BUY, 10, 4), amend(2, 0, BUY, 8, 5)]
    assert last(*own) == Applied(Outcome.SELF_TRADE, 0, 10, 0)


def test_orders_expire_and_books_close_at_the_second():
    early = [place(1, 0, SELL, 10, 5, expires=20), place(2, 1, SELL, 10, 6)]
    assert last(*early, place(3, 2, BUY, 1, 9, at=19)).fills == (Fill(1, 3, 1, 5),)
    assert last(*early, place(3, 2, BUY, 1, 9, at=20)).fills == (Fill(2, 3, 1, 6),)
    told = happen(
        [
            *early,
            cancel(1, 0, at=20),
            amend(1, 0, SELL, 10, 5, at=20),
            place(3, 2, BUY, 1, 9, at=99),
            place(4, 2, BUY, 1, 9, at=100),
            cancel(2, 1, at=100),
        ]
    )
    codes = [Outcome.ORDER_EXPIRED, Outcome.ORDER_EXPIRED, Outcome.DONE]
    assert [done.outcome for done in told[2:]] == [*codes, *[Outcome.BOOK_CLOSED] * 2]
    # a longer life given in time holds, a shorter one too
    longer = amend(1, 0, SELL, 10, 5, at=19, expires=40)
    shorter = amend(2, 1, SELL, 10, 6, at=19, expires=21)
    done = last(*early, longer, shorter, place(3, 2, BUY, 20, 9, at=39))
    assert done.fills == (Fill(1, 3, 10, 5),)


GOOD = place(9, 3, BUY, 5, 1, at=10)


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (msgspec.structs.replace(GOOD, kind=0), Outcome.KIND),
        (msgspec.structs.replace(GOOD, kind=5), Outcome.KIND),
        (msgspec.structs.replace(GOOD, at=9), Outcome.TIME),
        (msgspec.structs.replace(GOOD, book=2), Outcome.UNKNOWN_BOOK),
        (msgspec.structs.replace(GOOD, book=-1), Outcome.UNKNOWN_BOOK),
        (msgspec.structs.replace(GOOD, at=100), Outcome.BOOK_CLOSED),
        (msgspec.structs.replace(GOOD, member=5), Outcome.NOT_AUTHORISED),
        (msgspec.structs.replace(GOOD, member=6), Outcome.NOT_AUTHORISED),
        (msgspec.structs.replace(GOOD, member=-1), Outcome.NOT_AUTHORISED),
        (msgspec.structs.replace(GOOD, side=0), Outcome.SIDE),
        (msgspec.structs.replace(GOOD, side=-(2**63)), Outcome.SIDE),
        (msgspec.structs.replace(GOOD, quantity_wh=0), Outcome.QUANTITY),
        (msgspec.structs.replace(GOOD, quantity_wh=-5), Outcome.QUANTITY),
        (msgspec.structs.replace(GOOD, quantity_wh=1_001), Outcome.QUANTITY),
        (msgspec.structs.replace(GOOD, quantity_wh=2**63 - 1), Outcome.QUANTITY),
        (msgspec.structs.replace(GOOD, limit_micro_per_kwh=501), Outcome.PRICE_LIMIT),
        (msgspec.structs.replace(GOOD, limit_micro_per_kwh=-(2**63)), Outcome.PRICE_LIMIT),
        (msgspec.structs.replace(GOOD, expires=10), Outcome.EXPIRY),
        (place(1, 0, SELL, 10, 5, at=10), Outcome.REPEATED),
        (place(1, 0, SELL, 10, 5, at=10, kind=Kind.IMMEDIATE), Outcome.DUPLICATE),
        (place(1, 0, SELL, 11, 5, at=10), Outcome.DUPLICATE),
        (place(1, 0, SELL, 10, 6, at=10), Outcome.DUPLICATE),
        (place(1, 0, BUY, 10, 5, at=10), Outcome.DUPLICATE),
        (place(1, 1, SELL, 10, 5, at=10), Outcome.DUPLICATE),
        (place(1, 0, SELL, 10, 5, at=10, book=1), Outcome.DUPLICATE),
        (place(1, 0, SELL, 10, 5, at=10, expires=70), Outcome.DUPLICATE),
        (cancel(7, 0, at=10), Outcome.UNKNOWN_ORDER),
        (cancel(1, 0, at=10, book=1), Outcome.UNKNOWN_ORDER),
        (cancel(1, 1, at=10), Outcome.OTHER_MEMBER),
        (cancel(3, 2, at=10), Outcome.NOT_RESTING),
        (amend(7, 0, SELL, 10, 5, at=10), Outcome.UNKNOWN_ORDER),
        (amend(1, 1, SELL, 10, 5, at=10), Outcome.OTHER_MEMBER),
        (amend(1, 0, BUY, 10, 5, at=10), Outcome.SIDE),
        (amend(1, 0, SELL, 0, 5, at=10), Outcome.QUANTITY),
        (amend(1, 0, SELL, 10, 501, at=10), Outcome.PRICE_LIMIT),
        (amend(1, 0, SELL, 10, 5, at=10, expires=10), Outcome.EXPIRY),
        (amend(2, 1, SELL, 4, 6, at=10), Outcome.ALREADY_TRADED),
    ],
)
def test_what_cannot_stand_is_refused_and_changes_nothing_but_the_clock(event, outcome):
    before = [place(2, 1, SELL, 10, 3), place(3, 2, BUY, 4, 3), place(1, 0, SELL, 10, 5, at=10)]
    told = happen([*before, event])[-1]
    assert told == Applied(outcome)
    assert (outcome >= FIRST_REFUSAL) == (outcome is not Outcome.REPEATED)
    without, after = run(columns(before), BOOKS).state, run(columns([*before, event]), BOOKS).state
    for name in without.placed.__struct_fields__:
        np.testing.assert_array_equal(getattr(after.placed, name), getattr(without.placed, name))
    assert after.next_entered == without.next_entered
    assert after.clock == (event.at if outcome not in (Outcome.KIND, Outcome.TIME) else 10)


def test_a_refused_order_leaves_its_number_free():
    told = happen([place(1, 0, BUY, 0, 5), place(1, 1, SELL, 7, 5)])
    assert [done.outcome for done in told] == [Outcome.QUANTITY, Outcome.DONE]


def test_an_order_that_is_repeated_late_is_no_second_one():
    first = place(1, 0, BUY, 5, 5, expires=30)
    assert last(first, msgspec.structs.replace(first, at=400)).outcome == Outcome.REPEATED
    state = run(columns([first, msgspec.structs.replace(first, at=29)]), BOOKS).state
    assert resting(state, BOOKS).left_wh.tolist() == [5]


def test_numbers_beyond_64_bits_are_no_columns():
    with pytest.raises(OverflowError):
        columns([place(2**63, 0, BUY, 1, 1)])


@pytest.mark.parametrize("bounds", [(-(2**63), 0), (0, 2**63 - 1)])
def test_price_limits_lie_inside_64_bits(bounds):
    with pytest.raises(ValueError, match="price limits"):
        Books(np.array([NEVER]), np.array([True]), *bounds)


@pytest.mark.parametrize("largest", [0, 2**62])
def test_the_largest_order_leaves_room_to_count(largest):
    with pytest.raises(ValueError, match="largest"):
        Books(np.array([NEVER]), np.array([True]), 0, 1, largest)


def test_the_kernel_means_the_same_by_its_numbers():
    for names in (Kind, Outcome):
        assert {name.name: getattr(kernel, name.name) for name in names} == {
            name.name: int(name) for name in names
        }
