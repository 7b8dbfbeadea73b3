"""Orders as columns, what a person's order looks like, and the reasons for refusing one.

A refused order is an outcome with a reason, never an exception: a person must be told why, and
the other orders of the batch must not suffer.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import MICRO_PER_UNIT, Bools, Ints

LARGEST_ORDER_WH = 1_000_000_000
"""1 GWh in one slot: above it no single order can make the sums of a book leave 64 bits."""


class Side(IntEnum):
    """Which way energy goes, as a sign: what is bought is positive."""

    BUY = 1
    SELL = -1


class Refusal(IntEnum):
    """Why an order was not taken into the book. The numbers are journalled and never change."""

    NONE = 0
    GATE_CLOSED = 1
    UNKNOWN_SLOT = 2
    NOT_AUTHORISED = 3
    QUANTITY = 4
    PRICE_LIMIT = 5
    VOLUME_LIMIT = 6
    DUPLICATE = 7
    SUSPENDED = 8
    COLLATERAL = 9
    UNKNOWN_LOCATION = 10
    UNKNOWN_PARTNER = 11
    VALIDITY = 12
    BLOCK = 13  # its market takes no block orders, or a link leads nowhere
    ATTRIBUTE = 14  # its market does not look at what the order prefers
    RATING = 15
    UNKNOWN_ORDER = 16
    ALREADY_TRADED = 17
    BOOK_FULL = 18  # beyond what its market's mechanism can clear


class Orders(msgspec.Struct, frozen=True):
    """Orders as int64 columns, shape [orders].

    ``sequence`` identifies an order and is unique; ``member`` is a row of the community's members
    and ``slot`` a position within the session's slots; ``side`` is +1 to buy, -1 to sell;
    ``quantity_wh`` > 0 may be accepted in part; ``limit_micro_per_kwh`` is the most a buyer pays
    or the least a seller takes, and may be negative.
    """

    sequence: Ints
    member: Ints
    slot: Ints
    side: Ints
    quantity_wh: Ints
    limit_micro_per_kwh: Ints

    @property
    def count(self) -> int:
        """How many orders there are."""
        return self.sequence.size

    def take(self, rows: Ints | Bools) -> Orders:
        """Return the given rows, by number or by mask."""
        return Orders(*(column[rows] for column in _columns(self)))


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order as a person or a program outside places it.

    ``key`` is the idempotency key, unique within the participant: placing the same key twice with
    the same content is one order. ``slot_start`` is the slot's start [s since the epoch].

    An order over several ``slots`` is a block: ``quantity_wh`` in each of them, accepted in one
    ratio of at least ``minimum_ppm``, only if the block under the key ``parent`` is, and at most
    one of the blocks of a ``group``. ``location`` is a zone, that of the participant where empty.
    From ``valid_until`` on [s since the epoch] the order does not trade; 0 is until its gate. What
    is left of one valid beyond its gate goes into the next session that trades its slot.

    ``green`` says of an offer that its energy is renewable. A bid's premiums [µ¤/kWh] are what it
    pays beyond its limit for green energy, energy of the participant ``partner``, and energy from
    its own location; -1 is what the participant prefers in general.
    """

    key: str
    participant: str
    side: Side
    slot_start: int
    quantity_wh: int
    limit_micro_per_kwh: int
    slots: int = 1
    minimum_ppm: int = 1_000_000
    parent: str = ""
    group: str = ""
    location: str = ""
    valid_until: int = 0
    green: bool = False
    green_micro_per_kwh: int = -1
    partner: str = ""
    partner_micro_per_kwh: int = -1
    near_micro_per_kwh: int = -1

    @property
    def is_block(self) -> bool:
        """Whether it is accepted over all its slots together, or depends on others."""
        whole = self.slots == 1 and self.minimum_ppm == MICRO_PER_UNIT
        return not whole or bool(self.parent or self.group)

    def expired(self, now: int) -> bool:
        """Whether its validity, where it has one, is over."""
        return 0 != self.valid_until <= now


def no_orders() -> Orders:
    """Return orders of length zero."""
    return Orders(*(np.empty(0, dtype=np.int64) for _ in Orders.__struct_fields__))


def concatenate(first: Orders, second: Orders) -> Orders:
    """Put the rows of ``second`` below those of ``first``; sequences are left as they are."""
    pairs = zip(_columns(first), _columns(second), strict=True)
    return Orders(*(np.concatenate(pair) for pair in pairs))


def _columns(orders: Orders) -> tuple[Ints, ...]:
    return tuple(getattr(orders, name) for name in Orders.__struct_fields__)
