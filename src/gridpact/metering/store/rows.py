"""Parts of a store as Parquet files: rows that Polars, DuckDB and people can read directly."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.readings import Channel, Quality
from gridpact.metering.store.blocks import Block, Words

if TYPE_CHECKING:
    import polars as pl

QUALITIES = tuple(quality.name.lower() for quality in Quality)
REGISTERS = ("withdrawal", "injection")
INTERVAL_LANES = ("told", "estimated")

Each: TypeAlias = Ints | int
"""A number for each row [rows], or one for all."""


def to_bytes(frame: pl.DataFrame) -> bytes:
    """Write rows as a Parquet file."""
    stream = io.BytesIO()
    # a part is one day: its statistics would narrow no search, and take a third of the time
    frame.write_parquet(stream, compression="zstd", compression_level=1, statistics=False)
    return stream.getvalue()


def from_bytes(data: bytes) -> pl.DataFrame:
    """Read the rows of a Parquet file; raises ``pl.exceptions.PolarsError`` where it is none."""
    import polars as pl

    return pl.read_parquet(io.BytesIO(data))


def frame_of(
    block: Block, cells: Ints, values: Ints, known_s: Each, commit: Each, words: Words
) -> pl.DataFrame:
    """Rows of some cells of a block with values [fields, rows] and when they became known."""
    import polars as pl

    row = block.channel()[cells]
    columns = [*channel_columns(block.channels, row)]
    if block.table == "intervals":
        columns += [
            instants("slot_start", block.start_s()[cells]),
            numbers("step_s", block.step_s, len(cells), pl.Int32),
            pl.Series("wh", values[0]),
            named("quality", QUALITIES, values[1]),
            named("rule", words.words, values[2]),
        ]
    else:
        columns += [
            instants("at", block.start_s()[cells]),
            pl.Series("reading_wh", values[0]),
            named("meter", words.words, block.lane()[cells]),
        ]
    return pl.DataFrame([*columns, *known_columns(known_s, commit, len(cells))])


def confirmed_frame(
    block: Block, cells: Ints, known_s: int, commit: int, words: Words
) -> pl.DataFrame:
    """Rows that tell of cells that their value was told again: ``slots`` of them from ``start``.

    ``kind`` is the table, ``lane`` the meter of displays, and of intervals whether it was told or
    estimated.
    """
    import polars as pl

    at, count = _runs(block, cells)
    lanes = INTERVAL_LANES if block.table == "intervals" else words.words
    columns = [
        *channel_columns(block.channels, block.channel()[at]),
        named("kind", (block.table,), np.zeros(len(at), np.int64)),
        named("lane", lanes, block.lane()[at]),
        instants("start", block.start_s()[at]),
        numbers("step_s", block.step_s, len(at), pl.Int32),
        pl.Series("slots", count.astype(np.int32)),
    ]
    return pl.DataFrame([*columns, *known_columns(known_s, commit, len(at))])


def _runs(block: Block, cells: Ints) -> tuple[Ints, Ints]:
    """First cell and length of each run of slots that follow each other in a channel and lane."""
    if block.table == "displays":
        return cells, np.ones(len(cells), np.int64)
    key = block.key[cells]
    apart = np.diff(key) != block.step_s * block.lanes
    apart |= np.diff(block.channel()[cells]) != 0
    begins = np.flatnonzero(np.concatenate(([True], apart)))
    return cells[begins], np.diff(np.append(begins, len(key)))


def channel_columns(channels: Sequence[Channel], row: Ints) -> tuple[pl.Series, pl.Series]:
    """Columns ``point`` and ``register`` of rows [rows] of channels."""
    register = np.array([REGISTERS.index(each.register) for each in channels], dtype=np.int64)
    points = [channel.point for channel in channels]
    return named("point", points, row), named("register", REGISTERS, register[row])


def known_columns(known_s: Each, commit: Each, rows: int) -> tuple[pl.Series, pl.Series]:
    """Columns ``known_at`` and ``commit``."""
    import polars as pl

    known = np.full(rows, known_s) if isinstance(known_s, int) else known_s
    return instants("known_at", known), numbers("commit", commit, rows, pl.Int32)


def named(name: str, words: Sequence[str], number: Ints) -> pl.Series:
    """Column of words by their numbers [rows]."""
    import polars as pl

    vocabulary = pl.Series(name, list(words), dtype=pl.Categorical())
    return vocabulary.gather(number.astype(np.uint32))


def numbers(name: str, value: Each, rows: int, kind: type[pl.DataType]) -> pl.Series:
    """Column of numbers, or of one number for all rows."""
    import polars as pl

    if isinstance(value, int):
        return pl.repeat(value, rows, dtype=kind, eager=True).alias(name)
    return pl.Series(name, value).cast(kind)


def instants(name: str, seconds: Ints) -> pl.Series:
    """Column of instants [s since the epoch] as UTC time stamps."""
    import polars as pl

    return pl.Series(name, seconds * 1000).cast(pl.Datetime("ms", "UTC"))


def seconds_of(column: pl.Series) -> Ints:
    """Instants of a column [s since the epoch], shape [rows]."""
    milli = column.dt.epoch("ms").to_numpy()
    return np.asarray(milli // 1000, dtype=np.int64)


def numbers_of(column: pl.Series, words: Words, *, learn: bool) -> Ints:
    """Number of the word in each row [rows]; a word not known is learnt, or else -1."""
    place = column.to_physical().to_numpy().astype(np.int64)
    found = column.unique()
    table = np.zeros(int(place.max(initial=-1)) + 1, np.int64)
    for word, physical in zip(
        found.cast(str).to_list(), found.to_physical().to_list(), strict=True
    ):
        known = learn or word in words
        table[physical] = words.number(word) if known else -1
    return np.asarray(table[place], dtype=np.int64)


def channel_rows(frame: pl.DataFrame, channels: Sequence[Channel]) -> Ints:
    """Row of each row's channel among ``channels``, -1 where it is none of them [rows]."""
    points = Words(channel.point for channel in channels)
    registers = Words(REGISTERS)
    table = np.full((len(points.words) + 1, len(REGISTERS)), -1, np.int64)
    for row, channel in enumerate(channels):
        table[points.number(channel.point), registers.number(channel.register)] = row
    point = numbers_of(frame["point"], points, learn=False)
    register = numbers_of(frame["register"], registers, learn=False)
    return table[point, register]
