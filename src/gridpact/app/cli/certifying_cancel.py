"""``gridpact certificates cancel``: certificates are used up for consumption."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.certificates.metered import Meters
from gridpact.app.certificates.rules_file import RegisterRules
from gridpact.app.cli.certifying_words import (
    AS_OF,
    READINGS,
    REGISTER,
    Chosen,
    Doing,
    Faults,
    chosen_options,
    doing_options,
    instants,
    named,
    perform,
)
from gridpact.app.sharing.periods import slots_of
from gridpact.base.slots import Calendar
from gridpact.settlement.certificates import moving
from gridpact.settlement.certificates.matching import match_hours
from gridpact.settlement.certificates.moving import Use, Wanted
from gridpact.settlement.certificates.operations import Operation, Refused
from gridpact.settlement.certificates.register import Register

STEP_S = 900


@click.command(
    short_help="Use certificates up for consumption.",
    epilog="""\b
Examples:
  gridpact certificates cancel -r lane --from mill --energy 2MWh --for bakery --period 2026
  gridpact certificates cancel -r go --from mill --hourly --readings db --for pub --period 2026""",
)
@REGISTER
@chosen_options
@click.option("--for", "beneficiary", required=True, metavar="NAME", help="Who consumed.")
@click.option("--purpose", default="disclosure", show_default=True, help="What for, in words.")
@click.option("--period", required=True, help="When it was consumed: 2026, 2026-03, 2026-03-15.")
@click.option("--hourly", is_flag=True, help="Match each hour's consumption with its production.")
@READINGS
@AS_OF
@doing_options
def cancel(
    folder: Path,
    chosen: Chosen,
    beneficiary: str,
    purpose: str,
    period: str,
    hourly: bool,
    readings: str | None,
    as_of: datetime | None,
    doing: Doing,
) -> None:
    """Cancel certificates: they name a beneficiary and a purpose, and never move again.

    With --hourly, no more is cancelled than what the beneficiary, a member of the rules, consumed
    in the same hour, from certificates that were issued for hours.
    """
    place = RegisterFolder.open(folder)
    rules, faults = place.rules(), Faults()
    wanted = faults.wanted(rules, chosen)
    faults.operation(doing.name)
    _check_hourly(
        faults, rules, (hourly, bool(readings), bool(chosen.serials or chosen.energy)), beneficiary
    )
    faults.check()
    at_s, as_of_s = instants(doing.moment, as_of, rules)
    slots = slots_of(period, Calendar(rules.terms.timezone, STEP_S))
    use = Use(beneficiary, purpose, slots.start, slots.end)
    consumed: dict[int, int] = {}
    if readings and hourly:
        meters = Meters(readings, period, rules.terms.timezone, as_of_s, rules.quality)
        consumed = meters.consumed(rules.points[beneficiary])[1]

    def plan(register: Register) -> list[Operation] | Refused:
        mine = named(register, doing.name, "cancel")
        return _planned(register, (mine, at_s), wanted, use, consumed)

    perform(place, doing, [doing.name], ("cancel", wanted, use, hourly), at_s, plan)


def _check_hourly(
    faults: Faults, rules: RegisterRules, given: tuple[bool, bool, bool], beneficiary: str
) -> None:
    """Note options that do not go together: --hourly, --readings, and what chooses an amount."""
    hourly, readings, amount = given
    if hourly and not readings:
        faults.add("--readings", "is missing", "name the store that --hourly reads consumption in")
    if hourly and amount:
        faults.add("--hourly", "consumption says how much", "leave --serials and --energy away")
    if readings and not hourly:
        faults.add("--readings", "is read with --hourly only", "add --hourly, or leave it away")
    if not hourly and not amount:
        faults.add("--energy", "is missing", "add --energy, --serials or --hourly")
    if hourly:
        faults.known("--for", beneficiary, tuple(rules.points))


def _planned(
    register: Register,
    named_at: tuple[str, int],
    wanted: Wanted,
    use: Use,
    consumed: dict[int, int],
) -> list[Operation] | Refused:
    name, at_s = named_at
    if not consumed:
        told = moving.cancel(register, name, at_s, wanted, use)
        return told if isinstance(told, Refused) else [told]
    found = match_hours(register, at_s, wanted, use.beneficiary, consumed)
    if not found.spans:
        why = f"{wanted.holder} has no certificates of hours in which {use.beneficiary} consumed"
        return Refused((f"{why} more than was matched",))
    wanted = msgspec.structs.replace(wanted, spans=found.spans)
    told = moving.cancel(register, name, at_s, wanted, use, found.hours)
    return told if isinstance(told, Refused) else [told]
