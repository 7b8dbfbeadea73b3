"""``gridpact ledger govern``: how authorities stop contracts, and replace a room."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.agreements.addresses import checksummed, parse_address
from gridpact.app.cli.layout import aligned
from gridpact.app.cli.ledgering_options import AS, FILE, LEDGER, signers_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import governing
from gridpact.app.ledgers.governing import Carried
from gridpact.base.errors import BadInput, Fault
from gridpact.ledger.evm.governing import EVERYTHING, NAMES, NOBODY, Action, Decision

ROOMS = [name for number, name in NAMES.items() if number != EVERYTHING]
ROOM = click.option("--room", type=click.Choice(ROOMS), help="Which room; all of them unless told.")
ONE_ROOM = click.option("--room", type=click.Choice(ROOMS), required=True, help="Which room.")
DRAFT = click.option("--draft", type=FILE, help="Write the decision for others to sign.")


@click.group(
    short_help="Stop contracts of a ledger on a chain, and replace a room.",
    epilog="""\b
Examples:
  gridpact ledger govern pause lane --room tokens --as auth-a=a.key --as auth-b=b.key
  gridpact ledger govern adopt lane --room tokens --as auth-a=a.key
  gridpact ledger govern show lane""",
)
def govern() -> None:
    """Stop, resume and replace what checks the entries of a ledger on a chain.

    A quorum of authorities decides, each decision once. A room is replaced in three steps, with
    all that it keeps: pause it, let its successor adopt every row, replace it.
    """


@govern.command(
    short_help="Let a room, or the whole ledger, take nothing.",
    epilog="\b\nExample:\n  gridpact ledger govern pause lane --as auth-a=a.key --draft pause.json",
)
@LEDGER
@ROOM
@AS
@DRAFT
@output_options
def pause(
    place: Path, room: str | None, signers: tuple[str, ...], draft: Path | None, **how: bool
) -> None:
    """Stop a room, until it is resumed; what it keeps can still be read."""
    _decide(place, (Action.PAUSE, _number(room), NOBODY), signers, draft, **how)


@govern.command(
    short_help="Let a room that was paused go on.",
    epilog="\b\nExample:\n  gridpact ledger govern resume lane --as auth-a=a.key --as auth-b=b.key",
)
@LEDGER
@ROOM
@AS
@DRAFT
@output_options
def resume(
    place: Path, room: str | None, signers: tuple[str, ...], draft: Path | None, **how: bool
) -> None:
    """Let a room take entries again."""
    _decide(place, (Action.RESUME, _number(room), NOBODY), signers, draft, **how)


@govern.command(
    short_help="Let a successor take over all rows of a paused room.",
    epilog="\b\nExample:\n  gridpact ledger govern adopt lane --room tokens --as auth-a=a.key",
)
@LEDGER
@ONE_ROOM
@AS
@output_options
def adopt(place: Path, room: str, signers: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Put the room of this gridpact on the chain and let it take over what the one before keeps.

    Anybody may do this, as a successor reads each row by itself; the account of --as pays. Stopped
    half-way, the same command goes on. Then a quorum replaces the room.
    """
    after, before, already = governing.adopt(place, _number(room), signers_of(signers)[0].key)
    where = checksummed(after.address)
    if as_json:
        say_json({"successor": where, "rows": after.rows, "of": before.rows})
    elif already and not quiet:
        told = f"{where} is the room {room} already, with all rows of the one before"
        say(f"{mark(good=True)} {told}")
    elif not quiet:
        whole = (after.rows, after.total) == (before.rows, before.total)
        say(f"{mark(good=whole)} {where} has {after.rows} of {before.rows} rows of the {room}")


