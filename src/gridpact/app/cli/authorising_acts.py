"""``gridpact authority list``, ``add``, ``remove`` and ``quorum``."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.ledgering_options import LEDGER, Acting, act, acting_options, named_key
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.ledgers import home
from gridpact.app.ledgers.keys import shown
from gridpact.ledger.kinds.founding import AuthorityAdded, AuthorityRemoved, QuorumSet


@click.command(
    "list",
    short_help="List the authorities of a ledger.",
    epilog="\b\nExample:\n  gridpact authority list lane-ledger",
)
@LEDGER
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List who keeps a ledger, with their keys, and how many of them decide together."""
    with home.opened(place) as ledger:
        state, founder = ledger.state(), ledger.public_key
    rows = [(name, shown(key)) for name, key in sorted(state.authorities.rows.items())]
    if as_json:
        names = [{"authority": name, "key": key} for name, key in rows]
        say_json({"authorities": names, "quorum": state.quorum if state.founded else None})
    elif not quiet and not rows:
        say(f"one key keeps this ledger: {founder}")
    elif not quiet:
        for line in aligned(rows):
            say(harmless(line))
        say(f"{counted(state.quorum, 'of them decides', 'of them decide together')}")


@click.command(
    short_help="Take another authority in, by a quorum.",
    epilog="""\b
Example:
  gridpact authority add lane-ledger c=c.pub --as a=a.key --as b=b.key --why elected""",
)
@LEDGER
@click.argument("new", metavar="NAME=PUB")
@acting_options
def add(place: Path, new: str, doing: Acting) -> None:
    """Take another authority in, with the public key in the file PUB."""
    name, key = named_key(new, "NAME=PUB")
    entry = AuthorityAdded(name, key)
    act(place, doing, [entry], f"{name} is an authority")


@click.command(
    short_help="Remove an authority, by a quorum.",
    epilog="""\b
Example:
  gridpact authority remove lane-ledger c --as a=a.key --as b=b.key --why left""",
)
@LEDGER
@click.argument("name")
@acting_options
def remove(place: Path, name: str, doing: Acting) -> None:
    """Remove an authority; what it did and sealed before stands."""
    act(place, doing, [AuthorityRemoved(name)], f"{name} is an authority no more")


@click.command(
    short_help="Set how many decide together, by a quorum.",
    epilog="""\b
Example:
  gridpact authority quorum lane-ledger 3 --as a=a.key --as b=b.key --why grown""",
)
@LEDGER
@click.argument("number", type=click.IntRange(1))
@acting_options
def quorum(place: Path, number: int, doing: Acting) -> None:
    """Set how many authorities decide together where an act asks for a quorum."""
    act(place, doing, [QuorumSet(number)], f"{number} decide together")
