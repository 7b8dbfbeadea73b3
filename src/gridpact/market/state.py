"""What the market remembers between messages.

Fields that were added later are left out of the encoding while they say nothing, so that the
state of an older run has the hash it always had.
"""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.market.book import Book
from gridpact.market.messages import Session
from gridpact.market.orders import PlacedOrder
from gridpact.market.ratings import History


class Day(msgspec.Struct, frozen=True):
    """One local day: main-market prices [slots] and positions (bought less sold) in Wh."""

    slots: Slots
    spot_micro_per_kwh: Ints
    position_wh: Ints


class Waiting(msgspec.Struct, frozen=True):
    """An order that is valid beyond its gate, until the next ``session`` for its slot opens.

    ``left_wh`` has not traded in each of its slots; if ``cancelled`` it was taken back meanwhile.
    """

    session: str
    order: PlacedOrder
    left_wh: int
    cancelled: bool = False

    @property
    def whole_wh(self) -> int:
        """What has not traded, over all slots."""
        return self.left_wh * self.order.slots


class Closing(msgspec.Struct, frozen=True):
    """A session whose gate is closed and whose blocks are being solved, with its book."""

    session: Session
    book: Book


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """Open sessions with their books, by session, and the latest days by ISO date.

    ``suspended`` are participants, ``waiting`` orders in the order in which they came to wait,
    ``closing`` sessions by name. ``owed_nano`` [members] is what trades of a day not yet
    settled make members owe, by ISO date, where members hold collateral, and ``history`` what they
    ordered and traded and how they kept to it, where a market asks for a rating.
    """

    sessions: dict[str, Session]
    books: dict[str, Book]
    days: dict[str, Day]
    suspended: tuple[str, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    closing: dict[str, Closing] = {}
    owed_nano: dict[str, Ints] = {}
    history: History | None = None


def with_book(state: State, session: str, book: Book) -> State:
    """Return the state with another book for a session."""
    return msgspec.structs.replace(state, books={**state.books, session: book})


def without_session(state: State, session: str) -> State:
    """Return the state without an open session and its book."""
    return msgspec.structs.replace(
        state,
        sessions={name: one for name, one in state.sessions.items() if name != session},
        books={name: one for name, one in state.books.items() if name != session},
    )