@govern.command(
    short_help="Replace a paused room by its successor.",
    epilog="""\b
Example:
  gridpact ledger govern replace l --room tokens --successor 0x5290… --as a=a.key --as b=b.key""",
)
@LEDGER
@ONE_ROOM
@click.option("--successor", required=True, metavar="ADDRESS", help="What 'govern adopt' made.")
@AS
@DRAFT
@output_options
def replace(
    place: Path,
    room: str,
    successor: str,
    signers: tuple[str, ...],
    draft: Path | None,
    **how: bool,
) -> None:
    """Let the successor of a room take its place for good, once it has all rows.

    It must have the code of this gridpact, and count the same rows as the room, since its pause.
    """
    try:
        to = parse_address(successor)
    except ValueError as error:
        fix = "write 0x and 40 hex digits"
        raise BadInput([Fault("arguments", 0, "--successor", str(error), fix)]) from error
    _decide(place, (Action.REPLACE, _number(room), to), signers, draft, **how)


@govern.command(
    short_help="Sign a decision that somebody else drafted.",
    epilog="\b\nExample:\n  gridpact ledger govern sign pause.json --as auth-b=b.key",
)
@click.argument("file", metavar="DECISION", type=FILE)
@AS
@output_options
def sign(file: Path, signers: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Sign the decision in the file DECISION."""
    found = governing.sign(governing.read(file), signers_of(signers))
    governing.write(file, found)
    _say_draft(file, found, as_json=as_json, quiet=quiet)


@govern.command(
    short_help="Carry out a decision that a quorum has signed.",
    epilog="\b\nExample:\n  gridpact ledger govern commit lane pause.json --as auth-a=a.key",
)
@LEDGER
@click.argument("file", metavar="DECISION", type=FILE)
@AS
@output_options
def commit(place: Path, file: Path, signers: tuple[str, ...], as_json: bool, quiet: bool) -> None:
    """Carry out the decision in the file DECISION; the account of --as pays."""
    found = governing.read(file)
    answer = governing.carry_out(place, found, signers_of(signers)[0].key)
    _say(found, answer, as_json=as_json, quiet=quiet)


@govern.command(
    short_help="Show the rooms of a ledger on a chain.",
    epilog="\b\nExample:\n  gridpact ledger govern show lane",
)
@LEDGER
@output_options
def show(place: Path, as_json: bool, quiet: bool) -> None:
    """Show each room: its contract, whether it runs, and how many rows it keeps."""
    front = governing.front_of(place)
    rooms = {name: front.room(_number(name)) for name in ROOMS}
    if as_json:
        listed = {
            name: {"contract": checksummed(each.address), "stage": each.stage, "rows": each.rows}
            for name, each in rooms.items()
        }
        say_json({"paused": front.paused(), "decisions": front.nonce(), "rooms": listed})
    elif not quiet:
        state = "paused" if front.paused() else "open"
        say(f"ledger {checksummed(front.address)} is {state} after {front.nonce()} decisions")
        rows = [
            (name, checksummed(each.address), each.stage, f"{each.rows} rows")
            for name, each in rooms.items()
        ]
        for line in aligned(rows):
            say(f"  {line}")


def _decide(
    place: Path,
    what: tuple[Action, int, bytes],
    signers: tuple[str, ...],
    draft: Path | None,
    *,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a decision, sign it, and carry it out or write it to a file."""
    named = signers_of(signers)
    found = governing.sign(governing.drafted(place, *what), named)
    if draft is not None:
        governing.write(draft, found, new=True)
        _say_draft(draft, found, as_json=as_json, quiet=quiet)
        return
    answer = governing.carry_out(place, found, named[0].key)
    _say(found, answer, as_json=as_json, quiet=quiet)


def _number(room: str | None) -> int:
    return EVERYTHING if room is None else governing.NUMBERS[room]


def _say_draft(path: Path, found: Decision, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json({"file": str(path), "decision": found.words, "signed": list(found.signatures)})
    elif not quiet:
        say(harmless(f"{path}: {found.words}; signed by {', '.join(found.signatures)}"))


def _say(found: Decision, answer: Carried, *, as_json: bool, quiet: bool) -> None:
    if as_json:
        already = bool(answer.already)
        told = {"decision": found.words, "block": answer.block, "already": already}
        say_json({**told, "left_out": list(answer.left_out)})
    elif not quiet:
        said = answer.already or f"{found.words}: done, by {', '.join(answer.by)}"
        say(f"{mark(good=True)} {harmless(said)}")
        for name in answer.left_out:
            say(harmless(f"  left out: the signature of {name}, who is no authority here"))
