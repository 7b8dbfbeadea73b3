"""Markets joined by lines in any shape, rings included: zones with available transfer capacities.

Every market first clears alone. Then, as long as some round of Wh (sold here, carried over lines,
bought there) gains more than its fees, it is made as large as it can be. A flow is of least cost
if and only if no round is left that lowers it (Klein, A primal method for minimal cost flows,
Management Science 14, 1967), so what is left is exactly the greatest welfare. All numbers are
whole. Lines carry what is put on them; flows are not those of an electrical network.

The rules on orders and on ties within a market are those of a tree. Between markets a tie may fall
to either. Of the prices that the conditions leave open, markets take the middle one after the
other, in row order. Meant for tens of zones; thousands of markets in a tree go through
:func:`~gridpact.market.coupling.clearing.clear_tree`.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import NumberOverflow
from gridpact.base.units import Bools, Ints, checked_add, checked_multiply, magnitude
from gridpact.market.coupling.accounts import LinkMoney
from gridpact.market.coupling.clearing import check_orders
from gridpact.market.coupling.curves import Curves, add, below, of_book
from gridpact.market.coupling.lines import Mesh
from gridpact.market.coupling.prices import between
from gridpact.market.coupling.rounds import Arcs, distances, gainful_round
from gridpact.market.coupling.tree import LARGEST_LIMIT_WH
from gridpact.market.orders import Orders

MOST_MARKETS = 500
LARGEST_PRICE_MICRO_PER_KWH = 2**50
"""Bound on a limit price and on the sum of all fees, so that costs along any walk fit 64 bits."""


class Meshed(msgspec.Struct, frozen=True):
    """The outcome. ``accepted_wh`` [orders], ``flow_wh`` [lines, slots], others [markets, slots].

    Flows are positive from a line's source to its target. The rest is as in
    :class:`~gridpact.market.coupling.clearing.Coupled`.
    """

    accepted_wh: Ints
    price_micro_per_kwh: Ints
    priced: Bools
    bought_wh: Ints
    sold_wh: Ints
    flow_wh: Ints


def clear_mesh(orders: Orders, market: Ints, mesh: Mesh, slots: int) -> Meshed:
    """Clear every slot; parameters and errors as for ``clear_tree``, with lines for links.

    Raises ValueError also for more than ``MOST_MARKETS`` markets.
    """
    _check(orders, market, mesh, slots)
    book = add([of_book(orders, market * slots + orders.slot, mesh.count * slots)])
    shape, lines = (mesh.count, slots), mesh.source.size
    net, flow = np.zeros(shape, np.int64), np.zeros((lines, slots), np.int64)
    price, priced = np.zeros(shape, np.int64), np.zeros(shape, np.bool_)
    for slot in range(slots):
        graph = _graph(book, mesh, slot, slots)
        net[:, slot], flow[:, slot] = _exchange(graph)
        price[:, slot], priced[:, slot] = _prices(graph, net[:, slot], flow[:, slot])
    passed = np.zeros(orders.count, dtype=np.int64)
    passed[book.row] = below(book, net.ravel(), orders.sequence)
    buys = orders.side > 0
    accepted = np.where(buys, orders.quantity_wh - passed, passed)
    bought, sold = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(bought, (market[buys], orders.slot[buys]), accepted[buys])
    np.add.at(sold, (market[~buys], orders.slot[~buys]), accepted[~buys])
    return Meshed(accepted, price, priced, bought, sold, flow)


def line_money(mesh: Mesh, meshed: Meshed) -> LinkMoney:
    """Fees and congestion rent of every line [lines, slots]; neither is ever negative."""
    price, flow = meshed.price_micro_per_kwh, meshed.flow_wh
    spread = checked_multiply(flow, price[mesh.target] - price[mesh.source])
    rate = np.where(flow > 0, mesh.forward_fee_micro_per_kwh, mesh.backward_fee_micro_per_kwh)
    fee = checked_multiply(np.abs(flow), rate)
    return LinkMoney(fee, checked_add(spread, -fee))


class _Steps(NamedTuple):
    """A market's line with equal ranks put together: where each ends [Wh], and its rank."""

    lowest: int
    end: Ints
    rank: Ints


class _Graph(NamedTuple):
    """One slot: markets, which are nodes, lines [lines] between them, and a hub as last node.

    The hub stands for the orders: what a market exports it takes from there.
    """

    steps: list[_Steps]
    source: Ints
    target: Ints
    forward_wh: Ints
    backward_wh: Ints
    forward_fee: Ints
    backward_fee: Ints


def _graph(book: Curves, mesh: Mesh, slot: int, slots: int) -> _Graph:
    steps = []
    for group in range(slot, mesh.count * slots, slots):
        rows = slice(*np.searchsorted(book.group, [group, group + 1]).tolist())
        rank, lowest = book.rank[rows], int(book.lowest_wh[group])
        last = np.append(np.diff(rank) != 0, np.ones(min(rank.size, 1), np.bool_))
        end = lowest + np.cumsum(book.quantity_wh[rows])
        steps.append(_Steps(lowest, end[last], rank[last]))

    def of_slot(column: Ints) -> Ints:
        return np.broadcast_to(column, (mesh.source.size, slots))[:, slot]

    limits = (np.where(at < 0, 2 * LARGEST_LIMIT_WH, at) for at in _limits(mesh))
    columns = (*limits, mesh.forward_fee_micro_per_kwh, mesh.backward_fee_micro_per_kwh)
    return _Graph(steps, mesh.source, mesh.target, *(of_slot(column) for column in columns))


