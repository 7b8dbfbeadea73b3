"""``gridpact diary accept`` and ``decline``: an owner's answer to entries."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

import click
import numpy as np

from gridpact.app.cli.diarying_told import say_refused
from gridpact.app.cli.layout import counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import F, mark, output_options, say, say_json
from gridpact.app.diaries.looking import Seen, ask, look
from gridpact.app.orders.instants import local
from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import iso
from gridpact.scheduling.diaries.messages import AnswerEntries, DiaryRefused
from gridpact.scheduling.diaries.modes import Status

RUN = click.Path(path_type=Path, file_okay=False)
_BINDS = {
    "accept": "their power stays in the plans that are made from now on",
    "decline": "plans from now on leave the asset to itself until an accepted entry, or to the end",
}


class Said(NamedTuple):
    """What a person says in answer, as the command line names it."""

    path: Path
    asset: str
    instants: tuple[datetime, ...]
    revision: int | None
    owner: str | None
    as_json: bool
    quiet: bool


def _options(command: F) -> F:
    """Give a command what both answers take."""
    for option in (
        click.option("--owner", metavar="PARTY", help="Who answers.  [default: its owner]"),
        click.option(
            "--revision",
            type=click.IntRange(1),
            metavar="N",
            help="Answer only if the diary is still at this revision.",
        ),
        click.option(
            "--at",
            "instants",
            type=MOMENT,
            metavar="INSTANT",
            multiple=True,
            help="The entry due then; may be repeated.  [default: all that are asked]",
        ),
        click.argument("asset"),
        click.argument("path", metavar="RUN", type=RUN),
    ):
        command = option(command)
    return output_options(command)


@click.command(
    short_help="Accept entries of an asset's diary.",
    epilog="""\b
Examples:
  gridpact diary accept runs/june home-05-car
  gridpact diary accept runs/june home-05-car --at 2026-06-15T18:00 --at 2026-06-15T18:45""",
)
@_options
def accept(**words: Any) -> None:
    """Accept entries of ASSET in the paused RUN: those due at INSTANT, or all that are asked.

    While an accepted entry is in force, plans keep its power.
    """
    _answer("accept", Said(**words))


@click.command(
    short_help="Decline entries of an asset's diary.",
    epilog="""\b
Examples:
  gridpact diary decline runs/june home-05-car
  gridpact diary decline runs/june home-05-car --at 2026-06-15T18:00""",
)
@_options
def decline(**words: Any) -> None:
    """Decline entries of ASSET in the paused RUN: those due at INSTANT, or all that are asked.

    From a declined entry on, plans leave the asset to itself until the next one that you accept,
    else until the diary ends.
    """
    _answer("decline", Said(**words))


def _answer(answer: Literal["accept", "decline"], said: Said) -> None:
    seen = look(said.path)
    row = seen.row(said.asset)
    message = AnswerEntries(
        by=said.owner or seen.assets.owners[row],
        asset=seen.assets.ids[row],
        revision=said.revision or int(seen.kept.diaries.revision[row]),
        at_s=np.array(_due(seen, row, said.instants), np.int64),
        answer=answer,
    )
    heard = ask(said.path, seen, message)
    if isinstance(heard, DiaryRefused):
        say_refused(heard, as_json=said.as_json)
        sys.exit(1)
    _tell(seen, message, as_json=said.as_json, quiet=said.quiet)


def _due(seen: Seen, row: int, instants: tuple[datetime, ...]) -> list[int]:
    """When the entries that are answered are due [s since the epoch]."""
    if instants:
        timezone = seen.community.timezone
        return sorted({epoch_of(each, timezone, "--at") for each in instants})
    entries = seen.kept.diaries.instructions
    asked = (entries.row == row) & (seen.kept.status(seen.at) == Status.ASKED)
    if not asked.any():
        problem = f"no entry of {seen.assets.ids[row]} is being asked about"
        fix = "name entries with --at INSTANT, or ask to be asked: gridpact diary mode … ask"
        raise BadInput([Fault("arguments", 0, "--at", problem, fix)])
    found: list[int] = entries.at_s[asked].tolist()
    return found


def _tell(seen: Seen, message: AnswerEntries, *, as_json: bool, quiet: bool) -> None:
    due = message.at_s.tolist()
    if as_json:
        told = {"asset": message.asset, "answer": message.answer, "at": [iso(at) for at in due]}
        say_json({"set": True, "faults": [], **told, "revision": message.revision})
    elif not quiet:
        done = "accepted" if message.answer == "accept" else "declined"
        first = local(due[0], seen.community.timezone)
        what = counted(len(due), "instruction")
        say(f"{mark(good=True)} {message.asset}: {done} {what} from {first} on")
        say(f"    {_BINDS[message.answer]}")
