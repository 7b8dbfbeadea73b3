import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.base.errors import NumberOverflow
from gridpact.base.randomness import stream
from gridpact.base.units import INT64_MAX
from gridpact.market.clearing.outcome import (
    Clearing,
    energy_by_member,
    payments_nano,
    welfare_nano,
)
from gridpact.market.clearing.uniform_price import clear
from gridpact.market.orders import Orders

FOLDER = Path(__file__).parents[1] / "cases" / "market"
CASES = sorted(path.parent for path in FOLDER.glob("*/orders.json"))
SLOTS = 4


def draw_rows(data, strategy):
    return data.draw(strategy, label="rows")


def sums(orders, values):
    """Per slot and side, shape [2, slots]: bought and sold."""
    total = np.zeros((2, SLOTS), dtype=np.int64)
    np.add.at(total, ((orders.side < 0).astype(int), orders.slot), values)
    return total


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_invariants(data, book_rows, orders_of):
    orders = orders_of(draw_rows(data, book_rows))
    found = clear(orders, SLOTS)
    bought, sold = sums(orders, found.accepted_wh)
    np.testing.assert_array_equal(bought, sold)
    np.testing.assert_array_equal(bought, found.volume_wh)
    np.testing.assert_array_equal(found.traded, found.volume_wh > 0)
    assert np.all((found.accepted_wh >= 0) & (found.accepted_wh <= orders.quantity_wh))

    price, limit = found.price_micro_per_kwh[orders.slot], orders.limit_micro_per_kwh
    gain = orders.side * np.sign(limit - price)
    traded = found.traded[orders.slot]
    assert np.all(gain[found.accepted_wh > 0] >= 0), "accepted beyond its limit"
    in_full = found.accepted_wh == orders.quantity_wh
    assert np.all(in_full[traded & (gain > 0)]), "curtailed though in the money"
    # A partly accepted order sets the price.
    partial = (found.accepted_wh > 0) & ~in_full
    assert np.all(limit[partial] == price[partial])
    # What is left over cannot trade any more.
    for slot in range(SLOTS):
        left = (orders.slot == slot) & ~in_full
        bids, offers = limit[left & (orders.side > 0)], limit[left & (orders.side < 0)]
        assert not bids.size or not offers.size or bids.max() < offers.min()


@given(data=st.data())
@settings(deadline=None, max_examples=300)
def test_same_as_the_rules_written_wh_by_wh(data, book_rows, orders_of, slow_clear):
    rows = draw_rows(data, book_rows)
    found = clear(orders_of(rows), SLOTS)
    for slot in range(SLOTS):
        at = [number for number, row in enumerate(rows) if row[0] == slot]
        volume, price, accepted = slow_clear([rows[number] for number in at])
        assert found.volume_wh[slot] == volume
        assert (found.price_micro_per_kwh[slot] if found.traded[slot] else None) == price
        assert found.accepted_wh[at].tolist() == accepted


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_row_order_does_not_matter(data, book_rows, orders_of):
    orders = orders_of(draw_rows(data, book_rows))
    mix = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    found, again = clear(orders, SLOTS), clear(orders.take(mix), SLOTS)
    np.testing.assert_array_equal(found.accepted_wh[mix], again.accepted_wh)
    np.testing.assert_array_equal(found.price_micro_per_kwh, again.price_micro_per_kwh)
    np.testing.assert_array_equal(found.volume_wh, again.volume_wh)


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_all_slots_together_are_each_slot_alone(data, book_rows, orders_of):
    orders = orders_of(draw_rows(data, book_rows))
    together = clear(orders, SLOTS)
    for slot in range(SLOTS):
        rows = np.flatnonzero(orders.slot == slot)
        one = orders.take(rows)
        alone = clear(Orders(one.sequence, one.member, one.slot * 0, one.side, *_amounts(one)), 1)
        np.testing.assert_array_equal(alone.accepted_wh, together.accepted_wh[rows])
        assert alone.traded[0] == together.traded[slot]
        assert alone.price_micro_per_kwh[0] == together.price_micro_per_kwh[slot]


def _amounts(orders):
    return orders.quantity_wh, orders.limit_micro_per_kwh


PRICES = st.integers(-6, 6)
ROW = st.tuples(st.just(0), st.sampled_from([1, -1]), st.integers(1, 9), PRICES)


