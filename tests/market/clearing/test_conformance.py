"""Every mechanism under every tie rule on random books: what all keep, and what each claims."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.randomness import stream
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.matched import accounts_nano, welfare_nano
from gridpact.market.clearing.mechanisms import MECHANISMS, Capability, choose, match
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.orders import Orders

SLOTS = 4
VARIANTS = dict(MECHANISMS) | {
    f"{name} by time": choose(name, {"ties": "time"})
    for name, mechanism in MECHANISMS.items()
    if "ties" in mechanism.options
}
ALL = pytest.mark.parametrize("name", sorted(VARIANTS))


def claiming(*capabilities):
    """Run a test for the mechanisms that claim all of these."""
    names = [
        name for name, one in sorted(VARIANTS.items()) if one.capabilities >= set(capabilities)
    ]
    return pytest.mark.parametrize("name", names)


def with_books(test, examples=25):
    """Give a test data to draw its book from."""
    return settings(deadline=None, max_examples=examples)(given(data=st.data())(test))


def check_sound(orders, found, slots):
    """Conservation, sides, slots and sizes."""
    trades = found.trades
    assert np.all(trades.quantity_wh > 0)
    assert np.all(orders.side[trades.buy] == 1)
    assert np.all(orders.side[trades.sell] == -1)
    np.testing.assert_array_equal(orders.slot[trades.buy], orders.slot[trades.sell])
    accepted = np.zeros(orders.count, dtype=np.int64)
    np.add.at(accepted, trades.buy, trades.quantity_wh)
    np.add.at(accepted, trades.sell, trades.quantity_wh)
    np.testing.assert_array_equal(accepted, found.accepted_wh)
    assert np.all((accepted >= 0) & (accepted <= orders.quantity_wh))
    balance = np.zeros(slots, dtype=np.int64)
    np.add.at(balance, orders.slot, orders.side * accepted)
    assert not balance.any()


def named(orders, found):
    """Trades by the sequences of their orders, in no particular order."""
    trades = found.trades
    columns = [
        orders.sequence[trades.buy],
        orders.sequence[trades.sell],
        trades.quantity_wh,
        trades.buyer_micro_per_kwh,
        trades.seller_micro_per_kwh,
    ]
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


@ALL
@with_books
def test_energy_is_conserved_within_sizes(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    check_sound(orders, match(VARIANTS[name], orders, SLOTS), SLOTS)


@ALL
@with_books
def test_paid_is_received_and_fees(name, data, book_rows, orders_of):
    rows = [(*row[:3], row[3] % 1_000_003 - 500_000) for row in data.draw(book_rows)]
    orders = orders_of(rows)
    orders = Orders(orders.sequence, orders.member % 3, *list(_columns(orders))[2:])
    found = match(VARIANTS[name], orders, SLOTS)
    paid, received, fees = accounts_nano(orders, found, 3)
    trades = found.trades
    assert int(paid.sum()) == int(received.sum()) + fees
    assert int(paid.sum()) == int(trades.quantity_wh @ trades.buyer_micro_per_kwh)
    assert int(received.sum()) == int(trades.quantity_wh @ trades.seller_micro_per_kwh)


def _columns(orders):
    return (getattr(orders, name) for name in Orders.__struct_fields__)


@ALL
@with_books
def test_row_order_does_not_matter(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    mixed = orders.take(np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64))
    one, other = (match(VARIANTS[name], book, SLOTS) for book in (orders, mixed))
    assert named(orders, one) == named(mixed, other)


@ALL
@with_books
def test_all_slots_together_are_each_slot_alone(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    together, alone = match(VARIANTS[name], orders, SLOTS), []
    for slot in range(SLOTS):
        book = orders.take(orders.slot == slot)
        alone += named(book, match(VARIANTS[name], book, SLOTS))
    assert named(orders, together) == sorted(alone)


@claiming(Capability.INDIVIDUALLY_RATIONAL)
@with_books
def test_nobody_beyond_its_limit(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    trades, limit = match(VARIANTS[name], orders, SLOTS).trades, orders.limit_micro_per_kwh
    assert np.all(trades.buyer_micro_per_kwh <= limit[trades.buy])
    assert np.all(trades.seller_micro_per_kwh >= limit[trades.sell])


@claiming(Capability.BUDGET_BALANCED)
@with_books
def test_no_fee_and_no_subsidy(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    trades = match(VARIANTS[name], orders, SLOTS).trades
    margin = [0] * SLOTS
    for row, wh, pays, gets in zip(
        trades.buy.tolist(),
        trades.quantity_wh.tolist(),
        trades.buyer_micro_per_kwh.tolist(),
        trades.seller_micro_per_kwh.tolist(),
        strict=True,
    ):
        margin[int(orders.slot[row])] += wh * (pays - gets)
    assert margin == [0] * SLOTS


@claiming(Capability.UNCROSSED)
@with_books
def test_nothing_left_can_trade(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    left = match(VARIANTS[name], orders, SLOTS).accepted_wh < orders.quantity_wh
    for slot in range(SLOTS):
        here = left & (orders.slot == slot)
        bids, offers = (
            orders.limit_micro_per_kwh[here & (orders.side == side)] for side in (1, -1)
        )
        assert not bids.size or not offers.size or bids.max() < offers.min()


@claiming(Capability.UNIFORM_PRICE)
@with_books
def test_one_price_that_is_fair_to_every_order(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    found, trades = (
        VARIANTS[name].clear(orders, SLOTS),
        match(VARIANTS[name], orders, SLOTS).trades,
    )
    assert isinstance(found, Clearing)
    price = found.price_micro_per_kwh[orders.slot]
    np.testing.assert_array_equal(trades.buyer_micro_per_kwh, price[trades.buy])
    np.testing.assert_array_equal(trades.seller_micro_per_kwh, price[trades.sell])
    limit, in_full = orders.limit_micro_per_kwh, found.accepted_wh == orders.quantity_wh
    gain = np.where(limit > price, 1, np.where(limit < price, -1, 0)) * orders.side
    assert np.all(in_full[(gain > 0) & found.traded[orders.slot]])
    assert np.all(
        limit[(found.accepted_wh > 0) & ~in_full] == price[(found.accepted_wh > 0) & ~in_full]
    )


@claiming(Capability.PAY_AS_OFFER)
@with_books
def test_each_trade_at_its_offer(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    trades = match(VARIANTS[name], orders, SLOTS).trades
    asked = orders.limit_micro_per_kwh[trades.sell]
    np.testing.assert_array_equal(trades.seller_micro_per_kwh, asked)
    np.testing.assert_array_equal(trades.buyer_micro_per_kwh, asked)


@claiming(Capability.PAY_AS_BID)
@with_books
def test_each_trade_at_its_bid(name, data, book_rows, orders_of):
    orders = orders_of(data.draw(book_rows))
    trades = match(VARIANTS[name], orders, SLOTS).trades
    wanted = orders.limit_micro_per_kwh[trades.buy]
    np.testing.assert_array_equal(trades.seller_micro_per_kwh, wanted)
    np.testing.assert_array_equal(trades.buyer_micro_per_kwh, wanted)


@claiming(Capability.WELFARE_MAXIMAL)
@with_books
def test_welfare_is_a_linear_programs_optimum(name, data, book_rows, orders_of, optimum):
    orders = orders_of(data.draw(book_rows))
    found = match(VARIANTS[name], orders, SLOTS)
    welfare, _ = optimum(orders, SLOTS)
    assert sum_of_worth(orders, found) == welfare


def sum_of_worth(orders, found):
    """Welfare in Python's integers."""
    columns = orders.side, found.accepted_wh, orders.limit_micro_per_kwh
    return sum(a * b * c for a, b, c in zip(*(one.tolist() for one in columns), strict=True))


