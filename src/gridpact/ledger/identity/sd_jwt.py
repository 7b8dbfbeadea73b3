"""Selective disclosure of signed claims (SD-JWT, RFC 9901), issued, presented and verified.

A signed token holds hashes in place of claims. Beside it go *disclosures*: salt, name and value of
a claim each. A holder hands over those that it chooses, and signs that with its own key for one
verifier and one question (key binding), so that nobody else can present it.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from gridpact.ledger.identity.jose import (
    BadToken,
    Json,
    Private,
    Public,
    coded,
    decoded,
    parsed,
    public,
    signed,
    unverified,
    verified,
)

SALT_BYTES = 16
_DIGESTS, _ALGORITHM, _ELEMENT, _SHA256 = "_sd", "_sd_alg", "...", "sha-256"
_BINDING = "kb+jwt"
_MOST_CHARACTERS = 1 << 16
_MOST_DISCLOSURES = 200
_DEEPEST = 16


class Token(msgspec.Struct, frozen=True):
    """An SD-JWT: the issuer's token, disclosures as they are written, the holder's token or ``""``.

    Read by :func:`read`; nothing of it is verified.
    """

    issued: str
    disclosures: tuple[str, ...]
    binding: str = ""

    def __str__(self) -> str:
        """Return the compact form."""
        return self.unbound + self.binding

    @property
    def unbound(self) -> str:
        """The compact form without the holder's token, which is what that token is about."""
        return "~".join([self.issued, *self.disclosures, ""])


class Binding(msgspec.Struct, frozen=True):
    """What a holder answers: the verifier's ``nonce`` and name, and when [s since the epoch]."""

    nonce: str
    audience: str
    at_s: int


def read(text: str) -> Token:
    """Read the compact form; BadToken where it is none, or too large."""
    if len(text) > _MOST_CHARACTERS or not text.isascii():
        raise BadToken("the credential is too large, or not ASCII")
    issued, *rest = text.split("~")
    if not rest or not all(rest[:-1]) or len(rest) > _MOST_DISCLOSURES:
        raise BadToken("the credential is not a token with disclosures, each followed by ~")
    return Token(issued, tuple(rest[:-1]), rest[-1])


def issue(
    open_claims: Json, hidden: Mapping[str, Any], header: Json, key: Private, entropy: bytes
) -> Token:
    """Issue a token whose ``hidden`` claims are disclosed one by one, the others always.

    ``entropy`` are 32 fresh secret bytes of which the salts are made; the caller draws them.
    """
    if len(entropy) != 2 * SALT_BYTES:
        raise ValueError(f"salts are made of {2 * SALT_BYTES} secret bytes, not {len(entropy)}")
    names = [*open_claims, *hidden]
    if len(set(names)) != len(names) or {_DIGESTS, _ALGORITHM, _ELEMENT} & set(names):
        raise ValueError("a claim stands twice, or has a name that is not a claim's")
    disclosures = []
    for name, value in sorted(hidden.items()):
        salt = coded(hmac.digest(entropy, name.encode(), "sha256")[:SALT_BYTES])
        disclosures.append(coded(json.dumps([salt, name, value]).encode()))
    payload = dict(open_claims)
    if disclosures:
        # in the order of digests, which tells nothing of the order of names
        payload |= {_DIGESTS: sorted(map(digest_of, disclosures)), _ALGORITHM: _SHA256}
    return Token(signed(header, payload, key), tuple(disclosures))


def present(
    token: Token, names: Iterable[str], key: Private | None = None, binding: Binding | None = None
) -> Token:
    """Choose what is disclosed by the names of claims; ValueError where there is none of a name.

    With the holder's ``key`` and ``binding`` the choice is signed for one verifier.
    """
    wanted, chosen = set(names), []
    for disclosure in token.disclosures:
        parts = parsed(decoded(disclosure))
        if isinstance(parts, list) and len(parts) == 3 and parts[1] in wanted:
            chosen.append(disclosure)
            wanted.discard(parts[1])
    if wanted:
        raise ValueError(f"the credential has no claims {', '.join(sorted(wanted))} to disclose")
    shown = Token(token.issued, tuple(chosen))
    if key is None or binding is None:
        return shown
    claims = {"nonce": binding.nonce, "aud": binding.audience, "iat": binding.at_s}
    claims["sd_hash"] = digest_of(shown.unbound)
    return msgspec.structs.replace(shown, binding=signed({"typ": _BINDING}, claims, key))


def digest_of(text: str) -> str:
    """Hash a disclosure, or what is presented, as it is written."""
    return coded(sha256(text.encode()).digest())


