"""Appliances' runs: a binary column for every start, or for every slot where they may pause."""

from __future__ import annotations

import numpy as np

from gridpact.base.units import Bools, Floats, Ints
from gridpact.scheduling.fleet.columns import Fleet, Runs, per_asset
from gridpact.scheduling.programme import Programme
from gridpact.scheduling.reference.draws import Draw, trailing


def add_runs(programme: Programme, fleet: Fleet, table: Runs) -> tuple[Draw, Draw]:
    """Add a table: its uninterruptible rows, then its interruptible ones."""
    apart = np.broadcast_to(np.asarray(table.interruptible, np.bool_), (len(table.zone),))
    at_once, pausing = np.flatnonzero(~apart), np.flatnonzero(apart)
    return _at_once(programme, fleet, table, at_once), _pausing(programme, fleet, table, pausing)


def _column(table: Runs, name: str, rows: Ints) -> Ints:
    values = np.asarray(getattr(table, name), np.int64)
    return np.asarray(np.broadcast_to(values, (len(table.zone),))[rows])


def _counted(counts: Ints) -> tuple[Ints, Ints]:
    """Owner of each of ``counts`` items, and its number among the owner's."""
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)


def _at_once(programme: Programme, fleet: Fleet, table: Runs, rows: Ints) -> Draw:
    first, end, length, times, pause = (
        _column(table, name, rows) for name in ("first", "end", "length", "times", "pause")
    )
    value = per_asset(table.value, len(table.zone))[rows]
    run, number = _counted(end - first - length + 1)
    begin = first[run] + number
    worth = np.where(np.isfinite(value), value, 0.0) * 1e-6
    start = programme.columns(0.0, np.ones(len(run)), -worth[run], whole=True)
    total = programme.rows(np.where(np.isfinite(value), 0, times), times)
    programme.entries(total[run], start)
    several = times[run] > 1
    _one_at_a_time(programme, fleet.slots, (run, begin, start), several, length + pause)
    taken, step = _counted(length[run])
    power = np.asarray(table.power_w, np.float64)[rows[run[taken]], step]
    slot = begin[taken] + step
    return Draw("runs", rows[run[taken]], slot, start[taken], power * (fleet.hours / 1000))


def _one_at_a_time(
    programme: Programme, slots: int, starts: tuple[Ints, Ints, Ints], several: Bools, busy: Ints
) -> None:
    """In every slot, at most one of a run's starts is under way or followed by its pause."""
    run, begin, start = (part[several] for part in starts)
    owner, lag = _counted(np.minimum(busy[run], slots - begin))
    key, row = np.unique(run[owner] * slots + begin[owner] + lag, return_inverse=True)
    most = programme.rows(np.full(len(key), -np.inf), 1.0)
    programme.entries(most[row], start[owner])


def _pausing(programme: Programme, fleet: Fleet, table: Runs, rows: Ints) -> Draw:
    slots = fleet.slots
    first, end, length = (_column(table, name, rows) for name in ("first", "end", "length"))
    slot = np.arange(slots)
    inside = ((slot >= first[:, None]) & (slot < end[:, None])).astype(np.float64)
    on = programme.columns(0.0, inside, whole=True)
    value = per_asset(table.value, len(table.zone))[rows]
    must = ~np.isfinite(value)
    place = programme.columns(must, 1.0, np.where(must, 0.0, -value) * 1e-6, whole=True)
    total = programme.rows(np.zeros(len(rows)), 0.0)
    programme.entries(total[:, None], on)
    programme.entries(total, place, -length)
    _stretches(programme, table, rows, (on, inside))
    power = np.asarray(table.power_w, np.float64)[rows, 0] * (fleet.hours / 1000)
    own, at = np.nonzero(inside)
    return Draw("runs", rows[own], at, on[own, at], power[own])


def _stretches(programme: Programme, table: Runs, rows: Ints, columns: tuple[Ints, Floats]) -> None:
    """Least lengths of stretches and of pauses between them, and how many there may be."""
    names = ("min_on", "min_off", "most_starts", "end")
    least, pause, most, end = (_column(table, name, rows) for name in names)
    counted = np.flatnonzero((least > 1) | (pause > 1) | (most > 0))
    least, pause, most, end = (part[counted] for part in (least, pause, most, end))
    on, inside = columns[0][counted], columns[1][counted]
    slots = on.shape[1]
    fits = inside * (np.arange(slots) + least[:, None] <= end[:, None])
    start = programme.columns(0.0, fits, whole=True)
    row = programme.rows(np.full(on.shape, -np.inf), 0.0)  # on now, off before: a start
    programme.entries(row, on)
    programme.entries(row, start, -1.0)
    programme.entries(row[:, 1:], on[:, :-1], -1.0)
    row = programme.rows(np.full(on.shape, -np.inf), 0.0)  # started lately: still on
    own, at, earlier = trailing(least, slots)
    programme.entries(row[own, at], start[own, earlier])
    programme.entries(row, on, -1.0)
    row = programme.rows(np.full(on.shape, -np.inf), 1.0)  # on: no start until the pause is over
    own, at, earlier = trailing(pause + 1, slots)
    later = at > earlier
    programme.entries(row[own[later], earlier[later]], start[own[later], at[later]])
    programme.entries(row, on)
    limited = np.flatnonzero(most > 0)
    row = programme.rows(np.full(len(limited), -np.inf), most[limited])
    programme.entries(row[:, None], start[limited])
