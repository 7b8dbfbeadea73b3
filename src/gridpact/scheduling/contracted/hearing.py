"""What becomes of agreements, heard by the room of scheduling: the next plans are held to it."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from gridpact.agreements.messages import (
    AgreementChanged,
    AgreementRefused,
    ChoiceExercised,
    EndingSet,
    ProposeAgreement,
)
from gridpact.kernel.codec import tag_of
from gridpact.kernel.rooms import Handlers, Room, Step
from gridpact.scheduling.contracted.baselines import asks_otherwise, with_baselines
from gridpact.scheduling.contracted.model import OPEN_END, BySlot, Contracts, Signed, name_of
from gridpact.scheduling.messages import Cause
from gridpact.scheduling.operation.causes import noted
from gridpact.scheduling.operation.in_force import at
from gridpact.scheduling.posing import Posing
from gridpact.scheduling.state import State

BINDING = ("countersigned", "active", "suspended")
"""States in which all have signed a version and it has not come to its end."""
PROPOSED, ACTIVE, SUSPENDED = "proposed", "active", "suspended"
CAUSE = "limit"
"""Kind of event as which rolling operation hears of agreements: they limit homes."""


def contracting(room: Room[State], posing: Posing) -> Room[State]:
    """Return the room with ears for agreements."""
    return Contracting(room, posing).room()


class Contracting:
    """Handlers beside those of a room that makes schedules."""

    def __init__(self, room: Room[State], posing: Posing) -> None:
        self._room, self._community = room, posing.community
        self._members = {name: row for row, name in enumerate(posing.community.members.ids)}

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        handlers: Handlers[State] = {
            **self._room.handlers,
            ProposeAgreement: self.proposed,
            AgreementRefused: self.refused,
            AgreementChanged: self.changed,
            EndingSet: self.ending,
            ChoiceExercised: self.chosen,
        }
        return Room(self._room.name, self._room.state, handlers, self._room.effects)

    def proposed(self, state: State, message: ProposeAgreement, now: int) -> Step[State]:
        """Keep an offer until it is told what became of it."""
        before = state.contracts or Contracts()
        return _with(state, replace(before, offers=(*before.offers, message))), []

    def refused(self, state: State, message: AgreementRefused, now: int) -> Step[State]:
        """Forget an offer that was refused."""
        before = state.contracts
        if before is None or message.request != tag_of(ProposeAgreement):
            return state, []
        _, rest = _answered(before, message.agreement)
        return _with(state, replace(before, offers=rest)), []

    def changed(self, state: State, message: AgreementChanged, now: int) -> Step[State]:
        """Take a version to be in another state."""
        before = state.contracts or Contracts()
        if message.before is None:
            offer, rest = _answered(before, message.agreement)
            before = replace(before, offers=rest)
            known = None if offer is None else Signed(offer, PROPOSED, offer.agreement.end)
        else:
            known = before.known(message.agreement, message.version)
        if known is None:
            return _with(state, before), []
        after = _in_state(before, known, str(message.after), now)
        return self._told(state, after, message.agreement, now), []

    def ending(self, state: State, message: EndingSet, now: int) -> Step[State]:
        """Take a version to end at another instant."""
        before = state.contracts or Contracts()
        known = before.known(message.agreement, message.version)
        if known is None:
            return state, []
        after = before.with_version(replace(known, ends=message.at))
        return self._told(state, after, message.agreement, now), []

    def chosen(self, state: State, message: ChoiceExercised, now: int) -> Step[State]:
        """Take what was decided of a choice."""
        before = state.contracts or Contracts()
        known = before.known(message.agreement, message.version)
        if known is None:
            return state, []
        values = known.chosen.get(message.label, BySlot())
        values = values.revised(message.slots.starts(), message.values)
        chosen = {**known.chosen, message.label: values}
        after = before.with_version(replace(known, chosen=chosen))
        return self._told(state, after, message.agreement, now), []

    def _told(self, state: State, after: Contracts, name: str, now: int) -> State:
        """Keep what is known now, note baselines, and call for another schedule."""
        before, members = state.contracts or Contracts(), self._members
        state = _with(state, with_baselines(before, after, state.plans, members, now))
        rules = self._community.operation
        if isinstance(rules, msgspec.UnsetType) or at(state.plans, now) is None:
            return state
        if not any(
            asks_otherwise(before, after, members, item.window)
            for item in state.plans
            if item.window.end > now
        ):
            return state
        return noted(state, rules, Cause(CAUSE, (name_of(name),)))


def _with(state: State, contracts: Contracts) -> State:
    """Keep agreements that were ever heard of."""
    some = contracts.offers or contracts.signed or contracts.baseline
    return replace(state, contracts=contracts if some else None)


def _answered(
    contracts: Contracts, name: str
) -> tuple[ProposeAgreement | None, tuple[ProposeAgreement, ...]]:
    """Return the first offer under a name, which is answered first, and all others."""
    found = next((one for one in contracts.offers if one.agreement.id == name), None)
    return found, tuple(one for one in contracts.offers if one is not found)


def _in_state(contracts: Contracts, known: Signed, state: str, now: int) -> Contracts:
    """Put a version into another state; forget it once it is over."""
    contracts = _stood_still(contracts, known, state, now)
    if state == PROPOSED or state in BINDING:
        bound = known.bound or state in BINDING
        return contracts.with_version(replace(known, state=state, bound=bound))
    contracts = contracts.without(known.id, known.version)
    if any(one.id == known.id for one in contracts.signed):
        return contracts
    spans = {name: own for name, own in contracts.suspended.items() if name != known.id}
    delegated = {name: own for name, own in contracts.delegated.items() if name != known.id}
    return replace(contracts, suspended=spans, delegated=delegated)


def _stood_still(contracts: Contracts, known: Signed, state: str, now: int) -> Contracts:
    """Begin or end a suspension, from the next slot on."""
    spans, step = contracts.suspended.get(known.id, ()), known.offer.agreement.step
    is_open = bool(spans) and spans[-1][1] == OPEN_END
    begins = -(-now // step) * step
    if state == SUSPENDED and not is_open:
        spans = (*spans, (begins, OPEN_END))
    elif state == ACTIVE and is_open:
        spans = (*spans[:-1], (spans[-1][0], begins))
    else:
        return contracts
    return replace(contracts, suspended={**contracts.suspended, known.id: spans})
