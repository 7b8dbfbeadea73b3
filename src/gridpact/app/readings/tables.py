"""Readings of a CSV or Parquet table, a column for each register of a metering point."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import Needs, SeriesNeed
from gridpact.contracts.tables import read_lines
from gridpact.metering.importers.rows import Report
from gridpact.metering.readings import Channel


class Table(NamedTuple):
    """Channels of a table: Wh and where it is known [channels, slots], and the lines [slots]."""

    slots: Slots
    wh: Ints
    known: Bools
    lines: Ints


def table_of(source: str, channels: tuple[Channel, ...], as_of: int | None) -> Table:
    """Read channels of a table.

    Raises BadInput with the table's faults, for negative energy with its lines, and where ``as_of``
    is given, which a table cannot tell.
    """
    if as_of is not None:
        problem, fix = "a table does not tell when its values became known", "name a store"
        raise BadInput([Fault("arguments", 0, "--as-of", problem, fix)])
    names = [f"{channel.point}:{channel.register}" for channel in channels]
    needs = Needs(tuple(SeriesNeed(name, "Wh") for name in sorted(names)), ())
    world, slots, lines = read_lines(source, needs)
    wh = np.zeros((len(names), slots.count), np.int64)
    known = np.ones(wh.shape, np.bool_)
    for row, name in enumerate(names):
        series = world[name]
        if isinstance(series, Known):
            known[row] = np.broadcast_to(series.present, slots.count)
            series = series.values
        wh[row] = series
    _refuse_negative(source, names, wh, lines)
    return Table(slots, wh, known, lines)


def _refuse_negative(source: str, names: list[str], wh: Ints, lines: Ints) -> None:
    report = Report(source)
    words = ("energy must not be negative", "give withdrawal and injection apart, both positive")
    order = np.argsort(lines)
    for name, row in zip(names, wh, strict=True):
        report.rows(np.asarray(row < 0)[order], lines[order], name, words)
    if report.faults:
        raise BadInput(report.faults)
