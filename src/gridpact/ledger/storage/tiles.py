"""The tree of a ledger read from storage, 256 hashes at a time.

As in tiled transparency logs (https://c2sp.org/tlog-tiles), the tree is cut at every eighth level:
hash ``i`` of tile level ``L`` is the root over the leaves from ``i * 256**L``, and a tile is 256
neighbours of a level. Level 0 are the leaf hashes beside the entries; each level above takes 1/256
of the one below. A proof so reads a few tiles, however many leaves there are. What is read is never
trusted: the proof that it gives must lead to the root of the last signed block.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.merkle import Edge, Grown, Nodes, parents
from gridpact.ledger.storage.port import Storage, SubtreeRow

HEIGHT = 8
TILE = 1 << HEIGHT
REMEMBERED = 64
"""Tiles kept in memory for the next proof; with their inner nodes, about 40 kB each."""
Read: TypeAlias = Callable[[int, int, int], Sequence[bytes]]
"""Hashes of a tile level with ``low <= index < high``, as far as they are there."""
Pyramid: TypeAlias = list[Sequence[bytes]]


def subtree_rows(grown: Grown) -> list[SubtreeRow]:
    """Pick from new complete subtrees those that stand at the foot of a tile level."""
    return [
        SubtreeRow(level // HEIGHT, first + place, root)
        for level, (first, roots) in enumerate(grown, 1)
        if level % HEIGHT == 0
        for place, root in enumerate(roots)
    ]


def grown_by(leaves: Iterable[Sequence[bytes]], edge: Edge) -> Iterator[SubtreeRow]:
    """Yield the rows that leaf hashes, given in batches, add to a tree with the given edge."""
    for batch in leaves:
        yield from subtree_rows(edge.extend(batch))


def hashes(storage: Storage, level: int, low: int, high: int) -> list[bytes]:
    """Read hashes of a tile level from a storage, as far as they are there."""
    return storage.subtrees(level, low, high) if level else storage.leaves(low, high)


class Tiles:
    """Remembers the tiles read last, each with the nodes above its hashes."""

    def __init__(self, read: Read, remembered: int = REMEMBERED) -> None:
        self._read, self._most = read, remembered
        self._kept: OrderedDict[tuple[int, int], Pyramid] = OrderedDict()
        self.count = 0
        """How many tiles were read so far."""

    def tree(self, size: int) -> TiledTree:
        """Return the tree of the first ``size`` leaves."""
        return TiledTree(self, size)

    def pyramid(self, level: int, tile: int, width: int) -> Pyramid:
        """Return the first ``width`` hashes of a tile at least, and all complete nodes above."""
        found = self._kept.get((level, tile))
        if found is None or len(found[0]) < width:
            start = tile * TILE
            row = self._read(level, start, start + width)
            if len(row) != width:
                raise LedgerDamaged(f"tile {level}/{tile} has {len(row)} of {width} hashes")
            found = [row]
            while len(found[-1]) > 1:
                found.append(parents(found[-1]))
            self._kept[level, tile] = found
            self.count += 1
        self._kept.move_to_end((level, tile))
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return found

    def forget(self) -> None:
        """Read every tile anew from now on."""
        self._kept.clear()


class TiledTree(Nodes):
    """The tree of a number of leaves; its nodes come from tiles."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self._tiles, self._size = tiles, size

    def __len__(self) -> int:
        return self._size

    def node(self, level: int, index: int) -> bytes:
        """Return the root of one complete subtree."""
        tile_level, inner = divmod(level, HEIGHT)
        first = index << inner  # of the hashes below the node, at the tile's own level
        tile = first // TILE
        width = min(TILE, (self._size >> tile_level * HEIGHT) - tile * TILE)
        return self._tiles.pyramid(tile_level, tile, width)[inner][(first % TILE) >> inner]


class Memory:
    """Subtrees of a ledger whose format stores none, made of its leaves and kept in memory."""

    def __init__(self, leaves: Callable[[int, int], list[bytes]]) -> None:
        self._leaves = leaves
        self._edge = Edge()
        self._levels: dict[int, list[bytes]] = {}

    def grow(self, size: int, batch: int = 64 * TILE) -> None:
        """Read the leaves that were added since."""
        for low in range(self._edge.size, size, batch):
            leaves = self._leaves(low, min(low + batch, size))
            for row in subtree_rows(self._edge.extend(leaves)):
                self._levels.setdefault(row.level, []).append(row.hash)

    def subtrees(self, level: int, low: int, high: int) -> list[bytes]:
        """Return the roots of a range of a level ≥ 1."""
        return self._levels.get(level, [])[low:high]
