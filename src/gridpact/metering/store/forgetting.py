"""Metering points forgotten: every row of theirs, their chains, and what tells of them."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from gridpact.base.errors import StoreError
from gridpact.metering.store import compaction, heads
from gridpact.metering.store.known import read_part
from gridpact.metering.store.log import (
    FOLDER,
    Commit,
    Imported,
    Log,
    Part,
    encoded,
    name_of,
    read_log,
)
from gridpact.metering.store.places import Place, place_of
from gridpact.metering.store.writing import remove_parts, write_part


def forget(url: str, points: Collection[str], remove: Callable[[str], object] | None = None) -> int:
    """Forget metering points of a store, whatever was told of them; return how many rows went.

    Parts are written anew without their rows, the index without their chains, the list of points
    without them; then the store is compacted, so that no file of before is left. Of imports that
    brought nothing else, name and digest of the file go too. To be run while nobody else writes.
    ``remove`` removes a file of the store by its name, where that is not to unlink it. Done again
    it goes on where it stopped. Raises StoreError where the store cannot be written.
    """
    place, gone = place_of(url), frozenset(points)
    log, rows = read_log(place), 0
    if _told_of(place, log, gone):
        rows = _written_anew(place, log, gone)
    heads.drop_points(place, gone)
    if remove is not None:
        _removed(place, remove)
    compaction.compact(place, read_log(place))
    return rows


def _told_of(place: Place, log: Log, gone: Collection[str]) -> bool:
    """Tell whether the index holds anything of points."""
    import polars as pl

    of_them = pl.col("point").cast(pl.String).is_in(list(gone))
    if any(chain.point in gone for chain in log.chains):
        return True
    return any(not read_part(place, part).filter(of_them).is_empty() for part in log.parts)


def _written_anew(place: Place, log: Log, gone: Collection[str]) -> int:
    """Write a commit that replaces all before it and has nothing of points; return rows gone."""
    number, made, kept = log.last + 1, list[Part](), list[Part]()
    touched, left = set[int](), set[int]()
    rows, written = 0, False
    try:
        for part in log.parts:
            part_rows = _rewritten(place, part, gone, number)
            touched |= part_rows.touched
            left |= part_rows.left
            kept += part_rows.kept
            made += [each for each in part_rows.kept if each is not part]
            rows += part_rows.gone
        imports = tuple(_told(one, touched, left) for one in log.imports)
        chains = tuple(chain for chain in log.chains if chain.point not in gone)
        commit = Commit(
            number=number, imports=imports, parts=tuple(kept), chains=chains, replaces=True
        )
        written = place.create(name_of(number), encoded(commit))
    finally:
        if not written:
            remove_parts(place, made)
    if not written:
        raise StoreError(f"store {place.url}: somebody else writes to it; try again")
    return rows


class _Rewritten(msgspec.Struct):
    """A part without some points: what is left of it, and numbers of imports gone and left."""

    kept: list[Part]
    gone: int
    touched: set[int]
    left: set[int]


def _rewritten(place: Place, part: Part, gone: Collection[str], number: int) -> _Rewritten:
    import polars as pl

    frame = read_part(place, part)
    lost = pl.col("point").cast(pl.String).is_in(list(gone))
    out, left = frame.filter(lost), frame.filter(~lost)
    numbers = set(out["commit"].unique().to_list()), set(left["commit"].unique().to_list())
    if not out.height:
        return _Rewritten([part], 0, *numbers)
    kept = []
    if left.height:
        # the words of a category outlive its rows unless it is made anew
        words = [name for name, kind in left.schema.items() if kind == pl.Categorical]
        plain = left.with_columns(pl.col(words).cast(pl.String).cast(pl.Categorical))
        where = (part.community, part.day)
        kept = [write_part(place, part.table, where, number, [plain])]
    return _Rewritten(kept, out.height, *numbers)


def _told(one: Imported, touched: Collection[int], left: Collection[int]) -> Imported:
    """Return what is still told of an import."""
    if one.number not in touched:
        return one
    if one.number in left:
        return msgspec.structs.replace(one, forgotten=True)
    return msgspec.structs.replace(one, forgotten=True, source="", digest="")


def _removed(place: Place, remove: Callable[[str], object]) -> None:
    """Remove all files of parts and of the index that nothing names any more."""
    now = read_log(place)
    needed = {part.path for part in now.parts}
    parts = (name for table in compaction.TABLES for name in place.names(table))
    index = (name for name in place.names(FOLDER) if name < name_of(now.folded))
    for name in [*(each for each in parts if each not in needed), *index]:
        remove(name)
