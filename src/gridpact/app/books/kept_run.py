"""A run of a book read as far as it is asked for: what it made of one owner, or of all.

What is opened is held against its hash first. A run of very many members is opened in bounded
memory, and what it made of one of them is read from a few groups of rows.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.books.kept import Heading, Made, damage_told, read_run, read_series, sharing_of
from gridpact.app.books.kept_lines import KeptLines
from gridpact.app.books.kept_members import KeptRules
from gridpact.base.errors import StoreError
from gridpact.base.units import Ints
from gridpact.contracts.evaluate import Known
from gridpact.settlement.invoices.numbering import Numbering
from gridpact.settlement.lines import Head
from gridpact.settlement.periods.energy import SOURCES
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run


class _Opening(msgspec.Struct, frozen=True):
    """What is read first of a run's heading: what it booked is there twice for most runs."""

    run: Run
    readings: str
    sharing: str
    heads: tuple[Head, ...]
    owners: tuple[str, ...]


class KeptRun:
    """A run that was booked. Raises StoreError where it is not as it was booked."""

    def __init__(self, folder: Path, run: Run) -> None:
        self.folder, self.run = folder, run
        with damage_told(folder):
            opening = msgspec.json.decode((folder / "run.json").read_bytes(), type=_Opening)
            if opening.run.hash != run.hash:
                raise StoreError(f"{folder}: the run is another than was booked")
            self.readings, self.sharing = opening.readings, sharing_of(folder, opening.sharing)
            path, named = folder / "lines.parquet", (opening.heads, opening.owners)
            self.lines = KeptLines(path, *named, run.lines)
            self._rules = KeptRules(folder)

    @cached_property
    def booked(self) -> KeptLines:
        """What the run added to the runs before it; an initial run booked all of its lines."""
        if self.run.booked == self.run.lines:
            return self.lines
        with damage_told(self.folder):
            text = (self.folder / "run.json").read_bytes()
            heading = msgspec.json.decode(text, type=Heading)
            named = heading.booked_heads, heading.booked_owners
            return KeptLines(self.folder / "booked.parquet", *named, self.run.booked)

    @property
    def rules(self) -> Rules:
        """Rules of the run with one of its members."""
        with damage_told(self.folder):
            return msgspec.structs.replace(self._rules.bare, members=(self._rules.member(0),))

    @cached_property
    def numbering(self) -> Numbering:
        """Numbers of the run's documents where it is the first of its period to be invoiced."""
        with damage_told(self.folder):
            return self.lines.numbering(())  # no party is a member

    @cached_property
    def whole(self) -> Made:
        """The run with all of its members and lines."""
        found = read_run(self.folder)
        if found.run.hash != self.run.hash:
            raise StoreError(f"{self.folder}: the run is another than was booked")
        return found

    def member(self, name: str) -> int | None:
        """Return the row of a member in the run's rules, None for who is none."""
        with damage_told(self.folder):
            return self._rules.row(name)

    def of(self, owner: str) -> Made:
        """Return what the run made of one owner, as if there were nobody else.

        Its rules have the owner as their only member, where it is one.
        """
        with damage_told(self.folder):
            row = self._rules.row(owner)
            members = () if row is None else (self._rules.member(row),)
            prices, own = read_series(self.folder / "series.parquet", owner)
            return Made(
                run=self.run,
                rules=msgspec.structs.replace(self._rules.bare, members=members, groups=()),
                readings=self.readings,
                prices=prices,
                own={name: _row(some[owner]) for name, some in own.items()},
                sharing=self.sharing,
                lines=self.lines.of(owner),
                booked=self.booked.of(owner),
                energy_wh=self._energy(row),
            )

    def _energy(self, row: int | None) -> Ints:
        import polars as pl

        if row is None:
            return np.zeros((len(SOURCES), 0), np.int64)
        frame = pl.scan_parquet(self.folder / "energy.parquet").slice(row, 1).collect()
        return np.asarray(frame.to_numpy().T, np.int64)


def _row(known: Known) -> Known:
    return Known(known.values[None], known.present[None])
