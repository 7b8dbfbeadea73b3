"""``gridpact certificates issue``: metered energy becomes certificates."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.certificates.metered import Each, Meters
from gridpact.app.certificates.rules_file import RegisterRules
from gridpact.app.cli.certifying_words import (
    AS_OF,
    REGISTER,
    Doing,
    Faults,
    doing_options,
    instants,
    named,
    perform,
)
from gridpact.settlement.certificates import issuing
from gridpact.settlement.certificates.issuing import Metered
from gridpact.settlement.certificates.operations import Device, Issue, Operation, Refused
from gridpact.settlement.certificates.register import Register

LENGTHS = ("period", "month", "day", "hour")


@click.command(
    short_help="Issue certificates for metered energy.",
    epilog="""\b
Examples:
  gridpact certificates issue -r lane --period 2026-03 --readings store
  gridpact certificates issue -r lane --period 2026-03 --readings store --each hour""",
)
@REGISTER
@click.option("--period", required=True, help="Local days: 2026, 2026-03, 2026-03-01..2026-03-15.")
@click.option("--readings", required=True, metavar="STORE", help="A store of readings.")
@click.option(
    "--device", "devices", multiple=True, metavar="ID", help="Only these.  [default: all]"
)
@click.option(
    "--each",
    type=click.Choice(LENGTHS),
    help="Certificates tell their production to this length.  [default: as the regime claims]",
)
@click.option("--size-wh", type=int, help="Energy of a certificate.  [default: as the rules say]")
@AS_OF
@doing_options
def issue(
    folder: Path,
    period: str,
    readings: str,
    devices: tuple[str, ...],
    each: Each | None,
    size_wh: int | None,
    as_of: datetime | None,
    doing: Doing,
) -> None:
    """Issue certificates for what devices produced in a period, from readings in a store.

    A period that was claimed before is looked at again: where readings are higher now, the
    difference is issued; where they are lower, certificates that the owner still has are taken
    back, and what was sold is made good by the next energy. Nothing is issued where a reading is
    missing or its mark does not prove it: all such spans are listed.
    """
    place = RegisterFolder.open(folder)
    rules = place.rules()
    chosen = _devices(rules, devices, doing.name)
    at_s, as_of_s = instants(doing.moment, as_of, rules)
    length: Each = each or rules.terms.regime.claims or "period"
    meters = Meters(readings, period, rules.terms.timezone, as_of_s, rules.quality)
    found = meters.produced(chosen, length)
    given = {} if size_wh is None else {"size_wh": size_wh}
    terms = msgspec.structs.replace(rules.terms, **given)

    def plan(register: Register) -> list[Operation] | Refused:
        return _planned(register, (doing.name, at_s), chosen, terms, found)

    asked = ("issue", period, length, [device.id for device in chosen], terms.size_wh)
    perform(place, doing, _names(doing.name, chosen), asked, at_s, plan)


def _devices(rules: RegisterRules, names: tuple[str, ...], operation: str) -> list[Device]:
    faults, there = Faults(), [device.id for device in rules.devices]
    faults.operation(operation)
    for name in names:
        faults.known("--device", name, there)
    faults.check()
    return [device for device in rules.devices if not names or device.id in names]


def _names(name: str, devices: list[Device]) -> list[str]:
    """Return names of the operations; those of several devices say which."""
    if not name:
        return []
    return [name] if len(devices) == 1 else [f"{name}/{device.id}" for device in devices]


def _planned(
    register: Register,
    named_at: tuple[str, int],
    devices: list[Device],
    terms: issuing.Terms,
    found: list[Metered],
) -> list[Operation] | Refused:
    """Return an operation for each device with new energy; all reasons where one is refused."""
    name, at_s = named_at
    names, made, refused = _names(name, devices), list[Operation](), list[Refused]()
    serials = register.next
    for row, (device, metered) in enumerate(zip(devices, found, strict=True)):
        mine = names[row] if names else f"{named(register, '', 'issue')}/{device.id}"
        told = issuing.issue(register, mine, at_s, device, terms, metered)
        if isinstance(told, Refused):
            refused.append(told)
        else:
            told = _after(told, serials - register.next)
            serials += sum(each.count for each in told.rows)
            made.append(told)
    hard = tuple(why for each in refused if not each.idle for why in each.reasons)
    if hard:
        return Refused(hard)
    return made or Refused(tuple(why for each in refused for why in each.reasons), idle=True)


def _after(operation: Issue, serials: int) -> Issue:
    """Return an operation whose serials begin later, for others come before it."""
    rows = tuple(
        msgspec.structs.replace(row, first=row.first + serials) if row.count else row
        for row in operation.rows
    )
    return msgspec.structs.replace(operation, rows=rows)
