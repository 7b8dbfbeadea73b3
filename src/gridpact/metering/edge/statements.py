"""Statements of an authority: which device reads a metering point from when on.

A change of key, or of the device, is one more statement. The device's first reading points back to
the digest of the statement, so that nothing can be put before it.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gridpact.metering.edge.records import KEY_BYTES, SIGNATURE_BYTES, encoded_point

_DOMAIN = b"gridpact statement of a device 1\x00"


class Statement(msgspec.Struct, frozen=True):
    """From ``from_s`` [s since the epoch] on, ``point`` is read by the device of a public key.

    ``device`` is the 32-byte Ed25519 public key, ``signature`` the authority's, 64 bytes.
    """

    point: str
    device: bytes
    from_s: int
    signature: bytes = b""

    @property
    def canonical(self) -> bytes:
        """What the authority signs."""
        point = encoded_point(self.point)
        start = self.from_s.to_bytes(8, "big", signed=True)
        return _DOMAIN + len(point).to_bytes(2, "big") + point + self.device + start

    @property
    def genesis(self) -> bytes:
        """What the device's first reading points back to [32 bytes]."""
        return sha256(self.canonical).digest()


class Term(msgspec.Struct, frozen=True):
    """A statement and until when it is in force: the next one's start, or None."""

    statement: Statement
    until_s: int | None


def state(authority: Ed25519PrivateKey, point: str, device: bytes, from_s: int) -> Statement:
    """Make a statement and sign it."""
    unsigned = Statement(point, device, from_s)
    return msgspec.structs.replace(unsigned, signature=authority.sign(unsigned.canonical))


def problems(statements: Iterable[Statement], authority: bytes) -> list[tuple[int, str]]:
    """Say which statements cannot stand, by their place, and why.

    ``authority`` is a 32-byte Ed25519 public key; ValueError for one that is none.
    """
    key = Ed25519PublicKey.from_public_bytes(authority)
    found, seen = list[tuple[int, str]](), set[tuple[str, bytes] | tuple[str, int]]()
    for place, each in enumerate(statements):
        names: tuple[tuple[str, bytes] | tuple[str, int], ...] = (
            (each.point, each.device),
            (each.point, each.from_s),
        )
        if len(each.device) != KEY_BYTES or len(each.signature) != SIGNATURE_BYTES:
            found.append((place, "the key or the signature has the wrong length"))
        elif not _holds(key, each):
            found.append((place, "the authority's signature does not hold"))
        elif names[0] in seen:
            found.append((place, "the point has had this device before; give it a new key"))
        elif names[1] in seen:
            found.append((place, "another device begins at the same point and instant"))
        seen.update(names)
    return found


def terms(statements: Iterable[Statement]) -> list[Term]:
    """Order statements by point and start, each in force until the next of its point."""
    ordered = sorted(statements, key=lambda each: (each.point, each.from_s))
    later: list[Statement | None] = [*ordered[1:], None]
    return [
        Term(each, after.from_s if after and after.point == each.point else None)
        for each, after in zip(ordered, later, strict=False)
    ]


def _holds(key: Ed25519PublicKey, statement: Statement) -> bool:
    try:
        key.verify(statement.signature, statement.canonical)
    except InvalidSignature:
        return False
    return True
