"""``gridpact schedule show``: schedules of a folder or a run, asset by asset."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import click

from gridpact.app import folder
from gridpact.app.cli.output import output_options, say, say_json
from gridpact.app.cli.scheduling_tables import asset_lines, view_lines, zone_lines
from gridpact.app.needs.late import late_needs
from gridpact.app.schedules import keeping
from gridpact.app.schedules.posing import gathered, problem_of
from gridpact.app.schedules.view import AssetView, View, ZoneView, of_plan, of_solved
from gridpact.base.errors import BadInput, Fault
from gridpact.scheduling.needs.spelling import known_as

Named = TypeVar("Named", AssetView, ZoneView)


@click.command(
    short_help="Show schedules, or one asset or zone slot by slot.",
    epilog="""\b
Examples:
  gridpact schedule show schedules
  gridpact schedule show runs/june --session 2026-06-15.intraday-1200
  gridpact schedule show schedules --asset home-01-battery""",
)
@click.argument("path", metavar="DIR|RUN", type=click.Path(path_type=Path, file_okay=False))
@click.option("--session", metavar="SESSION", help="RUN: which plan.  [default: the first]")
@click.option("--asset", metavar="ASSET", help="Show one asset slot by slot.")
@click.option("--zone", metavar="ZONE", help="Show one zone slot by slot, with prices of limits.")
@output_options
def show(
    path: Path,
    session: str | None,
    asset: str | None,
    zone: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show what gridpact schedule solve wrote into DIR, or a plan that a RUN recorded."""
    if asset is not None and zone is not None:
        raise click.UsageError("name an asset or a zone, not both")
    view = _view(path, session)
    lines, found = view_lines(view), _as_dict(view)
    if asset is not None:
        one = _named("--asset", asset, view.assets)
        lines, found = asset_lines(view, one), {"starts": view.starts, "asset": one}
    elif zone is not None:
        place = _named("--zone", zone, view.zones)
        lines, found = zone_lines(view, place), {"starts": view.starts, "zone": place}
    if as_json:
        say_json(found)
    elif not quiet:
        for line in lines:
            say(line)


def _as_dict(view: View) -> dict[str, object]:
    return {name: getattr(view, name) for name in View.__struct_fields__}


def _view(path: Path, session: str | None) -> View:
    if not keeping.is_kept(path):
        record = folder.record(path)
        was = gathered(record, session)
        late = late_needs(record, None if session is None else was.at)
        return of_plan(problem_of(was), late)
    solved = keeping.read(path)
    if session not in (None, solved.session):
        problem = f"{path} holds {solved.session}"
        fix = "leave it out, or name another folder"
        raise BadInput([Fault("arguments", 0, "--session", problem, fix)])
    return of_solved(solved)


def _named(option: str, name: str, among: tuple[Named, ...]) -> Named:
    """Find an asset or zone by its name; BadInput naming some that there are."""
    named = known_as(name, (each.name for each in among))
    for each in among:
        if each.name == named:
            return each
    some = ", ".join(each.name for each in among[:8])
    fix = f"name one of {len(among):,}, such as {some}" if among else "there are none"
    raise BadInput([Fault("arguments", 0, option, f"there is no {name[:80]!r}", fix)])
