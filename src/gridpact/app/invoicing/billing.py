"""Bills of members from the documents of a period."""

from __future__ import annotations

from gridpact.app.books.folder import Book
from gridpact.app.invoicing.issuing import Invoiced, check_members, issued_before
from gridpact.settlement.invoices.bill import (
    Bill,
    Compared,
    compared,
    energy_of,
    registers_of,
)


def bills(book: Book, invoiced: Invoiced, members: tuple[str, ...]) -> list[Bill]:
    """Return the bills of members, each with the period before where that was invoiced.

    Raises BadInput for members that the rules of the run do not know.
    """
    check_members(invoiced.made.rules, members)
    last = _last(book, invoiced)
    rows, rows_before = _rows(invoiced), {} if last is None else _rows(last)
    found = []
    for member in members:
        before: tuple[Compared, ...] = ()
        if last is not None and member in rows_before:
            bill = _bill(last, rows_before[member])
            before = (compared(bill.period, bill),) if bill.documents else ()
        found.append(_bill(invoiced, rows[member], before))
    return found


def _rows(invoiced: Invoiced) -> dict[str, int]:
    return {member.id: row for row, member in enumerate(invoiced.made.rules.members)}


def _bill(invoiced: Invoiced, row: int, before: tuple[Compared, ...] = ()) -> Bill:
    made = invoiced.made
    who, energy = made.rules.members[row], energy_of(made.energy_wh, row)
    return Bill(
        member=who.id,
        period=made.run.period,
        first_s=made.run.first_s,
        end_s=made.run.end_s,
        currency=made.rules.currency,
        documents=invoiced.documents.of(who.id),
        registers=registers_of(who, energy),
        energy=energy,
        prepaid_minor=who.prepaid_minor,
        deposit_minor=who.deposit_minor,
        compared=before,
    )


def _last(book: Book, invoiced: Invoiced) -> Invoiced | None:
    """Return the period that ends where this one begins, None where it was not invoiced."""
    first = invoiced.made.run.first_s
    runs = [run for run in book.runs() if run.end_s == first]
    if not runs:
        return None
    documents = issued_before(book, runs[-1])
    if not len(documents):
        return None
    return Invoiced(documents.batches[-1].made, documents)
