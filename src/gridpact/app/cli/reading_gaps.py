"""``gridpact readings gaps``: where values are missing."""

from __future__ import annotations

from datetime import datetime

import click

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import channel_as_dict, chosen_of, view_options
from gridpact.app.readings.looking import Gap
from gridpact.app.readings.looking import gaps as gaps_of
from gridpact.app.readings.windows import View, views_of
from gridpact.base.slots import iso
from gridpact.metering.readings import Register
from gridpact.metering.store.store import Store

SHOWN = 40


@click.command(
    short_help="List stretches without values.",
    epilog="""\b
Examples:
  gridpact readings gaps readings
  gridpact readings gaps readings --from 2026-03-01T00:00 --to 2026-04-01T00:00""",
)
@click.argument("url", metavar="STORE")
@view_options
@output_options
def gaps(
    url: str,
    points: tuple[str, ...],
    register: Register | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """List where values are missing, by channel and time.

    Between the first and the last value of each channel; with --from and --to, in all that time. A
    point without any value at all lacks every slot of the days that the store has readings of.
    Slots are each point's own, and times by its clock.
    """
    store = Store.open(url)
    whole = since is not None and until is not None
    views = views_of(store, chosen_of(points, register, since, until, as_of))
    found = [(gap, view) for view in views for gap in gaps_of(store, view, whole=whole)]
    if as_json:
        say_json([_as_dict(gap) for gap, _ in found])
    elif not quiet:
        for line in _lines(found):
            say(harmless(line))


def _lines(found: list[tuple[Gap, View]]) -> list[str]:
    if not found:
        return ["nothing is missing"]
    rows = [("point", "register", "from", "to", "slots")]
    for gap, view in found[:SHOWN]:
        at = (view.local(gap.from_s), view.local(gap.to_s))
        rows.append((gap.channel.point, gap.channel.register, *at, f"{gap.slots:,}"))
    more = len(found) - SHOWN
    rest = [f"… and {more:,} more gaps: --point, --from, --to, or --json"]
    total = f"{counted(len(found), 'gap')}, {counted(sum(gap.slots for gap, _ in found), 'slot')}"
    return [*aligned(rows, right=(4,)), *(rest if more > 0 else []), "", total]


def _as_dict(gap: Gap) -> dict[str, object]:
    span = {"from": iso(gap.from_s), "to": iso(gap.to_s), "slots": gap.slots}
    return {**channel_as_dict(gap.channel), **span}
