"""Blocks of the local ledger: what is hashed and signed, and the walk that checks all of it."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from itertools import islice

import msgspec

from gridpact.base.errors import Fault, LedgerDamaged
from gridpact.ledger.acts import ED25519, all_held
from gridpact.ledger.claims import Check
from gridpact.ledger.entries import Entry, faults, parse, parse_all
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.merkle import HASH_BYTES, Edge, Grown, leaf_hash, leaf_hashes
from gridpact.ledger.port import Head, Receipt
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.state import State

_GENESIS = b"gridpact ledger genesis 1\n"
_BLOCK = b"gridpact ledger block 1\n"
_SIGNED = b"gridpact ledger signature 1\n"


class Header(msgspec.Struct, frozen=True):
    """What of a block is hashed, and the hash's signature; bytes as they are."""

    height: int
    at: int
    key: str
    first_index: int
    count: int
    tree_root: bytes
    prev_hash: bytes
    hash: bytes
    signature: bytes

    @property
    def size(self) -> int:
        """Number of entries up to and with this block."""
        return self.first_index + self.count

    def content_hash(self) -> bytes:
        """Hash the fields, each at a fixed place; struct.error where one is out of range."""
        numbers = struct.pack(">QqQQ", self.height, self.at, self.first_index, self.count)
        key = sha256(self.key.encode()).digest()
        return sha256(_BLOCK + numbers + key + self.tree_root + self.prev_hash).digest()

    def signed_by(self, key: PublicKey) -> bool:
        """Tell whether the signature is this key's, of the hash as it stands here."""
        return key.holds(_SIGNED + self.hash, self.signature)


class Block(Header, frozen=True, array_like=True):
    """One row of the table of blocks.

    ``edge`` is the tree's right edge after this block, 32 bytes per complete subtree: it lets the
    next block be added without reading all entries. It is not signed, as ``tree_root`` fixes it.
    """

    edge: bytes

    def head(self) -> Head:
        """Return the ledger's head as long as this is the last block."""
        return Head(self.height, self.size, self.tree_root, self.hash)

    def receipt(self) -> Receipt:
        """Return what the committer of this block was told."""
        return Receipt(self.height, self.first_index, self.count, self.tree_root, self.hash)


class EntryRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One row of the table of entries."""

    idx: int
    height: int
    body: bytes
    leaf_hash: bytes


def genesis(name: str, public: PublicKey) -> Head:
    """Head of the empty ledger; binds all later blocks to a ledger's name and authority."""
    text = _GENESIS + name.encode() + b"\n" + public.raw
    return Head(0, 0, Edge().root(), sha256(text).digest())


def seal(signer: AuthorityKey, head: Head, edge: Edge, key: str, at: int) -> Block:
    """Make the signed block that follows ``head``; ``edge`` already holds the new entries."""
    count = edge.size - head.size
    bare = Block(
        head.height + 1, at, key, head.size, count, edge.root(), head.hash, b"", b"",
        b"".join(edge.subtrees),
    )  # fmt: skip
    digest = bare.content_hash()
    return msgspec.structs.replace(bare, hash=digest, signature=signer.sign(_SIGNED + digest))


def edge_of(block: Block) -> Edge:
    """Rebuild the tree's right edge; LedgerDamaged where it does not give the block's root."""
    parts = [
        block.edge[start : start + HASH_BYTES] for start in range(0, len(block.edge), HASH_BYTES)
    ]
    if len(parts) == block.size.bit_count():
        edge = Edge(block.size, parts)
        if edge.root() == block.tree_root:
            return edge
    raise LedgerDamaged(f"block {block.height}: its tree edge does not give its root")


def check_seal(block: Header, *keys: PublicKey) -> PublicKey:
    """Check a block's own hash and signature, and return whose of ``keys`` it is.

    LedgerDamaged names what does not hold.
    """
    try:
        same = block.content_hash() == block.hash
    except struct.error:  # a negative number where there can be none
        same = False
    if not same:
        raise LedgerDamaged(f"block {block.height}: its content does not match its hash")
    for key in keys:
        if block.signed_by(key):
            return key
    raise LedgerDamaged(
        f"block {block.height}: its signature is not by {' or '.join(map(str, keys))}"
    )


