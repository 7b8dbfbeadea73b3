"""Random trees of markets with books, and conditions of an optimum that need no clearing."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.market.coupling.tree import Market, tree, written_out

SLOTS = 2
SMALL = st.integers(-6, 6)
WIDE = st.integers(-400_000, 400_000) | st.sampled_from([0, -1, 1])


@st.composite
def joined(draw, limited=True, fees=True, wide=True, slots=SLOTS, most=24):
    """Rows (market, slot, side, quantity, limit) and markets in any order of rows, any nesting."""
    count = draw(st.integers(1, 6))
    price = draw(st.sampled_from([SMALL, WIDE, st.just(7)])) if wide else SMALL
    fee = st.sampled_from([0, 0, 1, 2, 5]) if fees else st.just(0)
    limit = st.none() | st.integers(0, 20) | st.tuples(*[st.integers(0, 20)] * slots)
    limit = limit if limited else st.none() | st.integers(500, 1000)
    markets = [Market("m0")]
    for number in range(1, count):
        parent = draw(st.none() | st.sampled_from([f"m{at}" for at in range(number)]))
        link = (draw(limit), draw(limit), draw(fee), draw(fee)) if parent else ()
        markets.append(Market(f"m{number}", parent, *link))
    markets = draw(st.permutations(markets))
    place, slot = st.integers(0, count - 1), st.integers(0, slots - 1)
    row = st.tuples(place, slot, st.sampled_from([1, -1]), st.integers(1, 12), price)
    return draw(st.lists(row, max_size=most)), tree(markets, slots)


@pytest.fixture(scope="session")
def joined_books():
    return joined


@pytest.fixture(scope="session")
def columns(orders_of):
    """Orders and their markets from rows (market, slot, side, quantity, limit)."""

    def build(rows):
        return orders_of([row[1:] for row in rows]), np.array(
            [row[0] for row in rows], dtype=np.int64
        )

    return build


@pytest.fixture(scope="session")
def flow_optimum():
    """Welfare of a slot and its greatest volume, by HiGHS over orders and flows.

    Lines are (source, target, forward and backward limit, forward and backward fee), [lines] each,
    and a negative limit is none.
    """

    def solve(orders, market, markets, slot, lines):
        at = np.flatnonzero(orders.slot == slot)
        source, target, *limits, forward_fee, backward_fee = lines
        width = at.size + 2 * source.size
        if not width:
            return SimpleNamespace(welfare=0, volume=0)
        balance = np.zeros((markets, width))
        balance[market[at], np.arange(at.size)] = orders.side[at]
        for number, ends in enumerate(zip(source, target, strict=True)):
            columns_of = [at.size + number, at.size + source.size + number]
            balance[np.ix_(ends, columns_of)] = [[1, -1], [-1, 1]]
        own = orders.side[at] * orders.limit_micro_per_kwh[at]
        worth = np.concatenate([own, -forward_fee, -backward_fee]).astype(float)
        most = [orders.quantity_wh[at], *(np.where(limit < 0, 10**6, limit) for limit in limits)]
        given = {
            "A_eq": balance,
            "b_eq": np.zeros(markets),
            "bounds": [(0, float(size)) for size in np.concatenate(most)],
            "method": "highs",
        }
        best = linprog(-worth, **given)
        welfare = round(-best.fun)
        assert abs(-best.fun - welfare) < 1e-6
        buys = np.concatenate([(orders.side[at] > 0).astype(float), np.zeros(2 * source.size)])
        volume = linprog(-buys, A_ub=[-worth], b_ub=[1e-7 - welfare], **given)
        return SimpleNamespace(welfare=welfare, volume=-volume.fun)

    return solve


@pytest.fixture(scope="session")
def lp_optimum(flow_optimum):
    """The same for the links of a tree."""

    def solve(orders, market, joined, slots, slot):
        full, links = written_out(joined, slots), np.flatnonzero(joined.parent >= 0)
        columns_of = (
            np.minimum(full.export_limit_wh, 10**6),
            np.minimum(full.import_limit_wh, 10**6),
            full.export_fee_micro_per_kwh,
            full.import_fee_micro_per_kwh,
        )
        amounts = (column[links, slot] for column in columns_of)
        return flow_optimum(
            orders, market, joined.count, slot, (links, joined.parent[links], *amounts)
        )

    return solve
