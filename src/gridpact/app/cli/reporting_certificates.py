"""``gridpact report certificates``: what became of guarantees of origin over a period."""

from __future__ import annotations

import time
from pathlib import Path

import click

from gridpact.app.certificates.disclosing import disclosed_by
from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.certificates.metered import Meters
from gridpact.app.certificates.rules_file import read_mix
from gridpact.app.cli.certifying_words import MIX, READINGS, REGISTER
from gridpact.app.cli.exporting_options import OUT
from gridpact.app.cli.output import output_options
from gridpact.app.cli.reporting_options import written
from gridpact.app.reporting.certificates import Disclosed, certificates_report
from gridpact.app.sharing.periods import slots_of
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Calendar, iso

_MINUTE_S = 60


@click.command(
    short_help="Report on certificates.",
    epilog="""\b
Examples:
  gridpact report certificates -r lane --period 2026-03 --out reports
  gridpact report certificates -r go --period 2026 --readings db --mix mix.yaml --out reports""",
)
@REGISTER
@click.option("--period", required=True, help="Local days: 2026, 2026-03, 2026-03-15.")
@OUT
@READINGS
@MIX
@output_options
def certificates(
    folder: Path,
    period: str,
    out: Path,
    readings: str | None,
    residual: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Report on a register: issued, transferred, cancelled, expired, withdrawn, what is left.

    By source and by holder, for each device and member. With --readings and --mix it also discloses
    the sources of every member's consumption.
    """
    place = RegisterFolder.open(folder)
    rules, register = place.rules(), place.register()
    slots = slots_of(period, Calendar(rules.terms.timezone, _MINUTE_S))
    _check(rules.name, slots.end, readings, residual)
    disclosed = None
    if readings and residual:
        mix = read_mix(residual)
        now_s, clock = int(time.time()), rules.terms.timezone
        meters = Meters(readings, period, clock, now_s, rules.quality)
        disclosed = Disclosed(tuple(disclosed_by(register, rules, meters, mix)), mix)
    report = certificates_report(register, rules, (period, slots), disclosed)
    written(report, out, as_json=as_json, quiet=quiet)


def _check(name: str, end_s: int, readings: str | None, residual: Path | None) -> None:
    faults = []
    if end_s > time.time():
        problem = f"the period is open until {iso(end_s)}"
        faults.append(Fault(name, 0, "--period", problem, "name one that is over"))
    if bool(readings) != bool(residual):
        where = "--mix" if readings else "--readings"
        fix = "give both to disclose sources, or none"
        faults.append(Fault("arguments", 0, where, "is missing", fix))
    if faults:
        raise BadInput(faults)
