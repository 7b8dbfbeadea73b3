"""A book opened to be explained: its journal, and what is asked for of runs and documents."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from gridpact.app.books.folder import RUNS, Book
from gridpact.app.books.journal import Entry
from gridpact.app.books.kept import Made, folder_of
from gridpact.app.books.kept_run import KeptRun
from gridpact.app.explaining.documents import Issues
from gridpact.app.explaining.sources import MemberReadings, RunReadings, Where
from gridpact.app.invoicing.issuing import KIND, Issued
from gridpact.base.errors import BadInput, Fault
from gridpact.settlement.invoices.document import Document, Item
from gridpact.settlement.invoices.issuing import numbered
from gridpact.settlement.lines import Lines
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run

_SHOWN = 12
_MOST = 64


class Found(msgspec.Struct, frozen=True):
    """An invoice line: its document, the one that states it, and with what that was issued.

    ``stating`` is another document than ``document`` only where that is a credit note.
    """

    document: Document
    stating: Document
    item: Item
    issued: Issued


class Opened:
    """A book, with what was read of it so far; what is asked for twice is read once.

    Of a run that is only what an owner's lines need, whoever else there is.
    """

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
        self._kept: dict[int, KeptRun] = {}
        self._of: dict[tuple[int, str], Made] = {}
        self._periods: dict[str, Issues] = {}
        self._where: dict[int, Where] = {}
        self._whole: dict[int, RunReadings] = {}

    def kept(self, number: int) -> KeptRun:
        """Return a run as it was kept; StoreError where it is not as it was booked."""
        if number not in self._kept:
            folder = folder_of(self.book.folder / RUNS, number)
            self._kept[number] = KeptRun(folder, self.runs[number])
        return self._kept[number]

    def made(self, number: int, owner: str) -> Made:
        """Return what a run made of an owner; StoreError where it is not as it was booked."""
        if (number, owner) not in self._of:
            if len(self._of) >= _MOST:
                self._of.clear()
            self._of[number, owner] = self.kept(number).of(owner)
        return self._of[number, owner]

    def where(self, number: int) -> Where:
        """Return where the readings of a run are; raises as opening them does."""
        if number not in self._where:
            kept = self.kept(number)
            self._where[number] = Where(self.book.folder, kept.run, kept.rules, kept.readings)
        return self._where[number]

    def readings(self, number: int, member: str) -> MemberReadings:
        """Return a member's readings as a run knew them; raises as opening them does."""
        row = self.kept(number).member(member)
        assert row is not None  # noqa: S101 - who asks knows that it is a member
        return MemberReadings(self.where(number), self.made(number, member), row)

    def whole(self, number: int) -> tuple[Rules, RunReadings]:
        """Return the rules and readings of all members of a run; raises as opening them does."""
        made = self.kept(number).whole
        if number not in self._whole:
            self._whole[number] = RunReadings(self.book.folder, made)
        return made.rules, self._whole[number]

    def runs_of(self, period: str, last: int | None = None) -> list[Run]:
        """Return the runs of a period, up to one of them or all."""
        found = [run for run in self.runs.values() if run.period == period]
        return [run for run in found if last is None or run.number <= last]

    def find(self, line: str) -> Found:
        """Find an invoice line by the name ``NUMBER/LINE``; BadInput where there is none."""
        number, _, place = line.rpartition("/")
        document, stating, issued = self.document(number or place)
        names = ", ".join(f"{item.id} {item.name}" for item in document.items[:_SHOWN])
        fix = f"{document.number} has the lines {names}: write {document.number}/1"
        item = next((each for each in document.items if str(each.id) == place), None)
        if item is None or not number:
            problem = f"has no line {place[:32]!r}" if number else "is a document, not a line of it"
            raise BadInput([fault(document.number, problem, fix)])
        return Found(document, stating, item, issued)

    def document(self, number: str) -> tuple[Document, Document, Issued]:
        """Return a document, the one that states its lines, and with what that was issued.

        They are two where it is a credit note. BadInput where there is no such document.
        """
        issued, document = self._document(number)
        if not document.credit:
            return document, document, issued
        issued, stating = self._document(document.refers)
        return document, stating, issued

    def issue_entry(self, issued: Issued) -> Entry:
        """Return the journal's entry on documents that were issued together."""
        return next(entry for entry, each in self.issued if each == issued)

    def _document(self, name: str) -> tuple[Issued, Document]:
        issuer, _, text = name.rpartition("-")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
        for _, issued in self.issued:
            after = number - issued.counts.get(issuer, 0)
            if 0 < after <= issued.added.get(issuer, 0) and numbered(issuer, number) == name:
                return issued, self._of_period(issued.period).find(issued, issuer, number)
        raise BadInput([fault(name, "no document of this number was issued", self._told())])

    def _of_period(self, period: str) -> Issues:
        if period not in self._periods:
            issues = [issued for _, issued in self.issued if issued.period == period]
            self._periods[period] = Issues(issues, [*self.runs_of(period)], self.kept, self.made)
        return self._periods[period]

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
