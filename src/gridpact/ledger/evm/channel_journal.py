"""The journal of channels: what was opened, given and taken, on disk before it counts.

Records stand one after the other: a letter, as many bytes as the letter says, and the first eight
bytes of their SHA-256. A record that a crash cut short at the end was never acted on, and is
dropped; any other that does not hold is damage.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import IO, NamedTuple

from gridpact.base.errors import JournalDamaged, StoreError
from gridpact.base.files import synced
from gridpact.ledger.evm.channels import SIGNED_BYTES, TERMS_BYTES

OPENED, GIVEN, TAKEN = b"O", b"G", b"T"
LENGTHS = {OPENED: TERMS_BYTES, GIVEN: SIGNED_BYTES, TAKEN: SIGNED_BYTES}
_SUM_BYTES = 8


class Record(NamedTuple):
    """One thing that happened: its letter and its bytes."""

    letter: bytes
    body: bytes

    def to_bytes(self) -> bytes:
        """Write it with its checksum."""
        data = self.letter + self.body
        return data + sha256(data).digest()[:_SUM_BYTES]


class Journal:
    """A file that only grows; each :meth:`keep` is one write and one fsync."""

    def __init__(self, path: Path) -> None:
        """Open or begin a journal; StoreError where it cannot be, JournalDamaged where broken."""
        self.path = path
        try:
            data = path.read_bytes() if path.exists() else b""
            self.records = list(self._read(data))
            whole = sum(len(each.to_bytes()) for each in self.records)
            self._file: IO[bytes] = path.open("r+b" if path.exists() else "w+b")
            self._file.truncate(whole)
            self._file.seek(whole)
            self._sync()
            synced(path.parent)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror or error}") from error

    def keep(self, records: Sequence[Record]) -> None:
        """Put records on disk, all of them, before this returns; StoreError where it cannot."""
        if not records:
            return
        try:
            self._file.write(b"".join(each.to_bytes() for each in records))
            self._sync()
        except (OSError, ValueError) as error:
            self.close()
            raise StoreError(f"{self.path}: {error}; open it again to go on") from error

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self, data: bytes) -> Iterator[Record]:
        at = 0
        while at < len(data):
            length = LENGTHS.get(data[at : at + 1])
            if length is None:
                raise self._damaged(at)
            end = at + 1 + length
            record = Record(data[at : at + 1], data[at + 1 : end])
            if end + _SUM_BYTES > len(data):
                return
            if record.to_bytes() != data[at : end + _SUM_BYTES]:
                raise self._damaged(at)
            yield record
            at = end + _SUM_BYTES

    def _damaged(self, at: int) -> JournalDamaged:
        return JournalDamaged(f"{self.path}: the record at byte {at} does not hold")
