"""Clearing on grids: equal to the tree where radial, within limits everywhere, and explained."""

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from gridpact.base.errors import NumberOverflow
from gridpact.market.clearing import uniform_price
from gridpact.market.clearing.matched import accounts_nano, welfare_nano
from gridpact.market.grid import nodal
from gridpact.market.grid.flows import headroom, sensitivities
from gridpact.market.grid.network import Branch, Node, network

SLOTS, HOUR = 2, 3600


def optimum(orders, location, grid, room, slot):
    """Welfare of a slot by angles of the nodes: no sensitivities, no steps, no rounding."""
    at = np.flatnonzero(orders.slot == slot)
    nodes, branches = len(grid.nodes), len(grid.branches)
    weight = grid.voltage_v[grid.target] ** 2 / grid.reactance_ohm
    weight = weight / weight.max(initial=1)
    line = np.zeros((branches, nodes))
    line[np.arange(branches), grid.source] = weight
    line[np.arange(branches), grid.target] = -weight
    ends = np.sign(line)
    balance = np.zeros((nodes, at.size))
    balance[location[at], np.arange(at.size)] = orders.side[at]
    limited = room.forward_wh[:, slot] >= 0
    table = np.concatenate([line[limited], -line[limited]])
    bound = np.concatenate([room.forward_wh[limited, slot], room.backward_wh[limited, slot]])
    found = linprog(
        -np.concatenate([orders.side[at] * orders.limit_micro_per_kwh[at], np.zeros(nodes)]),
        A_ub=np.concatenate([np.zeros((bound.size, at.size)), table], axis=1),
        b_ub=bound,
        A_eq=np.concatenate([balance, ends.T @ line], axis=1),
        b_eq=np.zeros(nodes),
        bounds=[*((0, int(size)) for size in orders.quantity_wh[at]), *[(None, None)] * nodes],
    )
    assert found.status == 0
    return -found.fun


@given(st.data())
@settings(deadline=None, max_examples=120)
def test_programmes_and_tree_agree_where_the_grid_is_radial(random_grids, columns, data):
    grid, rows, baseline = data.draw(random_grids())
    orders, location = columns(rows)
    room = headroom(grid, SLOTS, HOUR, baseline)
    tree = nodal.clear(orders, SLOTS, location, grid, room)
    mesh = nodal.clear_meshed(orders, SLOTS, location, grid, room)
    assert welfare_nano(orders, tree.matched) == welfare_nano(orders, mesh.matched)
    assert np.array_equal(tree.bought_wh.sum(axis=0), mesh.bought_wh.sum(axis=0))
    assert np.array_equal(tree.priced, mesh.priced)
    assert np.array_equal(
        tree.price_micro_per_kwh[tree.priced], mesh.price_micro_per_kwh[mesh.priced]
    )


def consistent(orders, location, found, grid, room):
    """What holds of every outcome, meshed or not."""
    trades, accepted = found.matched.trades, found.matched.accepted_wh
    assert np.all((accepted >= 0) & (accepted <= orders.quantity_wh))
    assert np.array_equal(found.bought_wh.sum(axis=0), found.sold_wh.sum(axis=0))
    local = found.price_micro_per_kwh[location, orders.slot]
    assert np.all((orders.side * (orders.limit_micro_per_kwh - local) >= 0)[accepted > 0])
    assert np.array_equal(trades.buyer_micro_per_kwh, local[trades.buy])
    assert np.array_equal(trades.seller_micro_per_kwh, local[trades.sell])
    total = np.zeros(orders.count, np.int64)
    np.add.at(total, trades.buy, trades.quantity_wh)
    np.add.at(total, trades.sell, trades.quantity_wh)
    assert np.array_equal(total, accepted)
    paid, received, fees = accounts_nano(orders, found.matched, orders.count)
    assert paid.sum() - received.sum() == fees == found.rent_nano.sum()
    assert nodal.limits_kept(found, room).all()
    flow = sensitivities(grid) @ (found.sold_wh - found.bought_wh)
    limited = room.forward_wh >= 0
    assert np.all(flow[limited] <= room.forward_wh[limited] + 1e-6)
    assert np.all(-flow[limited] <= room.backward_wh[limited] + 1e-6)
    assert np.all((found.full == 0) | limited)


