"""What needs bound to storage miss at the least, by a linear programme in which each may give way.

Storage begins with whatever is best, and may charge and discharge in one slot: whatever is missed
here is missed by every plan.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Storage, per_asset, per_slot
from gridpact.scheduling.needs.binding.draft import Draft
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.highs import Search, minimise

TOUCH_WH = 1.0
"""Energy that counts as none: what whole numbers cannot follow."""
NANO = 1000.0
"""Nano-¤ in a unit of a budget's column."""


class Missed(NamedTuple):
    """All that is missed [Wh], and the most of it at one place.

    What flows is counted slot by slot and sum by sum, what is stored once for each asset: by as
    much as its state is ever off. ``why`` says what cannot even be bound; then nothing is counted.
    """

    total_wh: float
    most_wh: float
    why: str = ""


class Columns(NamedTuple):
    """Numbers of columns [assets, slots]."""

    charge: Ints
    discharge: Ints
    state: Ints


class Elastic:
    """Columns that say what is missed."""

    def __init__(self, programme: Programme) -> None:
        self._programme = programme
        self._columns: list[Ints] = []

    def columns(self, *shape: int) -> Ints:
        """Return new columns [shape], each of which says what is missed at one place."""
        made = self._programme.columns(np.zeros(shape), np.inf, 1.0)
        self._columns.append(made.ravel())
        return made

    def missed(self, values: Floats) -> Missed:
        """Read what is missed off the values of all columns."""
        found = values[np.concatenate([*self._columns, np.zeros(0, np.int64)])]
        return Missed(float(found.sum()), float(found.max(initial=0.0)))


def least_missed(draft: Draft, drains: Bools) -> Missed:
    """Return what is missed of all that was bound, where as little is as can be.

    ``drains`` [assets] marks what may be emptied by use that is not known: trips, heat, hot water.
    """
    if draft.faults:
        return Missed(0.0, 0.0, draft.faults[0].problem)
    programme = Programme()
    elastic = Elastic(programme)
    columns = _flows(programme, draft, drains, elastic)
    _states(programme, draft, columns, elastic)
    _shared(programme, draft, columns, elastic)
    _sums(programme, draft, columns, elastic)
    found = minimise(programme.arrays(), Search())
    if found is None:
        raise RuntimeError("storage that may miss all that is asked cannot be planned")
    return elastic.missed(found.values)


def _table(draft: Draft) -> Storage:
    table = draft.site.fleet.storage
    if table is None:
        raise ValueError("needs are bound to storage here")
    return table


def _column(draft: Draft, table: Storage, name: str) -> Floats:
    """A column of storage as it is now [assets, slots]."""
    if ("storage", name) in draft.columns:
        return draft.columns["storage", name]
    return per_slot(getattr(table, name), len(table.zone), draft.site.fleet.slots)


def _flows(programme: Programme, draft: Draft, drains: Bools, elastic: Elastic) -> Columns:
    """State' − kept · state − efficiency_in · charge + discharge / efficiency_out = −draw."""
    table = _table(draft)
    count, slots, hours = len(table.zone), draft.site.fleet.slots, draft.hours
    charge = programme.columns(0, np.maximum(_column(draft, table, "charge_w"), 0) * hours)
    discharge = programme.columns(0, np.maximum(_column(draft, table, "discharge_w"), 0) * hours)
    most = per_slot(table.hi_wh, count, slots)
    state, before = programme.columns(0, most), programme.columns(0, most[:, :1])
    draw = _column(draft, table, "draw_wh")
    rows = programme.rows(-draw, -draw)
    kept = per_asset(table.kept, count)[:, None]
    programme.entries(rows, state)
    programme.entries(rows, np.concatenate([before, state[:, :-1]], axis=1), -kept)
    programme.entries(rows, charge, -per_asset(table.efficiency_in, count)[:, None])
    programme.entries(rows, discharge, 1 / per_asset(table.efficiency_out, count)[:, None])
    drawn = np.nonzero(draw > 0)
    programme.entries(rows[drawn], elastic.columns(len(drawn[0])), -1.0)
    used = rows[drains]
    programme.entries(used, programme.columns(np.zeros(used.shape), np.inf))
    return Columns(charge, discharge, state)


def _states(programme: Programme, draft: Draft, columns: Columns, elastic: Elastic) -> None:
    """Bound what is stored from below and above."""
    low, high = np.full(columns.state.shape, -np.inf), np.full(columns.state.shape, np.inf)
    if ("storage", "lo_wh") in draft.columns:
        low = np.maximum(low, draft.columns["storage", "lo_wh"])
    if ("storage", "hi_wh") in draft.columns:
        high = np.minimum(high, draft.columns["storage", "hi_wh"])
    for row, asks in draft.asked.items():
        for ask in asks:
            low[row, ask.slot] = max(low[row, ask.slot], ask.energy_wh)
    for bounds, sign in ((low, 1.0), (-high, -1.0)):
        asked = np.nonzero(bounds > (0.0 if sign > 0 else -np.inf))
        rows = programme.rows(bounds[asked], np.inf)
        programme.entries(rows, columns.state[asked], sign)
        programme.entries(rows, elastic.columns(len(bounds))[asked[0]])


def _shared(programme: Programme, draft: Draft, columns: Columns, elastic: Elastic) -> None:
    """Bound net energy of several assets together."""
    for row, _ in draft.shared:
        members = np.concatenate([np.asarray(which, np.int64) for _, which in row.assets])
        limit = programme.rows(row.lower_wh, row.upper_wh).reshape(1, 1)
        span = slice(row.first, row.end)
        programme.entries(limit, columns.charge[members, span])
        programme.entries(limit, columns.discharge[members, span], -1.0)
        programme.entries(limit, elastic.columns(1, 2), np.array([[1.0, -1.0]]))


def _sums(programme: Programme, draft: Draft, columns: Columns, elastic: Elastic) -> None:
    """Bound what storage discharges, and what charging it costs."""
    for one in draft.origins:
        if one.table != "storage" or one.column not in ("throughput_wh", "budget"):
            continue
        span, most = slice(one.first, one.end), draft.columns["storage", one.column]
        limit, energy = float(most[one.row, one.end - 1]), columns.discharge[one.row, span]
        weight = np.ones(one.end - one.first)
        if one.column == "budget":
            price = draft.columns["storage", "budget_price"][one.row, span]
            dearest = max(float(price.max()), 1.0)
            weight, limit = price / dearest, limit * NANO / dearest
            energy = columns.charge[one.row, span]
        row = programme.rows(-np.inf, np.array([limit]))
        programme.entries(row, energy, weight)
        programme.entries(row, elastic.columns(1), -1.0)


def holds(missed: Missed) -> bool:
    """Tell whether so little is missed that it counts as nothing."""
    return not missed.why and missed.total_wh <= TOUCH_WH
