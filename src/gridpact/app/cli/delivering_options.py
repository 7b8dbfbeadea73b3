"""What the commands on flexibility that was ordered are given: readings and orders."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from gridpact.app.cli.moments import MOMENT, epoch_of
from gridpact.app.delivery.orders_file import OrdersFile, read_orders

F = TypeVar("F", bound=Callable[..., Any])


def delivery_options(command: F) -> F:
    """Give a command readings, ``--orders`` and the instant as of which they are known."""
    for option in reversed(
        (
            click.argument("source", metavar="READINGS"),
            click.option(
                "--orders",
                "orders_file",
                required=True,
                type=click.Path(path_type=Path, dir_okay=False),
                metavar="FILE",
                help="YAML file of orders and reservations.",
            ),
            click.option("--as-of", type=MOMENT, help="Readings as known then.  [default: now]"),
        )
    ):
        command = option(command)
    return command


def orders_of(orders_file: Path, as_of: datetime | None) -> tuple[OrdersFile, int | None]:
    """Read the orders, and the instant by their clock [s since the epoch], None for now."""
    told = read_orders(orders_file)
    return told, None if as_of is None else epoch_of(as_of, told.timezone, "--as-of")