def claims_of(token: Token, key: Public, kind: str) -> Json:
    """Verify the issuer's token and return its claims with those disclosed (RFC 9901, 7.1).

    BadToken where the signature does not hold, or disclosures are not exactly ones of the token.
    Times and the holder's token are not looked at: see :func:`bound`.
    """
    _, payload = verified(token.issued, key, kind)
    if payload.pop(_ALGORITHM, _SHA256) != _SHA256:
        raise BadToken("disclosures are hashed with another function than SHA-256")
    by_digest = {digest_of(each): _disclosure(each) for each in token.disclosures}
    if len(by_digest) != len(token.disclosures):
        raise BadToken("a disclosure stands twice")
    opening = _Opening(by_digest)
    claims = opening.opened(payload)
    if opening.used != set(by_digest):
        raise BadToken("a disclosure is of no claim in the token")
    assert isinstance(claims, dict)  # noqa: S101 - an object stays one
    return claims


def bound(token: Token, claims: Json, nonce: str, audience: str) -> int:
    """Verify the holder's token (RFC 9901, 7.3); return when it was made [s since the epoch].

    ``claims`` are those of :func:`claims_of`; they hold the holder's key. BadToken where the token
    lacks, or is for another verifier, question or choice of disclosures.
    """
    if not token.binding:
        raise BadToken("the holder has not signed what is presented")
    confirmation = claims.get("cnf")
    holder = public(confirmation.get("jwk") if isinstance(confirmation, dict) else None)
    _, said = verified(token.binding, holder, _BINDING)
    if said.get("nonce") != nonce:
        raise BadToken("the holder answers another question (nonce)")
    if said.get("aud") != audience:
        raise BadToken("the holder answers another verifier (aud)")
    if said.get("sd_hash") != digest_of(token.unbound):
        raise BadToken("the holder has signed another choice of disclosures")
    at_s = said.get("iat")
    if type(at_s) is not int:
        raise BadToken("the holder does not say when (iat)")
    return at_s


def issuer_of(token: Token) -> tuple[str, str]:
    """Return who is said to have issued a token and the name of its key, before it is verified."""
    header, payload = unverified(token.issued)
    issuer, name = payload.get("iss"), header.get("kid", "")
    if not isinstance(issuer, str) or not isinstance(name, str):
        raise BadToken("the token does not say who issued it")
    return issuer, name


def _disclosure(text: str) -> Sequence[Any]:
    parts = parsed(decoded(text))
    if not isinstance(parts, list) or len(parts) not in (2, 3) or not isinstance(parts[0], str):
        raise BadToken("a disclosure is neither of a claim nor of an element")
    if len(parts) == 3 and (not isinstance(parts[1], str) or parts[1] in (_DIGESTS, _ELEMENT)):
        raise BadToken("a disclosure has a name that is not a claim's")
    return parts


class _Opening:
    """Puts disclosed values in the place of their digests; each digest may stand once."""

    def __init__(self, by_digest: Mapping[str, Sequence[Any]]) -> None:
        self._by_digest = by_digest
        self._seen: set[str] = set()
        self._depth = 0
        self.used: set[str] = set()

    def opened(self, value: Any) -> Any:
        if not isinstance(value, dict | list):
            return value
        self._depth += 1
        if self._depth > _DEEPEST:
            raise BadToken("claims are nested too deep")
        if isinstance(value, dict):
            found: Any = self._object(value)
        else:
            found = [each for item in value for each in self._elements(item)]
        self._depth -= 1
        return found

    def _object(self, value: Json) -> Json:
        digests = value.get(_DIGESTS, [])
        if not isinstance(digests, list) or _ELEMENT in value:
            raise BadToken("digests stand where none can")
        found = {name: self.opened(each) for name, each in value.items() if name != _DIGESTS}
        for digest in digests:
            parts = self._of(digest, 3)
            if parts is None:
                continue
            if parts[1] in found:
                raise BadToken("a claim is disclosed that stands there already")
            found[parts[1]] = self.opened(parts[2])
        return found

    def _elements(self, item: Any) -> list[Any]:
        if not (isinstance(item, dict) and set(item) == {_ELEMENT}):
            return [self.opened(item)]
        parts = self._of(item[_ELEMENT], 2)
        return [] if parts is None else [self.opened(parts[1])]

    def _of(self, digest: object, length: int) -> Sequence[Any] | None:
        """Return the disclosure of a digest; None where it is not disclosed."""
        if not isinstance(digest, str) or digest in self._seen:
            raise BadToken("a digest stands twice, or is none")
        self._seen.add(digest)
        parts = self._by_digest.get(digest)
        if parts is None:
            return None
        if len(parts) != length:
            raise BadToken("a claim is disclosed as an element, or an element as a claim")
        self.used.add(digest)
        return parts
