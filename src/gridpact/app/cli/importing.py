"""``gridpact import``: files of others into what gridpact keeps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.importing_lines import as_dict, lines_of
from gridpact.app.cli.importing_run import run
from gridpact.app.cli.importing_signed import signed
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.reading_options import FILE, RULES_HELP
from gridpact.app.readings.importing import FileImported, import_files, known_since
from gridpact.metering.formats import mapping as mappings
from gridpact.metering.store.store import Store


@click.group("import", short_help="Import readings of meters into a store.")
def import_() -> None:
    """Import files of others. Each import is tried first: without --commit, nothing is stored."""


@import_.command(
    short_help="Import files of readings.",
    epilog="""\b
Examples:
  gridpact import readings march.csv --map map.yaml --into readings
  gridpact import readings march.csv --map map.yaml --into readings --commit
  gridpact import readings march.csv --map map.yaml --into readings --rules thresholds.yaml
  gridpact import readings corrected.csv --map map.yaml --into readings --commit --json""",
)
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--map", "map_file", required=True, type=FILE, help="YAML file: how to read FILE.")
@click.option("--into", "url", required=True, metavar="STORE", help="Store: a folder or URL.")
@click.option("--rules", "rules_file", type=FILE, metavar="FILE", help=f"{RULES_HELP}.")
@click.option("--commit", is_flag=True, help="Store the readings.")
@click.option(
    "--known-at", type=MOMENT, help="When the files became known, by UTC.  [default: now]"
)
@output_options
def readings(
    files: tuple[Path, ...],
    map_file: Path,
    url: str,
    rules_file: Path | None,
    commit: bool,
    known_at: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Read FILEs as the mapping says, validate them, and tell what storing them would change.

    Every fault of every file is listed before anything is stored, also of files that contradict
    each other. With --commit, the files are then stored together, or none of them. A file that was
    imported before changes nothing. Values that differ from those in force become new versions of
    their slots; the earlier ones remain.
    """
    mapping = mappings.load(map_file)
    store = Store.open(url)
    given = None if known_at is None else epoch_of(known_at, "UTC", "--known-at")
    known_s = known_since(store, given)
    done = import_files(store, files, mapping, known_s, commit=commit, rules_file=rules_file)
    if as_json:
        say_json([as_dict(each) for each in done])
    elif not quiet:
        _say(done, commit=commit)


def _say(done: list[FileImported], *, commit: bool) -> None:
    for each in done:
        first, *rest = lines_of(each)
        say(f"{mark(good=True)} {harmless(first)}")
        for line in rest:
            say(harmless(line))
    if not commit:
        say("nothing was stored: add --commit to store this")


import_.add_command(run)
import_.add_command(signed)
