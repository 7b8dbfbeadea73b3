"""What orders of a book say beside side, size and limit, as the columns that mechanisms read."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from gridpact.base.units import Ints
from gridpact.market.book import Book, name_of, open_blocks
from gridpact.market.clearing.blocks.model import NONE, Blocks
from gridpact.market.clearing.preferences.model import NOBODY, Preferences
from gridpact.market.orders import PlacedOrder, Side
from gridpact.market.terms import Venue

Premiums: TypeAlias = tuple[int, int, int]


def preferences_of(book: Book, venue: Venue) -> Preferences:
    """Return what orders prefer, in the rows of the book's orders.

    Each stands in its member's zone. Agents, and persons where their order says nothing else,
    prefer what their member does in general; only bids prefer anything.
    """
    orders, trading = book.orders, venue.trading
    member, buys = orders.member, orders.side == Side.BUY
    found = Preferences(
        venue.green[member] & ~buys,
        np.where(buys, trading.partner[member], NOBODY),
        venue.community.members.zone[member],
        trading.green_micro_per_kwh[member] * buys,
        trading.partner_micro_per_kwh[member] * buys,
        trading.near_micro_per_kwh[member] * buys,
    )
    row_of = {sequence: row for row, sequence in enumerate(orders.sequence.tolist())}
    for name, order in book.placed.items():
        if (row := row_of.get(book.keys[name])) is not None:
            _write(found, row, order, venue)
    return found


def _write(found: Preferences, row: int, order: PlacedOrder, venue: Venue) -> None:
    """Put what one person's order says into its row."""
    found.green[row] = order.green and order.side == Side.SELL
    if order.side == Side.BUY:
        found.partner[row] = partner_of(order, venue)
        green, partner, near = premiums_of(order, venue)
        found.green_micro_per_kwh[row] = green
        found.partner_micro_per_kwh[row] = partner
        found.near_micro_per_kwh[row] = near


def partner_of(order: PlacedOrder, venue: Venue) -> int:
    """Row of the member whose energy a bid prefers, -1 for nobody."""
    if order.partner:
        return venue.rows[order.partner]
    return int(venue.trading.partner[venue.rows[order.participant]])


def premiums_of(order: PlacedOrder, venue: Venue) -> Premiums:
    """What a bid pays beyond its limit for green energy, its partner's and nearby [µ¤/kWh]."""
    row, trading = venue.rows[order.participant], venue.trading
    said = order.green_micro_per_kwh, order.partner_micro_per_kwh, order.near_micro_per_kwh
    general = (
        trading.green_micro_per_kwh,
        trading.partner_micro_per_kwh,
        trading.near_micro_per_kwh,
    )
    green, partner, near = (
        int(column[row]) if own < 0 else own for own, column in zip(said, general, strict=True)
    )
    return green, partner, near


def blocks_of(book: Book, now: int, venue: Venue) -> Blocks:
    """Return the blocks that may still trade, by sequence."""
    found = open_blocks(book, now)
    parents = {
        name: book.keys[name_of(order.participant, order.parent)] if order.parent else NONE
        for name, order in found.items()
    }
    groups = _groups(found)
    columns = [
        (
            book.keys[name],
            venue.rows[order.participant],
            int(order.side),
            order.limit_micro_per_kwh,
            order.minimum_ppm,
            parents[name],
            groups.get((order.participant, order.group), NONE),
        )
        for name, order in found.items()
    ]
    sequence, member, side, limit, minimum, parent, group = (
        np.array(columns, dtype=np.int64).reshape(-1, 7).T.copy()
    )
    profile = _profiles(book, list(found.values()))
    return Blocks(sequence, member, side, profile, limit, minimum, parent, group)


def _groups(blocks: dict[str, PlacedOrder]) -> dict[tuple[str, str], int]:
    """Number the groups; those of different participants are different ones."""
    named = {(order.participant, order.group) for order in blocks.values() if order.group}
    return {group: number for number, group in enumerate(sorted(named))}


def _profiles(book: Book, blocks: list[PlacedOrder]) -> Ints:
    """Energy of each block in each slot [blocks, slots]."""
    profile = np.zeros((len(blocks), book.slots.count), dtype=np.int64)
    for row, order in enumerate(blocks):
        first = book.slots.index(order.slot_start)
        profile[row, first : first + order.slots] = order.quantity_wh
    return profile
