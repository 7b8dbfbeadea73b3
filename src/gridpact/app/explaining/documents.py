"""Documents of a period found by number, made for those owners alone that are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gridpact.app.books.kept import Made
from gridpact.app.books.kept_run import KeptRun
from gridpact.app.invoicing.issuing import Issued, batches
from gridpact.base.errors import StoreError
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.invoices.drafting import drafts
from gridpact.settlement.invoices.issuing import First, Issue, issue, numbered, standing
from gridpact.settlement.runs.run import Run

_MANY = 1 << 12
"""Owners beyond whom a correction is drawn up from all lines at once."""


class Issues:
    """What was issued for a period, each time that something was.

    ``issues`` are the journal's entries in order and ``runs`` all runs of the period; ``kept``
    returns a run by its number, ``made`` what it made of an owner.
    """

    def __init__(
        self,
        issues: Sequence[Issued],
        runs: Sequence[Run],
        kept: Callable[[int], KeptRun],
        made: Callable[[int, str], Made],
    ) -> None:
        self._issues, self._runs, self._kept, self._made = issues, runs, kept, made
        self._later: dict[int, dict[str, Document]] = {}

    def find(self, issued: Issued, issuer: str, number: int) -> Document:
        """Return the document of a number among those that were issued together.

        Raises StoreError where it is not there.
        """
        place, found = self._issues.index(issued), None
        if place:
            found = self._corrected(place).get(numbered(issuer, number))
        else:
            found = self._first(issued, issuer, number)
        if found is None:
            problem = f"documents of run {issued.run} are not as they were issued"
            raise StoreError(f"{self._kept(issued.run).folder}: {problem}")
        return found

    def _first(self, issued: Issued, issuer: str, number: int) -> Document | None:
        kept = self._kept(issued.run)
        owner = kept.numbering.owner(issuer, number - issued.counts.get(issuer, 0) - 1)
        if owner is None or kept.numbering.added != issued.added:
            return None
        found = self._first_of(issued, kept.lines.owners[owner])
        place = found.place(issuer, number)
        return None if place is None else found[place]

    def _first_of(self, issued: Issued, owner: str) -> First:
        """Return an owner's documents of the first that were issued, with their numbers."""
        kept, made = self._kept(issued.run), self._made(issued.run, owner)
        row = kept.lines.row(owner)
        counts = issued.counts if row is None else kept.numbering.counts(row, issued.counts)
        how = Issue(issued.issued_s, issued.due_s, counts)
        return First(drafts(made.rules, made.run, made.lines), how)

    def _corrected(self, place: int) -> dict[str, Document]:
        """Return, by number, what was issued since the first documents, one time of them."""
        if place not in self._later:
            self._later[place] = {each.number: each for each in self._issued(place)}
        return self._later[place]

    def _issued(self, place: int) -> Sequence[Document]:
        before, issued = self._issues[place - 1 : place + 1]
        owners = self._changed(before.run, issued.run)
        if owners is None:
            whole = batches(self._issues[: place + 1], lambda number: self._kept(number).whole)
            return list(whole[place].documents)
        wanted = [draft for owner in owners for draft in self._drafts(issued, owner)]
        stood = [document for owner in owners for document in self._until(place, owner)]
        how = Issue(issued.issued_s, issued.due_s, issued.counts)
        return issue(wanted, standing(stood), how)

    def _drafts(self, issued: Issued, owner: str) -> Sequence[Document]:
        made = self._made(issued.run, owner)
        return drafts(made.rules, made.run, made.lines)

    def _until(self, place: int, owner: str) -> list[Document]:
        """Return the documents of an owner that were issued before a time."""
        found = list(self._first_of(self._issues[0], owner))
        for each in range(1, place):
            found += [doc for doc in self._corrected(each).values() if doc.owner == owner]
        return found

    def _changed(self, before: int, last: int) -> list[str] | None:
        """Return whose documents of two runs may differ, None for too many to draw up one by one.

        They are those for whom the runs since booked anything, or all where taxes changed.
        """
        if self._kept(before).rules.taxes != self._kept(last).rules.taxes:
            return None
        since = [run.number for run in self._runs if before < run.number <= last]
        owners = {owner for number in since for owner in self._kept(number).booked.owners}
        return sorted(owners) if len(owners) <= _MANY else None
