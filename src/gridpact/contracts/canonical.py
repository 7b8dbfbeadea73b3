"""The wire form of agreed terms and their hash.

JSON, ASCII, keys sorted, no white space, integers as decimal strings, no floats; every value is
written, nothing is implied. The document holds its schema version, so the version is hashed::

    {"schema":"gridpact-terms/1","terms":{"asset":"energy","giver":…,"node":"one","taker":…}}

Tags of schema 1 (append-only; bytes once written parse for ever): contracts ``one all scale``,
observables ``const profile between local-time series choice op fold``. A contract has exactly
one wire form, so the keccak-256 of the bytes identifies the terms. Keep the bytes: they are what
was agreed.
"""

from __future__ import annotations

from Crypto.Hash import keccak

from gridpact.contracts.parsing import from_bytes
from gridpact.contracts.terms import Contract
from gridpact.contracts.wire import MAX_BYTES, MAX_DEPTH, SCHEMA, to_bytes

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "SCHEMA",
    "from_bytes",
    "keccak256",
    "terms_hash",
    "to_bytes",
]


def terms_hash(contract: Contract) -> bytes:
    """Return the keccak-256 of a contract's canonical bytes: 32 bytes."""
    return keccak256(to_bytes(contract))


def keccak256(data: bytes) -> bytes:
    """Return the original Keccak hash of 256 bits (not SHA3-256, which pads differently).

    Source: G. Bertoni, J. Daemen, M. Peeters, G. Van Assche, The Keccak reference, version 3.0,
    2011; the form used by Ethereum.
    """
    return keccak.new(digest_bits=256, data=data).digest()
