"""Appliances with work to do as columns, and when they do it.

Prices are µ¤/kWh, energies Wh, costs nano-¤. Costs are floats because they may be expectations;
of whole prices they are whole numbers, exact below 2⁵³.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Values
from gridpact.scheduling.fleet.findings import Findings

LARGEST = 1e15
MOST_WH = 10**12


class Appliances(msgspec.Struct, frozen=True):
    """Appliances [appliances] that work ``length`` slots within slots ``first ≤ slot < end``.

    A window of ``H = end − first`` slots holds ``L = length`` slots of work. ``zone`` is the row of
    the prices that an appliance pays. Each slot of work takes ``energy_wh``, one number or
    [appliances].
    """

    zone: Ints
    first: Ints
    end: Ints
    length: Ints
    energy_wh: Ints | int = 1000

    def energy(self) -> Floats:
        """Energy of a slot of work [appliances], Wh."""
        spread = np.broadcast_to(np.asarray(self.energy_wh, np.float64), self.zone.shape)
        return np.ascontiguousarray(spread)


class Starts(msgspec.Struct, frozen=True):
    """Uninterrupted work: the slot it begins in [appliances], −1 where it does not take place.

    ``cost_nano`` [appliances] is its cost at the prices given; 0 where it does not take place.
    """

    slot: Ints
    cost_nano: Floats

    def works(self, appliances: Appliances, slots: int) -> Bools:
        """In which slots each appliance works [appliances, slots]."""
        now = np.arange(slots)
        begin, end = self.slot[:, None], (self.slot + appliances.length)[:, None]
        return np.asarray((begin >= 0) & (begin <= now) & (now < end))


class Worked(msgspec.Struct, frozen=True):
    """Work that may be interrupted: ``works`` [appliances, slots].

    ``cost_nano`` [appliances] is its cost at the prices given.
    """

    works: Bools
    cost_nano: Floats


class WorkFindings(Findings):
    """What is wrong with appliances and their prices."""

    def add(self, where: str, problem: str, fix: str) -> None:
        """Note one fault."""
        self.faults.append(Fault("appliances", 0, where, problem, fix))


def refuse_faults(appliances: Appliances, zones: int, slots: int) -> None:
    """Raise :class:`~gridpact.base.errors.BadInput` with every fault of the columns.

    Beyond values out of range that is a window too short for its work.
    """
    if _in_order(appliances, zones, slots):
        return
    found, count = WorkFindings(), len(appliances.zone)
    found.whole("zone[{}]", appliances.zone, count, (0, zones - 1))
    found.whole("energy_wh[{}]", appliances.energy_wh, count, (0, MOST_WH))
    first = found.whole("first[{}]", appliances.first, count, (0, max(slots - 1, 0)))
    end = found.whole("end[{}]", appliances.end, count, (1, slots))
    length = found.whole("length[{}]", appliances.length, count, (1, slots))
    if first is not None and end is not None and length is not None:
        found.rows(
            end - first < length,
            "length[{}]",
            "{length} slots of work do not fit between slots {first} and {end}",
            "widen the window or shorten the work",
            length=length,
            first=first,
            end=end,
        )
    found.refuse()


def _in_order(appliances: Appliances, zones: int, slots: int) -> bool:
    """Tell quickly where nothing is wrong; a closer look takes as long as an answer."""
    columns = (appliances.zone, appliances.first, appliances.end, appliances.length)
    arrays = [np.asarray(column) for column in (*columns, appliances.energy_wh)]
    if any(array.dtype != np.int64 or not array.size for array in arrays):
        return False
    if any(array.shape != arrays[0].shape or array.ndim != 1 for array in arrays[:4]):
        return False
    zone, first, end, length, energy = arrays
    if energy.shape not in ((), zone.shape):
        return False
    inside = bool(zone.min() >= 0 and zone.max() < zones and first.min() >= 0)
    inside &= bool(end.max() <= slots and length.min() >= 1 and (end - first - length).min() >= 0)
    return inside and bool(energy.min() >= 0 and energy.max() <= MOST_WH)


def price_table(where: str, prices: Values) -> Floats:
    """Prices [zones, slots] as floats; one row stands for a single zone. Raises BadInput."""
    table = np.ascontiguousarray(np.atleast_2d(np.asarray(prices, np.float64)))
    if table.ndim != 2 or not table.size:
        problem = f"has shape {np.shape(prices)}"
        raise BadInput([Fault("appliances", 0, where, problem, "give [zones, slots]")])
    found = WorkFindings()
    found.number(where + "[{}]", table, (table.shape[0], table.shape[1]), (-LARGEST, LARGEST))
    found.refuse()
    return table
