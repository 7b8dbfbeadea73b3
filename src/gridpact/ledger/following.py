"""What a ledger's entries have come to, kept in step with its last block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from gridpact.base.errors import Fault, LedgerDamaged
from gridpact.ledger.chain import Block, Walk
from gridpact.ledger.keys import AuthorityKey, PublicKey
from gridpact.ledger.merkle import Edge
from gridpact.ledger.port import Head
from gridpact.ledger.state.admission import Admission, Offered
from gridpact.ledger.state.snapshot import frozen, thawed
from gridpact.ledger.storage.port import Storage
from gridpact.ledger.storage.snapshots import keep, latest

KIND = "state/1"
EVERY = 10_000
"""Entries after which a snapshot is kept."""
_FOUNDED = b'"entry":"ledger_founded"'


class Following:
    """The state after the last block of a storage, whoever wrote it.

    A ledger of one key has no state, so nothing of it is read. One of authorities is walked from
    where this stands, each block checked on the way.
    """

    def __init__(
        self, storage: Storage, start: Head, public: PublicKey, own: PublicKey | None = None
    ) -> None:
        self._storage, self._start, self._public = storage, start, public
        self._trusted = [public, own] if own else [public]
        self._walk: Walk | None = None
        self._kept = 0
        self._known_founded: bool | None = None

    def keys(self) -> Sequence[PublicKey]:
        """Return the keys of all authorities that ever stood; the one it began with first."""
        known = self.now().state.sealed_by.rows
        return [self._public, *(PublicKey(key) for key in known if key != self._public.raw)]

    def take(self, offered: Offered) -> tuple[Fault, ...]:
        """Fold in what is to be the next block, or return all that is wrong with it."""
        return self.now().take(offered)

    def tried(self, offered: Offered) -> tuple[Fault, ...]:
        """Return all that is wrong with what could be the next block, and keep nothing of it."""
        try:
            return self.now().take(offered)
        finally:
            self._walk = None

    def sealed(self, block: Block, edge: Edge) -> None:
        """Note the block that was made of what was taken."""
        if self._walk is not None:
            self._walk.sealed(block, edge)

    @contextmanager
    def kept_in_step(self) -> Iterator[None]:
        """Forget what was folded in where it does not come to be stored."""
        try:
            yield
        except BaseException:
            self._walk = None
            raise

    def now(self) -> Admission:
        """Return the state after the last block."""
        last = self._storage.last_block()
        if not self._founded():
            plain = Admission(self._start.hash)
            plain.state.size = last.size if last else 0
            self._walk = None if last else Walk(self._start, self._public)
            return plain if self._walk is None else _known(self._walk)
        walk = self._walk = self._walk or self._begun()
        while last is not None and walk.head.height < last.height:
            block = self._storage.block(walk.head.height + 1)
            if block is None:
                raise LedgerDamaged(f"block {walk.head.height + 1} is missing or out of order")
            rows = self._storage.entry_rows(block.first_index, block.size)
            walk.take(block, iter(rows))
        return _known(walk)

    def keep(self, signer: AuthorityKey, *, every: int = EVERY) -> None:
        """Keep a snapshot where there are at least so many entries since the last."""
        walk = self._walk
        if walk is None or walk.admission is None or walk.head.size - self._kept < every:
            return
        keep(self._storage, walk.head, KIND, frozen(walk.admission.state), signer.sign)
        self._kept = walk.head.size

    def _begun(self) -> Walk:
        """Begin after the last snapshot that the founder or whoever seals here signed."""
        walk = Walk(self._start, self._public)
        found = latest(self._storage, KIND, self._holds)
        if found is not None:
            head, data = found
            block = self._storage.block(head.height)
            if block is not None:
                walk.resume(block, thawed(data))
                self._kept = head.size
        return walk

    def _holds(self, message: bytes, signature: bytes) -> bool:
        return any(key.holds(message, signature) for key in self._trusted)

    def _founded(self) -> bool:
        """Whether the first entry founds it, which is so for good once there is one."""
        if self._known_founded is None:
            self._known_founded = self._looked()
        return bool(self._known_founded)

    def _looked(self) -> bool | None:
        first = self._storage.entry_rows(0, 1)
        return _FOUNDED in first[0].body if first else None  # walking it tells whether it is whole


def _known(walk: Walk) -> Admission:
    if walk.admission is None:
        raise LedgerDamaged("the entries before are in the archive, and no snapshot tells of them")
    return walk.admission
