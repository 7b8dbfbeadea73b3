"""Make another schedule, and decide whether it is put in force or the present one kept.

Another schedule is kept out where it

- could not be made, for lack of prices or because the solver found none;
- came later than it may, as a clock that is handed in says; then it is tried again;
- was stopped before it was proven and may cost much more than the cheapest, unless the one in
  force misses more;
- would miss more than the one in force in the slots until the day ends.

Everything else is put in force, also where it misses something: it then misses no more than the
one before would have.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from gridpact.base.errors import GridpactError
from gridpact.base.units import Ints
from gridpact.registry.model import Community, OperationRules
from gridpact.scheduling.activation.around import kept_free, solve_around
from gridpact.scheduling.community.solve import GAP
from gridpact.scheduling.conflicts import state_tolerance
from gridpact.scheduling.contracted.deciding import Choices, Chooser
from gridpact.scheduling.diaries.exactness import exact_until
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.messages import (
    Misses,
    ReplanDue,
    ScheduleKept,
    ScheduleRevised,
)
from gridpact.scheduling.operation.apart import put_back, set_apart
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.operation.judging import misses, told_before, told_by, worse
from gridpact.scheduling.operation.margins import as_asked, margin_wh, widened
from gridpact.scheduling.operation.model import Operation
from gridpact.scheduling.operation.presence import met
from gridpact.scheduling.posing import Posed, Posing
from gridpact.scheduling.prepare import full_plan, wanted_runs
from gridpact.scheduling.problem import Plan, Problem
from gridpact.scheduling.standing.missed import named
from gridpact.scheduling.state import State

ASKED_TO_END = 0.8
"""Share of its time after which a solve is asked to end with what it has."""
WIDE = 0.05
"""A schedule that was stopped may cost so much more than the cheapest [share] and still be used."""


class Limit:
    """How long a solve has taken, by a clock [s] that may be missing."""

    def __init__(self, seconds: Callable[[], float] | None, most_s: int) -> None:
        self._seconds, self._most = seconds, most_s
        self._begun = seconds() if seconds else 0.0

    def _spent(self) -> float:
        return self._seconds() - self._begun if self._seconds else 0.0

    def nearly_up(self) -> bool:
        """Whether a solve is to end with what it has."""
        return self._spent() > ASKED_TO_END * self._most

    def up(self) -> bool:
        """Whether an answer comes too late."""
        return self._spent() > self._most


def replanned(
    posing: Posing,
    state: State,
    message: ReplanDue,
    rules: OperationRules,
    seconds: Callable[[], float] | None,
) -> ScheduleRevised | ScheduleKept:
    """Make another schedule for the window, or say why the one in force is kept."""
    operation, limit = state.operation, Limit(seconds, rules.solve_s)
    assert operation is not None  # noqa: S101 - the room begins with one
    state = _seen(state, message.name, operation, posing.community)
    state, choices = _with_choices(posing, state, message, rules, limit)
    posed = posing.posed(state, message.name, message.window, message.horizon)
    if isinstance(posed, str):
        return _kept(message, f"there were {posed}")
    problem = _guarded(posing, state, message, rules, posed)
    try:
        options = Options(gap=GAP, cancelled=limit.nearly_up)
        plan = solve_around(problem, posed.held, options)
    except (GridpactError, RuntimeError) as error:
        return _kept(message, f"no schedule could be made: {error}")
    if limit.up():
        return _kept(message, f"the solve took longer than {rules.solve_s} s", again=True)
    judged = _without_margins(problem, posed)
    new = misses(judged, told_by(plan, message.window.count), _capacity(posing))
    old = _instead(posing, state, message, posed, judged)
    if reason := _against(plan, new, old, int(state_tolerance(problem.storage).sum())):
        return _kept(message, reason)
    apart = np.flatnonzero(operation.untrusted)
    plan = full_plan(_named(plan, problem, posed, apart), posed.needs, _runs(posing))
    return ScheduleRevised(
        name=message.name,
        causes=message.causes,
        window=message.window,
        horizon=message.horizon,
        plan=plan,
        missed=new,
        instead=old,
        exact_until=exact_until(posing.community, posed, plan),
        choices=choices,
    )


def _seen(state: State, name: str, operation: Operation, community: Community) -> State:
    """Hold the needs gathered under a name to who was seen to be there."""
    needs = state.needs.get(name)
    if needs is None:
        return state
    seen = met(needs, operation, community)
    return msgspec.structs.replace(state, needs={**state.needs, name: seen})


def _with_choices(
    posing: Posing, state: State, message: ReplanDue, rules: OperationRules, limit: Limit
) -> tuple[State, Choices]:
    """Make the choices that members leave to plans."""

    def free(state: State) -> Problem | None:
        posed = posing.posed(state, message.name, message.window, message.horizon)
        if isinstance(posed, str):
            return None
        return kept_free(_guarded(posing, state, message, rules, posed), posed.held)

    due = (message.window, message.horizon, message.window.start - rules.solve_s)
    return Chooser(posing.community)(state, due, free, limit.nearly_up)


def _guarded(
    posing: Posing, state: State, message: ReplanDue, rules: OperationRules, posed: Posed
) -> Problem:
    """Widen margins of what is not heard of, and set apart what may not do as told."""
    operation = state.operation
    assert operation is not None  # noqa: S101 - the room begins with one
    margin = margin_wh(posing.community, operation, rules, message.horizon.start)
    storage = widened(posed.problem.storage, margin)
    problem = msgspec.structs.replace(posed.problem, storage=storage)
    return set_apart(problem, np.flatnonzero(operation.untrusted), state.needs[message.name])


def _without_margins(problem: Problem, posed: Posed) -> Problem:
    """Return a guarded problem with the bounds of storage that were asked for."""
    storage = msgspec.structs.replace(posed.problem.storage, home=problem.storage.home)
    return msgspec.structs.replace(problem, storage=storage)


def _named(plan: Plan, problem: Problem, posed: Posed, apart: Ints) -> Plan:
    """Put storage set apart back, and say what a plan misses, and of which needs."""
    plan = as_asked(plan, posed.problem.storage)
    plan = named(plan, problem, posed.needs, posed.bindings, posed.unbound)
    return put_back(plan, posed.problem, apart)


def _instead(
    posing: Posing, state: State, message: ReplanDue, posed: Posed, problem: Problem
) -> Misses:
    """Return what the schedule in force would miss."""
    item = at(state.plans, message.window.start)
    assert item is not None  # noqa: S101 - without one no other is asked for
    told = told_before(item, message.window, problem, wanted_runs(posed.needs))
    return misses(problem, told, _capacity(posing))


def _against(plan: Plan, new: Misses, old: Misses, rounding_wh: int) -> str:
    """Say why a schedule is not put in force, "" where it is."""
    if worse(new, old, rounding_wh):
        return "another schedule would miss more than the one in force"
    cost = abs(int(plan.cost_nano.sum()))
    if plan.unproved_nano > WIDE * cost and not worse(old, new, rounding_wh):
        return "the solve was stopped, and its schedule may cost far more than the cheapest"
    return ""


def _kept(message: ReplanDue, reason: str, *, again: bool = False) -> ScheduleKept:
    return ScheduleKept(
        name=message.name,
        causes=message.causes,
        window=message.window,
        reason=reason,
        again=again,
    )


def _capacity(posing: Posing) -> Ints:
    return posing.community.storage.capacity_wh


def _runs(posing: Posing) -> int:
    return len(posing.community.runs.ids)
