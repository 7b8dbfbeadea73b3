"""A person's order before the judge, with what it is held against."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gridpact.market.book import Book, name_of, open_book, without_expired
from gridpact.market.gates import find_session
from gridpact.market.messages import Session
from gridpact.market.orders import LARGEST_ORDER_WH, PlacedOrder
from gridpact.market.state import State
from gridpact.market.terms import Terms, Venue


@dataclass(frozen=True)
class Case:
    """An order before the judge; ``left_wh`` where part of it traded in an earlier session."""

    order: PlacedOrder
    name: str
    state: State
    venue: Venue
    now: int
    left_wh: int = -1

    @cached_property
    def session(self) -> Session | None:
        """The session the order is for, open or not; None where no session has that name."""
        community = self.venue.community
        found = self.state.sessions.get(self.name)
        return found or find_session(community.market, community.calendar, self.name)

    @cached_property
    def terms(self) -> Terms | None:
        """The terms of the session's market."""
        return self.venue.terms(self.session.kind) if self.session else None

    @cached_property
    def book(self) -> Book | None:
        """The session's book without what has expired; an empty one where it is not open."""
        if self.session is None:
            return None
        book = self.state.books.get(self.session.id) or open_book(self.session.window)
        return without_expired(book, self.now)

    @cached_property
    def row(self) -> int:
        """Row of the participant among the members, -1 for no member."""
        return self.venue.rows.get(self.order.participant, -1)

    @cached_property
    def slots(self) -> slice | None:
        """Positions of the order's slots in the session, None where it lacks one of them."""
        if self.session is None or self.order.slots < 1:
            return None
        window = self.session.window
        first, rest = divmod(self.order.slot_start - window.start, window.step)
        inside = first >= 0 and first + self.order.slots <= window.count
        return slice(first, first + self.order.slots) if inside and not rest else None

    @property
    def key(self) -> str:
        """The name under which the order is, or would be, in a book."""
        return name_of(self.order.participant, self.order.key)

    @property
    def each_wh(self) -> int:
        """Energy asked for in each slot."""
        return self.order.quantity_wh if self.left_wh < 0 else self.left_wh

    @property
    def sound(self) -> bool:
        """Whether enough about the order holds to count what it needs."""
        return self.row >= 0 and self.slots is not None and self.fair_quantity and self.fair_limit

    @property
    def fair_quantity(self) -> bool:
        """Whether the quantity is one that the market takes, as far as that is known."""
        most = LARGEST_ORDER_WH if self.terms is None else self.terms.largest_order_wh
        return 0 < self.order.quantity_wh <= LARGEST_ORDER_WH and self.each_wh <= most

    @property
    def fair_limit(self) -> bool:
        """Whether the limit is within those of the market, as far as that is known."""
        if self.terms is None:
            return True
        low, high = self.terms.lowest_micro_per_kwh, self.terms.highest_micro_per_kwh
        return low <= self.order.limit_micro_per_kwh <= high

    @property
    def repeats(self) -> bool:
        """Whether the session has the very same order already."""
        book = self.state.books.get(self.name)
        if book is None or self.key in book.cancelled:
            return False
        return book.placed.get(self.key) == self.order
