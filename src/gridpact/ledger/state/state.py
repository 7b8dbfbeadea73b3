"""The state of a ledger of authorities."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from gridpact.ledger.state.tables import Log, Table

Status: TypeAlias = Literal["authorised", "suspended", "barred", "erased"]
Problem: TypeAlias = tuple[str, str, str]  # field, what is wrong, how to mend it
Problems: TypeAlias = "tuple[Problem, ...]"
FINE: Problems = ()
ANYBODY = "*"
"""Subject under which a period is closed that is closed for anybody; no identifier."""


class Participant(msgspec.Struct, frozen=True):
    """How a participant stands; an empty key or wallet is none."""

    status: Status
    roles: tuple[str, ...]
    key: bytes = b""
    wallet: bytes = b""

    @property
    def acts(self) -> bool:
        """Whether the participant may do anything now."""
        return self.status == "authorised" and bool(self.roles)


class Attestation(msgspec.Struct, frozen=True):
    """What is attested of an asset, to whom and until when [epoch s]; ended early or not."""

    holder: str
    subject: str
    until: int
    ended: str = ""


class Agreement(msgspec.Struct, frozen=True):
    """The latest version of an agreement, and when it ended [epoch s], if it has."""

    revision: int
    form: bytes
    digest: bytes
    parties: tuple[str, ...]
    ended: int | None = None


class Issue(msgspec.Struct, frozen=True):
    """A certificate as it was issued [Wh], and what of it has ended by now [Wh]."""

    device: str
    period: str
    source: str
    energy_wh: int
    ended_wh: int = 0


class Patch(msgspec.Struct, frozen=True):
    """A patch: proposed, active or undone."""

    content: bytes
    status: Literal["proposed", "active", "undone"] = "proposed"


class State:
    """Tables that entries fold into; nothing outside this package writes to them."""

    def __init__(self) -> None:
        log = self.log = Log()
        self.size = 0
        self.settings: Table[str, int] = Table(log)
        self.authorities: Table[str, bytes] = Table(log)
        self.sealed_by: Table[bytes, str] = Table(log)
        self.sequences: Table[str, int] = Table(log)
        self.participants: Table[str, Participant] = Table(log)
        self.attestations: Table[tuple[str, bytes], Attestation] = Table(log)
        self.forms: Table[bytes, bool] = Table(log)
        self.agreements: Table[str, Agreement] = Table(log)
        self.sessions: Table[str, int] = Table(log)
        self.anchors: Table[tuple[str, str, str], bytes] = Table(log)
        self.closed: Table[tuple[str, str], int] = Table(log)
        self.issues: Table[str, Issue] = Table(log)
        self.certified: Table[tuple[str, str], str] = Table(log)
        self.holdings: Table[tuple[str, str], int] = Table(log)
        self.supply: Table[str, int] = Table(log)
        self.balances: Table[tuple[str, str], int] = Table(log)
        self.payments: Table[tuple[str, str], int] = Table(log)
        self.patches: Table[str, Patch] = Table(log)
        self.approvals: Table[tuple[str, str], tuple[str, ...]] = Table(log)

    @property
    def founded(self) -> bool:
        """Whether authorities keep this ledger; else one key does, and nothing is asked of acts."""
        return bool(self.authorities)

    def seat(self, name: str, key: bytes) -> None:
        """Let an authority stand; its key stays known when it stands no more."""
        self.authorities.put(name, key)
        self.sealed_by.put(key, name)

    @property
    def quorum(self) -> int:
        """How many authorities decide together."""
        return self.settings.rows["quorum"]

    @property
    def skew_s(self) -> int:
        """How far clocks may be apart [s]."""
        return self.settings.rows["skew_s"]

    @property
    def sealers(self) -> frozenset[bytes]:
        """Keys of the authorities that stand: each may seal the next block."""
        return frozenset(self.authorities.rows.values())

    def key_of(self, name: str) -> bytes:
        """Key of an authority, or of a participant who may act; empty where there is none."""
        authority = self.authorities.get(name)
        if authority is not None:
            return authority
        found = self.participants.get(name)
        return found.key if found is not None and found.acts else b""

    def is_closed(self, subject: str, period: str) -> bool:
        """Whether a period, or one that it lies in (its month, its year), is final."""
        parts = period.split("-")
        wider = ("-".join(parts[: n + 1]) for n in range(len(parts)))
        return any((subject, each) in self.closed for each in wider)
