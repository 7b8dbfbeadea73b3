"""``gridpact market``: look at markets, clear books, compare mechanisms."""

from __future__ import annotations

import click

from gridpact.app.cli.comparing import compare
from gridpact.app.cli.market_clear import clear
from gridpact.app.cli.market_grid import grid
from gridpact.app.cli.market_show import show
from gridpact.app.cli.market_standing import reinstate, suspend


@click.group(
    short_help="Look at markets, clear books of orders, compare mechanisms.",
    epilog="""\b
Examples:
  gridpact market show runs/june
  gridpact market clear orders.csv --mechanism pay-as-offer
  gridpact market compare runs/june --report comparison.html""",
)
def market() -> None:
    """Look at the markets of a run, and clear books of orders by any mechanism."""


for command in (show, clear, grid, compare, suspend, reinstate):
    market.add_command(command)
