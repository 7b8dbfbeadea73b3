"""``gridpact import run``: what a run metered, into a store of readings."""

from __future__ import annotations

from pathlib import Path

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.readings.of_runs import DayImported, import_run
from gridpact.base.slots import iso
from gridpact.metering.store.store import Store


@click.command(
    short_help="Import the readings of a run.",
    epilog="""\b
Examples:
  gridpact readings init readings --run runs/june
  gridpact import run runs/june --into readings
  gridpact import run runs/june --into readings --commit""",
)
@click.argument("path", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--into", "url", required=True, metavar="STORE", help="Store: a folder or URL.")
@click.option("--commit", is_flag=True, help="Store the readings.")
@output_options
def run(path: Path, url: str, commit: bool, as_json: bool, quiet: bool) -> None:
    """Import the readings that the run in DIR was settled on, each day known since it closed.

    What the run estimated is marked as estimated. With --commit each day is stored whole or not at
    all; a day that was imported before changes nothing.
    """
    done = import_run(Store.open(url), path, commit=commit)
    if as_json:
        say_json([_as_dict(each) for each in done])
    elif not quiet:
        for line in _lines(done):
            say(harmless(line))
        if all(each.plan.already for each in done):
            say("imported before: nothing changes")
        elif not commit:
            say("nothing was stored: add --commit to store this")


def _lines(done: list[DayImported]) -> list[str]:
    head = ("day", "import", "known since", "new", "corrected", "same", "estimated")
    return aligned([head, *map(_row, done)], right=(1, 3, 4, 5, 6))


def _row(each: DayImported) -> tuple[str, ...]:
    before = each.plan.already
    number = each.number or (before.number if before else 0)
    counts = (*_changes(each), each.estimated)
    return (each.day, str(number or "-"), iso(each.known_s), *(f"{count:,}" for count in counts))


def _changes(each: DayImported) -> tuple[int, ...]:
    """Count new, corrected and same values; there are none where the day was imported before."""
    plan = each.plan
    return tuple(int(column.sum()) for column in (plan.new, plan.corrected, plan.same))


def _as_dict(each: DayImported) -> dict[str, object]:
    new, corrected, same = _changes(each)
    return {
        "day": each.day,
        "import": each.number or None,
        "imported_before": each.plan.already is not None,
        "known_at": iso(each.known_s),
        "new": new,
        "corrected": corrected,
        "same": same,
        "estimated": each.estimated,
    }
