"""``gridpact settle`` and ``gridpact correct``: a period of a book becomes lines."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.books.kept import Made
from gridpact.app.books.settling import KINDS, run_period
from gridpact.app.cli.booking_words import (
    AS_OF,
    BOOK,
    PERIOD,
    asked_of,
    line_table,
    party_table,
    short,
    summed,
)
from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.settlement.line_sums import by_head
from gridpact.settlement.lines import received
from gridpact.settlement.runs.run import Kind

DRY = click.option(
    "--dry-run", "dry", is_flag=True, help="Tell what would be booked, book nothing."
)


@click.command(
    short_help="Settle a period of a book.",
    epilog="""\b
Examples:
  gridpact settle lane --period 2026-03
  gridpact settle lane --period 2026-03 --as-of 2026-04-08T12:00 --dry-run
  gridpact settle lane --period 2026-03 --run final --json""",
)
@BOOK
@PERIOD
@AS_OF
@click.option("--run", "kind", type=click.Choice(KINDS), help="Which run.  [default: the one due]")
@DRY
@output_options
def settle(
    folder: Path,
    period: str,
    as_of: datetime | None,
    kind: Kind | None,
    dry: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Settle a period by the rules of BOOK, from readings to lines, and book what it comes to.

    The first run of a period is the initial one; a later run books only what differs from the
    runs before it. A period is refused, and nothing is booked, while it is open, once it was
    final, and where a reading, tariff, rate or price is missing: all that is missing is listed.
    """
    book = Book.open(folder)
    made = run_period(book, asked_of(book, period, as_of, kind), dry=dry)
    _show(made, dry=dry, as_json=as_json, quiet=quiet)


@click.command(
    short_help="Correct a settled period from what became known since.",
    epilog="""\b
Examples:
  gridpact correct lane --period 2026-03
  gridpact correct lane --period 2026-03 --as-of 2026-05-04T12:00 --dry-run""",
)
@BOOK
@PERIOD
@AS_OF
@DRY
@output_options
def correct(
    folder: Path,
    period: str,
    as_of: datetime | None,
    dry: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Settle a period again from the readings known since, and book the differences as lines.

    What was booked is never changed: with its corrections it adds up to the run from corrected
    readings, to the last unit. Where nothing differs, nothing is booked.
    """
    book = Book.open(folder)
    made = run_period(book, asked_of(book, period, as_of, "revised"), dry=True)
    if len(made.booked) and not dry:
        made = run_period(book, asked_of(book, period, as_of, "revised"))
    _show(made, dry=dry or not len(made.booked), as_json=as_json, quiet=quiet)


def _show(made: Made, *, dry: bool, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json(_as_dict(made, dry=dry))
    elif not quiet:
        for line in _lines(made, dry=dry):
            say(line)


def _lines(made: Made, *, dry: bool) -> list[str]:
    run, rules = made.run, made.rules
    slots = (run.end_s - run.first_s) // rules.step_s
    members = counted(len(rules.members), "member")
    head = f"{rules.name}, {run.period}: {run.kind} run, {slots:,} slots, {members}"
    booked = f"booked as run {run.number}: {counted(len(made.booked), 'line')}"
    last = "nothing was booked" if dry else f"{booked}, hash {short(run.hash)}"
    if not len(made.booked):
        return [harmless(head), "nothing differs from what was booked before", harmless(last)]
    told = [head, *line_table(made.booked, rules), "", *party_table(made.booked, rules)]
    good = summed(made.booked)
    return [*map(harmless, told), f"{mark(good=good)} what is paid is received", harmless(last)]


def _as_dict(made: Made, *, dry: bool) -> dict[str, object]:
    run = made.run
    return {
        "run": run,
        "hash": run.hash,
        "booked": not dry,
        "lines": by_head(made.booked),
        "received_minor": received(made.booked),
        "received_nano": received(made.booked, exact=True),
    }
