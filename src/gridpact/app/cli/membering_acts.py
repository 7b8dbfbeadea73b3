"""``gridpact member list``, ``authorise``, ``suspend``, ``reinstate`` and ``bar``."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.agreements.addresses import parse_address
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import FILE, LEDGER, Acting, act, acting_options
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.app.ledgers.keys import public_of, shown
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.participants import (
    KeyBound,
    ParticipantAuthorised,
    ParticipantBarred,
    ParticipantReinstated,
    ParticipantSuspended,
    WalletBound,
)
from gridpact.ledger.state.rights import ROLES

MEMBER = click.argument("name", metavar="MEMBER")


@click.command(
    "list",
    short_help="List who takes part.",
    epilog="\b\nExample:\n  gridpact member list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List who takes part, how they stand, in which roles, and whether they sign with a key."""
    with home.opened(place) as ledger:
        found = sorted(ledger.state().participants.rows.items())
    if as_json:
        rows = [
            {
                "member": name,
                "status": one.status,
                "roles": one.roles,
                "key": shown(one.key) if one.key else None,
                "wallet": f"0x{one.wallet.hex()}" if one.wallet else None,
            }
            for name, one in found
        ]
        say_json(rows)
    elif not quiet and not found:
        say("nobody takes part yet, as far as acts say")
    elif not quiet:
        table = [
            (name, one.status, ", ".join(one.roles), "signs" if one.key else "")
            for name, one in found
        ]
        for line in aligned([("member", "is", "as", ""), *table]):
            say(harmless(line))


@click.command(
    short_help="Admit somebody, in a role.",
    epilog="""\b
Example:
  gridpact member authorise lane-ledger home-07 --role prosumer --as a=a.key --why joined""",
)
@LEDGER
@MEMBER
@click.option("--role", "roles", multiple=True, help=f"One of {', '.join(ROLES)}; repeatable.")
@click.option("--key", type=FILE, help="File of the public key that the member signs acts with.")
@click.option("--wallet", default="", metavar="0x…", help="Address that signs agreements.")
@acting_options
def authorise(
    place: Path, name: str, roles: tuple[str, ...], key: Path | None, wallet: str, doing: Acting
) -> None:
    """Admit MEMBER, a pseudonym, in one or more roles; or give another role, key or wallet."""
    entries: list[Entry] = [ParticipantAuthorised(name, role) for role in roles]
    if key is not None:
        entries.append(KeyBound(name, public_of(key)))
    if wallet:
        entries.append(WalletBound(name, _address(wallet)))
    if not entries:
        fix = "give --role, --key or --wallet"
        raise BadInput([Fault("arguments", 0, "", "nothing is to be done", fix)])
    told = f"{name} is authorised" + (f" as {', '.join(roles)}" if roles else "")
    act(place, doing, entries, told)


def _address(text: str) -> bytes:
    try:
        return parse_address(text)
    except ValueError as error:
        fix = "give an address as 'gridpact contract key show' writes it"
        raise BadInput([Fault("arguments", 0, "--wallet", str(error), fix)]) from error


@click.command(
    short_help="Let somebody do nothing for now.",
    epilog="""\b
Example:
  gridpact member suspend lane-ledger home-07 --as a=a.key --why unpaid""",
)
@LEDGER
@MEMBER
@acting_options
def suspend(place: Path, name: str, doing: Acting) -> None:
    """Suspend MEMBER, who signs, sends and receives nothing until reinstated."""
    act(place, doing, [ParticipantSuspended(name)], f"{name} is suspended")


@click.command(
    short_help="Let somebody act again.",
    epilog="""\b
Example:
  gridpact member reinstate lane-ledger home-07 --as a=a.key --why paid""",
)
@LEDGER
@MEMBER
@acting_options
def reinstate(place: Path, name: str, doing: Acting) -> None:
    """Let a suspended MEMBER act again, in the roles held before."""
    act(place, doing, [ParticipantReinstated(name)], f"{name} is reinstated")


@click.command(
    short_help="Bar somebody for good, by a quorum.",
    epilog="""\b
Example:
  gridpact member bar lane-ledger home-07 --as a=a.key --as b=b.key --why fraud""",
)
@LEDGER
@MEMBER
@acting_options
def bar(place: Path, name: str, doing: Acting) -> None:
    """Bar MEMBER for good; a quorum of the authorities signs."""
    act(place, doing, [ParticipantBarred(name)], f"{name} is barred")
