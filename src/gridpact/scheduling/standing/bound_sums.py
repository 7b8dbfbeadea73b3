"""Sums over slots that needs bound: budgets, cycles, energy and power of several together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.problem import Sum

NOISE = 1e-6
"""Wh by which real numbers may be off whole ones."""
_LIMITS = {"throughput_wh": ("discharge", 1.0), "budget": ("cost", 1000.0)}
"""Columns of limits on sums of one storage: what is summed, and its units in one of the column."""


class Binding(NamedTuple):
    """A bound that a need put on ``row`` for slots ``first ≤ slot < end``.

    ``side`` is ``lo`` or ``hi`` of storage, ``import`` or ``export`` of a zone, ``run`` of an
    appliance, ``sum`` of the problem; ``bound_wh`` is the bound, 0 for a run or a sum.
    """

    need: str
    side: str
    row: int
    first: int
    end: int
    bound_wh: int


def sums_of(draft: Draft) -> tuple[tuple[Sum, ...], list[Binding]]:
    """Return all sums that are bounded, and the needs behind them."""
    found: dict[Sum, int] = {}
    bindings = list[Binding]()
    rows = [_shared(row) for row, _ in draft.shared]
    for one in draft.origins:
        if one.table == "portfolio":
            total = rows[one.row]
        elif one.table == "storage" and one.column in _LIMITS:
            kind, units = _LIMITS[one.column]
            most = float(draft.columns["storage", one.column][one.row, one.end - 1])
            upper = math.floor(most * units + NOISE)
            total = Sum(kind, one.first, one.end, (one.row,), upper=upper)
        else:
            continue
        place = found.setdefault(total, len(found))
        bindings.append(Binding(one.need, "sum", place, one.first, one.end, 0))
    return tuple(found), list(dict.fromkeys(bindings))


def _shared(row: Row) -> Sum:
    """Net energy of several; bounds are rounded inward, but those of one asset in one slot.

    These may be all that its power allows.
    """
    storage = tuple(int(one) for _, rows in row.assets for one in np.asarray(rows).tolist())
    inward = row.end - row.first > 1 or len(storage) != 1 or bool(row.zones)
    up, down = (math.ceil, math.floor) if inward else (math.floor, math.ceil)
    return Sum(
        kind="net",
        first=row.first,
        end=row.end,
        storage=storage,
        zones=tuple(int(zone) for zone in row.zones),
        lower=up(row.lower_wh - NOISE) if math.isfinite(row.lower_wh) else None,
        upper=down(row.upper_wh + NOISE) if math.isfinite(row.upper_wh) else None,
    )
