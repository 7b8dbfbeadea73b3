"""``gridpact books verify``: a book held against itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.books.verifying import verify as checks_of
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json


@click.command(
    short_help="Recompute every run of a book and check its sums.",
    epilog="""\b
Examples:
  gridpact books verify lane
  gridpact books verify lane --json""",
)
@BOOK
@output_options
def verify(folder: Path, as_json: bool, quiet: bool) -> None:
    """Check the chain of the journal, and settle every run again from what it was made of.

    Readings are read again from where they came, as they were known then. The exit code is 1
    where anything does not hold.
    """
    found = checks_of(Book.open(folder))
    if as_json:
        say_json(found)
    else:
        for check in found:
            if not quiet or not check.good:
                told = f": {check.told}" if check.told else ""
                say(f"{mark(good=check.good)} {harmless(check.name + told)}")
    sys.exit(0 if all(check.good for check in found) else 1)
