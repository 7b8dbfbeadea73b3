"""``gridpact schedule diff``: what one schedule does otherwise than another."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app import folder
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.scheduling_tables import NOTHING, kwh, money
from gridpact.app.orders.instants import local
from gridpact.app.schedules import keeping
from gridpact.app.schedules.changes import AssetChange, Entry, ScheduleChange, changes
from gridpact.app.schedules.posing import posed
from gridpact.app.schedules.sides import Side, of_folder, of_session, side_by_side
from gridpact.base.errors import BadInput, Fault

SHOWN = 8
"""Assets that are named where they are many."""


@click.command(
    short_help="Say what a schedule changes: which assets, when, at what cost.",
    epilog="""\b
Examples:
  gridpact schedule diff monday tuesday
  gridpact schedule diff runs/a --session 2026-06-15.day-ahead --session 2026-06-15.intraday-1200
  gridpact schedule diff monday tuesday --asset home-05-car""",
)
@click.argument(
    "paths",
    metavar="DIR|RUN [DIR|RUN]",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
)
@click.option(
    "--session",
    "sessions",
    metavar="SESSION",
    multiple=True,
    help="RUN: which plan; of one RUN, twice.",
)
@click.option("--asset", metavar="ASSET", help="List what becomes of each entry of its diary.")
@output_options
def diff(
    paths: tuple[Path, ...],
    sessions: tuple[str, ...],
    asset: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Compare two schedules, the earlier one first, over the time that both are about.

    A schedule is what gridpact schedule solve wrote into DIR, or a plan that a RUN recorded. They
    are compared as the diaries that devices would get, so differences within the dead-band are
    none. Costs are those of the later schedule's prices, load and sun: what its homes pay more for
    what assets do otherwise; of one asset, if it alone did.
    """
    found = changes(side_by_side(*_sides(paths, sessions)))
    one = None if asset is None else _named(found, asset)
    if as_json:
        say_json(to_builtins(found) if one is None else to_builtins(one))
    elif not quiet:
        for line in _lines(found) if one is None else _entries(found, one):
            say(harmless(line))


def _sides(paths: tuple[Path, ...], sessions: tuple[str, ...]) -> tuple[Side, Side]:
    """Read both schedules; sessions go to runs in order."""
    if len(paths) > 2:
        raise click.UsageError("name two schedules, or one run and two of its sessions")
    both = paths if len(paths) == 2 else (*paths, *paths)
    runs = [path for path in both if not keeping.is_kept(path)]
    if len(paths) == 1 and (len(runs) < 2 or len(sessions) != 2):
        raise click.UsageError("name another schedule, or two sessions of one run with --session")
    if len(sessions) > len(runs):
        given, there = counted(len(sessions), "session"), counted(len(runs), "run")
        raise click.UsageError(f"there are {given} for {there}")
    left = list(sessions)
    found = [_side(path, left) for path in both]
    return found[0], found[1]


def _side(path: Path, sessions: list[str]) -> Side:
    if keeping.is_kept(path):
        return of_folder(keeping.read(path))
    return of_session(posed(folder.record(path), sessions.pop(0) if sessions else None))


def _named(found: ScheduleChange, name: str) -> AssetChange:
    for each in found.assets:
        if each.name == name:
            return each
    problem = f"nothing is otherwise for {name[:80]!r}"
    changed = ", ".join(each.name for each in found.assets[:SHOWN])
    fix = f"name one of {len(found.assets):,}, such as {changed}" if changed else "leave it out"
    raise BadInput([Fault("arguments", 0, "--asset", problem, fix)])


def _lines(found: ScheduleChange) -> list[str]:
    lines = [
        f"{found.before} → {found.after} of {found.title}",
        f"{found.slots} slots of {found.step // 60} min from {_at(found.start, found)}",
        "",
    ]
    if not found.assets:
        return [*lines, "no asset is told anything else"]
    head = ("asset", "kind", "from", "takes more", "takes less", "alone costs", "entries")
    rows = [head, *(_row(found, each) for each in found.assets)]
    changed = sum(len(each.entries) for each in found.assets)
    lines += aligned(rows, right=(3, 4, 5, 6))
    lines += [
        "",
        f"entries   {changed:,} changed, {found.kept:,} kept",
        f"cost      {_signed(found.cost_nano, found)} by all changes together",
    ]
    return [*lines, *_only(found)]


def _only(found: ScheduleChange) -> list[str]:
    """Name assets that only one of the two moves."""
    lines = []
    for label, names in (("earlier", found.only_before), ("later", found.only_after)):
        if names:
            more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
            lines.append(f"only in the {label} one: {', '.join(names[:SHOWN])}{more}")
    return lines


def _row(found: ScheduleChange, each: AssetChange) -> tuple[str, ...]:
    return (
        each.name,
        each.kind,
        _at(each.entries[0].at, found),
        kwh(each.more_wh),
        kwh(each.less_wh),
        _signed(each.cost_nano, found),
        f"{len(each.entries)}",
    )


def _entries(found: ScheduleChange, one: AssetChange) -> list[str]:
    head = ("at", "entry", "before", "after")
    rows = [
        (_at(each.at, found), each.change, _told(each, "before"), _told(each, "after"))
        for each in one.entries
    ]
    return [f"{one.name}, {one.kind} in {one.zone}", "", *aligned([head, *rows])]


def _told(entry: Entry, side: str) -> str:
    verb, watts = getattr(entry, side), getattr(entry, f"{side}_w")
    if not verb:
        return NOTHING
    return f"{verb} {watts / 1000:.3f} kW" if watts else str(verb)


def _at(instant: int, found: ScheduleChange) -> str:
    return local(instant, found.timezone)


def _signed(nano: float, found: ScheduleChange) -> str:
    said = money(nano, found.currency)
    return said if nano < 0 or said.startswith("-") else f"+{said}"
