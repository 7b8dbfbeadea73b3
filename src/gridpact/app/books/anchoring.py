"""Runs of a book on a ledger of authorities: what is anchored, kept beside it, and proved."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gridpact.app.books.branches import PART, branches, name_of, operator_of
from gridpact.app.books.folder import RUNS, Book
from gridpact.app.books.kept import damage_told, folder_of
from gridpact.app.books.remaking import Remade, remade
from gridpact.app.ledgers.opened import AnyLedger
from gridpact.base.errors import BadInput, Fault
from gridpact.base.files import synced, write_whole
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import PeriodClosed, RootAnchored
from gridpact.ledger.merkle import root
from gridpact.settlement.lines import Lines, received
from gridpact.settlement.runs.run import Run

KEPT = "leaves.parquet"
Leaves = dict[tuple[str, str], dict[str, bytes]]
"""Leaves by kind and period of their root, then by subject, in order."""


class Anchoring(NamedTuple):
    """What is to be put on a ledger, of which runs, and the leaves under its roots by run."""

    runs: tuple[Run, ...]
    entries: tuple[Entry, ...]
    leaves: dict[int, Leaves]

    @property
    def closed(self) -> tuple[str, ...]:
        """Periods that are closed by it."""
        return tuple(each.period for each in self.entries if isinstance(each, PeriodClosed))

    def keep(self, book: Book) -> None:
        """Keep the leaves with their runs, by which a difference is found later."""
        for number, leaves in self.leaves.items():
            _write(folder_of(book.folder / RUNS, number) / KEPT, leaves)


class Held(NamedTuple):
    """What a ledger holds of a subject: its newest roots and net positions, with their places.

    ``net`` is by period and currency.
    """

    roots: dict[tuple[str, str], tuple[int, RootAnchored]]
    net: dict[tuple[str, str], NetSettled]


def held(ledger: AnyLedger, subject: str) -> Held:
    """Read what a ledger holds of a subject."""
    found = Held({}, {})
    for place, entry in enumerate(ledger.entries()):
        if isinstance(entry, RootAnchored) and entry.subject == subject:
            found.roots[entry.kind, entry.period] = place, entry
        elif isinstance(entry, NetSettled):
            found.net[entry.period, entry.currency] = entry
    return found


def anchoring(
    book: Book,
    ledger: AnyLedger,
    secrets: Mapping[str, bytes],
    period: str | None = None,
    *,
    close: bool = False,
) -> Anchoring:
    """Work out what of a book is not on the ledger yet: of one period, or of all.

    A final run closes its period, and so does ``close``. BadInput where a period is final on the
    ledger already, where a secret is not there, or where the rules name no operator.
    """
    subject = subject_of(book)
    there = held(ledger, subject).roots
    runs = tuple(r for r in book.runs(period) if ("statements", name_of(r)) not in there)
    closed = [run for run in runs if ledger.state().is_closed(subject, run.period)]
    if closed:
        fix = "what comes later belongs in a period that is open"
        raise BadInput(
            Fault(str(book.folder), 0, f"run {run.number}", f"{run.period} is final", fix)
            for run in closed
        )
    entries, leaves = list[Entry](), {}
    for run in runs:
        again = remade(book, book.made(run))
        leaves[run.number] = leaves_of(again, secrets, subject)
        entries += _rooted(leaves[run.number], subject)
        entries += positions(run, again.booked)
    final = [run.period for run in runs if close or run.kind == "final"]
    if close and not runs:
        open_ = {r.period for r in book.runs(period)}
        final = sorted(p for p in open_ if not ledger.state().is_closed(subject, p))
    entries += [PeriodClosed(subject, name) for name in dict.fromkeys(final)]
    return Anchoring(runs, tuple(entries), leaves)


def subject_of(book: Book) -> str:
    """Return whose roots a book anchors: those of the operator that its rules name."""
    found = operator_of(book.rules().rules)
    if not found:
        fix = "give one party the role operator: it stands on the ledger"
        raise BadInput([Fault(book.rules().file, 0, "parties", "there is no operator", fix)])
    return found


def leaves_of(again: Remade, secrets: Mapping[str, bytes], operator: str) -> Leaves:
    """Return all leaves of a run; BadInput lists everybody whose secret is not there."""
    found: Leaves = {}
    lacking = set[str]()
    for branch in branches(again):
        leaves = branch.leaves(secrets, operator)
        lacking |= {operator if s.startswith(PART) else s for s, leaf in leaves.items() if not leaf}
        found[branch.kind, branch.period] = {s: leaf for s, leaf in leaves.items() if leaf}
    if lacking:
        fix = "let it lend its secret: gridpact member space lend, or draw one with --draw"
        raise BadInput(
            Fault("custody", 0, name, "there is no secret", fix) for name in sorted(lacking)
        )
    return found


def positions(run: Run, booked: Lines) -> Iterator[NetSettled]:
    """Yield what everybody receives by what a run booked [minor units], currency by currency."""
    for currency, table in sorted(received(booked).items()):
        yield NetSettled(name_of(run), currency, tuple(sorted(table.items())))


def _rooted(leaves: Leaves, subject: str) -> Iterator[RootAnchored]:
    for (kind, period), found in leaves.items():
        yield RootAnchored(kind, subject, period, len(found), root(list(found.values())))


def kept(book: Book, run: Run) -> Leaves:
    """Return the leaves that were kept of a run; none where the file is not there.

    StoreError where it is damaged.
    """
    import polars as pl

    folder = folder_of(book.folder / RUNS, run.number)
    if not (folder / KEPT).exists():
        return {}
    found: Leaves = {}
    with damage_told(folder):
        for kind, period, subject, leaf in pl.read_parquet(folder / KEPT).iter_rows():
            found.setdefault((kind, period), {})[subject] = leaf
    return found


def _write(path: Path, leaves: Leaves) -> None:
    import polars as pl

    rows = [(*key, subject, leaf) for key, some in leaves.items() for subject, leaf in some.items()]
    columns = {"kind": pl.String, "period": pl.String, "subject": pl.String, "leaf": pl.Binary}
    data = io.BytesIO()
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(data, compression="zstd")
    with damage_told(path.parent):
        write_whole(path, data.getvalue())
        synced(path.parent)
