"""A bit that flips on the disk, in a founded ledger with acts, tiles and a snapshot."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.kinds.participants import (
    ParticipantAuthorised,
    ParticipantSuspended,
    RoleWithdrawn,
)
from gridpact.ledger.local import LocalLedger

FLIPS = 50


class Span(NamedTuple):
    """Bytes of the file that hold some cells of one row, and how damage in them is named."""

    start: int
    stop: int
    named: str

    @property
    def bits(self):
        return 8 * (self.stop - self.start)


class Lane(NamedTuple):
    path: object
    data: bytes
    head: object
    spans: list


def found(data, cells, named, among=()):
    """Where cells lie side by side in the file, once, but for what lies in other spans."""
    places = [match.start() for match in re.finditer(re.escape(b"".join(cells)), data)]
    alone = [at for at in places if not any(each.start <= at < each.stop for each in among)]
    assert len(alone) == 1, (named, places)
    return Span(alone[0], alone[0] + sum(map(len, cells)), named)


def made(founded, authority, path, pairs):
    """A ledger of four blocks; with 130 pairs of entries there is a tile."""
    ledger, act = founded(path)
    roles = [f"role-{number}" for number in range(pairs)]
    act(*(kind("ada", role) for role in roles for kind in (ParticipantAuthorised, RoleWithdrawn)))
    act(ParticipantSuspended("bob"))
    ledger._state.keep(authority, every=1)
    ledger.compact()  # so that no old copies of rows are left
    storage, head = ledger._storage, ledger.head()
    rows, blocks = storage.entry_rows(0, head.size), list(storage.blocks())
    (snapshot,), tiles = storage.snapshots(), storage.subtrees(1, 0, 9)
    ledger.close()
    data = path.read_bytes()
    spans = [
        found(data, (row.body, row.leaf_hash), f"entry {row.idx} (block {row.height}): its content")
        for row in rows
    ]
    for each in blocks:
        cells = each.tree_root, each.prev_hash, each.hash, each.signature, each.edge
        spans.append(found(data, cells, f"block {each.height}: its "))
    spans.append(found(data, (snapshot.block_hash, snapshot.state, snapshot.signature), ""))
    for place, tile in enumerate(tiles):
        spans.append(found(data, (tile,), f"tile 1/0: hash {place}", spans))
    return Lane(path, data, head, spans)


def flip(lane, span, bit, key):
    """Flip one bit of the file, look what is found, and put it back."""
    at = span.start + bit // 8
    with lane.path.open("r+b", buffering=0) as file:
        file.seek(at)
        file.write(bytes([lane.data[at] ^ 1 << bit % 8]))
        if span.named:
            with (
                pytest.raises(LedgerDamaged, match=re.escape(span.named)),
                LocalLedger(lane.path, key) as ledger,
            ):
                ledger.verify(lane.head)
        else:  # a snapshot is no evidence, and nobody goes by a damaged one
            with LocalLedger(lane.path, key) as ledger:
                assert ledger.verify(lane.head) == lane.head
                assert ledger.state().participants.rows["bob"].status == "suspended"
        file.seek(at)
        file.write(lane.data[at : at + 1])


def test_a_flipped_bit_is_found_where_it_is(founded, authority, tmp_path):
    lane = made(founded, authority, tmp_path / "ledger.db", 130)
    assert len(lane.spans) == lane.head.size + 4 + 1 + 1
    draw = np.random.default_rng(9)
    for place in (*draw.choice(len(lane.spans) - 6, FLIPS, replace=False), *range(-6, 0)):
        flip(lane, lane.spans[place], int(draw.integers(lane.spans[place].bits)), authority.public)


@pytest.mark.slow
def test_every_flipped_bit_of_a_row_of_each_table_is_found(founded, authority, tmp_path):
    lane = made(founded, authority, tmp_path / "ledger.db", 1)
    for span in (*lane.spans[1:3], *lane.spans[-2:]):  # an act, an entry, a block, the snapshot
        for bit in range(span.bits):
            flip(lane, span, bit, authority.public)
