"""Invoices as PDF and as e-invoices, beside a PDF library that writes an empty page as often.

Every invoice is another: its own numbers, energy by day of a month, registers, comparison. Times
begin with the bill as a value and end with the bytes of a file; the library's page has nothing on
it, no font embedded and no metadata. CPU milliseconds for each, the median of turns, and how they
grow with the number of files. Run ``python benchmarks/invoices.py``; ``--quick`` for 100 in place
of 1,000.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from functools import partial

import msgspec

from gridpact.app.invoicing.einvoice import einvoice
from gridpact.app.invoicing.locales import LOCALES
from gridpact.app.invoicing.pages import page
from gridpact.app.invoicing.pdf.bills import bill_pdf, invoice_pdf
from gridpact.app.invoicing.view import view_of
from gridpact.app.invoicing.writing import Writing
from gridpact.app.people.people_file import Address, People, Person
from gridpact.settlement.invoices.bill import Bill, Compared, Display, Part, Register
from gridpact.settlement.invoices.document import Document, Item, TaxTotal
from gridpact.settlement.periods.rules import Member, Rules
from timing import median_seconds

START, DAY, DAYS, ROUNDS = 1_772_323_200, 86_400, 31, 5
END = START + DAYS * DAY
KINDS = ("supply", "standing-charge", "network", "levy")
RULES = Rules(
    "lane", "EUR", 10**7, "half-away", "UTC", 900,
    {"lane": "operator", "power": "supplier"}, (Member("home", "home"),), (),
)  # fmt: skip


def bill(number: int, documents: int) -> Bill:
    """Make the bill of one home, with so many documents."""
    name, wh = (
        f"home-{number:06}",
        [9000 + (number * 7919 + day * 131) % 5000 for day in range(DAYS)],
    )
    total, back = sum(wh), 300 * DAYS + number % 900
    energy = {
        "metered:withdrawal": total, "metered:injection": back, "trade:bought": 0,
        "trade:sold": 0, "shared:in": total // 3, "shared:out": back // 2,
        "supplier:in": total - total // 3, "supplier:out": back - back // 2,
        "network:outside": total - total // 3, "network:local": total // 3,
    }  # fmt: skip
    begin = 5_000_000 + 1000 * number
    return Bill(
        member=name,
        period="2026-03",
        first_s=START,
        end_s=END,
        currency="EUR",
        documents=tuple(
            _document(name, number * documents + each, total) for each in range(documents)
        ),
        registers=(
            Register(
                "withdrawal", total, Display(begin, START, "m"), Display(begin + total, END, "m")
            ),
            Register("injection", back),
        ),
        energy=energy,
        parts=tuple(
            Part(START + day * DAY, START + (day + 1) * DAY, each, 300)
            for day, each in enumerate(wh)
        ),
        last=Compared("2026-02", total - 20_000, back, total // 40),
        supplier_only_minor=total // 30,
    )


def _document(name: str, number: int, wh: int) -> Document:
    items = tuple(
        Item(
            place, f"power.{kind}", "", START, END, wh, "KWH", 10**8 * place, wh * place // 100,
            "S", 190_000,
        )
        for place, kind in enumerate(KINDS, start=1)
    )  # fmt: skip
    net = sum(item.minor for item in items)
    return Document(
        number=f"power-{number:06}", code=380, owner=name, seller="power", buyer=name,
        currency="EUR", tax="vat", period="2026-03", first_s=START, end_s=END, items=items,
        taxes=(TaxTotal("S", 190_000, net, net * 19 // 100),), run=1,
        issued_s=END + DAY, due_s=END + 15 * DAY,
    )  # fmt: skip


def people(count: int) -> People:
    """Make names and addresses of homes and parties."""
    names = ("lane", "power", *(f"home-{number:06}" for number in range(count)))
    home = Address("DE", "Lane 7", "12345", "Lanestead")
    person = Person("", "DE89370400440532013000", address=home, vat_id="DE123456788")
    return People(
        "", "lane", {n: msgspec.structs.replace(person, name=f"Name of {n}") for n in names}
    )


def by_reportlab(count: int) -> None:
    from reportlab.pdfgen.canvas import Canvas

    for _ in range(count):
        stream = io.BytesIO()
        canvas = Canvas(stream)
        canvas.showPage()
        canvas.save()


def by_pypdf(count: int) -> None:
    from pypdf import PdfWriter

    for _ in range(count):
        writer = PdfWriter()
        writer.add_blank_page(595, 842)
        writer.write(io.BytesIO())


def invoices(bills: list[Bill], writing: Writing, told: People) -> None:
    """Write every document as a file of its own."""
    for each in bills:
        view = view_of(each, writing, told)
        for place, document in enumerate(each.documents):
            invoice_pdf(view, place, document.issued_s)


def whole_bills(bills: list[Bill], writing: Writing, told: People) -> None:
    for each in bills:
        bill_pdf(view_of(each, writing, told), END)


def pages(bills: list[Bill], writing: Writing, told: People) -> None:
    for each in bills:
        page(view_of(each, writing, told))


def e_invoices(bills: list[Bill], writing: Writing, told: People) -> None:
    for each in bills:
        for document in each.documents:
            einvoice(document, writing, told)


def main(*, quick: bool) -> None:
    counts = (20, 100) if quick else (100, 1000)
    for count in counts:
        told, writing = people(count), Writing(RULES, LOCALES["de"])
        alone, four = ([bill(n, documents) for n in range(count)] for documents in (1, 4))
        some = (writing, told)
        calls: dict[str, Callable[[], None]] = {
            "reportlab, an empty page": partial(by_reportlab, count),
            "pypdf, an empty page": partial(by_pypdf, count),
            "invoice as PDF/A-3": partial(invoices, alone, *some),
            "invoice as PDF/A-3, four of a bill": partial(invoices, four[: count // 4], *some),
            "bill of four documents as PDF/A-3": partial(whole_bills, four, *some),
            "bill of four documents as HTML": partial(pages, four, *some),
            "invoice as XML of EN 16931": partial(e_invoices, alone[: count // 10], *some),
        }
        for call in calls.values():
            call()
        times = median_seconds([*calls.values()], 3 if quick else ROUNDS)
        each = [1e3 * seconds / count for seconds in times]
        each[-1] *= 10
        print(f"\n{count:,} files                          CPU ms each   x reportlab's empty page")
        for name, milliseconds in zip(calls, each, strict=True):
            print(f"  {name:36} {milliseconds:8.2f} {milliseconds / each[0]:12.2f}")
        view = view_of(alone[0], *some)
        print(f"  an invoice has {len(invoice_pdf(view, 0, END)):,} bytes, a bill of four documents"
              f" {len(bill_pdf(view_of(four[0], *some), END)):,}")  # fmt: skip


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
