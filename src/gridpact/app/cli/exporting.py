"""``gridpact export``: files for those outside the community."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.allocating import AS_OF, PERIOD, RULES
from gridpact.app.cli.exporting_accounting import accounting
from gridpact.app.cli.exporting_invoices import invoices
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.exporting_payments import payments
from gridpact.app.cli.exporting_settlement import settlement
from gridpact.app.cli.moments import epoch_of
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.sharing import exporting
from gridpact.app.sharing.periods import slots_of
from gridpact.app.sharing.rules import read_rules
from gridpact.base.slots import Calendar
from gridpact.settlement.sharing.files.monthly import LAYOUTS
from gridpact.settlement.sharing.files.spanish import RULES as SPANISH


@click.group(short_help="Write files for banks, accountants, suppliers and members.")
def export() -> None:
    """Write what a community tells others, such as its network operator."""


@export.command(
    short_help="Write sharing coefficients for the network operator.",
    epilog="""\b
Examples:
  gridpact export coefficients --rules sharing.yaml --period 2026-03 --out told
  gridpact export coefficients --rules sharing.yaml --period 2026-03 --readings store --out told
  gridpact export coefficients --rules spain.yaml --period 2026 --layout spain-6.v1 --out told""",
)
@RULES
@PERIOD
@OUT
@click.option(
    "--layout",
    type=click.Choice([*LAYOUTS, *SPANISH]),
    help="How they are written.  [default: the layout of the rules]",
)
@click.option("--readings", "source", metavar="READINGS", help="A store of readings, or a table.")
@AS_OF
@output_options
def coefficients(
    rules_file: Path,
    period: str,
    out: Path,
    layout: str | None,
    source: str | None,
    as_of: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the coefficients of whole months as tables, or of whole years in the Spanish form.

    Coefficients are those that the rules declare. Keys that declare none, default-dynamic and
    contract, have the coefficients that their allocation of --readings comes to.
    """
    rules = read_rules(rules_file)
    slots = slots_of(period, Calendar(rules.timezone, rules.step_s))
    known = None if as_of is None else epoch_of(as_of, rules.timezone, "--as-of")
    found = exporting.coefficients(rules, slots, source, known)
    files = exporting.export(rules, found, layout or rules.layout, out)
    if as_json:
        say_json({"files": [str(path) for path in files]})
    elif not quiet:
        for path in files:
            say(harmless(f"wrote {path}"))


export.add_command(settlement)
export.add_command(payments)
export.add_command(invoices)
export.add_command(accounting)
