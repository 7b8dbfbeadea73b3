"""Rows of any database, given their types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias, TypeVar

import msgspec

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.chain import Block, EntryRow
from gridpact.ledger.storage.port import SegmentRow, SnapshotRow

Row: TypeAlias = Sequence[object]
BLOCK_COLUMNS = ", ".join(Block.__struct_fields__)
_Row = TypeVar("_Row", Block, EntryRow, SegmentRow, SnapshotRow)
_NAMES = {Block: "block", EntryRow: "entry", SegmentRow: "segment", SnapshotRow: "snapshot"}


def typed(rows: Iterable[Row], kind: type[_Row]) -> Iterator[_Row]:
    """Give rows their types; a value of another type than was written is damage."""
    for row in rows:
        try:
            yield msgspec.convert(row, kind, builtin_types=(bytes,))
        except msgspec.ValidationError as error:
            raise LedgerDamaged(f"{_NAMES[kind]} {row[0]}: {error}") from error
