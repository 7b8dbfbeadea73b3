"""The scheduling problem of a session, as the loop posed it to its optimiser."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET
from msgspec.structs import replace

from gridpact.app.orders.instants import local
from gridpact.app.record import Record
from gridpact.base.errors import BadInput, Fault
from gridpact.kernel.messages import Message
from gridpact.registry.model import Community
from gridpact.scheduling.activation.lasting import lasting
from gridpact.scheduling.activation.model import Active
from gridpact.scheduling.contracted.deciding import planned
from gridpact.scheduling.handlers import Scheduling
from gridpact.scheduling.messages import PlanDue, PlanSkipped, ScheduleRevised, ScheduleSolved
from gridpact.scheduling.needs.book import Book
from gridpact.scheduling.operation.presence import met
from gridpact.scheduling.posing import Posed
from gridpact.scheduling.prepare import wanted_runs
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.state import State

SOME = 8
"""Plans that are offered where one is not found: the latest."""


class SessionProblem(NamedTuple):
    """A session's problem, the plan the loop made for it, and the names of its rows.

    ``whole`` also has what owners stated, and which bounds their needs put on the problem.
    """

    session: str
    community: Community
    problem: Problem
    recorded: Plan
    runs: tuple[str, ...]
    whole: Posed


class Gathered(NamedTuple):
    """What a session was planned from at ``at`` [s since the epoch], and the plan made of it.

    ``bare`` is the problem that no agreement binds, and no need that stands in the ``book``.
    ``active`` are the activations that it was planned around.
    """

    community: Community
    solved: ScheduleSolved | ScheduleRevised
    whole: Posed
    bare: Posed
    book: Book
    at: int
    active: tuple[Active, ...] = ()


def gathered(record: Record, session: str | None = None) -> Gathered:
    """Gather from a record what a session was planned from; None is the first that was planned.

    A schedule made between sessions is gathered with who was seen to be there, but without what it
    kept free for storage that does not follow or was not heard of. Raises BadInput where the
    record holds no plan of that session.
    """
    solved, at = _solved(record, session), 0
    community = record.opening().community
    scheduling = Scheduling(community)
    room = scheduling.room()
    state = room.state
    for kept in sorted(
        (each for kind in room.handlers for each in record.kept(kind)), key=lambda each: each.seq
    ):
        if kept.message is solved:
            at = kept.time
            break
        state, _ = room.handlers[type(kept.message)](state, kept.message, kept.time)
    if isinstance(solved, ScheduleRevised) and state.operation is not None:
        seen = met(state.needs[solved.name], state.operation, community)
        state = replace(state, needs={**state.needs, solved.name: seen})
    state = with_choices(community, state, solved, at)
    due = PlanDue(session=name_of(solved), window=solved.window, horizon=solved.horizon)
    whole = scheduling.posed(state, due)
    bare = scheduling.posed(replace(state, book=None, contracts=None), due)
    assert not isinstance(whole, str)  # noqa: S101 - it was solved, so nothing was missing
    assert not isinstance(bare, str)  # noqa: S101
    active = lasting(state, solved.horizon)
    return Gathered(community, solved, whole, bare, state.book or Book(), at, active)


def with_choices(community: Community, state: State, solved: Message, at: int) -> State:
    """Return the state that a plan was solved in: what it chose of open choices is then made."""
    if not isinstance(solved, ScheduleSolved | ScheduleRevised) or solved.choices is UNSET:
        return state
    members = {name: row for row, name in enumerate(community.members.ids)}
    return planned(state, solved.choices or (), members, at)


def posed(record: Record, session: str | None = None) -> SessionProblem:
    """Pose a session's problem again from a record; None is the first that was planned.

    Raises BadInput where the record holds no plan of that session.
    """
    return problem_of(gathered(record, session))


def problem_of(was: Gathered) -> SessionProblem:
    """Return the problem of a session with the names of its rows."""
    rows = wanted_runs(was.whole.needs).tolist()
    names = tuple(was.community.runs.ids[row] for row in rows)
    name, plan = name_of(was.solved), was.solved.plan
    return SessionProblem(name, was.community, was.whole.problem, plan, names, was.whole)


def latest_missing(record: Record) -> str | None:
    """Name the latest plan that misses anything; the latest of all where none does.

    None where there is no plan yet.
    """
    plans = plans_of(record)
    missing = [one for one in plans if one.plan.conflicts]
    return name_of((missing or plans)[-1]) if plans else None


def latest(record: Record) -> str | None:
    """Name the latest plan; None where there is none yet."""
    plans = plans_of(record)
    return name_of(plans[-1]) if plans else None


def _solved(record: Record, session: str | None) -> ScheduleSolved | ScheduleRevised:
    """Find a plan by its name, or the last that was made of those in force from an instant on."""
    plans = {name_of(each): each for each in plans_of(record)}
    if session is None and plans:
        return next(iter(plans.values()))
    if session in plans:
        return plans[session]
    timezone = record.opening().community.timezone
    begun = {local(each.window.start, timezone): each for each in plans.values()}
    if session is not None and session.strip() in begun:
        return begun[session.strip()]
    skipped = {each.session: each.reason for each in record.all(PlanSkipped)}
    problem = f"no schedule was made for {str(session)[:80]!r}"
    if session in skipped:
        problem += f": there were {skipped[session]}"
    some = ", ".join([*list(plans)[-SOME:], *(["…"] if len(plans) > SOME else [])])
    fix = f"name a session with a plan: {some}" if plans else "let the run come to its first plan"
    raise BadInput([Fault("arguments", 0, "--session", problem, fix)])


def plans_of(record: Record) -> list[ScheduleSolved | ScheduleRevised]:
    """Return every plan of a record, in the order in which they were made."""
    kept = [*record.kept(ScheduleSolved), *record.kept(ScheduleRevised)]
    messages = [each.message for each in sorted(kept, key=lambda each: each.seq)]
    return [one for one in messages if isinstance(one, ScheduleSolved | ScheduleRevised)]


def name_of(plan: ScheduleSolved | ScheduleRevised) -> str:
    """Name of the session that a plan was made for, or its own where it was made between them."""
    return plan.session if isinstance(plan, ScheduleSolved) else plan.name
