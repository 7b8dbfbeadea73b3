"""Preference matching: the best assignment, its prices, and what it refuses."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.matched import accounts_nano
from gridpact.market.clearing.preferences import transport
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT, clear
from gridpact.market.clearing.preferences.model import (
    Distances,
    Preferences,
    indifferent,
    one_place,
)
from gridpact.market.orders import Orders

SLOTS = 2
CASES = sorted((Path(__file__).parents[2] / "cases" / "market").glob("preference_*/case.json"))
WISHES = {
    "green": False,
    "partner": -1,
    "location": 0,
    "green_premium": 0,
    "partner_premium": 0,
    "near_premium": 0,
}


def trades_of(orders, found):
    """Trades by sequence: (buy, sell, Wh, paid, received)."""
    trades = found.trades
    columns = (
        orders.sequence[trades.buy],
        orders.sequence[trades.sell],
        trades.quantity_wh,
        trades.buyer_micro_per_kwh,
        trades.seller_micro_per_kwh,
    )
    return sorted(zip(*(column.tolist() for column in columns), strict=True))


def column(rows, key, default=None):
    return np.array([row.get(key, default) for row in rows])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.parent.name)
def test_worked_by_hand(case, pair_surplus):
    given_ = json.loads(case.read_text())
    rows, zero = given_["orders"], np.zeros(len(given_["orders"]), dtype=np.int64)
    side = np.where(column(rows, "side") == "buy", 1, -1)
    sizes = column(rows, "quantity_wh"), column(rows, "limit")
    orders = Orders(
        zero.cumsum() + np.arange(len(rows)), column(rows, "member"), zero, side, *sizes
    )
    wishes = Preferences(*(column(rows, key, default) for key, default in WISHES.items()))
    grid = Distances(np.array(given_["fees"]), np.array(given_["near"]))
    found = clear(orders, 1, wishes, grid)
    ids = column(rows, "id").tolist()
    named = [[ids[a], ids[b], *rest] for a, b, *rest in trades_of(orders, found)]
    assert named == given_["trades"]
    pairs = zip(found.trades.buy, found.trades.sell, found.trades.quantity_wh, strict=True)
    total = sum(int(wh) * pair_surplus((orders, wishes, grid), a, b)[0] for a, b, wh in pairs)
    assert total == given_["surplus_nano"]
    assert (case.parent / "note.md").read_text().strip()


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_surplus_then_volume_are_the_greatest(data, preference_books, assignment, pair_surplus):
    book = data.draw(preference_books)
    orders, trades = book[0], clear(book[0], SLOTS, *book[1:]).trades
    for slot in range(SLOTS):
        total = volume = 0
        for buy, sell, wh in zip(trades.buy, trades.sell, trades.quantity_wh.tolist(), strict=True):
            if orders.slot[buy] == slot:
                total += wh * pair_surplus(book, buy, sell)[0]
                volume += wh
        assert (total, volume) == assignment(book, slot)


@settings(deadline=None, max_examples=100)
@given(data=st.data(), k_ppm=st.sampled_from([0, 333_333, 500_000, 1_000_000]))
def test_prices_divide_the_surplus_and_fees_are_explicit(
    data, k_ppm, preference_books, pair_surplus
):
    book = data.draw(preference_books)
    orders = book[0]
    found = clear(orders, SLOTS, *book[1:], k_ppm=k_ppm)
    trades, fees = found.trades, 0
    assert np.all(found.accepted_wh <= orders.quantity_wh)
    for at in range(trades.count):
        buy, sell = int(trades.buy[at]), int(trades.sell[at])
        gain, fee = pair_surplus(book, buy, sell)
        asked, receives = (
            int(orders.limit_micro_per_kwh[sell]),
            int(trades.seller_micro_per_kwh[at]),
        )
        assert orders.slot[buy] == orders.slot[sell]
        assert orders.side[buy] == 1
        assert orders.side[sell] == -1
        assert trades.buyer_micro_per_kwh[at] - receives == fee
        assert 0 <= receives - asked <= gain
        assert abs((receives - asked) * 1_000_000 - k_ppm * gain) <= 500_000
        fees += fee * int(trades.quantity_wh[at])
    paid, received, between = accounts_nano(orders, found, 4)
    assert int(paid.sum()) == int(received.sum()) + between
    assert between == fees


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_row_order_does_not_matter(data, preference_books):
    orders, wishes, grid = data.draw(preference_books)
    rows = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    mixed = orders.take(rows)
    one = clear(orders, SLOTS, wishes, grid)
    other = clear(mixed, SLOTS, wishes.take(rows), grid)
    assert trades_of(orders, one) == trades_of(mixed, other)


def flows(gain, bids, offers):
    """Every flow within the sizes along pairs that do not lose, as tuples by pair."""
    pairs = [(a, b) for a in range(len(bids)) for b in range(len(offers))]

    def extend(at, flow, bid, offer):
        if at == len(pairs):
            yield tuple(flow)
            return
        a, b = pairs[at]
        for wh in range(min(bid[a], offer[b]) + 1 if gain[a][b] >= 0 else 1):
            bid[a] -= wh
            offer[b] -= wh
            yield from extend(at + 1, [*flow, wh], bid, offer)
            bid[a] += wh
            offer[b] += wh

    yield from extend(0, [], list(bids), list(offers))


@settings(deadline=None, max_examples=80)
@given(
    bids=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=3),
    offers=st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), min_size=1, max_size=2),
    premium=st.integers(0, 1),
)
def test_ties_go_to_the_lower_sequence(bids, offers, premium):
    rows = [(0, 1, *bid) for bid in bids] + [(0, -1, *offer) for offer in offers]
    count = np.arange(len(rows), dtype=np.int64)
    orders = Orders(count, count, *np.array(rows, dtype=np.int64).T)
    wishes = msgspec.structs.replace(
        indifferent(orders), green=count % 2 == 0, green_micro_per_kwh=count * 0 + premium
    )
    found = clear(orders, 1, wishes).trades
    gain = [
        [
            bid[1] + premium * ((len(bids) + at) % 2 == 0) - offer[1]
            for at, offer in enumerate(offers)
        ]
        for bid in bids
    ]
    flat = [one for row in gain for one in row]
    every = flows(gain, [bid[0] for bid in bids], [offer[0] for offer in offers])
    best = max(
        every,
        key=lambda flow: (sum(a * b for a, b in zip(flow, flat, strict=True)), sum(flow), flow),
    )
    table = np.zeros((len(bids), len(offers)), dtype=np.int64)
    table[found.buy, found.sell - len(bids)] = found.quantity_wh
    assert tuple(table.ravel().tolist()) == best


def plain(limits, sizes, sides):
    count = np.arange(len(limits), dtype=np.int64)
    columns = (np.array(values, dtype=np.int64) for values in (sides, sizes, limits))
    return Orders(count, count, count * 0, *columns)


def test_exact_where_floats_are_not():
    """Surpluses that differ in the last of 62 bits: a float sees the two offers as equal."""
    large = 2**61
    orders = plain([large, large, -large + 1, -large], [1, 1, 1, 1], [1, 1, -1, -1])
    wishes = msgspec.structs.replace(
        indifferent(orders),
        partner=np.array([3, -1, -1, -1]),
        partner_micro_per_kwh=np.array([1, 0, 0, 0]),
    )
    trades = clear(orders, 1, wishes).trades
    assert list(zip(trades.buy.tolist(), trades.sell.tolist(), strict=True)) == [(0, 3), (1, 2)]


def test_a_slot_of_many_orders():
    draw, count = stream(7, "preference-matching"), 120
    side = np.where(np.arange(count) % 2 == 0, 1, -1)
    orders = plain(draw.integers(50_000, 300_000, count), draw.integers(1, 10_000, count), side)
    place = draw.integers(0, 5, count)
    apart = np.abs(np.arange(5)[:, None] - np.arange(5)[None])
    wishes = msgspec.structs.replace(indifferent(orders), location=place)
    matched = clear(orders, 1, wishes, Distances(apart * 20_000, apart == 0)).trades
    gain = (
        orders.limit_micro_per_kwh[matched.buy]
        - orders.limit_micro_per_kwh[matched.sell]
        - 20_000 * np.abs(place[matched.buy] - place[matched.sell])
    )
    assert int(matched.quantity_wh @ gain) == dual(orders, place)


def dual(orders, place):
    """The dual programme's optimum, which no assignment exceeds and the best one reaches."""
    from scipy.optimize import linprog

    bids, offers = (np.flatnonzero(orders.side == side) for side in (1, -1))
    pairs = [(a, b) for a in range(bids.size) for b in range(offers.size)]
    table = np.zeros((len(pairs), bids.size + offers.size))
    least = np.zeros(len(pairs))
    for at, (a, b) in enumerate(pairs):
        table[at, [a, bids.size + b]] = -1
        fee = 20_000 * abs(int(place[bids[a]]) - int(place[offers[b]]))
        worth = orders.limit_micro_per_kwh[bids[a]] - orders.limit_micro_per_kwh[offers[b]]
        least[at] = -(int(worth) - fee)
    size = orders.quantity_wh[np.concatenate([bids, offers])]
    found = linprog(size.astype(float), A_ub=table, b_ub=least)
    return round(found.fun)


