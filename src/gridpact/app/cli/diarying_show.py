"""``gridpact diary show``: all diaries of a run in a line each, or one entry by entry."""

from __future__ import annotations

from pathlib import Path

import click
from msgspec import to_builtins

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.diaries.looking import Seen, look_on
from gridpact.app.diaries.standing import Summary, entries_of, summaries
from gridpact.app.diaries.words import kilowatts, mode_words, money, why_words
from gridpact.app.diaries.writing import document
from gridpact.app.orders.instants import local
from gridpact.scheduling.diaries.document import Entry
from gridpact.scheduling.diaries.schema import instant_of
from gridpact.scheduling.priorities.levels import Level

RUN = click.Path(path_type=Path, file_okay=False)


@click.command(
    short_help="Show what assets are told, and why.",
    epilog="""\b
Examples:
  gridpact diary show runs/june
  gridpact diary show runs/june --asset home-05-car
  gridpact diary show runs/june --asset home-05-car --json""",
)
@click.argument("path", metavar="RUN", type=RUN)
@click.option("--asset", metavar="ASSET", help="Show the diary of one asset, entry by entry.")
@output_options
def show(path: Path, asset: str | None, as_json: bool, quiet: bool) -> None:
    """Show the diaries of RUN as they are in force: instructions, reasons, expected savings.

    Every schedule makes a revision. A diary looks ahead to the end of what is scheduled; entries
    that were due are told as past. A saving is against the asset being left to itself, at the
    prices of its owner's meter.
    """
    seen = look_on(path)
    rows = None if asset is None else seen.row(asset)
    if as_json:
        say_json(_all_as_dict(seen) if rows is None else _as_dict(seen, rows))
    elif not quiet:
        for line in _all_lines(seen) if rows is None else _lines(seen, rows):
            say(harmless(line))


def _all_as_dict(seen: Seen) -> list[object]:
    return [to_builtins(one) for one in summaries(seen)]


def _as_dict(seen: Seen, row: int) -> dict[str, object]:
    found: dict[str, object] = to_builtins(document(seen, row))
    for name in ("format", "version", "previous"):
        found.pop(name)
    found["revision"] = int(seen.kept.diaries.revision[row])
    return {**found, **to_builtins(summaries(seen, [row])[0])}


def _all_lines(seen: Seen) -> list[str]:
    found = summaries(seen)
    head = ("asset", "owner", "mode", "revision", "next", "", "ahead", "asked", "saves")
    rows = [head, *(_row(one, seen) for one in found)]
    right = (3, 6, 7, 8)
    return [*aligned(rows, right), "", counted(len(found), "asset")]


def _row(one: Summary, seen: Seen) -> tuple[str, ...]:
    at = "" if one.next_at is None else local(instant_of(one.next_at), seen.community.timezone)
    return (
        one.asset,
        one.owner,
        mode_words(one, seen.community.timezone),
        str(one.revision),
        at,
        one.next_told,
        str(one.ahead),
        str(one.asked) if one.asked else "",
        money(one.expected_saving_nano),
    )


def _lines(seen: Seen, row: int) -> list[str]:
    one, zone = summaries(seen, [row])[0], seen.community.timezone
    window = seen.kept.diaries
    begin, end = (local(at, zone) for at in (window.begin_s, window.end_s))
    power = kilowatts(int(window.standing.power_w[row]))
    told = [
        f"{one.asset} of {one.owner}: {mode_words(one, zone)}; revision {one.revision}",
        f"from {begin} to {end} ({zone}), beginning with {power}",
        "",
    ]
    entries = entries_of(seen, row)
    if not entries:
        return [*told, "nothing is told"]
    head = ("when", "instruction", "to", "why", "saves", "stands")
    table = [head, *(_entry(each, seen) for each in entries)]
    saved = f"{money(one.expected_saving_nano)} {seen.community.currency}"
    summed = f"{counted(len(entries), 'instruction')}, expected to save {saved}"
    return [*told, *aligned(table, (2, 4)), "", summed]


def _entry(entry: Entry, seen: Seen) -> tuple[str, ...]:
    zone, at = seen.community.timezone, instant_of(entry.at)
    stands = entry.state.replace("-", " ")
    said = [one.need for one in seen.book.versions if one.need is not None]
    wishes = {need.id for need in said if need.level is Level.WISHES}
    withdrawn = {need.id for need in said} - {need.id for need in seen.book.needs}
    if at < seen.at and entry.state == "automatic":
        stands = "past"
    if entry.asking is not None:
        until = local(instant_of(entry.asking.until), zone)
        stands = f"asked until {until}, silence means to {entry.asking.silence}"
    return (
        local(at, zone),
        entry.verb,
        kilowatts(entry.target_w) if entry.target_w else "",
        why_words(entry.reason.kind, entry.reason.id, wishes, withdrawn),
        money(int(entry.expected_saving_nano)),
        stands,
    )
