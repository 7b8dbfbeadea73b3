"""The ledger's part of the loop: what was agreed, planned, measured and settled is committed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gridpact.agreements.messages import TermsSigned
from gridpact.base.units import Ints
from gridpact.kernel.messages import Message
from gridpact.kernel.rooms import Room, Step
from gridpact.ledger import anchors
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.terms import AgreementSigned
from gridpact.ledger.messages import CommitRefused, CommitRequested, Committed
from gridpact.ledger.port import Receipt, Taking
from gridpact.market.messages import SessionCleared
from gridpact.metering.messages import DayMetered
from gridpact.registry.messages import CommunityOpened
from gridpact.registry.model import Community
from gridpact.scheduling.messages import ScheduleSolved
from gridpact.settlement.messages import DaySettled

DAY = "day/"
"""Beginning of the key under which a day is committed."""


class Pending(msgspec.Struct, frozen=True):
    """What waits for its moment where everything is committed at its own.

    ``schedules`` are anchors of open sessions, None before there is a schedule. ``ordered`` and
    ``delivered`` are slots [s since the epoch] with what :mod:`.executions` has them.
    """

    schedules: dict[str, Entry | None]
    ordered: tuple[tuple[int, Ints], ...]
    delivered: tuple[tuple[int, Ints], ...]


class State(msgspec.Struct, frozen=True):
    """Readings' anchors that wait for their day's statements, and where the ledger stands.

    ``days`` counts the days whose statements are on the ledger. ``pending`` is left out where the
    ledger takes a day at its end.
    """

    waiting: dict[str, Entry]
    latest: Receipt | None
    refused: tuple[str, ...]
    days: int = 0
    pending: Pending | msgspec.UnsetType = msgspec.UNSET


class Commitments:
    """Handlers bound to one community; without a ledger (a replay) nothing is ever written."""

    def __init__(
        self, community: Community, secrets: anchors.Secrets, ledger: Taking | None
    ) -> None:
        self._community, self._secrets, self._ledger = community, secrets, ledger

    def room(self) -> Room[State]:
        """Return the room for the loop."""
        return Room(
            "ledger",
            State({}, None, ()),
            {
                CommunityOpened: self.opened,
                ScheduleSolved: self.scheduled,
                SessionCleared: self.cleared,
                TermsSigned: self.signed,
                DayMetered: self.metered,
                DaySettled: self.settled,
                Committed: self.committed,
                CommitRefused: self.refused,
            },
            {CommitRequested: self.commit},
        )

    def opened(self, state: State, message: CommunityOpened, now: int) -> Step[State]:
        """Authorise everybody."""
        entries = anchors.authorisations(self._community)
        return state, [CommitRequested(key="participants", at=now, entries=entries)]

    def scheduled(self, state: State, message: ScheduleSolved, now: int) -> Step[State]:
        """Anchor the schedules of a session."""
        entry = anchors.scheduled(self._community, message, self._secrets)
        key = f"schedules/{message.session}"
        return state, [CommitRequested(key=key, at=now, entries=(entry,))]

    def cleared(self, state: State, message: SessionCleared, now: int) -> Step[State]:
        """Commit the contracts of a session, if it made any."""
        entries = anchors.terms(self._community, message)
        key = f"terms/{message.session.id}"
        return state, [CommitRequested(key=key, at=now, entries=entries)] if entries else []

    def signed(self, state: State, message: TermsSigned, now: int) -> Step[State]:
        """Commit a version of an agreement that all its parties have signed."""
        entry = AgreementSigned(
            message.agreement, message.version, message.terms_hash, message.digest
        )
        key = f"agreement/{message.agreement}/{message.version}"
        return state, [CommitRequested(key=key, at=now, entries=(entry,))]

    def metered(self, state: State, message: DayMetered, now: int) -> Step[State]:
        """Work out the anchor of a day's readings; it goes on with the day's statements."""
        entry = self._root("readings", message.day, anchors.readings(message))
        waiting = {**state.waiting, message.day: entry}
        return msgspec.structs.replace(state, waiting=waiting), []

    def settled(self, state: State, message: DaySettled, now: int) -> Step[State]:
        """Commit a day: readings, statements, net positions."""
        entries = (
            state.waiting[message.day],
            self._root("statements", message.day, anchors.statements(message)),
            anchors.settled(self._community, message),
        )
        waiting = {day: entry for day, entry in state.waiting.items() if day != message.day}
        request = CommitRequested(key=f"{DAY}{message.day}", at=now, entries=entries)
        return msgspec.structs.replace(state, waiting=waiting), [request]

    def _root(self, kind: str, period: str, values: Ints) -> Entry:
        return anchors.rooted(self._community, kind, period, values, self._secrets)

    def committed(self, state: State, message: Committed, now: int) -> Step[State]:
        """Note where the ledger stands."""
        days = state.days + message.key.startswith(DAY)
        return msgspec.structs.replace(state, latest=message.receipt, days=days), []

    def refused(self, state: State, message: CommitRefused, now: int) -> Step[State]:
        """Note what the ledger would not take."""
        return msgspec.structs.replace(state, refused=(*state.refused, message.key)), []

    def commit(self, state: State, message: CommitRequested) -> Sequence[Message]:
        """Effect: write to the ledger. The key makes a repeated attempt harmless."""
        if self._ledger is None:
            raise RuntimeError("a loop without a ledger cannot commit")
        answer = self._ledger.commit(message.key, message.entries, message.at)
        if isinstance(answer, Receipt):
            return [Committed(key=message.key, receipt=answer)]
        return [CommitRefused(key=message.key, reason=answer.reason)]
