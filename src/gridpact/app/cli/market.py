"""``gridpact market``: look at markets, clear books, compare mechanisms."""

from __future__ import annotations

import click


@click.group(short_help="Look at markets and clear books of orders.")
def market() -> None:
    """Look at the markets of a run, and clear books of orders by any mechanism."""
