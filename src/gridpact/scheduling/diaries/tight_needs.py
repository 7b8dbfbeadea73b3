"""Which needs a schedule just meets, and so which changes of power they explain.

- A least state of charge that is reached and no more asks for more power since the state was last
  at either of its bounds, and a most for less: between them, energy is worth the same at any time.
- A bound on power asks, while the power is at it, for less of it.
- Energy due of an asset that only charges asks for more power throughout its stay.
- Runs and generators do what is asked of them in the whole window of a need, and any asset what
  a person makes it do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.diaries.causes import Causes
from gridpact.scheduling.diaries.profiles import places_of
from gridpact.scheduling.diaries.reasons import InForce
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Values, per_asset, per_slot
from gridpact.scheduling.fleet.solution import Schedules
from gridpact.scheduling.needs.binding.model import Bound, Origin

NEAR_WH = 0.5
"""A schedule within half a Wh of a bound is at it."""
_CAPS = {
    ("storage", "charge_w"): -1,
    ("storage", "discharge_w"): 1,
    ("one_way", "power_w"): -1,
    ("curtailable", "forecast_wh"): 1,
    ("generators", "max_w"): 1,
}
"""Bounds on power, and the way of the changes that they explain: −1 is less net power."""


def tight_needs(bound: Bound, schedules: Schedules, causes: Causes) -> InForce:
    """Return the needs that are just met, each where it explains a change.

    ``schedules`` are those of all assets. Limits of zones and of the portfolio have prices instead,
    and needs that are not among the causes are left out.
    """
    contacts = _Contacts(bound, schedules, causes.always)
    places = places_of(bound.fleet)
    found = [
        (causes.of_need[one.need], places.row(one.table, one.row), first, end, way)
        for one in bound.origins
        if one.need in causes.of_need and one.table in places.first
        for first, end, way in contacts.explained(one)
    ]
    return InForce.of(found)


class _Contacts:
    """Where schedules touch the bounds of a fleet."""

    def __init__(self, bound: Bound, schedules: Schedules, always: frozenset[str]) -> None:
        self._always = always
        self._low, self._high = _touched(bound, schedules)
        self._at_cap = {
            place: _at_cap(bound.fleet, schedules, *place)
            for place in _CAPS
            if getattr(bound.fleet, place[0]) is not None
        }

    def explained(self, one: Origin) -> Iterator[tuple[int, int, int]]:
        """Slots and way of the changes that a need explains by one of its bounds."""
        place = (one.table, one.column)
        if one.need in self._always:
            yield one.first, one.end, 0
        elif place in (("storage", "lo_wh"), ("storage", "hi_wh")):
            yield from self._of_state(one)
        elif place in _CAPS:
            tight = self._at_cap[place][one.row, one.first : one.end]
            for first, end in stretches(tight):
                yield one.first + first, one.first + end, _CAPS[place]
        elif place == ("one_way", "energy_wh"):
            yield one.first, one.end, 1
        else:
            yield one.first, one.end, 0

    def _of_state(self, one: Origin) -> Iterator[tuple[int, int, int]]:
        least = one.column == "lo_wh"
        tight = (self._low if least else self._high)[one.row, one.first : one.end]
        if tight.any():
            first = one.first + int(np.argmax(tight))
            last = one.end - 1 - int(np.argmax(tight[::-1]))
            touched = (self._low | self._high)[one.row, :first]
            before = np.flatnonzero(touched)
            yield (int(before[-1]) + 1 if len(before) else 0), last + 1, 1 if least else -1


def stretches(marked: Bools) -> list[tuple[int, int]]:
    """First slot and end of each stretch of marked slots."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
    return [(int(first), int(end)) for first, end in edges.reshape(-1, 2)]


def _touched(bound: Bound, schedules: Schedules) -> tuple[Bools, Bools]:
    """Slots after which storage is at its lower and upper bound [rows, slots]."""
    table, slots = bound.fleet.storage, bound.fleet.slots
    if table is None:
        nothing = np.zeros((0, slots), np.bool_)
        return nothing, nothing
    count = len(table.zone)
    low = np.array(per_slot(table.lo_wh, count, slots))
    low[:, -1] = np.maximum(low[:, -1], per_asset(table.terminal_wh, count))
    for need in bound.needs.storage:
        low[need.rows] = np.maximum(low[need.rows], need.lo_wh)
    state = np.empty((count, slots))
    state[schedules.rows[TABLES.index("storage")]] = schedules.state_wh
    high = per_slot(table.hi_wh, count, slots)
    return state <= low + NEAR_WH, state >= high - NEAR_WH


def _at_cap(fleet: Fleet, schedules: Schedules, table: str, column: str) -> Bools:
    """Slots in which assets of a table are at a bound on their power [rows, slots]."""
    assets = getattr(fleet, table)
    count = len(assets.zone)
    values: Values = getattr(assets, column)
    hours = 1.0 if column.endswith("_wh") else fleet.hours
    flow = np.empty((count, fleet.slots))
    flow[schedules.rows[TABLES.index(table)]] = _flow(schedules, table, column)
    return np.asarray(flow >= per_slot(values, count, fleet.slots) * hours - NEAR_WH)


def _flow(schedules: Schedules, table: str, column: str) -> Floats:
    if table == "storage":
        return schedules.charge_wh if column == "charge_w" else schedules.discharge_wh
    return {
        "one_way": schedules.one_way_wh,
        "curtailable": schedules.output_wh,
        "generators": schedules.generators_wh,
    }[table]
