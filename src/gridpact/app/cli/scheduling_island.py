"""``gridpact schedule island``: plan a microgrid, with a grid, without one, or losing it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click
import msgspec

from gridpact.app import folder
from gridpact.app.cli.contracting_new import check_new, keep_new
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import Progress, output_options, say, say_json
from gridpact.app.cli.scheduling_gap import read_gap
from gridpact.app.cli.scheduling_island_tables import (
    as_csv,
    corner_lines,
    loss_lines,
    plan_lines,
    span,
)
from gridpact.app.islands.drawing import frontier_svg
from gridpact.app.islands.losing import Loss, loss
from gridpact.app.islands.model import Site
from gridpact.app.islands.planning import Plan, corners, plan
from gridpact.app.islands.reading import read_site
from gridpact.app.orders.instants import local
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.fleet.options import Options
from gridpact.scheduling.islands.emissions import Point

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    short_help="Plan a microgrid, alone or losing its grid.",
    epilog="""\b
Examples:
  gridpact schedule island examples/microgrid/village.yaml
  gridpact schedule island examples/microgrid/village.yaml --island-at 2026-06-15T18:00
  gridpact schedule island examples/microgrid/village.yaml --frontier --plot frontier.svg

\b
Exit codes, beside those of every command:
  1  the reserve, or a limit, cannot be kept by any schedule""",
)
@click.argument("file", type=FILE)
@click.option(
    "--island-at",
    type=MOMENT,
    metavar="INSTANT",
    help="Lose the grid at this instant, to the end of the horizon.",
)
@click.option("--frontier", is_flag=True, help="Tell the corners of cost and emissions.")
@click.option("--plot", type=FILE, help="With --frontier: draw it to an SVG file.")
@click.option("--gap", metavar="SHARE", default="0.1 %", show_default=True, help="Gap to prove.")
@click.option("--out", type=FILE, help="Write the plan, slot by slot, to a CSV file.")
@click.option("--force", is_flag=True, help="Replace files if there are any.")
@output_options
def island(
    file: Path,
    island_at: datetime | None,
    frontier: bool,
    plot: Path | None,
    gap: str,
    out: Path | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Plan the microgrid of FILE for a day to a week: what runs, what is shed, what it costs.

    FILE is YAML, as docs/microgrid.md describes it. Loads are shed by value where supply falls
    short. Without a grid in it, or from --island-at on, the microgrid is alone; it then holds the
    spinning reserve that the file asks for, and all of the plan knows of the loss in advance.

    With --island-at it is told besides how storage gets ready to take over, how long critical load
    is served, and in what order everything comes back after a blackout.

    With --frontier a price of carbon on energy and fuel moves the plan from the cheapest to the
    cleanest; load may be shed, a reserve is not held.
    """
    if plot is not None and not frontier:
        raise click.UsageError("--plot draws the frontier: add --frontier")
    options = Options(gap=read_gap(gap))
    for path in filter(None, (out, plot)):
        check_new(path, force=force)
    site = read_site(file)
    lost = None if island_at is None else _slot(site, island_at)
    progress = Progress(quiet=quiet or as_json)
    try:
        progress("solving", 0)
        found = plan(site, lost, options)
        going = None if lost is None else _loss(site, lost, options)
        points = _corners(site, lost, options) if frontier else ()
    finally:
        progress.done()
    if out is not None:
        keep_new(out, as_csv(site, found), force=force)
    if plot is not None:
        folder.write_text(plot, frontier_svg(points, site.currency, span(site)))
    if as_json:
        say_json(_as_dict(site, found, going, points if frontier else None))
    elif not quiet:
        _print(site, found, going, points)
        for path in filter(None, (out, plot)):
            say(f"written: {path}")
    sys.exit(0 if found.kept else 1)


def _print(site: Site, found: Plan, going: Loss | None, points: tuple[Point, ...]) -> None:
    lines = plan_lines(site, found)
    if going is not None:
        lines += ["", *loss_lines(site, going)]
    if points:
        lines += ["", *corner_lines(points, site.currency)]
    for line in lines:
        say(line)


def _slot(site: Site, moment: datetime) -> int:
    """Slot that begins at an instant."""
    if not site.connected:
        fix = "leave it out: without a grid the plan is of an island anyway"
        raise BadInput([Fault("arguments", 0, "--island-at", "there is no grid to lose", fix)])
    at, slots = epoch_of(moment, site.timezone, "--island-at"), site.slots
    try:
        return slots.index(at)
    except ValueError as error:
        first, last = (local(one, site.timezone) for one in (slots.start, slots.end - slots.step))
        fix = f"name the begin of a slot, from {first} to {last}"
        problem = f"no slot begins at {local(at, site.timezone)}"
        raise BadInput([Fault("arguments", 0, "--island-at", problem, fix)]) from error


def _loss(site: Site, lost: int, options: Options) -> Loss:
    """What a loss means; BadInput where forming storage cannot be as ready as asked."""
    try:
        return loss(site, lost, options)
    except ValueError as error:
        fix = "ask for less power or a shorter time, or for more energy in store"
        raise BadInput([Fault(site.file, 0, "transition", str(error), fix)]) from error


def _corners(site: Site, lost: int | None, options: Options) -> tuple[Point, ...]:
    try:
        return corners(site, lost, options)
    except ValueError as error:
        fix = "look at the plan without --frontier for what is missed"
        raise BadInput([Fault(site.file, 0, "", str(error), fix)]) from error


def _as_dict(
    site: Site, found: Plan, going: Loss | None, points: tuple[Point, ...] | None
) -> dict[str, object]:
    return {
        "currency": site.currency,
        "timezone": site.timezone,
        "start": site.slots.start,
        "step_s": site.slots.step,
        "slots": site.slots.count,
        "plan": msgspec.to_builtins(found),
        "loss": None if going is None else msgspec.to_builtins(going),
        "frontier": None if points is None else [_corner(point) for point in points],
    }


def _corner(point: Point) -> dict[str, int]:
    return {
        "price_micro_per_kg": round(point.price),
        "cost_nano": round(point.cost_nano),
        "emissions_g": round(point.emissions_g),
    }
