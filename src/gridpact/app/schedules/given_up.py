"""What a plan gives up of all that is asked, in terms of needs and limits, read off the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from gridpact.app.schedules.posing import Gathered, problem_of
from gridpact.app.schedules.view import missed_views
from gridpact.base.units import Ints
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.contracted.naming import whole_name
from gridpact.scheduling.explanation.model import Explanation, Joint, Part
from gridpact.scheduling.needs.clock import instants
from gridpact.scheduling.needs.model import Direction, Group, Need, PowerCap, Run, StateOfCharge
from gridpact.scheduling.problem import Problem
from gridpact.scheduling.standing.missed import amounts_missed, zone_net
from gridpact.scheduling.standing.places import Places

UNSAID = ("owner/", "limit/")
"""How needs are named that nobody has stated in a sentence."""
_ALL_OF_IT = ("sum", "run", "wished-sum", "wished-run", "soft")
"""Kinds of what is missed that say how much by themselves."""


def given_up(was: Gathered, needs: tuple[Need, ...], why: Explanation) -> Joint | None:
    """What the plan of a session misses of each need, and what it keeps of what clashes.

    ``needs`` are all that is asked in the session, ``why`` explains what clashes of them. None
    where the plan misses nothing of them.
    """
    amounts = dict[str, _Amount]()
    for name, amount in (*_stated(was), *_unsaid(was, needs)):
        before = amounts.get(name, _Amount(0, 0))
        amounts[name] = _Amount(before.wh + amount.wh, before.nano + amount.nano)
    asked = {whole_name(need.id): need for need in needs}
    parts = [
        Part(one.level, name, float(amounts[name].wh), amounts[name].nano, one.owner)
        for name, one in asked.items()
        if name in amounts
    ]
    if not parts:
        return None
    clashing = {
        whole_name(need.id): need
        for conflict in why.conflicts
        for member in conflict.members
        for need in member.needs
    }
    kept = [replace(need, id=name) for name, need in clashing.items() if name not in amounts]
    return Joint(
        parts=tuple(sorted(parts)),
        least_wh=(),
        cost_nano=None,
        fits=True,
        kept=tuple(sorted(kept, key=lambda need: (need.level, need.id))),
        by_plan=True,
    )


class _Amount(NamedTuple):
    """What is missed: energy [Wh], or money [nano-¤] of what may not cost more."""

    wh: int
    nano: int


def _stated(was: Gathered) -> Iterator[tuple[str, _Amount]]:
    """What is missed of needs that stand, by name."""
    found = problem_of(was)
    bound = amounts_missed(was.solved.plan, was.whole.problem, was.whole.bindings)
    for one in missed_views(found):
        for name in one.needs if one.kind in _ALL_OF_IT else ():
            yield name, _Amount(one.missing_wh, one.missing_nano)
    yield from ((name, _Amount(wh, 0)) for name, wh in bound.items())


def _unsaid(was: Gathered, needs: tuple[Need, ...]) -> Iterator[tuple[str, _Amount]]:
    """What is missed of limits of the scenario, departures of cars and daily runs."""
    unrun = {one.name: one for one in missed_views(problem_of(was)) if one.kind == "run"}
    places, problem = Places(was.community), was.bare.problem
    for need in needs:
        if not need.id.startswith(UNSAID):
            continue
        missing = 0
        match need:
            case StateOfCharge():
                missing = _below(was, places, need)
            case PowerCap(subject=Group(names=(zone,))):
                missing = _above(problem, was.solved.plan.net_wh, places, zone, need.direction)
            case Run():
                names = [asset.id for asset in places.assets(need)]
                missing = sum(unrun[name].missing_wh for name in names if name in unrun)
        if missing > 0:
            yield need.id, _Amount(missing, 0)


def _below(was: Gathered, places: Places, need: StateOfCharge) -> int:
    """Most that a departure lacks [Wh]."""
    storage, slots = was.bare.problem.storage, was.bare.problem.slots
    (name,) = (asset.id for asset in places.assets(need))
    row = was.community.storage.ids.index(name)
    at = [
        (instant - slots.start) // slots.step - 1
        for instant, _ in instants(need.at, slots.start, slots.end, places.timezone)
    ]
    short = storage.lo_wh[row, at] - was.solved.plan.state_wh[row, at]
    most = int(short.max(initial=0))
    return most if most > state_tolerance(storage)[row] else 0


def _above(problem: Problem, net_wh: Ints, places: Places, zone: str, way: Direction) -> int:
    """What a zone carries beyond what the grid bears, all slots together [Wh]."""
    row = places.community.zones.ids.index(zone)
    takes = way is Direction.TAKE
    borne = problem.zones.borne()[0 if takes else 1][row]
    net = zone_net(problem.zones, net_wh)[row] * (1 if takes else -1)
    return int(np.where(borne >= 0, net - borne, 0).clip(min=0).sum())
