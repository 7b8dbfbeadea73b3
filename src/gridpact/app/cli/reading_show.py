"""``gridpact readings show``: values of channels, how each came to be."""

from __future__ import annotations

from datetime import datetime

import click
import numpy as np

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import channel_as_dict, chosen_of, kwh, view_options
from gridpact.app.readings.looking import values
from gridpact.app.readings.windows import View, views_of
from gridpact.base.slots import iso
from gridpact.metering.readings import Intervals, Quality, Register
from gridpact.metering.store.store import Store

SLOTS_SHOWN = 96


@click.command(
    short_help="Show values, and how each came to be.",
    epilog="""\b
Examples:
  gridpact readings show readings --point bakery
  gridpact readings show readings --point bakery --from 2026-03-01T00:00 --step 60
  gridpact readings show readings --as-of 2026-04-01T00:00 --json""",
)
@click.argument("url", metavar="STORE")
@view_options
@click.option("--step", "minutes", type=float, metavar="MINUTES", help="Sum or divide slots.")
@output_options
def show(
    url: str,
    points: tuple[str, ...],
    register: Register | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    minutes: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Show the values in force, each with its mark and the rule or method that set it.

    Where a slot has no value, nothing is shown for it, which is not zero. The slots that there
    could be are counted from the first value to the last; with --from and --to, in all that time.

    Energy of other steps is summed or divided in whole Wh; what was divided is marked as estimated.
    """
    store = Store.open(url)
    views = views_of(store, chosen_of(points, register, since, until, as_of, minutes))
    each = [(values(store, view), view) for view in views]
    rows = [(found, row, view) for found, view in each for row in range(len(found.channels))]
    if as_json:
        say_json([_as_dict(found, row) for found, row, _ in rows])
    elif not quiet:
        for found, row, view in rows:
            for line in _lines(found, row, view, whole=since is not None and until is not None):
                say(harmless(line))


def _lines(found: Intervals, row: int, view: View, *, whole: bool) -> list[str]:
    channel, quality = found.channels[row], found.quality[row]
    known = np.flatnonzero(quality != int(Quality.MISSING))
    lines = [f"{channel.point}, {channel.register}", ""]
    rows = [("slot", "energy", "mark", "by")]
    for slot in known[:SLOTS_SHOWN].tolist():
        at = view.local(found.slots.start + slot * found.slots.step)
        rule = found.rules[int(found.rule[row, slot])]
        mark = Quality(int(quality[slot])).name.lower()
        rows.append((at, kwh(int(found.wh[row, slot])), mark, rule))
    more = len(known) - (len(rows) - 1)
    rest = [f"… and {more:,} more slots: --from, --to, --step, or --json"] if more else []
    span = int(known[-1] - known[0]) + 1 if len(known) and not whole else found.slots.count
    total = f"{counted(len(known), 'slot')} of {span:,}, {kwh(int(found.wh[row].sum()))}"
    return [*lines, *aligned(rows, right=(1,)), *rest, "", total, ""]


def _as_dict(found: Intervals, row: int) -> dict[str, object]:
    quality = found.quality[row]
    there = np.flatnonzero(quality != int(Quality.MISSING)).tolist()
    slots = found.slots
    return {
        **channel_as_dict(found.channels[row]),
        "step_s": slots.step,
        "values": [
            {
                "slot": iso(slots.start + slot * slots.step),
                "wh": int(found.wh[row, slot]),
                "quality": Quality(int(quality[slot])).name.lower(),
                "rule": found.rules[int(found.rule[row, slot])],
            }
            for slot in there
        ],
    }
