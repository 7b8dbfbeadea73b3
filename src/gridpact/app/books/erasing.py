"""What a book keeps of a member that is erased, and until when.

A book is one chain of entries over all members: lines and invoices of one of them are no rows that
could be taken out, and tax law obliges to keep them. They name the member by its identifier alone;
who that is, ``people.yaml`` tells.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from gridpact.app.books.folder import Book
from gridpact.ledger.spaces.erasure import Kept, Step

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
YEARS = 10
"""Whole years after a period's own: the longest that German law asks (§ 147 AO, § 257 HGB)."""


class KeptBook:
    """A book as a store of persons: it destroys nothing and says what stays."""

    name = "book"

    def __init__(self, folder: Path, years: int = YEARS) -> None:
        self._folder = folder
        self._years = years

    def kept(self, subject: str) -> tuple[Kept, ...]:
        """Return the runs of a book that have lines of a member, by period."""
        book = Book.open(self._folder)
        found = {}
        for run in book.runs():
            _, lines = book.posted(run)
            if subject in lines.owners:
                last = _EPOCH + timedelta(seconds=run.end_s - 1)
                until = date(last.year + self._years, 12, 31).isoformat()
                rule = f"books and invoices are kept for {self._years} years"
                found[run.period] = Kept(f"lines and invoices of {run.period}", until, rule)
        return tuple(found[period] for period in sorted(found))

    def erase(self, subject: str) -> Step:
        """Destroy nothing; tell what is kept."""
        return Step(self.name, 0, self.kept(subject))
