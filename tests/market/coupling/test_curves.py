from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.base.rounding import largest_remainder
from gridpact.market.coupling.curves import (
    Link,
    add,
    below,
    cross,
    net_export_wh,
    of_book,
    pro_rata,
)

GROUPS = 3
PRICES = range(-14, 15)
ROW = st.tuples(
    st.integers(0, GROUPS - 1), st.sampled_from([1, -1]), st.integers(1, 9), st.integers(-6, 6)
)
ROWS = st.lists(ROW, max_size=15)


def curves_of(orders_of, rows):
    orders = orders_of(rows)
    return orders, add([of_book(orders, orders.slot, GROUPS)])


def slow_net(rows, group, price):
    """Least and greatest net export of orders at a price, order by order."""
    sold = [q for g, side, q, p in rows if g == group and side < 0 and p < price]
    may_sell = [q for g, side, q, p in rows if g == group and side < 0 and p == price]
    bought = [q for g, side, q, p in rows if g == group and side > 0 and p > price]
    may_buy = [q for g, side, q, p in rows if g == group and side > 0 and p == price]
    net = sum(sold) - sum(bought)
    return net - sum(may_buy), net + sum(may_sell)


def nets(curves, price, groups=GROUPS):
    least, greatest = net_export_wh(curves, np.full(groups, price))
    return list(zip(least.tolist(), greatest.tolist(), strict=True))


@given(ROWS)
@settings(deadline=None, max_examples=150)
def test_curve_of_a_book(orders_of, rows):
    _, curves = curves_of(orders_of, rows)
    for price in PRICES:
        assert nets(curves, price) == [slow_net(rows, group, price) for group in range(GROUPS)]


@given(ROWS, ROWS)
@settings(deadline=None, max_examples=100)
def test_curves_add_up(orders_of, one, other):
    both = add([curves_of(orders_of, rows)[1] for rows in (one, other)])
    together = curves_of(orders_of, one + other)[1]
    for price in PRICES:
        assert nets(both, price) == nets(together, price)
    place = list(zip(both.group.tolist(), both.rank.tolist(), strict=True))
    assert place == sorted(place)


LIMITS = st.lists(st.integers(0, 25) | st.just(2**61), min_size=GROUPS, max_size=GROUPS)
FEES = st.lists(st.integers(0, 4), min_size=GROUPS, max_size=GROUPS)


@given(ROWS, LIMITS, LIMITS, FEES, FEES)
@settings(deadline=None, max_examples=200)
def test_what_a_link_lets_through(orders_of, rows, imports, exports, in_fees, out_fees):
    """At the parent's price, exports see that less the fee inside, imports that plus the fee."""
    orders, curves = curves_of(orders_of, rows)
    given_ = (imports, exports, in_fees, out_fees)
    link = Link(np.array([2, 0, 1]), *(np.array(column) for column in given_))
    crossing = cross(curves, link, GROUPS, orders.sequence)
    for price in PRICES:
        found = nets(crossing.residual, price)
        for group in range(GROUPS):
            dear = slow_net(rows, group, price + in_fees[group])
            cheap = slow_net(rows, group, price - out_fees[group])
            expected = tuple(
                min(max(max(low, 0) + min(high, 0), -imports[group]), exports[group])
                for low, high in zip(cheap, dear, strict=True)
            )
            assert found[link.parent[group]] == expected
    # what the link has decided is what must be passed to stay within the import limit
    passed = np.zeros(GROUPS, dtype=np.int64)
    np.add.at(passed, orders.slot[crossing.passed_row], crossing.passed_wh)
    excess = -curves.lowest_wh - np.array(imports)
    np.testing.assert_array_equal(passed, np.maximum(excess, 0))


@given(ROWS, st.lists(st.integers(-60, 60), min_size=GROUPS, max_size=GROUPS))
@settings(deadline=None, max_examples=150)
def test_a_cut_takes_the_cheapest_steps(orders_of, rows, at):
    orders, curves = curves_of(orders_of, rows)
    part = below(curves, np.array(at), orders.sequence)
    assert np.all((part >= 0) & (part <= curves.quantity_wh))
    for group in range(GROUPS):
        mine = curves.group == group
        lowest, sizes = curves.lowest_wh[group], curves.quantity_wh[mine]
        assert part[mine].sum() == np.clip(at[group] - lowest, 0, sizes.sum())
        cut = np.flatnonzero(mine & (part < curves.quantity_wh))
        if cut.size:
            assert not part[mine & (curves.rank > curves.rank[cut[0]])].any()


@given(st.lists(st.integers(1, 12), min_size=1, max_size=8), st.data())
@settings(deadline=None, max_examples=150)
def test_shares_are_those_of_the_house_rule(weights, data):
    total = data.draw(st.integers(0, sum(weights)))
    size = np.array(weights)
    taken = np.clip(total - (np.cumsum(size) - size), 0, size)
    found = pro_rata(np.zeros_like(size), taken, size, np.arange(size.size))
    expected = largest_remainder(np.array([total]), size[:, None])[:, 0]
    np.testing.assert_array_equal(found, expected)


def test_shares_of_giant_ties_are_exact():
    size = np.array([2**60, 2**60 - 1])
    found = pro_rata(np.zeros(2, np.int64), np.array([2**59 + 1, 0]), size, np.arange(2))
    whole = 2**61 - 1
    assert found.sum() == 2**59 + 1
    exact = Fraction((2**59 + 1) * 2**60, whole)
    assert abs(int(found[0]) - exact) < 1


def test_prices_too_far_apart_to_pack_are_sorted_too(orders_of):
    rows = [(0, 1, 1, 2**60), (0, -1, 2, -(2**60)), (1, -1, 3, 5), (0, 1, 4, 3)]
    _, curves = curves_of(orders_of, rows)
    assert (curves.rank >> 1).tolist() == [-(2**60), 3, 2**60, 5]
    assert curves.lowest_wh.tolist() == [-5, 0, 0]
