"""``gridpact report``: what a period came to, for its community and for those it deals with."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "certificates": Later("reporting_certificates:certificates", "Report on certificates."),
    "month": Later("reporting_month:month", "Report on a community's energy, money and savings."),
    "network": Later("reporting_parties:network", "Hold a period against the network operator's."),
    "supplier": Later("reporting_parties:supplier", "Hold a period against a supplier's."),
    "tax": Later("reporting_tax:tax", "Report on taxes and levies by rate, payer and payee."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Report on a settled period: community, parties and taxes.",
    epilog="""\b
Examples:
  gridpact report month lane --period 2026-03 --out reports
  gridpact report month lane --period 2026-03 --for bakery --out reports
  gridpact report supplier lane --period 2026-03 --party power-co --out reports
  gridpact report network lane --period 2026-03 --out reports
  gridpact report tax lane --period 2026-03 --out reports
  gridpact report certificates -r lane --period 2026-03 --out reports""",
)
def report() -> None:
    """Write reports of a book as one page each, with its tables as CSV.

    A page needs no network and no other file, and prints on A4. Numbers come from booked runs.
    """
