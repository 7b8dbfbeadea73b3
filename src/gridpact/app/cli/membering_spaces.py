"""``gridpact member space``: a member's folder with its secret, leaves and proofs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import FILE
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.kinds.roots import ANCHORED
from gridpact.ledger.leaves import SALT_BYTES, decode
from gridpact.ledger.proofs import files
from gridpact.ledger.proofs.model import Opened
from gridpact.ledger.spaces.custody import Custody
from gridpact.ledger.spaces.space import Space

SPACE = click.argument("place", metavar="SPACE", type=click.Path(path_type=Path, file_okay=False))
CUSTODY = click.argument("folder", metavar="CUSTODY", type=click.Path(path_type=Path))


@click.group(short_help="Begin a member's space, keep proofs in it, hand out salts.")
def space() -> None:
    """Keep what is a member's own: the secret behind its leaves, what they hold, their proofs."""


@space.command(
    short_help="Begin a space with a new secret.",
    epilog="\b\nExample:\n  gridpact member space begin home-07-space home-07",
)
@SPACE
@click.argument("name", metavar="MEMBER")
@output_options
def begin(place: Path, name: str, as_json: bool, quiet: bool) -> None:
    """Begin the folder SPACE for MEMBER, with a secret that nobody else can read."""
    made = Space.create(place, name, os.urandom(SALT_BYTES))
    if as_json:
        say_json({"space": str(place), "member": made.subject})
    elif not quiet:
        say(f"{mark(good=True)} {harmless(str(place))}: the space of {made.subject}")


@space.command(
    short_help="Keep a proof, and what its leaf holds.",
    epilog="\b\nExample:\n  gridpact member space keep home-07-space readings.proof",
)
@SPACE
@click.argument("file", metavar="PROOF", type=FILE)
@output_options
def keep(place: Path, file: Path, as_json: bool, quiet: bool) -> None:
    """Keep the file PROOF in SPACE, and beside it what its leaf commits to."""
    found, proof = Space.open(place), files.read(file)
    if proof.leaf is not None and isinstance(proof.leaf.what, Opened):
        body = decode(proof.leaf.what.body)
        if body.subject != found.subject:
            fix = f"name a proof of {found.subject}, or the space of {body.subject}"
            problem = f"is of {body.subject}, not {found.subject}"
            raise BadInput([Fault(str(file), 0, "", problem, fix)])
        found.keep_leaf(body)
    kept = found.keep_proof(file.stem, proof)
    if as_json:
        say_json({"file": str(kept)})
    elif not quiet:
        say(f"{mark(good=True)} {harmless(str(kept))}")


@space.command(
    "list",
    short_help="List what is kept in a space.",
    epilog="\b\nExample:\n  gridpact member space list home-07-space",
)
@SPACE
@output_options
def list_(place: Path, as_json: bool, quiet: bool) -> None:
    """List the leaves that are kept in SPACE."""
    found = Space.open(place)
    rows = list(found.kept())
    if as_json:
        leaves = [{"kind": kind, "period": period} for kind, period in rows]
        say_json({"member": found.subject, "leaves": leaves})
    elif not quiet:
        say(harmless(f"the space of {found.subject}"))
        for line in aligned(rows, indent=2):
            say(harmless(line))


@space.command(
    short_help="Hand out the salt of one leaf.",
    epilog="""\b
Example:
  gridpact member space salt home-07-space --kind readings --period 2026-06-15""",
)
@SPACE
@click.option("--kind", required=True, type=click.Choice(ANCHORED), help="Of what.")
@click.option("--period", required=True, help="Of when, as the leaf has it.")
@output_options
def salt(place: Path, kind: str, period: str, as_json: bool, quiet: bool) -> None:
    """Show the salt of one leaf in hex: it opens that leaf, and says nothing of any other."""
    found = Space.open(place).salt(kind, period).hex()
    if as_json:
        say_json({"kind": kind, "period": period, "salt": found})
    elif not quiet:
        say(found)


@space.command(
    short_help="Let the operator hold a copy of the secret.",
    epilog="\b\nExample:\n  gridpact member space lend home-07-space custody",
)
@SPACE
@CUSTODY
@output_options
def lend(place: Path, folder: Path, as_json: bool, quiet: bool) -> None:
    """Copy the secret of SPACE to the operator's folder CUSTODY, so that it can make leaves."""
    found = Space.open(place)
    Custody(folder).take(found)
    if as_json:
        say_json({"member": found.subject, "held": True})
    elif not quiet:
        say(f"{mark(good=True)} the operator holds a copy of the secret of {found.subject}")


@space.command(
    short_help="Take the operator's copy of the secret back.",
    epilog="\b\nExample:\n  gridpact member space reclaim home-07-space custody",
)
@SPACE
@CUSTODY
@output_options
def reclaim(place: Path, folder: Path, as_json: bool, quiet: bool) -> None:
    """Destroy the copy of the secret of SPACE in the operator's folder CUSTODY."""
    found = Space.open(place)
    gone = Custody(folder).give_back(found.subject)
    if as_json:
        say_json({"member": found.subject, "destroyed": gone})
    elif not quiet:
        told = "is destroyed" if gone else "is not held"
        say(f"the operator's copy of the secret of {found.subject} {told}")
