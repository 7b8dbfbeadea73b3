"""Between which values a contract lies, whatever the parties still decide.

Payments that share open choices are bounded together, in one of two ways:

- *corners*: where no fold looks at the choices and payments are affine in pieces in every named
  amount, the least and the most of a slot are found exactly among the choices' own bounds and
  the places where payments bend;
- *intervals*: otherwise amounts are read as intervals. These are outer bounds: two mentions of
  one choice are read as if they could differ (``d·a + (1 - d)·b`` as if both could be paid).

Choices of different payments, and of different slots under corners, are taken to be free of each
other. Nothing here is a price: no one need be able to reach a bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Floats, Ints, checked_add
from gridpact.contracts.cashflows import names_of
from gridpact.contracts.errors import IllFormed
from gridpact.contracts.evaluate import Sheet, World
from gridpact.contracts.legs import Leg, legs
from gridpact.contracts.needs import needs_of
from gridpact.contracts.observables import CHOICE_PREFIX
from gridpact.contracts.terms import Contract
from gridpact.contracts.valuation.choices import choices_of, groups, open_labels, slotwise_of
from gridpact.contracts.valuation.corners import corners
from gridpact.contracts.valuation.present import check_discount, check_party, present_value
from gridpact.contracts.valuation.substitute import choices_in

MOST_CORNERS = 6


@dataclass(frozen=True, slots=True, eq=False)
class Bounds:
    """Least and greatest present value [nano-¤] to a party on each path, float [paths].

    ``ends`` are (low, high) by currency; ``ways`` tells for each group of choices how they were
    bounded: ``"corners"`` or ``"intervals"``.
    """

    party: str
    ends: Mapping[str, tuple[Floats, Floats]]
    ways: Mapping[tuple[str, ...], str]

    def as_dict(self) -> dict[str, object]:
        """Return the expectations of both ends by currency, ready for JSON; nano-¤."""
        return {
            "party": self.party,
            "unit": "nano",
            "currencies": {
                code: {"low": float(low.mean()), "high": float(high.mean())}
                for code, (low, high) in sorted(self.ends.items())
            },
            "choices": {" ".join(labels): way for labels, way in self.ways.items()},
        }


def bounds(
    contract: Contract,
    party: str,
    world: World,
    slots: Slots,
    *,
    discount: Floats | None = None,
) -> Bounds:
    """Bound the present value of a contract of which choices are open.

    A choice that the world binds is fixed. Shapes, discount factors and errors are those of
    :func:`gridpact.contracts.valuation.value.value`.
    """
    check_discount(discount, slots)
    check_party(contract, party)
    rows = [
        leg
        for leg in legs(contract)
        if leg.currency and party in (leg.giver, leg.taker) and leg.giver != leg.taker
    ]
    opened = open_labels(rows, world)
    fixed = [leg for leg in rows if not choices_in(leg.amount, opened)]
    found = {code: _intervals(own, party, world, slots) for code, own in _by_currency(fixed)}
    ways: dict[tuple[str, ...], str] = {}
    for group in groups(rows, opened):
        moved = [leg for leg in rows if choices_in(leg.amount, group)]
        for code, own in _by_currency(moved):
            ends, ways[tuple(sorted(group))] = _ends(own, party, group, world, slots)
            found[code] = _both(found[code], ends) if code in found else ends
    shape = np.broadcast_shapes((1,), *[end.shape for ends in found.values() for end in ends])
    values = {}
    for code, ends in found.items():
        low, high = (present_value(np.broadcast_to(end, shape), discount) for end in ends)
        values[code] = low, high
    return Bounds(party, values, ways)


def _by_currency(rows: list[Leg]) -> list[tuple[str, list[Leg]]]:
    codes = sorted({leg.currency for leg in rows})
    return [(code, [leg for leg in rows if leg.currency == code]) for code in codes]


def _ends(
    rows: list[Leg], party: str, group: frozenset[str], world: World, slots: Slots
) -> tuple[tuple[Ints, Ints], str]:
    """Return the least and the most that some payments of one currency bring a party."""
    choices = choices_of(rows, group)
    try:
        plan = slotwise_of(party, rows[0].currency, choices, rows, MOST_CORNERS)
    except IllFormed:
        return _intervals(rows, party, world, slots), "intervals"
    amounts = corners(plan, party, world, slots).amounts
    return (amounts.min(axis=0), amounts.max(axis=0)), "corners"


def _intervals(rows: list[Leg], party: str, world: World, slots: Slots) -> tuple[Ints, Ints]:
    required = names_of(needs_of(leg.amount for leg in rows))
    sheet = Sheet(world, slots, open_choices=True, cut_periods=True)
    sheet.require([name for name in required if not name.startswith(CHOICE_PREFIX)])
    low: Ints = np.zeros((1, slots.count), dtype=np.int64)
    high = low
    for leg in rows:
        cells = sheet.needed(leg.amount)
        taken = leg.taker == party
        least, most = (cells.low, cells.high) if taken else (-cells.high, -cells.low)
        low, high = checked_add(low, least), checked_add(high, most)
    return low, high


def _both(one: tuple[Ints, Ints], other: tuple[Ints, Ints]) -> tuple[Ints, Ints]:
    return checked_add(one[0], other[0]), checked_add(one[1], other[1])
