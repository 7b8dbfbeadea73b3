"""Signed tokens (JWS, RFC 7515; keys as JWK, RFC 7517 and 8037), for two algorithms.

The algorithm follows from the key and never from the token: Ed25519 signs with ``EdDSA``, P-256
with ``ES256``. A token that names another is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

Json: TypeAlias = "dict[str, Any]"
Public: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey
Private: TypeAlias = Ed25519PrivateKey | EllipticCurvePrivateKey

_SIDE = 32
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


class BadToken(ValueError):  # noqa: N818 - reads as what it is
    """A token that does not hold; the message names the first thing that is wrong."""


def coded(data: bytes) -> str:
    """Write bytes as base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url without padding; BadToken for any other text, also one with loose bits."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise BadToken("this is no base64url") from error
    if not _ALPHABET.fullmatch(text) or coded(data) != text:
        raise BadToken("this is no base64url")
    return data


def parsed(data: bytes) -> Any:
    """Read JSON in UTF-8; BadToken where it is none, or has a key twice or what is no number."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise BadToken(f"this is no JSON: {str(error)[:80]}") from error


def _once(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def algorithm(key: Public | Private) -> str:
    """Return the name of the one algorithm that a key signs with; ValueError for other curves."""
    if isinstance(key, Ed25519PublicKey | Ed25519PrivateKey):
        return "EdDSA"
    if isinstance(key.curve, SECP256R1):
        return "ES256"
    raise ValueError(f"tokens are signed with Ed25519 or P-256, not {key.curve.name}")


def jwk(key: Public) -> dict[str, str]:
    """Return a public key as JWK."""
    if isinstance(key, Ed25519PublicKey):
        return {"kty": "OKP", "crv": "Ed25519", "x": coded(key.public_bytes_raw())}
    algorithm(key)
    numbers = key.public_numbers()
    x, y = (coded(each.to_bytes(_SIDE, "big")) for each in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def public(value: object) -> Public:
    """Read a JWK; BadToken where it is no public key of a known kind, or no point of its curve."""
    fields = value if isinstance(value, dict) else {}
    kind = fields.get("kty"), fields.get("crv")
    sides = [fields.get(name) for name in ("x", "y")]
    if "d" in fields:
        raise BadToken("the key is a private one")
    try:
        if kind == ("OKP", "Ed25519") and isinstance(sides[0], str):
            return Ed25519PublicKey.from_public_bytes(decoded(sides[0]))
        if kind == ("EC", "P-256") and all(isinstance(each, str) for each in sides):
            x, y = (decoded(str(each)) for each in sides)
            if len(x) == len(y) == _SIDE:
                whole = int.from_bytes(x, "big"), int.from_bytes(y, "big")
                return EllipticCurvePublicNumbers(*whole, SECP256R1()).public_key()
    except ValueError as error:
        raise BadToken(f"the key cannot be read: {error}") from error
    raise BadToken("the key is neither Ed25519 nor P-256")


def signed(header: Json, payload: Json, key: Private) -> str:
    """Sign a payload; ``alg`` is added to the header."""
    whole = {"alg": algorithm(key), **header}
    parts = (json.dumps(each, separators=(",", ":")).encode() for each in (whole, payload))
    message = ".".join(map(coded, parts))
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(message.encode())
    else:
        r, s = decode_dss_signature(key.sign(message.encode(), ECDSA(SHA256())))
        signature = r.to_bytes(_SIDE, "big") + s.to_bytes(_SIDE, "big")
    return f"{message}.{coded(signature)}"


def unverified(token: str) -> tuple[Json, Json]:
    """Return header and payload of a token whose signature is not looked at."""
    parts = token.split(".")
    if len(parts) != 3:
        raise BadToken("a token has three parts")
    header, payload = (parsed(decoded(part)) for part in parts[:2])
    if not (isinstance(header, dict) and isinstance(payload, dict)):
        raise BadToken("header and payload are objects")
    return header, payload


def verified(token: str, key: Public, kind: str) -> tuple[Json, Json]:
    """Return header and payload of a token that a key has signed; BadToken otherwise.

    ``kind`` is the ``typ`` that the token must have, so that none passes for another.
    """
    header, payload = unverified(token)
    if header.get("alg") != algorithm(key):
        raise BadToken(f"the token is not signed with {algorithm(key)}")
    if "crit" in header:
        raise BadToken("the token has extensions that are not understood")
    if header.get("typ") != kind:
        raise BadToken(f"the token is no {kind}")
    message, _, last = token.rpartition(".")
    if not _holds(key, decoded(last), message.encode()):
        raise BadToken("the signature does not hold")
    return header, payload


def _holds(key: Public, signature: bytes, message: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        elif len(signature) != 2 * _SIDE:
            return False
        else:
            r, s = (int.from_bytes(part, "big") for part in (signature[:_SIDE], signature[_SIDE:]))
            key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True
