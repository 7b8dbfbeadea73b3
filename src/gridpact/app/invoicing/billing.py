"""Bills of members from the documents of a period."""

from __future__ import annotations

from gridpact.app.books.folder import Book
from gridpact.app.invoicing.issuing import Invoiced, check_members, issued_before
from gridpact.settlement.invoices.bill import (
    Bill,
    Compared,
    compared,
    documents_of,
    energy_of,
    registers_of,
)


def bills(book: Book, invoiced: Invoiced, members: tuple[str, ...]) -> list[Bill]:
    """Return the bills of members, each with the period before where that was invoiced.

    Raises BadInput for members that the rules of the run do not know.
    """
    check_members(invoiced.made.rules, members)
    last = _last(book, invoiced)
    found = []
    for member in members:
        before: tuple[Compared, ...] = ()
        if last is not None and member in _rows(last):
            bill = _bill(last, member)
            before = (compared(bill.period, bill),) if bill.documents else ()
        found.append(_bill(invoiced, member, before))
    return found


def _rows(invoiced: Invoiced) -> dict[str, int]:
    return {member.id: row for row, member in enumerate(invoiced.made.rules.members)}


def _bill(invoiced: Invoiced, member: str, before: tuple[Compared, ...] = ()) -> Bill:
    made, row = invoiced.made, _rows(invoiced)[member]
    who, energy = made.rules.members[row], energy_of(made.energy_wh, row)
    return Bill(
        member=member,
        period=made.run.period,
        first_s=made.run.first_s,
        end_s=made.run.end_s,
        currency=made.rules.currency,
        documents=documents_of(invoiced.documents, member),
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
    if not documents:
        return None
    stated = next(run for run in runs if run.number == max(each.run for each in documents))
    return Invoiced(book.made(stated), tuple(documents))
