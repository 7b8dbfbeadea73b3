"""``gridpact report supplier`` and ``network``: a period held against what parties have."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.booking_words import BOOK, PERIOD
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import output_options
from gridpact.app.cli.reporting_options import opened, written
from gridpact.app.reporting.network import network_report
from gridpact.app.reporting.supplier import supplier_report

PARTY = click.option("--party", default="", help="With whom.  [default: the only one there is]")


@click.command(
    short_help="Hold a period against a supplier's.",
    epilog="""\b
Examples:
  gridpact report supplier lane --period 2026-03 --out reports
  gridpact report supplier lane --period 2026-03 --party power-co --out reports""",
)
@BOOK
@PERIOD
@OUT
@PARTY
@output_options
def supplier(folder: Path, period: str, out: Path, party: str, as_json: bool, quiet: bool) -> None:
    """Reconcile a settled period of BOOK with a supplier: registers, residual, bill, differences.

    The energy is followed again from the readings of the run, slot by slot. Only members whom the
    supplier supplied are named.
    """
    report = supplier_report(opened(folder, period), party)
    written(report, out, as_json=as_json, quiet=quiet)


@click.command(
    short_help="Hold a period against the network operator's.",
    epilog="""\b
Examples:
  gridpact report network lane --period 2026-03 --out reports
  gridpact report network lane --period 2026-03 --party grid-co --out reports""",
)
@BOOK
@PERIOD
@OUT
@PARTY
@output_options
def network(folder: Path, period: str, out: Path, party: str, as_json: bool, quiet: bool) -> None:
    """Reconcile a settled period of BOOK with a network operator: points, shares, bill.

    Shares are also allocated by coefficients of six decimals, as the operator would.
    """
    report = network_report(opened(folder, period), party)
    written(report, out, as_json=as_json, quiet=quiet)
