"""How a quorum stops a ledger's contracts, and replaces one by a successor with all of its rows.

What is signed is Govern(nonce, action, room, successor), so each decision counts once and for one
ledger. A successor takes rows over itself, read from its paused predecessor; anybody may send the
calls made here, as nothing but what is there can be taken over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

from gridpact.ledger.evm.artifacts import contract
from gridpact.ledger.evm.words import id_of
from gridpact.ledger.state.state import State

EVERYTHING = 0
"""Room number of the front contract itself."""
NOBODY = bytes(20)
MOST_ADOPTED = 64
_NO_ROLE = bytes(32)


class Action(IntEnum):
    """What a quorum decides."""

    PAUSE = 1
    RESUME = 2
    REPLACE = 3


def govern_data(
    action: Action, room: int, signatures: Mapping[str, bytes], successor: bytes = NOBODY
) -> bytes:
    """Return the call of the front contract that carries a decision out.

    ``signatures`` are compact ones [64 bytes], by the names of authorities, of
    :func:`.signing.governing_message`.
    """
    pairs = [
        (int.from_bytes(made[:32], "big"), int.from_bytes(made[32:], "big"))
        for made in signatures.values()
    ]
    names = [id_of(name) for name in signatures]
    return contract("Ledger").data("govern", action, room, successor, names, pairs)


def adopt_members(state: State) -> Iterator[bytes]:
    """Yield the calls by which a successor of the room of members takes over what a state has."""
    rows = state.participants.rows.items()
    pairs = [
        (id_of(name), id_of(role) if role else _NO_ROLE)
        for name, one in rows
        for role in one.roles or ("",)
    ]
    yield from _calls("adopt", pairs)
    attested = [(id_of(asset), credential) for asset, credential in state.attestations]
    yield from _calls("adopt_attestations", attested)


def _calls(function: str, pairs: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    for start in range(0, len(pairs), MOST_ADOPTED):
        first, second = zip(*pairs[start : start + MOST_ADOPTED], strict=True)
        yield contract("Members").data(function, first, second)
