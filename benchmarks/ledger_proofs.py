"""Proofs out of a ledger file by its size: they grow with the logarithm.

Each is made with no tile in memory ("cold") and checked against the root. What 10⁸ entries would
take is computed: the hashes of a path exactly, the time from the tiles that it would read.
"""

from __future__ import annotations

from functools import partial
from statistics import median
from time import process_time

from gridpact.base.randomness import stream
from gridpact.ledger.merkle import verify_consistency, verify_inclusion
from gridpact.ledger.storage.tiles import HEIGHT, Tiles, hashes
from ledger_instance import Filled, filled, must

PROOFS = 40
BEYOND = 100_000_000
HEAD = (
    "entries      path hashes   bytes   tiles read   inclusion [ms]   growth [ms]   stored beside"
)


def proofs(quick: bool) -> None:
    print(HEAD)
    measured = []
    with filled() as ledger:
        for power in range(3, 6 if quick else 8):
            ledger.grow(10**power)
            measured.append(_row(ledger))
    size, tiles, seconds = measured[-1]
    each = seconds / tiles
    more = 2 * _levels(BEYOND) - 1
    most = (BEYOND - 1).bit_length()
    print(
        f"{BEYOND:>11,}{most:>12}{32 * most:>10,}{more:>11}{1000 * each * more:>16.2f}"
        f"   computed: at most {more} tiles of {1000 * each:.2f} ms"
    )
    growth = measured[-1][2] / measured[0][2]
    print(f"{size // measured[0][0]:,} times the entries take {growth:.1f} times the time")


def _row(ledger: Filled) -> tuple[int, float, float]:
    size, root = ledger.head.size, ledger.head.root
    read = partial(hashes, ledger.storage)
    places = stream(1, "proofs", str(size)).integers(0, size, PROOFS).tolist()
    times, grown, tiles, longest = list[float](), list[float](), list[int](), 0
    for index in places:
        begin, cold = process_time(), Tiles(read)
        tree = cold.tree(size)
        leaf, path = tree.node(0, index), tree.inclusion(index)
        must(verify_inclusion(leaf, index, size, path, root))
        times.append(process_time() - begin)
        tiles.append(cold.count)
        longest = max(longest, len(path))
        begin, tree = process_time(), Tiles(read).tree(size)
        path = tree.consistency(index)
        must(verify_consistency(index, tree.root(index), size, root, path))
        grown.append(process_time() - begin)
    beside = sum(ledger.storage.subtree_counts().values()) * 32
    print(
        f"{size:>11,}{longest:>12}{32 * longest:>10,}{median(tiles):>11.0f}"
        f"{1000 * median(times):>16.2f}{1000 * median(grown):>15.2f}{beside:>13,} bytes",
        flush=True,
    )
    return size, median(tiles), median(times)


def _levels(size: int) -> int:
    """Count the tile levels of a tree."""
    return 1 + (size.bit_length() - 1) // HEIGHT
