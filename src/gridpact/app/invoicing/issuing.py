"""Documents issued into the journal of a book, and found again from it.

The journal keeps which run was invoiced, the first number of every issuer and a hash of all
documents. The documents are a function of these and of the run that the book kept, so that none
can be lost, and one that was changed is found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import msgspec
import numpy as np

from gridpact.app.books.folder import Book
from gridpact.app.books.journal import Entry
from gridpact.app.books.kept import Made
from gridpact.app.invoicing.figures import Before, asked_for, gather_figures
from gridpact.app.invoicing.kept_figures import read_figures, write_figures
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.slots import Calendar
from gridpact.settlement.invoices.document import Document, digest
from gridpact.settlement.invoices.drafting import drafts
from gridpact.settlement.invoices.figures import Figures
from gridpact.settlement.invoices.figures import digest as figures_digest
from gridpact.settlement.invoices.issuing import First, Issue, issue, standing
from gridpact.settlement.invoices.on_demand import OnDemand
from gridpact.settlement.lines import digest as lines_digest
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Run, difference

KIND = "invoices"
"""Kind of the journal's entries on documents that were issued."""
_DAY_S = 86_400


class Issued(msgspec.Struct, frozen=True):
    """What the journal says of documents that were issued together.

    ``counts`` are the documents of every issuer before, ``added`` those that were issued now.
    ``issued_s`` and ``due_s`` are instants [s since the epoch]; ``documents`` is the hash of all,
    ``figures`` that of what bills show beside them, ``""`` where nothing was kept.
    """

    run: int
    period: str
    issued_s: int
    due_s: int
    counts: dict[str, int]
    added: dict[str, int]
    documents: str
    figures: str = ""


class Asked(msgspec.Struct, frozen=True):
    """What is to be invoiced: a period, now [s], and a member that there must be, if named."""

    period: str
    now_s: int
    member: str = ""


class Batch(msgspec.Struct, frozen=True):
    """Documents that were issued together, with the run that they state.

    The first documents of a period are made when they are asked for (:class:`First`).
    """

    issued: Issued
    made: Made
    documents: First | list[Document]

    @property
    def added(self) -> dict[str, int]:
        """How many documents each issuer issued."""
        if isinstance(self.documents, First):
            return dict(sorted(self.documents.added.items()))
        return dict(sorted(Counter(document.issuer for document in self.documents).items()))

    def of(self, owner: str) -> list[Document]:
        """Return the documents of an owner."""
        if isinstance(self.documents, First):
            return self.documents.of(owner)
        return [document for document in self.documents if document.owner == owner]


class Documents(OnDemand):
    """All documents of a period, in the order in which they were issued."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self.batches = tuple(batches)

    def __len__(self) -> int:
        return sum(len(batch.documents) for batch in self.batches)

    def _made(self, place: int) -> Document:
        for batch in self.batches:
            if place < len(batch.documents):
                return batch.documents[place]
            place -= len(batch.documents)
        raise IndexError(place)

    def __iter__(self) -> Iterator[Document]:
        return chain.from_iterable(batch.documents for batch in self.batches)

    def of(self, owner: str) -> tuple[Document, ...]:
        """Return the documents that are about an owner's lines."""
        return tuple(document for batch in self.batches for document in batch.of(owner))


class Invoiced(msgspec.Struct, frozen=True):
    """All documents of a period in order, with the run that they state last.

    The last ``new`` of them were issued just now, or would be. ``figures`` are what bills show
    beside them, None for documents that were issued without.
    """

    made: Made
    documents: Documents
    new: int = 0
    figures: Figures | None = None


def invoice_period(book: Book, asked: Asked, *, dry: bool = False) -> Invoiced:
    """Issue what is to be invoiced for a settled period, and return all of its documents.

    Nothing is issued where the documents that stand say what the last run says. With ``dry``
    nothing is written. Raises BadInput where the period was not settled or cannot be stated on
    invoices, and where there is no such member; StoreError where the book is damaged or cannot be
    written; it is then as before.
    """
    if dry:
        return _invoiced(book, asked)[0]
    with book.journal.writing(asked.now_s) as writing:
        found, issued = _invoiced(book, asked)
        if issued is not None and found.figures is not None:
            write_figures(book, issued.run, found.figures)
            writing.book(KIND, issued)
    return found


def issued_before(book: Book, run: Run) -> Documents:
    """Return the documents that were issued for the period of a run, in order.

    Raises StoreError where they are not as they were issued.
    """
    runs = {each.number: each for each in book.runs(run.period)}
    of_period = [issued for issued in entries(book) if issued.period == run.period]
    found = Documents(batches(of_period, lambda number: book.made(runs[number])))
    for batch in found.batches:
        if batch.added != batch.issued.added or digest(batch.documents) != batch.issued.documents:
            problem = f"documents of run {batch.issued.run} are not as they were issued"
            raise StoreError(f"{book.folder}: {problem}")
    return found


def batches(issues: Sequence[Issued], made: Callable[[int], Made]) -> list[Batch]:
    """Return what was issued for a period by its entries; it is not held against its hash.

    ``made`` returns a run by its number.
    """
    found: list[Batch] = []
    for issued in issues:
        found.append(_batch(made(issued.run), found, issued))
    return found


