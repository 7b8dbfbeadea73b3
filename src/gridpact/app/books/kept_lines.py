"""Lines of a run on disk: held against their hash column by column, then read owner by owner."""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Container
from pathlib import Path

import msgspec
import numpy as np

from gridpact.base.errors import StoreError
from gridpact.base.units import Ints
from gridpact.settlement.invoices.numbering import Numbering
from gridpact.settlement.lines import COLUMNS, Head, Lines


class KeptLines:
    """All lines of a run, in their order, of which those of one owner are read at a time.

    Memory is bounded by a column. Raises StoreError where lines are not those that were
    ``booked``, by their digest, and a PolarsError or OSError where the file cannot be read.
    """

    def __init__(self, path: Path, heads: tuple[Head, ...], owners: tuple[str, ...], booked: str):
        self._path, self.heads, self.owners = path, heads, owners
        found = hashlib.sha256(msgspec.json.encode((heads, owners)))
        for name in COLUMNS:
            column = self._column(name)
            found.update(np.ascontiguousarray(column, dtype="<i8").data)
            if name == "owner":
                counted = np.bincount(column, minlength=len(owners)) if len(column) else ()
                self._edges = np.append(0, np.cumsum(counted, dtype=np.int64))
        if found.hexdigest() != booked:
            problem = f"{path.stem} of the run are not as they were booked"
            raise StoreError(f"{path.parent}: {problem}; look into it: gridpact books verify")

    def row(self, owner: str) -> int | None:
        """Return the row of an owner, None for one who has no lines."""
        at = bisect_left(self.owners, owner)
        return at if self.owners[at : at + 1] == (owner,) else None

    def of(self, owner: str) -> Lines:
        """Return the lines of one owner, who is the only one; none for one who has none."""
        import polars as pl

        row = self.row(owner)
        if row is None:
            return Lines(self.heads, (owner,), *[np.zeros(0, np.int64)] * len(COLUMNS))
        first, end = self._edges[row : row + 2].tolist()
        frame = pl.scan_parquet(self._path).slice(first, end - first).collect()
        columns = {name: frame[name].to_numpy().astype(np.int64) for name in COLUMNS}
        columns["owner"] = np.zeros(len(frame), np.int64)
        return Lines(self.heads, (owner,), **columns)

    def numbering(self, members: Container[str]) -> Numbering:
        """Return the numbers of the documents that state the lines, where none were before."""
        head, owner, minor = (self._column(name) for name in ("head", "owner", "minor"))
        return Numbering(self.heads, members, len(self.owners), (head, owner, minor))

    def _column(self, name: str) -> Ints:
        import polars as pl

        column = pl.read_parquet(self._path, columns=[name])[name]
        return column.to_numpy().astype(np.int64, copy=False)
