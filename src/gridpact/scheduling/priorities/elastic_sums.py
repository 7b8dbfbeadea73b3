"""Limits on sums over slots, on a timeline with make-up slots: what is made up for counts in none.

See :mod:`gridpact.scheduling.fleet.sums` for how they are given.
"""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.columns import UNBOUNDED, OneWay, Storage, Values, per_slot, varies
from gridpact.scheduling.priorities.timeline import Timeline


def elastic_sums(table: OneWay | Storage, line: Timeline) -> dict[str, Values]:
    """Columns of a table on the timeline; a budget's prices are 0 in make-up slots."""
    columns: dict[str, Values] = {"budget": _spread(table.budget, line)}
    if np.isfinite(table.budget).any():
        price = per_slot(table.budget_price, len(table.zone), line.slots)
        columns["budget_price"] = line.spread(price)
    elif varies(table.budget_price):
        columns["budget_price"] = 0.0
    if isinstance(table, Storage):
        columns["throughput_wh"] = _spread(table.throughput_wh, line)
    return columns


def _spread(limits: Values, line: Timeline) -> Values:
    """Limits by slot stay with their slots; one over all slots needs no change."""
    if not varies(limits):
        return limits
    wide: Floats = np.asarray(limits, np.float64)
    return line.spread(wide, UNBOUNDED)
