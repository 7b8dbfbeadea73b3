"""``gridpact ledger init``: found a ledger."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import AT, done_at, signers_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import home, keys
from gridpact.app.ledgers.acting import Signer
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.entries import faults
from gridpact.ledger.kinds.fields import NAME_PATTERN
from gridpact.ledger.kinds.founding import SKEW_S, LedgerFounded
from gridpact.ledger.port import Receipt, Refused

QUORUM = click.option(
    "--quorum", type=int, default=None, help="How many decide.  [default: most of them]"
)
SKEW = click.option(
    "--skew", "skew_s", type=int, default=SKEW_S, show_default=True, help="Clocks [s]."
)


@click.command(
    short_help="Found a ledger of one or more authorities.",
    epilog="""\b
Examples:
  gridpact authority key a.key
  gridpact ledger init lane-ledger --name lane --as auth-a=a.key
  gridpact ledger init l --name l --as a=a.key --authority b=b.pub --quorum 2""",
)
@click.argument("place", metavar="LEDGER", type=click.Path(path_type=Path, file_okay=False))
@click.option("--name", required=True, help="What the ledger is called, in every signature.")
@click.option("--as", "founder", required=True, metavar="NAME=KEY", help="Who founds it.")
@click.option(
    "--authority",
    "others",
    multiple=True,
    metavar="NAME=PUB",
    help="Another authority and the file of its public key.",
)
@QUORUM
@SKEW
@click.option("--address", default=home.ROWS, help="postgresql://…, else a file in the folder.")
@AT
@output_options
def init(
    place: Path,
    name: str,
    founder: str,
    others: tuple[str, ...],
    quorum: int | None,
    skew_s: int,
    address: str,
    moment: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Found a ledger in the new folder LEDGER, with the authorities that keep it.

    From then on every entry is covered by an act that is signed by whoever may do it, and every
    block is sealed by an authority. A quorum of them decides who else is one.
    """
    first, entry = founding(name, founder, others, quorum, skew_s)
    key = keys.log_key(first.key)
    at = done_at(moment)
    home.write(place, home.About("ledger/1", name, str(key.public), address))
    with home.opened(place, key) as ledger:
        answer = ledger.commit("founded", [entry], at)
    if isinstance(answer, Refused):
        raise BadInput([Fault("arguments", 0, "", answer.reason, "found it in another folder")])
    say_founded(place, name, entry, answer, as_json=as_json, quiet=quiet)


def say_founded(
    place: Path, name: str, entry: LedgerFounded, answer: Receipt, *, as_json: bool, quiet: bool
) -> None:
    """Say that a ledger is founded, and by how many."""
    if as_json:
        say_json({"ledger": str(place), "name": name, "root": answer.root.hex()})
    elif not quiet:
        kept = counted(len(entry.authorities), "authority", "authorities")
        told = f"{place}: the ledger {name!r} of {kept}, {entry.quorum} of which decide together"
        say(f"{mark(good=True)} {harmless(told)}")


def founding(
    name: str, founder: str, others: tuple[str, ...], quorum: int | None, skew_s: int
) -> tuple[Signer, LedgerFounded]:
    """Read who founds a ledger, and its first entry; BadInput lists all that is wrong with it."""
    (first,) = signers_of([founder])
    named = {first.name: first.key.public.raw, **_others(others, first.name)}
    most = len(named) // 2 + 1
    entry = LedgerFounded(tuple(sorted(named.items())), most if quorum is None else quorum, skew_s)
    wrong = [Fault("arguments", 0, each.where, each.problem, each.fix) for each in faults([entry])]
    if not re.fullmatch(NAME_PATTERN, name):
        wrong.append(Fault("arguments", 0, "--name", f"{name!r} is no name", f"use {NAME_PATTERN}"))
    fix = "give all of them keys of a log, or all of them addresses of a chain"
    wrong += [
        Fault("arguments", 0, "--authority", f"{keys.shown(key)} is of another kind", fix)
        for key in named.values()
        if keys.of_chain(key) != keys.of_chain(first.key.public.raw)
    ]
    if wrong:
        raise BadInput(wrong)
    return first, entry


def _others(texts: tuple[str, ...], founder: str) -> dict[str, bytes]:
    wrong = [text for text in texts if not all(text.partition("="))]
    if wrong:
        fix = "write a name, =, and the file of its public key, such as auth-b=b.pub"
        raise BadInput(
            Fault("arguments", 0, "--authority", f"{text!r} names no key", fix) for text in wrong
        )
    names = [founder, *(text.partition("=")[0] for text in texts)]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        fix = "name each authority once"
        raise BadInput(
            Fault("arguments", 0, "--authority", f"{name} is named twice", fix) for name in twice
        )
    pairs = (text.partition("=") for text in texts)
    return {name: keys.public_of(Path(path)) for name, _, path in pairs}
