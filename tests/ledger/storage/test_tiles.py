"""Proofs from tiles against the tree in memory, and tiles that were tampered with."""

import random
import sqlite3
from contextlib import closing

import pytest

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.local import LocalLedger
from gridpact.ledger.merkle import (
    Edge,
    Tree,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from gridpact.ledger.storage.sqlite import SCHEMA
from gridpact.ledger.storage.tiles import Memory, Tiles, subtree_rows

LARGEST = 100_000
LEAVES = [leaf_hash(b"%d" % number) for number in range(LARGEST)]
WHOLE = Tree(LEAVES)


def dice(seed):
    return random.Random(seed)  # noqa: S311 - draws sizes and places, no secrets


class Shelf:
    """Tiles as a database holds them, which counts what is read."""

    def __init__(self, size):
        self.levels, edge = {0: LEAVES[:size]}, Edge()
        draw = dice(size)
        while edge.size < size:  # in blocks of any size
            at = edge.size
            grown = edge.extend(LEAVES[at : min(size, at + draw.randint(1, 1 + size // 3))])
            for row in subtree_rows(grown):
                level = self.levels.setdefault(row.level, [])
                assert row.idx == len(level)
                level.append(row.hash)
        self.hashes = 0

    def read(self, level, low, high):
        found = self.levels.get(level, [])[low:high]
        self.hashes += len(found)
        return found


def check(size, indices, olds):
    shelf = Shelf(size)
    tree = Tiles(shelf.read).tree(size)
    root = WHOLE.root(size)
    assert tree.root() == root
    for index in indices:
        path = tree.inclusion(index)
        assert path == WHOLE.inclusion(index, size)
        assert verify_inclusion(LEAVES[index], index, size, path, root)
    for old in olds:
        path = tree.consistency(old)
        assert path == WHOLE.consistency(old, size)
        assert verify_consistency(old, tree.root(old), size, root, path)


def test_all_small_sizes():
    draw = dice(7)
    for size in range(601):
        places = {0, size // 2, size - 1, 255, 256, draw.randrange(size or 1)}
        check(size, [p for p in places if 0 <= p < size], [p for p in places if 0 <= p <= size])


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_792, LARGEST])
def test_sizes_about_a_third_level(size):
    draw = dice(size)
    edges = [0, 255, 256, 65_279, 65_280, size - 1]
    check(size, edges + [draw.randrange(size) for _ in range(40)], [*edges, draw.randrange(size)])


@pytest.mark.parametrize("seed", range(6))
def test_any_size(seed):
    draw = dice(seed)
    size = draw.randint(601, LARGEST)
    check(
        size, [draw.randrange(size) for _ in range(20)], [draw.randint(0, size) for _ in range(20)]
    )


def test_memory_for_a_format_that_stores_none_holds_the_same():
    asked = []

    def leaves(low, high):
        asked.append(high - low)
        return LEAVES[low:high]

    memory = Memory(leaves)
    for size in (0, 5, 300, 70_000, LARGEST):
        memory.grow(size)
        for level in (1, 2, 3):
            assert memory.subtrees(level, 0, 10**6) == Shelf(size).levels.get(level, [])
    assert sum(asked) == LARGEST  # each leaf once


def test_a_proof_reads_few_hashes_however_many_leaves():
    for size in (1000, 10_000, LARGEST):
        shelf = Shelf(size)
        tiles = Tiles(shelf.read)
        tiles.tree(size).inclusion(size // 3)
        levels = len(shelf.levels)
        assert tiles.count <= 2 * levels
        assert shelf.hashes <= 512 * levels
        before = tiles.count
        tiles.tree(size).inclusion(size // 3 + 1)
        assert tiles.count - before <= 1  # the rest is remembered


def test_a_tile_that_grew_is_read_anew():
    shelf, sizes = Shelf(LARGEST), (10, 300, 511, 512, 513, 66_000)
    tiles = Tiles(shelf.read, remembered=3)
    for size in sizes:
        assert tiles.tree(size).root() == WHOLE.root(size)
    for size in reversed(sizes):  # and serves smaller trees too
        assert tiles.tree(size).root() == WHOLE.root(size)
    tiles = Tiles(lambda *_: [], remembered=3)
    with pytest.raises(LedgerDamaged, match="tile 0/0 has 0 of 10 hashes"):
        tiles.tree(10).root()


@pytest.fixture(scope="module")
def large(tmp_path_factory, authority):
    """A ledger whose tiles have three levels."""
    path = tmp_path_factory.mktemp("tiles") / "ledger.db"
    with LocalLedger(path, authority) as ledger:
        for first in range(0, 66_000, 6_000):
            entries = [ParticipantAuthorised(f"p{first + at}", "dso") for at in range(6_000)]
            ledger.commit(f"key/{first}", entries, first)
        assert ledger._storage.subtree_counts() == {1: 257, 2: 1}
    return path


def tampered(path, statement):
    guards = [each for each in SCHEMA[2] if each.startswith("CREATE TRIGGER subtrees")]
    with closing(sqlite3.connect(path)) as db:
        for guard in guards:
            db.execute(f"DROP TRIGGER {guard.split()[2]}")
        db.execute(statement)
        for guard in guards:
            db.execute(guard)
        db.commit()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE subtrees SET hash = zeroblob(32) WHERE level = 1 AND idx = 3", "tile 1/0: hash 3"),
        ("UPDATE subtrees SET hash = zeroblob(32) WHERE idx = 256", "tile 1/1: hash 0"),
        ("UPDATE subtrees SET hash = zeroblob(32) WHERE level = 2", "tile 2/0: hash 0"),
        ("DELETE FROM subtrees WHERE level = 1 AND idx = 7", "tile 1/0: hash 7"),
        ("INSERT INTO subtrees VALUES (1, 257, zeroblob(32))", "tile level 1 has 258"),
        ("INSERT INTO subtrees VALUES (3, 0, zeroblob(32))", "tile level 3 has hashes"),
        ("UPDATE subtrees SET hash = 'text' WHERE level = 2", "a stored hash is no hash"),
    ],
)  # fmt: skip
def test_a_tampered_tile_is_named(large, tmp_path, authority, change, named):
    copy = tmp_path / "copy.db"
    copy.write_bytes(large.read_bytes())
    tampered(copy, change)
    with LocalLedger(copy, authority.public) as ledger:
        with pytest.raises(LedgerDamaged) as caught:
            ledger.verify()
        assert named in str(caught.value)
        if "INSERT" not in change:  # what nobody needs does no harm
            with pytest.raises(LedgerDamaged):
                [ledger.prove(index) for index in (0, 256 * 8, 65_999)]


def test_a_large_ledger_proves_and_verifies(large, authority):
    with LocalLedger(large, authority.public) as ledger:
        head = ledger.verify()
        tree = Tree(ledger._storage.leaves(0, head.size))
        for index in (0, 1, 65_535, 65_536, 65_999):
            assert ledger.prove(index).path == tree.inclusion(index)
        for old in (1, 255, 65_536, 65_999):
            assert ledger.prove_growth(old).path == tree.consistency(old)
