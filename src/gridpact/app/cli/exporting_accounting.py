"""``gridpact export accounting``: a book's double entry for accountants."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.books.accounting import ledger, table
from gridpact.app.books.accounts import accounts_of
from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_money import AT, KNOWN_AT, seen
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole


@click.command(
    short_help="Write a book's double entry for accountants.",
    epilog="""\b
Examples:
  gridpact export accounting lane --out accounting
  gridpact export accounting lane --at 2026-12-31T23:59 --out accounting""",
)
@BOOK
@OUT
@AT
@KNOWN_AT
@output_options
def accounting(
    folder: Path,
    out: Path,
    at: datetime | None,
    known_at: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write all transfers of BOOK: journal.csv, a row for each leg, and journal.beancount.

    The second is a plain-text ledger for Beancount; it asserts what every account comes to, so
    that bean-check proves it.
    """
    book = Book.open(folder)
    rules = book.rules().rules
    postings = seen(accounts_of(book).postings, rules, at, known_at)
    files = {"journal.csv": table(postings, rules), "journal.beancount": ledger(postings, rules)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_whole(out / name, data)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror or error}") from error
    paths = [str(out / name) for name in files]
    if as_json:
        say_json({"files": paths, "legs": len(postings)})
    elif not quiet:
        for path in paths:
            say(harmless(f"wrote {path}"))
