"""``gridpact delivery availability``: power that was reserved, and how much of it was there."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.delivering_options import delivery_options, orders_of
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, output_options, say, say_json
from gridpact.app.cli.reading_options import kwh
from gridpact.app.delivery.available import Month, availabilities
from gridpact.base.rounding import round_half_even
from gridpact.settlement.delivery.headroom import NAME

HEADS = ("contract", "from", "to", "reserved", "available", "ratio", "delivery", "fee", "unknown")


@click.command(
    short_help="Say how much of reserved power was there.",
    epilog="""\b
Examples:
  gridpact delivery availability readings --orders orders.yaml
  gridpact delivery availability june.csv --orders orders.yaml --json""",
)
@delivery_options
@output_options
def availability(
    source: str, orders_file: Path, as_of: datetime | None, as_json: bool, quiet: bool
) -> None:
    """Say of each month how much of the reserved power could be had, and the fee it earns.

    What could be had is how far the points' net withdrawal was from the limit that they can be
    brought to, and what was delivered to orders. The fee is multiplied by the delivery of the
    month before. Slots that lack readings count neither way; the exit code is then 1.
    """
    told, known = orders_of(orders_file, as_of)
    months = availabilities(source, told, known)
    if as_json:
        say_json({"rule": NAME, "currency": told.currency, "months": list(map(_as_dict, months))})
    elif not quiet:
        say(f"available by {NAME}")
        for line in aligned([HEADS, *map(_cells, months)], right=range(3, 9), indent=2):
            say(harmless(line.rstrip()))
    sys.exit(1 if any(each.found.unknown_slots for each in months) else 0)


def _cells(month: Month) -> tuple[str, ...]:
    found = month.found
    least = round_half_even(found.fee_nano, 100_000)
    shares = (f"{ppm / 10_000:.2f} %" for ppm in (found.ratio_ppm, found.delivery_ppm))
    energies = (kwh(found.reserved_wh), kwh(found.available_wh))
    fee = f"{least // 10_000:,}.{least % 10_000:04}"
    span = (month.first.isoformat(), month.last.isoformat())
    unknown = counted(found.unknown_slots, "slot")
    return (month.reservation.contract, *span, *energies, *shares, fee, unknown)


def _as_dict(month: Month) -> dict[str, object]:
    found = month.found
    told: dict[str, object] = {
        "contract": month.reservation.contract,
        "congestion_point": month.reservation.congestion_point,
        "first": month.first.isoformat(),
        "last": month.last.isoformat(),
    }
    return told | {name: getattr(found, name) for name in found.__struct_fields__}
