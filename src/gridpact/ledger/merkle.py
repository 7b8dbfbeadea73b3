"""Merkle trees as in Certificate Transparency (RFC 9162, section 2.1), with SHA-256.

A leaf hashes as ``SHA-256(0x00 ‖ bytes)`` and an inner node as ``SHA-256(0x01 ‖ left ‖ right)``,
so that no inner node can be passed off as a leaf. Everything here works on leaf *hashes*
(:func:`leaf_hash`); all hashes are 32 bytes. A root does not tell the number of leaves: whoever
publishes a root publishes the size beside it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import TypeAlias

Path: TypeAlias = tuple[bytes, ...]
Grown: TypeAlias = list[tuple[int, Sequence[bytes]]]

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()


def leaf_hash(body: bytes) -> bytes:
    """Hash the bytes of one leaf."""
    return sha256(b"\x00" + body).digest()


def leaf_hashes(bodies: Iterable[bytes]) -> list[bytes]:
    """Hash the bytes of each leaf."""
    return [sha256(b"\x00" + body).digest() for body in bodies]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees into their parent."""
    return sha256(b"\x01" + left + right).digest()


def root(bodies: Iterable[bytes]) -> bytes:
    """Root over the bytes of leaves, in their order."""
    return Tree(map(leaf_hash, bodies)).root()