@claiming(Capability.WELFARE_MAXIMAL, Capability.UNCROSSED)
@with_books
def test_volume_is_the_greatest_with_that_welfare(name, data, book_rows, orders_of, optimum):
    orders = orders_of(data.draw(book_rows))
    found = match(VARIANTS[name], orders, SLOTS)
    _, volume = optimum(orders, SLOTS)
    assert int(found.trades.quantity_wh.sum()) == volume


@claiming(Capability.CONTINUOUS)
@with_books
def test_the_first_to_come_sets_the_price_and_later_orders_change_nothing(
    name, data, book_rows, orders_of
):
    orders = orders_of(data.draw(book_rows))
    found = match(VARIANTS[name], orders, SLOTS)
    trades, limit = found.trades, orders.limit_micro_per_kwh
    first = np.minimum(trades.buy, trades.sell)  # here the row is the sequence
    np.testing.assert_array_equal(trades.buyer_micro_per_kwh, limit[first])
    np.testing.assert_array_equal(trades.seller_micro_per_kwh, limit[first])
    early = data.draw(st.integers(0, orders.count))
    before = orders.take(np.arange(early))
    kept = [trade for trade in named(orders, found) if max(trade[:2]) < early]
    assert named(before, match(VARIANTS[name], before, SLOTS)) == kept


