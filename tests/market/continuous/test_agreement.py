"""The column engine, the live books and the plain list give the same, event by event."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.market.clearing.continuous.engine import run
from gridpact.market.clearing.continuous.events import NEVER, Books, Event, Events, columns, rows
from gridpact.market.clearing.continuous.live import ContinuousBook
from gridpact.market.clearing.continuous.state import opening, resting


def fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def same_state(one, other):
    left, right = fields(one.placed), fields(other.placed)
    assert all(column.dtype == np.int64 for column in [*left.values(), *right.values()])
    assert {n: c.tolist() for n, c in left.items()} == {n: c.tolist() for n, c in right.items()}
    assert (one.clock, one.next_entered) == (other.clock, other.next_entered)


def told_by_engine(results):
    """Per event: outcome, trades, Wh traded, cancelled, left."""
    fills = results.fills
    trades = list(
        zip(
            fills.maker.tolist(),
            fills.taker.tolist(),
            fills.quantity_wh.tolist(),
            fills.price_micro_per_kwh.tolist(),
            strict=True,
        )
    )
    made = [
        [trade for trade, by in zip(trades, fills.event.tolist(), strict=True) if by == row]
        for row in range(results.outcome.size)
    ]
    counts = (results.traded_wh, results.cancelled_wh, results.left_wh)
    numbers = zip(*(column.tolist() for column in counts), strict=True)
    outcomes = zip(results.outcome.tolist(), made, numbers, strict=True)
    return [(outcome, trades, *wh) for outcome, trades, wh in outcomes]


def told_by_live(live, events):
    told = []
    for event in events:
        done = live.apply(event)
        trades = [tuple(fields(fill).values()) for fill in done.fills]
        told.append((done.outcome, trades, done.traded_wh, done.cancelled_wh, done.left_wh))
    return told


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_all_three_agree(data, any_history, books, plain):
    events = data.draw(any_history)
    slow, live, results = plain(books), ContinuousBook(books), run(columns(events), books)
    expected = [slow.apply(event) for event in events]
    assert told_by_live(live, events) == expected
    assert told_by_engine(results) == expected
    same_state(live.snapshot(), results.state)
    rest = resting(results.state, books)
    found = list(zip(rest.order.tolist(), rest.left_wh.tolist(), strict=True))
    assert found == [
        (order["placed"].order, order["left"])
        for book in range(books.count)
        for side in (-1, 1)  # offers from the cheapest, bids from the dearest, oldest first
        for order in sorted(slow.resting(book), key=lambda order: -side * order["limit"])
        if order["placed"].side == side
    ]


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_books_can_be_closed_up_and_opened_again_anywhere(data, any_history, books):
    """The engine goes on from its own state and from the live books', and they from its."""
    events = data.draw(any_history)
    cut = data.draw(st.integers(0, len(events)))
    whole = run(columns(events), books)
    first = run(columns(events[:cut]), books)
    second = run(columns(events[cut:]), books, first.state)
    assert told_by_engine(first) + told_by_engine(second) == told_by_engine(whole)
    same_state(second.state, whole.state)
    live = ContinuousBook(books, first.state)
    same_state(live.snapshot(), first.state)
    assert told_by_live(live, events[cut:]) == told_by_engine(second)
    same_state(live.snapshot(), whole.state)


@pytest.mark.parametrize("scattered", [False, True])
def test_deep_books_agree(scattered):
    """Thousands of prices and orders: three levels of words, and heaps that need tidying."""
    events, books = deep(12_000, scattered)
    results, live = run(events, books), ContinuousBook(books)
    assert told_by_live(live, rows(events)) == quick_told(results)
    same_state(live.snapshot(), results.state)
    assert results.fills.count > 2_000
    assert resting(results.state, books).count > 1_000


def quick_told(results):
    """As ``told_by_engine``, in linear time."""
    fills = results.fills
    names = (fills.maker, fills.taker, fills.quantity_wh, fills.price_micro_per_kwh)
    trades = list(zip(*(column.tolist() for column in names), strict=True))
    ends = np.searchsorted(fills.event, np.arange(results.outcome.size), side="right").tolist()
    wh = np.stack([results.traded_wh, results.cancelled_wh, results.left_wh], axis=1).tolist()
    starts = [0, *ends[:-1]]
    return [
        (outcome, trades[start:end], *sums)
        for outcome, start, end, sums in zip(
            results.outcome.tolist(), starts, ends, wh, strict=True
        )
    ]


def deep(count, scattered):
    draw = stream(4, "continuous", count, int(scattered))
    side = draw.choice([1, -1], count)
    kind = draw.choice([1, 1, 1, 2, 3, 3, 4], count)
    changes = kind >= 3
    order = np.where(changes, (draw.random(count) * np.arange(count)).astype(int), np.arange(count))
    side = np.where(changes, side[order], side)
    limit = draw.integers(0, 60_000, count) - side * draw.integers(0, 30_000, count)
    book = (np.arange(count) // 100) % 2
    book, member = book[order], draw.integers(0, 200, count)[order]
    if scattered:
        order = draw.permutation(2**40 + 12_345_678_901 * np.arange(count))[order]
    at = np.arange(count) // 3
    expires = np.where(draw.random(count) < 0.3, at + draw.integers(1, 900, count), NEVER)
    quantity = draw.integers(1, 400, count)
    events = Events(kind, order, at, book, member, side, quantity, limit, expires)
    limits = -(10**6), 10**6
    return events, Books(np.array([NEVER, NEVER]), np.ones(200, np.bool_), *limits)


def test_prices_at_the_ends_of_64_bits():
    far = 2**63 - 2
    books = Books(np.array([NEVER]), np.ones(2, np.bool_), -far, far)
    events = [Event(1, 1, 0, 0, 0, -1, 5, -far), Event(1, 2, 0, 0, 0, -1, 5, far)]
    events += [Event(1, 3, 0, 0, 1, 1, 7, far), Event(1, 4, 0, 0, 1, 1, 7, -far)]
    expected = [(0, [], 0, 0, 5), (0, [], 0, 0, 5)]
    expected += [(0, [(1, 3, 5, -far), (2, 3, 2, far)], 7, 0, 0), (0, [], 0, 0, 7)]
    assert told_by_engine(run(columns(events), books)) == expected
    assert told_by_live(ContinuousBook(books), events) == expected


def test_nothing_happens_in_no_events(books):
    results = run(columns([]), books)
    assert (results.outcome.size, results.fills.count) == (0, 0)
    same_state(results.state, opening())
    same_state(ContinuousBook(books).snapshot(), opening())


def test_a_state_of_other_books_is_refused(books):
    state = run(columns([Event(1, 1, 0, 2, 0, 1, 5, 1)]), books).state
    fewer = Books(books.closes[:2], books.authorised, -5, 5)
    with pytest.raises(ValueError, match="other books"):
        run(columns([]), fewer, state)
    with pytest.raises(ValueError, match="other books"):
        ContinuousBook(fewer, state)
