"""``gridpact ledger archive``: the past of a ledger on another disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.layout import counted
from gridpact.app.cli.ledgering_options import AS, LEDGER, at_of, signers_of
from gridpact.app.cli.moments import MOMENT_OR_DAY
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.ledgers import home


@click.command(
    short_help="Move the entries of the past to another disk.",
    epilog="""\b
Example:
  gridpact ledger archive lane-ledger --before 2026-01-01 --to archive --as auth-a=a.key""",
)
@LEDGER
@click.option("--before", required=True, type=MOMENT_OR_DAY, help="Blocks before then, by UTC.")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the segment.",
)
@AS
@output_options
def archive(
    place: Path,
    before: datetime,
    to: Path,
    signers: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Move the entries of blocks before an instant into a segment file in the folder --to.

    The file is written, read back and checked before anything leaves. Blocks and hashes stay, so
    everything is still proved; keep the file, as what was written in entries is in it alone. Then
    the space that they had is given back; where another program is in the way, call it once more.
    """
    folder.make(to)
    instant = at_of(before)
    with home.opened_log(place, signers_of(signers)[0].key) as ledger:
        moved = ledger.archive(to, ledger.height_before(instant))
        ledger.compact()
    if as_json:
        say_json(None if moved is None else {"file": str(to / moved.file)})
    elif not quiet and moved is None:
        say("nothing is left to move")
    elif not quiet and moved is not None:
        size = counted(moved.size - moved.first_index, "entry", "entries")
        say(f"{mark(good=True)} {harmless(str(to / moved.file))}: {size}")
