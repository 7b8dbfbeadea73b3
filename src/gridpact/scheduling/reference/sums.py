"""Limits on sums over slots of what single assets do, as rows."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats, Ints
from gridpact.scheduling.fleet.columns import OneWay, Storage, per_slot
from gridpact.scheduling.fleet.sums import sums_of
from gridpact.scheduling.programme import Programme

Places = tuple[Ints, Ints]
"""Assets and slots of columns [columns]."""


def limit_budgets(
    programme: Programme, table: OneWay | Storage, slots: int, at: Places, column: Ints
) -> None:
    """Limit what energy taken costs; ``column`` [columns] is that of ``at``, kWh."""
    count = len(table.zone)
    sums = sums_of(table.budget, count, slots)
    if len(sums.row):
        price = per_slot(table.budget_price, count, slots)[at] * 1e-6
        _add_rows(programme, sums.most * 1e-6, sums.numbers(count, slots)[at], column, price)


def limit_throughput(programme: Programme, table: Storage, discharge: Ints) -> None:
    """Limit the energy discharged, ``discharge`` [assets, slots] being its columns, kWh."""
    sums = sums_of(table.throughput_wh, *discharge.shape)
    if len(sums.row):
        in_sum = sums.numbers(*discharge.shape)
        _add_rows(programme, sums.most / 1000, in_sum, discharge, np.ones(discharge.shape))


def _add_rows(
    programme: Programme, most: Floats, in_sum: Ints, column: Ints, factor: Floats
) -> None:
    """Add a row per sum; ``in_sum`` says which one a column counts in, -1 for none."""
    counts = (in_sum >= 0) & (factor != 0)
    row = programme.rows(np.full(len(most), -np.inf), most)
    programme.entries(row[in_sum[counts]], column[counts], factor[counts])
