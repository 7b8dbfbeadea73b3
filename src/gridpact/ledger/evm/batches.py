"""Blocks as the front contract takes them: entries one after the other in one string of bytes.

Each entry is the length of its body (3 bytes), the length of its words (3 bytes), a zero byte, its
body (canonical bytes), its kind (1 byte) and its words. The zero byte stands before the body so
that a leaf's hash is that of one piece (RFC 9162: 0x00, then the leaf). Before the entries there
may be 255 and the SHA-256 of a block's key: the contract takes the batch only where that block is
on the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from gridpact.base.errors import Fault
from gridpact.ledger.entries import Entry, canonical, fault
from gridpact.ledger.evm.signing import is_padded, keys_in
from gridpact.ledger.evm.words import Operation, operation
from gridpact.ledger.kinds.founding import Act
from gridpact.ledger.kinds.money import NetSettled
from gridpact.ledger.kinds.roots import RootAnchored
from gridpact.ledger.kinds.terms import AgreementCommitted

MOST_BYTES = 24_576
"""Bytes of a batch, which is a block."""
MOST_IN_ACT = 128
MOST_SIGNERS = 32
MOST_POSITIONS = 384
MOST_PARTIES = 64
"""Of one settlement, and of one agreement."""
_LENGTH = 3
_HEAD = 2 * _LENGTH + 1
_FOLLOWS = 255
FOLLOWS_BYTES = 33


def packed(entries: Sequence[Entry], after: str = "") -> bytes:
    """Write entries as a batch; each is sound by itself.

    ``after`` is the key of a block without which the contract refuses this one.
    """
    follows = bytes([_FOLLOWS]) + sha256(after.encode()).digest() if after else b""
    return follows + b"".join(_packed(canonical(entry), operation(entry)) for entry in entries)


def _packed(body: bytes, made: Operation) -> bytes:
    lengths = len(body).to_bytes(_LENGTH, "big") + len(made.words).to_bytes(_LENGTH, "big")
    return lengths + b"\0" + body + bytes([made.kind]) + made.words


def unpacked(batch: bytes) -> Iterator[tuple[bytes, Operation]]:
    """Yield the body and operation of each entry; ValueError where a batch ends within one."""
    place = FOLLOWS_BYTES if batch[:1] == bytes([_FOLLOWS]) else 0
    while place < len(batch):
        body = int.from_bytes(batch[place : place + _LENGTH], "big")
        words = int.from_bytes(batch[place + _LENGTH : place + 2 * _LENGTH], "big")
        kind = place + _HEAD + body
        end = kind + 1 + words
        if end > len(batch):
            raise ValueError(f"the batch ends within the entry at byte {place}")
        yield batch[place + _HEAD : kind], Operation(batch[kind], batch[kind + 1 : end])
        place = end


def unfit(entries: Sequence[Entry]) -> tuple[Fault, ...]:
    """Say what of sound entries a chain cannot take."""
    found = [
        fault(place, entry, problem)
        for place, entry in enumerate(entries)
        for problem in _unfit(entry)
    ]
    size = 0 if found else len(packed(entries))
    if size > MOST_BYTES:
        said = f"is {size} bytes long, a chain takes {MOST_BYTES}"
        found.append(Fault("block", 0, "size", said, "put less into one block"))
    return tuple(found)


def _unfit(entry: Entry) -> Iterator[tuple[str, str, str]]:
    for field, key in keys_in(entry):
        if not is_padded(key):
            yield field, "is no address", "give 12 zero bytes and the address of a chain's account"
    for field, found, what, most in _numbers(entry):
        if found > most:
            yield field, f"{found} {what}", f"at most {most} on a chain"
    if isinstance(entry, RootAnchored) and not any(entry.root):
        yield "root", "is all zeros, which stand for none on a chain", "anchor a root of leaves"


def _numbers(entry: Entry) -> Iterator[tuple[str, int, str, int]]:
    """Yield field, number, what is counted, and how many of these a chain takes."""
    if isinstance(entry, Act):
        yield "count", entry.count, "entries in one act", MOST_IN_ACT
        yield "by", len(entry.by), "signers", MOST_SIGNERS
    elif isinstance(entry, NetSettled):
        yield "positions", len(entry.positions), "positions", MOST_POSITIONS
    elif isinstance(entry, AgreementCommitted):
        yield "signatures", len(entry.signatures), "parties", MOST_PARTIES
