"""``gridpact export settlement``: settled orders as a FlexSettlement of UFTP."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

import click

from gridpact.app import folder
from gridpact.app.cli.layout import counted
from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.cli.output import harmless, mark, output_options, say, say_json
from gridpact.app.delivery.checking import check
from gridpact.app.delivery.orders_file import read_orders
from gridpact.app.delivery.telling import Address, flex_settlement

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command(
    short_help="Write settled orders as UFTP's FlexSettlement.",
    epilog="""\b
Example:
  gridpact export settlement store --orders o.yaml --sender dso.example --recipient agr.example""",
)
@click.argument("source", metavar="READINGS")
@click.option("--orders", required=True, type=FILE, metavar="FILE", help="YAML file of orders.")
@click.option("--sender", required=True, metavar="DOMAIN", help="Internet domain of who settles.")
@click.option("--recipient", required=True, metavar="DOMAIN", help="Domain of who delivers.")
@click.option(
    "--out",
    type=FILE,
    default=Path("settlement.xml"),
    show_default=True,
    metavar="FILE",
    help="Write here.",
)
@click.option("--sent-at", type=MOMENT, help="When it is sent, by UTC.  [default: now]")
@click.option("--uftp", default="3.0.0", show_default=True, help="Version of UFTP.")
@click.option("--as-of", type=MOMENT, help="Readings as known then.  [default: now]")
@output_options
def settlement(
    source: str,
    orders: Path,
    sender: str,
    recipient: str,
    out: Path,
    sent_at: datetime | None,
    uftp: str,
    as_of: datetime | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Settle orders against READINGS, as gridpact delivery check does, and write the XML.

    Orders that lack readings are left out, and the exit code is 1. Reservations of the file are
    written as contracts; UFTP's schema asks for one at least.
    """
    told = read_orders(orders)
    known = None if as_of is None else epoch_of(as_of, told.timezone, "--as-of")
    done = check(source, told, known)
    sent = int(time.time()) if sent_at is None else epoch_of(sent_at, "UTC", "--sent-at")
    data = flex_settlement(told, done, Address(sender, recipient, uftp, sent))
    folder.write_new(out, data)
    left = [order.order_reference for order in done.orders if order.reason]
    count = len(done.orders) - len(left)
    if as_json:
        say_json({"file": str(out), "orders": count, "left_out": left})
    elif not quiet:
        words = harmless(f"{out}: {counted(count, 'settled order')}")
        say(f"{mark(good=not left)} {words}")
        for name in left:
            say(harmless(f"  left out: {name}"))
    sys.exit(1 if left else 0)
