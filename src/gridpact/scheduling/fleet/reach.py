"""How much energy the assets of a zone can take and give in a slot, whatever the prices."""

from __future__ import annotations

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.columns import (
    TABLES,
    Curtailable,
    Fleet,
    Generators,
    OneWay,
    Runs,
    Storage,
    per_asset,
    per_slot,
    rows_of,
)


def reach(fleet: Fleet, zones: Bools) -> tuple[Floats, Floats]:
    """Least and most net energy of the assets in these zones themselves [zones, slots] kWh.

    By powers alone; what is stored is not looked at. Zero in zones that are not asked for.
    """
    low, high = np.zeros((2, len(zones), fleet.slots))
    for name in TABLES:
        table = getattr(fleet, name)
        rows = np.flatnonzero(zones[table.zone]) if table is not None else ()
        if len(rows):
            own = rows_of(table, np.asarray(rows))
            for total, part in zip((low, high), _ends(own, fleet), strict=True):
                np.add.at(total, own.zone, part)
    return low, high


def _ends(table: msgspec.Struct, fleet: Fleet) -> tuple[Floats, Floats]:
    """Least and most net energy of each asset [assets, slots] kWh."""
    to_kwh = fleet.hours / 1000
    if isinstance(table, OneWay):
        low, high = _one_way(table, fleet.slots)
    elif isinstance(table, Storage):
        count = len(table.zone)
        low = -per_slot(table.discharge_w, count, fleet.slots)
        high = per_slot(table.charge_w, count, fleet.slots)
    elif isinstance(table, Curtailable):
        forecast = per_slot(table.forecast_wh, len(table.zone), fleet.slots) / 1000
        return -forecast, -forecast * per_asset(table.least, len(table.zone))[:, None]
    elif isinstance(table, Runs):
        low, high = _runs(table, fleet.slots)
    elif isinstance(table, Generators):
        low = -per_slot(table.max_w, len(table.zone), fleet.slots)
        high = np.zeros(low.shape)
    return low * to_kwh, high * to_kwh


def _one_way(table: OneWay, slots: int) -> tuple[Floats, Floats]:
    power, slot = per_slot(table.power_w, len(table.zone), slots), np.arange(slots)
    there = (slot >= np.asarray(table.arrive)[:, None]) & (slot < np.asarray(table.leave)[:, None])
    return np.zeros(power.shape), power * there


def _runs(table: Runs, slots: int) -> tuple[Floats, Floats]:
    power, slot = np.asarray(table.power_w, np.float64), np.arange(slots)
    counted = np.arange(power.shape[1]) < np.asarray(table.length)[:, None]
    most = np.where(counted, power, 0.0).max(axis=1)
    inside = (slot >= np.asarray(table.first)[:, None]) & (slot < np.asarray(table.end)[:, None])
    return np.zeros(inside.shape), inside * most[:, None]
