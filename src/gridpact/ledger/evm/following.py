"""Follows a ledger on a chain: reads its blocks off transactions and recomputes all of them.

What a node says is not believed: bodies must be entries, the words that contracts took must be
those of the bodies, acts must be signed, and leaves, root and header hash must be those that the
front contract told. What differs is LedgerDamaged and named. What is left to trust the node with:
that it hides no newer blocks, and that the transactions it shows were sent by whom it says.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import msgspec

from gridpact.base.errors import Fault, LedgerDamaged
from gridpact.ledger.chain import Block, EntryRow, edge_of
from gridpact.ledger.entries import Entry, faults, parse
from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.batches import unpacked
from gridpact.ledger.evm.node import Log, Node
from gridpact.ledger.evm.signing import SCHEME, address_in, padded
from gridpact.ledger.evm.words import Operation, operation
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.snapshot import frozen, thawed
from gridpact.ledger.state.state import State
from gridpact.ledger.storage.port import Storage, SubtreeRow
from gridpact.ledger.storage.snapshots import bound, keep, latest
from gridpact.ledger.storage.tiles import subtree_rows

KIND = "state on a chain/1"
EVERY = 10_000
"""Entries after which a snapshot is kept, so that opening folds in no more than these."""
_KEY_BYTES = 32


class Told(NamedTuple):
    """A block as the chain tells it; ``seen`` is the number of the chain's block that holds it.

    ``signature`` of the block is who sealed it (a padded address) and the transaction's hash.
    """

    block: Block
    batch: bytes
    seen: int


class Taken(NamedTuple):
    """A block that was recomputed, with its rows."""

    block: Block
    rows: list[EntryRow]
    subtrees: list[SubtreeRow]


def told_blocks(node: Node, front: bytes, first: int, last: int) -> Iterator[Told]:
    """Yield the ledger's blocks in the chain's blocks ``first`` to ``last``, in order."""
    event = contract("Ledger").events["Sealed"]
    for log in node.logs(front, first, last, [event.topic]):
        yield _told(node, front, log)


def _told(node: Node, front: bytes, log: Log) -> Told:
    said = contract("Ledger").events["Sealed"].read(log)
    height = said["height"]
    sealer = bytes.fromhex(said["sealer"][2:])
    sent = node.transaction(log.transaction)
    if sent is None:
        raise LedgerDamaged(f"block {height}: node {node.place} does not show its transaction")
    try:
        key, at, batch = contract("Ledger").arguments("commit", sent.data)
    except ValueError as error:
        raise LedgerDamaged(f"block {height}: {error}") from error
    same = (sent.to, sent.sender, key, at) == (front, sealer, said["key"], said["at"])
    if not same or len(log.topics) != 3:
        raise LedgerDamaged(f"block {height}: its event is not that of its transaction")
    block = Block(
        height, at, key.decode("ascii", "replace"), said["first"], said["count"], said["root"],
        b"", said["hash"], padded(sealer) + log.transaction, b"",
    )  # fmt: skip
    return Told(block, batch, log.block)


class Fold:
    """Recomputes a ledger block by block; LedgerDamaged at the first thing that does not hold."""

    def __init__(self, start: Head) -> None:
        self.head, self.edge = start, Edge()
        self.admission = Admission(start.hash, scheme=SCHEME)

    @classmethod
    def resumed(cls, start: Head, block: Block, state: State) -> Self:
        """Begin after a block that was taken before, with the state that it left."""
        fold = cls(start)
        fold.head, fold.edge = block.head(), edge_of(block)
        fold.admission = Admission(start.hash, state, SCHEME)
        return fold

    def told(self, told: Told) -> Taken:
        """Take the next block as the chain tells it."""
        block, bodies = told.block, list[bytes]()
        try:
            for place, (body, made) in enumerate(unpacked(told.batch)):
                self._same_words(block, block.first_index + place, body, made)
                bodies.append(body)
        except ValueError as error:
            raise LedgerDamaged(f"block {block.height}: {error}") from error
        return self._take(block, bodies)

    def stored(self, block: Block, rows: Sequence[EntryRow]) -> None:
        """Take the next block as it is kept here."""
        if [row.idx for row in rows] != list(range(block.first_index, block.size)):
            raise LedgerDamaged(f"block {block.height}: entries are missing or out of order")
        for row in rows:
            if leaf_hash(row.body) != row.leaf_hash or row.height != block.height:
                raise LedgerDamaged(f"entry {row.idx} does not match its hash")
        if self._take(block, [row.body for row in rows]).block != block:
            raise LedgerDamaged(f"block {block.height}: it is not kept as it was told")

    def _same_words(self, block: Block, index: int, body: bytes, made: Operation) -> None:
        entry = _parsed(block, index, body)
        wrong = faults([entry])
        if wrong:
            raise _refused(block, wrong[0], index)
        if operation(entry) != made:
            raise LedgerDamaged(
                f"entry {index} (block {block.height}): contracts took other words than it says"
            )

    def _take(self, block: Block, bodies: list[bytes]) -> Taken:
        if (block.height, block.first_index) != (self.head.height + 1, self.head.size):
            raise LedgerDamaged(f"block {self.head.height + 1} is missing or out of order")
        if block.count != len(bodies):
            raise LedgerDamaged(f"block {block.height}: it has {len(bodies)} entries, not as told")
        entries = [_parsed(block, block.first_index + n, body) for n, body in enumerate(bodies)]
        leaves = [leaf_hash(body) for body in bodies]
        wrong = self.admission.take(
            Offered(entries, leaves, block.at, block.signature[:_KEY_BYTES])
        )
        if wrong:
            raise _refused(block, wrong[0], block.first_index)
        grown = self.edge.extend(leaves)
        return self._followed(block, bodies, leaves, subtree_rows(grown))

    def _followed(
        self, told: Block, bodies: list[bytes], leaves: list[bytes], subtrees: list[SubtreeRow]
    ) -> Taken:
        """Hold the block's root and hash against what follows from its entries."""
        if self.edge.root() != told.tree_root:
            raise LedgerDamaged(f"block {told.height}: its entries do not give its tree root")
        edge = b"".join(self.edge.subtrees)
        block = msgspec.structs.replace(told, prev_hash=self.head.hash, edge=edge)
        if block.content_hash() != told.hash:
            raise LedgerDamaged(f"block {told.height}: its content does not match its hash")
        self.head = block.head()
        rows = [
            EntryRow(block.first_index + place, block.height, body, leaf)
            for place, (body, leaf) in enumerate(zip(bodies, leaves, strict=True))
        ]
        return Taken(block, rows, subtrees)


