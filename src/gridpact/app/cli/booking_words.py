"""Arguments, options and words that the commands on books share."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.books.folder import Book
from gridpact.app.books.settling import Asked
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.invoicing.words import amount, kwh, percent
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.settlement.line_sums import by_head
from gridpact.settlement.lines import Lines, received
from gridpact.settlement.periods.rules import Rules
from gridpact.settlement.runs.run import Kind

BOOK = click.argument("folder", metavar="BOOK", type=click.Path(path_type=Path, file_okay=False))
PERIOD = click.option(
    "--period", required=True, help="Local days: 2026-03, 2026-03-15, or 2026-03-01..2026-03-15."
)
AS_OF = click.option("--as-of", type=MOMENT, help="Readings as known then.  [default: now]")
SHOWN = 24
"""Rows of a table that are shown; all are in the JSON."""


def asked_of(book: Book, period: str, as_of: datetime | None, kind: Kind | None = None) -> Asked:
    """Return what a command asks to be run."""
    now = int(time.time())
    if as_of is None:
        return Asked(period, now, now, kind)
    known = epoch_of(as_of, book.rules().rules.timezone, "--as-of")
    if known > now:
        fix = "name an instant that has passed, or leave it out"
        raise BadInput([Fault("arguments", 0, "--as-of", f"{iso(known)} is yet to come", fix)])
    return Asked(period, known, now, kind)


def line_table(lines: Lines, rules: Rules) -> list[str]:
    """Return what was settled by kind of line, summed over members."""
    rows = [("line", "from", "to", "kWh", rules.currency)]
    for each in by_head(lines):
        energy = kwh(each.energy_wh) if each.energy else ""
        line = each.line if each.rate_ppm is None else f"{each.line} {percent(each.rate_ppm)}"
        rows.append((line, each.payer, each.payee, energy, amount(each.minor, rules)))
    return aligned(rows, right=(3, 4), indent=2)


def party_table(lines: Lines, rules: Rules) -> list[str]:
    """Return what everybody receives in sum; who pays has a negative amount."""
    table = received(lines).get(rules.currency, {})
    names = {member.id for member in rules.members}
    order = sorted(table, key=lambda name: (name not in names, name))
    rows = [("", "is", "receives")]
    for name in order[:SHOWN]:
        role = "member" if name in names else rules.parties.get(name, "")
        rows.append((name, role, amount(table[name], rules)))
    more = len(order) - SHOWN
    rest = [f"  … and {more:,} more: --json has all"] if more > 0 else []
    return [*aligned(rows, right=(2,), indent=2), *rest]


def summed(lines: Lines) -> bool:
    """Tell whether what is paid is received, in every currency."""
    return not any(sum(table.values()) for table in received(lines).values())


def short(digest: str) -> str:
    """Return the begin of a hash, by which people tell it."""
    return f"{digest[:16]}…"