@ALL
@pytest.mark.parametrize("slots", [0, 1, 96])
def test_an_empty_book(name, slots, orders_of):
    found = match(VARIANTS[name], orders_of([]), slots)
    assert found.accepted_wh.size == found.trades.count == 0


@ALL
@pytest.mark.parametrize("side", [1, -1])
def test_a_book_of_one_side(name, side, orders_of):
    orders = orders_of([(slot, side, 5, limit) for slot in (0, 2) for limit in (-7, 0, 7)])
    found = match(VARIANTS[name], orders, SLOTS)
    assert found.trades.count == 0
    assert not found.accepted_wh.any()


@ALL
def test_prices_at_the_edge_of_64_bits(name, orders_of):
    edge = INT64_MAX - 1
    rows = [(0, 1, 5, edge), (0, -1, 3, -edge), (0, -1, 4, edge), (0, 1, 1, -edge)]
    orders = orders_of(rows)
    found = match(VARIANTS[name], orders, 1)
    check_sound(orders, found, 1)
    # A trade may take place at any price between; nobody may be beyond its limit by wrapping.
    trades = found.trades
    assert np.all(trades.buyer_micro_per_kwh <= orders.limit_micro_per_kwh[trades.buy])
    assert np.all(trades.seller_micro_per_kwh >= orders.limit_micro_per_kwh[trades.sell])
    assert trades.count


@ALL
@pytest.mark.parametrize("limit", [0, -40_000, 210_000])
def test_all_at_one_price(name, limit, orders_of):
    rows = [(0, side, size, limit) for side, size in ((1, 7), (1, 4), (1, 4), (-1, 6), (-1, 3))]
    orders = orders_of(rows)
    found = match(VARIANTS[name], orders, 1)
    check_sound(orders, found, 1)
    assert int(found.trades.quantity_wh.sum()) == 9
    assert np.all(found.trades.buyer_micro_per_kwh == limit)
    assert np.all(found.trades.seller_micro_per_kwh == limit)


@ALL
def test_a_day_of_many_slots(name, orders_of, optimum):
    draw = stream(11, "test", "conformance")
    slots, each = 96, 40
    side = draw.choice([1, -1], slots * each)
    limit = draw.integers(-60, 260, slots * each) + 40 * side
    quantity = draw.integers(1, 500, slots * each)
    slot = draw.integers(0, slots, slots * each)
    orders = orders_of(np.stack([slot, side, quantity, limit], axis=1))
    found = match(VARIANTS[name], orders, slots)
    check_sound(orders, found, slots)
    welfare, volume = optimum(orders, slots)
    assert welfare_nano(orders, found) <= welfare
    if VARIANTS[name].capabilities >= {Capability.WELFARE_MAXIMAL, Capability.UNCROSSED}:
        assert welfare_nano(orders, found) == welfare
        assert int(found.trades.quantity_wh.sum()) == volume


def test_a_mechanism_is_known_by_its_name():
    for name, mechanism in MECHANISMS.items():
        assert name == mechanism.name
        assert mechanism.summary


@pytest.mark.parametrize("name", [name for name in sorted(VARIANTS) if name.endswith("by time")])
@with_books
def test_by_time_an_order_gives_way_to_earlier_ones_at_its_price(name, data, book_rows, orders_of):
    """Against the same mechanism pro rata: each price gets the same Wh, filled in turn."""
    orders = orders_of(data.draw(book_rows))
    shared = match(MECHANISMS[name.removesuffix(" by time")], orders, SLOTS).accepted_wh
    in_turn = match(VARIANTS[name], orders, SLOTS).accepted_wh
    columns = (orders.slot, orders.side, orders.limit_micro_per_kwh, orders.quantity_wh)
    left, expected = {}, []
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    for row, wh in zip(rows, shared.tolist(), strict=True):
        left[row[:3]] = left.get(row[:3], 0) + wh
    for row in rows:  # here the row is the sequence
        expected.append(min(row[3], left[row[:3]]))
        left[row[:3]] -= expected[-1]
    assert in_turn.tolist() == expected
