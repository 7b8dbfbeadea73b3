"""What calls for another schedule: events noted until the next slot nears, and the timer."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import Calendar
from gridpact.registry.model import OperationRules
from gridpact.scheduling.messages import Cause
from gridpact.scheduling.state import State

TIMER = "timer"


def noted(state: State, rules: OperationRules, cause: Cause) -> State:
    """Note an event for the next slot, where the rules ask for its kind."""
    if state.operation is None or cause.kind not in rules.replan_on:
        return state
    causes = with_cause(state.operation.causes, cause)
    operation = msgspec.structs.replace(state.operation, causes=causes)
    return msgspec.structs.replace(state, operation=operation)


def with_cause(causes: tuple[Cause, ...], new: Cause) -> tuple[Cause, ...]:
    """Add a cause, as one with what is noted of its kind."""
    same = next((each for each in causes if each.kind == new.kind), None)
    if same is None:
        return (*causes, new)
    names = tuple(dict.fromkeys((*same.names, *new.names)))
    both = Cause(new.kind, names)
    return tuple(both if each is same else each for each in causes)


def timer_rings(rules: OperationRules, calendar: Calendar, slot: int) -> bool:
    """Whether a slot [s since the epoch] is one that is planned anew whatever happens."""
    if not rules.replan_s:
        return False
    return (slot - calendar.midnight(calendar.date_of(slot))) % rules.replan_s == 0
