"""Keys of those who act in a simulation: an account that is given, and others drawn from a seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import msgspec

from gridpact.app.ledgers import keys
from gridpact.ledger.entries import Entry
from gridpact.ledger.evm.signing import ChainKey, demonstration_key
from gridpact.ledger.kinds.founding import Act


class Hand(Protocol):
    """Keys of those who act."""

    def key_of(self, name: str) -> bytes:
        """Public key of somebody, as entries carry it [32 bytes]."""
        ...

    def signed(self, act: Act, entries: Sequence[Entry]) -> Act:
        """Let all whom an act names sign it."""
        ...


class ChainHand(NamedTuple):
    """Signs for all on a chain; ``account`` is the key of the one who is called ``first``."""

    genesis: bytes
    seed: int
    first: str
    account: ChainKey

    def key_of(self, name: str) -> bytes:
        """Public key of somebody, as entries carry it [32 bytes]."""
        return self._key(name).public.raw

    def signed(self, act: Act, entries: Sequence[Entry]) -> Act:
        """Let all sign whom an act names."""
        made = (keys.signature(self._key(name), self.genesis, act, entries) for name in act.by)
        return msgspec.structs.replace(act, signatures=tuple(made))

    def _key(self, name: str) -> ChainKey:
        return self.account if name == self.first else demonstration_key(self.seed, name)
