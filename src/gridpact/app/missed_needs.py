"""What the plans in force missed of what owners need, over the settled days of a run."""

from __future__ import annotations

from gridpact.app.record import Record
from gridpact.app.schedules.posing import plans_of
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleRevised, ScheduleSolved
from gridpact.scheduling.problem import Conflict

_OWNERS = ("need", "run", "sum")
"""Kinds of what is missed that are no limits of zones."""


def missed_needs(record: Record, community: Community, ends: int) -> dict[str, int]:
    """Energy [Wh] that plans miss before ``ends`` [s since the epoch], by need, else by asset.

    Of each plan it counts what is missed from an instant on at which no later plan is in force.
    """
    plans, found = plans_of(record), dict[str, int]()
    for place, plan in enumerate(plans):
        for one in plan.plan.conflicts:
            at = plan.horizon.start + one.first_slot * plan.horizon.step
            counts = one.kind in _OWNERS and at < ends and _covers(plan, at)
            if counts and not any(_covers(later, at) for later in plans[place + 1 :]):
                name = _name(community, one)
                found[name] = found.get(name, 0) + one.missing_wh
    return {name: wh for name, wh in found.items() if wh > 0}


def _covers(plan: ScheduleSolved | ScheduleRevised, at: int) -> bool:
    return plan.window.start <= at < plan.window.end


def _name(community: Community, one: Conflict) -> str:
    """The need behind what is missed, the first where there are several; else the asset."""
    if one.needs:
        return one.needs[0]
    return community.storage.ids[one.row] if one.kind == "need" else "daily runs"
