"""What happens to continuous books, as columns and one by one, and what can become of it."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import INT64_MAX, Bools, Ints
from gridpact.market.orders import LARGEST_ORDER_WH

NEVER = INT64_MAX
"""Expiry of an order that is good until cancelled, or until its book closes."""


class Kind(IntEnum):
    """What an event asks for. The numbers are journalled and never change."""

    PLACE = 1
    IMMEDIATE = 2  # place; cancel at once what does not trade at once
    CANCEL = 3
    AMEND = 4


class Outcome(IntEnum):
    """What became of an event; from ``KIND`` on it is refused, for the first reason that applies.

    Reasons are looked for in the order of their numbers, except that an order placed under a
    known number is ``REPEATED`` or a ``DUPLICATE`` whatever else holds by now, ``KIND`` and
    ``TIME`` excepted. The numbers are journalled and never change.
    """

    DONE = 0
    REPEATED = 1  # placed before with the same content: nothing happens
    REMAINDER_CANCELLED = 2  # immediate-or-cancel: what did not trade at once
    SELF_TRADE = 3  # what was left would have met an order of the same member; it was cancelled
    KIND = 10
    TIME = 11  # before the event before it
    DUPLICATE = 12  # the number was placed before with other content
    UNKNOWN_BOOK = 13
    BOOK_CLOSED = 14
    NOT_AUTHORISED = 15
    UNKNOWN_ORDER = 16  # never placed, or in another book
    OTHER_MEMBER = 17
    NOT_RESTING = 18  # traded in full, or cancelled
    ORDER_EXPIRED = 19
    SIDE = 20  # neither +1 nor -1, or another than the amended order's
    QUANTITY = 21
    PRICE_LIMIT = 22
    EXPIRY = 23  # not after the event itself
    ALREADY_TRADED = 24  # amended to no more than has been traded


FIRST_REFUSAL = int(Outcome.KIND)


class Books(msgspec.Struct, frozen=True):
    """The books of an engine and what they admit.

    ``closes`` [books] is the instant [s since the epoch] from which a book takes nothing and
    nothing in it trades; ``authorised`` [members] tells who may trade. Limit prices are inclusive
    [µ¤/kWh], ``largest_wh`` bounds one order.
    """

    closes: Ints
    authorised: Bools
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    largest_wh: int = LARGEST_ORDER_WH

    @property
    def count(self) -> int:
        """How many books there are."""
        return self.closes.size

    def __post_init__(self) -> None:
        """Refuse bounds within which numbers could leave 64 bits."""
        prices = self.lowest_micro_per_kwh, self.highest_micro_per_kwh
        if not all(-INT64_MAX < price < INT64_MAX for price in prices):
            raise ValueError("price limits must lie inside the range of int64")
        if not 0 < self.largest_wh < INT64_MAX // 2:
            raise ValueError("the largest order must be positive and below half of int64")


class Event(msgspec.Struct, frozen=True):
    """One event, ``at`` an instant [s since the epoch]; numbers of 64 bits.

    ``order`` identifies the order, in all books. A cancellation reads nothing below ``member``,
    an immediate order no ``expires``. ``side`` is +1 to buy, -1 to sell.
    """

    kind: int
    order: int
    at: int
    book: int
    member: int
    side: int = 0
    quantity_wh: int = 0
    limit_micro_per_kwh: int = 0
    expires: int = NEVER


class Events(msgspec.Struct, frozen=True):
    """Events in the order of arrival, as int64 columns [events]; fields as of :class:`Event`."""

    kind: Ints
    order: Ints
    at: Ints
    book: Ints
    member: Ints
    side: Ints
    quantity_wh: Ints
    limit_micro_per_kwh: Ints
    expires: Ints

    @property
    def count(self) -> int:
        """How many events there are."""
        return self.kind.size


class Fill(msgspec.Struct, frozen=True):
    """One trade: an incoming order, the taker, met the resting order ``maker`` at its price."""

    maker: int
    taker: int
    quantity_wh: int
    price_micro_per_kwh: int


class Fills(msgspec.Struct, frozen=True):
    """Trades in the order they were made, as int64 columns [trades]; fields as of :class:`Fill`.

    ``event`` is the row of the event that made the trade. ``terms`` says what the maker's limit
    and size came from: the row of the event that placed or last amended it, or ``-1 - row`` of
    the state that the books were opened with.
    """

    maker: Ints
    taker: Ints
    quantity_wh: Ints
    price_micro_per_kwh: Ints
    event: Ints
    terms: Ints

    @property
    def count(self) -> int:
        """How many trades there are."""
        return self.maker.size


class Applied(msgspec.Struct, frozen=True):
    """What became of one event: a code of :class:`Outcome` and, for an order, the Wh.

    ``traded_wh`` at once, ``cancelled_wh`` by this event (also where an amendment shrinks the
    order), ``left_wh`` resting after it; all zero where refused or repeated.
    """

    outcome: int
    traded_wh: int = 0
    cancelled_wh: int = 0
    left_wh: int = 0
    fills: tuple[Fill, ...] = ()


def columns(events: Sequence[Event]) -> Events:
    """Turn events into columns; OverflowError where a number does not fit 64 bits."""
    return Events(
        *(
            np.array([getattr(event, name) for event in events], dtype=np.int64)
            for name in Events.__struct_fields__
        )
    )


def rows(events: Events) -> list[Event]:
    """Turn columns into events."""
    fields = (getattr(events, name).tolist() for name in Events.__struct_fields__)
    return [Event(*values) for values in zip(*fields, strict=True)]
