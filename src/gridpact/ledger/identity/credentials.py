"""Asset and inspection certificates as credentials (SD-JWT VC) whose standing is on the ledger.

An authority issues a credential to the holder of an asset and puts the SHA-256 of the signed token
on the ledger (:class:`.kinds.assets.AssetAttested`). That hash tells nothing: the token holds
salted digests and a signature. The holder shows a verifier the claims that it chooses; the verifier
needs the authority's identifier and a copy of the ledger's entries, and asks nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec

from gridpact.ledger.identity import did_key, did_web
from gridpact.ledger.identity.did_web import Fetch
from gridpact.ledger.identity.jose import BadToken, Json, Private, Public, algorithm, jwk
from gridpact.ledger.identity.sd_jwt import (
    Binding,
    Token,
    bound,
    claims_of,
    issue,
    issuer_of,
    present,
    read,
)
from gridpact.ledger.kinds.assets import AssetAttested, AttestationEnded

KIND = "dc+sd-jwt"
TYPES = {"asset": "urn:gridpact:asset:1", "inspection": "urn:gridpact:inspection:1"}
OPEN = ("iss", "iat", "exp", "vct", "cnf", "asset", "holder")
LATEST_S = 300
"""Seconds that a holder's answer may be old, or its clock ahead."""


class Certificate(msgspec.Struct, frozen=True):
    """What is certified: of an ``asset`` and its ``holder`` (identifiers), of a kind in TYPES.

    It holds from ``issued_s`` until ``until_s`` [s since the epoch]. ``claims`` are disclosed one
    by one, such as power, place, serial number, date of inspection.
    """

    kind: str
    asset: str
    holder: str
    issued_s: int
    until_s: int
    claims: Mapping[str, Any]


class Asked(msgspec.Struct, frozen=True):
    """What a verifier asks: its name, a fresh ``nonce``, now [s], and whose word it takes.

    ``issuers`` are identifiers (did:key, did:web); ``fetch`` gets documents of did:web, None for
    offline.
    """

    audience: str
    nonce: str
    now_s: int
    issuers: Collection[str]
    fetch: Fetch | None = None


class Shown(msgspec.Struct, frozen=True):
    """Whether a presentation holds, the first thing that does not, and the claims it shows."""

    holds: bool
    broken: str = ""
    claims: Json = {}


def certify(
    certificate: Certificate, issuer: tuple[str, Private], holder: Public, entropy: bytes
) -> Token:
    """Issue a credential by an issuer's identifier and key, bound to the holder's key.

    ``entropy`` as in :func:`.sd_jwt.issue`. ValueError for a kind, claim or time that cannot be.
    """
    if certificate.kind not in TYPES or not certificate.issued_s < certificate.until_s:
        raise ValueError(f"a certificate is of {', '.join(TYPES)} and ends after it was issued")
    did, key = issuer
    known = {
        "iss": did,
        "iat": certificate.issued_s,
        "exp": certificate.until_s,
        "vct": TYPES[certificate.kind],
        "cnf": {"jwk": jwk(holder)},
        "asset": certificate.asset,
        "holder": certificate.holder,
    }
    return issue(known, certificate.claims, {"typ": KIND}, key, entropy)


def digest(token: Token) -> bytes:
    """SHA-256 of the issuer's signed token, which the ledger holds [32 bytes]."""
    return sha256(token.issued.encode()).digest()


def attested(token: Token, certificate: Certificate) -> AssetAttested:
    """Return the entry that puts a credential on the ledger."""
    return AssetAttested(
        asset=certificate.asset,
        holder=certificate.holder,
        subject=certificate.kind,
        credential=digest(token),
        until=certificate.until_s,
    )


def show(token: Token, names: Iterable[str], key: Private, binding: Binding) -> str:
    """Present chosen claims to a verifier, signed by the holder; the text to hand over."""
    return str(present(token, names, key, binding))


def verify(text: str, asked: Asked, entries: Iterable[object]) -> Shown:
    """Verify a presentation offline, against the entries of a ledger that was verified before."""
    try:
        token = read(text)
        claims = claims_of(token, _issuer_key(token, asked), KIND)
        made_s = bound(token, claims, asked.nonce, asked.audience)
    except BadToken as error:
        return Shown(False, str(error))
    broken = next(
        (
            words
            for check in (_formed, _in_time)
            if (words := check(claims, asked.now_s)) is not None
        ),
        None,
    )
    if broken is None and abs(asked.now_s - made_s) > LATEST_S:
        broken = "the holder's answer is not of now"
    broken = broken or _standing(digest(token), claims, entries)
    return Shown(False, broken) if broken else Shown(True, "", claims)


def _issuer_key(token: Token, asked: Asked) -> Public:
    """Return the issuer's key; BadToken where its word is not taken or its key cannot be had."""
    issuer, name = issuer_of(token)
    if issuer not in asked.issuers:
        raise BadToken("the issuer is none whose word is taken")
    try:
        if issuer.startswith(did_key.PREFIX):
            key = did_key.key_of(issuer)
            algorithm(key)  # an identifier may be of a key that signs no tokens
            return key
        if asked.fetch is None:
            raise BadToken("the issuer's document is to be fetched, and nothing fetches it")
        keys = did_web.resolve(issuer, asked.fetch)
    except ValueError as error:
        raise BadToken(str(error)) from error
    if name.rpartition("#")[2] in keys:
        return keys[name.rpartition("#")[2]]
    if name or len(keys) != 1:
        raise BadToken("the issuer has no such key")
    return next(iter(keys.values()))


def _formed(claims: Json, now_s: int) -> str | None:
    """Tell where a credential lacks what each has."""
    texts = all(isinstance(claims.get(name), str) for name in ("vct", "asset", "holder"))
    times = all(type(claims.get(name, 0)) is int for name in ("iat", "exp", "nbf"))
    times = times and "iat" in claims and "exp" in claims
    if not texts or not times or claims["vct"] not in TYPES.values():
        return "this is no certificate of an asset or inspection"
    return None


def _in_time(claims: Json, now_s: int) -> str | None:
    if now_s >= claims["exp"]:
        return "the certificate has expired"
    if now_s < min(claims["iat"], claims.get("nbf", claims["iat"])) - LATEST_S:
        return "the certificate is not valid yet"
    return None


def _standing(credential: bytes, claims: Json, entries: Iterable[object]) -> str:
    """Tell why a credential does not stand on the ledger; ``""`` where it does."""
    kind = next(name for name, vct in TYPES.items() if vct == claims["vct"])
    said = claims["asset"], claims["holder"], kind, claims["exp"]
    found, ended = None, ""
    for entry in entries:
        if isinstance(entry, AssetAttested) and entry.credential == credential:
            found = entry.asset, entry.holder, entry.subject, entry.until
        elif isinstance(entry, AttestationEnded) and entry.credential == credential:
            ended = entry.reason
    if found is None:
        return "the certificate is not on the ledger"
    if found != said:
        return "the ledger attests something else by this certificate"
    return f"the certificate was ended: {ended}" if ended else ""
