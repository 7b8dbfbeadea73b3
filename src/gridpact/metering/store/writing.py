"""Changes written as parts, which nobody sees before their commit is in the index."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from gridpact.base.errors import StoreError
from gridpact.base.units import Ints
from gridpact.metering.store import rows
from gridpact.metering.store.changes import Change
from gridpact.metering.store.log import Commit, Part, Table, encoded, name_of
from gridpact.metering.store.places import Place

if TYPE_CHECKING:
    import polars as pl


class Numbers(NamedTuple):
    """Number of a commit, which its files bear, and of the import that its rows come with."""

    commit: int
    of_import: int


def write_change(place: Place, change: Change, known_s: int, numbers: Numbers) -> Iterator[Part]:
    """Write what a change adds to a store as the parts of a commit."""
    block, decision, number = change.block, change.decision, numbers.of_import
    frames = []
    fresh = np.flatnonzero(decision.new | decision.corrected)
    if len(fresh):
        values = block.values[:, fresh]
        frames.append(rows.frame_of(block, fresh, values, known_s, number, change.words))
    again = decision.again
    if len(again.cell):
        since = (again.known_s, again.commit, change.words)
        frames.append(rows.frame_of(block, again.cell, again.values, *since))
    if frames:
        yield write_part(place, block.table, (block.community, block.day), numbers.commit, frames)
    same = np.flatnonzero(decision.same)
    if len(same):
        frame = rows.confirmed_frame(block, same, known_s, number, change.words)
        where = (block.community, block.day)
        yield write_part(place, "confirmed", where, numbers.commit, [frame])


def write_part(
    place: Place, table: Table, where: tuple[str, str], number: int, frames: list[pl.DataFrame]
) -> Part:
    """Write rows as one part of a commit; ``where`` is its community and day."""
    import polars as pl

    frame = frames[0] if len(frames) == 1 else pl.concat(frames)
    data = rows.to_bytes(frame)
    digest = hashlib.sha256(data).hexdigest()
    community, day = where
    path = _created(place, _folder(table, community, day), f"{number:08d}-{digest[:12]}", data)
    known: Ints = rows.seconds_of(frame["known_at"])
    span = (int(known.min()), int(known.max()))
    return Part(table, community, day, path, frame.height, len(data), digest, *span)


def write_again(place: Place, part: Part, number: int, data: bytes) -> Part:
    """Write a part that was written elsewhere as one of the commit of that number."""
    folder = _folder(part.table, part.community, part.day)
    path = _created(place, folder, f"{number:08d}-{part.sha256[:12]}", data)
    return msgspec.structs.replace(part, path=path)


def _folder(table: Table, community: str, day: str) -> str:
    each = "block" if table == "signed" else "day"
    return f"{table}/community={community}/{each}={day}"


def _created(place: Place, folder: str, stem: str, data: bytes) -> str:
    """Write a file that is this writer's own, so that none removes what another one counts on."""
    for copy in count():
        path = f"{folder}/{stem}-{copy}.parquet" if copy else f"{folder}/{stem}.parquet"
        if place.create(path, data):
            return path
    raise AssertionError


def write_commit(place: Place, commit: Commit) -> bool:
    """Write a commit to the index; False where another one has its number.

    The answer to a write can be lost on its way, whatever became of the write; then what is there
    decides. The parts that a commit lists are its writer's own, so that no other one is alike.
    """
    name, data = name_of(commit.number), encoded(commit)
    try:
        return place.create(name, data) or place.read(name) == data
    except StoreError:
        if place.read(name) != data:
            raise
        return True


def remove_parts(place: Place, parts: Iterable[Part]) -> None:
    """Remove parts of a commit that did not come to be."""
    for part in parts:
        place.remove(part.path)
