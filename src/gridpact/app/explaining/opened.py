"""A book opened to be explained: its journal, and what is asked for of runs and documents."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.books.folder import Book
from gridpact.app.books.journal import Entry
from gridpact.app.books.kept import Made
from gridpact.app.explaining.sources import RunReadings
from gridpact.app.invoicing.issuing import KIND, Batch, Issued, batches
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.settlement.invoices.document import Document, Item
from gridpact.settlement.invoices.issuing import First, numbered
from gridpact.settlement.lines import Lines
from gridpact.settlement.lines import digest as lines_digest
from gridpact.settlement.runs.run import Run

_SHOWN = 12


class Found(msgspec.Struct, frozen=True):
    """An invoice line: its document, the one that states it, and with what that was issued.

    ``stating`` is another document than ``document`` only where that is a credit note.
    """

    document: Document
    stating: Document
    item: Item
    batch: Batch


class Opened:
    """A book, with what was read of it so far; what is asked for twice is read once."""

    def __init__(self, folder: Path) -> None:
        self.book = Book.open(folder)
        self.damage = self.book.journal.damage()
        self.entries = {entry.number: entry for entry in self.book.journal.entries()}
        self.runs: dict[int, Run] = {}
        self.entry_of_run: dict[int, Entry] = {}
        self.issued: list[tuple[Entry, Issued]] = []
        for entry in self.entries.values():
            if entry.kind == "run":
                run = msgspec.json.decode(entry.body, type=Run)
                self.runs[run.number], self.entry_of_run[run.number] = run, entry
            elif entry.kind == KIND:
                self.issued.append((entry, msgspec.json.decode(entry.body, type=Issued)))
        self._made: dict[int, Made] = {}
        self._batches: dict[str, list[Batch]] = {}
        self._readings: dict[int, RunReadings] = {}
        self._rows: dict[int, dict[str, int]] = {}

    def made(self, number: int) -> Made:
        """Return a run with what it was made of; StoreError where it is not as it was booked."""
        if number not in self._made:
            run = self.runs[number]
            made = self.book.made(run)
            for name, kept, booked in (
                ("lines", made.lines, run.lines),
                ("corrections", made.booked, run.booked),
            ):
                if lines_digest(kept) != booked:
                    problem = f"{name} of run {number} are not as they were booked"
                    fix = "look into it: gridpact books verify"
                    raise StoreError(f"{self.book.folder}: {problem}; {fix}")
            self._made[number] = made
        return self._made[number]

    def member(self, number: int, name: str) -> int | None:
        """Return the row of a member in the rules of a run, None for who is none."""
        if number not in self._rows:
            members = self.made(number).rules.members
            self._rows[number] = {member.id: row for row, member in enumerate(members)}
        return self._rows[number].get(name)

    def readings(self, number: int) -> RunReadings:
        """Return the readings of a run; raises as opening them does."""
        if number not in self._readings:
            self._readings[number] = RunReadings(self.book.folder, self.made(number))
        return self._readings[number]

    def runs_of(self, period: str, last: int) -> list[Run]:
        """Return the runs of a period up to one of them."""
        return [run for run in self.runs.values() if run.period == period and run.number <= last]

    def find(self, line: str) -> Found:
        """Find an invoice line by the name ``NUMBER/LINE``; BadInput where there is none."""
        number, _, place = line.rpartition("/")
        document, stating, batch = self.document(number or place)
        names = ", ".join(f"{item.id} {item.name}" for item in document.items[:_SHOWN])
        fix = f"{document.number} has the lines {names}: write {document.number}/1"
        item = next((each for each in document.items if str(each.id) == place), None)
        if item is None or not number:
            problem = f"has no line {place[:32]!r}" if number else "is a document, not a line of it"
            raise BadInput([fault(document.number, problem, fix)])
        return Found(document, stating, item, batch)

    def document(self, number: str) -> tuple[Document, Document, Batch]:
        """Return a document, the one that states its lines, and with what that was issued.

        They are two where it is a credit note. BadInput where there is no such document.
        """
        batch, document = self._document(number)
        if not document.credit:
            return document, document, batch
        batch, stating = self._document(document.refers)
        return document, stating, batch

    def issue_entry(self, issued: Issued) -> Entry:
        """Return the journal's entry on documents that were issued together."""
        return next(entry for entry, each in self.issued if each == issued)

    def _document(self, name: str) -> tuple[Batch, Document]:
        issuer, _, text = name.rpartition("-")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
        for _, issued in self.issued:
            after = number - issued.counts.get(issuer, 0)
            if 0 < after <= issued.added.get(issuer, 0) and numbered(issuer, number) == name:
                for batch in self._of_period(issued.period):
                    found = _in(batch, issuer, number) if batch.issued == issued else None
                    if found is not None:
                        return batch, found
                problem = f"documents of run {issued.run} are not as they were issued"
                raise StoreError(f"{self.book.folder}: {problem}")
        raise BadInput([fault(name, "no document of this number was issued", self._told())])

    def _of_period(self, period: str) -> list[Batch]:
        if period not in self._batches:
            issues = [issued for _, issued in self.issued if issued.period == period]
            self._batches[period] = batches(issues, self.made)
        return self._batches[period]

    def _told(self) -> str:
        """Tell which numbers there are."""
        counts: dict[str, int] = {}
        for _, issued in self.issued:
            for issuer, count in issued.added.items():
                counts[issuer] = issued.counts.get(issuer, 0) + count
        if not counts:
            return f"issue documents first: gridpact bill {self.book.folder} --period PERIOD"
        spans = [f"{numbered(name, 1)} to {numbered(name, last)}" for name, last in counts.items()]
        return f"there are {', '.join(spans[:_SHOWN])}"


def _in(batch: Batch, issuer: str, number: int) -> Document | None:
    """Return the document of a number among those that were issued together."""
    if isinstance(batch.documents, First):
        place = batch.documents.place(issuer, number)
        return None if place is None else batch.documents[place]
    name = numbered(issuer, number)
    return next((each for each in batch.documents if each.number == name), None)


def row_of(lines: Lines, document: Document, item: Item) -> int | None:
    """Return the line of a run that an item of a document states, None where it has none."""
    wanted = (item.name, document.tax, item.first_s, item.end_s)
    for row in _rows(lines, document):
        head, span = lines.heads[lines.head[row]], (lines.first_s[row], lines.end_s[row])
        said = (head.name, next(iter(head.taxes), ""), *map(int, span))
        if head.category != "tax" and said == wanted:
            return row
    return None


def row_of_tax(lines: Lines, document: Document, rate_ppm: int) -> int | None:
    """Return the line of a run that is a document's tax at one rate, None where it has none."""
    for row in _rows(lines, document):
        head = lines.heads[lines.head[row]]
        if (head.category, head.clause, head.rate_ppm) == ("tax", document.tax, rate_ppm):
            return row
    return None


def _rows(lines: Lines, document: Document) -> Iterator[int]:
    """Yield the lines of a run between the parties of a document, of its owner.

    Lines are in the order of :func:`~gridpact.settlement.lines.joined`, that is by owner.
    """
    at = bisect_left(lines.owners, document.owner)
    if lines.owners[at : at + 1] != (document.owner,):
        return
    for row in range(*np.searchsorted(lines.owner, (at, at + 1)).tolist()):
        parties = (lines.payee(row), lines.payer(row), lines.heads[lines.head[row]].currency)
        if parties == (document.seller, document.buyer, document.currency):
            yield row


def fault(number: str, problem: str, fix: str) -> Fault:
    """Return what is wrong with the name of a document or line."""
    return Fault("arguments", 0, number[:64], problem, fix)
