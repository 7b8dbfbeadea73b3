"""What a paused run waits for: where it stands, and which sessions take orders."""

from __future__ import annotations

import shlex
from pathlib import Path

import msgspec

from gridpact.app import folder
from gridpact.app.orders.instants import local
from gridpact.app.record import Record
from gridpact.market.messages import Session, SessionCleared, SessionOpened
from gridpact.registry.model import Community


class OpenSession(msgspec.Struct, frozen=True):
    """A session that takes orders; instants by the community's clock, slots first and last."""

    session: str
    mechanism: str
    gate: str
    first_slot: str
    last_slot: str


class Waiting(msgspec.Struct, frozen=True):
    """A paused run: ``at`` is the instant up to which all is done, by the community's clock."""

    name: str
    folder: str
    at: str
    timezone: str
    days_settled: int
    days: int
    sessions: tuple[OpenSession, ...]
    state_hash: str

    @property
    def lines(self) -> list[str]:
        """What a person needs to know to go on."""
        settled = f"{self.days_settled} of {self.days} days settled"
        place = shlex.quote(self.folder)
        return [
            f"{self.name} waits at {self.at} ({self.timezone}); {settled}",
            *(self._session(each) for each in self.sessions),
            *([] if self.sessions else ["No session takes orders now."]),
            f"State      {self.state_hash[:16]}…",
            f"Order      gridpact order place {place} --help",
            f"Go on      {folder.resuming(Path(self.folder))}",
        ]

    @staticmethod
    def _session(each: OpenSession) -> str:
        slots = f"slots {each.first_slot} to {each.last_slot}"
        return f"Open       {each.session}, {each.mechanism}, gate {each.gate}, {slots}"


def open_sessions(record: Record) -> list[Session]:
    """Sessions that were opened and not yet cleared, the next gate first."""
    done = {each.session.id for each in record.all(SessionCleared)}
    found = [each.session for each in record.all(SessionOpened) if each.session.id not in done]
    return sorted(found, key=lambda session: (session.gate, session.id))


def waiting(path: Path) -> Waiting:
    """Tell where a paused run stands; BadInput where the folder's run does not wait."""
    paused, record = folder.paused(path), folder.record(path)
    community = record.opening().community
    return Waiting(
        name=community.name,
        folder=str(path),
        at=paused.local,
        timezone=community.timezone,
        days_settled=paused.result.days,
        days=folder.manifest(path).days,
        sessions=tuple(_open(community, session) for session in open_sessions(record)),
        state_hash=paused.result.state_hash,
    )


def _open(community: Community, session: Session) -> OpenSession:
    zone, window = community.timezone, session.window
    return OpenSession(
        session=session.id,
        mechanism=community.market.trading(session.kind).mechanism,
        gate=local(session.gate, zone),
        first_slot=local(window.start, zone),
        last_slot=local(window.end - window.step, zone),
    )
