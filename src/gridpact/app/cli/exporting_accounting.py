"""``gridpact export accounting``: a book's double entry for accountants."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from gridpact.app.books.accounting import ledger, local_day, table
from gridpact.app.books.accounts import accounts_of
from gridpact.app.books.fec import PLAN, Plan, fec, name_of, read_plan, siren_problem
from gridpact.app.books.folder import Book
from gridpact.app.cli.booking_money import AT, KNOWN_AT, seen
from gridpact.app.cli.booking_words import BOOK
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault, StoreError
from gridpact.base.files import write_whole
from gridpact.base.slots import Calendar
from gridpact.settlement.accounts.opening import within
from gridpact.settlement.accounts.postings import Postings
from gridpact.settlement.periods.rules import Rules

FORMS = ("csv", "beancount", "fec")


@click.command(
    short_help="Write a book's double entry for accountants.",
    epilog="""\b
Examples:
  gridpact export accounting lane --out accounting
  gridpact export accounting lane --period 2026 --format beancount --out accounting
  gridpact export accounting lane --period 2026 --format fec --siren 732829320 --out accounting""",
)
@BOOK
@OUT
@click.option("--period", default="", help="Local days: 2026, 2026-03.  [default: all]")
@click.option(
    "--format",
    "forms",
    multiple=True,
    type=click.Choice(FORMS),
    help="Which files; may be given more than once.  [default: csv and beancount]",
)
@click.option("--siren", default="", metavar="NUMBER", help="Whose FEC it is.")
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Accounts of the FEC, as YAML.  [default: those of the documentation]",
)
@AT
@KNOWN_AT
@output_options
def accounting(
    folder: Path,
    out: Path,
    period: str,
    forms: tuple[str, ...],
    siren: str,
    plan_file: Path | None,
    at: datetime | None,
    known_at: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the transfers of BOOK: journal.csv, a row for each leg, and journal.beancount.

    The second is a plain-text ledger for Beancount; it asserts what every account comes to, so
    that bean-check proves it. As fec it is the file of entries that French law asks for, named by
    the SIREN and the last day of the period. Of a --period the balances before it come first.
    """
    book = Book.open(folder)
    rules = book.rules().rules
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s)) if period else None
    if "fec" in forms:
        _check(rules, siren, period)
    plan = read_plan(plan_file) if plan_file else PLAN
    postings = seen(accounts_of(book).postings, rules, at, known_at)
    if slots is not None:
        postings = within(postings, slots.start, slots.end)
    last = local_day(slots.end - 1, rules) if slots is not None else date.max
    files = {
        name_of(siren, last) if form == "fec" else f"journal.{form}": _form(
            form, postings, rules, plan
        )
        for form in forms or FORMS[:2]
    }
    paths = _keep(files, out)
    if as_json:
        say_json({"files": paths, "legs": len(postings)})
    elif not quiet:
        for path in paths:
            say(harmless(f"wrote {path}"))


def _check(rules: Rules, siren: str, period: str) -> None:
    """Refuse a FEC of nobody, or of no accounting year."""
    faults = []
    if problem := siren_problem(siren):
        told = f"{siren[:20]!r} {problem}" if siren else "a FEC is named by a SIREN"
        faults.append(Fault(rules.name, 0, "--siren", told, "give it: --siren NUMBER"))
    if not period:
        fix = "name the year: --period 2026"
        faults.append(Fault(rules.name, 0, "--period", "a FEC is of an accounting year", fix))
    if faults:
        raise BadInput(faults)


def _form(form: str, postings: Postings, rules: Rules, plan: Plan) -> bytes:
    match form:
        case "csv":
            return table(postings, rules)
        case "beancount":
            return ledger(postings, rules)
    return fec(postings, rules, plan)


def _keep(files: dict[str, bytes], out: Path) -> list[str]:
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            write_whole(out / name, data)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror or error}") from error
    return [str(out / name) for name in files]
