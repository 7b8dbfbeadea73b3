"""Readings of a CSV or Parquet table, a column for each register of a metering point."""

from __future__ import annotations

import numpy as np

from gridpact.base.errors import BadInput, Fault
from gridpact.base.slots import Slots
from gridpact.base.units import Bools, Ints
from gridpact.contracts.evaluate import Known
from gridpact.contracts.needs import Needs, SeriesNeed
from gridpact.contracts.tables import read_world
from gridpact.metering.readings import Channel


def table_of(
    source: str, channels: tuple[Channel, ...], as_of: int | None
) -> tuple[Slots, Ints, Bools]:
    """Read channels of a table: its slots, and Wh and where it is known [channels, slots].

    Raises BadInput with the table's faults, for negative energy, and where ``as_of`` is given,
    which a table cannot tell.
    """
    if as_of is not None:
        problem, fix = "a table does not tell when its values became known", "name a store"
        raise BadInput([Fault("arguments", 0, "--as-of", problem, fix)])
    names = [f"{channel.point}:{channel.register}" for channel in channels]
    needs = Needs(tuple(SeriesNeed(name, "Wh") for name in sorted(names)), ())
    world, slots = read_world(source, needs)
    wh = np.zeros((len(names), slots.count), np.int64)
    known = np.ones(wh.shape, np.bool_)
    for row, name in enumerate(names):
        series = world[name]
        if isinstance(series, Known):
            known[row] = np.broadcast_to(series.present, slots.count)
            series = series.values
        wh[row] = series
    _refuse_negative(source, names, wh)
    return slots, wh, known


def _refuse_negative(source: str, names: list[str], wh: Ints) -> None:
    fix = "give withdrawal and injection apart, both positive"
    faults = [
        Fault(source, 0, name, "energy must not be negative", fix)
        for name, row in zip(names, wh, strict=True)
        if row.min(initial=0) < 0
    ]
    if faults:
        raise BadInput(faults)
