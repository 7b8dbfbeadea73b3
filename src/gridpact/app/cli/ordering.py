"""``gridpact order``: place, cancel and list orders of a run that waits for people."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "place": Later("ordering_place:place", "Place an order, or a file of orders."),
    "cancel": Later("ordering_cancel:cancel", "Take an order back."),
    "list": Later("ordering_list:list_orders", "List orders and what became of them."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
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
