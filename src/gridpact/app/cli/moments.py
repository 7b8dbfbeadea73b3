"""Instants as options of the command line; whose clock they are by is known only later."""

from __future__ import annotations

import re
from datetime import datetime

import click

from gridpact.app.orders import instants
from gridpact.base.errors import BadInput, Fault

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Moment(click.ParamType[datetime]):
    """An instant of ISO 8601, with or without an offset from UTC."""

    name = "instant"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read an instant; a usage error where it is none."""
        if isinstance(value, datetime):
            return value
        try:
            return instants.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentOrDay(Moment):
    """An instant of ISO 8601, or a day, which stands for its midnight."""

    name = "instant or day"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read an instant or a day; a usage error where it is neither."""
        whole = f"{value}T00:00" if DAY.fullmatch(str(value)) else value
        return super().convert(whole, param, ctx)


MOMENT = Moment()
MOMENT_OR_DAY = MomentOrDay()


def epoch_of(moment: datetime, timezone: str, option: str) -> int:
    """Return an instant in seconds since the epoch, by the clock of a timezone.

    Raises BadInput, naming the option, where clocks skip that time or show it twice.
    """
    try:
        return instants.epoch(moment, timezone)
    except ValueError as error:
        fix = "name another instant, or add its offset from UTC"
        raise BadInput([Fault("arguments", 0, option, str(error), fix)]) from error
