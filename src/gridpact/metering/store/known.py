"""What a store knows of the cells of a block: claims, and those that were confirmed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from gridpact.base.units import Ints
from gridpact.metering.readings import Quality
from gridpact.metering.store import rows
from gridpact.metering.store.blocks import Block, Words
from gridpact.metering.store.log import Log, Part, damaged
from gridpact.metering.store.places import Place
from gridpact.metering.store.versions import Claims, Confirmed, nothing_known

if TYPE_CHECKING:
    import polars as pl

FIELDS = {"intervals": 3, "displays": 1}


def read_part(place: Place, part: Part) -> pl.DataFrame:
    """Read the rows of a part; StoreError where it is not as it was written."""
    import polars as pl

    data = place.read(part.path)
    if data is None:
        raise damaged(place, part.path, "it is missing")
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise damaged(place, part.path, "its bytes are others than were written")
    try:
        return rows.from_bytes(data)
    except pl.exceptions.PolarsError as error:
        raise damaged(place, part.path, str(error).splitlines()[0]) from error


def known_of(place: Place, log: Log, block: Block, words: Words) -> tuple[Claims, Confirmed]:
    """Return all that is known of the cells of a block; ``words`` name rules, or meters."""
    claims, confirmed = nothing_known(FIELDS[block.table])
    parts = log.select(block.table, block.community, [block.day])
    if not parts or not len(block.key):
        return claims, confirmed
    claims = _joined([_claims(read_part(place, part), block, words) for part in parts])
    parts = log.select("confirmed", block.community, [block.day])
    found = [_confirmed(read_part(place, part), block, words) for part in parts]
    return claims, Confirmed(*map(np.concatenate, zip(*found, strict=True))) if found else confirmed


def _joined(claims: Sequence[Claims]) -> Claims:
    return Claims(
        np.concatenate([each.cell for each in claims]),
        np.concatenate([each.known_s for each in claims]),
        np.concatenate([each.commit for each in claims]),
        np.concatenate([each.values for each in claims], axis=1),
    )


def _claims(frame: pl.DataFrame, block: Block, words: Words) -> Claims:
    """Claims that rows of a part make of a block's cells."""
    if block.table == "intervals":
        quality = qualities_of(frame)
        rule = rows.numbers_of(frame["rule"], words, learn=True)
        lane = (quality == int(Quality.ESTIMATED)).astype(np.int64)
        values = np.stack((frame["wh"].to_numpy(), quality, rule))
        start = rows.seconds_of(frame["slot_start"])
    else:
        lane = rows.numbers_of(frame["meter"], words, learn=False)
        values = frame["reading_wh"].to_numpy()[None]
        start = rows.seconds_of(frame["at"])
    cell, there = _cells(frame, block, start, lane)
    known = rows.seconds_of(frame["known_at"])[there]
    commit = frame["commit"].to_numpy().astype(np.int64)[there]
    return Claims(cell, known, commit, values[:, there])


def qualities_of(frame: pl.DataFrame) -> Ints:
    """Quality of each row of intervals (:class:`~gridpact.metering.readings.Quality`), [rows]."""
    return rows.numbers_of(frame["quality"], Words(rows.QUALITIES), learn=False)


def _cells(frame: pl.DataFrame, block: Block, start_s: Ints, lane: Ints) -> tuple[Ints, Ints]:
    """Cell of each row that is of one, and those rows."""
    channel = rows.channel_rows(frame, block.channels)
    cell, there = block.cells(block.keys(channel, start_s, lane))
    rows_there = np.flatnonzero(there & (channel >= 0) & (lane >= 0))
    return cell[rows_there], rows_there


def _confirmed(frame: pl.DataFrame, block: Block, words: Words) -> tuple[Ints, Ints, Ints]:
    """Cells, instants and commits that rows of a part of confirmed cells stand for."""
    import polars as pl

    frame = frame.filter(pl.col("kind").cast(pl.String) == block.table)
    row = np.repeat(np.arange(frame.height), frame["slots"].to_numpy())
    frame = frame[row]
    place = np.arange(frame.height) - np.searchsorted(row, row)
    start = rows.seconds_of(frame["start"]) + place * frame["step_s"].to_numpy()
    lanes = Words(rows.INTERVAL_LANES) if block.table == "intervals" else words
    lane = rows.numbers_of(frame["lane"], lanes, learn=False)
    cell, there = _cells(frame, block, start, lane)
    known = rows.seconds_of(frame["known_at"])[there]
    return cell, known, frame["commit"].to_numpy().astype(np.int64)[there]
