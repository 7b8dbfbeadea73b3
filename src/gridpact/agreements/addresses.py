"""Addresses of wallets and their signatures: secp256k1, as Ethereum uses it.

Sources: SEC 2, Recommended Elliptic Curve Domain Parameters, version 2.0, 2010 (secp256k1);
EIP-55 (V. Buterin, A. Van de Sande, 2016: checksums by letter case); EIP-2 (V. Buterin, 2015:
of the two values of s that verify only the lower counts, so that nobody can make a second one).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gridpact.contracts.canonical import keccak256

if TYPE_CHECKING:
    from coincurve import PublicKey

SIGNATURE_BYTES = 65
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""Order of the group that secp256k1 generates."""

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_FIRST_V = 27


def checksummed(address: bytes) -> str:
    """Write an address [20 bytes] as 0x and 40 hex digits whose letters' case is a checksum."""
    digits = address.hex()
    marks = keccak256(digits.encode("ascii")).hex()
    return "0x" + "".join(
        digit.upper() if int(mark, 16) >= 8 else digit
        for digit, mark in zip(digits, marks, strict=False)
    )


def parse_address(text: str) -> bytes:
    """Read an address back; ValueError where it is none or its checksum does not hold.

    All letters small or all capital is an address without a checksum, as EIP-55 allows.
    """
    if ADDRESS.fullmatch(text) is None:
        raise ValueError("not 0x and 40 hex digits")
    address = bytes.fromhex(text[2:])
    if text[2:] not in (text[2:].lower(), text[2:].upper()) and checksummed(address) != text:
        raise ValueError(f"a wrong digit: the checksum does not hold ({checksummed(address)}?)")
    return address


def address_of(public_key: bytes) -> bytes:
    """Return the address of an uncompressed public key [65 bytes: 4, x, y]: 20 bytes."""
    return keccak256(public_key[1:])[-20:]


def normalised(signature: bytes) -> bytes:
    """Write v as 27 or 28, where a wallet wrote 0 or 1; any other signature stays as it is."""
    if len(signature) != SIGNATURE_BYTES or signature[-1] > 1:
        return signature
    return signature[:-1] + bytes([signature[-1] + _FIRST_V])


def signer(digest: bytes, signature: bytes) -> bytes | None:
    """Return the address whose wallet signed a digest [32 bytes], None for no valid signature.

    A signature is r, s and v [65 bytes] with v of 27 or 28 and the lower s.
    """
    key = recovered(digest, signature)
    return None if key is None else address_of(key.format(compressed=False))


def recovered(digest: bytes, signature: bytes) -> PublicKey | None:
    """Return the public key that signed a digest; None as in :func:`signer`."""
    from coincurve import PublicKey

    if len(signature) != SIGNATURE_BYTES or signature[-1] not in (_FIRST_V, _FIRST_V + 1):
        return None
    if int.from_bytes(signature[32:64], "big") > ORDER // 2:
        return None
    recoverable = signature[:-1] + bytes([signature[-1] - _FIRST_V])
    try:
        return PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except Exception:  # noqa: BLE001 - the library raises plain Exception for numbers out of range
        return None
