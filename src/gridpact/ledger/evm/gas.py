"""How much gas a commit may use: more than it takes, as it cannot be estimated.

A node estimates upon the state that it has. What follows a block that is still under way is refused
there, so its gas is bounded from its entries. What is not used costs nothing; where a bound should
be too low, the chain refuses the block, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.ledger.entries import Entry
from gridpact.ledger.kinds.fields import Kind
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.kinds.money import NetSettled, TokensTransferred
from gridpact.ledger.kinds.participants import ParticipantAuthorised
from gridpact.ledger.kinds.terms import AgreementCommitted

_BLOCK = 300_000
"""The transaction itself, the seal, and a tree of many levels."""
_BYTE = 128
"""Ethereum takes 16 for a byte of data at most (EIP-2028), Kaia 100."""
_SIGNER, _PARTY, _POSITION = 20_000, 20_000, 45_000
_ENTRY = 420_000
_ENTRIES: dict[type[Kind], int] = {
    Act: 60_000,
    NetSettled: 150_000,
    TokensTransferred: 80_000,
    ParticipantAuthorised: 100_000,
}
"""Gas of an entry: the dearest that each room's tests come to, and half as much again."""


def most_gas(entries: Sequence[Entry], size: int) -> int:
    """Bound the gas of a commit of these entries, whose data has ``size`` bytes."""
    return _BLOCK + _BYTE * size + sum(map(_most, entries))


def _most(entry: Entry) -> int:
    own = _ENTRIES.get(type(entry), _ENTRY)
    if isinstance(entry, Act):
        return own + _SIGNER * len(entry.by)
    if isinstance(entry, NetSettled):
        return own + _POSITION * len(entry.positions)
    if isinstance(entry, AgreementCommitted):
        return own + _PARTY * len(entry.signatures)
    return own
