"""``gridpact delivery``: flexibility that was ordered, and what came of it."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from gridpact.app.cli.delivering_availability import availability
from gridpact.app.cli.delivering_options import delivery_options, orders_of
from gridpact.app.cli.layout import aligned, counted
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.delivery.checking import Checked, EventMarks
from gridpact.app.delivery.checking import check as checked
from gridpact.base.rounding import round_half_even
from gridpact.settlement.delivery.flex_settlement import IspRow, OrderSettlement

HEADS = ("order", "day", "ISP", "baseline", "ordered", "actual", "delivered", "deficiency")


@click.group(
    short_help="Hold flexibility that was ordered against readings.",
    epilog="""\b
Example:
  gridpact delivery check readings --orders orders.yaml""",
)
def delivery() -> None:
    """Measure what came of orders of flexibility, by baselines that were agreed."""


@delivery.command(
    short_help="Hold orders against a baseline.",
    epilog="""\b
Examples:
  gridpact delivery check readings --orders orders.yaml
  gridpact delivery check june.csv --orders orders.yaml --json""",
)
@delivery_options
@output_options
def check(
    source: str, orders_file: Path, as_of: datetime | None, as_json: bool, quiet: bool
) -> None:
    """Hold orders against a baseline: what was delivered, what lacks, and what that costs.

    READINGS is a store of readings; or a CSV or Parquet table with slot_start and a column
    POINT:withdrawal or POINT:injection [Wh] for each register. Power is in W, positive from the
    grid, as UFTP settles it.

    Where readings are missing nothing is settled for that order, and the exit code is 1. So it is
    where they are suspect, unless the file says suspect: take. Baselines never use suspect ones.
    """
    told, known = orders_of(orders_file, as_of)
    done = checked(source, told, known)
    if as_json:
        say_json(_as_dict(done))
    elif not quiet:
        for line in _lines(done):
            say(line)
    sys.exit(1 if any(order.reason for order in done.orders) else 0)


delivery.add_command(availability)


def _lines(done: Checked) -> list[str]:
    rows = [HEADS, *(_cells(order, isp) for order in done.orders for isp in order.isps)]
    lines = [f"baseline {done.method} [W]"]
    lines += [f"  {harmless(line)}" for line in aligned(rows, right=range(2, len(HEADS)))]
    for order in done.orders:
        good = not order.reason
        words = f"not settled: {order.reason}"
        if good:
            amounts = (order.price_nano, order.penalty_nano, order.net_settlement_nano)
            price, penalty, net = map(_amount, amounts)
            words = f"price {price}, penalty {penalty}, net {net} {done.currency}"
        lines.append(f"{mark(good=good)} {harmless(f'{order.order_reference}: {words}')}")
        lines += _mark_lines(done.marks[order.order_reference], settled=good)
    if done.delivery_ppm is not None:
        lines.append(f"  {done.delivery_ppm / 10_000:.2f} percent of the energy was delivered")
    return lines


def _mark_lines(marks: EventMarks, *, settled: bool) -> list[str]:
    lines = []
    if marks.suspect:
        what = "suspect, taken as the file says" if settled else "suspect"
        lines.append(f"    {what}: {counted(marks.suspect, 'reading')} of the event")
    if marks.estimated:
        told = counted(marks.estimated, "reading")
        lines.append(f"    estimated or edited: {told} of the event")
    return lines


def _cells(order: OrderSettlement, isp: IspRow) -> tuple[str, ...]:
    power = (
        *(isp.baseline_power, isp.ordered_flex_power, isp.actual_power),
        *(isp.delivered_flex_power, isp.power_deficiency),
    )
    day = order.period.isoformat()
    return (order.order_reference, day, str(isp.start), *(f"{each:,}" for each in power))


def _amount(nano: int) -> str:
    """Write an amount with four decimals, as UFTP has them."""
    least = round_half_even(nano, 100_000)
    return f"{'-' if least < 0 else ''}{abs(least) // 10_000:,}.{abs(least) % 10_000:04}"


def _as_dict(done: Checked) -> dict[str, object]:
    return {
        "method": done.method,
        "currency": done.currency,
        "delivery_ppm": done.delivery_ppm,
        "orders": [
            _order_as_dict(order, done.marks[order.order_reference]) for order in done.orders
        ],
    }


def _order_as_dict(order: OrderSettlement, marks: EventMarks) -> dict[str, object]:
    return {
        "order": order.order_reference,
        "congestion_point": order.congestion_point,
        "period": order.period.isoformat(),
        "reason": order.reason,
        "suspect_readings": marks.suspect,
        "estimated_readings": marks.estimated,
        "price_nano": order.price_nano,
        "penalty_nano": order.penalty_nano,
        "net_settlement_nano": order.net_settlement_nano,
        "isps": [
            {name: getattr(isp, name) for name in isp.__struct_fields__} for isp in order.isps
        ],
    }
