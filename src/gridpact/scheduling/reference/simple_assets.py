"""Assets without choices between whole numbers: cars that only charge, generation that is cut."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Ints
from gridpact.scheduling.fleet.columns import Curtailable, Fleet, OneWay, per_asset, per_slot
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw, dense
from gridpact.scheduling.reference.sums import limit_budgets


def add_one_way(programme: Programme, fleet: Fleet, table: OneWay) -> tuple[Draw, Ints]:
    """Each car draws its energy within its window; also return the rows that say so [cars]."""
    count, slots = len(table.zone), fleet.slots
    most = per_slot(table.power_w, count, slots) * (fleet.hours / 1000)
    slot = np.arange(slots)
    there = (slot >= np.asarray(table.arrive)[:, None]) & (slot < np.asarray(table.leave)[:, None])
    asset, at = np.nonzero(there & (most > 0))
    column = programme.columns(0.0, most[asset, at])
    due = per_asset(table.energy_wh, count) / 1000
    total = programme.rows(due, due)
    programme.entries(total[asset], column)
    limit_budgets(programme, table, slots, (asset, at), column)
    return Draw("one_way", asset, at, column, np.ones(len(column))), total


def add_curtailable(programme: Programme, fleet: Fleet, table: Curtailable) -> Draw:
    """Output lies between the least and the forecast; what is cut of it costs."""
    count = len(table.zone)
    forecast = per_slot(table.forecast_wh, count, fleet.slots) / 1000
    cost = per_asset(table.cost, count)[:, None] * 1e-6
    least = per_asset(table.least, count)[:, None] * forecast
    output = programme.columns(least, forecast, -cost)
    programme.constant += float((cost * forecast).sum())
    return dense("curtailable", output, -1.0)
