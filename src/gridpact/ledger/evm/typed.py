"""Typed data as contracts check it (EIP-712), and signatures as they take them (EIP-2098).

Sources: R. Bloemen, L. Logvinov, J. Evans, EIP-712, Typed structured data hashing and signing,
2017; R. Moore, N. Johnson, EIP-2098, Compact signature representation, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gridpact.agreements.addresses import signer
from gridpact.contracts.canonical import keccak256

WORD = 32
_DOMAIN = keccak256(
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_HALF = 1 << 255
_FIRST_V = 27


class Domain(NamedTuple):
    """Where a signature counts: a contract's name, the chain's id, the contract [20 bytes]."""

    name: str
    chain: int
    contract: bytes

    @property
    def separator(self) -> bytes:
        """Hash of the domain [32 bytes], with version "1"."""
        texts = keccak256(self.name.encode()) + keccak256(b"1")
        return keccak256(_DOMAIN + texts + words(self.chain, self.contract))


def words(*values: int | bytes) -> bytes:
    """Encode static values, each as a word: numbers and addresses padded on the left.

    Numbers are unsigned up to 256 bits, and those below zero in two's complement.
    """
    return b"".join(
        each.to_bytes(WORD, "big", signed=each < 0)
        if isinstance(each, int)
        else each.rjust(WORD, b"\x00")
        for each in values
    )


def digest(separator: bytes, struct: bytes) -> bytes:
    """Return the 32 bytes that are signed for a struct's hash."""
    return keccak256(b"\x19\x01" + separator + struct)


def compact(signature: bytes) -> tuple[bytes, bytes]:
    """Write r, s and v [65 bytes, v of 27 or 28, the lower s] as r and vs [32 bytes each]."""
    s = int.from_bytes(signature[32:64], "big")
    if len(signature) != 2 * WORD + 1 or s >= _HALF or signature[64] - _FIRST_V not in (0, 1):
        raise ValueError("not a signature of 65 bytes with the lower s and v of 27 or 28")
    return signature[:32], (s | (signature[64] - _FIRST_V) << 255).to_bytes(WORD, "big")


def in_order(signed: bytes, signatures: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Write signatures of a digest as a council takes them: compact, by rising address.

    Raises ValueError where one is no signature.
    """
    found = {signer(signed, each): each for each in signatures}
    if None in found:
        raise ValueError("one of these is no signature")
    return [compact(found[each]) for each in sorted(filter(None, found))]
