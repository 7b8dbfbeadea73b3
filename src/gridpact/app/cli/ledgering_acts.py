"""``gridpact ledger sign`` and ``commit``: acts that several sign, one after the other."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.ledgering_options import (
    AS,
    AT,
    FILE,
    LEDGER,
    done_at,
    say_draft,
    signers_of,
    slowness,
)
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import acting, home

ACT = click.argument("file", metavar="ACT", type=FILE)


@click.command(
    short_help="Sign an act that somebody else drafted.",
    epilog="\b\nExample:\n  gridpact ledger sign bar.act --as auth-b=b.key",
)
@ACT
@AS
@output_options
def sign(file: Path, signers: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Sign the act in the file ACT, and say who has yet to sign.

    Look at what it does first: the entries stand in the file in plain JSON.
    """
    found = acting.read(file)
    for signer in signers_of(signers):
        found = acting.sign(found, signer)
    acting.write(file, found)
    say_draft(file, found, as_json=as_json, quiet=quiet)


@click.command(
    short_help="Commit an act that all have signed.",
    epilog="\b\nExample:\n  gridpact ledger commit lane-ledger bar.act --as auth-a=a.key",
)
@LEDGER
@ACT
@AS
@AT
@output_options
def commit(
    place: Path,
    file: Path,
    signers: tuple[str, ...],
    moment: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Put the act in the file ACT on the ledger; the authority named by --as seals the block."""
    found = acting.read(file)
    slow = slowness(as_json=as_json, quiet=quiet)
    with home.opened(place, signers_of(signers)[0].key, say=slow) as ledger:
        receipt = acting.commit(ledger, found, done_at(moment))
        if as_json:
            say_json({"block": receipt.height, "root": receipt.root.hex()})
        elif not quiet:
            told = f"{file}: committed, by {', '.join(found.act.by)}, in block {receipt.height}"
            say(f"{mark(good=True)} {harmless(told)}")
        acting.told(ledger, found)
