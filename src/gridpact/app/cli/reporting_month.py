"""``gridpact report month``: a community's energy and money, for all or for one member."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.certificates.rules_file import ResidualMix, read_mix
from gridpact.app.cli.booking_words import BOOK, PERIOD
from gridpact.app.cli.certifying_words import MIX
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import output_options
from gridpact.app.cli.reporting_options import opened, written
from gridpact.app.reporting.month import month_report
from gridpact.base.errors import BadInput, Fault


@click.command(
    short_help="Report on a community's energy, money and savings.",
    epilog="""\b
Examples:
  gridpact report month lane --period 2026-03 --out reports
  gridpact report month lane --period 2026-03 --for bakery --out reports
  gridpact report month lane --period 2026-03 --mix residual-mix.yaml --out reports""",
)
@BOOK
@PERIOD
@OUT
@click.option("--for", "member", default="", help="Name this member alone, and nobody else.")
@MIX
@output_options
def month(
    folder: Path,
    period: str,
    out: Path,
    member: str,
    residual: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Report on a settled period of BOOK: energy, money, savings, who gained, how evenly.

    It names all members, for the operator. With --for it tells one member its own numbers and
    what the community comes to, and names no other. With --mix it tells the CO₂ of energy from
    suppliers by the figures of that file.
    """
    mix = None if residual is None else _with_carbon(residual)
    report = month_report(opened(folder, period), member, mix)
    written(report, out, as_json=as_json, quiet=quiet)


def _with_carbon(path: Path) -> ResidualMix:
    """Read a residual mix; BadInput where it has no figures of CO₂, for none are assumed."""
    mix = read_mix(path)
    if mix.carbon is None:
        fix = "add co2 to it, with who published the figures and when, or leave out --mix"
        raise BadInput([Fault(str(path), 0, "co2", "it has no figures of CO₂", fix)])
    return mix
