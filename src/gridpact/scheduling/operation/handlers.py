"""Rolling operation's part of the room: note events, make another schedule, put it in force."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import msgspec
import numpy as np

from gridpact.base.slots import Slots, iso
from gridpact.base.units import Bools
from gridpact.forecasting.messages import ForecastDue, ForecastIssued
from gridpact.kernel.messages import Later, Message
from gridpact.kernel.rooms import Handlers, Room, Step
from gridpact.market.messages import PricesPublished
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import OperationRules
from gridpact.scheduling.messages import (
    Cause,
    NeedsRequested,
    NeedsStated,
    ReplanDue,
    ScheduleKept,
    ScheduleRevised,
    ScheduleSolved,
    SlotNearing,
    StateNeed,
    TelemetryReceived,
    WithdrawNeed,
)
from gridpact.scheduling.operation.causes import TIMER, noted, timer_rings, with_cause
from gridpact.scheduling.operation.in_force import at, cut, joined
from gridpact.scheduling.operation.model import Operation, resting
from gridpact.scheduling.operation.replanning import replanned
from gridpact.scheduling.operation.watching import events, watched
from gridpact.scheduling.posing import Posing, expected
from gridpact.scheduling.state import InForce, State, forgotten

LOOK_AHEAD_S = 12 * 3600
"""A schedule looks this far [s] beyond the day it is for, as those of sessions do."""
KIND = "rolling"
"""Kind of forecast, and how the names end under which needs and forecasts are asked for."""


def rolling(
    room: Room[State], posing: Posing, seconds: Callable[[], float] | None = None
) -> Room[State]:
    """Return the room with rolling operation, or as it is where the community has none."""
    rules = posing.community.operation
    if isinstance(rules, msgspec.UnsetType):
        return room
    return Rolling(room, posing, rules, seconds).room()


class Rolling:
    """Handlers around those of a room without rolling operation."""

    def __init__(
        self,
        room: Room[State],
        posing: Posing,
        rules: OperationRules,
        seconds: Callable[[], float] | None,
    ) -> None:
        self._room, self._posing, self._rules, self._seconds = room, posing, rules, seconds
        self._community = posing.community

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        base = self._room
        operation = resting(len(self._community.storage.ids))
        handlers: Handlers[State] = {
            **base.handlers,
            CommunityOpened: self.opened,
            ForecastIssued: self.forecast,
            PricesPublished: self.prices,
            ScheduleSolved: self.solved,
            TelemetryReceived: self.telemetry,
            StateNeed: self.need,
            WithdrawNeed: self.need,
            SlotNearing: self.nearing,
            ScheduleRevised: self.revised,
            ScheduleKept: self.kept,
        }
        return Room(
            base.name,
            msgspec.structs.replace(base.state, operation=operation),
            handlers,
            {**base.effects, ReplanDue: self.replan},
        )

    def _before(self, state: State, message: Message, now: int) -> Step[State]:
        """Do what is done without rolling operation."""
        return self._room.handlers[type(message)](state, message, now)

    def _note(self, state: State, now: int, cause: Cause) -> State:
        """Note an event where a schedule is in force that it could change."""
        return state if at(state.plans, now) is None else noted(state, self._rules, cause)

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Start the timer; what is stored as the run opens counts as heard."""
        state, outs = self._before(state, message, now)
        start = self._community.calendar.midnight(date.fromisoformat(message.first_day))
        operation = _of(state)
        operation = msgspec.structs.replace(operation, seen_at=np.full_like(state.state_wh, start))
        return _with(state, operation), [*outs, self._timer(start + self._community.step_s)]

    def _timer(self, slot: int) -> Later:
        message = SlotNearing(slot=slot, step=self._community.step_s)
        return Later(slot - self._rules.solve_s, message)

    def nearing(self, state: State, message: SlotNearing, now: int) -> Step[State]:
        """Ask for needs, forecast and another schedule where anything calls for one."""
        timer = self._timer(message.slot + message.step)
        causes = _of(state).causes
        if timer_rings(self._rules, self._community.calendar, message.slot):
            causes = (Cause(TIMER), *causes)
        state = _with(state, msgspec.structs.replace(_of(state), causes=()))
        if not causes or at(state.plans, message.slot) is None:
            return state, [timer]
        name = f"{iso(message.slot)}.{KIND}"
        window = self._rest_of_day(message.slot)
        ahead = LOOK_AHEAD_S // window.step
        horizon = Slots(window.start, window.step, window.count + ahead)
        return state, [
            timer,
            NeedsRequested(session=name, window=horizon),
            ForecastDue(session=name, kind=KIND, window=horizon),
            ReplanDue(name=name, causes=causes, window=window, horizon=horizon),
        ]

    def _rest_of_day(self, slot: int) -> Slots:
        calendar = self._community.calendar
        day = calendar.day(calendar.date_of(slot))
        return Slots(slot, day.step, (day.end - slot) // day.step)

    def replan(self, state: State, message: ReplanDue) -> Sequence[Message]:
        """Effect: make another schedule, or say why the one in force is kept."""
        return [replanned(self._posing, state, message, self._rules, self._seconds)]

    def revised(self, state: State, message: ScheduleRevised, now: int) -> Step[State]:
        """Put another schedule in force from the next slot on."""
        there = _stated(state, message.name, message.window)
        begins = expected(self._community, state, message.window.start)
        new = InForce(message.window, cut(message.plan, message.window.count), there, begins)
        current = tuple(item for item in state.plans if item.window.end >= now)
        state = msgspec.structs.replace(state, plans=joined(current, new))
        return forgotten(state, message.name), []

    def kept(self, state: State, message: ScheduleKept, now: int) -> Step[State]:
        """Go on with the schedule in force; what is to be tried again is noted again."""
        if message.again:
            causes = message.causes
            for cause in _of(state).causes:
                causes = with_cause(causes, cause)
            state = _with(state, msgspec.structs.replace(_of(state), causes=causes))
        return forgotten(state, message.name), []

    def solved(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Put a session's schedule in force, as one with others of its day."""
        there = _stated(state, message.session, message.window)
        begins = expected(self._community, state, message.window.start)
        state, outs = self._before(state, message, now)
        new = msgspec.structs.replace(state.plans[-1], there=there, begins_wh=begins)
        return msgspec.structs.replace(state, plans=joined(state.plans[:-1], new)), outs

    def forecast(self, state: State, message: ForecastIssued, now: int) -> Step[State]:
        """Note a session's forecast of the day that it is."""
        state, outs = self._before(state, message, now)
        calendar = self._community.calendar
        today = calendar.date_of(message.window.start) == calendar.date_of(now)
        if today and not message.session.endswith(f".{KIND}"):
            state = self._note(state, now, Cause("forecast", (message.session,)))
        return state, outs

    def prices(self, state: State, message: PricesPublished, now: int) -> Step[State]:
        """Note prices: the schedule in force looked ahead without them."""
        state, outs = self._before(state, message, now)
        return self._note(state, now, Cause("prices", (message.day,))), outs

    def need(self, state: State, message: StateNeed | WithdrawNeed, now: int) -> Step[State]:
        """Note a need or a limit that came or went."""
        after, outs = self._before(state, message, now)
        old, new = (each.book.needs if each.book else () for each in (state, after))
        for one in (*(each for each in new if each not in old), *(e for e in old if e not in new)):
            kind = "limit" if self._posing.places.shared(one) else "need"
            after = self._note(after, now, Cause(kind, (one.id,)))
        return after, outs

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Note who refuses, who came or went, and of whom nothing is heard."""
        before, plans = _of(state), state.plans
        state, outs = self._before(state, message, now)
        after = watched(before, self._rules, plans, message)
        state = _with(state, after)
        for cause in events(before, after, self._community, plans, message):
            state = self._note(state, now, cause)
        return state, outs


def _of(state: State) -> Operation:
    assert state.operation is not None  # noqa: S101 - the room begins with one
    return state.operation


def _with(state: State, operation: Operation) -> State:
    return msgspec.structs.replace(state, operation=operation)


def _stated(state: State, name: str, window: Slots) -> Bools | None:
    """Where owners said that storage is connected, in the slots of a window [assets, slots]."""
    needs = state.needs.get(name)
    return None if needs is None else powered(needs)[:, : window.count]


def powered(needs: NeedsStated) -> Bools:
    """Where storage can charge or discharge [assets, slots]."""
    return (needs.charge_max_wh > 0) | (needs.discharge_max_wh > 0)
