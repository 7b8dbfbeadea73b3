"""Books of a run cleared again, under the rules that were in force or under others."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from gridpact.app.compare.mechanisms import Clear, Cleared
from gridpact.base.slots import iso
from gridpact.base.units import checked_multiply
from gridpact.market.book import Book, without_expired
from gridpact.market.clearing.matched import exact_sum, from_accepted, total_by
from gridpact.market.clearing.outcome import Clearing
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT
from gridpact.market.dispatch import Outcome, clear_under, session_trades
from gridpact.market.messages import Session, SessionTrades
from gridpact.market.orders import Side
from gridpact.market.terms import Venue
from gridpact.registry.model import Community, MarketRules


def clearing_of(community: Community, books: Mapping[str, Book]) -> Clear:
    """Return what clears the books of a community's sessions, by identifier, under any rules.

    Orders that expired before the gate take no part.
    """
    venues: dict[MarketRules, Venue] = {}

    def clear(session: Session, rules: MarketRules) -> Cleared:
        changed = msgspec.structs.replace(community, market=rules)
        venue = venues.setdefault(rules, Venue(changed))
        book = without_expired(books[session.id], session.gate)
        found = clear_under(book, venue, venue.terms(session.kind), session.gate)
        return cleared_of(found)

    return clear


def cleared_of(found: Outcome) -> Cleared:
    """Describe a book that was cleared."""
    return Cleared(trades_of(found), welfare_nano(found), own_wh(found), found.proven)


def own_wh(found: Outcome) -> int:
    """Energy that members traded with themselves.

    Where one price holds for all nobody trades with anybody in particular: it is then what a
    member both bought and sold in a slot.
    """
    if found.trades is not None:
        return exact_sum(found.trades.quantity_wh[found.trades.buyer == found.trades.seller])
    orders, slots = found.orders, found.traded.size
    place = orders.member * slots + orders.slot
    size = int(place.max(initial=-1)) + 1
    bought, sold = (
        total_by(place[orders.side == side], found.accepted_wh[orders.side == side], size)
        for side in (Side.BUY, Side.SELL)
    )
    return exact_sum(np.minimum(bought, sold))


def trades_of(found: Outcome) -> SessionTrades:
    """Return the trades; where one price holds for all, pairs in merit order at that price."""
    if found.trades is not None:
        return found.trades
    volume = np.zeros(found.traded.size, np.int64)
    np.add.at(volume, found.orders.slot, found.accepted_wh)
    one = Clearing(found.price_micro_per_kwh, found.traded, volume // 2, found.accepted_wh)
    return session_trades(found.orders, from_accepted(found.orders, one))


def welfare_nano(found: Outcome) -> int:
    """What buyers would have paid at most less what sellers asked at least; exact."""
    signed = found.orders.side * found.accepted_wh
    return exact_sum(checked_multiply(signed, found.orders.limit_micro_per_kwh))


def left_out(crowded: str) -> str:
    """Say that preference is left out for a slot that is :func:`too_crowded`."""
    return f"preference is left out: {crowded}."


def too_crowded(books: Mapping[str, Book]) -> str:
    """Say which slot has more orders than preference matching takes, ``""`` where none has."""
    for book in books.values():
        orders = np.bincount(book.orders.slot, minlength=1)
        if (most := int(orders.max())) > LARGEST_SLOT:
            slot = iso(book.slots.start + int(orders.argmax()) * book.slots.step)
            return (
                f"the slot {slot} has {most:,} orders, more than the {LARGEST_SLOT:,} that "
                "preference can match"
            )
    return ""
