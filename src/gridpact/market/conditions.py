"""What a session asks of new orders at the moment."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints
from gridpact.market.admission import NO_LIMIT, Admission
from gridpact.market.book import Book, open_blocks
from gridpact.market.clearing.blocks.model import EXACT
from gridpact.market.clearing.preferences.clearing import LARGEST_SLOT
from gridpact.market.exposure import funds_nano, volume_left_wh
from gridpact.market.messages import Session
from gridpact.market.ratings import admitted, rating_ppm
from gridpact.market.state import State
from gridpact.market.terms import Terms, Venue


class Standing(NamedTuple):
    """Who may trade [members]: admitted to the market, suspended, rated well enough for it."""

    authorised: Bools
    suspended: Bools
    rated: Bools

    @property
    def may_trade(self) -> Bools:
        """Who may trade, all in all [members]."""
        return self.authorised & ~self.suspended & self.rated


def standing(venue: Venue, state: State, kind: str) -> Standing:
    """Return how members stand in the market of a kind of session."""
    suspended = np.zeros(venue.members, np.bool_)
    suspended[[venue.rows[name] for name in state.suspended if name in venue.rows]] = True
    rated = np.ones(venue.members, np.bool_)
    if state.history is not None:
        lowest = venue.terms(kind).rules.lowest_rating_ppm
        rated = admitted(rating_ppm(state.history), lowest)
    return Standing(venue.trading.authorised, suspended, rated)


def admission_of(venue: Venue, state: State, session: Session, book: Book, now: int) -> Admission:
    """Return what agents' orders for an open session must satisfy; ``book`` has none expired."""
    terms, who = venue.terms(session.kind), standing(venue, state, session.kind)
    return Admission(
        np.ones(book.slots.count, np.bool_),
        who.authorised,
        who.suspended,
        who.rated,
        terms.lowest_micro_per_kwh,
        terms.highest_micro_per_kwh,
        volume_left_wh(venue, state, session.window, now),
        funds_nano(venue, state, now),
        places(book, terms),
        capacity_wh(book, terms, now),
        terms.largest_order_wh,
    )


def places(book: Book, terms: Terms) -> Ints:
    """How many orders each slot of a book still takes [slots]."""
    if not terms.preferences:
        return np.full(book.slots.count, NO_LIMIT, dtype=np.int64)
    return LARGEST_SLOT - np.bincount(book.orders.slot, minlength=book.slots.count)


def capacity_wh(book: Book, terms: Terms, now: int) -> int:
    """How much energy a book still takes; a solver of blocks can tell only so much apart."""
    if not terms.blocks:
        return NO_LIMIT
    low, high = terms.lowest_micro_per_kwh, terms.highest_micro_per_kwh
    span = max(abs(low), abs(high), high - low, MICRO_PER_UNIT)
    blocks = sum(each.quantity_wh * each.slots for each in open_blocks(book, now).values())
    return max(EXACT // span - int(book.orders.quantity_wh.sum()) - blocks, 0)
