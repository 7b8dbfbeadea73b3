"""``gridpact export payments``: what is owed, as orders for a bank."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import click

from gridpact.app.books.folder import PEOPLE, Book
from gridpact.app.cli.booking_words import BOOK, PERIOD, SHOWN
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.invoicing.words import amount
from gridpact.app.payments import sepa
from gridpact.app.payments.giving import Asked, Made, give
from gridpact.app.people.people_file import read_people
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.base.slots import Calendar
from gridpact.settlement.periods.rules import Rules


@click.command(
    short_help="Write SEPA credit transfers and direct debits of a period.",
    epilog="""\b
Examples:
  gridpact export payments lane --period 2026-03 --out orders
  gridpact export payments lane --period 2026-03 --on 2026-04-20 --people p.yaml --out orders""",
)
@BOOK
@PERIOD
@OUT
@click.option(
    "--people",
    "people_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Names, IBANs and mandates.  [default: people.yaml in the book]",
)
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Day of payment.  [default: due_days after the period]",
)
@click.option("--final", multiple=True, metavar="MEMBER", help="Whose last collection it is.")
@click.option("--failed", multiple=True, metavar="ID", help="Debits that the bank did not do.")
@output_options
def payments(
    folder: Path,
    period: str,
    out: Path,
    people_file: Path | None,
    day: datetime | None,
    final: tuple[str, ...],
    failed: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Write what is owed of BOOK up to the end of a period as orders for a bank.

    Who is owed is paid by credit transfer (pain.001), who owes is collected from by direct debit
    (pain.008), each after what was paid already; who gave no mandate pays alone, and is named.
    Debits are remembered, with which collection of its mandate each is: what is under way is not
    collected again, and --failed is for those that the bank did not do. Payments are booked by
    gridpact books pay, once the bank has done them.
    """
    sepa.check_library()
    book = Book.open(folder)
    rules = book.rules().rules
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s))
    due = Calendar(rules.timezone, rules.step_s).date_of(slots.end - 1)
    due = day.date() if day else due + timedelta(days=rules.billing.due_days)
    people = read_people(people_file or folder / PEOPLE)
    asked = Asked(period, slots.end, due, int(time.time()), final, failed)
    files: list[Path] = []
    made = give(book, people, asked, lambda made: files.extend(_written(made, asked, out)))
    if as_json:
        say_json({"files": [str(path) for path in files], **_as_dict(made)})
    elif not quiet:
        for line in _told(made, files, rules):
            say(harmless(line))


def _written(made: Made, asked: Asked, out: Path) -> list[Path]:
    """Write the messages that have payments in them."""
    orders, found = made.orders, {}
    if orders.paid:
        found["transfers.xml"] = sepa.transfers(orders, asked.now_s)
    if orders.collected:
        found["debits.xml"] = sepa.debits(orders, made.debits, made.people, asked.now_s)
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, data in found.items():
            write_whole(out / name, data)
    except OSError as error:
        raise StoreError(f"{out}: {error.strerror or error}") from error
    return [out / name for name in found]


def _as_dict(made: Made) -> dict[str, object]:
    orders = made.orders
    return {
        "paid": [{"who": order.who, "cents": order.cents} for order in orders.paid],
        "collected": [
            {"who": each.who, "cents": each.cents, "id": each.id, "sequence": each.sequence}
            for each in made.debits
        ],
        "awaited": [{"who": order.who, "cents": order.cents} for order in made.awaited],
        "day": orders.day.isoformat(),
        "again": made.again,
    }


def _told(made: Made, files: list[Path], rules: Rules) -> list[str]:
    orders, told = made.orders, []
    for what, some in (("credit transfer", orders.paid), ("direct debit", orders.collected)):
        total = amount(sum(order.cents for order in some), rules)
        told.append(f"{counted(len(some), what)}, {total} EUR, on {orders.day.isoformat()}")
    kinds = sorted(Counter(each.sequence for each in made.debits).items())
    if kinds:
        parts = ", ".join(f"{count} {sequence}" for sequence, count in kinds)
        again = "; all were given before, and are given again as they were" if made.again else ""
        told.append(f"debits by sequence: {parts}{again}")
    if made.awaited:
        total = amount(sum(order.cents for order in made.awaited), rules)
        names = [f"{each.who} {amount(each.cents, rules)}" for each in made.awaited[:SHOWN]]
        more = ", …" if len(made.awaited) > SHOWN else ""
        told.append(f"not collected, without a mandate: {total} EUR, {', '.join(names)}{more}")
    return [*told, *(f"wrote {path}" for path in files)]
