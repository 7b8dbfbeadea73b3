"""From when on a plan can know what is said now: when sessions and rolling operation make one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, time, timedelta

import msgspec

from gridpact.registry.model import Community
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.state import InForce


def next_plan(
    community: Community,
    plans: Sequence[InForce],
    day: date,
    since: int,
    cause: str = "need",
) -> int | None:
    """First slot of a local day from which a plan made after ``since`` is in force.

    Instants are seconds since the epoch. None where no more is made for that day. ``plans`` are in
    force; ``cause`` is the kind of event of which rolling operation hears at ``since``.
    """
    found = [begins for made, begins in _sessions(community, day) if made > since]
    found += _rolling(community, tuple(plans), day, (since, cause))
    return min(found, default=None)


def _sessions(community: Community, day: date) -> Iterator[tuple[int, int]]:
    """When each session's plan for a day is made, and from when on it is in force."""
    rules, calendar = community.market, community.calendar
    slots = calendar.day(day)
    before = calendar.at(day - timedelta(days=1), _clock(rules.day_ahead_gate_s))
    yield before - rules.opens_s, slots.start
    for seconds in rules.intraday_gates_s:
        gate = calendar.at(day, _clock(seconds))
        skipped = -(-(gate + rules.lead_s - slots.start) // slots.step)
        if 0 <= skipped < slots.count:
            yield gate - rules.opens_s, slots.start + skipped * slots.step


def _clock(seconds: int) -> time:
    return time(seconds // 3600, seconds % 3600 // 60, seconds % 60)


def _rolling(
    community: Community, plans: tuple[InForce, ...], day: date, heard: tuple[int, str]
) -> Iterator[int]:
    """Slots that rolling operation plans anew: the next after an event, and those of its timer."""
    rules, (since, cause) = community.operation, heard
    if isinstance(rules, msgspec.UnsetType):
        return
    step, slots = community.step_s, community.calendar.day(day)
    after = ((since + rules.solve_s) // step + 1) * step  # the first that nears after ``since``
    noted = cause in rules.replan_on and at(plans, since) is not None
    if noted and slots.start <= after < slots.end and at(plans, after) is not None:
        yield after
    if rules.replan_s:
        late = max(after - slots.start, 0)
        rings = slots.start + -(-late // rules.replan_s) * rules.replan_s
        if rings < slots.end and at(plans, rings) is not None:
            yield rings