class Walk:
    """Recomputes a ledger block by block; LedgerDamaged at the first thing that does not hold.

    ``head`` and ``edge`` stand after the block taken last. ``expected`` is a head seen earlier,
    which must be one of those walked past, and ``check`` tells of signatures whether they hold.
    """

    def __init__(
        self,
        start: Head,
        public: PublicKey,
        expected: Head | None = None,
        check: Check = all_held,
    ) -> None:
        self.head, self.edge = start, Edge()
        self._ledger = start.hash
        self.admission: Admission | None = Admission(
            start.hash, scheme=ED25519._replace(check=check)
        )
        self.keys, self._expected = [public], expected
        self._check_expected()

    def take(self, block: Block, rows: Iterator[EntryRow] | None) -> Grown:
        """Check the next block and its entries, the next of ``rows``; None: these are elsewhere.

        Returns the complete subtrees that its entries make, as :meth:`.merkle.Edge.extend` does.
        """
        if block.height != self.head.height + 1:
            raise LedgerDamaged(f"block {self.head.height + 1} is missing or out of order")
        sealer = check_seal(block, *self.keys)
        if (block.prev_hash, block.first_index) != (self.head.hash, self.head.size):
            raise LedgerDamaged(f"block {block.height} does not follow block {self.head.height}")
        grown: Grown = []
        if rows is None:
            self.edge, self.admission = edge_of(block), None
        else:
            own = list(islice(rows, block.count))
            entries = _read(block, own)
            leaves = [row.leaf_hash for row in own]
            self._admit(block, Offered(entries, leaves, block.at, sealer.raw))
            grown = self.edge.extend(leaves)
        if self.edge.root() != block.tree_root or b"".join(self.edge.subtrees) != block.edge:
            raise LedgerDamaged(f"block {block.height}: its entries do not give its tree root")
        self.head = block.head()
        self._check_expected()
        return grown

    def _admit(self, block: Block, offered: Offered) -> None:
        """Look at each entry by itself, then fold it in unless those before are elsewhere."""
        wrong = faults(offered.entries)
        if self.admission is not None and not wrong:
            wrong = self.admission.take(offered)
            self._know_keys(offered.sealer)
        if wrong:
            raise _refused(block, wrong[0])

    def _know_keys(self, latest: bytes) -> None:
        """Note who may seal the next block, whoever sealed the last one first."""
        if self.admission is not None and self.admission.state.founded:
            keys = sorted(self.admission.state.sealers, key=latest.__ne__)
            self.keys = [PublicKey(key) for key in keys]

    def resume(self, block: Block, state: State) -> None:
        """Go on after a block whose state is known."""
        self.head, self.edge = block.head(), edge_of(block)
        self.admission = Admission(self._ledger, state)
        self._know_keys(b"")

    def sealed(self, block: Block, edge: Edge) -> None:
        """Go on past a block that was made here, and whose entries are folded in."""
        self.head, self.edge = block.head(), edge
        self._know_keys(b"")

    def end(self) -> Head:
        """Return the last head; LedgerDamaged where the one seen earlier lies beyond it."""
        expected, last = self._expected, self.head.height
        if expected and expected.height > last:
            raise LedgerDamaged(f"cut short: block {last} is last, {expected.height} was seen")
        return self.head

    def _check_expected(self) -> None:
        expected = self._expected
        if expected and expected.height == self.head.height and expected != self.head:
            raise LedgerDamaged(
                f"block {self.head.height} is not the one seen before: another history"
            )


def _read(block: Block, rows: Sequence[EntryRow]) -> list[Entry]:
    """Read entries that are the block's, whole and in order."""
    if [row.idx for row in rows] == list(range(block.first_index, block.size)):
        bodies, hashes = [row.body for row in rows], [row.leaf_hash for row in rows]
        same = leaf_hashes(bodies) == hashes and {row.height for row in rows} <= {block.height}
        with suppress(ValueError, RecursionError):  # one by one it is found which
            if same:
                return parse_all(bodies)
    return _read_singly(block, rows)


def _read_singly(block: Block, rows: Sequence[EntryRow]) -> list[Entry]:
    """Read them one after the other, up to the first that does not hold."""
    found, height = list[Entry](), block.height
    for index, row in enumerate(rows, block.first_index):
        if row.idx != index or row.height != height:
            raise _missing(block, index)
        if leaf_hash(row.body) != row.leaf_hash:
            raise LedgerDamaged(
                f"entry {index} (block {height}): its content does not match its hash"
            )
        try:
            found.append(parse(row.body))
        except ValueError as error:
            raise LedgerDamaged(f"entry {index} (block {height}): {error}") from error
    if len(rows) != block.count:
        raise _missing(block, block.first_index + len(rows))
    return found


def _missing(block: Block, index: int) -> LedgerDamaged:
    return LedgerDamaged(f"entry {index} (block {block.height}) is missing or out of order")


def _refused(block: Block, fault: Fault) -> LedgerDamaged:
    """Say what a block holds that may not be there, its entry counted from the beginning."""
    what, _, place = fault.file.partition(" ")
    own = f"entry {block.first_index + int(place)} (block {block.height})"
    return LedgerDamaged(
        f"{own if what == 'entry' else f'block {block.height}'}: {fault.where}: {fault.problem}"
    )
