"""``gridpact order``: place, cancel and list orders of a run that waits for people."""

from __future__ import annotations

import click


@click.group(short_help="Place, cancel and list orders of a paused run.")
def order() -> None:
    """Place, cancel and list the orders of people and programs.

    Orders go into a run that waits: gridpact run SCENARIO --until INSTANT.
    """
