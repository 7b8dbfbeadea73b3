"""Commitments at their own moment: joining, gate closure, cut-off, settlement.

Where a community has it so, its ledger holds what each member agreed to by joining as the run
begins, schedules when the gate closes, readings and what was delivered against what was ordered
at the cut-off, and statements when they are made. Otherwise a day goes on it as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from gridpact.kernel.messages import Message, Out
from gridpact.kernel.rooms import Room, Step
from gridpact.ledger import anchors
from gridpact.ledger.entries import Entry
from gridpact.ledger.executions import delivered, executions, ordered
from gridpact.ledger.handlers import DAY, Commitments, Pending, State
from gridpact.ledger.messages import CommitRequested
from gridpact.market.messages import GateClosed, SessionOpened
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.scheduling.messages import (
    DispatchIssued,
    ScheduleRevised,
    ScheduleSolved,
    TelemetryReceived,
)
from gridpact.settlement.messages import DaySettled

READINGS, SCHEDULES, STANDING = "readings/", "schedules/", "terms/standing"
"""Beginnings of keys under which readings with executions, schedules and terms are committed."""


class AtOnce(Commitments):
    """Handlers that commit everything at its own moment."""

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        plain = super().room()
        handlers: dict[type[Message], Callable[[State, Any, int], Step[State]]] = {
            **plain.handlers,
            SessionOpened: self.session_opened,
            GateClosed: self.gate_closed,
            ScheduleRevised: self.revised,
            DispatchIssued: self.dispatched,
            TelemetryReceived: self.reported,
        }
        state = msgspec.structs.replace(plain.state, pending=Pending({}, (), ()))
        return Room(plain.name, state, handlers, plain.effects)

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Authorise everybody, and commit what members agreed to by joining."""
        after, outs = super().opened(state, message, now)
        entries = anchors.standing(self._community)
        return after, [*outs, CommitRequested(key=STANDING, at=now, entries=entries)]

    def session_opened(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Wait for the schedule of a session until its gate."""
        return _waiting(state, {**_pending(state).schedules, message.session.id: None}), []

    def scheduled(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Keep the anchor of a session's schedules for its gate; after it, commit at once."""
        schedules = _pending(state).schedules
        if message.session not in schedules:
            return super().scheduled(state, message, now)
        entry = anchors.scheduled(self._community, message, self._secrets)
        return _waiting(state, {**schedules, message.session: entry}), []

    def gate_closed(self, state: State, message: GateClosed, now: int) -> Step[State]:
        """Commit the schedules that a session was closed with."""
        schedules = dict(_pending(state).schedules)
        entry = schedules.pop(message.session, None)
        return _waiting(state, schedules), _request(f"{SCHEDULES}{message.session}", now, entry)

    def revised(self, state: State, message: ScheduleRevised, now: int) -> Step[State]:
        """Commit schedules that take over from those in force; no gate closes for them."""
        entry = anchors.scheduled(self._community, message, self._secrets)
        return state, _request(f"{SCHEDULES}{message.name}", now, entry)

    def dispatched(self, state: State, message: DispatchIssued, now: int) -> Step[State]:
        """Note what devices were told."""
        pending = _pending(state)
        told = (*pending.ordered, (message.slot, ordered(self._community, message)))
        return _replaced(state, msgspec.structs.replace(pending, ordered=told)), []

    def reported(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Note what devices did."""
        pending = _pending(state)
        done = (*pending.delivered, (message.slot, delivered(self._community, message)))
        return _replaced(state, msgspec.structs.replace(pending, delivered=done)), []

    def metered(self, state: State, message: DayMetered, now: int) -> Step[State]:
        """Commit the readings of a day, and what was delivered against what was ordered."""
        day, pending, end = message.day, _pending(state), message.slots.end
        told, reports = dict(pending.ordered), dict(pending.delivered)
        done = executions(self._community, message.slots, told, reports)
        entries = (
            self._root("readings", day, anchors.readings(message)),
            self._root("executions", day, done),
        )
        left = msgspec.structs.replace(
            pending,
            ordered=tuple(each for each in pending.ordered if each[0] >= end),
            delivered=tuple(each for each in pending.delivered if each[0] >= end),
        )
        return _replaced(state, left), _request(f"{READINGS}{day}", now, *entries)

    def settled(self, state: State, message: DaySettled, now: int) -> Step[State]:
        """Commit the statements and net positions of a day."""
        statements = self._root("statements", message.day, anchors.statements(message))
        net = anchors.settled(self._community, message)
        return state, _request(f"{DAY}{message.day}", now, statements, net)


def _request(key: str, at: int, *entries: Entry | None) -> list[Out]:
    found = tuple(entry for entry in entries if entry is not None)
    return [CommitRequested(key=key, at=at, entries=found)] if found else []


def _pending(state: State) -> Pending:
    if state.pending is msgspec.UNSET:
        raise TypeError("a ledger that takes a day at its end has nothing pending")
    return state.pending


def _replaced(state: State, pending: Pending) -> State:
    return msgspec.structs.replace(state, pending=pending)


def _waiting(state: State, schedules: dict[str, Entry | None]) -> State:
    return _replaced(state, msgspec.structs.replace(_pending(state), schedules=schedules))
