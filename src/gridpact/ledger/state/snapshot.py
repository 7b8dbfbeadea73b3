"""The state as bytes, so that a ledger opens without folding all of its past in anew."""

from __future__ import annotations

import msgspec

from gridpact.ledger.state.state import (
    Agreement,
    Attestation,
    Issue,
    Participant,
    Patch,
    State,
)

FORMAT = 1


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tables of a state as pairs of key and row, ordered by key."""

    format: int
    size: int
    settings: list[tuple[str, int]]
    authorities: list[tuple[str, bytes]]
    sealed_by: list[tuple[bytes, str]]
    sequences: list[tuple[str, int]]
    participants: list[tuple[str, Participant]]
    attestations: list[tuple[tuple[str, bytes], Attestation]]
    forms: list[tuple[bytes, bool]]
    agreements: list[tuple[str, Agreement]]
    sessions: list[tuple[str, int]]
    anchors: list[tuple[tuple[str, str, str], bytes]]
    closed: list[tuple[tuple[str, str], int]]
    issues: list[tuple[str, Issue]]
    certified: list[tuple[tuple[str, str], str]]
    holdings: list[tuple[tuple[str, str], int]]
    supply: list[tuple[str, int]]
    balances: list[tuple[tuple[str, str], int]]
    payments: list[tuple[tuple[str, str], int]]
    patches: list[tuple[str, Patch]]
    approvals: list[tuple[tuple[str, str], tuple[str, ...]]]


TABLES = tuple(name for name in Rows.__struct_fields__ if name not in ("format", "size"))


def frozen(state: State) -> bytes:
    """Write a state; equal states give equal bytes, in whatever order they came to be."""
    tables = {name: sorted(getattr(state, name).rows.items()) for name in TABLES}
    return msgspec.msgpack.encode(Rows(format=FORMAT, size=state.size, **tables))


def thawed(data: bytes) -> State:
    """Read a state back; ValueError where the bytes are no state of this format."""
    rows = msgspec.msgpack.decode(data, type=Rows)
    if rows.format != FORMAT:
        raise ValueError(f"a state of format {rows.format}, this gridpact reads {FORMAT}")
    state = State()
    state.size = rows.size
    for name in TABLES:
        getattr(state, name).rows.update(getattr(rows, name))
    return state
