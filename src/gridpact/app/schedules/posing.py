"""The scheduling problem of a session, as the loop posed it to its optimiser."""

from __future__ import annotations

from typing import NamedTuple

from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.registry.model import Community
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import PlanDue, PlanSkipped, ScheduleSolved
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.problem import Plan, Problem


class SessionProblem(NamedTuple):
    """A session's problem, the plan the loop made for it, and the names of its rows."""

    session: str
    community: Community
    problem: Problem
    recorded: Plan
    runs: tuple[str, ...]


def posed(record: Record, session: str | None = None) -> SessionProblem:
    """Pose a session's problem again from a record; None is the first that was planned.

    Raises BadInput where the record holds no plan of that session.
    """
    solved = _solved(record, session)
    community = record.opening().community
    scheduling = Scheduling(community)
    room = scheduling.room()
    state = room.state
    for kept in sorted(
        (each for kind in room.handlers for each in record.kept(kind)), key=lambda each: each.seq
    ):
        if kept.message is solved:
            break
        state, _ = room.handlers[type(kept.message)](state, kept.message, kept.time)
    due = PlanDue(session=solved.session, window=solved.window, horizon=solved.horizon)
    found = scheduling.posed(state, due)
    assert not isinstance(found, str)  # noqa: S101 - it was solved, so nothing was missing
    names = tuple(community.runs.ids[row] for row in wanted_runs(found.needs).tolist())
    return SessionProblem(solved.session, community, found.problem, solved.plan, names)


def _solved(record: Record, session: str | None) -> ScheduleSolved:
    plans = {each.session: each for each in record.all(ScheduleSolved)}
    if session is None and plans:
        return next(iter(plans.values()))
    if session in plans:
        return plans[session]
    skipped = {each.session: each.reason for each in record.all(PlanSkipped)}
    problem = f"no schedule was made for {str(session)[:80]!r}"
    if session in skipped:
        problem += f": there were {skipped[session]}"
    some = ", ".join(list(plans)[:8])
    fix = f"name a session with a plan: {some}" if plans else "let the run come to its first plan"
    raise BadInput([Fault("arguments", 0, "--session", problem, fix)])
