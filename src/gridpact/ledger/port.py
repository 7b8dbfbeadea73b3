"""The ledger as the rest of gridpact sees it: operations of the domain, one signed block each.

Adapters differ in where blocks live (a local log, a chain) and in who must be trusted. What they
answer is the same, so one suite tests them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from gridpact.base.errors import Fault
from gridpact.ledger.entries import Entry
from gridpact.ledger.state.state import State


class Receipt(msgspec.Struct, frozen=True):
    """The ledger holds the entries: ``count`` of them from ``first_index``, in block ``height``.

    ``root`` is the Merkle root over all entries up to and with this block.
    """

    height: int
    first_index: int
    count: int
    root: bytes
    block_hash: bytes


class Refused(msgspec.Struct, frozen=True):
    """The ledger holds none of the entries; ``faults`` says what is wrong with each, if known."""

    reason: str
    faults: tuple[Fault, ...] = ()


class Head(msgspec.Struct, frozen=True):
    """Where the ledger stands; keep one elsewhere to detect a later cut or fork.

    ``height`` counts blocks (the empty ledger is at 0), ``size`` counts entries, ``root`` is the
    Merkle root over them and ``hash`` that of the last block.
    """

    height: int
    size: int
    root: bytes
    hash: bytes


class Proof(msgspec.Struct, frozen=True):
    """Shows that an entry is on the ledger; check with :func:`.merkle.verify_inclusion`.

    ``leaf`` is ``leaf_hash(canonical(entry))`` and ``size`` the number of entries under ``root``.
    """

    index: int
    leaf: bytes
    size: int
    path: tuple[bytes, ...]
    root: bytes


class Growth(msgspec.Struct, frozen=True):
    """Shows that nothing of the first ``old_size`` entries has changed since.

    Check with :func:`.merkle.verify_consistency` against the root seen at ``old_size``.
    """

    old_size: int
    size: int
    path: tuple[bytes, ...]
    root: bytes


class Taking(Protocol):
    """What takes entries; a ledger does, and what stands before one."""

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger; see :meth:`Ledger.commit`."""
        ...


class Ledger(Taking, Protocol):
    """An append-only, tamper-evident record. All methods raise StoreError on storage trouble."""

    @property
    def genesis(self) -> bytes:
        """Hash of the empty ledger [32 bytes], which acts are signed for."""
        ...

    def state(self) -> State:
        """Return what the entries have come to; of a ledger of one key, nothing."""
        ...

    def commit(self, key: str, entries: Sequence[Entry], at: int) -> Receipt | Refused:
        """Put entries on the ledger, all or none, as one block at time ``at`` [epoch s].

        ``key`` makes it idempotent: the same key with the same entries returns the first
        receipt whatever ``at`` is, so an unanswered commit may be repeated; the same key with
        other entries is refused.
        """
        ...

    def head(self) -> Head:
        """Return where the ledger stands."""
        ...

    def entries(self, start: int = 0, stop: int | None = None) -> list[Entry]:
        """Return the entries with ``start <= index < stop``, as a list's slice would."""
        ...

    def prove(self, index: int) -> Proof:
        """Prove that one entry is on the ledger; IndexError where there is no such entry."""
        ...

    def prove_growth(self, old_size: int) -> Growth:
        """Prove that the ledger only grew since ``old_size``; IndexError for a larger size."""
        ...

    def verify(self, expected: Head | None = None) -> Head:
        """Recompute everything and return the head.

        Raises LedgerDamaged, naming the first bad block or entry, also where the ledger does not
        contain the ``expected`` head that was seen earlier (cut short, or another history).
        """
        ...

    def close(self) -> None:
        """Release the storage; further calls raise StoreError."""
        ...