def _invoiced(book: Book, asked: Asked) -> tuple[Invoiced, Issued | None]:
    """Return the documents of a period, and what the journal is to say of those that are new."""
    made = _sound(book, last_run(book, asked.period))
    if asked.member:
        check_members(made.rules, (asked.member,))
    before, booked_before = issued_before(book, made.run), entries(book)
    counts = _counted(booked_before[-1]) if booked_before else {}
    due_s = asked.now_s + made.rules.billing.due_days * _DAY_S
    issued = Issued(made.run.number, made.run.period, asked.now_s, due_s, counts, {}, "")
    new = _batch(made, before.batches, issued)
    if not len(new.documents):
        return _standing(book, made, before), None
    figures = gather_figures(book, made, _before(book, made.run, booked_before))
    booked = msgspec.structs.replace(
        issued,
        added=new.added,
        documents=digest(new.documents),
        figures=figures_digest(figures),
    )
    every = Documents((*before.batches, new))
    return Invoiced(made, every, len(new.documents), figures), booked


def _standing(book: Book, made: Made, before: Documents) -> Invoiced:
    """Return the documents of a period as they were issued, with the run that they state."""
    if not before.batches:
        return Invoiced(made, before)
    last = before.batches[-1]
    return Invoiced(last.made, before, 0, _figures(book, last.issued))


def _before(book: Book, run: Run, booked: list[Issued]) -> Before:
    """Return what was invoiced before a run, each period as it was issued last."""
    latest = {each.period: each for each in booked}
    runs = {each.number: each for each in book.runs()}
    used: Counter[str] = Counter()
    billed: dict[str, int] = {}
    last = None
    for period, issued in latest.items():
        figures = _figures(book, issued)
        if period == run.period:
            billed = asked_for(book.made(runs[issued.run]), figures)
        elif figures is not None:
            paid = figures.prepaid_minor.tolist()
            used.update({n: minor for n, minor in zip(figures.members, paid, strict=True) if minor})
        if runs[issued.run].end_s == run.first_s:
            last = book.made(runs[issued.run])
    return Before(last, used, billed)


def _figures(book: Book, issued: Issued) -> Figures | None:
    return read_figures(book, issued.run, issued.figures) if issued.figures else None


def _batch(made: Made, before: Sequence[Batch], issued: Issued) -> Batch:
    """Return the documents of a run that are issued after others of its period."""
    how = Issue(issued.issued_s, issued.due_s, issued.counts)
    found = drafts(made.rules, made.run, made.lines)
    if not before:
        return Batch(issued, made, First(found, how))
    owners = _changed(before[-1].made, made)
    wanted = [found[place] for owner in owners for place in found.of(owner)]
    stood = [document for batch in before for owner in owners for document in batch.of(owner)]
    return Batch(issued, made, issue(wanted, standing(stood), how))


def _changed(before: Made, made: Made) -> list[str]:
    """Return the owners of whom documents of two runs may differ: those whose lines do."""
    if before.rules.taxes != made.rules.taxes:
        return sorted({*before.lines.owners, *made.lines.owners})
    changes = difference(made.lines, [before.lines])
    return [changes.owners[row] for row in np.unique(changes.owner).tolist()]


def _counted(issued: Issued) -> dict[str, int]:
    """Return the documents of every issuer after some were issued."""
    names = {*issued.counts, *issued.added}
    return {n: issued.counts.get(n, 0) + issued.added.get(n, 0) for n in sorted(names)}


def entries(book: Book) -> list[Issued]:
    """Return what the journal says of documents, each time that some were issued."""
    return [_decoded(entry) for entry in book.journal.entries(KIND)]


def _decoded(entry: Entry) -> Issued:
    return msgspec.json.decode(entry.body, type=Issued)


def last_run(book: Book, period: str) -> Run:
    """Return the last run of a period; BadInput where there is none."""
    rules = book.rules().rules
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s))
    runs = [run for run in book.runs() if (run.first_s, run.end_s) == (slots.start, slots.end)]
    if not runs:
        fix = f"settle it: gridpact settle {book.folder} --period {period}"
        raise BadInput([Fault(rules.name, 0, "--period", f"{period} was not settled", fix)])
    return runs[-1]


def check_members(rules: Rules, members: tuple[str, ...]) -> None:
    """Refuse members that the rules do not know."""
    known = {member.id: None for member in rules.members}
    fix = f"there are {', '.join([*known][:8])}{', …' if len(known) > 8 else ''}"
    faults = [
        Fault(rules.name, 0, "--member", f"there is no member {member[:64]!r}", fix)
        for member in members
        if member not in known
    ]
    if faults:
        raise BadInput(faults)


def damage(book: Book) -> list[tuple[str, str]]:
    """Return each period that was invoiced with what is not as it was issued, ``""`` for nothing.

    Documents are made again from the runs that they state, their numbers held against a gap, and
    the figures of bills against their hash.
    """
    counts: dict[str, int] = {}
    wrong: dict[str, str] = {}
    for issued in entries(book):
        known = wrong.setdefault(issued.period, "")
        if issued.counts != counts:
            wrong[issued.period] = known or f"numbers of run {issued.run} leave a gap"
        counts = _counted(issued)
    return [(period, told or _remade(book, period)) for period, told in wrong.items()]


def _remade(book: Book, period: str) -> str:
    """Tell what keeps the documents of a period from being made again as they were issued."""
    try:
        issued_before(book, book.runs(period)[-1])
        for issued in entries(book):
            if issued.period == period:
                _figures(book, issued)
    except (StoreError, BadInput) as error:
        return str(error).splitlines()[-1].strip()
    return ""


def _sound(book: Book, run: Run) -> Made:
    """Return a run whose lines are those that were booked; StoreError where they are not."""
    made = book.made(run)
    if lines_digest(made.lines) != run.lines:
        problem = f"lines of run {run.number} are not as they were booked"
        raise StoreError(f"{book.folder}: {problem}; look into it: gridpact books verify")
    return made
