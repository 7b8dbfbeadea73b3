"""What rows and tree take of a commit and of a verification, beside bare fsync and hashing.

The entries' own parts (their bytes, what they may, signatures of acts) are other sections.
"""

from __future__ import annotations

import os
from hashlib import sha256
from statistics import median
from tempfile import NamedTemporaryFile
from time import perf_counter, process_time

from gridpact.ledger.chain import check_seal, edge_of
from gridpact.ledger.merkle import leaf_hash
from ledger_instance import KEY, Filled, filled, must

ROUNDS = 5
BODY = 300
"""Bytes of an entry, about those of an ordinary one."""


def storage(quick: bool) -> None:
    count = 2_000 if quick else 10_000
    with filled() as ledger:
        blocks = [_commit(ledger, count) for _ in range(ROUNDS)]
        cpu, wall = (median(column) for column in zip(*blocks, strict=True))
        read = median(_verify(ledger) for _ in range(ROUNDS)) / (ROUNDS * count)
    fsync, hashing = _fsync(), _hashing(count)
    print(f"one block of {count:,} entries of {BODY} bytes, on disk: {wall * 1000:.0f} ms,")
    print(f"  of which CPU {cpu * 1000:.0f} ms; bare fsync {fsync * 1000:.1f} ms")
    print(f"rows and tree in         {count / cpu:>11,.0f} entries/s of CPU")
    print(f"rows and tree verified   {1 / read:>11,.0f} entries/s of CPU")
    print(
        f"bare hashing of the tree {1 / hashing:>11,.0f} entries/s: {read / hashing:.1f} times less"
    )


def _bodies(ledger: Filled, count: int) -> list[bytes]:
    first = ledger.edge.size
    made = [b"%0*d" % (BODY, number) for number in range(first, first + count)]
    return made if first else ledger.bodies(0, 1) + made[1:]


def _commit(ledger: Filled, count: int) -> tuple[float, float]:
    bodies = _bodies(ledger, count)
    begin, wall = process_time(), perf_counter()
    ledger.add(bodies)
    return process_time() - begin, perf_counter() - wall


def _verify(ledger: Filled) -> float:
    """Read all rows and recompute hashes, tree and seals, as a verification does."""
    begin, rows = process_time(), ledger.storage.entries()
    before = None
    for block in ledger.storage.blocks():
        check_seal(block, KEY.public)
        own = [next(rows) for _ in range(block.count)]
        must(all(leaf_hash(row.body) == row.leaf_hash for row in own))
        edge = edge_of(before) if before else type(ledger.edge)()
        edge.extend([row.leaf_hash for row in own])
        must(edge.root() == block.tree_root)
        before = block
    return process_time() - begin


def _fsync() -> float:
    times = []
    with NamedTemporaryFile() as file:
        for _ in range(20):
            file.write(b"x" * 4096)
            file.flush()
            begin = perf_counter()
            os.fsync(file.fileno())
            times.append(perf_counter() - begin)
    return median(times)


def _hashing(count: int) -> float:
    """Time of the hashes alone, a leaf and a node for each entry [s]."""
    body, nodes = b"\0" + b"x" * BODY, b"\1" + b"x" * 64
    begin = process_time()
    for _ in range(count):
        sha256(body).digest()
        sha256(nodes).digest()
    return (process_time() - begin) / count
