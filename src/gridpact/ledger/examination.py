"""Recomputing all of a ledger: blocks, entries, tiles, and what has left for the archive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.chain import Walk
from gridpact.ledger.keys import PublicKey
from gridpact.ledger.merkle import Edge
from gridpact.ledger.port import Head
from gridpact.ledger.storage.port import PLAIN, SegmentRow, Storage, SubtreeRow
from gridpact.ledger.storage.tiles import HEIGHT, TILE, Tiles, hashes, subtree_rows


class Examined(msgspec.Struct, frozen=True):
    """What was recomputed and holds.

    Every block's hash, signature and place in the chain was checked up to ``head``, and of
    ``entries`` entries the content and the way to the root. The rest is in ``unread`` segments;
    entries after those were looked at each by itself, as what came before is not known.
    """

    head: Head
    entries: int
    unread: tuple[SegmentRow, ...] = ()


def examine(
    storage: Storage, walk: Walk, keys: Callable[[], Sequence[PublicKey]] = lambda: ()
) -> Examined:
    """Recompute a ledger; LedgerDamaged names the first bad block, entry, tile, guard or segment.

    Segments are read where the storage's archive was given folders, and must then all be there.
    Where they are not read, blocks may be sealed by any of ``keys``: all who ever could.
    """
    archive = storage.archive.refreshed()
    unread = () if archive.folders else tuple(archive.segments)
    if not unread:
        archive.check(*storage.identity()[0])
    rows = storage.entries()
    absent = range(archive.start, archive.end if unread else archive.start)
    later = list(keys()) if absent else []
    for block in storage.blocks():
        elsewhere = block.first_index in absent
        if elsewhere:
            walk.keys = later or walk.keys
        grown = walk.take(block, None if elsewhere else rows)
        for subtree in subtree_rows(grown):
            _same(storage, subtree)
    for row in rows:
        raise LedgerDamaged(f"entry {row.idx} belongs to no block")
    head = walk.end()
    check_tiles(storage, head, derived=not unread)
    if not unread:
        archive.check_bytes()
    storage.check()
    return Examined(head, head.size - len(absent), unread)


def check_tiles(storage: Storage, head: Head, *, derived: bool) -> None:
    """Check how many subtrees are stored; and, where not ``derived`` from entries, what they give.

    Each must be what those below it give, and all together the head's root.
    """
    if storage.format == PLAIN:
        return
    counts, level = storage.subtree_counts(), 1
    while expected := head.size >> HEIGHT * level:
        if counts.get(level) != expected:
            raise LedgerDamaged(
                f"tile level {level} has {counts.get(level, 0)} hashes, not {expected}"
            )
        for idx in range(0 if derived or level == 1 else expected):
            edge = Edge()
            edge.extend(storage.subtrees(level - 1, idx * TILE, (idx + 1) * TILE))
            _same(storage, SubtreeRow(level, idx, edge.root()))
        level += 1
    if counts.keys() - range(1, level):
        raise LedgerDamaged(f"tile level {max(counts)} has hashes, and no entries for them")
    if not derived and Tiles(partial(hashes, storage)).tree(head.size).root() != head.root:
        raise LedgerDamaged("the tiles do not give the root of the last block")


def _same(storage: Storage, expected: SubtreeRow) -> None:
    level, idx = expected.level, expected.idx
    if storage.format != PLAIN and storage.subtrees(level, idx, idx + 1) != [expected.hash]:
        tile, place = divmod(idx, TILE)
        raise LedgerDamaged(f"tile {level}/{tile}: hash {place} is not that of its entries")
