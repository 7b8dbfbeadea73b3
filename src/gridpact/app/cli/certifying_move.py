"""``gridpact certificates transfer`` and ``withdraw``."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.cli.certifying_words import (
    REGISTER,
    Chosen,
    Doing,
    Faults,
    chosen_options,
    doing_options,
    instant,
    named,
    perform,
)
from gridpact.settlement.certificates import moving
from gridpact.settlement.certificates.operations import Operation, Refused
from gridpact.settlement.certificates.register import Register


@click.command(
    short_help="Move certificates to another holder.",
    epilog="""\b
Examples:
  gridpact certificates transfer --register lane --from school --to bakery --energy 2MWh
  gridpact certificates transfer --register lane --from school --to bakery --serials 1-10,15""",
)
@REGISTER
@chosen_options
@click.option("--to", "target", required=True, metavar="HOLDER", help="Who gets them.")
@doing_options
def transfer(folder: Path, chosen: Chosen, target: str, doing: Doing) -> None:
    """Move certificates, by their serials or by energy: those that expire first go first.

    Refused, with every reason, where they are not the holder's, where they ended, or where the
    regime lets them only be cancelled by now.
    """
    place = RegisterFolder.open(folder)
    rules, faults = place.rules(), Faults()
    wanted = faults.wanted(rules, chosen)
    faults.known("--to", target, rules.holders)
    faults.operation(doing.name)
    faults.check()
    at_s = instant(doing.moment, rules, "--at")

    def plan(register: Register) -> list[Operation] | Refused:
        mine = named(register, doing.name, "transfer")
        told = moving.transfer(register, mine, at_s, wanted, target)
        return told if isinstance(told, Refused) else [told]

    perform(place, doing, [doing.name], ("transfer", wanted, target), at_s, plan)


@click.command(
    short_help="Take certificates out, with a reason.",
    epilog="""\b
Examples:
  gridpact certificates withdraw --register lane --serials 7-9 --reason "issued in error\"""",
)
@REGISTER
@click.option("--serials", required=True, metavar="LIST", help="Such as 1-10,15.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in words.")
@doing_options
def withdraw(folder: Path, serials: str, reason: str, doing: Doing) -> None:
    """Take certificates out of the world without using them, whoever holds them.

    Their energy is not certified again. What was cancelled or has expired stays as it is.
    """
    place = RegisterFolder.open(folder)
    rules, faults = place.rules(), Faults()
    spans = faults.spans(serials)
    faults.operation(doing.name)
    faults.check()
    at_s = instant(doing.moment, rules, "--at")

    def plan(register: Register) -> list[Operation] | Refused:
        mine = named(register, doing.name, "withdraw")
        told = moving.withdraw(register, mine, at_s, spans, reason)
        return told if isinstance(told, Refused) else [told]

    perform(place, doing, [doing.name], ("withdraw", spans, reason), at_s, plan)