@given(st.data())
@settings(deadline=None, max_examples=120)
def test_no_accepted_trade_breaks_a_limit(random_grids, columns, data):
    grid, rows, baseline = data.draw(random_grids(ring=data.draw(st.booleans())))
    orders, location = columns(rows)
    room = headroom(grid, SLOTS, HOUR, baseline)
    found = nodal.clear(orders, SLOTS, location, grid, room)
    consistent(orders, location, found, grid, room)
    for slot in range(SLOTS):
        best = optimum(orders, location, grid, room, slot)
        chosen = orders.slot == slot
        worth = orders.side * orders.limit_micro_per_kwh * found.matched.accepted_wh
        welfare = int(worth[chosen].sum())
        assert welfare <= best + 1e-4 * max(1, abs(best))
        # whole Wh may cost up to a few Wh of the widest spread; on a tree they cost nothing
        spread = np.ptp(orders.limit_micro_per_kwh[chosen]) if chosen.any() else 0
        ring = len(grid.branches) >= len(grid.nodes)
        assert welfare >= best - 1e-3 - ring * 4 * spread * len(grid.branches)


@given(st.data())
@settings(deadline=None, max_examples=80)
def test_without_limits_it_is_one_auction(random_grids, columns, data):
    grid, rows, _ = data.draw(random_grids(ring=data.draw(st.booleans())))
    orders, location = columns(rows)
    free = headroom(grid, SLOTS, HOUR)
    free = type(free)(
        np.full_like(free.forward_wh, -1), np.full_like(free.forward_wh, -1), free.overrun_wh
    )
    found = nodal.clear_meshed(orders, SLOTS, location, grid, free)
    flat = uniform_price.clear(orders, SLOTS)
    assert np.array_equal(found.bought_wh.sum(axis=0), flat.volume_wh)
    assert np.array_equal(
        found.price_micro_per_kwh[:, flat.traded],
        np.broadcast_to(
            flat.price_micro_per_kwh[flat.traded], (len(grid.nodes), flat.traded.sum())
        ),
    )
    assert not found.full.any()
    assert not found.rent_nano.any()


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_rent_is_flow_times_spread_on_every_full_branch(random_grids, columns, data):
    grid, rows, baseline = data.draw(random_grids())
    orders, location = columns(rows)
    room = headroom(grid, SLOTS, HOUR, baseline)
    found = nodal.clear(orders, SLOTS, location, grid, room)
    price = found.price_micro_per_kwh
    both = found.priced[grid.source] & found.priced[grid.target]
    spread = np.where(both, price[grid.target] - price[grid.source], 0)
    rent = found.flow_wh * spread
    assert np.all(rent >= 0)
    assert np.array_equal(rent.sum(axis=0), found.rent_nano)
    # a branch that is worth something is at the limit of that direction
    room_left = np.where(
        found.full > 0, room.forward_wh - found.flow_wh, room.backward_wh + found.flow_wh
    )
    assert not room_left[found.full != 0].any()


def triangle(limit):
    """Three nodes in a ring of equal reactances; only a-c has a limit."""
    nodes = [Node(name, 400) for name in "abc"]
    branches = [
        Branch("a-b", "a", "b", 0.1),
        Branch("b-c", "b", "c", 0.1),
        Branch("a-c", "a", "c", 0.1, limit_w=limit),
    ]
    return network(nodes, branches, "c")


def test_three_nodes_in_a_ring(orders_of):
    """Cheap power at a, dear at b, demand at c: the textbook case of a price above both offers.

    2/3 of what a sends to c and 1/3 of what b sends go over a-c, which carries 60 Wh. Demand of
    150: a + b = 150 and 2/3 a + 1/3 b = 60 give a = 30, b = 120. One more Wh at c takes 2 from b
    and -1 from a: 2 × 40 - 10 = 70.
    """
    grid = triangle(60)
    orders = orders_of([(0, -1, 500, 10), (0, -1, 500, 40), (0, 1, 150, 100)])
    location = np.array([0, 1, 2])
    room = headroom(grid, 1, HOUR)
    found = nodal.clear(orders, 1, location, grid, room)
    assert found.matched.accepted_wh.tolist() == [30, 120, 150]
    assert found.price_micro_per_kwh[:, 0].tolist() == [10, 40, 70]
    assert found.flow_wh[:, 0] == pytest.approx([-30, 90, 60], abs=1e-6)
    assert found.full[:, 0].tolist() == [0, 0, 1]
    assert found.worth_micro_per_kwh[2, 0] == pytest.approx(90)
    # rent of the whole: 60 Wh × 90, what buyers pay beyond what sellers get
    assert found.rent_nano.tolist() == [150 * 70 - 30 * 10 - 120 * 40] == [60 * 90]
    consistent(orders, location, found, grid, room)


