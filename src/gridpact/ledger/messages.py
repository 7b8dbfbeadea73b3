"""Messages of the ledger."""

from __future__ import annotations

from typing import ClassVar

from gridpact.kernel.messages import Message
from gridpact.kernel.phases import Phase
from gridpact.ledger.entries import Entry
from gridpact.ledger.port import Receipt


class CommitRequested(Message, frozen=True, kw_only=True, tag="commit-requested"):
    """Put entries on the ledger under an idempotency key, at an instant [s since the epoch]."""

    phase: ClassVar[Phase] = Phase.LEDGER
    answer_phase: ClassVar[Phase] = Phase.LEDGER
    key: str
    at: int
    entries: tuple[Entry, ...]


class Committed(Message, frozen=True, kw_only=True, tag="committed"):
    """The ledger holds the entries of a key."""

    phase: ClassVar[Phase] = Phase.LEDGER
    key: str
    receipt: Receipt


class CommitRefused(Message, frozen=True, kw_only=True, tag="commit-refused"):
    """The ledger holds none of the entries of a key, for the reason given."""

    phase: ClassVar[Phase] = Phase.LEDGER
    key: str
    reason: str
