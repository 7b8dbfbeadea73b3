"""Suspension of participants, and how they come back."""

from __future__ import annotations

import msgspec

from gridpact.kernel.rooms import Step
from gridpact.market.ordering import withdraw
from gridpact.market.state import State
from gridpact.market.terms import Venue
from gridpact.registry.messages import StandingChanged


def changed(venue: Venue, state: State, message: StandingChanged, now: int) -> Step[State]:
    """Suspend a participant and withdraw its open orders, or let it trade again.

    What was withdrawn does not come back, and trades already made stand.
    """
    others = {name for name in state.suspended if name != message.participant}
    suspended = others | {message.participant} if message.suspended else others
    state = msgspec.structs.replace(state, suspended=tuple(sorted(suspended)))
    if not message.suspended:
        return state, []
    return withdraw(venue, state, message.participant, now)