class Follower:
    """Keeps a storage in step with the final blocks of a ledger on a chain.

    ``front`` is the front contract's address, and ``since`` a block of the chain before which
    there is nothing of it.
    """

    def __init__(self, node: Node, front: bytes, storage: Storage, start: Head, since: int) -> None:
        self.node, self._front, self._storage, self._start = node, front, storage, start
        self._since = self._next = since
        self._fold: Fold | None = None
        self._kept = 0

    @property
    def admission(self) -> Admission:
        """The rules, with the state after the last block that was followed."""
        return self._folded().admission

    def follow(self) -> None:
        """Take all blocks that are final by now."""
        fold, last = self._folded(), self.node.final()
        if last < self._next:
            return
        try:
            for told in told_blocks(self.node, self._front, self._next, last):
                if told.block.height > fold.head.height:
                    self._keep(fold.told(told))
        except BaseException:
            self._fold = None  # what was folded in was perhaps not stored
            raise
        self._next = last + 1
        self._snap(fold)

    def check(self, fold: Fold) -> None:
        """Hold what is believed here against a fold of all blocks; LedgerDamaged names the cure."""
        if frozen(self._folded().admission.state) != frozen(fold.admission.state):
            raise LedgerDamaged(
                f"the state kept in {self._storage.place} is not what its entries come to; delete "
                "it, and it is read from the chain again"
            )

    def _snap(self, fold: Fold) -> None:
        """Keep a snapshot where there are many entries since the last."""
        if fold.head.size - self._kept >= EVERY:
            keep(self._storage, fold.head, KIND, frozen(fold.admission.state), bound)
            self._kept = fold.head.size

    def _keep(self, taken: Taken) -> None:
        with self._storage.transaction():
            self._storage.append(taken.block, taken.rows, taken.subtrees)

    def _folded(self) -> Fold:
        if self._fold is None:
            fold, last = self._begun(), self._storage.last_block()
            while last is not None and fold.head.height < last.height:
                block = self._storage.block(fold.head.height + 1)
                if block is None:
                    raise LedgerDamaged(f"block {fold.head.height + 1} is missing or out of order")
                fold.stored(block, self._storage.entry_rows(block.first_index, block.size))
            self._next = self._resumed()
            self._fold = fold
            self._snap(fold)
        return self._fold

    def _begun(self) -> Fold:
        """Begin after the last snapshot that holds; at the first block where none does."""
        found = latest(self._storage, KIND, _holds)
        block = self._storage.block(found[0].height) if found else None
        if found is not None and block is not None and block.content_hash() == block.hash:
            try:
                fold = Fold.resumed(self._start, block, thawed(found[1]))
            except (ValueError, LedgerDamaged):  # of another version, or the block's edge is wrong
                return Fold(self._start)
            self._kept = fold.head.size
            return fold
        return Fold(self._start)

    def _resumed(self) -> int:
        """Return the chain's block to go on from; what was final must still be there."""
        last = self._storage.last_block()
        if last is None:
            return self._since
        edge_of(last)
        mined = self.node.receipt(last.signature[_KEY_BYTES:])
        if mined is None or not mined.ok:
            raise LedgerDamaged(
                f"block {last.height} was final and is not on the chain of node {self.node.place}"
            )
        return mined.block


def _holds(message: bytes, digest: bytes) -> bool:
    return bound(message) == digest


def sealer_of(block: Block) -> bytes:
    """Return the address of the authority whose account sealed a block."""
    return address_in(block.signature[:_KEY_BYTES])


def _parsed(block: Block, index: int, body: bytes) -> Entry:
    try:
        return parse(body)
    except (ValueError, RecursionError) as error:
        raise LedgerDamaged(f"entry {index} (block {block.height}): {error}") from error


def _refused(block: Block, fault: Fault, first: int) -> LedgerDamaged:
    what, _, place = fault.file.partition(" ")
    own = f"entry {first + int(place)} (block {block.height})" if what == "entry" else ""
    return LedgerDamaged(f"{own or f'block {block.height}'}: {fault.where}: {fault.problem}")
