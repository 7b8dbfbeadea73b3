"""Fewer and larger parts, one file of the index, and nothing that is not in it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

import msgspec

from gridpact.base.errors import StoreError
from gridpact.metering.edge.chains import Chain
from gridpact.metering.store.heads import outdated
from gridpact.metering.store.known import read_part
from gridpact.metering.store.log import (
    FOLDER,
    Commit,
    Imported,
    Log,
    Part,
    name_of,
    read_log,
    start_of,
)
from gridpact.metering.store.places import Place
from gridpact.metering.store.signed import trimmed
from gridpact.metering.store.writing import remove_parts, write_commit, write_part

TABLES = ("intervals", "displays", "confirmed", "signed")
_ORDER = {
    "intervals": ("register", "slot_start"),
    "displays": ("register", "at"),
    "confirmed": ("register", "start"),
    "signed": ("device", "sequence"),
}


class Compacted(msgspec.Struct, frozen=True):
    """Parts and bytes of a store before and after, and how many files were removed."""

    parts_before: int
    parts: int
    bytes_before: int
    bytes: int
    removed: int


def compact(place: Place, log: Log, first_day: str = "") -> Compacted:
    """Merge parts of one day and fold the index; forget what is before ``first_day``, if given.

    Of chains of signed readings the last message is never forgotten.
    Raises StoreError where the store cannot be written; it is then as before.
    """
    kept = [part for part in log.parts if part.table != "signed" and part.day >= first_day]
    number, made = log.last + 1, list[Part]()
    written = False
    try:
        signed, chains = _signed(place, log, first_day, number, made)
        parts = _merged(place, [*kept, *signed], number, made)
        commit = Commit(
            number=number,
            imports=_remembered(place, log, first_day),
            parts=tuple(parts),
            chains=chains,
            replaces=True,
        )
        written = write_commit(place, commit)
    finally:
        if not written:
            remove_parts(place, made)
    if not written:
        raise StoreError(f"store {place.url}: somebody else writes to it; try again")
    if read_log(place).folded != number:  # another one folded the index beyond it
        raise StoreError(f"store {place.url}: somebody else writes to it; try again")
    removed = _swept(place, commit)
    before, after = sum(part.size for part in log.parts), sum(part.size for part in parts)
    return Compacted(len(log.parts), len(parts), before, after, removed)


def _signed(
    place: Place, log: Log, first_day: str, number: int, made: list[Part]
) -> tuple[list[Part], tuple[Chain, ...]]:
    if first_day:
        return trimmed(place, log, start_of(first_day), number, made)
    return [part for part in log.parts if part.table == "signed"], log.chains


def _remembered(place: Place, log: Log, first_day: str) -> tuple[Imported, ...]:
    """Return the imports, and of each whether something of it is forgotten."""
    gone = {
        number
        for part in log.parts
        if part.table != "signed" and part.day < first_day
        for number in read_part(place, part)["commit"].unique().to_list()
    }
    return tuple(
        msgspec.structs.replace(one, forgotten=one.forgotten or one.number in gone)
        for one in log.imports
    )


def _merged(place: Place, parts: Sequence[Part], number: int, made: list[Part]) -> list[Part]:
    """Write one part for each day that has several; those written go to ``made`` as well."""
    where = attrgetter("table", "community", "day")
    found: list[Part] = []
    for _, group in groupby(sorted(parts, key=where), key=where):
        several = list(group)
        if len(several) > 1:
            several = [_one(place, several, number)]
            made += several
        found += several
    return found


def _one(place: Place, parts: Sequence[Part], number: int) -> Part:
    """Write the rows of several parts as one, in the order of points, time and knowledge."""
    import polars as pl

    first = parts[0]
    frame = pl.concat([read_part(place, part) for part in parts])
    second, third = _ORDER[first.table]
    kind = pl.Binary if first.table == "signed" else pl.String
    names = [pl.col("point").cast(pl.String), pl.col(second).cast(kind)]
    frame = frame.sort([*names, third, "known_at", "commit"], maintain_order=True)
    return write_part(place, first.table, (first.community, first.day), number, [frame])


def _swept(place: Place, commit: Commit) -> int:
    """Remove files that a commit which replaces all before it does not need."""
    needed = {part.path for part in commit.parts} | {name_of(commit.number)}
    every = (name for folder in (*TABLES, FOLDER) for name in place.names(folder))
    gone = [name for name in every if name not in needed and _older(name, commit.number)]
    gone += outdated(place)
    for name in gone:
        place.remove(name)
    return len(gone)


def _older(name: str, number: int) -> bool:
    """Tell whether a file is of a commit up to a number: what is newer may be being written."""
    stem = name.rpartition("/")[2].lstrip(".")[:8]
    return stem.isdigit() and int(stem) <= number
