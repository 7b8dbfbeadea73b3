"""``gridpact ledger follow``, ``meet`` and ``fork``: others who hold a ledger to what they saw."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import FILE, LEDGER, signers_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_error, say_json
from gridpact.app.ledgers import home
from gridpact.app.ledgers.keys import log_key
from gridpact.ledger.witness import forks, heads
from gridpact.ledger.witness.forks import Fork
from gridpact.ledger.witness.witness import Followed, Witness

HEAD = "head.json"
AS = click.option(
    "--as", "who", required=True, metavar="NAME=KEY", help="Who sees it, and the file of the key."
)
_FOLDER = click.Path(path_type=Path, file_okay=False)


def _witness(place: Path, who: str, *, anew: bool = False) -> Witness:
    (signer,) = signers_of([who])
    return Witness(place, signer.name, log_key(signer.key), anew=anew)


@click.command(
    short_help="Check what is new on a ledger, as a witness, and sign it.",
    epilog="""\b
Example:
  gridpact ledger follow lane-ledger --into seen --as bakery=bakery.key""",
)
@LEDGER
@click.option("--into", required=True, type=_FOLDER, help="Folder of what this witness saw.")
@AS
@click.option("--new-key", "anew", is_flag=True, help="Go on under another name or key.")
@output_options
def follow(place: Path, into: Path, who: str, anew: bool, as_json: bool, quiet: bool) -> None:
    """Check every block that is new against all that this witness saw, and sign the last head.

    The head is written to head.json in the folder --into: give it to other witnesses. Where the
    ledger shows another history than before, that is proved by fork.json, and the exit code is 1;
    a fork that is another than one proved before goes to fork-2.json, and so on.
    """
    witness = _witness(into, who, anew=anew)
    with home.opened_log(place) as ledger:
        found = witness.follow(ledger)
    if found.head is not None:
        folder.make(into)
        heads.write(into / HEAD, found.head)
    proved = forks.keep(into, found.fork) if found.fork is not None else None
    if as_json:
        say_json({"blocks": found.blocks, "holds": found.holds, "told": found.told})
    elif found.holds and not quiet:
        _say(into, found)
    if not found.holds:
        _alarm(proved, found.fork, found.told, as_json=as_json)


def _say(into: Path, found: Followed) -> None:
    if found.head is None:
        say("the ledger is empty")
        return
    new, header = counted(found.blocks, "new block"), found.head.header
    say(f"{mark(good=True)} {new}; block {header.height} is signed in {harmless(str(into / HEAD))}")
    say(f"  root {header.tree_root}")


def _alarm(proved: Path | None, fork: Fork | None, told: str, *, as_json: bool) -> None:
    if not as_json:
        lines = [told] if told else []
        lines += [*forks.told(fork), f"proved by {proved}: show it to everybody"] if fork else []
        say_error("\n  ".join(lines))
    raise SystemExit(1)


@click.command(
    short_help="Hold another witness's head against what was seen here.",
    epilog="""\b
Example:
  gridpact ledger meet seen head-of-dso.json --as bakery=bakery.key""",
)
@click.argument("seen", type=_FOLDER)
@click.argument("other", metavar="HEAD", type=FILE)
@AS
@output_options
def meet(seen: Path, other: Path, who: str, as_json: bool, quiet: bool) -> None:
    """Hold the head in the file HEAD, of another witness, against what was seen in SEEN.

    Where both saw the same block all is well. Where an authority sealed two blocks of one height,
    fork.json in SEEN proves it to everybody, and the exit code is 1.
    """
    head = heads.read(other)
    fork = _witness(seen, who).meet(head)
    proved = forks.keep(seen, fork) if fork is not None else None
    if as_json:
        say_json({"block": head.header.height, "same": fork is None})
    elif fork is None and not quiet:
        told = f"{head.witness} saw the same block {head.header.height}"
        say(f"{mark(good=True)} {harmless(told)}")
    if fork is not None:
        _alarm(proved, fork, "", as_json=as_json)


@click.command(
    short_help="Check the proof of a fork, away from the ledger.",
    epilog="\b\nExample:\n  gridpact ledger fork seen/fork.json",
)
@click.argument("file", metavar="FORK", type=FILE)
@output_options
def fork(file: Path, as_json: bool, quiet: bool) -> None:
    """Check that the file FORK proves a fork, and say of which ledger and by whose keys.

    Hold the key that the ledger began with against the one that you know.
    """
    found = forks.read(file)
    if as_json:
        one = found.one
        say_json({"founder": one.founder, "height": one.header.height, "genesis": one.genesis})
    elif not quiet:
        for line in forks.told(found):
            say(harmless(line))
