"""``gridpact readings versions``: every value that a slot had, and when it became known."""

from __future__ import annotations

from datetime import datetime

import click

from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import channel_as_dict, kwh, source_words
from gridpact.app.readings.windows import REGISTERS
from gridpact.base.slots import iso
from gridpact.metering.readings import Channel, Register
from gridpact.metering.store.reading import Version
from gridpact.metering.store.store import Store


@click.command(
    short_help="Show all values that a slot had.",
    epilog="""\b
Example:
  gridpact readings versions readings --point bakery --slot 2026-03-01T12:00""",
)
@click.argument("url", metavar="STORE")
@click.option("--point", required=True, metavar="ID", help="Its metering point.")
@click.option("--slot", required=True, type=MOMENT, help="Its begin, by the point's clock.")
@click.option("--register", type=click.Choice(REGISTERS), default="withdrawal", show_default=True)
@output_options
def versions(
    url: str, point: str, slot: datetime, register: Register, as_json: bool, quiet: bool
) -> None:
    """Show every value of one slot: how it came to be, when it became known, what it replaced.

    An estimate beside a measured value was never in force. An estimate counts again where a value
    told later is suspect.
    """
    store = Store.open(url)
    timezone = store.point(point).timezone
    at = epoch_of(slot, timezone, "--slot")
    channel = Channel(point, register)
    found = store.versions(channel, at)
    if as_json:
        told = [_as_dict(each, store) for each in found]
        say_json({**channel_as_dict(channel), "slot": iso(at), "versions": told})
    elif not quiet:
        for line in _lines(found, store):
            say(harmless(line))


def _lines(found: list[Version], store: Store) -> list[str]:
    if not found:
        return ["no value of this slot is known"]
    head = ("known since", "energy", "mark", "by", "replaced", "in force", "from")
    rows = [head]
    for each in found:
        was = "-" if each.replaced_wh is None else kwh(each.replaced_wh)
        rows.append(
            (
                iso(each.known_s),
                kwh(each.wh),
                each.quality.name.lower(),
                each.rule or "-",
                was,
                _force_words(each),
                source_words(each.commit, store.log.imports),
            )
        )
    return [*aligned(rows, right=(1, 4)), "", counted(len(found), "version")]


def _force_words(each: Version) -> str:
    if not each.counted:
        return "never"
    again = "again, " if each.again else ""
    return again + ("now" if each.until_s is None else f"until {iso(each.until_s)}")


def _as_dict(each: Version, store: Store) -> dict[str, object]:
    return {
        "known_at": iso(each.known_s),
        "wh": each.wh,
        "quality": each.quality.name.lower(),
        "rule": each.rule,
        "in_force": each.in_force,
        "counted": each.counted,
        "until": None if each.until_s is None else iso(each.until_s),
        "again": each.again,
        "replaced_wh": each.replaced_wh,
        "import": each.commit,
        "file": next((one.source for one in store.log.imports if one.number == each.commit), None),
    }
