"""``did:web``: keys that a domain publishes in a document of its own.

``did:web:example.org`` is at ``https://example.org/.well-known/did.json`` and
``did:web:example.org:grid:north`` at ``https://example.org/grid/north/did.json``. Whoever holds the
domain can change the document: what must hold for ever is signed by keys that the ledger names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote

from gridpact.base.files import read_regular
from gridpact.ledger.identity.jose import BadToken, Json, Public, jwk, parsed, public

Fetch: TypeAlias = Callable[[str], bytes]
"""Returns what is at an https URL; OSError where nothing can be had."""

PREFIX = "did:web:"
_CONTEXT = ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/jws-2020/v1"]
_HOST = re.compile(
    r"(?=.{1,253}(?:%3A|$))[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    r"(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+(?:%3A[1-9][0-9]{0,4})?"
)
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,62}")
_MOST_BYTES = 1 << 18
_MOST_KEYS = 100


def url_of(did: str) -> str:
    """Return where an identifier's document is; ValueError where it is no did:web."""
    host, *parts = did.removeprefix(PREFIX).split(":")
    plain = did.startswith(PREFIX) and _HOST.fullmatch(host)
    if not plain or not all(_PART.fullmatch(part) for part in parts):
        raise ValueError(f"{did[:80]!r} is no did:web")
    return f"https://{unquote(host)}/{'/'.join(parts) or '.well-known'}/did.json"


def document(did: str, keys: Mapping[str, Public]) -> Json:
    """Make the document of an identifier, with its keys by name; ValueError for bad names."""
    url_of(did)
    if not keys or not all(_PART.fullmatch(name) for name in keys):
        raise ValueError("a document has keys, and their names are letters, digits and . _ -")
    methods = [
        {
            "id": f"{did}#{name}",
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": jwk(key),
        }
        for name, key in keys.items()
    ]
    names = [method["id"] for method in methods]
    whole: Json = {"@context": _CONTEXT, "id": did, "verificationMethod": methods}
    return {**whole, "assertionMethod": names, "authentication": names}


def resolve(did: str, fetch: Fetch) -> dict[str, Public]:
    """Return the keys by which an identifier attests, by the name behind ``#``.

    ValueError (or BadToken, which is one) where the document cannot be had or is not that of the
    identifier.
    """
    try:
        data = fetch(url_of(did))
    except OSError as error:
        raise ValueError(f"{did}: its document cannot be had: {error}") from error
    if len(data) > _MOST_BYTES:
        raise ValueError(f"{did}: its document is too large")
    value = parsed(data)
    if not isinstance(value, dict) or value.get("id") != did:
        raise BadToken(f"{did}: its document is another identifier's")
    methods, wanted = value.get("verificationMethod"), value.get("assertionMethod")
    if not isinstance(methods, list) or not isinstance(wanted, list) or len(methods) > _MOST_KEYS:
        raise BadToken(f"{did}: its document has no keys that attest")
    attesting = {_whole(did, name) for name in wanted}
    found = {}
    for method in methods:
        name = _whole(did, method.get("id") if isinstance(method, dict) else None)
        if name and name in attesting:
            found[name.rpartition("#")[2]] = public(method.get("publicKeyJwk"))
    return found


def _whole(did: str, name: object) -> str:
    """Return the name of a key with its identifier, which may be left out; ``""`` for none."""
    text = name if isinstance(name, str) else ""
    return did + text if text.startswith("#") else text


def from_folder(root: Path) -> Fetch:
    """Return a fetcher that reads documents from a folder: ``example.org/.well-known/did.json``."""

    def fetch(url: str) -> bytes:
        return read_regular(root / url.removeprefix("https://"), _MOST_BYTES + 1)

    return fetch
