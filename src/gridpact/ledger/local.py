"""The local ledger: an append-only, hash-chained, signed log in one SQLite file.

Each commit is one block: its entries, the root of a Merkle tree over *all* entries (RFC 9162),
the hash of the block before, and the authority's Ed25519 signature. A commit is on disk (WAL,
``synchronous=FULL``) before it is acknowledged. Where a single operator is trusted to keep the
record and others to check it, nothing more is needed: whoever keeps an old :class:`Head` can
tell a later cut or rewritten history, even one signed with the right key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.base.units import INT64_MAX
from gridpact.ledger.chain import Block, EntryRow, check, check_seal, edge_of, genesis, seal
from gridpact.ledger.entries import NAME_PATTERN, Entry, canonical, faults, parse
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.merkle import HASH_BYTES, Edge, Tree, leaf_hash
from gridpact.ledger.port import Growth, Head, Proof, Receipt, Refused
from gridpact.ledger.store import Store

_BLOCKS = (
    "SELECT height, at, key, first_index, count, tree_root, prev_hash, hash, signature, edge "
    "FROM blocks "
)
_ENTRIES = "SELECT idx, height, body, leaf_hash FROM entries ORDER BY idx"
_NAME = re.compile(NAME_PATTERN)
_Row = TypeVar("_Row", Block, EntryRow)


class LocalLedger:
    """Ledger in one SQLite file, or in memory with ``":memory:"``; a context manager.

    Parameters
    ----------
    path
        The file; made where there is none (with a private key).
    authority
        The private key to write, or the public key alone to read and verify as an auditor does.
    name
        Which ledger this is; part of what is signed, so blocks do not pass for another ledger's.
    wait_s
        How long to wait for another process that writes.

    Raises StoreError where the file cannot be used, LedgerDamaged where its last block does not
    hold. Opening does not read the whole ledger; :meth:`verify` does.
    """

    def __init__(
        self,
        path: Path | str,
        authority: AuthorityKey | PublicKey,
        *,
        name: str = "gridpact",
        wait_s: float = 5.0,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"ledger name {name!r} is not of the form {NAME_PATTERN}")
        self._signer = authority if isinstance(authority, AuthorityKey) else None
        self._public = authority if isinstance(authority, PublicKey) else authority.public
        self._start = genesis(name, self._public)
        self._tree = Tree()
        self._store = Store(path, writable=self._signer is not None, wait_s=wait_s)
        try:
            with self._store.guarded():
                self._identify(name)
                self._check_last()
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> LocalLedger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def public_key(self) -> PublicKey:
        """Key that every block's signature is checked against."""
        return self._public

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger as one signed block; see :meth:`.port.Ledger.commit`."""
        if self._signer is None:
            return Refused("opened with a public key: for reading and verification only")
        refused = _refusal(key, entries, at)
        if refused:
            return refused
        bodies = [canonical(entry) for entry in entries]
        hashes = [leaf_hash(body) for body in bodies]
        with self._store.transaction():
            known = self._known(key)
            if known is None:
                return self._append(self._signer, key, at, bodies, hashes)
            if hashes == self._leaves(known.first_index, known.size):
                return known.receipt()
        return Refused(f"key {key!r} was used for other entries, in block {known.height}")

    def _append(
        self, signer: AuthorityKey, key: str, at: int, bodies: list[bytes], hashes: list[bytes]
    ) -> Receipt:
        last = self._last()
        edge = edge_of(last) if last else Edge()
        for leaf in hashes:
            edge.append(leaf)
        block = seal(signer, last.head() if last else self._start, edge, key, at)
        rows = [
            (block.first_index + place, block.height, body, leaf)
            for place, (body, leaf) in enumerate(zip(bodies, hashes, strict=True))
        ]
        self._store.db.execute(
            "INSERT INTO blocks VALUES (?,?,?,?,?,?,?,?,?,?)", msgspec.structs.astuple(block)
        )
        self._store.db.executemany("INSERT INTO entries VALUES (?,?,?,?)", rows)
        return block.receipt()

    def head(self) -> Head:
        """Return where the ledger stands."""
        with self._store.guarded():
            last = self._last()
        return last.head() if last else self._start

    def block(self, height: int) -> Block:
        """Return a block with its signature, checked; IndexError where there is none."""
        with self._store.guarded():
            row = self._store.db.execute(_BLOCKS + "WHERE height=?", (height,)).fetchone()
        if row is None:
            raise IndexError(f"there is no block {height}")
        found = next(_typed([row], Block))
        check_seal(found, self._public)
        return found

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return the entries with ``start <= index < stop``; each is checked against its hash."""
        low, high, _ = slice(start, stop).indices(self.head().size)
        with self._store.guarded():
            rows = self._store.db.execute(
                "SELECT idx, body, leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx",
                (low, high),
            ).fetchall()
        for expected, (index, body, stored) in zip(range(low, high), rows, strict=False):
            if index != expected or type(body) is not bytes or leaf_hash(body) != stored:
                raise LedgerDamaged(f"entry {expected} does not match its hash")
        if len(rows) != max(high - low, 0):
            raise LedgerDamaged(f"entry {low + len(rows)} is missing")
        return [parse(body) for _, body, _ in rows]

    def prove(self, index: int) -> Proof:
        """Prove that one entry is on the ledger; IndexError where there is no such entry."""
        size = self._grow_tree()
        if not 0 <= index < size:
            raise IndexError(f"there is no entry {index}; the ledger has {size}")
        (leaf,) = self._leaves(index, index + 1)
        return Proof(index, leaf, size, self._tree.inclusion(index, size), self._tree.root(size))

    def prove_growth(self, old_size: int) -> Growth:
        """Prove that the ledger only grew since ``old_size``; IndexError for a larger size."""
        size = self._grow_tree()
        if not 0 <= old_size <= size:
            raise IndexError(f"the ledger has {size} entries, never had {old_size}")
        path = self._tree.consistency(old_size, size)
        return Growth(old_size, size, path, self._tree.root(size))

    def verify(self, expected: Head | None = None) -> Head:
        """Recompute everything; see :meth:`.port.Ledger.verify`."""
        with self._store.transaction("DEFERRED"):  # one consistent view
            blocks = _typed(self._store.db.execute(_BLOCKS + "ORDER BY height"), Block)
            rows = _typed(self._store.db.execute(_ENTRIES), EntryRow)
            head = check(blocks, rows, self._start, self._public, expected)
            self._store.check()
        return head

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        self._store.close()

    def _identify(self, name: str) -> None:
        """Record whose ledger this is, or check it."""
        own = (name, str(self._public))
        found = self._store.db.execute("SELECT name, authority FROM identity").fetchall()
        if not found and self._signer is not None:
            with self._store.transaction():
                self._store.db.execute("INSERT INTO identity VALUES (?,?)", own)
        elif found != [own]:
            raise StoreError(
                f"ledger {self._store.path} is {found[0] if found else 'nobody’s'}, not {own}; "
                "give its own name and authority key"
            )

    def _check_last(self) -> None:
        last = self._last()
        size = self._store.db.execute("SELECT coalesce(max(idx) + 1, 0) FROM entries").fetchone()
        if last:
            check_seal(last, self._public)
            edge_of(last)
        if size[0] != (last.size if last else 0):
            raise LedgerDamaged(
                f"ledger {self._store.path}: {size[0]} entries do not fit its last block"
            )

    def _last(self) -> Block | None:
        rows = self._store.db.execute(_BLOCKS + "ORDER BY height DESC LIMIT 1").fetchall()
        return next(_typed(rows, Block), None)

    def _known(self, key: str) -> Block | None:
        rows = self._store.db.execute(_BLOCKS + "WHERE key=?", (key,)).fetchall()
        return next(_typed(rows, Block), None)

    def _leaves(self, low: int, high: int) -> list[bytes]:
        with self._store.guarded():
            rows = self._store.db.execute(
                "SELECT leaf_hash FROM entries WHERE idx >= ? AND idx < ? ORDER BY idx", (low, high)
            ).fetchall()
        found = [leaf for (leaf,) in rows if type(leaf) is bytes and len(leaf) == HASH_BYTES]
        if len(found) != high - low:
            raise LedgerDamaged(f"a leaf hash is missing among entries {low} to {high - 1}")
        return found

    def _grow_tree(self) -> int:
        """Bring the tree in memory up to the head; return the head's size."""
        head = self.head()
        self._tree.extend(self._leaves(len(self._tree), head.size))
        if self._tree.root(min(head.size, len(self._tree))) != head.root:
            raise LedgerDamaged(f"ledger {self._store.path}: its entries do not give its root")
        return head.size


def _refusal(key: str, entries: Sequence[Entry], at: int) -> Refused | None:
    if not (isinstance(key, str) and _NAME.fullmatch(key)):
        return Refused(f"key {key!r} is not of the form {NAME_PATTERN}")
    if type(at) is not int or abs(at) > INT64_MAX:
        return Refused(f"time {at!r} is not a whole number of seconds since the epoch")
    if not entries:
        return Refused("there is nothing to commit")
    wrong = faults(entries)
    if wrong:
        return Refused(f"{len(wrong)} faults in the entries; the first: {wrong[0]}", wrong)
    return None


def _typed(rows: Iterable[Sequence[object]], kind: type[_Row]) -> Iterator[_Row]:
    """Give rows their types; a value of another type than was written is damage."""
    for row in rows:
        try:
            yield msgspec.convert(row, kind, builtin_types=(bytes,))
        except msgspec.ValidationError as error:
            what = "block" if kind is Block else "entry"
            raise LedgerDamaged(f"{what} {row[0]}: {error}") from error
