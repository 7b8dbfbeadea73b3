"""Orders as columns, what a person's order looks like, and the reasons for refusing one.

A refused order is an outcome with a reason, never an exception: a person must be told why, and
the other orders of the batch must not suffer.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import numpy as np

from gridpact.base.units import Bools, Ints

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


class Admission(msgspec.Struct, frozen=True):
    """What an order must satisfy when it is placed.

    ``open_slots`` [slots] tells whose gate is open and ``authorised`` [members] who may trade.
    Limit prices are inclusive [µ¤/kWh]. ``buy_limit_wh`` and ``sell_limit_wh`` [members] bound
    what a member may have on order per slot and side; -1 for no limit.
    """

    open_slots: Bools
    authorised: Bools
    lowest_micro_per_kwh: int
    highest_micro_per_kwh: int
    buy_limit_wh: Ints
    sell_limit_wh: Ints
    largest_wh: int = LARGEST_ORDER_WH


class PlacedOrder(msgspec.Struct, frozen=True):
    """An order as a person or a program outside places it.

    ``key`` is the idempotency key, unique within the participant: placing the same key twice with
    the same content is one order. ``slot_start`` is the slot's start [s since the epoch].

    An order over several ``slots`` is a block: ``quantity_wh`` in each of them, accepted in one
    ratio of at least ``minimum_ppm``, only if the block under the key ``parent`` is, and at most
    one of the blocks of a ``group``. ``location`` is a zone, that of the participant where empty.
    From ``valid_until`` on [s since the epoch] the order does not trade; 0 is until its gate.

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


def no_orders() -> Orders:
    """Return orders of length zero."""
    return Orders(*(np.empty(0, dtype=np.int64) for _ in Orders.__struct_fields__))


def concatenate(first: Orders, second: Orders) -> Orders:
    """Put the rows of ``second`` below those of ``first``; sequences are left as they are."""
    pairs = zip(_columns(first), _columns(second), strict=True)
    return Orders(*(np.concatenate(pair) for pair in pairs))


def refusals(orders: Orders, rules: Admission, earlier: Orders) -> Ints:
    """Judge new orders; return a code of :class:`Refusal` for each, shape [orders].

    Where several reasons apply the first of these is given: unknown slot, gate closed, not
    authorised, quantity, price limit, volume limit. Volume counts the orders ``earlier`` in the
    book and those accepted before it in ``orders``, in row order; a refused order uses none.
    """
    codes = _single_reasons(orders, rules)
    for row in _over_volume(orders, codes == Refusal.NONE, rules, earlier):
        codes[row] = Refusal.VOLUME_LIMIT
    return codes


def _columns(orders: Orders) -> tuple[Ints, ...]:
    return tuple(getattr(orders, name) for name in Orders.__struct_fields__)


def _single_reasons(orders: Orders, rules: Admission) -> Ints:
    """Reasons that need no look at any other order."""
    if np.any(np.abs(orders.side) != 1):
        raise ValueError("an order's side must be +1 or -1")
    slots, members = rules.open_slots.size, rules.authorised.size
    known = (orders.slot >= 0) & (orders.slot < slots)
    member = (orders.member >= 0) & (orders.member < members)
    is_open = np.zeros(orders.count, dtype=np.bool_)
    is_open[known] = rules.open_slots[orders.slot[known]]
    may_trade = np.zeros(orders.count, dtype=np.bool_)
    may_trade[member] = rules.authorised[orders.member[member]]
    limit, quantity = orders.limit_micro_per_kwh, orders.quantity_wh
    reasons = {
        Refusal.UNKNOWN_SLOT: ~known,
        Refusal.GATE_CLOSED: ~is_open,
        Refusal.NOT_AUTHORISED: ~may_trade,
        Refusal.QUANTITY: (quantity < 1) | (quantity > rules.largest_wh),
        Refusal.PRICE_LIMIT: (limit < rules.lowest_micro_per_kwh)
        | (limit > rules.highest_micro_per_kwh),
    }
    codes = np.select(list(reasons.values()), [int(code) for code in reasons], Refusal.NONE)
    return np.asarray(codes, dtype=np.int64)


def _over_volume(orders: Orders, sound: Bools, rules: Admission, earlier: Orders) -> list[int]:
    """Rows that would take a member beyond its volume limit in a slot."""
    rows = np.flatnonzero(sound)
    group = _position(orders, rules)[rows]
    placed = _totals(_position(earlier, rules), earlier.quantity_wh, rules)
    limit = np.stack([rules.sell_limit_wh, rules.buy_limit_wh], axis=1)
    limit = np.repeat(limit[:, None, :], rules.open_slots.size, axis=1).ravel()
    wanted = placed + _totals(group, orders.quantity_wh[rows], rules)
    crowded = (limit >= 0) & (wanted > limit)
    # Only positions that are over their limit are walked one by one; the others are all fine.
    over: list[int] = []
    walked = rows[crowded[group]]
    for row, at in zip(walked.tolist(), group[crowded[group]].tolist(), strict=True):
        if placed[at] + orders.quantity_wh[row] > limit[at]:
            over.append(row)
        else:
            placed[at] += orders.quantity_wh[row]
    return over


def _position(orders: Orders, rules: Admission) -> Ints:
    """Number of each order's (member, slot, side)."""
    return (orders.member * rules.open_slots.size + orders.slot) * 2 + (orders.side > 0)


def _totals(position: Ints, quantity_wh: Ints, rules: Admission) -> Ints:
    totals = np.zeros(rules.authorised.size * rules.open_slots.size * 2, dtype=np.int64)
    np.add.at(totals, position, quantity_wh)
    return totals