def _limits(mesh: Mesh) -> tuple[Ints, Ints]:
    return mesh.forward_limit_wh, mesh.backward_limit_wh


def _exchange(graph: _Graph) -> tuple[Ints, Ints]:
    """Make gainful rounds until there is none; net exports [markets] and flows [lines]."""
    markets, lines = len(graph.steps), graph.source.size
    net, flow = np.zeros(markets, np.int64), np.zeros(lines, np.int64)
    while True:
        arcs = _arcs(graph, net, flow, 2)
        around = gainful_round(arcs, markets + 1)
        if not around.size:
            return net, flow
        moved = np.zeros(2 * (markets + lines), dtype=np.int64)
        moved[arcs.number[around]] = arcs.capacity[around].min()
        net += moved[:markets] - moved[markets : 2 * markets]
        flow += moved[2 * markets : 2 * markets + lines] - moved[2 * markets + lines :]


def _arcs(graph: _Graph, net: Ints, flow: Ints, scale: int) -> Arcs:
    """What one more Wh costs each way: more export, less export, forward, backward.

    Costs are in ranks where ``scale`` is 2, in prices where it is 1.
    """
    markets, hub = np.arange(net.size), np.full(net.size, net.size, dtype=np.int64)
    more, less = _steps_at(graph, net)
    shift = 2 - scale
    forth, back = graph.forward_fee, graph.backward_fee
    return Arcs(
        np.concatenate([hub, markets, graph.source, graph.target]),
        np.concatenate([markets, hub, graph.target, graph.source]),
        np.concatenate(
            [
                more[0] >> shift,
                -(less[0] >> shift),
                np.where(flow >= 0, forth, -back) * scale,
                np.where(flow <= 0, back, -forth) * scale,
            ]
        ),
        np.concatenate(
            [
                more[1],
                less[1],
                np.where(flow >= 0, graph.forward_wh - flow, -flow),
                np.where(flow <= 0, graph.backward_wh + flow, flow),
            ]
        ),
        np.arange(2 * (net.size + flow.size)),
    ).open()


def _steps_at(graph: _Graph, net: Ints) -> tuple[Ints, Ints]:
    """Rank and size of the steps above and below each net export, two arrays [2, markets]."""
    above, under = np.zeros((2, net.size), np.int64), np.zeros((2, net.size), np.int64)
    for row, (steps, at) in enumerate(zip(graph.steps, net.tolist(), strict=True)):
        following = int(np.searchsorted(steps.end, at, "right"))
        if following < steps.end.size:
            above[:, row] = steps.rank[following], int(steps.end[following]) - at
        if at > steps.lowest:
            last = int(np.searchsorted(steps.end, at, "left"))
            begin = int(steps.end[last - 1]) if last else steps.lowest
            under[:, row] = steps.rank[last], at - begin
    return above, under


def _prices(graph: _Graph, net: Ints, flow: Ints) -> tuple[Ints, Bools]:
    """Price of each market and whether it has one; each is settled before the next is."""
    hub, arcs = net.size, _arcs(graph, net, flow, 1)
    price, priced = np.zeros(hub, np.int64), np.zeros(hub, np.bool_)
    for row in range(hub):
        high = distances(arcs, hub, hub + 1)[row : row + 1]
        turned = arcs._replace(tail=arcs.head, head=arcs.tail)
        low = -distances(turned, hub, hub + 1)[row : row + 1]
        price[row : row + 1], priced[row : row + 1] = between(low, high)
        if priced[row]:
            arcs = _settled(arcs, row, hub, int(price[row]))
    return price, priced


def _settled(arcs: Arcs, row: int, hub: int, price: int) -> Arcs:
    """The graph with two more arcs, which hold a market at a price."""
    more = ([hub, row], [row, hub], [price, -price], [1, 1], [-1, -1])
    return Arcs(*(np.append(column, pair) for column, pair in zip(arcs, more, strict=True)))


def _check(orders: Orders, market: Ints, mesh: Mesh, slots: int) -> None:
    if mesh.count > MOST_MARKETS:
        raise ValueError(f"a mesh has at most {MOST_MARKETS} markets")
    columns = (*_limits(mesh), mesh.forward_fee_micro_per_kwh, mesh.backward_fee_micro_per_kwh)
    lines = mesh.source.size
    if not all(column.shape in ((lines, 1), (lines, slots)) for column in columns):
        raise ValueError(f"the lines' columns must be [{lines}, {slots}]")
    fees = sum(sum(fee.max(axis=1, initial=0).tolist()) for fee in columns[2:])
    check_orders(orders, market, mesh.count, slots, fees)
    if magnitude(orders.limit_micro_per_kwh) + fees > LARGEST_PRICE_MICRO_PER_KWH:
        raise NumberOverflow("a price with all fees is beyond 2⁵⁰ µ¤/kWh")
