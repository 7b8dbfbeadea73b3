"""``gridpact export invoices``: what was billed, as files for members and their accounting."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_words import BOOK, PERIOD
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.invoicing import einvoice
from gridpact.app.invoicing.billing import bills
from gridpact.app.invoicing.exporting import FORMS, files_of, manner_of, write_files
from gridpact.app.invoicing.issuing import Asked, Invoiced, invoice_period
from gridpact.base.errors import BadInput, Fault


@click.command(
    short_help="Write the bills of a period as PDF, HTML or e-invoices.",
    epilog="""\b
Examples:
  gridpact export invoices lane --period 2026-03 --out bills
  gridpact export invoices lane --period 2026-03 --format facturx --out invoices
  gridpact export invoices lane --period 2026-03 --member bakery --format xml --out invoices""",
)
@BOOK
@PERIOD
@OUT
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default=FORMS[0],
    show_default=True,
    help="Bills of members (pdf, html), or documents one by one (facturx, xml).",
)
@click.option("--member", default="", help="Write those of one member.")
@click.option(
    "--people",
    "people_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names and addresses.  [default: people.yaml in the book]",
)
@output_options
def invoices(
    folder: Path,
    period: str,
    out: Path,
    form: str,
    member: str,
    people_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write what was billed in BOOK for a period.

    As pdf and html there is a bill for each member, with all of its documents and what they come
    to. As xml each document is an e-invoice of EN 16931 (CII), valid by its schema; as facturx it
    is a PDF that has the XML within. Nothing is issued: that is for gridpact bill.
    """
    if form in ("facturx", "xml"):
        einvoice.check_library()
    book = Book.open(folder)
    invoiced = _issued(book, period, member)
    members = (member,) if member else tuple(each.id for each in invoiced.made.rules.members)
    found = bills(invoiced, members)
    files = write_files(out, files_of(found, manner_of(book, invoiced, people_file), form))
    if as_json:
        say_json({"files": [str(path) for path in files]})
    elif not quiet:
        say(f"{mark(good=True)} {harmless(f'{out}: ' + counted(len(files), 'file'))}")


def _issued(book: Book, period: str, member: str) -> Invoiced:
    """Return what was issued for a period; BadInput where something is yet to be."""
    invoiced = invoice_period(book, Asked(period, int(time.time()), member), dry=True)
    if invoiced.new:
        run = invoiced.made.run.number
        fix = f"bill it: gridpact bill {book.folder} --period {period}"
        problem = f"run {run} was not billed yet"
        raise BadInput([Fault(invoiced.made.rules.name, 0, "--period", problem, fix)])
    return invoiced
