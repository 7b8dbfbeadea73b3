"""The local ledger: an append-only, hash-chained, signed log on SQLite or PostgreSQL.

Each commit is one block: its entries, the root of a Merkle tree over *all* entries (RFC 9162),
the hash of the block before, and the authority's Ed25519 signature. A commit is on disk before it
is acknowledged. Where a single operator is trusted to keep the
record and others to check it, nothing more is needed: whoever keeps an old :class:`Head` can
tell a later cut or rewritten history, even one signed with the right key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from gridpact.base.errors import LedgerDamaged, StoreError
from gridpact.ledger.chain import Block, EntryRow, Walk, check_seal, edge_of, genesis, seal
from gridpact.ledger.claims import checking
from gridpact.ledger.entries import Entry, canonical
from gridpact.ledger.examination import Examined, examine
from gridpact.ledger.following import Following
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.kinds.fields import NAME_PATTERN
from gridpact.ledger.merkle import Edge, leaf_hash
from gridpact.ledger.port import Head, Receipt, Refused
from gridpact.ledger.state.admission import Offered
from gridpact.ledger.state.state import State
from gridpact.ledger.storage.archiving import archive, height_before
from gridpact.ledger.storage.opening import open_storage
from gridpact.ledger.storage.port import SegmentRow
from gridpact.ledger.storage.tiles import subtree_rows
from gridpact.ledger.stored import StoredLedger, faulty, refusal

_NAME = re.compile(NAME_PATTERN)


class LocalLedger(StoredLedger):
    """Ledger in a file, in memory or in a database; a context manager.

    Parameters
    ----------
    address
        The SQLite file, ``":memory:"``, or ``postgresql://user@host/database?schema=lane``; made
        where there is none (with a private key).
    authority
        The private key to write, or the public key alone to read and verify as an auditor does.
        Of a ledger of authorities, the key that it was founded with.
    name
        Which ledger this is; part of what is signed, so blocks do not pass for another ledger's.
    sealer
        The key of another authority that stands, which then seals what is committed here.
    wait_s
        How long to wait for another process that writes.
    archive
        The folders that hold segments of its past; without them, entries that have left cannot be
        read, and :meth:`examine` says which.

    Raises StoreError where the file cannot be used, LedgerDamaged where its last block does not
    hold. Opening does not read the whole ledger; :meth:`verify` does.
    """

    def __init__(
        self,
        address: Path | str,
        authority: AuthorityKey | PublicKey,
        *,
        name: str = "gridpact",
        sealer: AuthorityKey | None = None,
        wait_s: float = 5.0,
        archive: Sequence[Path] = (),
    ) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"ledger name {name!r} is not of the form {NAME_PATTERN}")
        own = authority if isinstance(authority, AuthorityKey) else None
        self._signer = sealer or own
        self._public = authority if isinstance(authority, PublicKey) else authority.public
        writable = self._signer is not None
        super().__init__(
            open_storage(address, writable=writable, wait_s=wait_s), genesis(name, self._public)
        )
        self._storage.archive.folders = tuple(archive)
        sealing = self._signer.public if self._signer else None
        self._state = Following(self._storage, self._start, self._public, sealing)
        try:
            self._identify(name)
            self._check_last()
        except BaseException:
            self._storage.close()
            raise

    def __enter__(self) -> LocalLedger:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def public_key(self) -> PublicKey:
        """Key that the ledger began with, and that every block of one without others is by."""
        return self._public

    def state(self) -> State:
        """Return what the entries have come to; do not write to it."""
        with self._storage.view():
            return self._state.now().state

    def keys(self) -> Sequence[PublicKey]:
        """Return the keys of all who may have sealed a block; the founder's first."""
        with self._storage.view():
            return self._state.keys()

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger as one signed block; see :meth:`.port.Ledger.commit`."""
        if self._signer is None:
            return Refused("opened with a public key: for reading and verification only")
        refused = refusal(key, entries, at)
        if refused:
            return refused
        with self._state.kept_in_step(), self._storage.transaction():
            answer = self._committed(self._signer, key, entries, at)
        self._state.keep(self._signer)
        return answer

    def rehearse(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        """Return why :meth:`commit` would refuse new entries, or None; nothing is stored."""
        if self._signer is None:
            return Refused("opened with a public key: for reading and verification only")
        refused = refusal(key, entries, at)
        if refused:
            return refused
        hashes = [leaf_hash(canonical(entry)) for entry in entries]
        with self._storage.view():
            return faulty(self._state.tried(Offered(entries, hashes, at, self._signer.public.raw)))

    def _committed(
        self, signer: AuthorityKey, key: str, entries: Sequence[Entry], at: int
    ) -> Receipt | Refused:
        bodies = [canonical(entry) for entry in entries]
        hashes = [leaf_hash(body) for body in bodies]
        known = self._answered(key, hashes)
        if known is not None:
            return known
        wrong = self._state.take(Offered(entries, hashes, at, signer.public.raw))
        return faulty(wrong) or self._append(signer, key, at, bodies, hashes)

    def _append(
        self, signer: AuthorityKey, key: str, at: int, bodies: list[bytes], hashes: list[bytes]
    ) -> Receipt:
        last = self._storage.last_block()
        edge = edge_of(last) if last else Edge()
        grown = edge.extend(hashes)
        block = seal(signer, last.head() if last else self._start, edge, key, at)
        rows = [
            EntryRow(block.first_index + place, block.height, body, leaf)
            for place, (body, leaf) in enumerate(zip(bodies, hashes, strict=True))
        ]
        self._storage.append(block, rows, subtree_rows(grown))
        self._state.sealed(block, edge)
        return block.receipt()

    def block(self, height: int) -> Block:
        """Return a block with its signature, checked; IndexError where there is none."""
        found = self._storage.block(height)
        if found is None:
            raise IndexError(f"there is no block {height}")
        check_seal(found, *self._state.keys())
        return found

    def rows(self, block: Block) -> list[EntryRow]:
        """Return the entries of a block as they are stored, unchecked."""
        return self._storage.entry_rows(block.first_index, block.size)

    def verify(self, expected: Head | None = None) -> Head:
        """Recompute everything; see :meth:`.port.Ledger.verify`."""
        return self.examine(expected).head

    def examine(self, expected: Head | None = None, *, jobs: int = 1) -> Examined:
        """Recompute everything, as :meth:`verify` does, and tell what was recomputed.

        Signatures are checked in so many processes; what is found is the same.
        """
        with self._storage.view(), checking(jobs) as check:
            walk = Walk(self._start, self._public, expected, check)
            return examine(self._storage, walk, self._state.keys)

    def height_before(self, instant: int) -> int:
        """Return the height of the last block before an instant [epoch s]; 0 for none."""
        return height_before(self._storage, instant)

    def archive(self, folder: Path, height: int) -> SegmentRow | None:
        """Move entries of blocks up to a height into a segment; see :func:`.archiving.archive`."""
        if self._signer is not None:
            self.state()
            self._state.keep(self._signer, every=1)
        return archive(self._storage, self._state.keys(), folder, height)

    def compact(self) -> None:
        """Give back the space of what has left; StoreError where others use the file just now."""
        self._storage.compact()

    def close(self) -> None:
        """Release the storage."""
        self._storage.archive.close()
        self._storage.close()

    def _identify(self, name: str) -> None:
        """Record whose ledger this is, or check it."""
        own = (name, str(self._public))
        found = self._storage.identity()
        if not found and self._signer is not None:
            self._storage.claim(*own)
        elif found != [own]:
            raise StoreError(
                f"ledger {self._storage.place} is {found[0] if found else 'nobody’s'}, not {own}; "
                "give its own name and authority key"
            )

    def _check_last(self) -> None:
        with self._storage.view():  # else another writer may come in between
            last, end = self._storage.last_block(), self._storage.end()
        if last:
            check_seal(last, *self._state.keys())
            edge_of(last)
        if end != (last.size if last else 0):
            raise LedgerDamaged(
                f"ledger {self._storage.place}: {end} entries do not fit its last block"
            )