def test_too_many_orders_in_a_slot_are_refused():
    count = LARGEST_SLOT + 1
    orders = plain([0] * count, [1] * count, [1] * count)
    with pytest.raises(ValueError, match=r"slot 0 has 1001 orders; .* at most 1000"):
        clear(orders, 1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"location": np.array([0, 1])}, r"location must be in \[0, 1\)"),
        ({"green_micro_per_kwh": np.array([-1, 0])}, "must not be negative"),
        ({"partner": np.array([0])}, "a row for each order"),
    ],
)
def test_unsound_preferences_are_refused(changes, message):
    orders = plain([5, 3], [1, 1], [1, -1])
    with pytest.raises(ValueError, match=message):
        clear(orders, 1, msgspec.structs.replace(indifferent(orders), **changes))


def test_an_unsound_grid_and_share_are_refused():
    orders = plain([5, 3], [1, 1], [1, -1])
    with pytest.raises(ValueError, match="square"):
        clear(orders, 1, None, Distances(np.zeros((1, 2), dtype=np.int64), one_place().near))
    with pytest.raises(ValueError, match="must not be negative"):
        clear(orders, 1, None, Distances(np.array([[-1]]), one_place().near))
    with pytest.raises(ValueError, match="1000001 ppm"):
        clear(orders, 1, k_ppm=1_000_001)


def test_premiums_beyond_64_bits_are_refused():
    orders = plain([INT64_MAX - 1, 3], [1, 1], [1, -1])
    wishes = msgspec.structs.replace(indifferent(orders), green_micro_per_kwh=np.array([5, 0]))
    with pytest.raises(NumberOverflow, match="premiums and fee"):
        clear(orders, 1, wishes)


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_nothing_rests_on_the_floating_point_proposal(data, preference_books):
    """From no flow at all the cycles alone lead to the same trades."""
    orders, wishes, grid = data.draw(preference_books)
    expected = clear(orders, SLOTS, wishes, grid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transport, "_proposal", lambda surplus, *_: np.zeros(surplus.shape, np.int64))
        found = clear(orders, SLOTS, wishes, grid)
    assert trades_of(orders, found) == trades_of(orders, expected)
