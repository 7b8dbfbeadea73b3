"""From a fleet and its schedules to what diaries are made of: one row per asset, signed power.

Diaries list the assets of a fleet table after table, in the order of
:data:`~gridpact.scheduling.fleet.columns.TABLES`.
"""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.diaries.derivation import Rated, watts
from gridpact.scheduling.fleet.columns import TABLES, Fleet, per_slot
from gridpact.scheduling.fleet.solution import Schedules


class Places(msgspec.Struct, frozen=True):
    """Where each table of a fleet begins among the rows of diaries, and how many there are."""

    first: dict[str, int]
    count: int

    def row(self, table: str, row: int) -> int:
        """Row of an asset in diaries."""
        return self.first[table] + row


def places_of(fleet: Fleet) -> Places:
    """Return where the assets of a fleet are among the rows of diaries."""
    first, count = {}, 0
    for name in TABLES:
        first[name] = count
        table = getattr(fleet, name)
        count += 0 if table is None else len(table.zone)
    return Places(first, count)


def zones_of(fleet: Fleet) -> Ints:
    """Zone of every asset [assets], by row of diaries."""
    tables = [getattr(fleet, name) for name in TABLES]
    zones = [table.zone for table in tables if table is not None]
    return np.concatenate([np.zeros(0, np.int64), *zones]).astype(np.int64)


def net_energy(schedules: Schedules, places: Places) -> Floats:
    """Net energy of every asset [assets, slots], Wh: positive is taken from the grid.

    Assets that the schedules leave out have NaN.
    """
    taken = {
        "one_way": schedules.one_way_wh,
        "storage": schedules.charge_wh - schedules.discharge_wh,
        "curtailable": -schedules.output_wh,
        "runs": schedules.runs_wh,
        "generators": -schedules.generators_wh,
    }
    slots = max((array.shape[1] for array in taken.values()), default=0)
    net = np.full((places.count, slots), np.nan)
    for name, rows in zip(TABLES, schedules.rows, strict=True):
        net[places.first[name] + rows] = taken[name]
    return net


def power_of(schedules: Schedules, places: Places, step_s: int) -> Ints:
    """Mean net power of every asset [assets, slots], to the nearest W.

    Raises ValueError where the schedules leave assets out.
    """
    net = net_energy(schedules, places)
    if np.isnan(net).any():
        raise ValueError("the schedules do not cover every asset of the fleet")
    return watts(net, step_s)


def rated_of(fleet: Fleet) -> Rated:
    """Most power of every asset in each slot [assets, slots], whole W, rounded down."""
    places, shape = places_of(fleet), (0, fleet.slots)
    charge, supply = [np.zeros(shape)], [np.zeros(shape)]
    for name in TABLES:
        if getattr(fleet, name) is not None:
            take, give = _most(fleet, name)
            charge.append(take)
            supply.append(give)
    both = (np.concatenate(charge), np.concatenate(supply))
    if len(both[0]) != places.count:
        raise ValueError("a table has columns of another length than its zones")
    return Rated(*(np.floor(one).astype(np.int64) for one in both))


def _most(fleet: Fleet, name: str) -> tuple[Floats, Floats]:
    """Most power of one table's assets: taken, and given [assets, slots], W."""
    count = len(getattr(fleet, name).zone)
    nothing = np.zeros((count, fleet.slots))
    if name == "one_way" and fleet.one_way is not None:
        return per_slot(fleet.one_way.power_w, count, fleet.slots), nothing
    if name == "storage" and fleet.storage is not None:
        sides = (fleet.storage.charge_w, fleet.storage.discharge_w)
        return per_slot(sides[0], count, fleet.slots), per_slot(sides[1], count, fleet.slots)
    if name == "curtailable" and fleet.curtailable is not None:
        given = per_slot(fleet.curtailable.forecast_wh, count, fleet.slots)
        return nothing, np.maximum(given, 0) / fleet.hours
    if name == "runs" and fleet.runs is not None:
        most = np.asarray(fleet.runs.power_w, np.float64).max(axis=1, initial=0.0)
        return per_slot(most, count, fleet.slots), nothing
    if name == "generators" and fleet.generators is not None:
        return nothing, per_slot(fleet.generators.max_w, count, fleet.slots)
    return nothing, nothing
