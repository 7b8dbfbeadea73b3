"""Books at their close: worked by hand, and order by order on random ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.market.analytics.liquidity import liquidity
from gridpact.market.analytics.prices import prices_by_slot
from gridpact.market.clearing.mechanisms import MECHANISMS, Capability, match
from gridpact.market.clearing.outcome import Clearing

SLOTS = 4


def test_a_book_by_hand(orders_of):
    """Bids 10 at 30, 10 at 20 and offers 15 at 10, 4 at 26, 6 at 26: 15 trade, 5 bid at 20 stay."""
    orders = orders_of(
        [
            *((0, 1, 10, 30), (0, 1, 10, 20), (0, -1, 15, 10), (0, -1, 4, 26), (0, -1, 6, 26)),
            *((0, -1, 7, 40), (2, 1, 3, -5)),
        ]
    )
    found = liquidity(orders, match(MECHANISMS["uniform-price"], orders, 3).accepted_wh, 3)
    assert found.quoted.tolist() == [True, False, False]
    assert found.spread_micro_per_kwh.tolist() == [6, 0, 0]
    assert found.bids.quoted.tolist() == [True, False, True]
    assert found.bids.best_micro_per_kwh.tolist() == [20, 0, -5]
    assert found.bids.left_wh.tolist() == found.bids.at_best_wh.tolist() == [5, 0, 3]
    assert found.offers.left_wh.tolist() == [17, 0, 0]
    assert found.offers.at_best_wh.tolist() == [10, 0, 0]
    # 15 bought and 15 sold of 20 asked and 32 offered; 3 of 6 orders traded
    assert found.turnover.known.tolist() == [True, False, True]
    assert found.turnover.ppm.tolist() == [576_923, 0, 0]
    assert found.orders_traded.ppm.tolist() == [500_000, 0, 0]
    assert found.turnover.total_ppm == 545_455  # 30 of 55
    assert found.orders_traded.total_ppm == 428_571  # 3 of 7


def test_an_empty_book_has_no_liquidity(orders_of):
    orders = orders_of([])
    found = liquidity(orders, orders.quantity_wh, 2)
    for unknown in (found.quoted, found.bids.quoted, found.turnover.known):
        assert unknown.tolist() == [False, False]
    assert found.turnover.total_ppm is None
    assert found.orders_traded.total_ppm is None


@pytest.mark.parametrize("accepted", [[-1], [6]])
def test_what_cannot_have_been_accepted_is_refused(orders_of, accepted):
    with pytest.raises(ValueError, match="accepted"):
        liquidity(orders_of([(0, 1, 5, 9)]), np.array(accepted), 1)


@pytest.mark.parametrize("name", sorted(MECHANISMS))
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_books_order_by_order(name, data, book_rows, orders_of):
    rows = data.draw(book_rows)
    orders = orders_of(rows)
    accepted = match(MECHANISMS[name], orders, SLOTS).accepted_wh
    found = liquidity(orders, accepted, SLOTS)
    for slot in range(SLOTS):
        mine = [
            (side, wh, limit, got)
            for (at, side, wh, limit), got in zip(rows, accepted.tolist(), strict=True)
            if at == slot
        ]
        best = {}
        for side, depth in ((1, found.bids), (-1, found.offers)):
            left = [(limit, wh - got) for way, wh, limit, got in mine if way == side and wh > got]
            assert depth.left_wh[slot] == sum(wh for _, wh in left)
            assert depth.quoted[slot] == bool(left)
            if left:
                best[side] = max(left, key=lambda one: side * one[0])[0]
                assert depth.best_micro_per_kwh[slot] == best[side]
                at_best = sum(wh for limit, wh in left if limit == best[side])
                assert depth.at_best_wh[slot] == at_best
        assert found.quoted[slot] == (len(best) == 2)
        if found.quoted[slot]:
            assert found.spread_micro_per_kwh[slot] == best[-1] - best[1]
            if Capability.UNCROSSED in MECHANISMS[name].capabilities:
                assert found.spread_micro_per_kwh[slot] > 0
        assert found.turnover.part[slot] == sum(got for *_, got in mine)
        assert found.turnover.whole[slot] == sum(wh for _, wh, *_ in mine)
        assert found.orders_traded.part[slot] == sum(got > 0 for *_, got in mine)
        assert found.orders_traded.whole[slot] == len(mine)


def test_prices_by_slot_are_those_of_the_clearing(orders_of):
    orders = orders_of([(0, 1, 10, 30), (0, -1, 15, 10), (2, 1, 3, 5)])
    clearing = MECHANISMS["uniform-price"].clear(orders, 3)
    assert isinstance(clearing, Clearing)
    found = prices_by_slot(clearing)
    assert found.traded.tolist() == [True, False, False]
    assert found.mean_micro_per_kwh.tolist() == [10, 0, 0]
    assert found.slots_traded.total_ppm == 333_333
