"""Solve a session's problem with the fleet engine, and name what is in the answer."""

from __future__ import annotations

from gridpact.app.schedules.model import Names, Solved
from gridpact.app.schedules.posing import SessionProblem
from gridpact.scheduling.community.model import CommunityFleet
from gridpact.scheduling.community.solve import plan_of, scheduled
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.standing.missed import named


def solve_session(posed: SessionProblem, options: Options) -> Solved:
    """Solve a session's problem anew, in real numbers."""
    found, whole = scheduled(posed.problem, options), posed.whole
    return Solved(
        title=posed.community.name,
        session=posed.session,
        currency=posed.community.currency,
        timezone=posed.community.timezone,
        slots=posed.problem.slots,
        names=_names(posed, found.community),
        fleet=found.community.fleet,
        prices=found.community.prices,
        solution=found.solution,
        plan=named(plan_of(found), posed.problem, whole.needs, whole.bindings, whole.unbound),
    )


def _names(posed: SessionProblem, rows: CommunityFleet) -> Names:
    community = posed.community
    members = community.members.ids
    return Names(
        zones=(*community.zones.ids, *members),
        storage=tuple(community.storage.ids[row] for row in rows.storage.tolist()),
        runs=tuple(posed.runs[row] for row in rows.runs.tolist()),
        curtailable=tuple(f"{members[home]}-solar" for home in rows.solar.tolist()),
    )
