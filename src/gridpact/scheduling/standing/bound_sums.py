"""Sums over slots that needs bound: budgets, cycles, energy and power of several together."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from gridpact.scheduling.fleet.additions import Row
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.problem import Sum

NOISE = 1e-6
"""Wh by which real numbers may be off whole ones."""
_LIMITS = {"throughput_wh": ("discharge", 1.0), "budget": ("cost", 1000.0)}
"""Columns of limits on sums of one storage: what is summed, and its units in one of the column."""


class Binding(NamedTuple):
    """A bound that a need put on ``row`` for slots ``first ≤ slot < end``.

    ``side`` is ``lo`` or ``hi`` of storage, or what is drawn from it (``draw``), ``import`` or
    ``export`` of a zone, ``run`` of an appliance, ``sum`` of the problem; of wishes ``charge`` and
    ``discharge``, too, and what is ``soft``. ``bound_wh`` is the bound, all that is drawn in a
    slot, 0 for a run, a sum or what is soft. A ``wish`` gives way to all others.
    """

    need: str
    side: str
    row: int
    first: int
    end: int
    bound_wh: int
    wish: bool = False


def sums_of(draft: Draft) -> tuple[tuple[Sum, ...], list[Binding]]:
    """Return all sums that are bounded, and the needs behind them."""
    found: dict[Sum, int] = {}
    bindings = list[Binding]()
    rows = [_shared(row, level) for row, level in draft.shared]
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


def _shared(row: Row, level: Level) -> Sum:
    """Net energy in whole Wh, inward; one asset in one slot may be asked for all of its power."""
    storage = tuple(int(one) for _, rows in row.assets for one in np.asarray(rows).tolist())
    outward = row.end - row.first == 1 and len(storage) == 1 and not row.zones
    lower, upper = row.lower_wh - NOISE, row.upper_wh + NOISE
    if outward:
        lower, upper = lower + 2 * NOISE - 1, upper - 2 * NOISE + 1
    return Sum(
        kind="net",
        first=row.first,
        end=row.end,
        storage=storage,
        zones=tuple(int(zone) for zone in row.zones),
        lower=math.ceil(lower) if math.isfinite(lower) else None,
        upper=math.floor(upper) if math.isfinite(upper) else None,
        level=level,
    )
