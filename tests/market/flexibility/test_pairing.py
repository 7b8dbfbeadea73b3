import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.market.clearing.matched import accounts_nano, to_matched
from gridpact.market.flexibility.pairing import pair
from gridpact.market.orders import Orders

CASES = sorted((Path(__file__).parents[2] / "cases" / "flexibility").glob("pairs-*"))
INSIDE = np.array([True, False, True])


def orders_of(rows):
    """Rows (slot, side, quantity, limit, zone)."""
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    every = np.arange(len(rows), dtype=np.int64)
    return Orders(every, every, *table.T[:4]), table[:, 4]


ROW = st.tuples(
    st.integers(0, 1),
    st.sampled_from([1, -1]),
    st.integers(1, 50),
    st.integers(-3, 3) | st.integers(-200_000, 400_000),
    st.integers(0, 2),
)
BOOK = st.lists(ROW, max_size=14)
NEED = st.lists(st.integers(-120, 120), min_size=2, max_size=2)


@given(rows=BOOK, need=NEED)
@settings(deadline=None, max_examples=150)
def test_energy_and_money_balance(rows, need):
    orders, zone = orders_of(rows)
    found = pair(orders, zone, INSIDE, np.array(need))
    trades = found.trades
    matched = to_matched(orders, trades)
    assert np.all(matched.accepted_wh <= orders.quantity_wh)
    assert np.all(orders.side[trades.buy] == 1)
    assert np.all(orders.side[trades.sell] == -1)
    assert np.all(orders.slot[trades.buy] == orders.slot[trades.sell])
    assert np.all(INSIDE[zone[trades.buy]] != INSIDE[zone[trades.sell]])
    paid, received, fees = accounts_nano(orders, matched, orders.count)
    assert paid.sum() + found.spread_nano.sum() == received.sum()
    assert fees == -found.spread_nano.sum()
    # infeed of the area changes by what was asked, as far as it goes
    signed = -orders.side * matched.accepted_wh * INSIDE[zone]
    change = [int(signed[orders.slot == slot].sum()) for slot in range(2)]
    assert change == (np.sign(need) * found.relieved_wh).tolist()
    np.testing.assert_array_equal(found.relieved_wh + found.unmet_wh, np.abs(need))


@given(rows=BOOK, need=NEED)
@settings(deadline=None, max_examples=100)
def test_the_spread_is_the_optimum_of_a_linear_programme(rows, need):
    orders, zone = orders_of(rows)
    found = pair(orders, zone, INSIDE, np.array(need))
    for slot in range(2):
        sign = int(np.sign(need[slot]))
        at = np.flatnonzero((orders.slot == slot) & (sign != 0))
        within = INSIDE[zone[at]]
        at = at[within == (orders.side[at] == -sign)]
        if not at.size:
            assert found.relieved_wh[slot] == 0
            continue
        inside = INSIDE[zone[at]].astype(float)
        cost = -orders.side[at] * orders.limit_micro_per_kwh[at]
        # as much as can be moved, then at the least spread
        reward = 10_000_000 * inside
        best = linprog(
            cost - reward,
            A_eq=[2 * inside - 1],
            b_eq=[0],
            A_ub=[inside],
            b_ub=[abs(need[slot])],
            bounds=[(0, quantity) for quantity in orders.quantity_wh[at]],
        )
        moved = float(best.x @ inside)
        assert found.relieved_wh[slot] == pytest.approx(moved, abs=1e-6)
        assert found.spread_nano[slot] == pytest.approx(best.fun + 10_000_000 * moved, abs=1e-3)


@given(rows=BOOK, need=NEED, data=st.data())
@settings(deadline=None, max_examples=80)
def test_row_order_does_not_matter(rows, need, data):
    orders, zone = orders_of(rows)
    order = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    found = pair(orders, zone, INSIDE, np.array(need)).trades
    again = pair(orders.take(order), zone[order], INSIDE, np.array(need)).trades
    np.testing.assert_array_equal(order[again.buy], found.buy)
    np.testing.assert_array_equal(order[again.sell], found.sell)
    np.testing.assert_array_equal(again.quantity_wh, found.quantity_wh)


@given(rows=BOOK, need=NEED, limit=st.integers(-1_000, 300_000))
@settings(deadline=None, max_examples=60)
def test_no_pair_costs_more_than_the_highest_spread(rows, need, limit):
    orders, zone = orders_of(rows)
    free = pair(orders, zone, INSIDE, np.array(need)).trades
    found = pair(orders, zone, INSIDE, np.array(need), limit).trades
    spread = free.seller_micro_per_kwh - free.buyer_micro_per_kwh
    assert found.quantity_wh.sum() == free.quantity_wh[spread <= limit].sum()
    assert np.all(found.seller_micro_per_kwh - found.buyer_micro_per_kwh <= limit)


@pytest.mark.parametrize("folder", CASES, ids=lambda folder: folder.name)
def test_case(folder):
    case = json.loads((folder / "case.json").read_text())
    orders, zone = orders_of(case["orders"])
    found = pair(orders, zone, np.array(case["inside"]), np.array(case["need_wh"]))
    trades = np.stack([found.trades.buy, found.trades.sell, found.trades.quantity_wh], axis=1)
    assert trades.tolist() == case["pairs"]
    assert found.spread_nano.tolist() == case["spread_nano"]
    assert found.unmet_wh.tolist() == case["unmet_wh"]


def test_the_cases_are_there():
    assert len(CASES) == 2


@pytest.mark.parametrize("row", [(2, 1, 5, 0, 0), (0, 1, 5, 0, 3), (0, 1, 0, 0, 0)])
def test_unsound_orders_are_a_defect(row):
    with pytest.raises(ValueError, match="not sound"):
        pair(*orders_of([row]), INSIDE, np.array([5, 5]))
