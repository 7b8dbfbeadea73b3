"""Put what was bound together: a fleet, what is asked of it by levels, and where it comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from gridpact.base.units import Floats
from gridpact.scheduling.fleet.additions import joined_runs, with_rows
from gridpact.scheduling.fleet.columns import TABLES, Fleet, Runs
from gridpact.scheduling.needs.binding.draft import Ask, Draft, Span
from gridpact.scheduling.needs.binding.firmness import part_asks
from gridpact.scheduling.needs.binding.model import Bound
from gridpact.scheduling.needs.binding.work import RunRow
from gridpact.scheduling.priorities.levels import Level
from gridpact.scheduling.priorities.needs import NOTHING, Needs, StorageNeed

WHOLE = ("leave", "min_up", "min_down")
"""Columns of whole numbers."""


def assembled(draft: Draft, runs: Sequence[RunRow]) -> Bound:
    """Make the fleet and its needs; what turns out not to be possible is refused."""
    fleet = replace(
        draft.site.fleet,
        portfolio=with_rows(draft.site.fleet.portfolio, [row for row, _ in draft.shared]),
        runs=_runs(draft.site.fleet, runs),
    )
    _note_runs(draft, runs)
    soft = part_asks(draft, _changed(draft, fleet))
    return Bound(
        fleet=_changed(draft, fleet),
        needs=_needs(draft, fleet, soft, runs),
        origins=tuple(draft.origins),
        later=tuple(sorted(draft.later)),
        refused=tuple(sorted(set(draft.faults))),
    )


def _changed(draft: Draft, fleet: Fleet) -> Fleet:
    """Put changed columns in place of those of a fleet."""
    tables = {}
    for name in ("zones", *TABLES):
        columns = {
            column: values.astype(np.int64) if column in WHOLE else values
            for (table, column), values in draft.columns.items()
            if table == name and column != "wish_wh"
        }
        if columns:
            tables[name] = replace(getattr(fleet, name), **columns)
    return replace(fleet, **tables)


def _needs(draft: Draft, fleet: Fleet, soft: dict[int, list[Ask]], runs: Sequence[RunRow]) -> Needs:
    base = draft.site.needs
    before = draft.site.fleet
    old_runs = 0 if before.runs is None else len(before.runs.zone)
    run_level = np.concatenate(
        [_spread(base.run_level, old_runs), [int(row.need.level) for row in runs]]
    )
    old_rows = 0 if before.portfolio is None else len(before.portfolio.first)
    row_level = np.concatenate(
        [_spread(base.row_level, old_rows), [int(level) for _, level in draft.shared]]
    )
    storage = tuple(
        one
        for level in (Level.NEEDS, Level.WISHES)
        if (one := _storage_need(fleet.slots, soft, level)) is not None
    )
    return Needs(
        wish_wh=draft.columns.get(("one_way", "wish_wh"), base.wish_wh),
        storage=(*base.storage, *storage),
        run_level=run_level.astype(np.int64),
        row_level=row_level.astype(np.int64),
    )


def _spread(level: object, count: int) -> Floats:
    return np.broadcast_to(np.asarray(level, np.float64), (count,))


def _storage_need(slots: int, soft: dict[int, list[Ask]], level: Level) -> StorageNeed | None:
    rows = sorted(row for row, asks in soft.items() if any(a.need.level is level for a in asks))
    if not rows:
        return None
    bounds = np.full((len(rows), slots), NOTHING)
    for place, row in enumerate(rows):
        for ask in soft[row]:
            if ask.need.level is level:
                bounds[place, ask.slot] = max(bounds[place, ask.slot], ask.energy_wh)
    return StorageNeed(np.array(rows, np.int64), bounds, level)


def _runs(fleet: Fleet, rows: Sequence[RunRow]) -> Runs | None:
    """Add rows to the runs."""
    before = fleet.runs
    if not rows:
        return before
    longest = max(row.length for row in rows)
    power = np.zeros((len(rows), longest))
    for place, row in enumerate(rows):
        power[place, : row.length] = row.power_w
    names = [name for name in Runs.__struct_fields__ if name != "power_w"]
    columns = {name: np.array([getattr(row, name) for row in rows]) for name in names}
    return joined_runs(before, Runs(power_w=power, **columns))


def _note_runs(draft: Draft, rows: Sequence[RunRow]) -> None:
    before = draft.site.fleet.runs
    first = 0 if before is None else len(before.zone)
    for place, row in enumerate(rows, first):
        firm = bool(np.isfinite(row.value))  # with a value it takes place or not, as it pays
        draft.note(row.need, ("runs", place), "first", Span(row.first, row.end), firm=firm)
