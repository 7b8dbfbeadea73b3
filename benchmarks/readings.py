"""Files of readings into a store: reading and validation beside a bare Polars read of the file.

Files hold quarter-hours of 1,000 metering points (a minute's of four, where narrow): long tables by
point or by time, with gaps, with two registers or quotes; wide ones with instants in UTC, on a
clock that changes, or as German offices write them. ``bare`` is ``polars.read_csv`` as it comes,
which leaves time stamps as text; ``typed`` reads them as instants too, as an import must, by the
format that they have, which is the quickest way. ``import`` reads the file and validates it by all
rules: digest, whole Wh, slots, clock changes and marks. Ratios are the rates of import to those of
Polars: 0.5 is half as fast. CPU seconds of all threads and, at the end, wall time; the median of
turns. Growth tells the time a value at 10⁴ to 10⁷ values. ``store`` writes what was imported as
parts that have reached the disk. Run ``python benchmarks/readings.py``; ``--quick`` for small
files.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import polars as pl

from gridpact.base.randomness import stream
from gridpact.base.units import Ints
from gridpact.metering.formats import files
from gridpact.metering.formats.mapping import ReadingsMap
from gridpact.metering.readings import Readings
from gridpact.metering.store.points import MeteringPoint
from gridpact.metering.store.store import Store
from gridpact.metering.validation.validate import validate
from timing import median_seconds

POINTS, START, STEP, ROUNDS = 1_000, 1_772_323_200, 900, 3
LONG = ReadingsMap(time="time", point_column="point", value_column="kwh")
WIDE = ReadingsMap(time="time")
LOCAL = ReadingsMap(time="time", timezone="Europe/Berlin", clock_changes="in-order")
SIDES = {"A+": "withdrawal", "A-": "injection"}
ISO, NAIVE, GERMAN = "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M"


class Layout(NamedTuple):
    """How a file is laid out: its mapping and the format of its stamps."""

    mapping: ReadingsMap
    stamps: str = ISO


LAYOUTS = {
    "long, by point": Layout(LONG),
    "long, by time": Layout(LONG),
    "long, gaps": Layout(LONG),
    "long, registers": Layout(
        msgspec.structs.replace(LONG, register_column="register", registers=SIDES)
    ),
    "long, quoted": Layout(LONG),
    "wide": Layout(WIDE),
    "wide, local": Layout(LOCAL, NAIVE),
    "wide, German": Layout(
        msgspec.structs.replace(LOCAL, separator=";", decimal=",", time_format=GERMAN), GERMAN
    ),
    "narrow": Layout(WIDE),
}


class Times(NamedTuple):
    """Seconds of one file: bare and typed reads by Polars, import, and storing."""

    bare: float
    typed: float
    imported: float
    stored: float


def write(path: Path, name: str, slots: int) -> int:
    """Write a file of readings; return the Wh in it."""
    layout = LAYOUTS[name]
    points, step = (4, 60) if name == "narrow" else (POINTS, STEP)
    wh = stream(7, "readings").integers(0, 40 * step // 18, (points, slots))
    moments = pl.Series("time", (START + step * np.arange(slots)) * 1_000).cast(pl.Datetime("ms"))
    clock = moments.dt.replace_time_zone("UTC").dt.convert_time_zone(layout.mapping.zone)
    times = clock.dt.strftime(layout.stamps)
    names = pl.Series("point", [f"point-{number:04}" for number in range(points)])
    if not layout.mapping.point_column:
        columns = {point: wh[row] / 1_000 for row, point in enumerate(names.to_list())}
        comma, separator = layout.mapping.decimal == ",", layout.mapping.separator
        pl.DataFrame({"time": times, **columns}).write_csv(
            path, separator=separator, decimal_comma=comma
        )
        return int(wh.sum())
    frame = _long(times, names, wh, by_time=name == "long, by time")
    if name == "long, gaps":
        frame = frame.filter(pl.Series(stream(7, "gaps").random(frame.height) > 0.03))
    if name == "long, registers":
        odd = np.arange(frame.height) // slots % 2
        frame = frame.with_columns(pl.Series("register", np.array(["A+", "A-"])[odd]))
    frame.write_csv(path, quote_style="non_numeric" if name == "long, quoted" else "necessary")
    return int((frame["kwh"] * 1_000).round(0).sum())


def _long(times: pl.Series, names: pl.Series, wh: Ints, *, by_time: bool) -> pl.DataFrame:
    row, slot = np.indices(wh.shape)
    if by_time:
        row, slot, wh = row.T, slot.T, wh.T
    places = (slot.ravel().astype(np.uint32), row.ravel().astype(np.uint32))
    values = pl.Series("kwh", wh.ravel() / 1_000)
    return pl.DataFrame([times.gather(places[0]), names.gather(places[1]), values])


def bare(path: Path, mapping: ReadingsMap) -> pl.DataFrame:
    """Read a file as Polars does it, with stamps as text."""
    comma = mapping.decimal == ","
    return pl.read_csv(path, separator=mapping.separator, decimal_comma=comma)


def typed(path: Path, layout: Layout) -> pl.DataFrame:
    """Read a file with its stamps as instants, or as times of its clock."""
    frame = bare(path, layout.mapping)
    return frame.with_columns(pl.col("time").str.to_datetime(layout.stamps))


def imported(path: Path, mapping: ReadingsMap) -> Readings:
    """Read a file and validate what it holds."""
    found = files.read(path, mapping)
    validate(found.intervals, found.displays)
    return found


def stored(readings: Readings, folder: str, turn: list[int]) -> None:
    """Store readings in a new store."""
    turn[0] += 1
    channels = {channel.point for channel in readings.intervals.channels}
    points = [MeteringPoint(id=point, step_s=readings.intervals.slots.step) for point in channels]
    Store.create(f"{folder}/{turn[0]}", points).commit(readings, START)


def measure(name: str, slots: int, rounds: int = ROUNDS) -> tuple[Times, Times]:
    """Take the CPU and wall times of one file; the sum of what is read is checked."""
    layout = LAYOUTS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "readings.csv"
        total = write(path, name, slots)
        readings = imported(path, layout.mapping)
        assert int(readings.intervals.wh.sum()) == total  # noqa: S101
        calls: list[Callable[[], object]] = [
            partial(bare, path, layout.mapping),
            partial(typed, path, layout),
            partial(imported, path, layout.mapping),
            partial(stored, readings, folder, [0]),
        ]
        cpu = Times(*median_seconds(calls, rounds))
        first, second, third = median_seconds(calls[:3], rounds, time.perf_counter)
        return cpu, Times(first, second, third, 0.0)


def show(name: str, slots: int) -> None:
    """Print the row of one layout."""
    cpu, wall = measure(name, slots)
    points = 4 if name == "narrow" else POINTS
    print(
        f"{name:<15} {points * slots:>10,} {cpu.bare:>6.2f} {cpu.typed:>7.2f} {cpu.imported:>8.2f}"
        f" {cpu.bare / cpu.imported:>9.2f} {cpu.typed / cpu.imported:>10.2f}"
        f" {wall.typed / wall.imported:>10.2f} {cpu.stored:>7.2f}",
        flush=True,
    )


def grow(name: str, sizes: list[int]) -> None:
    """Print the time a value of one layout by the number of values."""
    each = []
    for slots in sizes:
        cpu, _ = measure(name, slots)
        count = (4 if name == "narrow" else POINTS) * slots
        each.append(
            f"{count:>10,}: {cpu.imported / count * 1e9:4.0f} ns ({cpu.typed / count * 1e9:.0f})"
        )
    print(f"{name:<15} {'  '.join(each)}", flush=True)


def main() -> None:
    """Print rates of all layouts and the growth of three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small files")
    quick = parser.parse_args().quick
    print(
        "layout              values bare s typed s import s rate/bare rate/typed wall/typed store s"
    )
    for name in LAYOUTS:
        slots = 192 if quick else 1_920
        show(name, slots * (250 if name == "narrow" else 1))
    print("time a value of import (typed read) by values")
    for name in ("long, by point", "wide", "long, gaps"):
        grow(name, [10, 100, 200] if quick else [10, 100, 1_000, 10_000])


if __name__ == "__main__":
    main()