def parents(row: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; one that is left over is left out."""
    return [sha256(b"\x01" + left + right).digest() for left, right in _pairs(row)]


def _pairs(row: Sequence[bytes]) -> Iterator[tuple[bytes, bytes]]:
    return zip(row[0::2], row[1::2], strict=False)


def _fold(subtrees: Sequence[bytes]) -> bytes:
    """Join complete subtrees, largest first, from the right."""
    if not subtrees:
        return EMPTY_ROOT
    found = subtrees[-1]
    for left in reversed(subtrees[:-1]):
        found = node_hash(left, found)
    return found


class Edge:
    """The right edge of a growing tree: enough to add a leaf and know the root in O(log n).

    ``subtrees`` holds the root of each complete subtree, largest first: one for every 1 in the
    binary form of ``size``.
    """

    def __init__(self, size: int = 0, subtrees: Sequence[bytes] = ()) -> None:
        if size < 0 or size.bit_count() != len(subtrees):
            raise ValueError(f"{len(subtrees)} subtrees do not make a tree of {size} leaves")
        self.size = size
        self.subtrees = list(subtrees)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        merged, size = leaf, self.size
        while size & 1:
            merged = node_hash(self.subtrees.pop(), merged)
            size >>= 1
        self.subtrees.append(merged)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> Grown:
        """Add leaf hashes in order, level by level, which costs less than one by one.

        Returns the complete subtrees that this makes: for each level from 1 upwards the number
        of those that were there before, and the roots of the new ones.
        """
        left = dict(zip(_ones(self.size), reversed(self.subtrees), strict=True))
        row, before, level, grown = list(leaves), self.size, 0, list[tuple[int, Sequence[bytes]]]()
        self.size += len(row)
        while row:
            if before & 1:
                row = [left.pop(level), *row]
            if len(row) & 1:
                left[level] = row[-1]
            row, before, level = parents(row), before >> 1, level + 1
            if row:
                grown.append((before, row))
        self.subtrees = [left[level] for level in sorted(left, reverse=True)]
        return grown

    def root(self) -> bytes:
        """Root over all leaves added so far."""
        return _fold(self.subtrees)


class Nodes(ABC):
    """A tree whose complete subtrees can be looked up, and which so proves things of any past size.

    ``size`` defaults to the present one in all methods; a size out of range raises ValueError.
    Proofs look up O(log² n) nodes, each at most once per proof where :meth:`node` remembers.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of leaves."""

    @abstractmethod
    def node(self, level: int, index: int) -> bytes:
        """Return the root over the leaves from ``index << level``, ``1 << level`` of them."""

    def root(self, size: int | None = None) -> bytes:
        """Root over the first ``size`` leaves."""
        return self._span(0, self._checked(size))

    def inclusion(self, index: int, size: int | None = None) -> Path:
        """Return the audit path of one leaf, from the leaf upwards (RFC 9162, 2.1.3.1)."""
        low, high = 0, self._checked(size)
        if not 0 <= index < high:
            raise ValueError(f"leaf {index} is not among the first {high}")
        path = []
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        return tuple(reversed(path))

    def consistency(self, old: int, size: int | None = None) -> Path:
        """Prove that the tree of ``old`` leaves is a prefix of that of ``size`` (2.1.4.1)."""
        low, high = 0, self._checked(size)
        if not 0 <= old <= high:
            raise ValueError(f"a tree of {high} leaves has no prefix of {old}")
        path = []
        while 0 < old < high:
            middle = low + _split(high - low)
            if old <= middle:
                path.append(self._span(middle, high))
                high = middle
            else:
                path.append(self._span(low, middle))
                low = middle
        if low:
            path.append(self._span(low, high))
        return tuple(reversed(path))

    def _checked(self, size: int | None) -> int:
        found = len(self) if size is None else size
        if not 0 <= found <= len(self):
            raise ValueError(f"the tree has {len(self)} leaves, not {found}")
        return found

    def _span(self, low: int, high: int) -> bytes:
        """Root over leaves [low, high); ``low`` is a multiple of a power of two ≥ high − low."""
        parts = []
        for level in range((high - low).bit_length() - 1, -1, -1):
            if (high - low) >> level & 1:
                parts.append(self.node(level, low >> level))
                low += 1 << level
        return _fold(parts)


class Tree(Nodes):
    """A growing tree that keeps every complete subtree in memory: two hashes per leaf."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        self.extend(leaves)

    def __len__(self) -> int:
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """Return the root of one complete subtree."""
        return self._levels[level][index]

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes; amortised O(1) each."""
        self._levels[0].extend(leaves)
        for level, row in enumerate(self._levels):  # grows while it is walked
            if len(row) > 1 and level + 1 == len(self._levels):
                self._levels.append([])
            if len(row) > 1:
                above = self._levels[level + 1]
                above.extend(parents(row[2 * len(above) :]))


def _ones(number: int) -> Iterator[int]:
    """Places of the ones in a number's binary form, the lowest first."""
    return (place for place in range(number.bit_length()) if number >> place & 1)


def _split(size: int) -> int:
    """Largest power of two smaller than ``size`` (≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


def _well_formed(hashes: Iterable[bytes]) -> bool:
    return all(len(each) == HASH_BYTES for each in hashes)


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> bool:
    """Tell whether a leaf hash stands at ``index`` under a root of ``size`` leaves (2.1.3.2)."""
    if not (0 <= index < size and _well_formed((leaf, *path, root))):
        return False
    place, last, found = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            place, last = _climb(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old: int, old_root: bytes, size: int, root: bytes, path: Sequence[bytes]
) -> bool:
    """Tell whether the tree of ``old`` leaves is a prefix of the tree of ``size`` (2.1.4.2)."""
    if not (0 <= old <= size and _well_formed((old_root, *path, root))):
        return False
    if old == size:
        return not path and old_root == root
    if old == 0:  # the empty tree is a prefix of every tree
        return not path and old_root == EMPTY_ROOT
    steps = [old_root, *path] if old.bit_count() == 1 else list(path)
    return bool(steps) and _replay(old, size, steps) == (old_root, root)


def _replay(old: int, size: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Rebuild both roots from a consistency path; None where its length does not fit."""
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            before, after = node_hash(sibling, before), node_hash(sibling, after)
            place, last = _climb(place, last)
        else:
            after = node_hash(after, sibling)
        place, last = place >> 1, last >> 1
    return (before, after) if last == 0 else None


def _climb(place: int, last: int) -> tuple[int, int]:
    """Skip the levels at which a right-most node has no sibling and is carried up unchanged."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last
