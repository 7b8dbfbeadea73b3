"""What the application asks of a ledger beside the port, whatever keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from gridpact.ledger.chain import Block
from gridpact.ledger.entries import Entry
from gridpact.ledger.examination import Examined
from gridpact.ledger.keys import Contract, PublicKey
from gridpact.ledger.port import Head, Ledger, Receipt, Refused


class Kept(Ledger, Protocol):
    """A ledger that tells what was committed under a key."""

    def kept(self, key: str) -> Receipt | None:
        """Return the receipt of a key; None where there is none."""
        ...


class AnyLedger(Kept, Protocol):
    """A ledger that was opened, whatever keeps it."""

    @property
    def public_key(self) -> PublicKey | Contract:
        """Key that the ledger began with, or the contract that is its front."""
        ...

    def rehearse(self, key: str, entries: Sequence[Entry], at: int) -> Refused | None:
        """Return why :meth:`commit` would refuse new entries, or None; nothing is stored."""
        ...

    def block(self, height: int) -> Block:
        """Return a block; IndexError where there is none."""
        ...

    def keys(self) -> Sequence[PublicKey | Contract]:
        """Return the keys of all who may have sealed a block, or the contract that took it."""
        ...

    def examine(self, expected: Head | None = None, *, jobs: int = 1) -> Examined:
        """Recompute everything and tell what was recomputed."""
        ...
