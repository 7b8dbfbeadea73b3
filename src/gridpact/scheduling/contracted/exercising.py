"""Choices that plans make, told in time: heard with schedules, exercised as their notice ends.

A choice is told one slot before its notice ends, so that a plan that takes its time makes none of
them late; until then every plan may choose otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import UNSET
from msgspec.structs import replace

from gridpact.agreements.messages import (
    AgreementRefused,
    ChoicesDelegated,
    ExerciseChoice,
)
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.observables import Choice
from gridpact.kernel.codec import tag_of
from gridpact.kernel.messages import Later, Message, Out
from gridpact.kernel.rooms import Handlers, Room, Step
from gridpact.market.messages import SessionOpened
from gridpact.registry.model import Community
from gridpact.scheduling.contracted.deciding import planned
from gridpact.scheduling.contracted.model import Contracts, Signed
from gridpact.scheduling.contracted.own_terms import choice_named, lowest, spared
from gridpact.scheduling.contracted.rights import MAY_CHOOSE
from gridpact.scheduling.messages import ChoicesDue, ScheduleRevised, ScheduleSolved
from gridpact.scheduling.state import State


def exercising(room: Room[State], community: Community) -> Room[State]:
    """Return the room with a hand that exercises what its plans choose."""
    return Exercising(room, community).room()


class Exercising:
    """Handlers around those of a room that hears of agreements."""

    def __init__(self, room: Room[State], community: Community) -> None:
        self._room, self._step = room, community.step_s
        self._members = {name: row for row, name in enumerate(community.members.ids)}

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        rolls = ScheduleRevised in self._room.handlers
        handlers: Handlers[State] = {
            **self._room.handlers,
            SessionOpened: self.session,
            ScheduleSolved: self.solved,
            **({ScheduleRevised: self.solved} if rolls else {}),
            AgreementRefused: self.refused,
            ChoicesDelegated: self.delegated,
            ChoicesDue: self.due,
        }
        return Room(self._room.name, self._room.state, handlers, self._room.effects)

    def _before(self, state: State, message: Message, now: int) -> Step[State]:
        return self._room.handlers[type(message)](state, message, now)

    def session(self, state: State, message: SessionOpened, now: int) -> Step[State]:
        """Note when a plan is asked for, where choices may be open to it."""
        state, outs = self._before(state, message, now)
        if state.contracts is None or not state.contracts.delegated:
            return state, outs
        return replace(state, contracts=replace(state.contracts, asked_at=now)), outs

    def delegated(self, state: State, message: ChoicesDelegated, now: int) -> Step[State]:
        """Note who leaves its choices to plans; what plans made for one who no longer does ends."""
        before, name = state.contracts or Contracts(), message.agreement
        others = tuple(one for one in before.delegated.get(name, ()) if one != message.party)
        parties = tuple(sorted((*others, message.party))) if message.to_plans else others
        kept = {key: value for key, value in before.delegated.items() if key != name}
        after = replace(
            before, delegated={**kept, name: parties} if parties else kept, asked_at=now
        )
        if not message.to_plans:
            for signed in [one for one in after.signed if one.id == name]:
                after = after.with_version(_without(signed, message.party))
        return replace(state, contracts=after), []

    def solved(
        self, state: State, message: ScheduleSolved | ScheduleRevised, now: int
    ) -> Step[State]:
        """Keep what a plan chose with the plan, and set the timer for what is told first."""
        if message.choices is not UNSET:
            state = planned(state, message.choices or (), self._members, now)
        state, outs = self._before(state, message, now)
        if message.choices is UNSET:
            return state, outs
        state, timer = self._timed(state, now, told=False)
        return state, [*outs, *timer]

    def refused(self, state: State, message: AgreementRefused, now: int) -> Step[State]:
        """Count on nothing that could not be exercised."""
        state, outs = self._before(state, message, now)
        contracts = state.contracts
        if contracts is None or message.request != tag_of(ExerciseChoice):
            return state, outs
        for signed in contracts.signed:
            if signed.id == message.agreement and signed.planned:
                contracts = contracts.with_version(self._in_time(signed, message.party, now))
        return replace(state, contracts=contracts), outs

    def due(self, state: State, message: ChoicesDue, now: int) -> Step[State]:
        """Exercise all whose notice is about to end, in the name of their authors.

        What no longer counts, as its author has used the rights otherwise, is left.
        """
        told, contracts = list[Out](), state.contracts
        if contracts is None:
            return state, []
        for signed in contracts.signed:
            for label, author, starts, values in self._waiting(signed):
                late = self._due(signed, label, starts, now) <= now
                counts = late & np.isin(starts, spared(signed, label, starts[late]))
                told += _exercises(signed, (label, author), starts[counts], values[counts])
                choice = signed.id, signed.version, label
                contracts = contracts.without_planned(choice, starts[late & ~counts])
        state, timer = self._timed(replace(state, contracts=contracts), now, told=True)
        return state, [*told, *timer]

    def _timed(self, state: State, now: int, *, told: bool) -> tuple[State, list[Out]]:
        """Set a timer for what is to be told next, unless one is set for then or before.

        ``told``: what is due now has just been told; else it is still to be.
        """
        contracts, earliest = state.contracts, now + told
        if contracts is None:
            return state, []
        ahead = [
            at
            for signed in contracts.signed
            for label, _, starts, _ in self._waiting(signed)
            for at in self._due(signed, label, starts, now).tolist()
            if at >= earliest
        ]
        first = min(ahead, default=0)
        if not first or earliest <= contracts.due_at <= first:
            return state, []
        contracts = replace(contracts, due_at=first)
        return replace(state, contracts=contracts), [Later(first, ChoicesDue())]

    def _due(self, signed: Signed, label: str, starts: Ints, now: int) -> Ints:
        """When choices for slots are told [starts]: a slot before the notice ends, or now."""
        return np.maximum(starts - _choice(signed, label).notice_s - self._step, now)

    def _waiting(self, signed: Signed) -> Iterator[tuple[str, str, Ints, Ints]]:
        """Yield label, author, slots and values of what was chosen and is still to be told."""
        if signed.state not in MAY_CHOOSE:
            return
        for label, own in signed.planned.items():
            choice = _choice(signed, label)
            told = signed.chosen[label].starts if label in signed.chosen else own.starts[:0]
            low = _lowest(choice, own.starts, signed.offer.agreement.step)
            waits = ~np.isin(own.starts, told) & (own.values != low)
            if waits.any():
                yield label, choice.by, own.starts[waits], own.values[waits]

    def _in_time(self, signed: Signed, party: str, now: int) -> Signed:
        """Leave out what a party can no longer tell, or had to tell by now."""
        kept = {
            label: own.without(own.starts[self._due(signed, label, own.starts, now) <= now])
            if _choice(signed, label).by == party
            else own
            for label, own in signed.planned.items()
        }
        return replace(signed, planned=kept)


def _choice(signed: Signed, label: str) -> Choice:
    found = choice_named(signed.offer.agreement.terms, label)
    assert found is not None  # noqa: S101 - the plan read it from the same terms
    return found


def _without(signed: Signed, party: str) -> Signed:
    kept = {
        label: own for label, own in signed.planned.items() if _choice(signed, label).by != party
    }
    return replace(signed, planned=kept)


def _lowest(choice: Choice, starts: Ints, step: int) -> Ints:
    """What a choice is in some slots where nobody makes it."""
    if not starts.size:
        return starts
    first = int(starts[0])
    span = Slots(first, step, (int(starts[-1]) - first) // step + 1)
    return lowest(choice, span)[(starts - first) // step]


def _exercises(
    signed: Signed, who: tuple[str, str], starts: Ints, values: Ints
) -> Iterator[ExerciseChoice]:
    """Yield a message for each stretch of slots."""
    step = signed.offer.agreement.step
    edges = np.flatnonzero(np.diff(starts) != step) + 1
    parts = zip(np.split(starts, edges), np.split(values, edges), strict=True)
    for slots, own in ((slots, own) for slots, own in parts if slots.size):
        yield ExerciseChoice(
            party=who[1],
            agreement=signed.id,
            version=signed.version,
            label=who[0],
            slots=Slots(int(slots[0]), step, len(slots)),
            values=own,
        )
