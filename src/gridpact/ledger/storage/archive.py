"""Entries that have left the operational database for segment files, which may lie anywhere.

Blocks stay: their hashes and signatures carry the chain, and their keys keep commits from being
repeated. So do the stored subtrees, the leaf hashes of the tile that the cut goes through, and the
entries of the first block, which say by whose authority the ledger is. With these, whatever came
later is proved without any segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.chain import EntryRow
from gridpact.ledger.merkle import HASH_BYTES
from gridpact.ledger.storage.port import SegmentRow
from gridpact.ledger.storage.segments import Segment


class Archive:
    """Finds segments in the folders that it is given, and reads entries from them."""

    def __init__(self, rows: Callable[[], list[SegmentRow]]) -> None:
        self._rows = rows
        self.segments: list[SegmentRow] = []
        self.folders: tuple[Path, ...] = ()
        self._open: dict[str, Segment] = {}

    @property
    def start(self) -> int:
        """Index of the first entry that has left."""
        return self.segments[0].first_index if self.segments else 0

    @property
    def end(self) -> int:
        """Index of the first entry after those that have left."""
        return self.segments[-1].size if self.segments else 0

    def overlaps(self, low: int, high: int) -> bool:
        """Tell whether any entry of a range has left."""
        return low < self.end and high > self.start

    def refreshed(self) -> Archive:
        """Look again at what has left, as another process may have moved it."""
        self.segments = self._rows()
        return self

    def given(self) -> bool:
        """Tell whether there are folders to look in."""
        return bool(self.folders)

    def segment(self, row: SegmentRow) -> Segment:
        """Open a segment's file; StoreError where it is in no folder, LedgerDamaged if another."""
        if row.file not in self._open:
            segment = Segment(self._found(row))
            about = segment.about
            if (about.first_height, about.size) != (row.first_height, row.size):
                segment.close()
                raise LedgerDamaged(
                    f"segment {segment.path}: holds blocks {about.first_height} to "
                    f"{about.last_height}: another segment stands in its place"
                )
            self._open[row.file] = segment
        return self._open[row.file]

    def _found(self, row: SegmentRow) -> Path:
        for path in (folder / row.file for folder in self.folders):
            if path.exists():
                return path
        where = f"is missing in {', '.join(map(str, self.folders))}"
        raise StoreError(
            f"segment {row.file} (entries {row.first_index} to {row.size - 1}) "
            f"{where if self.folders else 'has left the ledger'}; name the folder that holds it"
        )

    def check(self, name: str, authority: str) -> None:
        """Check every segment's file: found, of this ledger, and not a byte other than written."""
        for row in self.segments:
            segment = self.segment(row)
            if (segment.about.name, segment.about.authority) != (name, authority):
                raise LedgerDamaged(
                    f"segment {segment.path}: is of ledger {segment.about.name}, "
                    f"{segment.about.authority}, not of this one"
                )

    def check_bytes(self) -> None:
        """Check every segment's SHA-256, after its content was found to hold."""
        for row in self.segments:
            segment = self.segment(row)
            if segment.digest() != row.digest:
                raise LedgerDamaged(
                    f"segment {segment.path}: was edited, its SHA-256 is not {row.digest.hex()}"
                )

    def entry_rows(self, low: int, high: int) -> list[EntryRow]:
        """Return entries that have left."""
        return [
            entry
            for row in self._overlapping(low, high)
            for entry in self.segment(row).entry_rows(low, high)
        ]

    def leaves(self, low: int, high: int) -> list[bytes]:
        """Return leaf hashes of entries that have left; those of the tile at the cut are kept."""
        last = self.segments[-1]
        start = last.size - len(last.tail) // HASH_BYTES
        if low >= start:
            return [last.tail[(at - start) * HASH_BYTES :][:HASH_BYTES] for at in range(low, high)]
        return [row.leaf_hash for row in self.entry_rows(low, high)]

    def entries(self) -> Iterator[EntryRow]:
        """Stream all entries that have left, where folders are given."""
        if self.folders:
            for row in self.segments:
                yield from self.segment(row).entries()

    def close(self) -> None:
        """Close the files."""
        for segment in self._open.values():
            segment.close()
        self._open.clear()

    def _overlapping(self, low: int, high: int) -> Sequence[SegmentRow]:
        return [row for row in self.segments if row.first_index < high and row.size > low]
