"""Slots are worked on a block at a time, so that what is passed over often stays in the caches.

Arrays are [members, slots], and sums and rankings go down the members. With few members a block has
many slots, and these lie side by side as they are. With many a block has few slots, and its
*members* are laid side by side, so that going down them is going straight on: without it every step
would fetch another line of the cache, and time would grow faster than the members. Such a block is
read by whole lines, in tiles that both ways of laying fit in the nearest cache, and worked on in
parts that fit in the next.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.base.units import Ints

CELLS = 1 << 19
"""Members times slots of a block."""
MANY = 3_000
"""Members from which they are laid side by side; with fewer, laying costs more than it saves."""
LINE, WIDE = 8, 288
"""Slots in a line of the cache, and slots from which lines are long enough to lie as they are."""
TILE, PART = 512, 1 << 17
"""Members laid at a time, and cells worked on at a time where members lie side by side."""


def blocks(shape: tuple[int, ...], cells: int) -> Iterator[slice]:
    """Cut slots of int64 [members, slots] into blocks of whole lines of the cache."""
    members, slots = shape
    return _cuts(slots, max(cells // max(members, 1), LINE))


def parts(shape: tuple[int, ...], cells: int) -> Iterator[slice]:
    """Cut the slots of a block of that shape into those that are worked on at a time."""
    members, slots = shape
    return _cuts(slots, max(min(cells, PART) // members, 1) if members >= MANY else max(slots, 1))


def _cuts(slots: int, step: int) -> Iterator[slice]:
    for begin in range(0, slots, step):
        yield slice(begin, min(begin + step, slots))


def taken(values: Ints, block: slice | Ints) -> Ints:
    """Return some slots of [members, slots], laid as is best; the values are not to be changed."""
    own = values[:, block]
    if own.strides[0] == own.itemsize or own.shape[1] > WIDE:
        return own
    return _beside(own) if len(own) >= MANY else np.ascontiguousarray(own)


def taken_each(values: Ints, block: slice | Ints) -> Ints:
    """Return some slots of several tables [tables, members, slots], laid as :func:`taken` does."""
    own = values[..., block]
    tables, members, slots = own.shape
    if members < MANY or slots > WIDE or own.strides[1] == own.itemsize:
        return own
    laid = np.empty((tables, slots, members), np.int64).swapaxes(1, 2)
    for table, each in zip(laid, own, strict=True):
        for tile in _cuts(members, TILE):
            table[tile] = each[tile]
    return laid


def _beside(own: Ints) -> Ints:
    laid = np.empty(own.shape, np.int64, order="F")
    for tile in _cuts(len(own), TILE):
        laid[tile] = own[tile]
    return laid


def put(into: Ints, block: slice, pieces: list[Ints]) -> None:
    """Put the parts of a block, in order, where they belong in [members, slots]."""
    if len(pieces) == 1:
        whole = pieces[0]
    else:
        whole = np.concatenate([piece.T for piece in pieces]).T
    own = into[:, block]
    for tile in _cuts(len(own), TILE if len(own) >= MANY else max(len(own), 1)):
        own[tile] = whole[tile]
