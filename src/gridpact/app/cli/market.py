"""``gridpact market``: look at markets, clear books, compare mechanisms."""

from __future__ import annotations

import click

from gridpact.app.cli.late import LateGroup, Later

COMMANDS = {
    "show": Later("market_show:show", "Show a run's sessions, or the book of one."),
    "clear": Later("market_clear:clear", "Clear a file of orders, or a run's book again."),
    "grid": Later("market_grid:grid", "Clear a file of orders within the limits of a grid."),
    "compare": Later(
        "comparing:compare", "Compare mechanisms on the same orders, or in whole runs."
    ),
    "suspend": Later(
        "market_standing:suspend", "Suspend a member from the markets of a paused run."
    ),
    "reinstate": Later("market_standing:reinstate", "Let a suspended member trade again."),
}


@click.group(
    cls=LateGroup,
    later=COMMANDS,
    short_help="Look at markets, clear books of orders, compare mechanisms.",
    epilog="""\b
Examples:
  gridpact market show runs/june
  gridpact market clear orders.csv --mechanism pay-as-offer
  gridpact market compare runs/june --report comparison.html""",
)
def market() -> None:
    """Look at the markets of a run, and clear books of orders by any mechanism."""