def test_whole_wh_where_the_optimum_has_fractions(orders_of):
    grid = triangle(50)
    orders = orders_of([(0, -1, 500, 10), (0, -1, 500, 40), (0, 1, 100, 100), (0, 1, 51, 90)])
    location = np.array([0, 1, 2, 2])
    room = headroom(grid, 1, HOUR)
    found = nodal.clear(orders, 1, location, grid, room)
    consistent(orders, location, found, grid, room)
    assert found.matched.accepted_wh.tolist() == [0, 150, 100, 50]


def test_a_price_that_a_programme_cannot_tell_is_refused(orders_of):
    orders = orders_of([(0, -1, 5, 10**12)])
    grid = triangle(50)
    with pytest.raises(NumberOverflow):
        nodal.clear(orders, 1, np.array([0]), grid, headroom(grid, 1, HOUR))
    with pytest.raises(ValueError, match="market must be in"):
        nodal.clear(orders_of([(0, -1, 5, 1)]), 1, np.array([3]), grid, headroom(grid, 1, HOUR))


@given(st.data())
@settings(deadline=None, max_examples=60)
def test_the_order_of_rows_does_not_matter(random_grids, columns, data):
    grid, rows, baseline = data.draw(random_grids(ring=data.draw(st.booleans())))
    orders, location = columns(rows)
    room = headroom(grid, SLOTS, HOUR, baseline)
    shuffled = np.array(data.draw(st.permutations(range(orders.count))), dtype=np.int64)
    one = nodal.clear_meshed(orders, SLOTS, location, grid, room)
    other = nodal.clear_meshed(orders.take(shuffled), SLOTS, location[shuffled], grid, room)
    assert np.array_equal(one.matched.accepted_wh[shuffled], other.matched.accepted_wh)
    assert np.array_equal(one.price_micro_per_kwh, other.price_micro_per_kwh)
    assert np.array_equal(one.matched.trades.buy, shuffled[other.matched.trades.buy])
    assert np.array_equal(one.matched.trades.quantity_wh, other.matched.trades.quantity_wh)


def test_trades_across_a_mesh_are_paired_by_local_price(orders_of):
    """What b buys it has from b; what c buys it has from both, the cheap seller first."""
    grid = triangle(60)
    orders = orders_of([(0, -1, 500, 10), (0, -1, 500, 40), (0, 1, 150, 100), (0, 1, 9, 60)])
    location = np.array([0, 1, 2, 1])
    room = headroom(grid, 1, HOUR)
    found = nodal.clear(orders, 1, location, grid, room)
    consistent(orders, location, found, grid, room)
    trades = found.matched.trades
    shown = list(
        zip(trades.buy.tolist(), trades.sell.tolist(), trades.quantity_wh.tolist(), strict=True)
    )
    assert shown == [(2, 0, 30), (2, 1, 120), (3, 1, 9)]  # 9 Wh within b come first
    assert np.all(trades.buyer_micro_per_kwh >= trades.seller_micro_per_kwh)


@given(st.data())
@settings(deadline=None, max_examples=80)
def test_prices_of_a_mesh_differ_by_what_full_branches_are_worth(random_grids, columns, data):
    """Any two nodes' prices: the sensitivities to what each is worth, to half a µ¤/kWh of each."""
    grid, rows, baseline = data.draw(random_grids(ring=True))
    orders, location = columns(rows)
    room = headroom(grid, SLOTS, HOUR, baseline)
    found = nodal.clear(orders, SLOTS, location, grid, room)
    worth = sensitivities(grid).T @ found.worth_micro_per_kwh
    slack = found.price_micro_per_kwh + worth
    for slot in range(SLOTS):
        known = slack[found.priced[:, slot], slot]
        assert np.ptp(known) <= 1 + 1e-3 if known.size else not found.full[:, slot].any()
    flow = (found.worth_micro_per_kwh * found.flow_wh).sum(axis=0)
    moved = np.abs(found.bought_wh - found.sold_wh).sum(axis=0)
    assert np.all(np.abs(flow - found.rent_nano) <= moved / 2 + 1e-3 * (1 + moved))


def test_a_flow_beyond_what_was_left_is_seen(orders_of):
    grid = triangle(60)
    orders = orders_of([(0, -1, 500, 10), (0, 1, 150, 100)])
    room = headroom(grid, 1, HOUR)
    found = nodal.clear(orders, 1, np.array([0, 2]), grid, room)
    assert nodal.limits_kept(found, room).all()
    for flow, kept in ((60.1, False), (60, True), (-60, True), (-60.1, False)):
        moved = msgspec.structs.replace(found, flow_wh=np.array([[999.0], [999.0], [flow]]))
        assert nodal.limits_kept(moved, room)[:, 0].tolist() == [True, True, kept]
