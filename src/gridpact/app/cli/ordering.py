"""``gridpact order``: place, cancel and list orders of a run that waits for people."""

from __future__ import annotations

import click

from gridpact.app.cli.ordering_cancel import cancel
from gridpact.app.cli.ordering_list import list_orders
from gridpact.app.cli.ordering_place import place


@click.group(
    short_help="Place, cancel and list orders of a paused run.",
    epilog="""\b
Examples:
  gridpact run examples/default.yaml --until 2026-06-14T12:50 --out runs/june
  gridpact order place runs/june --member park --buy 2kWh --limit 25ct/kWh --slot 2026-06-15T13:00
  gridpact order list runs/june
  gridpact run --resume runs/june""",
)
def order() -> None:
    """Place, cancel and list the orders of people and programs.

    Orders go into a run that waits: gridpact run SCENARIO --until INSTANT.
    """


for command in (place, cancel, list_orders):
    order.add_command(command)
