"""``gridpact bill``: documents of a settled period are issued and shown."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_words import BOOK, PERIOD, SHOWN
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.invoicing.billing import bills
from gridpact.app.invoicing.exporting import files_of, manner_of, write_files
from gridpact.app.invoicing.issuing import Asked, Documents, Invoiced, invoice_period
from gridpact.app.invoicing.words import KINDS, amount, day, kwh, price, quantity, settled, tax
from gridpact.settlement.invoices.bill import Bill, Display
from gridpact.settlement.invoices.document import Document
from gridpact.settlement.periods.rules import Rules


@click.command(
    short_help="Issue invoices and credit notes of a settled period.",
    epilog="""\b
Examples:
  gridpact bill lane --period 2026-03
  gridpact bill lane --period 2026-03 --member bakery
  gridpact bill lane --period 2026-03 --pdf bills
  gridpact bill lane --period 2026-03 --member bakery --dry-run --json""",
)
@BOOK
@PERIOD
@click.option("--member", default="", help="Show the bill of one member.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write bills as pages into a folder, one for each member.",
)
@click.option(
    "--pdf",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write bills as PDF into a folder, one for each member.",
)
@click.option("--dry-run", "dry", is_flag=True, help="Tell what would be issued, issue nothing.")
@output_options
def bill(
    folder: Path,
    period: str,
    member: str,
    html: Path | None,
    pdf: Path | None,
    dry: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Issue the documents of a settled period of BOOK, and show them.

    Each party issues an invoice to every member that buys from it, and bills itself for what it
    buys from members. When a later run came to other lines, a credit note takes the invoice back
    and a new one is issued; where nothing changed, nothing is issued. Numbers have no gaps. The
    documents of all members are issued, also where --member shows one.
    """
    book = Book.open(folder)
    invoiced = invoice_period(book, Asked(period, int(time.time()), member), dry=dry)
    wanted = (member,) if member else tuple(each.id for each in invoiced.made.rules.members)
    found = bills(invoiced, wanted) if member or html or pdf or as_json else []
    files = _written(book, invoiced, found, {"html": html, "pdf": pdf})
    if as_json:
        say_json(_as_dict(invoiced, found, dry=dry))
    elif not quiet:
        _show(invoiced, found if member else [], dry=dry)
        for into, count in files:
            told = f"{into}: {counted(count, 'bill')}"
            say(f"{mark(good=True)} {harmless(told)}")


def _written(
    book: Book, invoiced: Invoiced, found: list[Bill], folders: dict[str, Path | None]
) -> list[tuple[Path, int]]:
    """Write bills into folders by their format; return how many there are in each."""
    written = []
    for ending, into in folders.items():
        if into is not None:
            files = files_of(found, manner_of(book, invoiced), ending)
            written.append((into, len(write_files(into, files))))
    return written


def _show(invoiced: Invoiced, found: list[Bill], *, dry: bool) -> None:
    rules, run = invoiced.made.rules, invoiced.made.run
    for each in found:
        for line in _of_member(each, rules):
            say(harmless(line))
    if not found:
        say(harmless(f"{rules.name}, {run.period}: documents up to run {run.number}"))
        for line in _table(invoiced.documents, rules):
            say(harmless(line))
    told = f"{counted(invoiced.new, 'document')} of run {run.number}"
    if not invoiced.new:
        say("nothing is new; nothing was issued")
    elif dry:
        say(f"{told} would be issued")
    else:
        say(f"{mark(good=True)} issued {told}")


def _table(documents: Documents, rules: Rules) -> list[str]:
    rows = [["number", "what", "seller", "buyer", "net", "tax", rules.currency, "corrects"]]
    rows += [_row(document, rules) for document in documents[:SHOWN]]
    more = len(documents) - SHOWN
    rest = [f"  … and {more:,} more: --json has all"] if more > 0 else []
    return [*aligned(rows, right=(4, 5, 6), indent=2), *rest]


def _row(document: Document, rules: Rules) -> list[str]:
    sums = (document.net_minor, document.tax_minor, document.total_minor)
    told = [amount(-each if document.credit else each, rules) for each in sums]
    names = [document.number, KINDS[document.code], document.seller, document.buyer]
    return [*names, *told, document.refers]


def _of_member(bill: Bill, rules: Rules) -> list[str]:
    lines = [f"{bill.member}, {bill.period}"]
    for document in bill.documents:
        lines += ["", *_document(document, rules)]
    lines += ["", *aligned(_registers(bill), right=(1, 2, 3)), "", *_beside(bill, rules)]
    rows = [(name, f"{value} {rules.currency}") for name, value in settled(bill, rules)]
    return [*lines, *aligned(rows, right=(1,))]


def _registers(bill: Bill) -> list[tuple[str, str, str, str]]:
    """Return what the registers displayed and counted."""
    rows = [("register", "start", "end", "kWh")]
    for each in bill.registers:
        rows.append((each.name, _shown(each.start), _shown(each.end), kwh(each.energy_wh)))
    return rows


def _shown(display: Display | None) -> str:
    if display is None:
        return "not read"
    return f"{kwh(display.wh)}{' (estimated)' if display.estimated else ''}"


def _beside(bill: Bill, rules: Rules) -> Iterator[str]:
    """Tell what the bill is compared with, and its deposit."""
    if bill.last is not None:
        owed, energy = amount(bill.last.owed_minor, rules), kwh(bill.last.withdrawn_wh)
        yield f"{bill.last.name} before: {owed} {rules.currency}, {energy} kWh withdrawn"
    if bill.supplier_only_minor is not None:
        only = amount(bill.supplier_only_minor, rules)
        yield f"without the community: {only} {rules.currency}"
    if bill.deposit_minor:
        held = amount(bill.deposit_minor, rules)
        yield f"deposit held, not deducted: {held} {rules.currency}"


def _document(document: Document, rules: Rules) -> list[str]:
    parties = f"from {document.seller} to {document.buyer}"
    refers = f", corrects {document.refers}" if document.refers else ""
    due = "" if document.credit else f", due {day(document.due_s, rules)}"
    rows = [
        (item.name, quantity(item), price(item.price_nano), amount(item.minor, rules))
        for item in document.items
    ]
    rows += [(tax(each, document), "", "", amount(each.minor, rules)) for each in document.taxes]
    rows.append(("total", "", "", amount(document.total_minor, rules)))
    head = f"{KINDS[document.code]} {document.number} {parties}{refers}{due}"
    return [head, *aligned(rows, right=(1, 2, 3), indent=2)]


def _as_dict(invoiced: Invoiced, found: list[Bill], *, dry: bool) -> dict[str, object]:
    made = invoiced.made
    return {
        "period": made.run.period,
        "run": made.run.number,
        "new": invoiced.new,
        "issued": bool(invoiced.new) and not dry,
        "documents": [_document_dict(each) for each in invoiced.documents],
        "bills": [_bill_dict(each) for each in found],
    }


def _document_dict(document: Document) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(document),
        "issuer": document.issuer,
        "net_minor": document.net_minor,
        "tax_minor": document.tax_minor,
        "total_minor": document.total_minor,
    }


def _bill_dict(bill: Bill) -> dict[str, object]:
    return {
        **msgspec.structs.asdict(bill),
        "documents": [each.number for each in bill.documents],
        "owed_minor": bill.owed_minor,
        "due_minor": bill.due_minor,
    }
