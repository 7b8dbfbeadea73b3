"""Bills and invoices written as files: pages, PDF, e-invoices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from gridpact.app.books.folder import PEOPLE, Book
from gridpact.app.invoicing.issuing import Invoiced
from gridpact.app.invoicing.locales import LOCALES
from gridpact.app.invoicing.pages import page
from gridpact.app.invoicing.pdf.bills import bill_pdf
from gridpact.app.invoicing.view import view_of
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import People, people_of, read_people
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.invoices.bill import Bill


class Manner(msgspec.Struct, frozen=True):
    """How bills are written, and for whom."""

    writing: Writing
    people: People


def manner_of(book: Book, invoiced: Invoiced, people: Path | None = None) -> Manner:
    """Return how the bills of a book are written; BadInput for rules or people that are none.

    ``people`` stands for the ``people.yaml`` of the book, which need not be there.
    """
    locale = LOCALES[book.rules().locale]
    told = people_of(book.folder / PEOPLE) if people is None else read_people(people)
    return Manner(Writing(invoiced.made.rules, locale), told)


def html_of(bill: Bill, manner: Manner) -> bytes:
    """Return the page of a bill."""
    return page(view_of(bill, manner.writing, manner.people)).encode()


def pdf_of(bill: Bill, manner: Manner) -> bytes:
    """Return the PDF of a bill, made when its last document was."""
    made_s = max((document.issued_s for document in bill.documents), default=bill.end_s)
    return bill_pdf(view_of(bill, manner.writing, manner.people), made_s)


def of_members(
    bills: Sequence[Bill], make: Callable[[Bill, Manner], bytes], manner: Manner, ending: str
) -> Iterator[tuple[str, bytes]]:
    """Yield a file for each member, by name."""
    for bill in bills:
        yield f"{bill.member}.{ending}", make(bill, manner)


def write_files(folder: Path, files: Iterator[tuple[str, bytes]]) -> list[Path]:
    """Write files into a folder, each whole; StoreError where that is not possible."""
    found = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files:
            write_whole(folder / name, data)
            found.append(folder / name)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
    return found
