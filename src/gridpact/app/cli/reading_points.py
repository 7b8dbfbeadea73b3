"""``gridpact readings init`` and ``points``: a store and its metering points."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app.cli.contracting_layout import duration
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.cli.reading_options import FILE, POINTS_HELP
from gridpact.app.readings.of_runs import points_of
from gridpact.app.readings.points_file import read_points
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store


@click.command(
    short_help="Begin a store of readings.",
    epilog="""\b
Examples:
  gridpact readings init readings --points points.yaml
  gridpact readings init readings --run runs/june""",
)
@click.argument("url", metavar="STORE")
@click.option("--points", "file", type=FILE, help=POINTS_HELP)
@click.option(
    "--run",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="A run, whose metering points these are.",
)
@output_options
def init(url: str, file: Path | None, run: Path | None, as_json: bool, quiet: bool) -> None:
    """Begin an empty STORE, a folder or a URL, for metering points of a YAML file or a run."""
    if (file is None) == (run is None):
        raise click.UsageError("give --points FILE or --run DIR")
    store = Store.create(url, points_of(run) if run else read_points(file or Path()))
    if as_json:
        say_json({"store": store.url, "points": to_builtins(store.points)})
    elif not quiet:
        what = counted(len(store.points), "metering point")
        say(f"{mark(good=True)} {harmless(store.url)}: a store of readings of {what}")


@click.command(
    short_help="List or add metering points.",
    epilog="""\b
Examples:
  gridpact readings points readings
  gridpact readings points readings --add more.yaml""",
)
@click.argument("url", metavar="STORE")
@click.option("--add", "file", type=FILE, help=f"{POINTS_HELP[:-1]} to add or change.")
@output_options
def points(url: str, file: Path | None, as_json: bool, quiet: bool) -> None:
    """List the metering points of STORE, after adding those of a YAML file if one is given.

    Of a point that is there already, the zone, clock and largest power may change.
    """
    store = Store.open(url)
    if file is not None:
        store = store.add(read_points(file))
    if as_json:
        say_json(store.points)
    elif not quiet:
        for line in _lines(store.points):
            say(harmless(line))


def _lines(points: tuple[MeteringPoint, ...]) -> list[str]:
    head = ("point", "community", "zone", "clock", "slots", "largest power")
    rows = [
        (
            point.id,
            point.community,
            point.zone or "-",
            point.timezone,
            duration(point.step_s),
            f"{point.largest_w:,} W" if point.largest_w else "-",
        )
        for point in points
    ]
    return [*aligned([head, *rows], right=(5,)), "", counted(len(points), "metering point")]
