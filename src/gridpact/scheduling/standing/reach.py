"""What a need comes to that its words do not say: told with the answer.

Words for a place mean its owner's assets there; quiet hours may leave an appliance's run no room.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from gridpact.base.slots import Slots
from gridpact.scheduling.needs.clock import first_and_last, local_date, read_clock
from gridpact.scheduling.needs.model import Need, Quiet, Unavailable
from gridpact.scheduling.needs.ranks import gives_way
from gridpact.scheduling.needs.spelling import listed
from gridpact.scheduling.needs.times import DAY_S
from gridpact.scheduling.standing.appliances import Ground, start_of
from gridpact.scheduling.standing.places import Places, is_place

DAYS = 9
"""Weekdays repeat: days that are looked at, for one whose run has begun may be among them."""


def reach_notes(places: Places, need: Need, standing: Sequence[Need], now: int) -> Iterator[str]:
    """Say whose assets a need is about, and on which day it leaves a daily run no room."""
    if is_place(need.subject) and not places.directory.spans_all(need.owner):
        names = listed([one.id for one in places.assets(need)])
        yield f"it is about what {need.owner} has there: {names}"
    if isinstance(need, Quiet | Unavailable):
        yield from _without_room(places, need, standing, now)


def _without_room(
    places: Places, need: Quiet | Unavailable, standing: Sequence[Need], now: int
) -> Iterator[str]:
    others: list[Need] = [
        one
        for one in standing
        if isinstance(one, Quiet | Unavailable) and one.id != need.id and not gives_way(one)
    ]
    first = max(first_and_last(need.window)[0] or date.min, local_date(now, places.timezone))
    days = [first + timedelta(days=number) for number in range(DAYS)]
    for asset in places.assets(need):
        row = places.runs.get(asset.id)
        near = [one for one in others if asset in places.assets(one)]
        day = None if row is None else _crowded_day(places, row, (need, near), days, now)
        if day is not None and row is not None:
            lasts = int(places.community.runs.duration_s[row]) // 60
            then = "it runs all the same" if gives_way(need) else "it does not run then"
            yield f"it leaves {asset.id} no room for its run of {lasts} minutes on {day}: {then}"


def _crowded_day(
    places: Places, row: int, needs: tuple[Need, Sequence[Need]], days: Sequence[date], now: int
) -> date | None:
    """First day to come on which a need leaves a run no room that others leave it."""
    need, others = needs
    for day in days:
        ground, usual = _usual(places, row, day)
        if ground.horizon.start + usual[0] * ground.horizon.step < now:
            continue
        before, after = (start_of(row, usual, some, ground) for some in (others, [*others, need]))
        if before.earliest <= before.latest and after.earliest > after.latest:
            return day
    return None


def _usual(places: Places, row: int, day: date) -> tuple[Ground, tuple[int, int]]:
    """A local day and the next one, and the first and last slot in which a run may start."""
    runs, step = places.community.runs, places.step_s
    midnight = places.community.calendar.midnight(day)
    begin = read_clock(day, int(runs.earliest_s[row]), places.timezone).first
    end = read_clock(day, int(runs.latest_s[row]), places.timezone).second
    lasts = -(-int(runs.duration_s[row]) // step)
    usual = -(-(begin - midnight) // step), (end - midnight) // step - lasts
    return Ground(Slots(midnight, step, 2 * DAY_S // step), places), usual
