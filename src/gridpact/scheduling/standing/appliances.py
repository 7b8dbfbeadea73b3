"""What people ask of an appliance's one run a day: when it is accepted, and when it then runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.scheduling.needs.binding.costs import together
from gridpact.scheduling.needs.clock import clock_text, local_date, stretches
from gridpact.scheduling.needs.directory import Asset
from gridpact.scheduling.needs.model import Action, Intervention, Need, Quiet, Run, Unavailable
from gridpact.scheduling.needs.overlaps import days_to_look_at, spans
from gridpact.scheduling.needs.ranks import Rank, rank
from gridpact.scheduling.needs.times import DAY_S, Finding
from gridpact.scheduling.standing.places import Places, inside, touched


class Ground(NamedTuple):
    """The horizon of a plan, the community that it is for, and buying prices [slots] µ¤/kWh.

    Without prices, what a run may cost is not looked at.
    """

    horizon: Slots
    places: Places
    price: Ints | None = None


class Start(NamedTuple):
    """First and last position at which a run may start, and the needs that moved them."""

    earliest: int
    latest: int
    needs: tuple[str, ...]


def run_findings(
    need: Run, assets: Sequence[Asset], standing: Sequence[Need], places: Places, now: int
) -> Iterator[Finding]:
    """Say why the day's plan cannot be held to a run."""
    if need.interruptible or need.times != 1:
        problem = "in the day's plan an appliance runs once a day without a break"
        yield "times", problem, "ask for one run, uninterrupted"
    if need.window.end_s <= need.window.begin_s:
        problem = "the run of a day ends by midnight"
        yield "window", problem, "give a window within one day"
        return
    for asset in assets:
        if asset.id in places.runs:
            yield from _programme(need, places, places.runs[asset.id])
            yield from _another(need, asset, standing, places, now)


def _programme(need: Run, places: Places, row: int) -> Iterator[Finding]:
    """Compare with the run that an appliance has, and the time of day in which it may lie."""
    runs = places.community.runs
    name, own_s = runs.ids[row], int(runs.duration_s[row])
    if -(-need.duration_s // places.step_s) != -(-own_s // places.step_s):
        problem = f"a run of {name} lasts {own_s // 60} min, not {need.duration_s // 60} min"
        yield "duration_s", problem, f"ask for {own_s // 60} min"
    first = max(need.window.begin_s, int(runs.earliest_s[row]))
    last = min(need.window.end_s, int(runs.latest_s[row]))
    lasts = -(-own_s // places.step_s) * places.step_s
    room = last // places.step_s + -first // places.step_s  # whole slots between the two
    if room * places.step_s < lasts:
        usual = f"{clock_text(int(runs.earliest_s[row]))}-{clock_text(int(runs.latest_s[row]))}"
        problem = f"leaves {name} no room in its usual hours, {usual}"
        yield "window", problem, f"give {lasts // 60} minutes or more of them"


def _another(
    need: Run, asset: Asset, standing: Sequence[Need], places: Places, now: int
) -> Iterator[Finding]:
    """Refuse a second run of an appliance on one day, unless one of the two gives way."""
    for other in same_day_runs(need, asset, standing, places, now):
        if rank(other) is rank(need):
            told = f"the wish {other.id}" if rank(other) is Rank.WISH else other.id
            problem = f"{told} asks for the one run that {asset.id} has a day"
            yield "window", problem, f"remove {other.id}, or give other days"


def same_day_runs(
    need: Run, asset: Asset, standing: Sequence[Need], places: Places, now: int
) -> Iterator[Run]:
    """Yield other needs for a run of an appliance on a day on which this one asks for it."""
    for other in standing:
        if other != need and isinstance(other, Run) and asset in places.assets(other):
            days = days_to_look_at([need, other], local_date(now, places.timezone))
            begun = {begin // DAY_S for begin, _ in spans(need.window, days)}
            if begun & {begin // DAY_S for begin, _ in spans(other.window, days)}:
                yield other


def start_of(row: int, usual: tuple[int, int], needs: Sequence[Need], ground: Ground) -> Start:
    """Move the first and last start of an appliance as needs about it ask.

    Of the stretches that quiet hours leave it the run keeps to the longest, the first of equals.
    Where there is no room left, the last start lies before the first.
    """
    earliest, latest = usual
    length = -(-int(ground.places.community.runs.duration_s[row]) // ground.horizon.step)
    free = np.zeros(ground.horizon.count, np.bool_)
    free[earliest : latest + length] = True
    moved = []
    for need in needs:
        left = free & allowed(need, ground)
        if (left != free).any():
            moved.append(need.id)
        free = left
    first, end = _longest(free)
    for need in needs:
        room = first, end
        first, end = _affordable(need, row, room, ground) if end - first >= length else room
        if (first, end) != room:
            moved.append(need.id)
    if end - first < length:
        return Start(earliest, earliest - 1, tuple(dict.fromkeys(moved)))
    return Start(first, end - length, tuple(dict.fromkeys(moved)))


def _affordable(need: Need, row: int, room: tuple[int, int], ground: Ground) -> tuple[int, int]:
    """Cut a room to the slots around the cheapest start in which no start costs too much.

    Empty where every start does; on another day than the need is about, the room stays.
    """
    if not isinstance(need, Run) or need.most_cost_nano is None or ground.price is None:
        return room
    horizon, runs = ground.horizon, ground.places.community.runs
    day = ground.places.community.calendar.date_of(horizon.start)
    found = stretches(need.window, horizon.start, horizon.end, ground.places.timezone)
    if all(one.day != day for one in found):
        return room
    energy_wh = int(runs.power_w[row]) * horizon.step / 3600
    length = -(-int(runs.duration_s[row]) // horizon.step)
    cost = np.multiply(ground.price[slice(*room)], energy_wh, dtype=np.float64)
    kept = together(cost, length, need.most_cost_nano)
    return (room[0], room[0]) if kept is None else (room[0] + kept[0], room[0] + kept[1])


def allowed(need: Need, ground: Ground) -> Bools:
    """Slots in which a need lets an appliance run."""
    horizon, places = ground.horizon, ground.places
    allowed = np.ones(horizon.count, np.bool_)
    match need:
        case Run():
            day = places.community.calendar.date_of(horizon.start)
            found = stretches(need.window, horizon.start, horizon.end, places.timezone)
            for one in (one for one in found if one.day == day):
                first, end = inside(horizon, one.begin, one.end)
                allowed[:first], allowed[end:] = False, False
        case Quiet() | Unavailable():
            for first, end in places.touched(need.window, horizon):
                allowed[first:end] = False
        case Intervention(action=Action.STOP | Action.OFF):
            first, end = touched(horizon, need.begin, need.end)
            allowed[first:end] = False
    return allowed


def _longest(free: Bools) -> tuple[int, int]:
    """Longest stretch of free slots, the first of equals; empty where there is none."""
    first, end = max(stretches_of(free), key=lambda room: room[1] - room[0], default=(0, 0))
    return first, end


def stretches_of(free: Bools) -> list[tuple[int, int]]:
    """Stretches (first, end) of free slots, in order."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(np.int64), [0]])))
    return [(first, end) for first, end in edges.reshape(-1, 2).tolist()]
