"""Options and words that the commands on stores of readings share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from gridpact.app.cli.moments import MOMENT, MOMENT_OR_DAY
from gridpact.app.readings.windows import REGISTERS, Chosen, check_step
from gridpact.metering.readings import Channel, Register
from gridpact.metering.store.log import Imported

F = TypeVar("F", bound=Callable[..., Any])
FILE = click.Path(path_type=Path, dir_okay=False)
STORE = "STORE"
POINTS_HELP = "YAML file of metering points."
RULES_HELP = "YAML file of thresholds for validation"
STATEMENTS = click.option(
    "--statements", required=True, type=FILE, metavar="FILE", help="Which device reads which point."
)
AUTHORITY = click.option(
    "--authority", required=True, type=FILE, metavar="FILE", help="Its public key: ed25519:HEX."
)
SINCE = click.option(
    "--since", type=FILE, metavar="FILE", help="What --json printed of readings before."
)


def view_options(command: F) -> F:
    """Give a command the options that choose points and times."""
    for option in reversed(
        (
            click.option(
                "--point", "points", multiple=True, metavar="ID", help="A metering point."
            ),
            click.option("--register", type=click.Choice(REGISTERS), help="Only this register."),
            click.option(
                "--from", "since", type=MOMENT_OR_DAY, help="First instant, by the points' clock."
            ),
            click.option("--to", "until", type=MOMENT_OR_DAY, help="Instant after the last."),
            click.option("--as-of", type=MOMENT, help="As it was known then.  [default: now]"),
        )
    ):
        command = option(command)
    return command


def trust_options(command: F) -> F:
    """Give a command the options that signed readings are held against."""
    for option in reversed(
        (
            STATEMENTS,
            AUTHORITY,
            SINCE,
            click.option(
                "--due", type=FILE, metavar="FILE", help="What --json printed to others, at least."
            ),
        )
    ):
        command = option(command)
    return command


def chosen_of(
    points: tuple[str, ...],
    register: Register | None,
    since: datetime | None,
    until: datetime | None,
    as_of: datetime | None,
    minutes: float | None = None,
) -> Chosen:
    """Return what the options of a command say; BadInput for slots that divide no day."""
    step = None if minutes is None else round(minutes * 60)
    if step is not None:
        check_step(step)
    return Chosen(
        points=points, register=register, since=since, until=until, as_of=as_of, step_s=step
    )


def channel_as_dict(channel: Channel) -> dict[str, str]:
    """Return a channel's point and register."""
    return {"point": channel.point, "register": channel.register}


def source_words(number: int, imports: tuple[Imported, ...]) -> str:
    """Say which import a value came with."""
    found = next((one for one in imports if one.number == number), None)
    return f"{found.source} (import {number})" if found else f"import {number}"


def kwh(wh: int) -> str:
    """Write energy [Wh] in kWh, exactly."""
    sign = "-" if wh < 0 else ""
    return f"{sign}{abs(wh) // 1000:,}.{abs(wh) % 1000:03} kWh"
