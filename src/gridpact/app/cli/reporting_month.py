"""``gridpact report month``: a community's energy and money, for all or for one member."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.booking_words import BOOK, PERIOD
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import output_options
from gridpact.app.cli.reporting_options import opened, written
from gridpact.app.reporting.month import month_report


@click.command(
    short_help="Report on a community's energy, money and savings.",
    epilog="""\b
Examples:
  gridpact report month lane --period 2026-03 --out reports
  gridpact report month lane --period 2026-03 --for bakery --out reports""",
)
@BOOK
@PERIOD
@OUT
@click.option("--for", "member", default="", help="Name this member alone, and nobody else.")
@output_options
def month(folder: Path, period: str, out: Path, member: str, as_json: bool, quiet: bool) -> None:
    """Report on a settled period of BOOK: energy, money, savings, who gained, how evenly.

    It names all members, for the operator. With --for it tells one member its own numbers and
    what the community comes to, and names no other.
    """
    report = month_report(opened(folder, period), member)
    written(report, out, as_json=as_json, quiet=quiet)
