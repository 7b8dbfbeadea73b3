"""States of a ledger, kept so that opening it folds in only what came after.

A snapshot is derived: it is bound to the block after which it stands, by a signature of who wrote
it or, where nobody has a key, by a digest. It is ignored where anything about it does not fit. The
bytes mean nothing here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from hashlib import sha256
from typing import TypeAlias

from gridpact.base.errors import LedgerDamaged
from gridpact.ledger.port import Head
from gridpact.ledger.storage.port import PLAIN, SnapshotRow, Storage

Sign: TypeAlias = Callable[[bytes], bytes]
Holds: TypeAlias = Callable[[bytes, bytes], bool]
KEPT = 2
"""Snapshots kept; the one before the last serves where the last is damaged."""
_SIGNED = b"gridpact ledger snapshot 1\n"


def bound(message: bytes) -> bytes:
    """Return a digest in place of a signature: damage shows, and a forgery does not."""
    return sha256(message).digest()


def keep(storage: Storage, head: Head, kind: str, state: bytes, sign: Sign) -> bool:
    """Store the bytes of a state after a head; False where the ledger's format has no place.

    ``kind`` says what the bytes are and in what form; another kind is another reader's.
    """
    if storage.format == PLAIN or not head.height:
        return False
    signature = sign(_message(head.height, kind, head.hash, state))
    row = SnapshotRow(head.height, kind, head.hash, state, signature)
    storage.keep_snapshot(row, KEPT)
    return True


def latest(storage: Storage, kind: str, holds: Holds) -> tuple[Head, bytes] | None:
    """Return the last state of a kind that holds, with the head after which it stands.

    ``holds`` tells whether a signature is of a message. None where there is none, or all are
    damaged, signed by nobody who is trusted, or of other blocks.
    """
    rows = storage.snapshots()
    while True:
        try:
            row = next(rows, None)
        except LedgerDamaged:  # a row of other types than were written; the rest cannot be read
            return None
        if row is None:
            return None
        block = storage.block(row.height)
        if row.kind == kind and block is not None and block.hash == row.block_hash:
            message = _message(row.height, kind, row.block_hash, row.state)
            if holds(message, row.signature):
                return block.head(), row.state


def _message(height: int, kind: str, block_hash: bytes, state: bytes) -> bytes:
    digests = sha256(kind.encode()).digest() + block_hash + sha256(state).digest()
    return _SIGNED + struct.pack(">Q", height) + digests
