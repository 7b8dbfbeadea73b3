"""``did:key``: a public key that is its own identifier.

``did:key:z`` and, in base58 of Bitcoin, the key behind the number of its kind (multicodec):
Ed25519, P-256 or secp256k1, the latter two as compressed points.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256K1,
    SECP256R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gridpact.ledger.identity.jose import Public

PREFIX = "did:key:z"
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_ED25519 = b"\xed\x01"
_CURVES: dict[bytes, type[EllipticCurve]] = {b"\x80\x24": SECP256R1, b"\xe7\x01": SECP256K1}
_LONGEST = 64


def did_of(key: Public) -> str:
    """Return the identifier of a key; ValueError for a curve that has none here."""
    return PREFIX + _base58(_prefixed(key))


def key_of(did: str) -> Public:
    """Return the key of an identifier; ValueError where it is none that :func:`did_of` writes."""
    if not did.startswith(PREFIX) or len(did) > len(PREFIX) + _LONGEST:
        raise ValueError(f"{did[:80]!r} is no did:key in base58")
    data = _from_base58(did[len(PREFIX) :])
    kind, raw = data[:2], data[2:]
    if kind == _ED25519:
        key: Public = Ed25519PublicKey.from_public_bytes(raw)
    elif kind in _CURVES and len(raw) == 33:
        key = EllipticCurvePublicKey.from_encoded_point(_CURVES[kind](), raw)
    else:
        raise ValueError(f"{did[:80]!r} is no key of Ed25519, P-256 or secp256k1")
    if did_of(key) != did:
        raise ValueError(f"{did[:80]!r} is not written as its key is")
    return key


def _prefixed(key: Public) -> bytes:
    if isinstance(key, Ed25519PublicKey):
        return _ED25519 + key.public_bytes_raw()
    for kind, curve in _CURVES.items():
        if isinstance(key.curve, curve):
            return kind + key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    raise ValueError(f"no did:key is written of a key on {key.curve.name}")


def _base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + text


def _from_base58(text: str) -> bytes:
    number = 0
    for letter in text:
        place = _ALPHABET.find(letter)
        if place < 0:
            raise ValueError(f"{letter!r} is no digit of base58")
        number = 58 * number + place
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
