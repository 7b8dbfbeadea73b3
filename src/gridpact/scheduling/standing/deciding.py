"""Scheduling's handlers of what owners decide of their diaries, seated around all others."""

from __future__ import annotations

import msgspec

from gridpact.base.slots import iso
from gridpact.kernel.messages import Out
from gridpact.kernel.rooms import Handlers, Room, Step
from gridpact.registry.model import Community
from gridpact.scheduling.diaries.messages import PowersHeld
from gridpact.scheduling.messages import Cause, DispatchIssued, SlotStarted
from gridpact.scheduling.operation.causes import noted
from gridpact.scheduling.standing.decided import switched_off
from gridpact.scheduling.state import State

CAUSE = "need"
"""Kind of event that a decision is to rolling operation: what an owner wants has changed."""


def deciding(room: Room[State], community: Community) -> Room[State]:
    """Return the room with decisions of owners about their diaries."""
    return Deciding(room, community).room()


class Deciding:
    """Handlers around those of a room that makes schedules."""

    def __init__(self, room: Room[State], community: Community) -> None:
        self._room, self._community = room, community

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        base = self._room
        handlers: Handlers[State] = {**base.handlers, PowersHeld: self.held, SlotStarted: self.slot}
        return Room(base.name, base.state, handlers, base.effects)

    def held(self, state: State, message: PowersHeld, now: int) -> Step[State]:
        """Note what decisions leave to the plans that are made from now on."""
        holds = message.holds if len(message.holds) else None
        state = msgspec.structs.replace(state, decided=holds)
        rules = self._community.operation
        if isinstance(rules, msgspec.UnsetType):
            return state, []
        return noted(state, rules, Cause(CAUSE, (f"diaries at {iso(now)}",))), []

    def slot(self, state: State, message: SlotStarted, now: int) -> Step[State]:
        """Dispatch a slot; what is off rests at once."""
        state, outs = self._room.handlers[SlotStarted](state, message, now)
        dispatched: list[Out] = [
            switched_off(out, state.decided) if isinstance(out, DispatchIssued) else out
            for out in outs
        ]
        return state, dispatched
