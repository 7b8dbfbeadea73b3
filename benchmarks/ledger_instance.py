"""A ledger file of many entries, made quickly: signed blocks, real entries, nothing admitted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from gridpact.ledger.chain import Block, EntryRow, genesis, seal
from gridpact.ledger.entries import canonical
from gridpact.ledger.keys import demonstration_key
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head
from gridpact.ledger.storage.sqlite import SqliteStorage
from gridpact.ledger.storage.tiles import subtree_rows

KEY = demonstration_key(1)
BLOCK = 100_000


class Filled:
    """A storage that grows to any size."""

    def __init__(self, path: Path) -> None:
        self.storage = SqliteStorage(path, writable=True)
        self.storage.claim("gridpact", str(KEY.public))
        self.edge = Edge()
        self.head: Head = genesis("gridpact", KEY.public)
        self._body = canonical(ParticipantAuthorised("p0", "prosumer"))

    def grow(self, size: int) -> None:
        """Add entries up to a size, a block at a time; all but the first are numbers alone."""
        while self.edge.size < size:
            self.add(self.bodies(self.edge.size, min(size, self.edge.size + BLOCK)))

    def bodies(self, low: int, high: int) -> list[bytes]:
        """Bytes of entries; short ones, so that many fit on a disk."""
        return [b"%d" % number if number else self._body for number in range(low, high)]

    def add(self, bodies: list[bytes]) -> Block:
        """Add one block, as a commit does."""
        leaves = [leaf_hash(body) for body in bodies]
        grown = self.edge.extend(leaves)
        block = seal(KEY, self.head, self.edge, f"key/{self.head.height}", 0)
        rows = [
            EntryRow(number, block.height, body, leaf)
            for number, (body, leaf) in enumerate(
                zip(bodies, leaves, strict=True), block.first_index
            )
        ]
        with self.storage.transaction():
            self.storage.append(block, rows, subtree_rows(grown))
        self.head = block.head()
        return block


@contextmanager
def filled() -> Iterator[Filled]:
    """Give an empty one in a temporary folder."""
    with TemporaryDirectory() as folder:
        made = Filled(Path(folder) / "ledger.db")
        try:
            yield made
        finally:
            made.storage.close()


def must(holds: bool) -> None:
    """Stop a measurement whose answer is wrong."""
    if not holds:
        raise SystemExit("a measured answer does not hold")
