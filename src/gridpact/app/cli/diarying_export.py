"""``gridpact diary export``: documents for devices, calendars for people."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.layout import counted
from gridpact.app.cli.output import say, say_json
from gridpact.app.diaries.looking import look_on
from gridpact.app.diaries.writing import write_calendars, write_documents

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Write diaries as JSON for devices, as calendars for people.",
    epilog="""\b
Examples:
  gridpact diary export runs/june --json diaries
  gridpact diary export runs/june --ics calendars --asset home-05-car""",
)
@click.argument("path", metavar="RUN", type=FOLDER)
@click.option("--json", "documents", type=FOLDER, metavar="DIR", help="A document per asset.")
@click.option("--ics", "calendars", type=FOLDER, metavar="DIR", help="A calendar per asset.")
@click.option("--asset", "assets", metavar="ASSET", multiple=True, help="Only these assets.")
@click.option("--list", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="Print errors only.")
def export(
    path: Path,
    documents: Path | None,
    calendars: Path | None,
    assets: tuple[str, ...],
    as_json: bool,
    quiet: bool,
) -> None:
    """Write the diaries of RUN as they are in force, a file for each asset.

    What a folder holds already is what was sent before: a document that says something new is its
    next revision and names it by its hash, and events of calendars keep their identifiers.
    Documents follow the open schema of docs/diaries.md and are checked against it; calendars are
    iCalendar (RFC 5545).
    """
    if documents is None and calendars is None:
        raise click.UsageError("name a folder: --json DIR, --ics DIR, or both")
    seen = look_on(path)
    rows = [seen.row(asset) for asset in assets] or list(range(len(seen.assets.ids)))
    written = [] if documents is None else write_documents(seen, rows, documents)
    made = [] if calendars is None else write_calendars(seen, rows, calendars)
    if as_json:
        say_json({"documents": [str(one) for one in written], "calendars": [str(c) for c in made]})
    elif not quiet:
        if documents is not None:
            say(f"{documents}: {counted(len(written), 'new document')}")
        if calendars is not None:
            say(f"{calendars}: {counted(len(made), 'calendar')}")
