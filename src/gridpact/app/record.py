"""The record of a run: its journal read back, message by message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from gridpact.app.vocabulary import VOCABULARY
from gridpact.base.errors import JournalDamaged, StoreError
from gridpact.kernel.codec import Codec
from gridpact.kernel.journal import Journal, Row
from gridpact.kernel.messages import Message
from gridpact.registry.messages import CommunityOpened

M = TypeVar("M", bound=Message)


@dataclass(frozen=True)
class Kept:
    """One message with its journal row number and the instant it was handled [s since epoch]."""

    seq: int
    time: int
    message: Message


def _decode(codec: Codec, row: Row) -> Message:
    """Read one row; JournalDamaged where it is no message of this gridpact."""
    try:
        return codec.decode(row.body)
    except msgspec.MsgspecError as error:
        raise JournalDamaged(
            f"journal row {row.seq} ({row.kind}) cannot be read: {error}; "
            "it was altered, or written by a newer gridpact"
        ) from error


def opening_of(journal: Journal) -> CommunityOpened:
    """Read the first message alone; StoreError where the journal does not begin with it."""
    found = _decode(Codec(VOCABULARY), journal.row(0)) if journal.height else None
    if not isinstance(found, CommunityOpened):
        raise StoreError("the journal is empty: the run was stopped before it began")
    return found


class Record:
    """All messages of a journal, decoded once and grouped by type, in journal order.

    ``latest`` is when the last one was handled [s since the epoch].
    """

    def __init__(self, journal: Journal) -> None:
        codec = Codec(VOCABULARY)
        self._kept: dict[type[Message], list[Kept]] = {}
        self.rows = self.latest = 0
        for row in journal.rows():
            message = _decode(codec, row)
            self._kept.setdefault(type(message), []).append(Kept(row.seq, row.time, message))
            self.rows += 1
            self.latest = max(self.latest, row.time)
        self.head = journal.head

    def all(self, kind: type[M]) -> list[M]:
        """Return every message of a type."""
        return [kept.message for kept in self.kept(kind) if isinstance(kept.message, kind)]

    def kept(self, kind: type[Message]) -> list[Kept]:
        """Return every message of a type with its row number and time."""
        return self._kept.get(kind, [])

    def opening(self) -> CommunityOpened:
        """Return the first message; StoreError where the journal has none."""
        found = self.all(CommunityOpened)
        if not found:
            raise StoreError("the journal is empty: the run was stopped before it began")
        return found[0]
