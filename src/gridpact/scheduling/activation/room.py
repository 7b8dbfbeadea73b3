"""Scheduling's handlers of activations, seated around those that put schedules in force."""

from __future__ import annotations

from typing import TypeAlias

import msgspec
import numpy as np

from gridpact.base.slots import overlap
from gridpact.kernel.messages import Out
from gridpact.kernel.rooms import Handlers, Room, Step
from gridpact.registry.model import Community
from gridpact.scheduling.activation import desk
from gridpact.scheduling.activation.ground import ground_of, grounds_with
from gridpact.scheduling.activation.holding import no_longer
from gridpact.scheduling.activation.messages import ActivationIssued, ActivationRequested
from gridpact.scheduling.activation.model import Activations, Active
from gridpact.scheduling.activation.stepping_in import step_in
from gridpact.scheduling.messages import Cause, ScheduleRevised, ScheduleSolved, TelemetryReceived
from gridpact.scheduling.operation.causes import noted
from gridpact.scheduling.operation.in_force import Setpoints, override
from gridpact.scheduling.posing import Posing
from gridpact.scheduling.state import InForce, State

Solved: TypeAlias = ScheduleSolved | ScheduleRevised


def activating(room: Room[State], posing: Posing) -> Room[State]:
    """Return the room with activations; without rolling operation it refuses each."""
    return Activating(room, posing).room()


class Activating:
    """Handlers around those of a room that makes schedules."""

    def __init__(self, room: Room[State], posing: Posing) -> None:
        self._room, self._places = room, posing.places
        self._community = posing.community

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        base = self._room
        handlers: Handlers[State] = {**base.handlers, ActivationRequested: self.requested}
        if base.state.operation is not None:
            handlers = {
                **handlers,
                ScheduleSolved: self.solved,
                ScheduleRevised: self.solved,
                TelemetryReceived: self.telemetry,
            }
        return Room(base.name, base.state, handlers, base.effects)

    def solved(self, state: State, message: Solved, now: int) -> Step[State]:
        """Put a schedule in force, and keep what it was made from."""
        name = message.session if isinstance(message, ScheduleSolved) else message.name
        ground = ground_of(self._community, state, name)
        state, outs = self._room.handlers[type(message)](state, message, now)
        if ground is None:
            return state, outs
        known = state.activations or Activations()
        known = msgspec.structs.replace(
            known,
            active=no_longer(known.active, now),
            grounds=grounds_with(known.grounds, ground, now),
        )
        return msgspec.structs.replace(state, activations=known), outs

    def requested(self, state: State, message: ActivationRequested, now: int) -> Step[State]:
        """Divide a request over what is in force, or refuse it."""
        found = desk.divided(self._places, state, message, now)
        if not isinstance(found, desk.Divided):
            return state, [desk.refused(message, found)]
        known = state.activations or Activations()
        answer = desk.issued(message, found, f"activation-{known.issued + 1}")
        zones = np.flatnonzero(desk.zones_within(self._places, message.zones))
        active = Active(
            answer.id,
            answer.window,
            tuple(zones.tolist()),
            answer.given_wh,
            up=message.power_w > 0,
            by=message.by,
            asked=message.zones,
            rule=message.rule,
        )
        known = msgspec.structs.replace(
            known, active=(*no_longer(known.active, now), active), issued=known.issued + 1
        )
        return self._in_force(state, known, answer), [answer]

    def telemetry(self, state: State, message: TelemetryReceived, now: int) -> Step[State]:
        """Let others step in for storage that gives in an activation and is lost."""
        state, outs = self._room.handlers[TelemetryReceived](state, message, now)
        told: list[Out] = []
        known = state.activations or Activations()
        for one in no_longer(known.active, message.slot + message.step):
            found = step_in(self._places, state, one, message.slot + message.step)
            if found is not None:
                active = tuple(found.active if each is one else each for each in known.active)
                known = msgspec.structs.replace(known, active=active)
                state = self._in_force(state, known, found.issued)
                told.append(found.issued)
        return state, [*outs, *told]

    def _in_force(self, state: State, known: Activations, answer: ActivationIssued) -> State:
        """Put set-points in force, and call for another schedule."""
        plans = revised(state.plans, self._community, answer)
        state = msgspec.structs.replace(state, plans=plans, activations=known)
        rules = self._community.operation
        if isinstance(rules, msgspec.UnsetType):
            return state
        return noted(state, rules, Cause("activation", (answer.id,)))


def revised(
    plans: tuple[InForce, ...], community: Community, answer: ActivationIssued
) -> tuple[InForce, ...]:
    """Put an activation's set-points in force, in each schedule that covers part of its window."""
    for window in [item.window for item in plans]:
        here, there = overlap(answer.window, window)
        if here.stop > here.start:
            points = Setpoints(
                answer.charge_wh[:, here], answer.discharge_wh[:, here], answer.curtail_wh[:, here]
            )
            start = window.start + there.start * window.step
            plans = override(plans, community, start, points)
    return plans
