"""Moving the past of a ledger into a segment file, so that no moment of it can lose an entry.

The segment is written beside its final name, on disk, and read back and recomputed, before one
transaction records it and deletes the rows. Whatever interrupts it, doing it again finishes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.base.files import synced
from gridpact.ledger.chain import Block, edge_of
from gridpact.ledger.keys import PublicKey
from gridpact.ledger.merkle import Edge
from gridpact.ledger.storage.port import PLAIN, SegmentRow, Storage
from gridpact.ledger.storage.segments import About, Segment, write_segment
from gridpact.ledger.storage.tiles import TILE, grown_by


def height_before(storage: Storage, instant: int) -> int:
    """Return the height up to which every block is earlier than an instant [epoch s]."""
    found = 0
    for block in storage.blocks():
        if block.at >= instant:
            break
        found = block.height
    return found


def archive(
    storage: Storage, keys: Sequence[PublicKey], folder: Path, height: int
) -> SegmentRow | None:
    """Move the entries of blocks up to a height, except the first, into a segment file in a folder.

    The blocks are signed by any of ``keys``. Returns the new segment; None where nothing is left to
    move. Raises StoreError where the height is no block's or a file cannot be written,
    LedgerDamaged where what would be moved does not hold; the ledger is then as before.
    """
    storage.archive.refreshed()
    before = storage.segments()
    first = before[-1].last_height + 1 if before else 2
    last = storage.block(height)
    if height < first:
        return None
    if last is None:
        raise StoreError(f"ledger {storage.place} has no block {height}; give one that it has")
    row = _written(storage, keys, folder, (first, last))
    with storage.transaction():
        if storage.segments() != before:
            raise StoreError(f"ledger {storage.place}: another process archives it; look again")
        if storage.format == PLAIN:
            leaves = (storage.leaves(low, low + TILE) for low in range(0, storage.end(), TILE))
            storage.upgrade(list(grown_by(leaves, Edge())))
        storage.detach(row)
    storage.archive.refreshed()
    return row


def _written(
    storage: Storage, keys: Sequence[PublicKey], folder: Path, span: tuple[int, Block]
) -> SegmentRow:
    """Write a segment, or find it finished by an earlier try, and recompute what it holds."""
    first, last = span
    before = storage.block(first - 1)
    first_index = before.size if before else 0
    tile = last.size - last.size % TILE
    tail = b"".join(storage.leaves(tile, last.size))
    bare = SegmentRow(first, last.height, first_index, last.size, b"", tail)
    path = folder / bare.file
    ((name, authority),) = storage.identity()
    edge = b"".join(edge_of(before).subtrees) if before else b""
    about = About(name, authority, first, last.height, first_index, last.size, edge)
    digest = _finished(path, about, keys, last)
    if digest is None:
        blocks = _blocks(storage, first, last.height)
        spans = ((each.first_index, each.size) for each in blocks)
        rows = (row for span in spans for row in storage.entry_rows(*span))
        write_segment(path, about, blocks, rows)
        digest = _finished(path, about, keys, last)
    if digest is None:
        raise LedgerDamaged(f"segment {path}: does not read back as it was written")
    return SegmentRow(first, last.height, first_index, last.size, digest, tail)


def _blocks(storage: Storage, first: int, last: int) -> list[Block]:
    found = [storage.block(height) for height in range(first, last + 1)]
    missing = next((first + at for at, block in enumerate(found) if block is None), None)
    if missing is not None:
        raise LedgerDamaged(f"block {missing} is missing")
    return [block for block in found if block is not None]


def _finished(path: Path, about: About, keys: Sequence[PublicKey], last: Block) -> bytes | None:
    """Return the SHA-256 of a file that holds exactly this segment; None where there is none."""
    if not path.exists():
        return None
    with closing(Segment(path)) as segment:
        if segment.about != about or segment.check(keys) != last.head():
            raise StoreError(f"segment {path} is there and holds something else; move it away")
        digest = segment.digest()
    synced(path)
    synced(path.parent)
    return digest
