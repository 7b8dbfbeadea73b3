"""Files of readings into a store: reading and validation beside a bare Polars read of the file.

A file holds quarter-hours of 1,000 metering points: a long table, with the rows of one point or of
one time together, or a wide one. ``bare`` is ``polars.read_csv`` as it comes, which leaves time
stamps as text; ``typed`` the same with ``try_parse_dates``, which reads them as instants, as an
import must. ``import`` reads the file and validates it by all rules: digest, whole Wh, slots and
marks. Ratios are the rates of import to those of Polars: 0.5 is half as fast. ``store`` writes
what was imported as parts that have reached the disk. CPU seconds of all threads, the median of
turns. Growth is the time of import for four times the rows. Run ``python benchmarks/readings.py``;
``--quick`` for small files.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from gridpact.base.randomness import stream
from gridpact.metering.formats import files
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.readings import Readings
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store
from gridpact.metering.validation.validate import validate
from timing import median_seconds

POINTS, START, STEP, ROUNDS = 1_000, 1_772_323_200, 900, 3
LONG = ReadingsMap(time="time", point_column="point", value_column="kwh")
LAYOUTS = {"long, by point": LONG, "long, by time": LONG, "wide": ReadingsMap(time="time")}


class Times(NamedTuple):
    """CPU seconds of one file: bare and typed reads by Polars, import, and storing."""

    bare: float
    typed: float
    imported: float
    stored: float


def write(path: Path, layout: str, slots: int) -> int:
    """Write a file of readings; return the Wh in it."""
    wh = stream(7, "readings").integers(0, 2_000, (POINTS, slots))
    seconds = pl.Series("time", (START + STEP * np.arange(slots)) * 1_000).cast(pl.Datetime("ms"))
    times = seconds.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    names = pl.Series("point", [f"point-{number:04}" for number in range(POINTS)])
    row, slot = np.indices(wh.shape)
    if layout == "wide":
        columns = {name: wh[place] / 1_000 for place, name in enumerate(names.to_list())}
        pl.DataFrame({"time": times, **columns}).write_csv(path)
        return int(wh.sum())
    if layout == "long, by time":
        row, slot, wh = row.T, slot.T, wh.T
    places = (slot.ravel().astype(np.uint32), row.ravel().astype(np.uint32))
    values = pl.Series("kwh", wh.ravel() / 1_000)
    pl.DataFrame([times.gather(places[0]), names.gather(places[1]), values]).write_csv(path)
    return int(wh.sum())


def imported(path: Path, mapping: ReadingsMap) -> Readings:
    """Read a file and validate what it holds."""
    found = files.read(path, mapping)
    validate(found.intervals, found.displays)
    return found


def stored(readings: Readings, folder: str, turn: list[int]) -> None:
    """Store readings in a new store."""
    turn[0] += 1
    points = [MeteringPoint(id=channel.point) for channel in readings.intervals.channels]
    Store.create(f"{folder}/{turn[0]}", points).commit(readings, START)


def measure(layout: str, slots: int) -> Times:
    """Take the times of one file; the sum of what is read is checked."""
    with tempfile.TemporaryDirectory() as folder:
        path, mapping = Path(folder) / "readings.csv", LAYOUTS[layout]
        total = write(path, layout, slots)
        readings = imported(path, mapping)
        assert int(readings.intervals.wh.sum()) == total  # noqa: S101
        calls = (
            partial(pl.read_csv, path),
            partial(pl.read_csv, path, try_parse_dates=True),
            partial(imported, path, mapping),
            partial(stored, readings, folder, [0]),
        )
        return Times(*median_seconds(calls, ROUNDS))


def show(layout: str, days: int) -> None:
    """Print the row of one layout."""
    before, found = (measure(layout, each * 96) for each in (days // 4, days))
    print(
        f"{layout:<15} {POINTS * days * 96:>10,} {found.bare:>6.2f} {found.typed:>7.2f}"
        f" {found.imported:>7.2f} {found.bare / found.imported:>10.2f}"
        f" {found.typed / found.imported:>11.2f} {found.imported / before.imported:>7.1f}"
        f" {found.stored:>7.2f}"
    )


if __name__ == "__main__":
    print(
        "layout              values bare s typed s import s  rate/bare  rate/typed  growth store s"
    )
    for layout in LAYOUTS:
        show(layout, 8 if "--quick" in sys.argv else 80)
