"""The one run that an appliance has a day, as a need of its owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.base.slots import Slots
from gridpact.scheduling.messages import NeedsStated
from gridpact.scheduling.needs.clock import local_date, moment_at, stretch_on, stretches
from gridpact.scheduling.needs.model import Assets, Need, Run
from gridpact.scheduling.needs.times import DAY_S, Window
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.standing.appliances import Ground, allowed, stretches_of
from gridpact.scheduling.standing.places import Places, inside

OWNER = "owner/"
"""Begins the names of needs that owners state of an asset without a sentence."""


class DailyRuns(NamedTuple):
    """Needs for a run each, and rows of appliances whose hours no window says."""

    needs: tuple[Run, ...]
    unsaid: tuple[int, ...]


def daily_runs(places: Places, stated: NeedsStated, standing: Sequence[Need]) -> DailyRuns:
    """Ask for the run of each appliance that is to run, within its usual hours.

    A need that stands for that day narrows them, and gives the need its name and what it may cost.
    Of the rooms that quiet hours leave, the run keeps to the longest, as in the day's plan.
    """
    runs = [one for one in standing if isinstance(one, Run)]
    asked = {row: need for need in runs for row in _rows(places, need)}
    found, unsaid = list[Run](), list[int]()
    for row in wanted_runs(stated).tolist():
        lasts = _length(places, row, stated.window)
        usual = _Hours(int(stated.run_earliest[row]), int(stated.run_latest[row]) + lasts)
        need = asked.get(row)
        narrow = None if need is None else _hours_of(need, stated.window, places)
        hours = usual if narrow is None else usual.within(narrow)
        closing = [one for one in standing if row in _rows(places, one)]
        hours = _one_room(hours, lasts, closing, Ground(stated.window, places))
        window = _window(hours, stated.window, places.timezone)
        if window is None:
            unsaid.append(row)
        else:
            run = _run(places, row, window, lasts * stated.window.step)
            found.append(run if need is None or narrow is None else _named(run, need, places))
    return DailyRuns(tuple(found), tuple(unsaid))


class _Hours(NamedTuple):
    """Slots ``first ≤ slot < end`` of a horizon."""

    first: int
    end: int

    def within(self, other: _Hours) -> _Hours:
        """What both have; the other where they have nothing."""
        both = _Hours(max(self.first, other.first), min(self.end, other.end))
        return both if both.first < both.end else other


def _length(places: Places, row: int, horizon: Slots) -> int:
    """Slots that a run lasts."""
    return -(-int(places.community.runs.duration_s[row]) // horizon.step)


def _one_room(hours: _Hours, lasts: int, closing: Sequence[Need], ground: Ground) -> _Hours:
    """The longest of several rooms in which a run fits; all of the hours where there is one."""
    free = np.zeros(ground.horizon.count, np.bool_)
    free[hours.first : hours.end] = True
    for need in closing:
        free &= allowed(need, ground)
    rooms = [_Hours(*room) for room in stretches_of(free) if room[1] - room[0] >= lasts]
    return max(rooms, key=lambda room: room.end - room.first) if len(rooms) > 1 else hours


def _rows(places: Places, need: Need) -> list[int]:
    """Rows of the appliances of a need."""
    return [places.runs[one.id] for one in places.assets(need) if one.id in places.runs]


def _hours_of(need: Run, horizon: Slots, places: Places) -> _Hours | None:
    """Slots of the horizon's first day that a need leaves; None where it says nothing of it."""
    day = local_date(horizon.start, places.timezone)
    for one in stretches(need.window, horizon.start, horizon.end, places.timezone):
        if one.day == day:
            first, end = inside(horizon, one.begin, one.end)
            return _Hours(first, end) if first < end else None
    return None


def _window(hours: _Hours, horizon: Slots, timezone: str) -> Window | None:
    """The window that says these slots; None where clocks are changed, so that none does."""
    begin, end = (horizon.start + slot * horizon.step for slot in hours)
    first, last = moment_at(begin, timezone), moment_at(end, timezone)
    whole = first.time_s == last.time_s == 0
    window = Window(first.time_s, DAY_S if whole else last.time_s, first.date, first.date)
    said = stretch_on(window, local_date(begin, timezone), timezone)
    return window if (said.begin, said.end) == (begin, end) else None


def _run(places: Places, row: int, window: Window, duration_s: int) -> Run:
    community, name = places.community, places.community.runs.ids[row]
    return Run(
        id=OWNER + name,
        owner=community.members.ids[int(community.runs.member[row])],
        subject=Assets((name,)),
        window=window,
        duration_s=duration_s,
    )


def _named(run: Run, need: Run, places: Places) -> Run:
    """Call a run by the need behind it."""
    alone = len(_rows(places, need)) == 1
    name = need.id if alone else f"{need.id}/{run.id.removeprefix(OWNER)}"
    most = need.most_cost_nano
    return replace(run, id=name, level=need.level, note=need.note, most_cost_nano=most)
