"""Schedules of single assets from a solution's columns."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import TABLES, Fleet, per_asset, per_slot
from gridpact.scheduling.fleet.solution import Schedules
from gridpact.scheduling.reference.model import Model


class Energies(msgspec.Struct, frozen=True):
    """Energies of all assets, kWh: ``by_table`` [assets, slots] as they are scheduled, ≥ 0.

    Storage has charge and discharge.
    """

    fleet: Fleet
    by_table: dict[str, Floats]
    charge: Floats
    discharge: Floats

    def schedules(self, zones: Ints | None = None) -> Schedules:
        """Schedules of the assets in these zones themselves, or of all; see :class:`Schedules`."""
        rows = tuple(_rows(self.fleet, name, zones) for name in TABLES)
        own = {name: self.by_table[name][at] * 1000 for name, at in zip(TABLES, rows, strict=True)}
        charge, discharge = self.charge[rows[1]] * 1000, self.discharge[rows[1]] * 1000
        return Schedules(
            rows=rows,
            one_way_wh=own["one_way"],
            charge_wh=charge,
            discharge_wh=discharge,
            state_wh=_states(self.fleet, rows[1], charge, discharge),
            output_wh=own["curtailable"],
            runs_wh=own["runs"],
            generators_wh=own["generators"],
        )


def energies_of(model: Model, values: Floats) -> Energies:
    """Read the energies off the columns."""
    fleet = model.fleet
    by_table = {name: np.zeros((_count(fleet, name), fleet.slots)) for name in TABLES}
    for draw in model.draws:
        by_table[draw.table] += np.abs(draw.energy(values, by_table[draw.table].shape))
    none = np.zeros((0, fleet.slots))
    ways = model.ways
    charge, discharge = (
        (none, none) if ways is None else (values[ways.charge], values[ways.discharge])
    )
    return Energies(fleet, by_table, np.maximum(charge, 0.0), np.maximum(discharge, 0.0))


def _count(fleet: Fleet, name: str) -> int:
    table = getattr(fleet, name)
    return 0 if table is None else len(table.zone)


def _rows(fleet: Fleet, name: str, zones: Ints | None) -> Ints:
    """Rows of a table in these zones, or all."""
    table = getattr(fleet, name)
    if table is None:
        return np.zeros(0, np.int64)
    if zones is None:
        return np.arange(len(table.zone))
    return np.flatnonzero(np.isin(table.zone, zones))


def _states(fleet: Fleet, rows: Ints, charge: Floats, discharge: Floats) -> Floats:
    """State of storage after each slot [rows, slots] Wh."""
    table, after = fleet.storage, np.zeros(charge.shape)
    if table is None:
        return after
    count, slots = len(table.zone), fleet.slots
    kept, state = per_asset(table.kept, count)[rows], per_asset(table.initial_wh, count)[rows]
    change = charge * per_slot(table.efficiency_in, count, slots)[rows]
    change -= discharge / per_asset(table.efficiency_out, count)[rows, None]
    change -= per_slot(table.draw_wh, count, slots)[rows]
    for slot in range(slots):
        state = kept * state + change[:, slot]
        after[:, slot] = state
    return after
