"""A part of a fleet that is asked alone, while all that is known of the rest stays true."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from gridpact.base.units import Bools, Floats
from gridpact.scheduling.fleet.groups import Block
from gridpact.scheduling.fleet.oracles import Layout


class Focus(msgspec.Struct, frozen=True):
    """What is asked: ``cells`` [cells], ``groups`` [groups] and their ``blocks``.

    ``value`` [groups] is the least cost of the other groups at the prices of the best bound [¤],
    which stay as they are; so do the prices of all that couples cells.
    """

    cells: Bools
    groups: Bools
    blocks: tuple[Block, ...]
    value: Floats


def parts_of(blocks: tuple[Block, ...], groups: Bools) -> tuple[Block, ...]:
    """Cut blocks down to some of all groups (a mask)."""
    return tuple(part for block in blocks for part in _parts(block, groups[block.place]))


def _parts(block: Block, wanted: Bools) -> Iterator[Block]:
    """Cut a block into its stretches of wanted groups."""
    if wanted.all():
        yield block
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], wanted, [False]])))
    for begin, end in edges.reshape(-1, 2).tolist():
        first = block.layout.first[begin : end + 1]
        yield msgspec.structs.replace(
            block,
            layout=Layout(block.layout.rows[first[0] : first[-1]], first - first[0]),
            oracle=block.oracle.part(slice(begin, end)),
            place=block.place[begin:end],
        )
