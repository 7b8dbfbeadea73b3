"""What a run's ledger must hold, worked out again from the evidence in the run's journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, NamedTuple

from msgspec import UNSET

from gridpact.agreements.messages import ProposeAgreement, TermsSigned
from gridpact.agreements.typed_data import digest
from gridpact.app.record import Record
from gridpact.base.slots import Slots
from gridpact.base.units import Ints
from gridpact.contracts.canonical import keccak256
from gridpact.kernel.messages import Message
from gridpact.ledger import anchors
from gridpact.ledger.at_once import READINGS, SCHEDULES
from gridpact.ledger.entries import Entry
from gridpact.ledger.executions import delivered, executions, ordered
from gridpact.ledger.handlers import DAY
from gridpact.ledger.kinds.terms import AgreementSigned
from gridpact.ledger.leaves import demonstration_secrets
from gridpact.market.messages import GateClosed, SessionCleared, SessionOpened
from gridpact.market.trades import terms_hashes, traders
from gridpact.metering.messages import DayMetered
from gridpact.scheduling.messages import (
    DispatchIssued,
    ScheduleRevised,
    ScheduleSolved,
    TelemetryReceived,
)
from gridpact.settlement.messages import DaySettled


class Held(NamedTuple):
    """A message that a leaf's values follow from, and the name of their period."""

    period: str
    message: Message


class Hashes(NamedTuple):
    """Hashes of the terms that one entry commits, and the row of the member whose each is."""

    entry: Entry
    hashes: list[bytes]
    members: list[int]


class Evidence:
    """The journal of one run, asked what follows from it.

    Keys are those that entries are committed under.
    """

    def __init__(self, record: Record) -> None:
        self._record, self._opening = record, record.opening()
        self.community = self._opening.community
        self.secrets = demonstration_secrets(self._opening.seed, self.community.members.ids)
        self.at_once = self.community.commits is not UNSET

    def held(self, kind: str) -> dict[str, Held]:
        """Return what there is of a kind of leaves, by its period."""
        found: dict[str, Held] = {}
        for message, name in _NAMED[kind].items():
            if self.at_once or (kind, message) not in _AT_ONCE:
                for each in self._record.all(message):
                    found[name(each)] = Held(name(each), each)
        return found

    def values(self, kind: str, held: Held) -> Ints:
        """Return the values of the leaves of all members, int64 [members, …]."""
        match kind, held.message:
            case "executions", DayMetered() as day:
                return self._executions(day.slots)
            case "readings", DayMetered() as day:
                return anchors.readings(day)
            case "statements", DaySettled() as settled:
                return anchors.statements(settled)
            case "schedules", (ScheduleSolved() | ScheduleRevised()) as solved:
                return anchors.schedules(solved)
        raise TypeError(f"{type(held.message).__name__} holds no {kind}")

    def _executions(self, slots: Slots) -> Ints:
        starts, told, done = slots.starts().tolist(), self._told, self._reported
        return executions(
            self.community,
            slots,
            {at: ordered(self.community, told[at]) for at in starts if at in told},
            {at: delivered(self.community, done[at]) for at in starts if at in done},
        )

    @cached_property
    def _told(self) -> dict[int, DispatchIssued]:
        return {each.slot: each for each in self._record.all(DispatchIssued)}

    @cached_property
    def _reported(self) -> dict[int, TelemetryReceived]:
        return {each.slot: each for each in self._record.all(TelemetryReceived)}

    def leaves(self, kind: str, held: Held) -> list[bytes]:
        """Return the leaves of all members."""
        values = self.values(kind, held)
        return anchors.of_members(self.community, kind, held.period, values, self.secrets)

    def key(self, kind: str, period: str) -> str:
        """Return what leaves of a kind are committed under."""
        if kind == "schedules":
            return f"{SCHEDULES}{period}"
        return f"{DAY if kind == 'statements' or not self.at_once else READINGS}{period}"

    def terms(self) -> dict[str, Hashes]:
        """Return the hashes of contracts by session, with those that members joined by."""
        found = {}
        if self.at_once:
            hashes = anchors.standing_hashes(self.community)
            (entry,) = anchors.standing(self.community)
            found[anchors.STANDING] = Hashes(entry, hashes, list(range(len(hashes))))
        for cleared in self._record.all(SessionCleared):
            for entry in anchors.terms(self.community, cleared):
                hashes = terms_hashes(self.community, cleared)
                found[cleared.session.id] = Hashes(entry, hashes, traders(cleared).tolist())
        return found

    def expected(self) -> dict[str, tuple[Entry, ...]]:
        """Return all that must have been committed, by key."""
        found: dict[str, tuple[Entry, ...]] = {
            "participants": anchors.authorisations(self.community),
            **{f"terms/{name}": (each.entry,) for name, each in self.terms().items()},
            **{key: (entry,) for key, entry in self.agreements()},
        }
        for kind in _NAMED:
            for period, held in self.held(kind).items():
                if self._due(kind, held):
                    key, leaves = self.key(kind, period), self.leaves(kind, held)
                    entry = anchors.anchored(self.community, kind, period, leaves)
                    found[key] = (*found.get(key, ()), entry)
        for day in self._record.all(DaySettled):
            key = self.key("statements", day.day)
            found[key] = (*found[key], anchors.settled(self.community, day))
        return found

    def _due(self, kind: str, held: Held) -> bool:
        """Tell whether the moment has come to commit something."""
        if self.at_once and isinstance(held.message, ScheduleSolved):
            return held.period not in self._waiting
        return self.at_once or kind != "readings" or held.period in self._settled

    @cached_property
    def _waiting(self) -> set[str]:
        """Sessions whose gate has yet to close."""
        opened = {each.session.id for each in self._record.all(SessionOpened)}
        return opened - {each.session for each in self._record.all(GateClosed)}

    @cached_property
    def _settled(self) -> set[str]:
        return {each.day for each in self._record.all(DaySettled)}

    def agreements(self) -> Iterator[tuple[str, Entry]]:
        """Yield versions that were signed, with their hashes worked out from what was offered."""
        offered = [each.agreement for each in self._record.all(ProposeAgreement)]
        digests = {digest(agreement): agreement for agreement in offered}
        named = {(agreement.id, agreement.version): agreement for agreement in offered}
        for signed in self._record.all(TermsSigned):
            name, version = signed.agreement, signed.version
            agreement = digests.get(signed.digest) or named[name, version]
            entry = AgreementSigned(name, version, keccak256(agreement.terms), digest(agreement))
            yield f"agreement/{name}/{version}", entry


_Name = Callable[[Any], str]
_NAMED: dict[str, dict[type[Message], _Name]] = {
    "readings": {DayMetered: lambda each: each.day},
    "executions": {DayMetered: lambda each: each.day},
    "statements": {DaySettled: lambda each: each.day},
    "schedules": {
        ScheduleSolved: lambda each: each.session,
        ScheduleRevised: lambda each: each.name,
    },
}
_AT_ONCE = {("executions", DayMetered), ("schedules", ScheduleRevised)}
"""What only a ledger that is told of everything at its own moment holds."""
