"""``gridpact books verify``: a book held against itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from gridpact.app.books.auditing import audit
from gridpact.app.books.folder import Book
from gridpact.app.books.verifying import verify as checks_of
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.spaces.custody import Custody


@click.command(
    short_help="Recompute every run of a book and check its sums.",
    epilog="""\b
Examples:
  gridpact books verify lane
  gridpact books verify lane --ledger lane-ledger --custody custody --period 2026-03
  gridpact books verify lane --json""",
)
@BOOK
@click.option(
    "--ledger",
    "place",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="LEDGER",
    help="Hold it against the roots on this ledger, too.",
)
@click.option(
    "--custody",
    type=click.Path(path_type=Path, file_okay=False),
    help="Secrets that members let the operator hold; needed with --ledger.",
)
@click.option("--period", help="With --ledger: runs of this period alone.")
@output_options
def verify(
    folder: Path,
    place: Path | None,
    custody: Path | None,
    period: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Check the chain of the journal, and settle every run again from what it was made of.

    Readings are read again from where they came, as they were known then. With a ledger, terms,
    readings, lines and net positions must give what is committed there, or the first place where
    they do not is named. The exit code is 1 where anything does not hold.
    """
    _check_together(place, custody, period)
    book = Book.open(folder)
    found = checks_of(book)
    if place is not None and custody is not None:
        with home.opened(place) as ledger:
            found += audit(book, ledger, Custody(custody).secrets(), period)
    if as_json:
        say_json(found)
    else:
        for check in found:
            if not quiet or not check.good:
                told = f": {check.told}" if check.told else ""
                say(f"{mark(good=check.good)} {harmless(check.name + told)}")
    sys.exit(0 if all(check.good for check in found) else 1)


def _check_together(place: Path | None, custody: Path | None, period: str | None) -> None:
    if (place is None) != (custody is None) or (place is None and period is not None):
        fix = "give --ledger with --custody, and --period with both"
        problem = "a ledger is read with the secrets behind its leaves"
        raise BadInput([Fault("arguments", 0, "--ledger", problem, fix)])
