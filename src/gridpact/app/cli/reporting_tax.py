"""``gridpact report tax``: taxes and levies of a period by rate, payer, payee and document."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.booking_words import BOOK, PERIOD
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import output_options
from gridpact.app.cli.reporting_options import opened, written
from gridpact.app.reporting.taxes import tax_report


@click.command(
    short_help="Report on taxes and levies by rate, payer and payee.",
    epilog="""\b
Examples:
  gridpact report tax lane --period 2026-03 --out reports
  gridpact report tax lane --period 2026-03 --out reports --json""",
)
@BOOK
@PERIOD
@OUT
@output_options
def tax(folder: Path, period: str, out: Path, as_json: bool, quiet: bool) -> None:
    """Report on the taxes and levies of a settled period of BOOK: bases, amounts, documents.

    Bases and taxes of booked lines are held against those of invoices and credit notes.
    """
    report = tax_report(opened(folder, period))
    written(report, out, as_json=as_json, quiet=quiet)
