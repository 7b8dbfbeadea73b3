"""``gridpact readings quality``: how many slots are measured, suspect, estimated or missing."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.layout import aligned
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import (
    FILE,
    RULES_HELP,
    channel_as_dict,
    chosen_of,
    kwh,
    view_options,
)
from gridpact.app.readings.importing import rules_of
from gridpact.app.readings.looking import MarkCount, marks
from gridpact.app.readings.windows import views_of
from gridpact.metering.readings import Quality, Register
from gridpact.metering.store.store import Store


@click.command(
    short_help="Count slots by mark and rule.",
    epilog="""\b
Examples:
  gridpact readings quality readings
  gridpact readings quality readings --point bakery --as-of 2026-04-01T00:00
  gridpact readings quality readings --rules thresholds.yaml""",
)
@click.argument("url", metavar="STORE")
@view_options
@click.option("--rules", "rules_file", type=FILE, metavar="FILE", help=f"{RULES_HELP}, to try.")
@output_options
def quality(
    url: str,
    points: tuple[str, ...],
    register: Register | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    rules_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Count the slots of each channel by their mark, and by the rule or method that set it.

    What is missing counts between the first and the last value of each channel; with --from and
    --to, in all that time. Slots are each point's own. With --rules, marks are those that the
    thresholds of a YAML file would set; nothing is stored.
    """
    store = Store.open(url)
    rules = None if rules_file is None else rules_of(store, rules_file)
    whole = since is not None and until is not None
    views = views_of(store, chosen_of(points, register, since, until, as_of))
    found = [one for view in views for one in marks(store, view, whole=whole, rules=rules)]
    if as_json:
        say_json([_as_dict(count) for count in found])
    elif not quiet:
        for line in aligned([_HEAD, *map(_row, found)], right=(4, 5)):
            say(harmless(line))


_HEAD = ("point", "register", "mark", "by", "slots", "energy")


def _row(count: MarkCount) -> tuple[str, ...]:
    energy = "-" if count.quality == Quality.MISSING else kwh(count.wh)
    mark = count.quality.name.lower()
    channel = (count.channel.point, count.channel.register)
    return (*channel, mark, count.rule or "-", f"{count.slots:,}", energy)


def _as_dict(count: MarkCount) -> dict[str, object]:
    return {
        **channel_as_dict(count.channel),
        "quality": count.quality.name.lower(),
        "rule": count.rule,
        "slots": count.slots,
        "wh": None if count.quality == Quality.MISSING else count.wh,
    }
