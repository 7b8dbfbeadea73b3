"""``gridpact diary mode``: accept automatically, be asked, or opt out until an instant."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from gridpact.app.cli.diarying_told import say_refused
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.diaries.looking import Seen, ask, look
from gridpact.app.diaries.standing import Summary, summaries
from gridpact.app.diaries.words import mode_words
from gridpact.scheduling.diaries.messages import DiaryRefused, SetMode
from gridpact.scheduling.standing.places import Places
from gridpact.scheduling.standing.precedence import off_notes

RUN = click.Path(path_type=Path, file_okay=False)
DEFAULT_NOTICE = 60
"""Minutes before an entry up to which an answer counts, unless another notice is given."""


@click.command(
    short_help="Accept automatically, be asked, or opt out.",
    epilog="""\b
Examples:
  gridpact diary mode runs/june home-05-car automatic
  gridpact diary mode runs/june home-05-car ask --notice 60 --silence decline
  gridpact diary mode runs/june home-05-car off --until 2026-06-16T07:00""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.argument("asset")
@click.argument("mode", type=click.Choice(["automatic", "ask", "off"]))
@click.option(
    "--notice",
    type=click.IntRange(0, 366 * 1440),
    metavar="MINUTES",
    help=f"ask: an answer counts until so long before an entry.  [default: {DEFAULT_NOTICE}]",
)
@click.option(
    "--silence",
    type=click.Choice(["accept", "decline"]),
    help="ask: what no answer means.  [default: decline]",
)
@click.option("--until", type=MOMENT, metavar="INSTANT", help="off: until when.")
@click.option("--owner", metavar="PARTY", help="Who decides.  [default: the asset's owner]")
@output_options
def mode(
    path: Path,
    asset: str,
    mode: Literal["automatic", "ask", "off"],
    notice: int | None,
    silence: Literal["accept", "decline"] | None,
    until: datetime | None,
    owner: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Say what is to become of the entries of ASSET in the paused RUN from now on.

    automatic accepts every entry, which is how every diary begins, and gives up answers about what
    is ahead. ask asks about each entry until some time before it is due, and takes silence for what
    you say; what is due too soon to be asked about goes on. off leaves the asset without power from
    now on until an instant; either of the others ends that.
    """
    _check(mode, notice, silence, until)
    seen = look(path)
    row = seen.row(asset)
    message = SetMode(
        by=owner or seen.assets.owners[row],
        asset=seen.assets.ids[row],
        mode=mode,
        notice_s=60 * (DEFAULT_NOTICE if notice is None else notice) if mode == "ask" else 0,
        silence=silence or "decline",
        until_s=0 if until is None else epoch_of(until, seen.community.timezone, "--until"),
    )
    answer = ask(path, seen, message)
    if isinstance(answer, DiaryRefused):
        say_refused(answer, as_json=as_json)
        sys.exit(1)
    after = look(path)
    _tell(summaries(after, [row])[0], after, _notes(after, row), as_json=as_json, quiet=quiet)


def _check(mode: str, notice: int | None, silence: str | None, until: datetime | None) -> None:
    """Refuse options that belong to another mode, and off without an end."""
    if mode != "ask" and (notice is not None or silence is not None):
        raise click.UsageError("--notice and --silence belong to ask")
    if (mode == "off") != (until is not None):
        raise click.UsageError("say off --until INSTANT, and --until with off alone")


def _notes(seen: Seen, row: int) -> list[str]:
    """Say which needs that stand ask something of an asset while it is off."""
    held = seen.kept.held(seen.at)
    places, mine = Places(seen.community), held.among(held.row == row)
    return [
        f"{need.id} of {need.owner}: {note}"
        for need in seen.book.needs
        for note in off_notes(places, need, mine, seen.at)
    ]


def _tell(one: Summary, seen: Seen, notes: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    if as_json:
        say_json({"set": True, "faults": [], "notes": notes, "diary": one})
    elif not quiet:
        words = mode_words(one, seen.community.timezone)
        say(f"{mark(good=True)} {one.asset} of {one.owner}: {words}")
        for note in notes:
            say(harmless(f"    note: {note}"))
        say("    it binds the plans that are made from now on")
