"""``gridpact readings compact``: fewer files, and nothing kept longer than it should be."""

from __future__ import annotations

from datetime import datetime

import click
from msgspec import to_builtins

from gridpact.app.cli.output import mark, output_options, say, say_json
from gridpact.metering.store.store import Store


@click.command(
    short_help="Merge parts, and forget old days if asked.",
    epilog="""\b
Examples:
  gridpact readings compact readings
  gridpact readings compact readings --forget-before 2023-01-01""",
)
@click.argument("url", metavar="STORE")
@click.option(
    "--forget-before",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Remove all readings before this day (UTC), for good.",
)
@output_options
def compact(url: str, forget_before: datetime | None, as_json: bool, quiet: bool) -> None:
    """Merge the parts of each day, fold the index of STORE into one file, and remove leftovers.

    What the store answers stays the same, but for days that it is told to forget. Run it while
    nobody else writes to the store.
    """
    store = Store.open(url)
    if forget_before is None:
        done = store.compact()
    else:
        done = store.retain(forget_before.date().isoformat())
    if as_json:
        say_json(to_builtins(done))
    elif not quiet:
        parts = f"{done.parts_before:,} parts are now {done.parts:,}"
        size = f"{done.bytes_before:,} bytes are now {done.bytes:,}"
        say(f"{mark(good=True)} {parts}, {size}; {done.removed:,} files removed")