@given(st.lists(ROW, min_size=1, max_size=14))
@settings(deadline=None, max_examples=150)
def test_welfare_and_volume_are_a_linear_programs_optimum(orders_of, rows):
    orders = orders_of(rows)
    found = clear(orders, 1)
    worth = (orders.side * orders.limit_micro_per_kwh).astype(float)
    bounds = [(0, float(size)) for size in orders.quantity_wh]
    balance = {"A_eq": [orders.side.astype(float)], "b_eq": [0.0]}
    best = linprog(-worth, bounds=bounds, method="highs", **balance)
    welfare = round(-best.fun)
    assert abs(-best.fun - welfare) < 1e-6
    assert welfare_nano(orders, found).tolist() == [welfare]
    # Among all outcomes of that welfare, the greatest volume.
    buys = (orders.side > 0).astype(float)
    most = linprog(
        -buys, A_ub=[-worth], b_ub=[-float(welfare)], bounds=bounds, method="highs", **balance
    )
    volume = round(-most.fun)
    assert abs(-most.fun - volume) < 1e-6
    assert found.volume_wh.tolist() == [volume]


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_what_is_paid_is_received(data, book_rows, orders_of):
    rows = [(*row[:3], row[3] % 1_000_003) for row in draw_rows(data, book_rows)]
    orders = orders_of(rows)
    found = clear(orders, SLOTS)
    paid = payments_nano(orders, found)
    total = np.zeros(SLOTS, dtype=np.int64)
    np.add.at(total, orders.slot, paid)
    assert not total.any()
    # Surplus of buyers and sellers together is the welfare.
    exact = [0] * SLOTS
    for row, size in zip(rows, found.accepted_wh.tolist(), strict=True):
        exact[row[0]] += row[1] * row[3] * size
    assert welfare_nano(orders, found).tolist() == exact
    bought, sold = energy_by_member(orders, found, orders.count)
    np.testing.assert_array_equal(bought.sum(axis=0), found.volume_wh)
    np.testing.assert_array_equal(sold.sum(axis=0), found.volume_wh)
    np.testing.assert_array_equal(
        (bought + sold)[np.arange(orders.count), orders.slot], found.accepted_wh
    )


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_golden(folder, orders_of):
    given_ = json.loads((folder / "orders.json").read_text())
    expected = json.loads((folder / "expected.json").read_text())
    rows = [
        (at["slot"], {"buy": 1, "sell": -1}[at["side"]], at["quantity_wh"], at["limit"])
        for at in given_["orders"]
    ]
    found = clear(orders_of(rows), given_["slots"])
    prices = [
        int(price) if traded else None
        for price, traded in zip(found.price_micro_per_kwh, found.traded, strict=True)
    ]
    assert prices == expected["price_micro_per_kwh"]
    assert found.volume_wh.tolist() == expected["volume_wh"]
    accepted = {
        at["id"]: size
        for at, size in zip(given_["orders"], found.accepted_wh.tolist(), strict=True)
    }
    assert accepted == expected["accepted_wh"]
    assert (folder / "note.md").read_text().strip()


@pytest.mark.parametrize("slots", [0, 1, 96])
def test_empty(slots, orders_of):
    found = clear(orders_of([]), slots)
    assert found.volume_wh.shape == found.traded.shape == (slots,)
    assert not found.traded.any()
    assert found.accepted_wh.size == 0


def test_extreme_prices_do_not_wrap(orders_of):
    edge = INT64_MAX - 1
    rows = [(0, 1, 5, edge), (0, -1, 3, -edge), (0, -1, 4, edge), (0, 1, 1, -edge)]
    found = clear(orders_of(rows), 1)
    assert found.price_micro_per_kwh.tolist() == [edge]
    assert found.accepted_wh.tolist() == [5, 3, 2, 0]
    with pytest.raises(NumberOverflow):
        payments_nano(orders_of(rows), found)
    with pytest.raises(NumberOverflow):
        welfare_nano(orders_of(rows), found)


def test_ties_of_giant_quantities_stay_exact(orders_of):
    big = 2**60
    rows = [(0, 1, big, 5), (0, 1, big - 1, 5), (0, -1, big // 2 + 1, 5)]
    found = clear(orders_of(rows), 1)
    assert found.volume_wh.tolist() == [big // 2 + 1]
    half, rest = divmod((big // 2 + 1) * big, 2 * big - 1)
    other, other_rest = divmod((big // 2 + 1) * (big - 1), 2 * big - 1)
    assert found.accepted_wh[:2].tolist() == [
        half + (rest >= other_rest),
        other + (rest < other_rest),
    ]


def test_welfare_of_many_large_terms_is_summed_exactly(orders_of):
    rows = [(0, 1, 2**20, 2**40), (0, -1, 2**20, -(2**40))] * 3
    found = clear(orders_of(rows), 1)
    assert welfare_nano(orders_of(rows), found).tolist() == [6 * 2**60]
    four = orders_of(rows + rows[:2])
    with pytest.raises(NumberOverflow):
        welfare_nano(four, clear(four, 1))


@pytest.mark.parametrize(
    "row",
    [(0, 1, 0, 5), (0, 1, -3, 5), (1, 1, 1, 5), (-1, 1, 1, 5), (0, 0, 1, 5), (0, 1, 1, INT64_MAX)],
)
def test_unsound_columns_are_a_bug(row, orders_of):
    with pytest.raises(ValueError, match="must"):
        clear(orders_of([row]), 1)


def test_a_book_too_large_to_add_up_is_refused(orders_of):
    with pytest.raises(NumberOverflow):
        clear(orders_of([(0, 1, 2**62, 5), (0, 1, 2**62, 5)]), 1)


def test_large_book_against_bare_search(orders_of):
    draw = stream(3, "test")
    count = 20_000
    side = np.tile([1, -1], count // 2)
    limit = np.where(side > 0, draw.integers(80, 301, count), draw.integers(50, 251, count))
    orders = orders_of(
        np.stack([np.zeros(count), side, draw.integers(50, 1001, count), limit], axis=1)
    )
    demand = [orders.quantity_wh[(side > 0) & (limit >= at)].sum() for at in range(50, 301)]
    supply = [orders.quantity_wh[(side < 0) & (limit <= at)].sum() for at in range(50, 301)]
    found = clear(orders, 1)
    assert found.volume_wh[0] == np.minimum(demand, supply).max()
    assert isinstance(found, Clearing)
