"""Bills and invoices written as files: pages, PDF, e-invoices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from gridpact.app.books.folder import PEOPLE, Book
from gridpact.app.invoicing.einvoice import FILE, check, einvoice
from gridpact.app.invoicing.issuing import Invoiced
from gridpact.app.invoicing.locales import LOCALES
from gridpact.app.invoicing.pages import page
from gridpact.app.invoicing.pdf.bills import bill_pdf, invoice_pdf
from gridpact.app.invoicing.pdf.file import Attached
from gridpact.app.invoicing.view import view_of
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import People, people_of, read_people
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.invoices.bill import Bill

FORMS = ("pdf", "html", "facturx", "xml")


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


def files_of(bills: Sequence[Bill], manner: Manner, form: str) -> Iterator[tuple[str, bytes]]:
    """Yield files by name: of each bill (``html``, ``pdf``), or of each document.

    ``xml`` is an e-invoice, and ``facturx`` a PDF that has it within. BadInput lists what an
    e-invoice lacks, before the first file.
    """
    if form in ("html", "pdf"):
        make = html_of if form == "html" else pdf_of
        yield from ((f"{bill.member}.{form}", make(bill, manner)) for bill in bills)
        return
    every = [document for bill in bills for document in bill.documents]
    check(every, manner.writing, manner.people)
    for bill in bills:
        yield from _of_documents(bill, manner, form)


def _of_documents(bill: Bill, manner: Manner, form: str) -> Iterator[tuple[str, bytes]]:
    view = view_of(bill, manner.writing, manner.people)
    for place, document in enumerate(bill.documents):
        xml = einvoice(document, manner.writing, manner.people)
        if form == "xml":
            yield f"{document.number}.xml", xml
            continue
        within = Attached(FILE, "EN 16931 invoice", xml)
        yield f"{document.number}.pdf", invoice_pdf(view, place, document.issued_s, within)


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
