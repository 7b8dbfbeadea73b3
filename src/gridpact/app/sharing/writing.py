"""An allocation as tables and as totals."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from gridpact.app.sharing.allocating import Allocated, by_producer
from gridpact.base.files import write_whole
from gridpact.base.slots import Slots
from gridpact.base.units import Ints, checked_sum

if TYPE_CHECKING:
    import polars as pl

COLUMNS = (
    *("produced_wh", "needed_wh", "received_wh", "given_wh", "kept_wh"),
    *("surplus_wh", "supplied_wh"),
)


class Totals(msgspec.Struct, frozen=True):
    """Energy of a point, or of all, over a period [Wh].

    ``received`` is what the key allocated, of which ``kept`` was beyond the need and is the point's
    own; ``given`` is what it gave; ``surplus`` it gave to nobody; ``supplied`` came from outside.
    """

    point: str
    produced_wh: int
    needed_wh: int
    received_wh: int
    given_wh: int
    kept_wh: int
    surplus_wh: int
    supplied_wh: int


class Summary(msgspec.Struct, frozen=True):
    """What a period came to. ``balanced`` says that given and received agree in every slot.

    ``estimated_slots`` counts slots of points with a reading that was estimated or edited,
    ``suspect_slots`` those with one that validation doubts.
    """

    key: str
    split: str
    first: str
    end: str
    slots: int
    estimated_slots: int
    suspect_slots: int
    balanced: bool
    total: Totals
    points: tuple[Totals, ...]


def columns(done: Allocated) -> dict[str, Ints]:
    """Return the columns of the table, each int64 [points, slots]."""
    shared, energy = done.shared, done.energy
    kept = np.zeros_like(energy.need_wh) if shared.kept_wh is None else shared.kept_wh
    supplied = energy.need_wh - shared.used_wh
    found = (energy.surplus_wh, energy.need_wh, shared.in_wh, shared.out_wh, kept)
    return dict(zip(COLUMNS, (*found, done.left_wh, supplied), strict=True))


def summary_of(done: Allocated) -> Summary:
    """Add up a period, exactly."""
    energy, zone = done.energy, ZoneInfo(done.rules.timezone)
    sums = {name: checked_sum(values, axis=1).tolist() for name, values in columns(done).items()}
    points = tuple(
        Totals(point, **{name: values[row] for name, values in sums.items()})
        for row, point in enumerate(energy.points)
    )
    total = Totals("", **{name: sum(values) for name, values in sums.items()})
    first, end = (
        datetime.fromtimestamp(instant, zone).isoformat()
        for instant in (energy.slots.start, energy.slots.end)
    )
    given, received = done.shared.out_wh.sum(axis=0), done.shared.in_wh.sum(axis=0)
    return Summary(
        key=done.rules.key,
        split="by key" if done.rules.key == "full-dynamic" else done.rules.split,
        first=first,
        end=end,
        slots=energy.slots.count,
        estimated_slots=int(energy.estimated.sum()),
        suspect_slots=int(energy.suspect.sum()),
        balanced=bool(np.array_equal(given, received)),
        total=total,
        points=points,
    )


def write_tables(done: Allocated, folder: Path, *, each_producer: bool) -> list[Path]:
    """Write an allocation into a folder, as CSV and as Parquet; return the files.

    ``allocation`` has a row for each slot and point; ``by_producer``, where asked for, one for each
    slot, producer and point that received from it. ``summary.json`` has the totals.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found = {"allocation": _table(done)}
    if each_producer:
        found["by_producer"] = _gifts(done)
    written = []
    for name, frame in found.items():
        written += [_parquet(frame, folder / f"{name}.parquet")]
        written += [_csv(frame, folder / f"{name}.csv", done.rules.timezone)]
    path = folder / "summary.json"
    write_whole(path, msgspec.json.format(msgspec.json.encode(summary_of(done))) + b"\n")
    return [*written, path]


def _table(done: Allocated) -> pl.DataFrame:
    import polars as pl

    points, slots = done.energy.points, done.energy.slots
    values = {name: each.T.reshape(-1) for name, each in columns(done).items()}
    point = pl.Series(list(points) * slots.count, dtype=pl.String)
    energy = done.energy
    marks = {
        name: each.T.reshape(-1)
        for name, each in (("estimated", energy.estimated), ("suspect", energy.suspect))
    }
    starts = _instants(np.repeat(slots.starts(), len(points)))
    return pl.DataFrame({"slot_start": starts, "point": point, **values, **marks})


def _gifts(done: Allocated) -> pl.DataFrame:
    import polars as pl

    names, gifts = by_producer(done)
    points = done.energy.points
    slot, producer, taker = np.nonzero(gifts.transpose(2, 0, 1))
    return pl.DataFrame(
        {
            "slot_start": _instants(_starts(done.energy.slots, slot)),
            "producer": pl.Series([names[row] for row in producer.tolist()], dtype=pl.String),
            "point": pl.Series([points[row] for row in taker.tolist()], dtype=pl.String),
            "wh": gifts[producer, taker, slot],
        }
    )


def _starts(slots: Slots, place: Ints) -> Ints:
    return np.asarray(slots.start + slots.step * place, dtype=np.int64)


def _instants(seconds: Ints) -> pl.Series:
    import polars as pl

    return (pl.Series(seconds) * 1000).cast(pl.Datetime("ms", "UTC"))


def _csv(frame: pl.DataFrame, path: Path, timezone: str) -> Path:
    import polars as pl

    # instants by the local clock with their offset, so that clock changes stay apart
    local = pl.col("slot_start").dt.convert_time_zone(timezone).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")
    write_whole(path, frame.with_columns(local).write_csv().encode())
    return path


def _parquet(frame: pl.DataFrame, path: Path) -> Path:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    write_whole(path, buffer.getvalue())
    return path
