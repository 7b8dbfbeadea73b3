"""A book cleared within the limits of a grid, and what came of it, in whole numbers."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np

from gridpact.app.grids.files import Files
from gridpact.app.grids.reading import Grid
from gridpact.base.errors import BadInput, Fault, NumberOverflow
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints, checked_multiply
from gridpact.market.clearing.matched import exact_sum
from gridpact.market.grid.flows import Headroom, headroom
from gridpact.market.grid.network import NO_LIMIT
from gridpact.market.grid.nodal import Nodal
from gridpact.market.grid.nodal import clear as clear_nodal


class Cleared(NamedTuple):
    """A market on a grid, cleared."""

    grid: Grid
    files: Files
    room: Headroom
    nodal: Nodal

    @property
    def window(self) -> Slots:
        """The slots."""
        return self.files.book.window


class SlotResult(msgspec.Struct, frozen=True):
    """One slot; prices are those of the nodes, None where nobody bids or offers.

    ``welfare_nano`` is what buyers would have paid at most less what sellers asked at least;
    ``rent_nano`` is what buyers pay beyond what sellers receive.
    """

    slot_start: int
    volume_wh: int
    welfare_nano: int
    lowest_micro_per_kwh: int | None
    highest_micro_per_kwh: int | None
    paid_nano: int
    received_nano: int
    rent_nano: int


class NodeResult(msgspec.Struct, frozen=True):
    """A node: its price, None where it has none, and Wh bought and sold there, in every slot."""

    node: str
    price_micro_per_kwh: tuple[int | None, ...]
    bought_wh: tuple[int, ...]
    sold_wh: tuple[int, ...]


class Full(msgspec.Struct, frozen=True):
    """A branch that trade fills in a slot.

    ``flow_wh`` goes from source to target, below 0 the other way, and is what trade adds;
    ``left_wh`` is what limit and baseline left for it that way. ``worth_micro_per_kwh`` is what
    another kWh over it would gain.
    """

    branch: str
    slot_start: int
    flow_wh: float
    left_wh: int
    worth_micro_per_kwh: float


class Trade(msgspec.Struct, frozen=True):
    """One trade, with the nodes and the prices of both ends."""

    slot_start: int
    seller: str
    seller_node: str
    buyer: str
    buyer_node: str
    sell_order: str
    buy_order: str
    quantity_wh: int
    seller_micro_per_kwh: int
    buyer_micro_per_kwh: int


class Overrun(msgspec.Struct, frozen=True):
    """A branch that the baseline alone takes beyond its limit in a slot."""

    branch: str
    slot_start: int
    beyond_wh: int


def clear(grid: Grid, files: Files, name: str) -> Cleared:
    """Clear; BadInput, with the ``name`` of the orders' file, where numbers grow too large."""
    book, base, network = files.book, files.baseline.energy_wh, grid.network
    slots, step_s = book.window.count, book.window.step
    try:
        room = headroom(network, slots, step_s, base if base.any() else None)
        found = clear_nodal(book.orders, slots, book.location, network, room)
    except NumberOverflow as error:
        raise BadInput([Fault(name, 0, "", str(error), "clear fewer orders at once")]) from error
    return Cleared(grid, files, room, found)


def by_slot(cleared: Cleared) -> list[SlotResult]:
    """Describe every slot with orders."""
    nodal, orders = cleared.nodal, cleared.files.book.orders
    worth = checked_multiply(orders.side * nodal.matched.accepted_wh, orders.limit_micro_per_kwh)
    trades = nodal.matched.trades
    slot_of = orders.slot[trades.buy]
    paid, received = (
        checked_multiply(trades.quantity_wh, price)
        for price in (trades.buyer_micro_per_kwh, trades.seller_micro_per_kwh)
    )
    found = []
    for slot in np.unique(orders.slot).tolist():
        prices = nodal.price_micro_per_kwh[nodal.priced[:, slot], slot]
        here = slot_of == slot
        found.append(
            SlotResult(
                _start(cleared, slot),
                exact_sum(nodal.bought_wh[:, slot]),
                exact_sum(worth[orders.slot == slot]),
                int(prices.min()) if prices.size else None,
                int(prices.max()) if prices.size else None,
                exact_sum(paid[here]),
                exact_sum(received[here]),
                int(nodal.rent_nano[slot]),
            )
        )
    return found


def by_node(cleared: Cleared) -> list[NodeResult]:
    """Describe every node, over all slots."""
    nodal = cleared.nodal
    return [
        NodeResult(
            node,
            prices(nodal.price_micro_per_kwh[row], nodal.priced[row]),
            tuple(nodal.bought_wh[row].tolist()),
            tuple(nodal.sold_wh[row].tolist()),
        )
        for row, node in enumerate(cleared.grid.network.nodes)
    ]


def prices(micro_per_kwh: Ints, priced: Bools) -> tuple[int | None, ...]:
    """Prices [slots], None where there is none."""
    pairs = zip(micro_per_kwh.tolist(), priced.tolist(), strict=True)
    return tuple(price if there else None for price, there in pairs)


def full_branches(cleared: Cleared) -> list[Full]:
    """List the branches that are full and worth more, slot by slot."""
    nodal, room = cleared.nodal, cleared.room
    found = []
    for slot, branch in np.argwhere(nodal.full.T != 0).tolist():
        side = room.forward_wh if nodal.full[branch, slot] > 0 else room.backward_wh
        left = int(side[branch, slot])
        if left != NO_LIMIT:
            found.append(
                Full(
                    cleared.grid.network.branches[branch],
                    _start(cleared, slot),
                    float(nodal.flow_wh[branch, slot]),
                    left,
                    abs(float(nodal.worth_micro_per_kwh[branch, slot])),
                )
            )
    return found


def overruns(cleared: Cleared) -> list[Overrun]:
    """List where the baseline alone is beyond a limit."""
    beyond = cleared.room.overrun_wh
    names = cleared.grid.network.branches
    return [
        Overrun(names[branch], _start(cleared, slot), int(beyond[branch, slot]))
        for slot, branch in np.argwhere(beyond.T > 0).tolist()
    ]


def trades_of(cleared: Cleared) -> list[Trade]:
    """List who trades with whom."""
    book, trades = cleared.files.book, cleared.nodal.matched.trades
    nodes = cleared.grid.network.nodes
    found = []
    columns = (getattr(trades, name).tolist() for name in trades.__struct_fields__)
    for buy, sell, quantity, pays, receives in zip(*columns, strict=True):
        bid, offer = book.placed[buy], book.placed[sell]
        found.append(
            Trade(
                bid.slot_start,
                offer.participant,
                nodes[int(book.location[sell])],
                bid.participant,
                nodes[int(book.location[buy])],
                offer.key,
                bid.key,
                quantity,
                receives,
                pays,
            )
        )
    return found


def _start(cleared: Cleared, slot: int) -> int:
    return cleared.window.start + slot * cleared.window.step
