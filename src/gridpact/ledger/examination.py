"""Recomputing all of a ledger: blocks, entries, tiles, and what has left for the archive."""

from __future__ import annotations

import msgspec

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.chain import Walk
from gridpact.ledger.port import Head
from gridpact.ledger.storage.port import PLAIN, SegmentRow, Storage
from gridpact.ledger.storage.tiles import TILE, subtree_rows


class Examined(msgspec.Struct, frozen=True):
    """What was recomputed and holds.

    Every block's hash, signature and place in the chain was checked up to ``head``, and of
    ``entries`` entries the content and the way to the root. The rest is in ``unread`` segments.
    """

    head: Head
    entries: int
    unread: tuple[SegmentRow, ...] = ()


def examine(storage: Storage, walk: Walk) -> Examined:
    """Recompute a ledger; LedgerDamaged names the first bad block, entry, tile or guard."""
    rows = storage.entries()
    stored = dict[int, int]()
    for block in storage.blocks():
        for subtree in subtree_rows(walk.take(block, rows)):
            _same(storage, subtree.level, subtree.idx, subtree.hash)
            stored[subtree.level] = subtree.idx + 1
    for row in rows:
        raise LedgerDamaged(f"entry {row.idx} belongs to no block")
    head = walk.end()
    _no_others(storage, stored)
    storage.check()
    return Examined(head, head.size)


def _same(storage: Storage, level: int, idx: int, expected: bytes) -> None:
    if storage.format != PLAIN and storage.subtrees(level, idx, idx + 1) != [expected]:
        tile, place = divmod(idx, TILE)
        raise LedgerDamaged(f"tile {level}/{tile}: hash {place} is not that of its entries")


def _no_others(storage: Storage, expected: dict[int, int]) -> None:
    found = {} if storage.format == PLAIN else storage.subtree_counts()
    for level in sorted(set(found) | set(expected)):
        if found.get(level) != expected.get(level):
            raise LedgerDamaged(
                f"tile level {level} has {found.get(level, 0)} hashes, not {expected.get(level, 0)}"
            )
