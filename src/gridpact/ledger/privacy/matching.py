"""Many needles found in one pass over bytes, by a table of their first four or eight bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gridpact.base.units import Ints
from gridpact.ledger.privacy.needles import Needle
from gridpact.scheduling.fleet.machine_code import machine_code

_WIDTHS = (8, 4)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio, odd: spreads windows evenly
_SECOND = np.uint64(0xD6E8FEB86659FD93)  # another odd number
_BYTE, _THREE, _SEVEN, _ONE = np.uint64(8), np.uint64(3), np.uint64(7), np.uint64(1)
_LEAST_BITS, _MOST_BITS = 16, 27
_CHUNK = 1 << 20


Words: TypeAlias = NDArray[np.uint64]
Bytes: TypeAlias = NDArray[np.uint8]


@machine_code
def _passing(data: Bytes, width: int, table: Bytes, shift: np.uint64, places: Ints) -> int:
    """Write where windows of ``width`` bytes begin that are in the table; return how many."""
    window, count = np.uint64(0), 0
    newest = np.uint64(8 * (width - 1))
    for at in range(len(data)):
        window = (window >> _BYTE) | (np.uint64(data[at]) << newest)
        slot = (window * _FACTOR) >> shift
        if at < width - 1 or not table[slot >> _THREE] >> (slot & _SEVEN) & _ONE:
            continue
        slot = (window * _SECOND) >> shift
        if table[slot >> _THREE] >> (slot & _SEVEN) & _ONE:
            places[count] = at - width + 1
            count += 1
    return count


class Hit(NamedTuple):
    """A needle at a place [byte]."""

    at: int
    needle: Needle


class Matcher:
    """Finds needles in any number of byte strings.

    Every window of eight bytes (four for needles shorter than that) is looked up in a table by
    two hashes (a Bloom filter); the few that pass are compared. O(bytes), whatever the needles.
    """

    def __init__(self, needles: Sequence[Needle]) -> None:
        self.longest = max((len(each.data) for each in needles), default=0)
        self._tables = [
            _Table(chosen, width, folded)
            for folded in (False, True)
            for width in _WIDTHS
            if (chosen := [n for n in needles if n.folded == folded and _width(n) == width])
        ]

    def hits(self, data: bytes) -> Iterator[Hit]:
        """Yield every needle at every place, in order of tables and places."""
        lower = data.lower()
        for table in self._tables:
            yield from table.hits(lower if table.folded else data)


def _width(needle: Needle) -> int:
    return next(width for width in _WIDTHS if len(needle.data) >= width)


class _Table:
    """Needles that share a width of window and whether case counts."""

    def __init__(self, needles: Sequence[Needle], width: int, folded: bool) -> None:
        self.folded = folded
        self._width = width
        self._by_prefix: dict[bytes, list[Needle]] = {}
        for needle in needles:
            self._by_prefix.setdefault(needle.data[:width], []).append(needle)
        bits = min(max((64 * len(self._by_prefix)).bit_length(), _LEAST_BITS), _MOST_BITS)
        self._shift = np.uint64(64 - bits)
        marked = np.zeros(1 << bits, np.bool_)
        self._places = np.empty(_CHUNK, np.int64)
        prefixes = np.frombuffer(b"".join(self._by_prefix), f"<u{width}")
        for factor in (_FACTOR, _SECOND):
            hashed = (prefixes.astype(np.uint64) * factor) >> self._shift
            marked[hashed.astype(np.int64)] = True
        self._table = np.packbits(marked, bitorder="little")

    def hits(self, data: bytes) -> Iterator[Hit]:
        for start in range(0, len(data), _CHUNK):
            part = np.frombuffer(data[start : start + _CHUNK + self._width - 1], np.uint8)
            count = _passing(part, self._width, self._table, self._shift, self._places)
            for at in self._places[:count].tolist():
                yield from self._compared(data, start + at)

    def _compared(self, data: bytes, at: int) -> Iterator[Hit]:
        for needle in self._by_prefix.get(data[at : at + self._width], ()):
            fits = data.startswith(needle.data, at)
            if fits and not (needle.bounded and _inside(data, at, at + len(needle.data))):
                yield Hit(at, needle)


def _inside(data: bytes, start: int, end: int) -> bool:
    """Tell whether a letter or digit of ASCII stands right before or after."""
    return data[max(start - 1, 0) : start].isalnum() or data[end : end + 1].isalnum()
