"""``gridpact certificates holdings``, ``operations`` and ``verify``: look into a register."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.certificates.folder import RegisterFolder
from gridpact.app.certificates.papers import local, operation_paper
from gridpact.app.cli.certifying_words import AT, REGISTER, energy_words, instant
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.base.errors import StoreError
from gridpact.base.files import write_whole
from gridpact.settlement.certificates.operations import canonical
from gridpact.settlement.certificates.register import Holding

SHOWN = 40
"""Rows of a table that are shown; all are in the JSON."""


@click.command(
    short_help="List who holds which certificates.",
    epilog="""\b
Examples:
  gridpact certificates holdings --register lane
  gridpact certificates holdings --register lane --holder bakery --at 2027-08-01T00:00 --json""",
)
@REGISTER
@click.option("--holder", default="", help="Only of this holder.")
@AT
@output_options
def holdings(
    folder: Path, holder: str, moment: datetime | None, as_json: bool, quiet: bool
) -> None:
    """List certificates by ranges of serials, with their holder and state at an instant."""
    place = RegisterFolder.open(folder)
    rules = place.rules()
    at_s, timezone = instant(moment, rules, "--at"), rules.terms.timezone
    register = place.register()
    found = [each for each in register.holdings(at_s) if holder in ("", each.piece.owner)]
    if as_json:
        balances = {name: account.balance_wh for name, account in register.accounts.items()}
        rows = [_as_dict(each, timezone) for each in found]
        say_json({"holdings": rows, "balance_wh": balances})
        return
    if quiet:
        return
    for line in _table(found, timezone):
        say(harmless(line))
    for name, account in sorted(register.accounts.items()):
        if account.balance_wh:
            what = "carried forward" if account.balance_wh > 0 else "owed by its next energy"
            say(harmless(f"{name}: {energy_words(abs(account.balance_wh))} {what}"))


def _as_dict(each: Holding, timezone: str) -> dict[str, str | int]:
    return {
        "first": each.piece.span.first,
        "last": each.piece.span.end - 1,
        "energy_wh": each.energy_wh,
        "size_wh": each.lot.size_wh,
        "holder": each.piece.owner,
        "state": each.status,
        "device": each.lot.device.id,
        "source": each.lot.device.source,
        "produced_until": local(each.lot.end_s, timezone),
        "tradable_until": local(each.lot.tradable_s, timezone),
        "usable_until": local(each.lot.usable_s, timezone),
    }


def _table(found: list[Holding], timezone: str) -> list[str]:
    if not found:
        return ["there are no certificates"]
    rows = [("serials", "energy", "holder", "state", "device", "usable until")]
    for each in found[:SHOWN]:
        span, state = each.piece.span, each.status
        regime = each.lot.regime
        words = {"cancelled": regime.cancelled, "withdrawn": regime.withdrawn}
        last = local(each.lot.usable_s, timezone)[:16]
        told = (f"{span.first}-{span.end - 1}", energy_words(each.energy_wh), each.piece.owner)
        rows.append((*told, words.get(state, state), each.lot.device.id, last))
    more = len(found) - SHOWN
    rest = [f"… and {more:,} more: --json has all"] if more > 0 else []
    return [*aligned(rows, right=(1,)), *rest]


@click.command(
    short_help="List operations, or export them.",
    epilog="""\b
Examples:
  gridpact certificates operations --register lane
  gridpact certificates operations --register lane --leaves operations.jsonl""",
)
@REGISTER
@click.option(
    "--leaves",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the canonical bytes of each, one line each.",
)
@output_options
def operations(folder: Path, leaves: Path | None, as_json: bool, quiet: bool) -> None:
    """List operations with the SHA-256 of their canonical bytes, by which a ledger names them."""
    place = RegisterFolder.open(folder)
    rules, register = place.rules(), place.register()
    found = [(each, canonical(each)) for each in register.operations.values()]
    if leaves is not None:
        try:
            write_whole(leaves, b"".join(data + b"\n" for _, data in found))
        except OSError as error:
            raise StoreError(f"{leaves}: {error.strerror or error}") from error
    told = [
        {**operation_paper(register, each, rules.name).facts,
         "kind": str(each.__struct_config__.tag), "sha256": hashlib.sha256(data).hexdigest()}
        for each, data in found
    ]  # fmt: skip
    if as_json:
        say_json(told)
    elif not quiet:
        rows = [("operation", "at", "energy", "leaf")]
        for row in told:
            energy, leaf = energy_words(int(row["energy_wh"])), f"{str(row['sha256'])[:16]}…"
            rows.append((str(row["operation"]), str(row["at"])[:16], energy, leaf))
        for line in aligned(rows, right=(2,)):
            say(harmless(line))


@click.command(
    short_help="Check a register from its first entry on.",
    epilog="""\b
Examples:
  gridpact certificates verify --register lane""",
)
@REGISTER
@output_options
def verify(folder: Path, as_json: bool, quiet: bool) -> None:
    """Check the chain of the journal, and every operation by the rules of the register.

    Exit code 1 where an entry was changed, or where an operation breaks a rule.
    """
    register = RegisterFolder.open(folder).register()
    devices = len(register.accounts)
    issued = sum(lot.serials.end - lot.serials.first for lot in register.lots)
    count = len(register.operations)
    if as_json:
        say_json({"operations": count, "certificates": issued, "devices": devices, "sound": True})
    elif not quiet:
        say(f"{mark(good=True)} {counted(count, 'operation')}: every entry is as it was booked")
        told = f"{counted(issued, 'certificate')} of {counted(devices, 'device')}"
        say(f"{mark(good=True)} {told}: no energy carries two")
